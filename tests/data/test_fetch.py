"""A download is complete, within its bound and of the known checksum, or the reason is one line."""
import functools
import os
import threading
import time
from http.server import HTTPServer, SimpleHTTPRequestHandler

import pytest
import requests

from sentiment.data import fetch
from sentiment.data.pickles import read_sets
from sentiment.data.safe_io import BadInput
from tests.helpers import write_toy_pickle


class Quiet(SimpleHTTPRequestHandler):
    """Serves files without a word."""

    def log_message(self, *args):
        pass


@pytest.fixture
def url(tmp_path, monkeypatch):
    """Address of a toy imdb.pkl on a real server on this machine: no stand-in for pooch, requests.
    """
    served = tmp_path / 'served'
    served.mkdir()
    write_toy_pickle(served / 'imdb.pkl')
    monkeypatch.setenv('no_proxy', '127.0.0.1')
    handler = functools.partial(Quiet, directory=str(served))
    with HTTPServer(('127.0.0.1', 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield 'http://127.0.0.1:%d/imdb.pkl' % server.server_port
        server.shutdown()


def test_the_real_downloader_fetches_over_http(url, tmp_path, capsys):
    folder = str(tmp_path / 'into')
    assert len(read_sets(fetch.download(url, None, folder))) == 2
    assert os.listdir(folder) == ['imdb.pkl']
    said = capsys.readouterr()
    assert said.err == 'fetching %s\n' % url and not said.out
    with pytest.raises(BadInput, match='404'):
        fetch.download(url + '.none', None, folder)
    assert os.listdir(folder) == ['imdb.pkl']


def test_a_download_of_another_checksum_is_not_kept(url, tmp_path):
    folder = str(tmp_path / 'into')
    with pytest.raises(BadInput, match='hash') as caught:
        fetch.download(url, 'sha256:' + '0' * 64, folder)
    assert url in str(caught.value) and '\n' not in str(caught.value)
    assert os.listdir(folder) == []


def test_a_download_without_an_end_is_stopped(url, tmp_path, monkeypatch):
    folder = str(tmp_path / 'into')
    monkeypatch.setattr(fetch, 'MAX_BYTES', 100)
    with pytest.raises(BadInput, match='more than 100 bytes'):
        fetch.download(url, None, folder)
    assert os.listdir(folder) == []


def test_a_name_look_up_that_hangs_is_given_up(monkeypatch):
    over = threading.Event()

    def hang(*args, **keywords):
        over.wait(30)
        raise requests.ConnectionError

    monkeypatch.setattr(fetch, 'ANSWER_SECONDS', 0.1)
    monkeypatch.setattr(requests, 'head', hang)
    start = time.time()
    with pytest.raises(BadInput, match='no answer within'):
        fetch.check_server('https://example.org')
    assert time.time() - start < 2
    over.set()


@pytest.mark.parametrize('error, text', [
    (requests.Timeout(), 'no answer'), (requests.ConnectionError('a\nb'), 'no connection'),
    (requests.HTTPError('404\nNot Found'), '404 Not Found'), (None, None)])
def test_what_a_server_answers_is_said_in_a_few_words(error, text, monkeypatch):
    class Answer:
        def raise_for_status(self):
            if error:
                raise error

    monkeypatch.setattr(requests, 'head', lambda *args, **keywords: Answer())
    said = fetch.ask('https://example.org')
    assert said is None if text is None else text in said


def test_a_folder_that_cannot_be_written_is_named_and_nothing_is_asked(url, tmp_path, monkeypatch):
    (tmp_path / 'home').write_bytes(b'')
    monkeypatch.setattr(fetch, 'check_server', None)
    with pytest.raises(BadInput, match='home/cache: Not a directory'):
        fetch.download(url, None, str(tmp_path / 'home' / 'cache'))
