"""The data is found or fetched, loaded, split as the tutorial does, and padded."""
import gzip
import os
import pickle
import shutil

import numpy
import pooch
import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

import imdb
from sentiment.data.pickles import read_sets
from sentiment.data.opening import file_hash
from sentiment.data.safe_io import MAX_BYTES, BadInput
from sentiment.engine import config
from tests.helpers import (REVIEWS, Evil, toy_word, write_archive, write_folder, write_pickles,
                           write_toy_pickle)

# --- Splitting and padding --------------------------------------------------------------------


def test_split_is_the_tutorials(toy_path):
    x, y = pickle.load(open(toy_path, 'rb'))
    train, valid, test = imdb.load_data(toy_path, n_words=8, valid_portion=0.25, maxlen=9,
                                        sort_by_len=False, rng=numpy.random.RandomState(4))
    short = [i for i in range(len(x)) if len(x[i]) < 9]
    order = numpy.random.RandomState(4).permutation(len(short))
    n_train = int(numpy.round(0.75 * len(short)))
    for part, indices in ((train, order[:n_train]), (valid, order[n_train:])):
        assert list(part[1]) == [y[short[i]] for i in indices]
        assert [list(review) for review in part[0]] == [
            [w if w < 8 else 1 for w in x[short[i]]] for i in indices]
    assert len(test[0]) == 23 and max(map(len, test[0])) >= 9  # the test set is never cut


def test_sorting_keeps_pairs_together(toy_path):
    numpy.random.seed(0)
    unsorted = imdb.load_data(toy_path, sort_by_len=False)
    numpy.random.seed(0)
    for part, before in zip(imdb.load_data(toy_path), unsorted):
        lengths = [len(review) for review in part[0]]
        assert lengths == sorted(lengths)
        assert sorted((tuple(r), y) for r, y in zip(*part)) == sorted(
            (tuple(r), y) for r, y in zip(*before))


@given(st.lists(st.lists(st.integers(1, 99), min_size=1, max_size=9), min_size=1, max_size=7),
       st.one_of(st.none(), st.integers(1, 10)), st.booleans())
def test_prepare_data_pads(seqs, maxlen, as_arrays):
    labels = list(range(len(seqs)))
    given_seqs = [numpy.array(seq) for seq in seqs] if as_arrays else seqs
    x, mask, y = imdb.prepare_data(given_seqs, labels, maxlen)
    kept = [i for i in labels if maxlen is None or len(seqs[i]) < maxlen]
    if not kept:
        assert (x, mask, y) == (None, None, None)
        return
    assert x.dtype == y.dtype == 'int64' and mask.dtype == config.floatX
    assert list(y) == kept and x.shape == mask.shape == (max(len(seqs[i]) for i in kept), len(kept))
    for column, i in enumerate(kept):
        n = len(seqs[i])
        assert list(x[:n, column]) == seqs[i] and not x[n:, column].any()
        assert mask[:n, column].all() and not mask[n:, column].any()


@pytest.mark.parametrize('keywords, named', [
    ({'maxlen': 1}, 'maxlen=1'), ({'valid_portion': 0.}, 'valid_portion'),
    ({'valid_portion': 1.}, 'valid_portion'), ({'n_words': 1}, 'n_words')])
def test_numbers_that_leave_nothing(keywords, named, toy_path):
    with pytest.raises(BadInput, match=named):
        imdb.load_data(toy_path, **keywords)


def test_a_class_without_a_training_review_is_named():
    reviews = [[2], [3]]
    assert imdb.count_classes([(reviews, [1, 0]), (reviews, [0, 0])]) == 2
    with pytest.raises(BadInput, match='class negative is left'):
        imdb.count_classes([(reviews, [1, 1]), (reviews, [1, 0])])
    with pytest.raises(BadInput, match='class 2 is left'):
        imdb.count_classes([(reviews, [1, 0]), (reviews, [0, 1]), (reviews, [2, 1])])


