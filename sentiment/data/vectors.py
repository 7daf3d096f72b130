"""Word vectors of others to start from: GloVe's text, word2vec's text and its binary form.

The file is streamed, as it may be larger than the memory; only the rows in use are kept.
"""
import codecs
import io
import math
import os
import re
from collections import Counter
from contextlib import contextmanager

import numpy
from tqdm import tqdm

from sentiment.data.errors import BadInput, naming, reason, shown
from sentiment.data.opening import OPENERS, open_regular
from sentiment.log import logger

MAX_DIM = 10000
MAX_WORD = 2 ** 16           # bytes
MAX_LINE = MAX_WORD + 2 ** 18
START = MAX_LINE
LOOK = 10  # lines at the start, of which most must be of one width
HEADER = re.compile(rb'[ \t]*(\d{1,18})[ \t]+(\d{1,18})[ \t]*\r?\n')
NUMBER = re.compile(rb'[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?')
CONTROL = re.compile('[\0-\x08\x0e-\x1f]')
UNITS = {'glove': 'line', 'word2vec': 'line', 'binary': 'word'}  # what the errors count


@contextmanager
def open_vectors(path):
    """Yield (stream, raw file) of a file of vectors, decompressed as it is read."""
    with naming(path), open_regular(path) as raw:
        start = raw.read(6)
        raw.seek(0)
        opener = next((OPENERS[magic] for magic in OPENERS if start.startswith(magic)), None)
        inner = io.BufferedReader(opener(raw) if opener else raw)  # fills what is peeked at
        with io.BufferedReader(inner, START) as stream:
            try:
                yield stream, raw
            except (OSError, BadInput, MemoryError):
                raise
            except Exception as error:  # of gzip, bzip2 or xz
                raise BadInput('%s: damaged: %s' % (path, reason(error))) from error


def shape_of(path, stream):
    """Return (number of words, dim, form) of a stream at its start: 'binary', 'word2vec' or
    'glove'; the number is None where no header tells it. Raises BadInput.
    """
    start = stream.peek(START)[:START]
    header = HEADER.match(start)
    if header:
        count, dim, low = int(header.group(1)), int(header.group(2)), 1
        form = 'word2vec' if is_text(start[header.end():], dim) else 'binary'
    else:
        count, dim, low, form = None, usual_width(start.split(b'\n')), 2, 'glove'
    if not low <= dim <= MAX_DIM:
        raise BadInput('%s: no word vectors as GloVe or word2vec write them' % path)
    if header and len(start) == header.end():
        check_count(path, 0, count)
    return count, dim, form


def is_text(rows, dim):
    """Whether the rows below a header are text, be the first of them damaged or not."""
    if numbers_of(rows.split(b'\n', 1)[0], dim) is not None:
        return True
    try:  # of a character that is cut off at the end, the decoder waits for the rest
        return not CONTROL.search(codecs.getincrementaldecoder('utf-8')().decode(rows))
    except UnicodeDecodeError:
        return False


def usual_width(lines):
    """Return how many numbers most of the first lines end with, 0 if they do not agree."""
    whole = lines[:-1] or lines  # the last may be cut off
    widths = Counter(map(width_of, whole[:LOOK]))
    width, times = widths.most_common(1)[0]
    return width if 2 * times > sum(widths.values()) else 0


def width_of(line):
    """Return how many fields at the end of a line are numbers; the first is a word in any case."""
    fields = line.split()[:0:-1]
    return next((k for k, field in enumerate(fields) if not NUMBER.fullmatch(field)), len(fields))


def numbers_of(line, dim):
    """Return the last ``dim`` fields of a line as numbers, or None."""
    fields = line.split()[-dim:]
    try:
        with numpy.errstate(over='ignore'):  # too large is not finite
            values = numpy.array(fields, dtype='float32')
    except ValueError:
        return None
    return values if len(values) == dim and numpy.isfinite(values).all() else None


def dimension(path):
    """Return the width of the vectors in a file; raises BadInput."""
    with open_vectors(path) as (stream, _):
        return shape_of(path, stream)[1]


