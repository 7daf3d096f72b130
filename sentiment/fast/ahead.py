"""What an update needs last is compiled by a second process, while this one compiles the rest.

Numba compiles one function at a time, however many threads there are; but what one process has
compiled, others find in its cache.
"""
import atexit
import os
import subprocess
import sys
from contextlib import suppress

from sentiment.fast.threads import N_THREADS

CODE = 'import sys; sys.path[:] = %r; from %s import %s as f; f(*%r)'
PATIENCE = 60  # seconds
running = []  # such processes


def is_cached(kernel):
    """Whether numba has a file of a compiled function: of whatever types, perhaps out of date."""
    folder, module = kernel.stats.cache_path, kernel.py_func.__module__.split('.')[-1]
    start, end = '%s.%s-' % (module, kernel.__name__), '.py%d%d.nbi' % sys.version_info[:2]
    return folder is None or os.path.isdir(folder) and any(
        name.startswith(start) and name.endswith(end) for name in os.listdir(folder))


def begin(kernels, f, *arguments):
    """Let another process call f(*arguments), which shall compile the kernels, where these are not
    in the cache and there is a processor for it.
    """
    if N_THREADS > 1 and sys.executable and not running and not all(map(is_cached, kernels)):
        path = [folder for folder in sys.path if folder] + [os.getcwd()] * ('' in sys.path)
        code = CODE % (path, f.__module__, f.__name__, arguments)
        with suppress(OSError):  # there may be too many processes, or too little memory
            running.append(subprocess.Popen(  # in a session of its own, where no Ctrl-C reaches it
                [sys.executable, '-c', code], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL, start_new_session=True))


def wait(patience=PATIENCE):
    """Wait until all that was begun is compiled; if it fails, or hangs, it is compiled here."""
    for process in running[:]:
        with suppress(subprocess.TimeoutExpired):
            process.wait(patience)
        with suppress(OSError):
            process.kill()  # if it still runs
        process.wait()
    running.clear()


atexit.register(wait, 0)  # nobody needs it any more
