"""Keras' imdb.npz: reviews as numbers of words, which imdb_word_index.json beside it spells out."""
import io
import json
import re
import zipfile

import numpy
from six.moves import cPickle as pickle

from sentiment.data.errors import BadInput, reason
from sentiment.data.opcodes import check_pickles
from sentiment.data.opening import read_at_most
from sentiment.reviews.tables import check_unpacked

ARRAYS = tuple('%s_%s.npy' % pair for pair in (('x', 'train'), ('y', 'train'), ('x', 'test'),
                                               ('y', 'test')))
INDEX = 'imdb_word_index.json'
CLASSES = ('negative', 'positive')  # 0 and 1 there
HEADER = re.compile(rb"\{'descr': '(\|O|<i8)', 'fortran_order': False, 'shape': \((\d+),\), \}\s*")


def is_keras(stream):
    """Whether a seekable stream holds such arrays."""
    try:
        with zipfile.ZipFile(stream) as archive:
            return set(archive.namelist()) == set(ARRAYS)
    except Exception:  # damaged archives can raise nearly anything; load_arrays names the damage
        return False
    finally:
        stream.seek(0)


def is_word_index(found):
    """Whether JSON is such a dictionary: word -> rank from 1."""
    return (isinstance(found, dict) and len(found) > 1
            and all(type(rank) is int and rank > 0 for rank in found.values()))


def read_index(stream):
    """Return rank -> word of a seekable imdb_word_index.json; None if it is none."""
    try:
        found = json.loads(stream.read().decode('utf-8'))
    except (ValueError, RecursionError):
        found = None
    stream.seek(0)
    return {rank: word for word, rank in found.items()} if is_word_index(found) else None


def read_arrays(name, stream):
    """Return {'train': (lists of ranks, labels), 'test': ...}; raises BadInput."""
    try:
        check_unpacked(name, stream)
        with zipfile.ZipFile(stream) as archive:
            x, y, test_x, test_y = (read_array(name, archive.open(member)) for member in ARRAYS)
    except BadInput:
        raise
    except Exception as error:
        raise BadInput('%s: cannot be read: %s' % (name, reason(error))) from error
    for reviews, labels in ((x, y), (test_x, test_y)):
        if len(reviews) != len(labels) or not set(labels) <= {0, 1}:
            raise BadInput('%s: not reviews with labels 0 and 1' % name)
    return {'train': (x, y), 'test': (test_x, test_y)}


def read_array(name, file):
    """Return the list that one of the arrays holds; objects are unpickled as plain data alone."""
    data = read_at_most(name, file)
    version, size = data[:8], int.from_bytes(data[8:10], 'little')
    header = HEADER.fullmatch(data[10:10 + size])
    if version != b'\x93NUMPY\x01\x00' or not header:
        raise BadInput('%s: not arrays as Keras has them' % name)
    if header.group(1) == b'<i8':
        return numpy.frombuffer(data[10 + size:], '<i8').tolist()
    return load_objects(name, data[10 + size:])


def as_texts(name, reviews, words):
    """Return the reviews as texts; raise BadInput at a number that is none of a word."""
    try:
        return [' '.join(words[rank] for rank in review) for review in reviews]
    except KeyError as error:
        raise BadInput('%s: the word %s is not in imdb_word_index.json' % (name, error)) from error


# --- An array of lists ------------------------------------------------------------------------


class Objects:
    """Stands in for an array of objects in a pickle; all that it keeps of its state is the list."""

    def __init__(self, *arguments):
        self.items = None

    def __setstate__(self, state):
        self.items = state[-1]


class Unpickler(pickle.Unpickler):
    """An unpickler that knows plain data and how NumPy spells an array, and runs nothing."""

    def find_class(self, module, name):
        if (module.replace('_core', 'core'), name) in (
                ('numpy.core.multiarray', '_reconstruct'), ('numpy', 'ndarray'),
                ('numpy', 'dtype')):
            return Objects
        raise BadInput('it asks for %s.%s, which is not plain data; nothing was run'
                       % (module[:80], name[:80]))


def load_objects(name, data):
    """Return the list of lists of whole numbers that is pickled as an array of objects."""
    try:
        check_pickles(data, 1)
        items = Unpickler(io.BufferedReader(io.BytesIO(data))).load().items
        if all(type(review) is list and all(type(word) is int for word in review)
               for review in items):
            return items
    except Exception as error:  # damaged pickles can raise nearly anything
        raise BadInput('%s: refused: %s' % (name, reason(error))) from error
    raise BadInput('%s: not lists of whole numbers' % name)
