"""The n-grams of a batch, found by one operation, those that are known alone."""
import numpy

from sentiment.data.words import UNKNOWN
from sentiment.engine import Apply, Op, tensor
from sentiment.fast.threads import inner, jit


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


@jit
def find(x, ngrams, n_words, order, last, places, samples):
    """Fill places and samples with the known n-grams of each sample of x (T, B), each once; return
    how many there are. In last (G,), at first below 0, is kept which sample has it already.
    """
    T, B = x.shape
    found = 0
    for b in range(B):
        for t in range(T):
            code = 0
            for n in range(min(order, T - t)):
                if x[t + n, b] <= UNKNOWN:
                    break
                code = code * n_words + x[t + n, b]
                place = place_of(code, ngrams)
                if place >= 0 and last[place] < b:
                    last[place], places[found], samples[found] = b, place, b
                    found += 1
    return found


class FindNgrams(Op):
    """The known n-grams of samples: x (T, B), sorted codes (G,) -> places (M,), samples (M,)."""

    __props__ = ('n_words', 'order')

    def __init__(self, n_words, order):
        self.n_words, self.order = n_words, order

    def make_node(self, x, ngrams):
        return Apply(self, [x, ngrams], [tensor.lvector(), tensor.lvector()])

    def perform(self, node, inputs, output_storage):
        x, ngrams = inputs
        found = numpy.empty((2, self.order * x.size), 'int64')
        last = numpy.full(len(ngrams), -1, 'int32')
        n_found = find(x, ngrams, self.n_words, self.order, last, *found)
        for storage, values in zip(output_storage, found):
            storage[0] = values[:n_found].copy()


def wide_scores(tparams, x, options):
    """As ``wide.layer.wide_scores``, without what is not there."""
    find_ngrams = FindNgrams(options['n_words'], options['ngrams'])
    places, samples = find_ngrams(x, tparams['ngrams'])
    shares = tparams['ngrams_ratio'][places] * tparams['ngrams_W'][places]
    start = tensor.zeros((x.shape[1], shares.shape[1]), shares.dtype) + tparams['ngrams_b']
    return tensor.inc_subtensor(start[samples], shares)
