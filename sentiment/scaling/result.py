"""What becomes of one item, wherever it is done: light, as the scheduler imports it too."""
from collections import namedtuple

from sentiment.data.errors import BadInput
from sentiment.log import kept

# answer: of the work; problem: the line that says why there is none; notes: what was said meanwhile
Result = namedtuple('Result', 'answer problem notes')


def attempt(work, item):
    """Return the :class:`Result` of ``work(item)``; BadInput is a problem of this item alone."""
    with kept() as notes:
        try:
            return Result(work(item), None, notes)
        except BadInput as error:
            return Result(None, str(error), notes)
