"""The sets and the dictionary are checked as they are read; what is wrong is said in one line."""
import os

import numpy
import pytest

from sentiment.data import pickles
from sentiment.data.pickles import read_dictionary, read_sets, save, words_in_order
from sentiment.data.safe_io import BadInput
from tests.helpers import Evil, full_disk, write_pickles

GOOD = ([[2, 3], [4], [5, 6, 7]], [0, 1, 0])
TEST = ([[2], [3]], [1, 0])

# --- Writing ----------------------------------------------------------------------------------


def test_what_is_saved_is_read_again(tmp_path):
    folder = str(tmp_path / 'new')
    assert save((['A film', 'no film'], [1, 0]), (['a no'], [1]), folder, 'mine') == 3
    dictionary = read_dictionary(str(tmp_path / 'new' / 'mine.dict.pkl'))
    assert dictionary == {'film': 2, 'a': 3, 'no': 4}
    train, test = read_sets(str(tmp_path / 'new' / 'mine.pkl'))
    assert [list(review) for review in train[0]] == [[3, 2], [4, 2]] and list(train[1]) == [1, 0]
    assert [list(review) for review in test[0]] == [[3, 4]] and list(test[1]) == [1]


def test_a_full_disk_leaves_both_files_as_they_were(tmp_path, monkeypatch):
    sets = (['a film', 'no film'], [1, 0]), (['a no'], [1])
    save(*sets, str(tmp_path))
    before = {name: (tmp_path / name).read_bytes()
              for name in ('imdb.pkl', 'imdb.dict.pkl', 'imdb.json')}
    monkeypatch.setattr(os, 'fsync', full_disk)
    with pytest.raises(BadInput, match='No space left on device'):
        save((['other words', 'others'], [1, 0]), sets[1], str(tmp_path))
    assert before == {name: (tmp_path / name).read_bytes() for name in os.listdir(str(tmp_path))}


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / 'file').write_bytes(b'')
    with pytest.raises(BadInput, match='file'):
        save((['a', 'b'], [1, 0]), (['a'], [1]), str(tmp_path / 'file'))


# --- The sets ---------------------------------------------------------------------------------


def test_a_pickle_cannot_run_anything(tmp_path):
    mark = tmp_path / 'was_here'
    path = write_pickles(tmp_path / 'evil.pkl', GOOD, Evil(os.system, 'touch %s' % mark))
    with pytest.raises(BadInput, match='system'):
        read_sets(path)
    assert not mark.exists()


@pytest.mark.parametrize('train, test, named', [
    ([1, 2, 3], TEST, 'not a pair'), (5, TEST, 'not a pair'), (('ab', [0, 1]), TEST, 'not a list'),
    (([], []), TEST, '0 reviews'), (([[2], [3]], [0, 1, 0]), TEST, '2 reviews and 3 labels'),
    (([[2], []], [0, 1]), TEST, r'x\[1\]: has no words'),
    (([[2], [3.5]], [0, 1]), TEST, r'x\[1\]: not a list of integers'),
    (([[2], [[3]]], [0, 1]), TEST, r'x\[1\]: not a list of integers'),
    (([[2], 'good'], [0, 1]), TEST, r'x\[1\]: not a list of integers'),
    (([[2], [-3]], [0, 1]), TEST, r'x\[1\]: a word index'),
    (([[2], [2 ** 31]], [0, 1]), TEST, r'x\[1\]: a word index'),
    (([[2], [2 ** 70]], [0, 1]), TEST, r'x\[1\]: not a list'),
    (([[2], [3]], [0, 2]), TEST, 'labels'), (([[2], [3]], [1, 2]), TEST, 'labels'),
    (([[2], [3]], [-1, 0]), TEST, 'labels'), (([[2], [3]], [0, 0]), TEST, 'labels'),
    (([[2], [3]], [0.5, 1]), TEST, 'labels: not a list'),
    (GOOD, ([[2]], [2]), 'test set: a label'), (GOOD, ([[2]], [-1]), 'test set: a label'),
    (GOOD, [[], []], 'test set: 0 reviews')])
def test_what_is_wrong_is_said(train, test, named, tmp_path):
    with pytest.raises(BadInput, match=named) as caught:
        read_sets(write_pickles(tmp_path / 'bad.pkl', train, test))
    assert 'bad.pkl' in str(caught.value) and '\n' not in str(caught.value)


