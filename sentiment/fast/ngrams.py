"""The n-grams of a batch, found by one operation in a hash table, those that are known alone."""
import os

import numpy

from sentiment.data.words import UNKNOWN
from sentiment.engine import Apply, Op, tensor
from sentiment.fast.rows import sum_rows
from sentiment.fast.team import ALL, job, run_parts, share
from sentiment.fast.threads import N_THREADS, inner, jit
from sentiment.wide.layer import even_out
from sentiment.wide.ngrams import LATE, MARK, kinds_of

FREE = 0  # no n-gram has this code
ANY, NONE = -1, -2  # in the place of an offset: of any word; behind the last
MULTIPLIER = numpy.uint64(int.from_bytes(os.urandom(8), 'little') | 1)  # no file can foresee it

# --- The table: (rows, multiplier, shift) ---------------------------------------------------------
# a row is a code and its place, side by side, for one way to the memory: the table is in no cache


@inner
def first_slot(code, multiplier, shift):
    """Return where a code stands, if it can: the first bits of a product (Knuth, 1973, 6.4)."""
    return numpy.int64((numpy.uint64(code) * multiplier) >> shift)


@inner
def slot_of(code, codes, multiplier, shift):
    """Return where a code stands in a table's codes (S,), or is to stand."""
    slot = first_slot(code, multiplier, shift)
    while codes[slot] != FREE and codes[slot] != code:
        slot = (slot + 1) % len(codes)
    return slot


def hash_into(bits):
    """Return (multiplier, shift) of a table of 2 ** bits slots."""
    return MULTIPLIER, numpy.uint64(64 - bits)


@jit
def enter(ngrams, rows, multiplier, shift):
    """Enter the codes (G,) and their places into rows (S, 2), all of them free."""
    for place in range(len(ngrams)):
        slot = slot_of(ngrams[place], rows[:, 0], multiplier, shift)
        rows[slot, 0], rows[slot, 1] = ngrams[place], place


def table_of(ngrams):
    """Return the table of the codes (G,), of which at least half is empty."""
    bits = (2 * len(ngrams)).bit_length()
    table = (numpy.zeros((2 ** bits, 2), 'int64'),) + hash_into(bits)
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


@inner
def keep_known(codes, table, first):
    """Put the places of those codes that are in the table before the others; return how many.
    first (M, 2): room for as many rows.
    """
    rows, multiplier, shift = table
    for k in range(len(codes)):  # nothing depends on what is read: the memory answers all at once
        slot = first_slot(codes[k], multiplier, shift)
        first[k, 0], first[k, 1] = rows[slot, 0], rows[slot, 1]
    n = 0
    for k in range(len(codes)):
        code, place = first[k, 0], first[k, 1]
        if code != codes[k] and code != FREE:
            slot = slot_of(codes[k], rows[:, 0], multiplier, shift)
            code, place = rows[slot, 0], rows[slot, 1]
        if code != FREE:
            codes[n] = place
            n += 1
    return n


@inner
def keep_different(places, seen, multiplier, found):
    """Fill found with the different ones of places, in their order; return how many there are.
    seen: room for 4 times as many.
    """
    if not len(places):
        return 0
    size, shift, n = 2, 63, 0
    while size < 2 * len(places):
        size, shift = 2 * size, shift - 1
    for slot in range(size):
        seen[slot] = NONE
    for place in places:
        slot = first_slot(place, multiplier, numpy.uint64(shift))
        while seen[slot] != NONE and seen[slot] != place:
            slot = (slot + 1) % size
        if seen[slot] == NONE:
            seen[slot] = found[n] = place
            n += 1
    return n


@jit
def find(part, board, n_parts, x, table, n_words, late, offsets, found, n_known):
    """Fill found (B M,) with the places of the known n-grams of a part of the samples of x (B, T),
    each once, from M times the first sample's number on; n_known (B,): how many each sample has.
    """
    if part == ALL:
        return share(board, n_parts, *job())
    low, high = len(x) * part // n_parts, len(x) * (part + 1) // n_parts
    codes = numpy.empty(len(late) * x.shape[1], numpy.int64)
    first = numpy.empty((len(codes), 2), numpy.int64)
    seen = numpy.empty(4 * len(codes), numpy.int64)
    start = low * len(codes)
    for b in range(low, high):
        n = list_codes(x[b], n_words, late, offsets, codes)
        n = keep_known(codes[:n], table, first)
        n_known[b] = keep_different(codes[:n], seen, table[1], found[start:])
        start += n_known[b]
    return 0


def as_arrays(kinds):
    """Return the pairs (late, offsets) as arrays (K,) and (K, longest): the kernel's tables."""
    offsets = numpy.full((len(kinds), max(len(some) for _, some in kinds)), NONE)
    for row, (_, some) in zip(offsets, kinds):
        row[:len(some)] = [ANY if offset is None else offset for offset in some]
    return numpy.array([late for late, _ in kinds]), offsets


class FindNgrams(Op):
    """The known n-grams of samples: x (T, B), sorted codes (G,) -> places (M,), samples (M,), and
    how many each sample has (B,).
    """

    __props__ = ('n_words', 'order')

    def __init__(self, n_words, order):
        self.n_words, self.order = n_words, order
        self.known = None, None  # codes, which nothing changes in place, and their table

    def make_node(self, x, ngrams):
        return Apply(self, [x, ngrams], [tensor.lvector() for _ in range(3)])

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
        found, n_known = numpy.empty(len(x) * n_most, 'int64'), numpy.zeros(len(x), 'int64')
        run_parts(find, n_parts, x, table, self.n_words, *kinds, found, n_known)
        bounds = [len(x) * part // n_parts for part in range(n_parts + 1)]
        places = numpy.concatenate([
            found[low * n_most:][:n_known[low:high].sum()]
            for low, high in zip(bounds[:-1], bounds[1:])])
        samples = numpy.repeat(numpy.arange(len(x)), n_known)
        for storage, values in zip(output_storage, (places, samples, n_known)):
            storage[0] = values


def compile_find(dtype):
    """Compile what :func:`wide_scores` calls, by a call of it: no n-gram."""
    find_ngrams, outputs = FindNgrams(9, 1), [[None], [None], [None]]
    find_ngrams.perform(None, [numpy.zeros((1, 1), 'int64'), numpy.ones(1, 'int64')], outputs)
    sum_rows.perform(None, [numpy.zeros((0, 1), dtype), outputs[0][0], 1], [[None]])


def wide_scores(tparams, x, options):
    """As ``wide.layer.wide_scores``, without what is not there."""
    find_ngrams = FindNgrams(options['n_words'], options['ngrams'])
    places, samples, n_known = find_ngrams(x, tparams['ngrams'])
    shares = tparams['ngrams_ratio'][places] * tparams['ngrams_W'][places]
    scores = sum_rows(shares, samples, x.shape[1])
    return even_out(tparams, scores, n_known) + tparams['ngrams_b']
