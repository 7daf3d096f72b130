"""All of the command line: which verb, and how what goes wrong becomes a line and a status."""
import errno
import importlib
import os
import signal
import sys

from sentiment.data.safe_io import BadInput
from sentiment.parser import program

# each a file here, and a function in it, of that name
VERBS = ('evaluate', 'predict', 'plot', 'report', 'serve', 'export', 'sweep')


def stop_on_sigterm(signum, frame):
    """Leave as Ctrl-C does, with the status that shells give to a terminated process."""
    raise SystemExit(128 + signum)


def main(argv=None):
    """Do what the command line says; return the exit status."""
    arguments = sys.argv[1:] if argv is None else argv
    verb = arguments[0] if arguments and arguments[0] in VERBS else 'train'
    signal.signal(signal.SIGTERM, stop_on_sigterm)
    if hasattr(sys.stdout, 'reconfigure'):  # a letter that the terminal does not know is no failure
        sys.stdout.reconfigure(errors='backslashreplace')
    signal.signal(signal.SIGINT, signal.default_int_handler)  # which the imports went without
    try:
        run = getattr(importlib.import_module('sentiment.commands.' + verb), verb)
        run(arguments[verb != 'train':])
        sys.stdout.flush()
    except BadInput as error:
        return fail(error)
    except MemoryError:
        return fail('there is not enough memory for sizes such as these')
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except BrokenPipeError:  # the reader, such as head, has had enough
        forget_output()
        return 128 + signal.SIGPIPE
    except OSError as error:
        if error.errno != errno.ENOSPC:
            return fail(' '.join(str(error).split()))
        forget_output()
        return fail('the output cannot be written: %s' % error.strerror)
    return 0


def fail(reason):
    """Say in one line why the command could not be done; return the exit status for that."""
    print('%s: error: %s' % (program(), reason), file=sys.stderr)
    return 2


def forget_output():
    """Let what could not be printed vanish, or Python would try once more at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
