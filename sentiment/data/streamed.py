"""The reviews of a set, in one of two forms: in memory, or streamed from encoded parts.

Both are sequences of int64 arrays, and tell in which blocks they are to be read: a training draws
its batches within a block, and while a block is read, as a context, its reviews are in memory.
"""
from collections.abc import Sequence

import numpy

from sentiment.data.encoded import read_parts
from sentiment.data.pickles import MAX_INDEX
from sentiment.data.words import UNKNOWN

BUFFER = 2 ** 23    # words of a block, usually
STRETCHES = 2 ** 13  # of neighbouring reviews in a block: the more, the better it is mixed
MEASURED = 8     # blocks that are only measured need not be mixed, and are so much smaller
READ = 2 ** 16   # words that are read at once


def held(reviews):
    """Return reviews as one of the two forms: a list of arrays as the first."""
    return reviews if isinstance(reviews, (Held, Streamed)) else Held(reviews)


def open_sets(path):
    """Return the training and the test set of the encoded parts listed at ``path``: a pair
    (:class:`Streamed`, int64 labels) each. Raises BadInput.
    """
    parts, train, test = read_parts(path)
    return (Streamed(parts, parts.train), train), (Streamed(parts, parts.test), test)


# --- In memory --------------------------------------------------------------------------------


class Block:
    """Reviews that are read together: ``positions``, sorted."""

    def __init__(self, positions):
        self.positions = positions

    def __enter__(self):
        return self.positions

    def __exit__(self, *error):
        pass


class Held(list):
    """Reviews that stand in memory."""

    streams = False

    @property
    def lengths(self):
        """How many words each review has, (n,)."""
        return numpy.array([len(review) for review in self], 'int64')

    def take(self, places):
        """Return the reviews at these places, in their order."""
        return Held([self[k] for k in places])

    def without_rare(self, n_words):
        """Return the reviews with words of index ``n_words`` and above as the unknown word."""
        return Held([numpy.where(review < n_words, review, UNKNOWN) for review in self])

    def blocks(self, n_words, rng=None):
        """Return the :class:`Block` objects of a pass: one, as all is in memory."""
        return [Block(numpy.arange(len(self)))]

    def contents(self):
        """Return integer arrays that are those of these very reviews and no others."""
        return list(self)


# --- Streamed ---------------------------------------------------------------------------------


