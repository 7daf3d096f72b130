"""A review a line: fastText's ``__label__x text``, and one file for each class, as rt-polarity."""
import re

from sentiment.data.errors import BadInput
from sentiment.reviews.classes import SHORT
from sentiment.reviews.encodings import each_line
from sentiment.reviews.folders import SETS

CLASSES = frozenset(SHORT) | frozenset(SHORT.values())
LABEL = re.compile(r'__label__(\S+)\s*')


def class_of_file(parts):
    """Return (set, class) of a file such as pos.txt, train/neg.txt or rt-polarity.pos, or None."""
    words = re.split(r'[._-]', parts[-1].lower())
    label = words[-2] if words[-1] == 'txt' and words[:-1] else words[-1]
    if label not in CLASSES or parts[-2:-1] and parts[-2].lower() in CLASSES:
        return None  # pos/0_pos.txt is one review
    return (parts[-2] if parts[-2:-1] and parts[-2] in SETS else ''), label


def each_review(where, stream, how):
    """Yield (number, text, '') of each line that is not blank."""
    for number, line in enumerate(each_line(where, stream, how.encoding), 1):
        if line.strip():
            yield number, line.strip(), ''


def fasttext_rows(where, stream, how, left_out, form):
    """Yield (number, text, label) of fastText's lines; raises BadInput unless it has one label."""
    for number, line, _ in each_review(where, stream, how):
        label = LABEL.match(line)
        if not label:
            raise BadInput('%s: line %d: does not begin with __label__' % (where, number))
        text = line[label.end():]
        if LABEL.match(text):
            raise BadInput('%s: line %d: more than one label' % (where, number))
        if not text:
            left_out.add(left_out.NO_TEXT, 'line %d' % number)
        else:
            yield number, text, label.group(1)
