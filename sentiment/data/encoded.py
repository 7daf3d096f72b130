"""Encoded parts: reviews as word indices in flat files, and imdb.parts, which lists them.

    a part: HEAD, then little-endian int32: lengths (n,), labels (n,), places (n,), words (N,)

A place is that of a review in its set, as the pickle of the same data has it: k of the training
set, -1 - k of the test set. Nothing in these files runs; a checksum finds damage.
"""
import hashlib
import json
import os
import re
import struct
from collections import namedtuple

import numpy
from tqdm import tqdm

from sentiment.data.checks import check_count
from sentiment.data.errors import BadInput, naming, reason, shown
from sentiment.data.opening import file_hash, open_regular, read_bounded
from sentiment.data.pickles import check_classes
from sentiment.data.writing import write_whole
from sentiment.log import no_bar

ENDING, INDEX = '.words', '.parts'
MAGIC, FORMAT = b'LSTMWORD', 1
HEAD = struct.Struct('<8s32sQQ')  # MAGIC, key, number of reviews, of words
NUMBER = numpy.dtype('<i4')
COLUMNS = 3   # lengths, labels, places
PIECE = 2 ** 20  # bytes that are read at once
MAX_PARTS, MAX_REVIEWS, MAX_WORDS = 2 ** 20, 2 ** 31 - 1, 2 ** 40
NAME = re.compile(r'[^/\\\0]{1,255}')

# one encoded part: its file's name, how many reviews and words it has, its SHA-256
Entry = namedtuple('Entry', 'name reviews words sha256')

# --- Writing ----------------------------------------------------------------------------------


