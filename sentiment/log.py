"""What the program says while it works: lines on stderr, above a progress bar if there is one.

Answers go to stdout and never pass here. ``logging.getLogger('sentiment')`` is the place to change
how much is said, or where.
"""
import logging
import sys
import threading
import time
from contextlib import contextmanager
from contextvars import ContextVar, copy_context

from tqdm import tqdm

QUIET = ContextVar('quiet', default=False)  # of a thread: others may talk meanwhile
PATIENCE = 2.  # seconds before a wait is explained
KEPT = ContextVar('kept', default=None)  # of a thread: a list, where another will say it


class AboveBars(logging.Handler):
    """Writes each record as a line of its own to what ``sys.stderr`` is at the time."""

    def emit(self, record):
        if sys.stderr is not None:  # closed by whoever started the program
            tqdm.write(self.format(record), file=sys.stderr)
            sys.stderr.flush()


def is_said(record):
    """Whether a record is for the user: in quiet, warnings alone are."""
    if KEPT.get() is not None:
        KEPT.get().append((record.msg, record.getMessage()))
        return False
    return not QUIET.get() or record.levelno >= logging.WARNING


@contextmanager
def quiet(wanted=True):
    """Say nothing but warnings, and show no bar, in this thread."""
    token = QUIET.set(wanted)
    try:
        yield
    finally:
        QUIET.reset(token)


@contextmanager
def kept():
    """Keep what would be said in this thread, without a bar: give the list of (kind, line)."""
    token = KEPT.set([])
    try:
        with quiet():
            yield KEPT.get()
    finally:
        KEPT.reset(token)


def no_bar():
    """Return what tqdm is to be told as ``disable``: None, no bar in a log; True, in quiet, none.
    """
    return QUIET.get() or None


@contextmanager
def slow(doing, done):
    """Say what is being done where that takes longer than PATIENCE; and when it is done, how long
    it took.
    """
    said, started = threading.Event(), time.monotonic()

    def say():
        said.set()
        logger.info(doing)

    timer = threading.Timer(PATIENCE, copy_context().run, [say])  # as quiet as this thread
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
    if said.is_set():
        logger.info('%s; %.0f s', done, time.monotonic() - started)


logger = logging.getLogger('sentiment')
if not logger.handlers:  # a training that says nothing for minutes looks dead
    logger.addHandler(AboveBars())
    logger.setLevel(logging.INFO)
    logger.propagate = False
    logger.addFilter(is_said)
