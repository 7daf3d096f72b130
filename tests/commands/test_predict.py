"""predict: one answer for each review, in every form, whatever the review is."""
import csv
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading

import numpy
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import lstm
from sentiment import load_model, predict
from sentiment.commands import predict as room
from sentiment.commands import reading, showing
from sentiment.commands.main import main
from sentiment.data.forms import form_of
from sentiment.data.safe_io import BadInput
from tests.helpers import POSITIVE, ROOT, run_python

csv.field_size_limit(10 ** 8)  # a review of 20,000 words, explained
ODD_LINES = ['', ' ', '\x00', 'xyzzy plugh', POSITIVE, 'wordoa ' * 20000,
             '\x00\x01 wordac \x1b[31m', '\u200b', 'a\u0300' * 99, '\U0001f600\U0001f44d',
             '\u05e1\u05e8\u05d8 \u0646\u0635']


def test_models_of_other_words_cannot_be_averaged(saved, tmp_path, capsys):
    path = str(tmp_path / 'other.npz')
    lstm.train_lstm(path=saved[1], saveto=path, dim_proj=5, n_words=20, max_epochs=1)
    assert main(['predict', saved[0], '-', '--average', path]) == 2
    assert 'different words' in capsys.readouterr().err


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(data=st.binary(max_size=300))
def test_any_bytes_have_one_line_each(saved, tmp_path, capsys, data):
    (tmp_path / 'noise').write_bytes(data)
    status = main(['predict', saved[0], str(tmp_path / 'noise'), '--json'])
    out, err = capsys.readouterr()
    if form_of(data) or form_of(data, 'latin-1'):  # no prose: read as what it is, or refused
        assert status == 0 or status == 2 and err.count('lstm.py: error: ') == 1
        return
    answers = [json.loads(line) for line in out.splitlines()]
    lines = list(io.BytesIO(data))
    while lines and not lines[-1].strip():
        lines.pop()
    assert len(answers) == len(lines)
    assert status == (2 if any('problem' in answer for answer in answers) else 0)
    assert len(err.splitlines()) == (status == 2)


@pytest.mark.parametrize('form', [[], ['--json'], ['--csv'], ['--explain'],
                                  ['--explain', '--json'], ['--explain', '--csv'],
                                  ['--explain', '--states', '--json']])
def test_odd_lines_in_every_form(saved, form, tmp_path, capsys):
    (tmp_path / 'odd.txt').write_text('\n'.join(ODD_LINES) + '\n', encoding='utf-8')
    assert main(['predict', saved[0], str(tmp_path / 'odd.txt')] + form) == 2
    out, err = capsys.readouterr()
    assert '\x1b' not in out and '\x00' not in out
    assert err.startswith('lstm.py: error: ') and len(err.splitlines()) == 1
    if '--json' in form:
        answers = [json.loads(line) for line in out.splitlines()]
    elif '--csv' in form:
        answers = list(csv.DictReader(io.StringIO(out)))
        assert all(None not in answer.values() for answer in answers)  # as long as the header
    else:
        lines = [line for line in out.splitlines() if not line.startswith('    ')]
        answers = [{'label': line.split()[0]} for line in lines]
    assert len(answers) == len(ODD_LINES)
    assert answers[4]['label'] == 'positive' and answers[0]['label'] in (None, '', '-')


