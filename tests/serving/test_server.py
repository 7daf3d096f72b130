"""The server as it runs: where it listens, whom it waits for, and how it stops."""
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

from sentiment.commands import serve as verb
from sentiment.commands.main import main
from sentiment.serving import limits, server
from tests.helpers import POSITIVE, ROOT
from tests.serving.running import make_app, running

POST = ('POST /predict HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n'
        'Connection: close\r\nContent-Length: %d\r\n\r\n%s')


def request_of(text):
    """Return the bytes of a request."""
    body = json.dumps({'texts': [text]})
    return (POST % (len(body), body)).encode()


def receive(connection):
    """Return all that comes until the other side closes."""
    data = b''
    while True:
        piece = connection.recv(65536)
        if not piece:
            return data
        data += piece


def connect(port):
    """Return a connection to a server here."""
    return socket.create_connection(('127.0.0.1', port), timeout=30)


# --- The verb ---------------------------------------------------------------------------------


@pytest.fixture
def process(saved):
    """The server as a process of its own, which listens; and its port."""
    started = subprocess.Popen([sys.executable, 'lstm.py', 'serve', saved[0], '--port', '0'],
                               cwd=ROOT, stderr=subprocess.PIPE, stdout=subprocess.PIPE,
                               universal_newlines=True)
    line = next((line for line in started.stderr if line.startswith('listening')), '')
    yield started, line
    started.kill()
    started.communicate()


