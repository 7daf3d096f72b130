"""However the program is started, it works or says in one line why not."""
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from sentiment import start
from sentiment.engine import NAME
from tests.helpers import QUICK, ROOT, interrupt, run_python


def run_lstm(*arguments, **keywords):
    """Run lstm.py in a process of its own; return its status and what it said on stderr."""
    done = run_python(os.path.join(ROOT, 'lstm.py'), *arguments, **keywords)
    assert 'Traceback' not in done.stderr
    return done.returncode, done.stderr


@pytest.mark.parametrize('verb', ['train', 'evaluate', 'predict', 'plot'])
@pytest.mark.parametrize('closed', [0, 1, 2])
def test_closed_streams(closed, verb, saved, tmp_path):
    (tmp_path / 'texts.txt').write_text('wordac wordad\n')
    arguments = {'train': QUICK + ['--path', saved[1], '--saveto', 'none'],
                 'evaluate': ['evaluate', saved[0]],
                 'predict': ['predict', saved[0], str(tmp_path / 'texts.txt')],
                 'plot': ['plot', saved[0], '--output', str(tmp_path / 'run.png')]}[verb]
    command = 'exec "$0" lstm.py "$@" %d>&-' % closed
    done = subprocess.run(['bash', '-c', command, sys.executable] + arguments, cwd=ROOT,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert done.returncode == 0 and b'Traceback' not in done.stderr
    assert bool(done.stdout) == (closed != 1)
    assert os.path.exists(str(tmp_path / 'run.png')) == (verb == 'plot')


@pytest.mark.parametrize('threads, said', [
    ('4,2', ''), (' 2', ''), ('', ''), ('abc', "'abc' is not a number"),
    ('0', "'0' is not a number")])
def test_numbers_of_threads(threads, said):
    done = run_python('-c', 'import lstm; from sentiment.fast import threads\n'
                      'print(threads.N_THREADS)', environment={'OMP_NUM_THREADS': threads})
    assert done.returncode == 0 and said in done.stderr and 'Traceback' not in done.stderr
    assert int(done.stdout) == {'4,2': 4, ' 2': 2}.get(threads, len(os.sched_getaffinity(0)))


def test_without_numbas_compiler_nothing_runs(saved):
    status, error = run_lstm('evaluate', saved[0], environment={'NUMBA_DISABLE_JIT': '1'})
    assert status == 2 and 'NUMBA_DISABLE_JIT' in error.splitlines()[-1]


def test_a_folder_that_is_gone(saved, tmp_path):
    gone = tmp_path / 'gone'
    gone.mkdir()
    done = subprocess.run(['bash', '-c', 'rmdir ../gone; exec "$0" "$1" evaluate "$2"',
                           sys.executable, os.path.join(ROOT, 'lstm.py'), saved[0]], cwd=str(gone),
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert done.returncode == 2 and len(done.stderr.splitlines()) == 1
    assert b'current folder' in done.stderr


def test_a_home_that_cannot_be_written(saved):
    status, error = run_lstm('evaluate', saved[0], environment={'HOME': os.devnull},
                             flags='floatX=float64')
    assert status == 2 and os.devnull + '/.' + NAME.lower() in error.splitlines()[-1]


@pytest.mark.parametrize('moment', [0.15, 0.4, 0.8])
def test_ctrl_c_while_the_program_starts(moment, saved):
    command = [sys.executable, '-X', 'importtime', 'lstm.py', 'evaluate', saved[0]]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    for line in process.stderr:
        if b'sentiment.start' in line:  # Python itself has started
            break
    time.sleep(moment)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 130 and b'Traceback' not in error


def test_a_ctrl_c_waits_for_an_import():
    done = []

    def load():
        with start.unbroken():
            done.append('again')
    with pytest.raises(KeyboardInterrupt):
        with start.unbroken():
            interrupt()
            done.append('imported')
    assert done and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    load()
    with ThreadPoolExecutor() as pool:  # whose threads no signal reaches
        pool.submit(load).result()
    assert len(done) == 3


@pytest.mark.parametrize('arguments', [['--help'], ['predict', '--help'], ['evaluate', '-h'],
                                       ['plot', '--help'], ['--version']])
def test_help_imports_no_engine(arguments):
    done = run_python('-X', 'importtime', os.path.join(ROOT, 'lstm.py'), *arguments)
    assert done.returncode == 0 and done.stdout
    imported = {line.rpartition('|')[2].strip() for line in done.stderr.splitlines()}
    assert 'numpy' in imported and not imported & {NAME.lower(), 'numba', 'requests', 'pooch'}


def test_what_only_looks_like_help_is_no_help(saved):
    status, error = run_lstm('predict', saved[0], '--', '--help')
    assert status == 2 and '--help: ' in error
