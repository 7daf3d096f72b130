"""The three forms of word vectors hold the same rows; damage is one line with its number."""
import bz2
import gzip
import io
import lzma
import pickle
import tracemalloc
import warnings

import numpy
import pytest

from sentiment.data.safe_io import BadInput
from sentiment.data.vectors import dimension, read_rows, start_from

WORDS = ['film', 'it was', 'día', 'x']
ROWS = numpy.arange(12, dtype='float32').reshape(4, 3) / 7


def glove():
    return ''.join('%s %s\n' % (word, ' '.join(map(repr, map(float, row))))
                   for word, row in zip(WORDS, ROWS)).encode('utf-8')


def word2vec():
    return b'4 3\n' + glove()


def binary():
    return b'4 3\n' + b''.join(word.replace(' ', '_').encode('utf-8') + b' ' + row.tobytes() + b'\n'
                               for word, row in zip(WORDS, ROWS))


@pytest.mark.parametrize('form', [glove, word2vec, binary])
@pytest.mark.parametrize('pack', [bytes, gzip.compress, bz2.compress, lzma.compress])
def test_each_form_holds_the_same_rows(form, pack, tmp_path):
    (tmp_path / 'v').write_bytes(pack(form()))
    path = str(tmp_path / 'v')
    assert dimension(path) == 3
    found = read_rows(path, ['film', 'día', 'none', ''])
    assert sorted(found) == ['día', 'film']
    numpy.testing.assert_array_equal([found['film'], found['día']], ROWS[[0, 2]])
    assert found['film'].dtype == 'float32'


def test_many_rows_are_the_same_in_each_form(tmp_path):
    rows = numpy.random.RandomState(1).randn(300, 7).astype('float32')
    words = ['w%d' % (k % 290) for k in range(300)]  # the first of two equal words counts
    text = b''.join(b'%s %s \r\n' % (word.encode(), b' '.join(b'%.9g' % x for x in row))
                    for word, row in zip(words, rows.tolist()))
    packed = b''.join(word.encode() + b' ' + row.tobytes() for word, row in zip(words, rows))
    for data in (text, b'300 7\n' + text, b'300 7\n' + packed):
        (tmp_path / 'v').write_bytes(data)
        found = read_rows(str(tmp_path / 'v'), words)
        numpy.testing.assert_array_equal([found[word] for word in words[:290]], rows[:290])


def test_words_of_several_parts_and_of_unknown_bytes_are_in_nobodys_way(tmp_path):
    (tmp_path / 'v').write_bytes(b'at 1 .5 2 3\n\xff\xfe x 2 3\n. . . 4 5 6\n2 7 8 9e-1\nx 1 2 3\n'
                                 b'film 1 2 3\n')
    found = read_rows(str(tmp_path / 'v'), ['at', 'at 1', '. . .', '2', 'film'])
    assert {word: row.tolist() for word, row in found.items()} == {
        'at 1': [.5, 2, 3], '. . .': [4, 5, 6], '2': [7, 8, numpy.float32(.9)], 'film': [1, 2, 3]}


def test_xz_that_is_given_in_small_pieces(tmp_path):
    data = b'4 3\n' + glove()
    (tmp_path / 'v').write_bytes(b''.join(lzma.compress(data[k:k + 5])
                                          for k in range(0, len(data), 5)))
    numpy.testing.assert_array_equal(read_rows(str(tmp_path / 'v'), ['x'])['x'], ROWS[3])


def test_an_embedding_starts_from_them(tmp_path, capsys):
    (tmp_path / 'v').write_bytes(glove())
    fresh = numpy.zeros((5, 3), 'float64')
    found = start_from(str(tmp_path / 'v'), fresh, numpy.array(['x', '', 'film']))
    numpy.testing.assert_array_equal(found[[2, 4]], ROWS[[3, 0]])
    assert not found[[0, 1, 3]].any() and not fresh.any() and found.dtype == 'float64'
    assert 'v: 2 of 3 words found; 1 start as random numbers' in capsys.readouterr().err
    for embedding, words in ((fresh, ['none']), (numpy.zeros((5, 4)), ['x']), (fresh, None)):
        with pytest.raises(BadInput):
            start_from(str(tmp_path / 'v'), embedding, words)