@pytest.mark.parametrize('stop, status', [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_it_says_where_it_listens_and_a_stop_finishes_what_it_began(process, stop, status):
    started, line = process
    assert line.startswith('listening on http://127.0.0.1:') and 'only this machine' in line
    port = int(line.split('127.0.0.1:')[1].split()[0])
    with connect(port) as connection:
        begun = request_of(POSITIVE)
        connection.sendall(begun[:-5])
        time.sleep(0.5)
        started.send_signal(stop)
        time.sleep(0.5)
        connection.sendall(begun[-5:])
        assert b'"label":"positive"' in receive(connection)
    assert started.wait(30) == status
    assert [line for line in started.stderr if not line.startswith('compil')] == []  # no traceback


def test_a_port_in_use_is_one_line(saved, capsys):
    with socket.socket() as taken:
        taken.bind(('127.0.0.1', 0))
        taken.listen(1)
        assert main(['serve', saved[0], '--port', str(taken.getsockname()[1])]) == 2
    error = capsys.readouterr().err
    assert 'cannot be listened on: Address already in use' in error
    assert len(error.splitlines()) == 1


@pytest.mark.parametrize('wrong, named', [
    (['--host', 'no such host'], 'host: no such host'), (['--host', '192.0.2.1'], '192.0.2.1:8000'),
    (['--host', 'a' * 70], 'host: ' + 'a' * 70)])
def test_an_address_that_is_none_is_one_line(saved, wrong, named, capsys):
    assert main(['serve', saved[0]] + wrong) == 2
    error = capsys.readouterr().err
    assert named in error and len(error.splitlines()) == 1


@pytest.mark.parametrize('port', ['-1', '65536', 'http'])
def test_a_port_that_is_none_is_one_line(saved, port, capsys):
    with pytest.raises(SystemExit) as caught:
        main(['serve', saved[0], '--port', port])
    assert caught.value.code == 2 and '--port' in capsys.readouterr().err


def test_without_its_packages_it_says_what_to_install(saved, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, 'sentiment.serving.app', None)
    monkeypatch.delattr('sentiment.serving.app')
    assert main(['serve', saved[0]]) == 2
    error = capsys.readouterr().err
    assert "pip install -e '.[serve]'" in error and len(error.splitlines()) == 1


def test_who_reaches_it_is_said(capsys):
    for address, said in [(('127.0.0.1', 80), 'only this machine'), (('::1', 80), '[::1]:80 (only'),
                          (('0.0.0.0', 80), 'whoever'), (('::', 80), '[::]:80 (whoever')]:
        server.announce(address)
        assert said in capsys.readouterr().err
    assert server.hosts_of('0.0.0.0', ('0.0.0.0', 80)) is None
    assert 'localhost' in server.hosts_of('127.0.0.1', ('127.0.0.1', 80))


def test_several_models_answer_as_one(saved, monkeypatch):
    made = []
    monkeypatch.setattr('sentiment.serving.app.make_app', lambda *parts: made.append(parts))
    monkeypatch.setattr(server, 'make_server', lambda app: type(
        'Server', (), {'run': lambda self, sockets: None})())
    verb.serve([saved[0], '--average', saved[0], '--port', '0'])
    about = made[0][2]
    assert [one['name'] for one in about['models']] == ['model.npz'] * 2
    assert made[0][0]([POSITIVE], False)[0]['label'] == 'positive'


def test_an_answer_is_sent_at_once(model, monkeypatch):
    made, seen = server.Protocol.connection_made, []

    def connection_made(self, transport):
        made(self, transport)
        seen.append(transport.get_extra_info('socket').getsockopt(socket.IPPROTO_TCP,
                                                                  socket.TCP_NODELAY))

    monkeypatch.setattr(server.Protocol, 'connection_made', connection_made)
    with running(make_app(model)) as port, connect(port) as connection:
        connection.sendall(request_of(POSITIVE))
        receive(connection)
    assert seen and all(seen)  # else a second request of a connection waits 40 ms


# --- Senders that nobody wants ----------------------------------------------------------------


def test_a_body_that_comes_too_slowly_is_refused(model, monkeypatch):
    monkeypatch.setattr(limits, 'BODY_SECONDS', 0.3)
    monkeypatch.setattr(limits, 'LINGER', 0.1)
    with running(make_app(model)) as port, connect(port) as connection:
        connection.sendall((POST % (100, '{"te')).encode())
        answer = receive(connection)
    assert answer.startswith(b'HTTP/1.1 408') and b'too slowly' in answer


@pytest.mark.parametrize('sent', [b'', b'GET / HTT', b'GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n',
                                  b'GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\nGET /he'])
def test_a_connection_that_does_not_say_what_it_wants_is_closed(model, monkeypatch, sent):
    monkeypatch.setattr(server, 'HEAD_SECONDS', 0.2)
    with running(make_app(model)) as port, connect(port) as connection:
        connection.sendall(sent)
        begun = time.monotonic()
        receive(connection)
        assert time.monotonic() - begun < 10


def test_too_many_connections_are_refused_and_others_live(model, monkeypatch):
    monkeypatch.setattr(server, 'MAX_CONNECTIONS', 3)
    with running(make_app(model)) as port:
        held = [connect(port) for _ in range(3)]
        time.sleep(0.2)
        with connect(port) as connection:
            assert receive(connection).startswith(b'HTTP/1.1 503')
        held[0].sendall(request_of(POSITIVE))
        assert b'positive' in receive(held[0])
        for connection in held:
            connection.close()


@pytest.mark.parametrize('sent', [b'\x00' * 100, b'\x16\x03\x01\x02\x00', b'G' * 10 ** 6,
                                  b'GET / HTTP/1.1\r\n' + b'a: b\r\n' * 10 ** 5,
                                  b'GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n'])
def test_what_is_no_request_has_a_4xx_and_the_server_lives(port, sent):
    with connect(port) as connection:
        try:
            connection.sendall(sent)
            assert b' 4' in receive(connection)[:12]
        except ConnectionError:  # it was closed before all was sent
            pass
    with connect(port) as connection:
        connection.sendall(request_of(POSITIVE))
        assert b'positive' in receive(connection)


def test_a_hundred_megabytes_are_cut_off_and_not_held(process):
    started, line = process
    port = int(line.split('127.0.0.1:')[1].split()[0])

    def peak():
        with open('/proc/%d/status' % started.pid) as file:
            return int(next(row for row in file if row.startswith('VmHWM')).split()[1]) // 1024

    if not os.path.exists('/proc/self/status'):
        pytest.skip('needs /proc to see how much memory a process takes')
    before = peak()
    for path in ('predict', 'table'):
        with connect(port) as connection:
            connection.sendall(b'POST /%s HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked'
                               b'\r\n\r\n' % path.encode())
            try:
                for _ in range(100):
                    connection.sendall(b'100000\r\n' + b'a' * 2 ** 20 + b'\r\n')
            except ConnectionError:
                pass
            assert b' 413 ' in connection.recv(65536)[:20]
    assert peak() - before < 50  # MB


def test_many_at_once_have_the_answers_of_one_alone(model, port):
    answers, texts = {}, [POSITIVE, 'wordca wordda', 'wordoa', 'xyzzy', 'wordea . wordoa'] * 8

    def ask(k):
        with connect(port) as connection:
            connection.sendall(request_of(texts[k]))
            answers[k] = json.loads(receive(connection).split(b'\r\n\r\n')[1].decode())

    threads = [threading.Thread(target=ask, args=(k,)) for k in range(len(texts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for k, text in enumerate(texts):
        alone, = verb.answer(model, [text], False)
        assert answers[k]['answers'][0]['label'] == alone['label']
        assert abs(answers[k]['answers'][0]['probability'] - alone['probability']) < 1e-9


def test_what_nobody_waits_for_any_more_is_not_explained(model):
    begun, free, asked = threading.Event(), threading.Event(), []

    def answer(texts, explained):
        asked.extend(texts)
        begun.set()
        assert free.wait(30)
        return [{'label': text} for text in texts]

    def explain(text):
        return request_of(text).replace(b'/predict', b'/explain')

    with running(make_app(model, answer)) as port, connect(port) as first, connect(port) as last:
        first.sendall(explain('first'))
        assert begun.wait(10)
        for _ in range(3):
            with connect(port) as gone:
                gone.sendall(explain('gone'))
                time.sleep(0.2)
        last.sendall(explain('last'))
        time.sleep(0.5)
        free.set()
        assert b'"first"' in receive(first) and b'"last"' in receive(last)
    assert asked == ['first', 'last']


def test_who_leaves_while_a_file_is_answered_leaves_nothing_behind(model, tmp_path, monkeypatch):
    monkeypatch.setattr('tempfile.tempdir', str(tmp_path))
    begun, stopped = threading.Event(), []

    def answer_file(job, options):
        begun.set()
        while True:
            time.sleep(0.01)
            try:
                job.check()
            except Exception as error:
                stopped.append(type(error).__name__)
                raise

    application = make_app(model)
    monkeypatch.setattr(verb, 'answer_file', lambda model, job, how: answer_file(job, how))
    with running(application) as port:
        with connect(port) as connection:
            connection.sendall(b'POST /table HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 3\r\n'
                               b'\r\nabc')
            assert begun.wait(10)
        end = time.monotonic() + 10
        while os.listdir(str(tmp_path)) and time.monotonic() < end:
            time.sleep(0.05)
        assert os.listdir(str(tmp_path)) == [] and stopped == ['Stopped']


def test_a_model_without_its_words_cannot_be_served(saved, tmp_path, capsys):
    import numpy
    from sentiment.data.safe_io import load_arrays
    arrays = {name: value for name, value in load_arrays(saved[0]).items() if name != 'vocabulary'}
    numpy.savez(str(tmp_path / 'bare.npz'), **arrays)
    assert main(['serve', str(tmp_path / 'bare.npz'), '--port', '0']) == 2
    assert 'vocabulary' in capsys.readouterr().err
