"""IMDB is found or fetched, checked as it is read, split as the tutorial does, and padded."""
import functools
import gzip
import os
import pickle
import shutil
import threading
import time
from http.server import HTTPServer, SimpleHTTPRequestHandler

import numpy
import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import imdb
from engine import config
from safe_io import BadInput
from tests.conftest import write_toy_pickle
from tests.test_imdb_preprocess import REVIEWS, write_archive, write_folder

GOOD = ([[2, 3], [4], [5, 6, 7]], [0, 1, 0])
TEST = ([[2], [3]], [1, 0])


def write_pickles(path, *objects):
    """Pickle these objects one after the other."""
    with open(str(path), 'wb') as file:
        for item in objects:
            pickle.dump(item, file, 2)
    return str(path)


# --- Splitting and padding --------------------------------------------------------------------


def test_split_is_the_tutorials(tmp_path):
    path = write_toy_pickle(tmp_path / 'imdb.pkl')
    x, y = pickle.load(open(path, 'rb'))
    train, valid, test = imdb.load_data(path, n_words=8, valid_portion=0.25, maxlen=9,
                                        sort_by_len=False, rng=numpy.random.RandomState(4))
    short = [i for i in range(len(x)) if len(x[i]) < 9]
    order = numpy.random.RandomState(4).permutation(len(short))
    n_train = int(numpy.round(0.75 * len(short)))
    for part, indices in ((train, order[:n_train]), (valid, order[n_train:])):
        assert list(part[1]) == [y[short[i]] for i in indices]
        assert [list(review) for review in part[0]] == [
            [w if w < 8 else 1 for w in x[short[i]]] for i in indices]
    assert len(test[0]) == 23 and max(map(len, test[0])) >= 9  # the test set is never cut


def test_sorting_keeps_pairs_together(tmp_path):
    path = write_toy_pickle(tmp_path / 'imdb.pkl')
    numpy.random.seed(0)
    unsorted = imdb.load_data(path, sort_by_len=False)
    numpy.random.seed(0)
    for part, before in zip(imdb.load_data(path), unsorted):
        lengths = [len(review) for review in part[0]]
        assert lengths == sorted(lengths)
        assert sorted((tuple(r), y) for r, y in zip(*part)) == sorted(
            (tuple(r), y) for r, y in zip(*before))


@settings(max_examples=50, suppress_health_check=list(HealthCheck))
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
def test_numbers_that_leave_nothing(keywords, named, tmp_path):
    with pytest.raises(BadInput, match=named):
        imdb.load_data(write_pickles(tmp_path / 'a.pkl', GOOD, TEST), **keywords)


# --- Reading ----------------------------------------------------------------------------------


class Evil:
    """Runs a command when it is unpickled."""

    def __init__(self, command):
        self.command = command

    def __reduce__(self):
        return os.system, (self.command,)


def test_a_pickle_cannot_run_anything(tmp_path):
    mark = tmp_path / 'was_here'
    path = write_pickles(tmp_path / 'evil.pkl', GOOD, Evil('touch %s' % mark))
    with pytest.raises(BadInput, match='system'):
        imdb.load_data(path)
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
        imdb.load_data(write_pickles(tmp_path / 'bad.pkl', train, test))
    assert 'bad.pkl' in str(caught.value) and '\n' not in str(caught.value)


