"""What the program says while it works: lines on stderr, above a progress bar if there is one.

Answers go to stdout and never pass here. ``logging.getLogger('sentiment')`` is the place to change
how much is said, or where.
"""
import logging
import sys

from tqdm import tqdm


class AboveBars(logging.Handler):
    """Writes each record as a line of its own to what ``sys.stderr`` is at the time."""

    def emit(self, record):
        if sys.stderr is not None:  # closed by whoever started the program
            tqdm.write(self.format(record), file=sys.stderr)
            sys.stderr.flush()


logger = logging.getLogger('sentiment')
if not logger.handlers:  # a training that says nothing for minutes looks dead
    logger.addHandler(AboveBars())
    logger.setLevel(logging.INFO)
    logger.propagate = False
