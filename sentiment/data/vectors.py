"""Word vectors of others to start from: GloVe's text, word2vec's text and its binary form.

The file is streamed, as it may be larger than the memory; only the rows in use are kept.
"""
import io
import math
import os
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


@contextmanager
def open_vectors(path):
    """Yield (stream, raw file) of a file of vectors, decompressed as it is read."""
    with naming(path), open_regular(path) as raw:
        start = raw.read(6)
        raw.seek(0)
        opener = next((OPENERS[magic] for magic in OPENERS if start.startswith(magic)), None)
        with io.BufferedReader(opener(raw) if opener else raw, START) as stream:
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
    lines = stream.peek(START)[:START].split(b'\n')
    header = lines[0].split()
    if len(header) == 2 and all(part.isdigit() for part in header) and len(lines) > 1:
        count, dim = int(header[0]), int(header[1])
        form = 'word2vec' if numbers_of(lines[1], dim) is not None else 'binary'
    else:
        count, form = None, 'glove'
        dim = len(header) - 1
        while dim > 0 and numbers_of(lines[0], dim) is None:  # a word of several parts
            dim -= 1
    if not 0 < dim <= MAX_DIM or form == 'glove' and dim < 2:
        raise BadInput('%s: no word vectors as GloVe or word2vec write them' % path)
    return count, dim, form


def numbers_of(line, dim):
    """Return the last ``dim`` fields of a line as numbers, or None."""
    fields = line.split()[-dim:]
    try:
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

    The first of two equal words counts. Raises BadInput for a row in use that is no row of finite
    numbers, with its number, and for a file that is cut off.
    """
    wanted = {word.encode('utf-8', 'surrogatepass'): word for word in words if word}
    found = {}
    with open_vectors(path) as (stream, raw):
        count, dim, form = shape_of(path, stream)
        each_row = binary_rows if form == 'binary' else text_rows
        with tqdm(total=os.fstat(raw.fileno()).st_size, desc='Reading vectors', unit='B',
                  unit_scale=True, leave=False, disable=None) as bar:
            for number, word, values in each_row(path, stream, count, dim):
                if word in wanted and wanted[word] not in found:
                    found[wanted[word]] = check_row(path, number, values, dim)
                if number % 1000 == 0:
                    bar.update(raw.tell() - bar.n)
    return found


def text_rows(path, stream, count, dim):
    """Yield (row number, word, the rest of its line) of a text form."""
    if count is not None:
        stream.readline(MAX_LINE)
    number = 0
    for number, line in enumerate(iter(lambda: stream.readline(MAX_LINE), b''), 1):
        if len(line) == MAX_LINE:
            raise BadInput('%s: row %d: more than %d bytes' % (path, number, MAX_LINE))
        fields = line.rsplit(None, dim)
        if len(fields) != dim + 1:
            raise BadInput('%s: row %d: not a word and %d numbers' % (path, number, dim))
        yield number, fields[0], fields[1:]
    check_count(path, number, count)


def binary_rows(path, stream, count, dim):
    """Yield (row number, word, its bytes) of word2vec's binary form."""
    stream.readline(MAX_LINE)
    for number in range(1, count + 1):
        word = b''
        while not word.endswith(b' '):
            letter = stream.read(1)
            if not letter or len(word) > MAX_WORD:
                check_count(path, number - 1, count)
                raise BadInput('%s: row %d: no end of its word' % (path, number))
            word += letter
        values = stream.read(4 * dim)
        if len(values) < 4 * dim:
            check_count(path, number - 1, count)
        yield number, word[:-1].lstrip(b'\n'), values


def check_count(path, number, count):
    """Raise BadInput if there are fewer rows than the header says."""
    if count is not None and number < count:
        raise BadInput('%s: cut off: %d rows where its header says %d' % (path, number, count))


def check_row(path, number, values, dim):
    """Return a row as an array of finite numbers, or raise BadInput."""
    if isinstance(values, bytes):
        row = numpy.frombuffer(values, '<f4').astype('float32')
        row = row if numpy.isfinite(row).all() else None
    else:
        row = numbers_of(b' '.join(values), dim)
    if row is None:
        raise BadInput('%s: row %d: not %d finite numbers' % (path, number, dim))
    return row


def start_from(path, embedding, words, first=2):
    """Return a copy of an embedding (n_words, dim) with the vectors of the words that a file has.

    words: array of text, the words of row ``first`` and on. Raises BadInput if there are none, if
    the file has none of them, or if the widths differ.
    """
    if words is None:
        raise BadInput('embeddings: the words of the data are not known: no dictionary beside it')
    words, embedding = list(map(str, words)), embedding.copy()
    found = read_rows(path, words)
    if not found:
        raise BadInput('%s: has none of the %d words, such as %s'
                       % (path, len(words), shown(words[:3])))
    for row, word in enumerate(words, first):
        if word in found:
            if found[word].shape != embedding.shape[1:]:
                raise BadInput('%s: vectors of width %d where the embedding has %d'
                               % (path, len(found[word]), math.prod(embedding.shape[1:])))
            embedding[row] = found[word]
    logger.info('%s: %d of %d words found; %d start as random numbers', path, len(found),
                len(words), len(words) - len(found))
    return embedding
