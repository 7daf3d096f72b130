"""The three forms of word vectors hold the same rows; damage is one line with its number."""
import gzip
import io

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
@pytest.mark.parametrize('pack', [bytes, gzip.compress])
def test_each_form_holds_the_same_rows(form, pack, tmp_path):
    (tmp_path / 'v').write_bytes(pack(form()))
    path = str(tmp_path / 'v')
    assert dimension(path) == 3
    found = read_rows(path, ['film', 'día', 'none', ''])
    assert sorted(found) == ['día', 'film']
    numpy.testing.assert_array_equal([found['film'], found['día']], ROWS[[0, 2]])


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


@pytest.mark.parametrize('data, named', [
    (b'', 'no word vectors'), (b'It was a film.\n', 'no word vectors'), (b'4 0\nx \n', 'no word'),
    (glove() + b'y 1 2\n', 'row 5: not a word and 3 numbers'),
    (glove().replace(b'x 1', b'x nan'), 'row 4: not 3 finite numbers'),
    (word2vec()[:-40], 'cut off|row 4'),
    (binary()[:-10], 'cut off: 3 rows where its header says 4'),
    (b'9 3\n' + glove(), 'cut off: 4 rows where its header says 9'),
    (gzip.compress(glove())[:-9], 'v: ')])
def test_damage_is_one_line(data, named, tmp_path):
    (tmp_path / 'v').write_bytes(data)
    with pytest.raises(BadInput, match=named) as caught:
        read_rows(str(tmp_path / 'v'), WORDS)
    assert '\n' not in str(caught.value)


def test_only_the_rows_in_use_are_kept(tmp_path):
    tracemalloc = __import__('tracemalloc')
    lines = io.BytesIO()
    for k in range(20000):
        lines.write(b'w%d %s\n' % (k, b' '.join([b'0.25'] * 50)))
    (tmp_path / 'v').write_bytes(lines.getvalue())
    tracemalloc.start()
    assert len(read_rows(str(tmp_path / 'v'), ['w7', 'w19999'])) == 2
    assert tracemalloc.get_traced_memory()[1] < 3 * 10 ** 6
    tracemalloc.stop()
