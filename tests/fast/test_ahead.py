"""What is compiled ahead is what a training then finds in numba's cache."""
import os
import signal
import sys
import time

import pytest

from sentiment import fast
from tests.helpers import run_python, write_toy_pickle

if not fast.AVAILABLE:
    pytest.skip('this engine runs none of our own', allow_module_level=True)

from sentiment.fast import ahead  # noqa: E402

AHEAD = """
import sys
from sentiment.fast import ahead, updates
ahead.N_THREADS = 2
updates.compile_ahead(sys.argv[1], sys.argv[2] != '0')
process, = ahead.running
assert process.stdout.read() == b'.' and process.wait() == 0
"""
TRAIN = """
import sys, lstm
from sentiment.fast import ahead, layer, ngrams, rows, updates
ahead.begin = lambda *arguments: None
lstm.train_lstm(path=sys.argv[1], saveto=None, dim_proj=3, n_words=30, max_epochs=1, test_size=2,
                optimizer=lstm.optimizers[sys.argv[2]], ngrams=int(sys.argv[3]) or None)
kernels = [layer.read_back, layer.project_back, layer.add_up, layer.project, layer.read]
kernels += [ngrams.enter, ngrams.find, rows.add_rows] * int(sys.argv[3])
for kernel in kernels + [updates.KERNELS[sys.argv[2]]]:
    assert kernel.stats.cache_hits and not kernel.stats.cache_misses, kernel
    assert ahead.is_cached(kernel)
"""


@pytest.mark.parametrize('optimizer, ngrams', [('adadelta', '0'), ('adagrad', '1')])
def test_a_training_compiles_nothing_that_was_compiled_ahead(optimizer, ngrams, tmp_path):
    apart = {'environment': {'NUMBA_CACHE_DIR': str(tmp_path / 'cache')}, 'flags': 'floatX=float32'}
    for arguments in ([AHEAD, optimizer, ngrams],
                      [TRAIN, write_toy_pickle(tmp_path / 'imdb.pkl'), optimizer, ngrams]):
        done = run_python('-c', *arguments, **apart)
        assert done.returncode == 0, done.stderr


# --- Whether a process is begun ---------------------------------------------------------------


END = '.py%d%d.nbi' % sys.version_info[:2]


class Kernel:
    """A compiled function, as far as is looked at here."""

    __name__ = 'f'
    py_func = staticmethod(lambda: None)

    def __init__(self, folder):
        self.stats = type('Stats', (), {'cache_path': str(folder)})


@pytest.fixture
def kernel(tmp_path, monkeypatch):
    """A kernel that is not in the cache, where there are several processors."""
    monkeypatch.setattr(ahead, 'N_THREADS', 2)
    monkeypatch.setattr(ahead, 'running', [])
    return Kernel(tmp_path)


def count_begun(kernel):
    """Return how many processes are begun for a kernel, when all have ended."""
    ahead.begin([kernel], ahead.is_cached, kernel)
    begun = len(ahead.running)
    ahead.wait()
    assert not ahead.running
    return begun


def test_one_is_begun_for_what_is_not_in_the_cache(kernel, tmp_path):
    (tmp_path / ('another.f-7' + END)).touch()
    (tmp_path / 'test_ahead.f-7.py999.nbi').touch()
    assert count_begun(kernel) == 1
    (tmp_path / ('test_ahead.f-7' + END)).touch()
    assert count_begun(kernel) == 0


def test_none_is_begun_where_one_runs_or_there_is_no_processor(kernel, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(ahead, 'N_THREADS', 1)
        assert count_begun(kernel) == 0
    ahead.begin([kernel], ahead.is_cached, kernel)
    ahead.begin([kernel], ahead.is_cached, kernel)
    assert len(ahead.running) == 1
    ahead.wait()


def test_one_that_hangs_holds_nobody_up(kernel, monkeypatch):
    monkeypatch.setattr(ahead, 'CODE', 'import time; time.sleep(600)  # %r %s %s %r')
    ahead.begin([kernel], ahead.is_cached, kernel)
    process, = ahead.running
    ahead.wait(0)
    assert process.returncode and not ahead.running


def test_one_is_waited_for_until_it_is_ready(kernel, monkeypatch):
    code = 'import time; print(end=".", flush=True); time.sleep(600)  # %r %s %s %r'
    monkeypatch.setattr(ahead, 'CODE', code)
    ahead.begin([kernel], ahead.is_cached, kernel)
    process, = ahead.running
    ahead.wait(600)  # a test takes 300 at most
    assert process.returncode and not ahead.running


@pytest.mark.skipif(not hasattr(os, 'fork'), reason='no process forks here')
def test_a_forked_process_waits_for_none(kernel):
    ahead.begin([kernel], ahead.is_cached, kernel)
    pid = os.fork()
    if not pid:
        os._exit(len(ahead.running))
    assert os.waitpid(pid, 0)[1] == 0 and len(ahead.running) == 1
    ahead.wait()


LEFT_BEHIND = """
import os, signal, time
from sentiment.fast import ahead
ahead.N_THREADS = 2
ahead.is_cached = lambda kernel: False
ahead.CODE = ahead.CODE.replace('gc.disable()', 'print(flush=True); import time; time.sleep(600)')
ahead.begin([None], time.sleep, 0)
process, = ahead.running
process.stdout.read(1)
with ahead.paused():
    print(process.pid, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(not ahead.DIES_WITH_US, reason='none is paused here')
def test_one_that_pauses_ends_with_us():
    pid = int(run_python('-c', LEFT_BEHIND).stdout)
    for _ in range(1000):
        try:
            with open('/proc/%d/stat' % pid) as file:
                if file.read().split(') ')[1][0] == 'Z':  # ended, and nobody has asked how
                    return
        except OSError:  # it is gone
            return
        time.sleep(0.01)
    os.kill(pid, signal.SIGKILL)
    raise AssertionError('it is left behind')


@pytest.mark.skipif(not ahead.DIES_WITH_US, reason='none is paused here')
def test_one_pauses_and_goes_on(kernel, monkeypatch):
    monkeypatch.setattr(ahead, 'CODE', 'import time; time.sleep(600)  # %r %s %s %r')
    ahead.begin([kernel], ahead.is_cached, kernel)
    process, = ahead.running
    with ahead.paused():
        assert os.WIFSTOPPED(os.waitpid(process.pid, os.WUNTRACED)[1])
    assert os.WIFCONTINUED(os.waitpid(process.pid, os.WCONTINUED)[1])
    ahead.wait(0)