def test_damaged_pickles_are_refused(tmp_path):
    whole = open(write_pickles(tmp_path / 'a.pkl', GOOD, TEST), 'rb').read()
    for size in (0, 1, len(whole) // 2, len(whole) - 1):
        (tmp_path / 'cut.pkl').write_bytes(whole[:size])
        with pytest.raises(BadInput, match='cut.pkl'):
            imdb.load_data(str(tmp_path / 'cut.pkl'))


def test_a_small_pickle_cannot_fill_the_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(imdb, 'MAX_BYTES', 1000)
    review = [2] * 10
    path = write_pickles(tmp_path / 'bomb.pkl', ([review] * 10, [0, 1] * 5), TEST)
    with pytest.raises(BadInput, match='take more than'):
        imdb.load_data(path)


def test_integer_arrays_are_as_good_as_lists(tmp_path):
    arrays = ([numpy.array(r, 'int32') for r in GOOD[0]], numpy.array(GOOD[1]))
    first = imdb.read_sets(write_pickles(tmp_path / 'a.pkl', arrays, TEST))
    second = imdb.read_sets(write_pickles(tmp_path / 'b.pkl', GOOD, TEST))
    for a, b in zip(first, second):
        assert all((x == y).all() for x, y in zip(a[0], b[0])) and (a[1] == b[1]).all()


# --- Finding ----------------------------------------------------------------------------------


def test_a_given_pickle_folder_or_gzip_is_taken(tmp_path):
    path = write_toy_pickle(tmp_path / 'imdb.pkl')
    assert imdb.locate(path) == imdb.locate(str(tmp_path)) == path
    with open(path, 'rb') as file:
        zipped = gzip.compress(file.read())
    (tmp_path / 'z').mkdir()
    (tmp_path / 'z' / 'imdb.pkl.gz').write_bytes(zipped)
    found = imdb.locate(str(tmp_path / 'z'))
    assert found.endswith('.gz') and len(imdb.load_data(found)[2][0]) == 23


def test_a_path_that_does_not_exist_is_an_error(tmp_path):
    with pytest.raises(BadInput, match='no such file'):
        imdb.load_data(str(tmp_path / 'imdb.pkl'))


@pytest.mark.parametrize('name', ['imdb.pkl', 'imdb.pkl.gz'])
def test_the_data_folder_is_searched(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    os.makedirs(imdb.DATA_DIR)
    path = write_toy_pickle(os.path.join(imdb.DATA_DIR, name))
    assert imdb.locate() == imdb.locate('imdb.pkl') == path


def test_folders_and_archives_are_preprocessed_once(tmp_path, monkeypatch, capsys):
    for source in (write_folder(tmp_path / 'mine'), write_archive(tmp_path / 'mine.tar.gz')):
        path = imdb.locate(source)
        assert os.path.dirname(os.path.dirname(path)) == imdb.DATA_DIR
        assert 'Preprocessing' in capsys.readouterr().out
        assert imdb.locate(source) == path and not capsys.readouterr().out
    (tmp_path / 'mine' / 'train' / 'pos' / 'new.txt').write_text('another film')
    assert imdb.locate(str(tmp_path / 'mine')) != path  # other reviews, another result


# --- Fetching ---------------------------------------------------------------------------------


@pytest.fixture
def server(tmp_path, monkeypatch):
    """A stand-in for the network: url -> path of the file that is served."""
    files = {}

    def ask(url):
        return None if url in files else 'no connection'

    class Downloader:
        def __init__(self, progressbar, timeout):
            self.bar = progressbar

        def __call__(self, url, output_file, pooch):
            self.bar.update(os.path.getsize(files[url]))
            shutil.copy(files[url], str(output_file))

    monkeypatch.setattr(imdb, 'ask', ask)
    monkeypatch.setattr(imdb.pooch, 'HTTPDownloader', Downloader)
    return files


def test_the_tutorials_pickle_is_fetched_first(server, tmp_path):
    server[imdb.PICKLE_URL] = write_toy_pickle(tmp_path / 'served.pkl')
    path = imdb.locate()
    assert path == os.path.join(imdb.DATA_DIR, 'imdb.pkl') and len(imdb.read_sets(path)) == 2
    assert os.listdir(imdb.DATA_DIR) == ['imdb.pkl']


def test_a_bad_pickle_is_not_kept_and_the_archive_serves(server, tmp_path, monkeypatch):
    mark = tmp_path / 'was_here'
    server[imdb.PICKLE_URL] = write_pickles(tmp_path / 'evil.pkl', Evil('touch %s' % mark))
    server[imdb.ARCHIVE_URL] = write_archive(tmp_path / 'served.tar.gz')
    digest = imdb.archive_fingerprint(server[imdb.ARCHIVE_URL])
    monkeypatch.setattr(imdb, 'ARCHIVE_HASH', 'sha256:' + digest)
    path = imdb.locate()
    assert sorted(os.listdir(imdb.DATA_DIR)) == sorted([imdb.ARCHIVE, 'imdb.dict.pkl', 'imdb.pkl'])
    assert [len(x) for x, _ in imdb.read_sets(path)] == [4, 2] and not mark.exists()
    assert len(REVIEWS) == 6


def test_an_archive_of_another_checksum_is_refused(server, tmp_path):
    server[imdb.ARCHIVE_URL] = write_archive(tmp_path / 'served.tar.gz')
    with pytest.raises(BadInput, match='cannot be fetched'):
        imdb.locate()
    assert os.listdir(imdb.DATA_DIR) == []


def test_a_download_without_an_end_is_stopped(server, tmp_path, monkeypatch):
    server[imdb.PICKLE_URL] = write_toy_pickle(tmp_path / 'served.pkl')
    monkeypatch.setattr(imdb, 'MAX_BYTES', 100)
    with pytest.raises(BadInput, match='more than 100 bytes'):
        imdb.locate()


def test_no_network_is_one_line_that_says_what_to_do(server):
    with pytest.raises(BadInput) as caught:
        imdb.load_data()
    message = str(caught.value)
    assert 'no connection' in message and imdb.ARCHIVE in message and '\n' not in message


def test_a_name_look_up_that_hangs_is_given_up(monkeypatch):
    monkeypatch.setattr(imdb, 'ANSWER_SECONDS', 0.1)
    monkeypatch.setattr(imdb, 'ask', lambda url: time.sleep(3))
    start = time.time()
    with pytest.raises(BadInput, match='no answer within'):
        imdb.check_server('https://example.org')
    assert time.time() - start < 2


@pytest.mark.parametrize('error, text', [
    (requests.Timeout(), 'no answer'), (requests.ConnectionError('a\nb'), 'no connection'),
    (requests.HTTPError('404\nNot Found'), '404 Not Found'), (None, None)])
def test_what_a_server_answers_is_said_in_a_few_words(error, text, monkeypatch):
    class Answer:
        def raise_for_status(self):
            if error:
                raise error

    monkeypatch.setattr(imdb.requests, 'head', lambda *args, **keywords: Answer())
    said = imdb.ask('https://example.org')
    assert said is None if text is None else text in said


def test_the_real_downloader_fetches_over_http(tmp_path, monkeypatch):
    """Nothing here stands in for pooch or requests: a server on this machine serves the file."""
    served = tmp_path / 'served'
    served.mkdir()
    write_toy_pickle(served / 'imdb.pkl')
    handler = functools.partial(SimpleHTTPRequestHandler, directory=str(served))
    monkeypatch.setattr(SimpleHTTPRequestHandler, 'log_message', lambda *args: None)
    monkeypatch.setenv('NO_PROXY', '127.0.0.1')
    with HTTPServer(('127.0.0.1', 0), handler) as local:
        threading.Thread(target=local.serve_forever, daemon=True).start()
        url = 'http://127.0.0.1:%d/' % local.server_port
        monkeypatch.setattr(imdb, 'PICKLE_URL', url + 'imdb.pkl')
        monkeypatch.setattr(imdb, 'ARCHIVE_URL', url + 'none.tar.gz')
        assert len(imdb.read_sets(imdb.locate())) == 2
        assert os.listdir(imdb.DATA_DIR) == ['imdb.pkl']
        with pytest.raises(BadInput, match='404'):
            imdb.fetch_archive()
        local.shutdown()