class Streamed(Sequence):
    """The same of reviews on a disk, of which those of the blocks that are read are in memory.

    parts: :class:`~sentiment.data.encoded.Parts`; reviews: which of theirs, in order, (n,) int64;
    rare: words of this index and above become the unknown word.
    """

    streams = True

    def __init__(self, parts, reviews, rare=MAX_INDEX):
        self.parts, self.reviews, self.rare = parts, reviews, rare
        self.reading, self.whole = [], None  # blocks in memory; the only one stays

    def __len__(self):
        return len(self.reviews)

    def __getitem__(self, place):
        """Return a review, an int64 array: out of a block that is read, else from the disk."""
        if not 0 <= place < len(self):
            raise IndexError(place)
        for block in self.reading:
            words = block.find(place)
            if words is not None:
                break
        else:
            review = int(self.reviews[place])
            words = self.parts.read(review, review + 1)
        words = words.astype('int64')
        return numpy.where(words < self.rare, words, UNKNOWN)

    @property
    def lengths(self):
        """How many words each review has, (n,); none is read for it."""
        return self.parts.offsets[self.reviews + 1] - self.parts.offsets[self.reviews]

    def take(self, places):
        """Return the reviews at these places, in their order; none is read for it."""
        return Streamed(self.parts, self.reviews[places], self.rare)

    def without_rare(self, n_words):
        """Return the reviews with words of index ``n_words`` and above as the unknown word."""
        return Streamed(self.parts, self.reviews, n_words)

    def contents(self):
        """Return integer arrays that are those of these very reviews and no others."""
        digest = numpy.frombuffer(bytes.fromhex(self.parts.sha256), 'uint8')
        return [digest, self.reviews, [self.rare]]

    def blocks(self, n_words, rng=None):
        """Return the blocks of a pass, of at most ``n_words`` words each, a longer review aside.

        With ``rng`` each is of stretches of neighbours from anywhere, which together come once and
        in random order; without, they are small and in the order on the disk. If there is but one
        block, all reviews are in it and it stays in memory.
        """
        lengths = self.lengths
        if lengths.sum() <= n_words:
            if self.whole is None:
                self.whole = StreamedBlock(self, numpy.arange(len(self)))
                self.reading.append(self.whole)
            return [Block(self.whole.positions)]
        size = max(1, n_words if rng else n_words // MEASURED)
        stretches = self.stretches(max(1, n_words // STRETCHES))
        if rng:
            stretches = [stretches[k] for k in rng.permutation(len(stretches))]
        return [StreamedBlock(self, numpy.sort(numpy.concatenate(some)))
                for some in gathered(stretches, lengths, size)]

    def stretches(self, n_words):
        """Return the places of the reviews as a list of arrays: of neighbours, so many words of a
        part each.
        """
        order = numpy.argsort(self.reviews, kind='stable')
        return numpy.split(order, borders(self.parts, self.reviews[order], n_words))


def borders(parts, reviews, n_words):
    """Return where sorted reviews begin that are in another part, or in other ``n_words`` words of
    theirs, than those before them.
    """
    part, window = parts.part_of(reviews), parts.offsets[reviews] // n_words
    return 1 + numpy.flatnonzero((numpy.diff(part) != 0) | (numpy.diff(window) != 0))


def gathered(stretches, lengths, n_words):
    """Return lists of stretches, one behind the other, about equal and of ``n_words`` words at
    most, unless one stretch has more.
    """
    sizes = numpy.array([lengths[stretch].sum() for stretch in stretches])
    ends = sizes.cumsum()
    n_blocks = -(-ends[-1] // max(1, n_words - sizes.max(), sizes.max()))
    block = (ends - 1) * n_blocks // ends[-1]
    starts = numpy.flatnonzero(numpy.diff(block)) + 1
    return [stretches[low:high] for low, high in zip([0] + starts.tolist(),
                                                     starts.tolist() + [len(stretches)])]


class StreamedBlock(Block):
    """A block whose words are read when the first of them is asked for."""

    def __init__(self, streamed, positions):
        super().__init__(positions)
        self.streamed, self.words = streamed, None

    def __enter__(self):
        self.streamed.reading.append(self)
        return self.positions

    def __exit__(self, *error):
        self.streamed.reading.remove(self)
        self.words = None

    def find(self, place):
        """Return the words of a review, int32; None if it is not in this block."""
        k = numpy.searchsorted(self.positions, place)
        if k == len(self.positions) or self.positions[k] != place:
            return None
        if self.words is None:
            self.read()
        return self.words[self.starts[k]:self.starts[k + 1]]

    def read(self):
        """Have all words in memory, read in the order on the disk, some at once."""
        parts, reviews = self.streamed.parts, self.streamed.reviews[self.positions]
        self.starts = numpy.concatenate([[0], numpy.cumsum(
            parts.offsets[reviews + 1] - parts.offsets[reviews])])
        words = numpy.empty(self.starts[-1], 'int32')
        order = numpy.argsort(reviews, kind='stable')
        for some in numpy.split(order, borders(parts, reviews[order], READ)):
            low, high = reviews[some[0]], reviews[some[-1]] + 1
            found, base = parts.read(low, high), parts.offsets[low]
            for k in some:
                start, end = parts.offsets[reviews[k]] - base, parts.offsets[reviews[k] + 1] - base
                words[self.starts[k]:self.starts[k + 1]] = found[start:end]
        self.words = words