def test_a_pipe_is_answered_line_by_line(saved):
    process = subprocess.Popen([sys.executable, 'lstm.py', 'predict', saved[0], '-', '--json'],
                               cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    for _ in range(3):
        process.stdin.write(POSITIVE.encode() + b'\n')
        process.stdin.flush()
        assert json.loads(process.stdout.readline().decode())['label'] == 'positive'
    process.stdin.close()
    assert process.wait(60) == 0


@pytest.mark.parametrize('stop, status', [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stop_while_a_pipe_is_silent(saved, stop, status):
    process = subprocess.Popen([sys.executable, 'lstm.py', 'predict', saved[0], '-'], cwd=ROOT,
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE)
    process.stdin.write(POSITIVE.encode() + b'\n')
    process.stdin.flush()
    assert process.stdout.readline().startswith(b'positive')
    process.send_signal(stop)
    assert process.wait(60) == status
    assert not re.search(b'Fatal|Traceback', process.stderr.read())  # Theano warns there
    process.stdin.close()


def test_standard_input_can_be_one_review(saved):
    done = run_python('lstm.py', 'predict', saved[0], '-', '--whole', input=b'wordac\nwordbm\n')
    assert done.returncode == 0 and len(done.stdout.splitlines()) == 1


def test_words_do_not_command_the_terminal(saved, capsys, tmp_path):
    (tmp_path / 'odd.txt').write_bytes('wordac \x9b31m \u202e wordbm \x7f'.encode())
    assert main(['predict', saved[0], str(tmp_path / 'odd.txt'), '--explain']) == 0
    assert all(line.isprintable() for line in capsys.readouterr().out.splitlines())


def test_a_reader_that_has_had_enough(saved, tmp_path):
    (tmp_path / 'many.txt').write_text('wordaa wordab\n' * 20000)
    process = subprocess.Popen([sys.executable, 'lstm.py', 'predict', saved[0],
                                str(tmp_path / 'many.txt')], cwd=ROOT, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE)
    process.stdout.readline()
    process.stdout.close()
    assert b'rror' not in process.stderr.read() and process.wait(60) == 141


def test_files_and_folders(saved, tmp_path, capsys):
    for name in ('test/pos/1.txt', 'test/neg/2.txt', 'test/neg/readme.md'):
        os.makedirs(str((tmp_path / 'raw' / name).parent), exist_ok=True)
        (tmp_path / 'raw' / name).write_text('wordac\nwordad')
    assert main(['predict', saved[0], str(tmp_path / 'raw'), '--csv']) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [os.path.basename(row['source']) for row in rows] == ['2.txt', '1.txt']
    one = str(tmp_path / 'raw' / 'test' / 'pos' / '1.txt')
    main(['predict', saved[0], one, '--whole'])
    assert len(capsys.readouterr().out.splitlines()) == 1
    main(['predict', saved[0], one])
    assert len(capsys.readouterr().out.splitlines()) == 2
    for wrong in (str(tmp_path / 'nothing'), os.devnull + '/x', str(tmp_path)):
        os.makedirs(str(tmp_path / 'empty'), exist_ok=True)
        wrong = wrong if wrong != str(tmp_path) else str(tmp_path / 'empty')
        assert main(['predict', saved[0], wrong]) == 2
        assert len(capsys.readouterr().err.splitlines()) == 1


def test_colours_and_marks():
    words = [['good', 2.], ['a', 0.1], ['bad', -1.]]
    answer = {'label': 'positive', 'probability': 0.7, 'text': 'Good', 'words': words,
              'explained': 'by word'}
    assert room.as_text(answer).endswith('good(+2.00) a bad(-1.00)')
    assert room.colourful(answer).endswith('\x1b[32mgood(+2.00)\x1b[0m a \x1b[31mbad(-1.00)\x1b[0m')
    ngrams = dict(answer, explained='by n-gram', words=[['a', 0.1], ['not bad', -1.], ['good', 2.]])
    assert room.as_text(ngrams).endswith('    "good"(+2.00) "not bad"(-1.00)')


# --- What is read -----------------------------------------------------------------------------


def ask(saved, capsys, *arguments):
    """Return (status, answers, lines of stderr) of a predict --json."""
    status = main(['predict', saved[0]] + list(map(str, arguments)) + ['--json'])
    out, err = capsys.readouterr()
    return status, [json.loads(line) for line in out.splitlines()], err.splitlines()


def test_options_may_stand_anywhere(saved, tmp_path, capsys):
    (tmp_path / 'one.txt').write_text('wordoa\n')
    one, forms = str(tmp_path / 'one.txt'), []
    for arguments in ([saved[0], '--json', one], ['--json', saved[0], one],
                      [saved[0], one, '--json'], [saved[0], one, '--json', '--average', saved[0]],
                      [saved[0], '--json', one, '--whole', one]):
        assert main(['predict'] + arguments) == 0
        forms.append([json.loads(line)['label'] for line in capsys.readouterr().out.splitlines()])
    assert forms == [['positive']] * 4 + [['positive'] * 2]
    assert main(['evaluate', '--json', saved[0], '--test_size', '3']) == 0
    with pytest.raises(SystemExit) as caught:
        main(['predict', saved[0], '--states', one])
    assert caught.value.code == 2 and '--explain' in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize('text, lines', [
    (b'wordoa\n\n', [1]), (b'wordoa\n\n \n\r\n\n', [1]), (b'wordoa\n\n\nwordpa', [1, 2, 3, 4]),
    (b'\nwordoa\n', [1, 2]), (b'\n\n', []), (b'', []), (b'wordoa\r\nwordpa\r\n\r\n', [1, 2])])
def test_blank_lines_at_the_end_are_no_reviews(saved, tmp_path, capsys, text, lines):
    (tmp_path / 'texts').write_bytes(text)
    status, answers, _ = ask(saved, capsys, tmp_path / 'texts')
    assert [int(answer['source'].rpartition(':')[2]) for answer in answers] == lines
    assert [answer['text'] for answer in answers] == [
        line.decode().strip() for line in text.splitlines()[:len(lines)]]
    assert status == (2 if any('problem' in answer for answer in answers) else 0)


@pytest.mark.parametrize('text', [
    b'id,text,label\n1,"A fine film",1\n2,"A poor film",0\n',
    b'text\tlabel\nA fine film\t1\nA poor film\t0\n', b'__label__pos a fine film\n' * 3,
    b'{"text": "A fine film", "label": 1}\n' * 3, b'PAR1' + bytes(99), b'%PDF-1.7'])
def test_a_table_is_no_review_as_a_whole(saved, tmp_path, capsys, text):
    (tmp_path / 'data.txt').write_bytes(text)
    assert main(['predict', saved[0], str(tmp_path / 'data.txt'), '--whole']) == 2
    out, err = capsys.readouterr()
    assert not out and err.count('\n') == 1 and 'data.txt: looks like ' in err


@pytest.mark.parametrize('text', [b'PAR1' + bytes(99), b'PK\x03\x04' + bytes(99), b'%PDF-1.7',
                                  b'\x1f\x8b\x08' + bytes(99), b'PK\x03\x04[Content_Types].xml'])
def test_what_cannot_be_read_is_one_line(saved, tmp_path, capsys, text):
    (tmp_path / 'data.txt').write_bytes(text)
    assert main(['predict', saved[0], str(tmp_path / 'data.txt')]) == 2
    out, err = capsys.readouterr()
    assert not out and err.count('\n') == 1 and 'data.txt' in err


def test_a_table_in_a_pipe_is_answered_by_a_table(saved):
    done = run_python('lstm.py', 'predict', saved[0], input=b'text,label\nwordoa,1\n')
    assert done.returncode == 0 and done.stdout.decode().splitlines()[0] == (
        'text,label_given,label,probability_negative,probability_positive,unknown_words')
    assert done.stdout.decode().splitlines()[1].startswith('wordoa,1,positive,0.')
    assert b'-: its column label is now label_given' in done.stderr


@pytest.mark.skipif(not os.path.exists('/dev/zero'), reason='needs a device without an end')
def test_what_has_no_end_is_refused(saved, tmp_path):
    with open('/dev/zero', 'rb') as zero:
        done = run_python('lstm.py', 'predict', saved[0], '-', stdin=zero)
    assert done.returncode == 2 and done.stderr.count('lstm.py: error: -: not a regular file') == 1
    for more in ([], ['--whole']):
        assert main(['predict', saved[0], '/dev/zero'] + more) == 2


def test_a_folder_as_standard_input_is_one_line(saved, tmp_path, monkeypatch, capsys):
    class Folder:  # which Python itself refuses when it starts
        def fileno(self):
            return folder

    folder = os.open(str(tmp_path), os.O_RDONLY)
    monkeypatch.setattr(sys, 'stdin', Folder())
    assert main(['predict', saved[0], '-']) == 2
    os.close(folder)
    assert '-: not a regular file but a folder' in capsys.readouterr().err
    assert main(['predict', saved[0], '-']) == 2  # nothing any more
    assert capsys.readouterr().err.count('\n') == 1


@pytest.mark.skipif(not hasattr(os, 'mkfifo'), reason='needs pipes with names')
@pytest.mark.parametrize('more', [[], ['--whole']])
def test_a_named_pipe_is_read(saved, tmp_path, more):
    fifo = str(tmp_path / 'fifo')
    os.mkfifo(fifo)
    process = subprocess.Popen([sys.executable, 'lstm.py', 'predict', saved[0], fifo] + more,
                               cwd=ROOT, stdout=subprocess.PIPE)
    with open(fifo, 'wb') as file:
        file.write(POSITIVE.encode() + b'\n')
    assert process.communicate(timeout=60)[0].startswith(b'positive') and process.returncode == 0


@pytest.mark.parametrize('close', ['<&-', '2>&-', '>&-', '>&- 2>&-'])
def test_streams_that_are_closed(saved, tmp_path, close):
    (tmp_path / 'one.txt').write_text('wordoa\n')
    done = subprocess.run(
        ['bash', '-c', 'exec "$0" lstm.py predict "$1" "$2" ' + close, sys.executable, saved[0],
         '-' if close == '<&-' else str(tmp_path / 'one.txt')],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert b'Traceback' not in done.stderr
    if close == '<&-':
        assert done.returncode == 2 and b'-: standard input is closed' in done.stderr
    if close == '2>&-':
        assert done.returncode == 0 and done.stdout.startswith(b'positive')


def test_streams_that_are_none(saved, tmp_path, monkeypatch, capsys):
    (tmp_path / 'one.txt').write_text('wordoa\n')
    for stream in ('stderr', 'stdout'):
        monkeypatch.setattr(sys, stream, None)
        room.predict([saved[0], str(tmp_path / 'one.txt'), '--explain'])
        monkeypatch.undo()
    assert capsys.readouterr().out.startswith('positive')


def test_much_is_not_read_ahead(monkeypatch):
    monkeypatch.setattr(reading, 'CHUNK_BYTES', 10)
    items = [reading.Item(str(k), 'text', None, 4) for k in range(50)]
    chunks = list(reading.gather(iter(items)))
    assert sum(chunks, []) == items and max(map(len, chunks)) <= 3


def test_the_first_item_waits_for_what_comes_right_behind_it(monkeypatch):
    monkeypatch.setattr(reading, 'LINGER', 60.)  # which ends where the items do
    items = [reading.Item(str(k), 'text', None, 4) for k in range(50)]
    assert list(reading.gather(iter(items))) in ([items, []], [[], items, []])
    monkeypatch.setattr(reading, 'LINGER', 0.)
    come = threading.Event()
    slow = reading.gather(item for item in items if item is items[0] or come.wait())
    first = next(chunk for chunk in slow if chunk)
    come.set()
    assert first + sum(slow, []) == items and first == items[:1]


def test_the_next_chunk_is_begun_before_the_last_is_answered():
    begun = []
    chunks = reading.ahead(iter([[1], [2], [], [3]]), lambda chunk: begun.append(chunk) or chunk)
    next(chunks)
    assert begun == [[1], [2]]
    next(chunks)
    assert begun == [[1], [2]]  # a slow stream's third chunk is not waited for
    assert list(chunks) == [([3], [3])]


def test_a_line_without_an_end(monkeypatch):
    monkeypatch.setattr(reading, 'MAX_BYTES', 10 ** 7)
    line, size = reading.read_line('-', io.BytesIO(b'a' * 5 * 10 ** 6 + b'\nb'))
    assert size == 5 * 10 ** 6 + 1 and reading.MAX_REVIEW_BYTES < len(line) < 2 ** 21
    with pytest.raises(BadInput, match='a line of more than'):
        reading.read_line('-', io.BytesIO(b'a' * 10 ** 7 + b'b'))


def test_what_is_no_review_in_a_folder_is_counted(saved, tmp_path, capsys):
    for name in ('1.txt', '2.TXT', 'three'):
        (tmp_path / name).write_text('wordoa')
    status, answers, err = ask(saved, capsys, tmp_path)
    assert status == 0 and len(answers) == 1
    assert len(err) == 1 and 'left out: 2 files that do not end in .txt, such as' in err[0]


# --- What is shown ----------------------------------------------------------------------------


def test_machines_get_the_whole_text_and_every_class(saved, model, tmp_path, capsys):
    text = ' '.join(['wordoa wordca xyzzy'] * 40)
    (tmp_path / 'long.txt').write_text(text + '\n')
    right, = predict(model, [text])
    _, (answer,), _ = ask(saved, capsys, tmp_path / 'long.txt')
    assert list(answer) == ['source', 'label', 'probability', 'probabilities', 'unknown_words',
                            'text']
    assert answer['text'] == text and answer['unknown_words'] == 1 / 3
    assert list(answer['probabilities']) == ['negative', 'positive']
    numpy.testing.assert_allclose(list(answer['probabilities'].values()), right)
    assert answer['probability'] == max(answer['probabilities'].values())
    main(['predict', saved[0], str(tmp_path / 'long.txt'), '--csv'])
    row, = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert list(row) == ['source', 'label', 'probability', 'probability_negative',
                         'probability_positive', 'unknown_words', 'text']
    assert row['text'] == text and float(row['unknown_words']) == 1 / 3
    assert float(row['probability_positive']) == answer['probabilities']['positive']


def test_a_text_of_several_lines_in_csv(saved, tmp_path, capsys):
    (tmp_path / 'one.txt').write_bytes(b'wordoa\r\nwordpa "quoted", \x1b[31m\n')
    main(['predict', saved[0], str(tmp_path / 'one.txt'), '--whole', '--csv'])
    row, = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert row['text'] == 'wordoa\nwordpa "quoted",  [31m\n'


def test_unknown_words_are_marked(saved, tmp_path, capsys):
    (tmp_path / 'texts.txt').write_text('xyzzy plugh\nwordoa xyzzy plugh\nwordoa xyzzy\n')
    _, answers, _ = ask(saved, capsys, tmp_path / 'texts.txt')
    shares = load_model(saved[0]).saved.get('class_shares', numpy.array([0.5, 0.5]))
    assert [answer['unknown_words'] for answer in answers] == [1, 2 / 3, 0.5]
    assert list(answers[0]['probabilities'].values()) == pytest.approx(shares)
    assert answers[0]['note'].startswith('no known word') and 'note' not in answers[1]
    main(['predict', saved[0], str(tmp_path / 'texts.txt')])
    lines = capsys.readouterr().out.splitlines()
    assert '[no known word' in lines[0] and lines[1].endswith(' [67 % unknown words]')
    assert lines[2].endswith('wordoa xyzzy')


ANSWER = {'label': 'positive', 'probability': 0.7, 'unknown_words': 0.6, 'text': 'wordoa ' * 50}


@pytest.mark.parametrize('width', [40, 50, 80, 200])
@pytest.mark.parametrize('change', [
    {}, {'unknown_words': 1., 'note': 'no known word; equal shares'}, {'unknown_words': 0.},
    {'text': '\u8fd9\u90e8\u7535\u5f71' * 50}, {'problem': 'a review of more than 1048576 bytes'},
    {'words': [['wordoa', 1.], ['xyzzy', -0.1], ['a' * 99, -2.]] * 9, 'explained': 'by sentence'}])
def test_lines_are_as_wide_as_the_terminal(width, change):
    answer = dict(ANSWER, **change)
    lines = re.sub('\x1b.*?m', '', room.colourful(answer, width=width)).splitlines()
    assert max(map(showing.width_of, lines)) <= width
    assert lines[0].split()[0] == ('-' if 'problem' in change else 'positive')
    if width >= 80 and 'problem' not in change and not lines[1:]:
        assert len(lines[0]) >= 40


def test_long_texts_are_explained_by_sentence(saved, tmp_path, capsys):
    (tmp_path / 'long.txt').write_text('wordoa wordca . ' * 120 + '\nwordoa\n')
    _, answers, err = ask(saved, capsys, tmp_path / 'long.txt', '--explain')
    assert [answer['explained'] for answer in answers] == ['by sentence', 'by word'] and not err
    assert len(answers[0]['words']) == 360
    _, answers, _ = ask(saved, capsys, tmp_path / 'long.txt', '--states', '--explain')
    assert [answer['explained'] for answer in answers] == ['by state'] * 2


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self):
        return True


@pytest.mark.parametrize('answers_too', [True, False])
def test_a_terminal_has_one_bar_or_none(saved, tmp_path, monkeypatch, answers_too):
    (tmp_path / 'many.txt').write_text('wordoa wordpa\n' * 500)
    monkeypatch.setattr(reading, 'CHUNK', 100)
    streams = {'stderr': Terminal(), 'stdout': Terminal() if answers_too else io.StringIO()}
    for name, stream in streams.items():
        monkeypatch.setattr(sys, name, stream)
    room.predict([saved[0], str(tmp_path / 'many.txt')])
    monkeypatch.undo()
    shown = streams['stderr'].getvalue()
    assert 'Tokenizing' not in shown and '?' not in shown and 'batch' not in shown
    assert bool(shown) == (not answers_too)
    assert len(streams['stdout'].getvalue().splitlines()) == 500


def test_a_terminal_of_40_columns(saved, tmp_path, monkeypatch):
    (tmp_path / 'one.txt').write_text('wordoa wordpa xyzzy ' * 9 + '\n')
    monkeypatch.setattr(shutil, 'get_terminal_size', lambda *_: os.terminal_size((40, 24)))
    monkeypatch.setattr(sys, 'stdout', Terminal())
    room.predict([saved[0], str(tmp_path / 'one.txt'), '--explain'])
    shown = sys.stdout.getvalue()
    monkeypatch.undo()
    assert '\x1b[32m' in shown and '(+' in shown
    assert max(map(len, re.sub('\x1b.*?m', '', shown).splitlines())) <= 40


# --- What it computes in ----------------------------------------------------------------------

PRINT_TYPE = '; '.join([
    'from sentiment.commands.common import load, verb_parser', 'from sentiment import engine',
    'model = load(verb_parser("x", "x").parse_args(%r))',
    'print(engine.config.floatX, model.params["Wemb"].dtype)'])


@pytest.mark.parametrize('flags, kinds, computed', [
    ('', ['float32'], 'float32'), ('', ['float64'], 'float64'),
    ('', ['float32', 'float64'], 'float64'), ('floatX=float64', ['float32'], 'float64'),
    ('floatX=float32', ['float64'], 'float32')])
def test_models_compute_in_the_type_they_were_saved_in(model, tmp_path, flags, kinds, computed):
    arguments = []
    for kind in kinds:
        path = str(tmp_path / (kind + '.npz'))
        numpy.savez(path, **dict(model.saved, Wemb=model.saved['Wemb'].astype(kind)))
        arguments += ['--average'] * bool(arguments) + [path]
    done = run_python('-c', PRINT_TYPE % arguments, flags=flags)
    if len(kinds) == 1:
        assert done.stdout.split() == [computed, computed], done.stderr
    else:
        done = run_python('lstm.py', 'predict', *arguments, input=b'wordoa', flags=flags)
        assert done.returncode == 0 and done.stdout.startswith(b'positive'), done.stderr