def test_damaged_pickles_are_refused(tmp_path):
    whole = open(write_pickles(tmp_path / 'a.pkl', GOOD, TEST), 'rb').read()
    for size in (0, 1, len(whole) // 2, len(whole) - 1):
        (tmp_path / 'cut.pkl').write_bytes(whole[:size])
        with pytest.raises(BadInput, match='cut.pkl'):
            read_sets(str(tmp_path / 'cut.pkl'))


def test_a_small_pickle_cannot_fill_the_memory(tmp_path, monkeypatch):
    review = [2] * 10
    path = write_pickles(tmp_path / 'bomb.pkl', ([review] * 100, [0, 1] * 50), TEST)
    assert len(read_sets(path)[0][0]) == 100
    monkeypatch.setattr(pickles, 'FEW_WORDS', 0)
    with pytest.raises(BadInput, match='more words than its file has room for'):
        read_sets(path)


# --- What is no imdb.pkl ----------------------------------------------------------------------


@pytest.mark.parametrize('found, named', [
    ((GOOD, TEST), 'holds one pickle, all sets in one; wanted are two'),
    ((GOOD, GOOD, TEST), 'all sets in one'), (GOOD, r'one pair \(reviews, labels\)'),
    ({'film': 2}, 'a dictionary of words, as imdb.dict.pkl is'), ({}, 'a dictionary'),
    ('text', 'a value of type str'), ([1, 2, 3], 'a list of 3'), ([[], []], 'one pair')])
def test_another_pickle_is_named(found, named, tmp_path):
    with pytest.raises(BadInput, match=named):
        read_sets(write_pickles(tmp_path / 'other.pkl', found))


@pytest.mark.parametrize('data, named', [
    (b'text,label\ngreat,1\n', r'a table \(CSV\)'), (b'{"text": "great"}', 'JSON'),
    (b'PK\x03\x04', 'a zip archive'), (b'PAR1', 'a parquet file'),
    (b'\x89PNG\r\n\x1a\n', 'an image')])
def test_another_form_is_named_and_what_is_wanted(data, named, tmp_path):
    (tmp_path / 'data').write_bytes(data)
    with pytest.raises(BadInput, match='seems to be .*%s.*; wanted is imdb.pkl.*folder' % named):
        read_sets(str(tmp_path / 'data'))
    with pytest.raises(BadInput, match='seems to be .*; wanted is imdb.dict.pkl'):
        read_dictionary(str(tmp_path / 'data'))


def test_one_class_is_said(tmp_path):
    with pytest.raises(BadInput, match='all its labels are 0: only one class'):
        read_sets(write_pickles(tmp_path / 'a.pkl', ([[2], [3]], [0, 0]), TEST))


def test_integer_arrays_are_as_good_as_lists(tmp_path):
    arrays = ([numpy.array(r, 'int32') for r in GOOD[0]], numpy.array(GOOD[1]))
    first = read_sets(write_pickles(tmp_path / 'a.pkl', arrays, TEST))
    second = read_sets(write_pickles(tmp_path / 'b.pkl', GOOD, TEST))
    for a, b in zip(first, second):
        assert all((x == y).all() for x, y in zip(a[0], b[0])) and (a[1] == b[1]).all()


# --- The dictionary ---------------------------------------------------------------------------


@pytest.mark.parametrize('wrong, named', [
    ([2, 3], 'not a dictionary'), ({}, 'not a dictionary'), ({2: 'film'}, 'not a dictionary'),
    ({'film': 'two'}, 'not a list of integers'), ({'film': 2.}, 'not a list of integers'),
    ({'fi\ud800m': 2}, 'not a character'), ({'film': 1}, 'a word index'),
    ({'film': 2 ** 31}, 'a word index'), (Evil(print), 'print')])
def test_what_is_wrong_with_a_dictionary_is_said(wrong, named, tmp_path):
    with pytest.raises(BadInput, match=named) as caught:
        read_dictionary(write_pickles(tmp_path / 'bad.dict.pkl', wrong))
    assert 'bad.dict.pkl' in str(caught.value) and '\n' not in str(caught.value)


def test_words_stand_in_the_order_of_their_indices():
    dictionary = {'film': 5, 'über': 2, 'a': 3}
    assert words_in_order(dictionary, 100).tolist() == ['über', 'a', '', 'film']
    assert words_in_order(dictionary, 4).tolist() == ['über', 'a']


def test_a_word_without_an_end_does_not_make_each_word_as_long(capsys):
    words = words_in_order({'film': 2, 'x' * 10 ** 6: 3, 'a': 4}, 100)
    assert words.tolist() == ['film', '', 'a'] and words.itemsize < 100
    assert 'left out: a word of 1000000 characters' in capsys.readouterr().err