# --- Finding ----------------------------------------------------------------------------------


def test_a_given_pickle_folder_or_gzip_is_taken(tmp_path, toy_path):
    assert imdb.locate(toy_path) == imdb.locate(str(tmp_path)) == toy_path
    with open(toy_path, 'rb') as file:
        zipped = gzip.compress(file.read())
    (tmp_path / 'z').mkdir()
    (tmp_path / 'z' / 'imdb.pkl.gz').write_bytes(zipped)
    found = imdb.locate(str(tmp_path / 'z'))
    assert found.endswith('.gz') and len(imdb.load_data(found)[2][0]) == 23


def test_a_path_that_does_not_exist_is_an_error(tmp_path):
    with pytest.raises(BadInput, match='no such file'):
        imdb.load_data(str(tmp_path / 'imdb.pkl'))


@pytest.mark.parametrize('name', ['imdb.pkl', 'imdb.pkl.gz'])
def test_the_data_folder_is_searched(name, own_data_folder, monkeypatch):
    own_data_folder.mkdir()
    monkeypatch.chdir(own_data_folder.parent)
    path = write_toy_pickle(own_data_folder / name)
    assert imdb.locate() == imdb.locate('imdb.pkl') == path


def test_folders_and_archives_are_preprocessed_once(tmp_path, own_data_folder, capsys):
    for source in (write_folder(tmp_path / 'mine'), write_archive(tmp_path / 'mine.tar.gz')):
        path = imdb.locate(source)
        assert os.path.dirname(os.path.dirname(path)) == str(own_data_folder)
        said = capsys.readouterr()
        assert 'preprocessing' in said.err and not said.out
        assert imdb.locate(source) == path and not any(capsys.readouterr())
    (tmp_path / 'mine' / 'train' / 'pos' / 'new.txt').write_text('another film')
    assert imdb.locate(str(tmp_path / 'mine')) != path  # other reviews, another result


def test_the_dictionary_beside_the_data_is_found(tmp_path, toy_path, capsys):
    dictionary = imdb.load_dictionary(toy_path)
    assert dictionary == {toy_word(index): index for index in range(2, 32)}
    assert imdb.load_vocabulary(imdb.load_dictionary, toy_path, 5).tolist() == [
        toy_word(index) for index in (2, 3, 4)]
    beside = tmp_path / 'imdb.dict.pkl'
    (tmp_path / 'imdb.dict.pkl.gz').write_bytes(gzip.compress(beside.read_bytes()))
    beside.unlink()
    assert imdb.load_dictionary(str(tmp_path)) == dictionary
    (tmp_path / 'imdb.dict.pkl.gz').unlink()
    assert imdb.load_dictionary(toy_path) is None and not any(capsys.readouterr())
    assert imdb.load_vocabulary(imdb.load_dictionary, toy_path, 5) is None
    assert 'no dictionary beside the data' in capsys.readouterr().err


# --- Fetching ---------------------------------------------------------------------------------


@pytest.fixture
def server(monkeypatch):
    """A stand-in for the network: url -> path of the file that is served."""
    files = {}

    def head(url, **keywords):
        if url not in files:
            raise requests.ConnectionError
        answer = requests.Response()
        answer.status_code = 200
        return answer

    class Downloader:
        def __init__(self, progressbar, timeout):
            self.bar = progressbar

        def __call__(self, url, output_file, pooch):
            self.bar.update(os.path.getsize(files[url]))
            shutil.copy(files[url], str(output_file))

    monkeypatch.setattr(requests, 'head', head)
    monkeypatch.setattr(pooch, 'HTTPDownloader', Downloader)
    return files


def test_the_tutorials_pickle_is_fetched_first(server, tmp_path, own_data_folder):
    server[imdb.PICKLE_URL] = write_toy_pickle(tmp_path / 'served.pkl')
    path = imdb.locate()
    assert path == str(own_data_folder / 'imdb.pkl') and len(read_sets(path)) == 2
    assert os.listdir(str(own_data_folder)) == ['imdb.pkl']


