"""The n-grams of a batch, found by one operation in a hash table, those that are known alone."""
import os

import numpy

from sentiment.data.words import UNKNOWN
from sentiment.engine import Apply, Op, tensor
from sentiment.fast.team import ALL, job, run_parts, share
from sentiment.fast.threads import N_THREADS, inner, jit
from sentiment.wide.layer import even_out
from sentiment.wide.ngrams import LATE, MARK, kinds_of

ANY, NONE = -1, -2  # in the place of an offset: of any word; behind the last
MULTIPLIER = numpy.uint64(int.from_bytes(os.urandom(8), 'little') | 1)  # no file can foresee it

# --- The table: (slots, multiplier, shift) --------------------------------------------------------


@inner
def first_slot(code, multiplier, shift):
    """Return where a code stands, if it can: the first bits of a product (Knuth, 1973, 6.4)."""
    return numpy.int64((numpy.uint64(code) * multiplier) >> shift)


def hash_into(bits):
    """Return (multiplier, shift) of a table of 2 ** bits slots."""
    return MULTIPLIER, numpy.uint64(64 - bits)


@jit
def enter(ngrams, slots, multiplier, shift):
    """Enter the places of the codes (G,) into slots, -1 where there is none: each into the first
    that is free.
    """
    for place in range(len(ngrams)):
        slot = first_slot(ngrams[place], multiplier, shift)
        while slots[slot] >= 0:
            slot = (slot + 1) % len(slots)
        slots[slot] = place


@inner
def place_of(code, ngrams, table):
    """Return the place of a code in ngrams (G,), or -1."""
    slots, multiplier, shift = table
    slot = first_slot(code, multiplier, shift)
    while slots[slot] >= 0 and ngrams[slots[slot]] != code:
        slot = (slot + 1) % len(slots)
    return slots[slot]


def table_of(ngrams):
    """Return the table of the codes (G,), of which at least half is empty."""
    bits = (2 * len(ngrams)).bit_length()
    table = (numpy.full(2 ** bits, -1, 'int32'),) + hash_into(bits)
    enter(ngrams, *table)
    return table

# --- A batch ------------------------------------------------------------------------------------


@inner
def code_of(words, t, n_words, late, offsets, kind):
    """Return the code of the n-gram of a kind that starts with the word at t, or 0."""
    code = MARK if late[kind] else 0
    for k in range(offsets.shape[1]):
        offset = offsets[kind, k]
        if offset == NONE:
            break
        word = MARK
        if offset != ANY:
            word = words[t + offset] if t + offset < len(words) else 0
            if word <= UNKNOWN:
                return 0
        code = code * n_words + word
    return code


@inner
def list_codes(words, n_words, late, offsets, codes):
    """Fill codes with those of the n-grams of words (T,), as often as they stand there; return how
    many there are: K T at most.

    late (K,) and offsets (K, order), NONE behind its last, are those of the kinds of n-grams.
    """
    T, n = len(words), 0
    for t in range(T):
        if words[t] <= UNKNOWN:
            continue  # none starts here
        is_late = t + LATE >= T or words[t + LATE] <= 0
        for kind in range(len(late)):
            if is_late or not late[kind]:
                code = code_of(words, t, n_words, late, offsets, kind)
                if code:
                    codes[n] = code
                    n += 1
    return n


@jit
def find(part, board, n_parts, x, ngrams, table, n_words, late, offsets, last, found, counts):
    """Fill found (2, B M) with places and samples of the known n-grams of a part of the samples of
    x (B, T), each once, from M times the first sample's number on: counts[part] of them.
    last (P, G), -1 at first: which sample of the part has an n-gram already.
    """
    if part == ALL:
        return share(board, n_parts, *job())
    low, high = len(x) * part // n_parts, len(x) * (part + 1) // n_parts
    codes = numpy.empty(len(late) * x.shape[1], numpy.int64)
    n = low * len(codes)
    for b in range(low, high):
        for code in codes[:list_codes(x[b], n_words, late, offsets, codes)]:
            place = place_of(code, ngrams, table)
            if place >= 0 and last[part, place] < b:
                last[part, place], found[0, n], found[1, n] = b, place, b
                n += 1
    counts[part] = n - low * len(codes)
    return 0


def as_arrays(kinds):
    """Return the pairs (late, offsets) as arrays (K,) and (K, longest): the kernel's tables."""
    offsets = numpy.full((len(kinds), max(len(some) for _, some in kinds)), NONE)
    for row, (_, some) in zip(offsets, kinds):
        row[:len(some)] = [ANY if offset is None else offset for offset in some]
    return numpy.array([late for late, _ in kinds]), offsets


class FindNgrams(Op):
    """The known n-grams of samples: x (T, B), sorted codes (G,) -> places (M,), samples (M,)."""

    __props__ = ('n_words', 'order')

    def __init__(self, n_words, order):
        self.n_words, self.order = n_words, order
        self.known = None, None  # codes, which nothing changes in place, and their table

    def make_node(self, x, ngrams):
        return Apply(self, [x, ngrams], [tensor.lvector(), tensor.lvector()])

    def table(self, ngrams):
        """Return the table of the codes, the last call's if they are the same array."""
        codes, table = self.known
        if codes is not ngrams:
            table = table_of(ngrams)
            self.known = ngrams, table
        return table

    def perform(self, node, inputs, output_storage):
        x, ngrams = inputs
        x, table, kinds = x.T.copy(), self.table(ngrams), as_arrays(kinds_of(self.order))
        n_parts, n_most = max(1, min(N_THREADS, len(x))), len(kinds[0]) * x.shape[1]
        found, counts = numpy.empty((2, len(x) * n_most), 'int64'), numpy.zeros(n_parts, 'int64')
        last = numpy.full((n_parts, len(ngrams)), -1, 'int32')
        run_parts(find, n_parts, x, ngrams, table, self.n_words, *kinds, last, found, counts)
        starts = [len(x) * part // n_parts * n_most for part in range(n_parts)]
        found = numpy.concatenate([found[:, start:start + n] for start, n in zip(starts, counts)],
                                  axis=1)
        for storage, values in zip(output_storage, found):
            storage[0] = values


def wide_scores(tparams, x, options):
    """As ``wide.layer.wide_scores``, without what is not there."""
    find_ngrams = FindNgrams(options['n_words'], options['ngrams'])
    places, samples = find_ngrams(x, tparams['ngrams'])
    shares = tparams['ngrams_ratio'][places] * tparams['ngrams_W'][places]
    none = tensor.zeros((x.shape[1], shares.shape[1]), shares.dtype)
    n_known = tensor.inc_subtensor(tensor.zeros_like(x[0])[samples], 1)
    return even_out(tparams, tensor.inc_subtensor(none[samples], shares),
                    n_known) + tparams['ngrams_b']
