"""What an update needs last is compiled by a second process, while this one compiles the rest.

Numba compiles one function at a time, however many threads there are; but what one process has
compiled, others find in its cache.
"""
import os
import subprocess
import sys
from contextlib import suppress

from sentiment.fast.threads import N_THREADS

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CODE = 'import sys; sys.path.insert(0, %r); from %s import %s as f; f(*%r)'
PATIENCE = 60  # seconds
running = []  # such processes


def is_cached(kernel):
    """Whether a compiled function has been compiled before; perhaps for other types."""
    folder, module = kernel.stats.cache_path, kernel.py_func.__module__.split('.')[-1]
    start = '%s.%s-' % (module, kernel.__name__)
    return folder is None or os.path.isdir(folder) and any(
        name.startswith(start) and name.endswith('.nbi') for name in os.listdir(folder))


def begin(kernels, f, *arguments):
    """Let another process call f(*arguments), which shall compile the kernels, where these are not
    in the cache and there is a processor for it.
    """
    if N_THREADS > 1 and sys.executable and not running and not all(map(is_cached, kernels)):
        code = CODE % (ROOT, f.__module__, f.__name__, arguments)
        # in a session of its own, where no Ctrl-C reaches it: it ends by itself
        with suppress(OSError):  # there may be too many processes, or too little memory
            running.append(subprocess.Popen(
                [sys.executable, '-c', code], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL, start_new_session=True))


def wait():
    """Wait until all that was begun is compiled; if it fails, or hangs, it is compiled here."""
    for process in running[:]:
        with suppress(subprocess.TimeoutExpired):
            process.wait(PATIENCE)
    running.clear()
