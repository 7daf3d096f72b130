"""What an update needs last is compiled by a second process, while this one does the rest.

Numba compiles one function at a time, however many threads there are; but what one process has
compiled, others find in its cache. The second process goes on with what this one needs first, for
this one may still be reading data.
"""
import atexit
import os
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager, suppress

from sentiment.fast.threads import N_THREADS

CODE = 'import gc, sys; gc.disable(); sys.path[:] = %r; from %s import %s as f; f(*%r)'
DIES_WITH_US = sys.platform == 'linux'  # where the system kills it when we have ended
if DIES_WITH_US:
    CODE = 'import ctypes; ctypes.CDLL(None).prctl(1, 9); ' + CODE  # PR_SET_PDEATHSIG, SIGKILL
PATIENCE = 60  # seconds
running = []  # such processes


def is_cached(kernel):
    """Whether numba has a file of a compiled function: of whatever types, perhaps out of date."""
    folder, module = kernel.stats.cache_path, kernel.py_func.__module__.split('.')[-1]
    start, end = '%s.%s-' % (module, kernel.__name__), '.py%d%d.nbi' % sys.version_info[:2]
    return folder is None or os.path.isdir(folder) and any(
        name.startswith(start) and name.endswith(end) for name in os.listdir(folder))


def begin(kernels, f, *arguments):
    """Let another process call f(*arguments), which shall compile the kernels and then say so by
    :func:`say_ready`, where these are not in the cache and there is a processor for it.
    """
    if N_THREADS > 1 and sys.executable and not running and not all(map(is_cached, kernels)):
        path = [folder for folder in sys.path if folder] + [os.getcwd()] * ('' in sys.path)
        code = CODE % (path, f.__module__, f.__name__, arguments)
        with suppress(OSError):  # there may be too many processes, or too little memory
            running.append(subprocess.Popen(  # in a session of its own, where no Ctrl-C reaches it
                [sys.executable, '-c', code], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL, start_new_session=True))


def say_ready():
    """Say that what is waited for is compiled; called in the second process."""
    print(end='.', flush=True)


@contextmanager
def paused():
    """Stop what was begun, where it cannot be left behind so, and let it go on afterwards: beside a
    busy processor a singular value decomposition by several threads takes seconds.
    """
    def tell(name):
        for process in running if DIES_WITH_US else ():
            with suppress(OSError):  # it has ended
                process.send_signal(getattr(signal, name))

    try:
        tell('SIGSTOP')
        yield
    finally:
        tell('SIGCONT')


def wait(patience=PATIENCE):
    """Wait until all that was begun is ready, and end it; if it fails, or hangs, what is not
    compiled is compiled here.
    """
    for process in running[:]:
        listener = threading.Thread(target=process.stdout.read, args=(1,), daemon=True)
        with suppress(RuntimeError):  # there may be too many threads
            listener.start()
            listener.join(patience)
    end()


def end():
    """End what was begun: nobody needs it any more."""
    while running:
        with suppress(IndexError):  # another thread was first
            process = running.pop()
            with suppress(OSError):
                process.kill()  # if it still runs
            process.wait()
            process.stdout.close()


atexit.register(end)
if hasattr(os, 'register_at_fork'):
    os.register_at_fork(after_in_child=lambda: running.clear())  # they are not its own