def read_rows(path, words):
    """Return word -> float32 array (dim,) for those of ``words`` that the file has.

    The first of two equal words counts. Raises BadInput, with the number of the line or, of the
    binary form, of the word: for any row of too few fields, for one in use that is too wide or not
    of finite numbers, and for a file that is cut off.
    """
    wanted = {word.encode('utf-8', 'surrogatepass'): word for word in words if word}
    found = {}
    with open_vectors(path) as (stream, raw):
        count, dim, form = shape_of(path, stream)
        each_row = binary_rows if form == 'binary' else text_rows
        with tqdm(total=os.fstat(raw.fileno()).st_size, desc='Reading vectors', unit='B',
                  unit_scale=True, leave=False, disable=None) as bar:
            for number, word, values in each_row(path, stream, count, dim):
                where = path, UNITS[form], number
                if word not in wanted:
                    if b' ' in word:
                        check_word(where, word, wanted, dim)
                elif wanted[word] not in found:
                    found[wanted[word]] = check_row(where, values, dim)
                if number % 1000 == 0:
                    bar.update(raw.tell() - bar.n)
    return found


def text_rows(path, stream, count, dim):
    """Yield (line number, word, its fields) of a text form."""
    above = 0 if count is None else 1  # lines of the header
    if above:
        stream.readline(MAX_LINE)
    number = above
    for number, line in enumerate(iter(lambda: stream.readline(MAX_LINE), b''), above + 1):
        if len(line) == MAX_LINE:
            raise BadInput('%s: line %d: more than %d bytes' % (path, number, MAX_LINE))
        fields = line.rsplit(None, dim)
        if len(fields) != dim + 1:
            raise BadInput('%s: line %d: not a word and %d numbers' % (path, number, dim))
        yield number, fields[0], fields[1:]
    check_count(path, number - above, count)


def binary_rows(path, stream, count, dim):
    """Yield (word number, word, its bytes) of word2vec's binary form."""
    stream.readline(MAX_LINE)
    for number in range(1, count + 1):
        word = b''
        while not word.endswith(b' '):
            letter = stream.read(1)
            if not letter or len(word) > MAX_WORD:
                check_count(path, number - 1, count)
                raise BadInput('%s: word %d: no end of it' % (path, number))
            word += letter
        values = stream.read(4 * dim)
        if len(values) < 4 * dim:
            check_count(path, number - 1, count)
        yield number, word[:-1].lstrip(b'\n'), values


def check_count(path, number, count):
    """Raise BadInput if there are fewer rows than the header says."""
    if count is not None and number < count:
        raise BadInput('%s: cut off: %d rows where its header says %d' % (path, number, count))


def check_word(where, word, wanted, dim):
    """Raise BadInput if a word of several parts is one in use and numbers that are too many."""
    first, *rest = word.split()
    if rest and first in wanted and all(b'.' in part and NUMBER.fullmatch(part) for part in rest):
        raise BadInput('%s: %s %d: not a word and %d numbers' % (where + (dim,)))


def check_row(where, values, dim):
    """Return a row as an array of finite numbers, or raise BadInput."""
    if isinstance(values, bytes):
        row = numpy.frombuffer(values, '<f4').astype('float32')
        row = row if numpy.isfinite(row).all() else None
    else:
        row = numbers_of(b' '.join(values), dim)
    if row is None:
        raise BadInput('%s: %s %d: not %d finite numbers' % (where + (dim,)))
    return row


def start_from(path, embedding, words, first=2):
    """Return a copy of an embedding (n_words, dim) with the vectors of the words that a file has.

    words: array of text, the words of row ``first`` and on. Raises BadInput if there are none, if
    the file has none of them, or if the widths differ.
    """
    if words is None:
        raise BadInput('embeddings: the words of the data are not known: no dictionary beside it')
    words, embedding, width = list(map(str, words)), embedding.copy(), dimension(path)
    if (width,) != embedding.shape[1:]:
        raise BadInput('%s: vectors of width %d where the embedding has %d'
                       % (path, width, math.prod(embedding.shape[1:])))
    found = read_rows(path, words)
    if not found:
        raise BadInput('%s: has none of the %d words, such as %s'
                       % (path, len(words), shown(words[:3])))
    for row, word in enumerate(words, first):
        if word in found:
            embedding[row] = found[word]
    logger.info('%s: %d of %d words found; %d start as random numbers', path, len(found),
                len(words), len(words) - len(found))
    return embedding
