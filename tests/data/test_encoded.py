"""Encoded parts hold what the pickle holds; damage is one line, and none of it is believed."""
import json
import os
import shutil

import numpy
import pytest

import imdb
from sentiment.data import encoded
from sentiment.data.pickles import check_places, read_sets
from sentiment.data.safe_io import BadInput, file_hash
from sentiment.data.streamed import open_sets
from tests.helpers import full_disk, write_toy_parts, write_toy_pickle


@pytest.fixture
def folder(tmp_path):
    return write_toy_parts(tmp_path / 'parts')


def test_what_is_read_is_what_the_pickle_holds(folder, toy_path):
    for (x, y), (reviews, labels) in zip(open_sets(folder + '/imdb.parts'), read_sets(toy_path)):
        assert y.tolist() == labels.tolist() and y.dtype == labels.dtype
        assert len(x) == len(reviews)
        for ours, theirs in zip(x, reviews):
            numpy.testing.assert_array_equal(ours, theirs)
            assert ours.dtype == theirs.dtype


@pytest.mark.parametrize('settings', [{}, {'n_words': 20}, {'maxlen': 8}, {'stretches': 3},
                                      {'sort_by_len': False}])
def test_the_sets_are_split_as_those_of_the_pickle(settings, folder, toy_path):
    found = [imdb.load_data(path, rng=numpy.random.RandomState(5), **settings)
             for path in (folder, os.path.join(folder, 'imdb.parts'), toy_path)]
    for ours, same, theirs in zip(*found):
        for x, y in (ours, same):
            assert [list(review) for review in x] == [list(review) for review in theirs[0]]
            numpy.testing.assert_array_equal(y, theirs[1])


def test_a_stopped_writer_leaves_no_part(tmp_path, monkeypatch):
    monkeypatch.setattr(os, 'fsync', full_disk)
    with pytest.raises(BadInput, match='a.words: No space'):
        encoded.write_part(str(tmp_path / 'a.words'), bytes(32), [[2, 3]], [0], [0])
    assert os.listdir(str(tmp_path)) == []


def at(place, value):
    """Return what puts one int32 into a part of the folder."""
    def spoil(folder):
        with open(os.path.join(folder, '1.words'), 'r+b') as file:
            file.seek(place, os.SEEK_END if place < 0 else os.SEEK_SET)
            file.write(numpy.array(value, '<i4').tobytes())
    return spoil


def cut(folder):
    os.truncate(os.path.join(folder, '1.words'), 100)


def other(folder):
    shutil.copy(os.path.join(folder, '0.words'), os.path.join(folder, '1.words'))


def gone(folder):
    os.remove(os.path.join(folder, '1.words'))


def index(**values):
    """Return what changes the list of parts; part: what changes its second."""
    def spoil(folder):
        path = os.path.join(folder, 'imdb.parts')
        with open(path) as file:
            found = json.load(file)
        found['parts'][1].update(values.pop('part', {}))
        found.update(values)
        with open(path, 'w') as file:
            json.dump(found, file)
    return spoil


def honest(change):
    """Return what changes a part and the list of parts as whoever means harm would."""
    def spoil(folder):
        change(folder)
        path = os.path.join(folder, '1.words')
        with open(path, 'rb') as file:
            _, _, reviews, words = encoded.HEAD.unpack(file.read(encoded.HEAD.size))
        index(part={'sha256': file_hash(path), 'reviews': reviews, 'words': words})(folder)
    return spoil


DAMAGED = {
    'cut': (cut, '1.words: cut off'), 'gone': (gone, '1.words: No such file'),
    'another part': (other, '1.words: cut off|1.words: damaged'),
    'a word': (at(-4, 3), '1.words: damaged: its checksum'),
    'a label': (at(encoded.HEAD.size + 200, 1), '1.words: damaged: its checksum'),
    'head': (at(0, 1), '1.words: damaged'),
    'no index': (honest(at(-4, -3)), 'lengths, labels or words that cannot be'),
    'lengths': (honest(at(encoded.HEAD.size, 99)), 'lengths, labels or words that cannot be'),
    'length 0': (honest(at(encoded.HEAD.size, 0)), 'lengths, labels or words that cannot be'),
    'place': (lambda folder: honest(at(encoded.HEAD.size + 8 * rows(folder), 7777))(folder),
              'places of its reviews are not those'),
    'class': (lambda folder: honest(at(encoded.HEAD.size + 4 * rows(folder), 5))(folder),
              'its labels are|a label is not'),
    'list': (lambda folder: open(os.path.join(folder, 'imdb.parts'), 'w').write('[' * 10 ** 5),
             'imdb.parts: not a list of encoded parts'),
    'path': (index(part={'name': '../1.words'}), 'no name of a file'),
    'twice': (index(part={'name': '0.words'}), 'not a list of different parts'),
    'format': (index(format=2), 'format: 2 is not'), 'key': (index(key='0' * 64), 'of other data'),
    'no key': (index(key=3), 'not a list of encoded parts'),
    'reviews': (index(part={'reviews': 10 ** 8}), 'cut off or damaged'),
    'dictionary': (lambda folder: open(os.path.join(folder, 'imdb.dict.pkl'), 'ab').write(b'.'),
                   'imdb.dict.pkl: is of other data'),
    'no dictionary': (lambda folder: os.remove(os.path.join(folder, 'imdb.dict.pkl')),
                      'imdb.dict.pkl: is missing'),
    'others': (index(others=['imdb.dict.pkl']), 'not a list of encoded parts'),
    'other': (index(others={'../imdb.dict.pkl': ''}), 'no name of a file'),
    'none': (index(parts=[]), 'not a list of different parts')}


def rows(folder):
    """Return how many reviews the second part has."""
    return encoded.read_index(os.path.join(folder, 'imdb.parts'))[1][1].reviews


@pytest.mark.parametrize('name', sorted(DAMAGED))
def test_damage_is_one_line(name, folder):
    spoil, said = DAMAGED[name]
    spoil(folder)
    with pytest.raises(BadInput, match=said) as caught:
        open_sets(os.path.join(folder, 'imdb.parts'))
    assert '\n' not in str(caught.value)


def test_a_part_that_changes_while_it_is_read_is_one_line(folder):
    (reviews, _), _ = open_sets(folder + '/imdb.parts')
    for name in os.listdir(folder):
        if name.endswith('.words'):
            os.truncate(os.path.join(folder, name), 60)
    with pytest.raises(BadInput, match='has changed'):
        list(reviews)


def test_a_pickle_never_takes_the_dictionary_of_encoded_parts(folder, tmp_path):
    with pytest.raises(BadInput, match='imdb.parts is there already'):
        check_places(folder, 'imdb')
    write_toy_pickle(tmp_path / 'imdb.pkl')
    check_places(str(tmp_path), 'imdb')