def test_a_bad_pickle_is_not_kept_and_the_archive_serves(server, tmp_path, own_data_folder,
                                                         monkeypatch):
    mark = tmp_path / 'was_here'
    server[imdb.PICKLE_URL] = write_pickles(tmp_path / 'evil.pkl',
                                            Evil(os.system, 'touch %s' % mark))
    server[imdb.ARCHIVE_URL] = write_archive(tmp_path / 'served.tar.gz')
    digest = file_hash(server[imdb.ARCHIVE_URL])
    monkeypatch.setattr(imdb, 'ARCHIVE_HASH', 'sha256:' + digest)
    path = imdb.locate()
    assert sorted(os.listdir(str(own_data_folder))) == sorted(
        [imdb.ARCHIVE, 'imdb.dict.pkl', 'imdb.json', 'imdb.pkl'])
    assert [len(x) for x, _ in read_sets(path)] == [4, 2] and not mark.exists()
    assert len(REVIEWS) == 6


def test_an_archive_of_another_checksum_is_refused(server, tmp_path, own_data_folder):
    server[imdb.ARCHIVE_URL] = write_archive(tmp_path / 'served.tar.gz')
    with pytest.raises(BadInput, match='cannot be fetched'):
        imdb.locate()
    assert os.listdir(str(own_data_folder)) == []


def test_a_download_without_an_end_is_not_kept(server, tmp_path, own_data_folder):
    server[imdb.PICKLE_URL] = str(tmp_path / 'served.pkl')
    with open(server[imdb.PICKLE_URL], 'wb') as file:
        file.truncate(MAX_BYTES + 1)  # takes no place on the disk
    with pytest.raises(BadInput, match='more than %d bytes' % MAX_BYTES):
        imdb.locate()
    assert os.listdir(str(own_data_folder)) == []


def test_no_network_is_one_line_that_says_what_to_do(server):
    with pytest.raises(BadInput) as caught:
        imdb.load_data()
    message = str(caught.value)
    assert 'no connection' in message and imdb.ARCHIVE in message and '\n' not in message


@pytest.mark.parametrize('n_samples, portion, stretches', [(200, 0.1, 5), (60, 0.05, 20),
                                                           (7, 0.5, 1), (8, 0.875, 5)])
def test_stretches_of_neighbours_validate(n_samples, portion, stretches):
    train, valid = imdb.split(([[k] for k in range(n_samples)], numpy.arange(n_samples)), portion,
                              numpy.random.RandomState(0), stretches)
    n_valid = n_samples - round(n_samples * (1 - portion))
    assert len(valid[0]) == n_valid and sorted(numpy.concatenate([train[1], valid[1]])) == list(
        range(n_samples))
    size = n_valid - n_valid // 2  # the others are those most like them
    chosen = numpy.sort(valid[1][n_valid - size:])
    assert 1 + (numpy.diff(chosen) > 1).sum() <= min(stretches, size)  # those of two may touch
    bounds = numpy.arange(stretches + 1) * n_samples // stretches
    of_parts, _ = numpy.histogram(chosen, bounds)
    assert (abs(of_parts - numpy.diff(bounds) * size / n_samples) < 1).all()


def test_so_do_the_reviews_that_share_their_names():
    rng = numpy.random.RandomState(0)  # 40 films of 10 reviews of each class, a name for each film
    reviews = [numpy.append(rng.randint(2, 20, 30), 100 + film) for _ in range(2)
               for film in range(40) for _ in range(10)]
    labels = numpy.repeat([1, 0], 400)
    _, (valid, y) = imdb.split((reviews, labels), 0.1, numpy.random.RandomState(1), 4)
    films = [{review[-1] for review in valid[part]} for part in (slice(40), slice(40, 80))]
    assert len(valid) == 80 and films[0] <= films[1]  # those most like the stretches stand first
    assert abs(y.mean() - 0.5) < 0.3
