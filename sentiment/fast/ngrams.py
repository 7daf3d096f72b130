"""The n-grams of a batch, found by one operation, those that are known alone."""
import numpy

from sentiment.data.words import UNKNOWN
from sentiment.engine import Apply, Op, tensor
from sentiment.fast.threads import inner, jit
from sentiment.wide.layer import even_out
from sentiment.wide.ngrams import LATE, MARK, kinds_of

ANY, NONE = -1, -2  # in the place of an offset: of any word; behind the last


@inner
def place_of(code, ngrams):
    """Return the place of a code in the sorted ngrams (G,), or -1."""
    low, high = 0, len(ngrams)
    while low < high:
        middle = (low + high) // 2
        if ngrams[middle] < code:
            low = middle + 1
        else:
            high = middle
    return low if low < len(ngrams) and ngrams[low] == code else -1


@inner
def code_of(words, t, n_words, late, offsets):
    """Return the code of the n-gram of a kind that starts with the word at t, or 0."""
    code = MARK if late else 0
    for offset in offsets:
        if offset == NONE:
            break
        word = MARK
        if offset != ANY:
            word = words[t + offset] if t + offset < len(words) else 0
            if word <= UNKNOWN:
                return 0
        code = code * n_words + word
    return code


@jit
def find(x, ngrams, n_words, late, offsets, last, places, samples):
    """Fill places and samples with the known n-grams of each sample of x (T, B), each once; return
    how many there are. In last (G,), at first below 0, is kept which sample has it already.

    late (K,) and offsets (K, order), NONE behind its last, are those of the kinds of n-grams.
    """
    T, B = x.shape
    found = 0
    for b in range(B):
        words = x[:, b]
        for t in range(T):
            if words[t] <= UNKNOWN:
                continue  # none starts here
            is_late = t + LATE >= T or words[t + LATE] <= 0
            for kind in range(len(late)):
                if late[kind] and not is_late:
                    continue
                code = code_of(words, t, n_words, late[kind], offsets[kind])
                place = place_of(code, ngrams) if code else -1
                if place >= 0 and last[place] < b:
                    last[place], places[found], samples[found] = b, place, b
                    found += 1
    return found


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

    def make_node(self, x, ngrams):
        return Apply(self, [x, ngrams], [tensor.lvector(), tensor.lvector()])

    def perform(self, node, inputs, output_storage):
        x, ngrams = inputs
        kinds = kinds_of(self.order)
        found = numpy.empty((2, len(kinds) * x.size), 'int64')
        last = numpy.full(len(ngrams), -1, 'int32')
        n_found = find(x, ngrams, self.n_words, *as_arrays(kinds), last, *found)
        for storage, values in zip(output_storage, found):
            storage[0] = values[:n_found].copy()


def wide_scores(tparams, x, options):
    """As ``wide.layer.wide_scores``, without what is not there."""
    find_ngrams = FindNgrams(options['n_words'], options['ngrams'])
    places, samples = find_ngrams(x, tparams['ngrams'])
    shares = tparams['ngrams_ratio'][places] * tparams['ngrams_W'][places]
    none = tensor.zeros((x.shape[1], shares.shape[1]), shares.dtype)
    n_known = tensor.inc_subtensor(tensor.zeros_like(x[0])[samples], 1)
    return even_out(tparams, tensor.inc_subtensor(none[samples], shares),
                    n_known) + tparams['ngrams_b']