def test_another_width_is_found_before_the_rows_are_read(tmp_path):
    (tmp_path / 'v').write_bytes(b'9 3\n' + glove())
    with pytest.raises(BadInput, match='vectors of width 3 where the embedding has 4'):
        start_from(str(tmp_path / 'v'), numpy.zeros((5, 4)), WORDS)


@pytest.mark.parametrize('data', [
    b'', b'\n\n', b'It was a film.\n', b'It was rated 3 4\nby all who saw it\n', b'a b ' * 10 ** 5,
    b'film 1 2\n' + b'no number here\n' * 3, pickle.dumps({'film': ROWS}), bytes(10 ** 5), b'4',
    b'4 3', b'4 3\n', b'4 0\nx \n', b'4 10001\nx 1\n', b'4 ' + b'9' * 10 ** 5 + b'\nx 1\n'])
def test_what_holds_no_vectors_is_refused_at_once(data, tmp_path):
    (tmp_path / 'v').write_bytes(data)
    with pytest.raises(BadInput, match='no word vectors as|cut off: 0 rows') as caught:
        dimension(str(tmp_path / 'v'))
    assert '\n' not in str(caught.value)


def test_an_npz_holds_no_vectors(tmp_path):
    numpy.savez(str(tmp_path / 'v.npz'), Wemb=ROWS)
    with pytest.raises(BadInput, match='no word vectors as'):
        dimension(str(tmp_path / 'v.npz'))


@pytest.mark.parametrize('data, named', [
    (glove() + b'y 1 2\n', 'line 5: not a word and 3 numbers'),
    (glove().replace(b'x 1', b'x 0.5 1'), 'line 4: not a word and 3 numbers'),
    (glove().replace(b'x 1', b'x nan'), 'line 4: not 3 finite numbers'),
    (glove() + b'y 1e39 1 2\n', 'line 5: not 3 finite numbers'),
    (b'5 3\ny 1 nan 2\n' + glove(), 'line 2: not 3 finite numbers'),
    (b'5 3\ny 1 2\n' + glove(), 'line 2: not a word and 3 numbers'),
    (glove() + b'y' * 10 ** 6, 'line 5: more than'),
    (word2vec()[:-40], 'cut off|line 5'),
    (binary().replace(ROWS[1].tobytes(), b'\0\0\xc0\x7f' * 3), 'word 2: not 3 finite numbers'),
    (binary()[:-10], 'cut off: 3 rows where its header says 4'),
    (b'9 3\n' + glove(), 'cut off: 4 rows where its header says 9'),
    (b'9 3\n' + binary()[4:], 'cut off: 4 rows where its header says 9'),
    (gzip.compress(glove())[:-9], 'v: ')])
def test_damage_is_one_line(data, named, tmp_path):
    (tmp_path / 'v').write_bytes(data)
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        with pytest.raises(BadInput, match=named) as caught:
            read_rows(str(tmp_path / 'v'), WORDS + ['y', 'it_was'])
    assert '\n' not in str(caught.value)


def test_only_the_rows_in_use_are_kept(tmp_path):
    lines = io.BytesIO()
    for k in range(20000):
        lines.write(b'w%d %s\n' % (k, b' '.join([b'0.25'] * 50)))
    (tmp_path / 'v').write_bytes(lines.getvalue())
    tracemalloc.start()
    assert len(read_rows(str(tmp_path / 'v'), ['w7', 'w19999'])) == 2
    assert tracemalloc.get_traced_memory()[1] < 3 * 10 ** 6
    tracemalloc.stop()
