"""What the command lines share: a parser whose errors are one line, and readers of values."""
import argparse
import os
import sys


def program():
    """Return the name that the program was called by: lstm.py, or lstm-sentiment if installed."""
    name = os.path.splitext(os.path.basename(sys.argv[0]))[0]
    return name if name == 'lstm-sentiment' else 'lstm.py'


class Parser(argparse.ArgumentParser):
    """A parser whose error is one line; --help tells the rest."""

    def __init__(self, **keywords):
        super().__init__(allow_abbrev=False, **keywords)

    def error(self, message):
        self.exit(2, '%s: error: %s\n' % (self.prog, message))


def at_least(low):
    """Return a reader of whole numbers from ``low`` up, for argparse."""
    def number(text):
        if int(text) < low:
            raise argparse.ArgumentTypeError('%s is too small; at least %d' % (text, low))
        return int(text)

    return number


def not_empty(text):
    """Return an option's text; an unset variable of the shell is no path."""
    if not text:
        raise argparse.ArgumentTypeError('an empty value')
    return text


def add_reading(parser, label=True):
    """Add the options that say how a table of reviews is read."""
    parser.add_argument('--text_column', '--text-column', type=not_empty, metavar='NAME',
                        help='of a table: the column of the reviews, by its name or its number '
                             '(default: the one of a usual name)')
    if label:
        parser.add_argument('--label_column', '--label-column', type=not_empty, metavar='NAME',
                            help='of a table: the column of their classes')
    parser.add_argument('--encoding', type=not_empty, metavar='NAME',
                        help='of text that is not UTF-8, such as latin-1')


def add_cluster(parser, what):
    """Add the option that names a cluster."""
    parser.add_argument('--cluster', metavar='ADDRESS', type=not_empty,
                        help='have %s by the workers of a Dask cluster: local, one worker a core '
                             'of this machine; tcp://HOST:PORT or a scheduler file, one that runs '
                             '(docs/scale.md)' % what)
