"""How a program starts: with streams to write to, and a Ctrl-C that is no traceback.

The imports that follow take a second or more.
"""
import atexit
import gc
import importlib
import os
import signal
import sys
import threading
import types
from contextlib import contextmanager


def leave(signum, frame):
    """End at once, with the status that shells give to a process that a signal ended."""
    os._exit(128 + signum)


def fill_closed_streams():
    """Stand in for standard streams that are closed: the next file opened would take their place.

    ``sys.stdin`` stays None, as reading from it is an error.
    """
    for number, name in enumerate(('stdin', 'stdout', 'stderr')):
        if getattr(sys, name) is None:
            null = os.open(os.devnull, os.O_RDWR)  # the lowest number that is free
            if null != number:
                os.dup2(null, number)
                os.close(null)
            if number:
                setattr(sys, name, open(number, 'w', closefd=False))


def asks_for_help(arguments):
    """Whether one of them asks to print something and leave, which argparse will do."""
    options = arguments[:arguments.index('--')] if '--' in arguments else arguments
    return bool({'-h', '--help', '--version'} & set(options))


def do_without_engine():
    """Let every name of the engine be None: it takes a second to load, and no help calls it."""
    hollow = types.ModuleType('sentiment.engine')
    hollow.__getattr__ = lambda name: None
    sys.modules[hollow.__name__] = hollow


def prepare():
    """Let Ctrl-C end the program without a word until :func:`main` takes over; fill the streams."""
    signal.signal(signal.SIGINT, leave)
    gc.disable()  # what is imported stays: see main
    atexit.register(gc.freeze)  # nobody waits for a search in what the system takes back anyway
    fill_closed_streams()
    try:
        os.getcwd()
    except OSError as error:  # which libraries ask for as they are imported
        print('error: the current folder cannot be used: %s' % error.strerror, file=sys.stderr)
        sys.exit(2)
    if asks_for_help(sys.argv[1:]) and 'sentiment.engine' not in sys.modules:
        do_without_engine()


@contextmanager
def unbroken():
    """Let a Ctrl-C wait for the end of the block: an import that it breaks may fail otherwise."""
    handler, came = signal.getsignal(signal.SIGINT), []
    if not callable(handler) or threading.current_thread() is not threading.main_thread():
        yield
        return
    signal.signal(signal.SIGINT, lambda *arguments: came.append(arguments))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
    if came:
        handler(*came[0])


def main(room='commands'):
    """Run the command line of a room, found by name: what is below imports nothing from above."""
    prepare()
    module = importlib.import_module('sentiment.%s.main' % room)
    gc.freeze()  # and is not searched for what nobody refers to
    gc.enable()
    return module.main()
