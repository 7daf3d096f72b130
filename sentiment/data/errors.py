"""Whatever is wrong with what came from outside ends as one line that the user sees."""
import reprlib
from contextlib import contextmanager

LONGEST = 900  # characters of that line
PART = 200     # of what a file puts into it


class BadInput(Exception):
    """What came from outside cannot be used; the text is the one line that the user sees."""

    def __init__(self, text):
        super().__init__(brief(text, LONGEST))


def brief(text, longest=PART):
    """Return ``text`` on one line of printable characters, its middle left out if it is long."""
    if len(text) > longest:
        text = '%s [...] %s' % (text[:longest - 46], text[-40:])
    if text.isprintable():
        return text
    return ''.join(c if c.isprintable() else ' ' if c in '\t\n\r' else ascii(c)[1:-1]
                   for c in text)[:2 * longest]


def shown(value):
    """Return briefly what a value looks like, however large it is and whatever it refers to."""
    return brief(reprlib.repr(value))


def reason(error):
    """Return in a few words why something failed; libraries' texts run over several lines."""
    return brief(' '.join(str(error).split()) or type(error).__name__)


@contextmanager
def naming(path):
    """Turn an ``OSError`` of the block into a :class:`BadInput` that names ``path``."""
    try:
        yield
    except OSError as error:
        raise BadInput('%s: %s' % (path, error.strerror or reason(error))) from error