def key_of(*parts):
    """Return the SHA-256 of all that parts have in common, as texts and arrays: 32 bytes."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode('utf-8', 'surrogatepass') if isinstance(part, str) else (
            numpy.ascontiguousarray(part, '<i8').tobytes())
        digest.update(struct.pack('<Q', len(data)) + data)
    return digest.digest()


def write_part(path, key, reviews, labels, places):
    """Write a part, whole or not at all; return its :class:`Entry`.

    key: 32 bytes, of :func:`key_of`; reviews: a list of int arrays; labels, places: (n,) each.
    """
    lengths = [len(review) for review in reviews]
    head, digest = HEAD.pack(MAGIC, key, len(reviews), sum(lengths)), hashlib.sha256()
    with write_whole(path) as file:
        for data in [head] + [numpy.asarray(part, NUMBER).tobytes()
                              for part in [lengths, labels, places] + list(reviews)]:
            file.write(data)
            digest.update(data)
    return Entry(os.path.basename(path), len(reviews), sum(lengths), digest.hexdigest())


def write_index(path, key, entries, others):
    """Write the list of parts, and the checksums of the others beside it, paths of files."""
    with write_whole(path) as file:
        file.write(json.dumps({
            'format': FORMAT, 'key': key.hex(), 'parts': [entry._asdict() for entry in entries],
            'others': {os.path.basename(other): file_hash(other) for other in others}},
            indent=1).encode('ascii'))


# --- Reading ----------------------------------------------------------------------------------


def read_index(path):
    """Return (key, list of :class:`Entry`, name -> SHA-256 of the other files) of the list of parts
    at ``path``; raises BadInput.
    """
    try:
        found = json.loads(read_bounded(path).decode('utf-8'))
        check_count('%s: format' % path, found['format'], FORMAT, FORMAT)
        key = bytes.fromhex(found['key'])
        entries = [as_entry(path, part) for part in found['parts']]
        others = {check_name(path, name): str(sha256) for name, sha256 in found['others'].items()}
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise BadInput('%s: not a list of encoded parts as imdb_preprocess.py writes it: %s'
                       % (path, reason(error))) from error
    if not 0 < len(entries) <= MAX_PARTS or len({entry.name for entry in entries}) < len(entries):
        raise BadInput('%s: not a list of different parts' % path)
    return key, entries, others


def check_name(path, name):
    """Return the name of a file beside a list of parts, or raise BadInput."""
    if not isinstance(name, str) or not NAME.fullmatch(name) or name in ('.', '..'):
        raise BadInput('%s: %s is no name of a file' % (path, shown(name)))
    return name


def as_entry(path, part):
    """Return what a list of parts says of one, checked."""
    name, sha256 = check_name(path, part['name']), part['sha256']
    return Entry(name, check_count('%s: reviews' % path, part['reviews'], 1, MAX_REVIEWS),
                 check_count('%s: words' % path, part['words'], 1, MAX_WORDS), str(sha256))


def is_part(path, key):
    """Whether a file is a whole part of this key."""
    try:
        with open_regular(path) as file:
            head = file.read(HEAD.size)
            size = os.fstat(file.fileno()).st_size
    except BadInput:  # none is there
        return False
    if len(head) < HEAD.size or HEAD.unpack(head)[:2] != (MAGIC, key):
        return False
    return size == size_of(*HEAD.unpack(head)[2:])


def size_of(n_reviews, n_words):
    """Return how many bytes a part has."""
    return HEAD.size + NUMBER.itemsize * (COLUMNS * n_reviews + n_words)


def check_part(path, entry, key, bar=None):
    """Return (lengths, labels, places), int32 arrays (n,) each, of a part, all of which is read
    once, a piece at a time: raises BadInput unless it is the one that was written.
    """
    with naming(path), open_regular(path) as file:
        head = file.read(HEAD.size)
        size = os.fstat(file.fileno()).st_size
        if size != size_of(entry.reviews, entry.words):
            raise BadInput('%s: cut off or damaged: has %d bytes, not %d'
                           % (path, size, size_of(entry.reviews, entry.words)))
        if head != HEAD.pack(MAGIC, key, entry.reviews, entry.words):
            raise BadInput('%s: damaged, or a part of other data' % path)
        digest = hashlib.sha256(head)
        columns = file.read(NUMBER.itemsize * COLUMNS * entry.reviews)
        digest.update(columns)
        lowest = 0
        for piece in iter(lambda: file.read(PIECE), b''):
            digest.update(piece)
            lowest = min(lowest, numpy.frombuffer(piece, NUMBER).min())
            if bar is not None:
                bar.update(len(piece))
    if digest.hexdigest() != entry.sha256:
        raise BadInput('%s: damaged: its checksum is not that of the list of parts' % path)
    lengths, labels, places = numpy.frombuffer(columns, NUMBER).reshape(COLUMNS, -1)
    if lowest < 0 or lengths.min() < 1 or lengths.sum(dtype='int64') != entry.words or (
            labels.min() < 0):
        raise BadInput('%s: holds lengths, labels or words that cannot be' % path)
    return lengths, labels, places


def check_others(folder, others):
    """Raise BadInput unless the dictionary and the names of classes are those of the parts."""
    for name, sha256 in others.items():
        path = os.path.join(folder, name)
        if not os.path.isfile(path):
            raise BadInput('%s: is missing; run imdb_preprocess.py --parts again' % path)
        if file_hash(path) != sha256:
            raise BadInput('%s: is of other data than the encoded parts beside it; run '
                           'imdb_preprocess.py --parts again' % path)


class Parts:
    """Reviews in encoded parts, checked: what is known of each stands in memory, its words do not.

    ``offsets`` (n + 1,) int64, where the words of each review begin, counted over all parts;
    ``labels`` (n,) int64; ``train`` and ``test``, the reviews of both sets, int64, in their order;
    ``sha256``, of the data.
    """

    def __init__(self, path):
        """Open the parts that are listed at ``path``; reads all of them once, to find damage, at
        which it raises BadInput.
        """
        key, entries, others = read_index(path)
        folder = os.path.dirname(path)
        check_others(folder, others)
        self.paths = [os.path.join(folder, entry.name) for entry in entries]
        total = NUMBER.itemsize * sum(entry.words for entry in entries)
        with tqdm(total=total, desc='Checking parts', unit='B', unit_scale=True, leave=False,
                  disable=no_bar()) as bar:
            columns = [check_part(place, entry, key, bar)
                       for place, entry in zip(self.paths, entries)]
        lengths, labels, places = (numpy.concatenate(part).astype('int64')
                                   for part in zip(*columns))
        self.first = numpy.cumsum([0] + [entry.reviews for entry in entries])  # review of each part
        self.offsets = numpy.concatenate([[0], numpy.cumsum(lengths)])
        self.labels = labels
        self.train, self.test = in_order(path, places)
        self.sha256 = key_of(*[entry.sha256 for entry in entries]).hex()

    def part_of(self, reviews):
        """Return the part that each review is in."""
        return numpy.searchsorted(self.first, reviews, 'right') - 1

    def read(self, low, high):
        """Return the words of the reviews from ``low`` to ``high`` - 1, which are in one part, as
        one int32 array. Raises BadInput if the file has changed.
        """
        part = int(self.part_of(low))
        n_reviews = self.first[part + 1] - self.first[part]
        start = self.offsets[low] - self.offsets[self.first[part]]
        count = self.offsets[high] - self.offsets[low]
        path = self.paths[part]
        with naming(path), open_regular(path) as file:
            file.seek(size_of(int(n_reviews), int(start)))
            words = numpy.fromfile(file, NUMBER, int(count))
        if len(words) < count or words.min() < 0:
            raise BadInput('%s: has changed since it was opened' % path)
        return words


def in_order(path, places):
    """Return the reviews of the training and of the test set, each in its order, int64 arrays (n,).
    Raises BadInput if places are missing.
    """
    sets = []
    for found, place in ((places >= 0, places), (places < 0, -1 - places)):
        members = numpy.flatnonzero(found)
        ordered = members[numpy.argsort(place[members], kind='stable')]
        if not len(ordered) or (place[ordered] != numpy.arange(len(ordered))).any():
            raise BadInput('%s: the places of its reviews are not those of two sets' % path)
        sets.append(ordered)
    return sets


def read_parts(path):
    """Return (parts, labels of the training reviews, labels of the test reviews) of a list of
    parts: :class:`Parts` and two int64 arrays (n,). Raises BadInput.
    """
    parts = Parts(path)
    train, test = parts.labels[parts.train], parts.labels[parts.test]
    n_classes = check_classes(train, '%s: training set' % path)
    if test.max() >= n_classes:
        raise BadInput('%s: test set: a label is not one of 0 to %d' % (path, n_classes - 1))
    return parts, train, test
