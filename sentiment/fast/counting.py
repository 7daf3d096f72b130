"""How many reviews of each class an n-gram stands in, counted in one hash table.

Sizes in the comments: R reviews, K kinds of n-grams, C classes, S slots of the table.
"""
import numpy

from sentiment.data.streamed import BUFFER, held
from sentiment.fast.ngrams import FREE, as_arrays, hash_into, list_codes, slot_of
from sentiment.fast.threads import jit
from sentiment.wide.counting import pieces
from sentiment.wide.ngrams import kinds_of

BITS = 16  # of the number of a slot, at first

# --- Kernels ------------------------------------------------------------------------------------


@jit
def count(words, starts, labels, first, longest, n_words, late, offsets, used, codes, counts, last,
          multiplier, shift):
    """Count the n-grams of reviews from ``first`` on, while a half of the table is free.

    words: of all R reviews; starts (R + 1,); longest: words of one; labels (R,); late, offsets: as
    ``as_arrays``; used: slots that are; codes (S,), counts (S, C), last (S,): of a table, see
    :class:`Table`. Returns the number of the review to go on with, and of used slots.
    """
    found = numpy.empty(len(late) * longest, numpy.int64)
    for r in range(first, len(labels)):
        review = words[starts[r]:starts[r + 1]]
        if 2 * (used + len(late) * len(review)) > len(codes):
            return r, used
        for code in found[:list_codes(review, n_words, late, offsets, found)]:
            slot = slot_of(code, codes, multiplier, shift)
            if codes[slot] == FREE:
                codes[slot] = code
                used += 1
            if last[slot] != r:
                last[slot] = r
                counts[slot, labels[r]] += 1
    return len(labels), used


@jit
def move(old_codes, old_counts, codes, counts, multiplier, shift):
    """Enter the codes of a table, and their counts, into a larger one."""
    for k in range(len(old_codes)):
        if old_codes[k] != FREE:
            slot = slot_of(old_codes[k], codes, multiplier, shift)
            codes[slot] = old_codes[k]
            for c in range(counts.shape[1]):
                counts[slot, c] = old_counts[k, c]

# --- The table ----------------------------------------------------------------------------------


class Table:
    """The reviews of each class that each n-gram stands in: codes (S,), counts (S, C)."""

    def __init__(self, bits, n_classes):
        self.bits, self.hash, self.used = bits, hash_into(bits), 0
        self.codes = numpy.full(2 ** bits, FREE, 'int64')
        self.counts = numpy.zeros((2 ** bits, n_classes), 'int32')

    def add(self, reviews, labels, n_words, kinds):
        """Count the n-grams of each review once."""
        words, labels, first = numpy.concatenate(reviews), numpy.array(labels), 0
        lengths = [len(review) for review in reviews]
        starts, longest = numpy.cumsum([0] + lengths), max(lengths)
        while first < len(reviews):
            last = numpy.full(len(self.codes), -1, 'int32')
            first, self.used = count(words, starts, labels, first, longest, n_words, *kinds,
                                     self.used, self.codes, self.counts, last, *self.hash)
            if first < len(reviews):
                self.grow()

    def grow(self):
        """Have twice as many slots."""
        larger = Table(self.bits + 1, self.counts.shape[1])
        move(self.codes, self.counts, larger.codes, larger.counts, *larger.hash)
        vars(self).update(vars(larger), used=self.used)

    def frequent(self, least):
        """Return (codes (G,), sorted; counts (G, C)) of what stands in at least so many reviews."""
        some = numpy.flatnonzero((self.codes != FREE) & (self.counts.sum(axis=1) >= least))
        some = some[self.codes[some].argsort()]
        return self.codes[some], self.counts[some].astype('int64')


def count_ngrams(train, options):
    """As ``wide.ngrams.count_ngrams``."""
    table, kinds = Table(BITS, options['ydim']), as_arrays(kinds_of(options['ngrams']))
    reviews = held(train[0])
    for some, labels in pieces(reviews, train[1], numpy.asarray, options.get('buffer', BUFFER)):
        table.add(some, labels, options['n_words'], kinds)
    return table.frequent(options['ngrams_in'])
