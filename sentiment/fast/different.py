"""The different words of a batch, found in a table of all: sorting them takes ten times as long."""
import numpy

from sentiment.engine import Apply, Op, tensor
from sentiment.fast.threads import jit

TABLE = 2 ** 20  # words: a larger vocabulary is sorted


@jit
def number(words, numbers, index):
    """Number the different words (N,) by size; return how many there are.

    numbers: -1 for each word that there may be, to be filled with its number; index (N,): to be
    filled with the numbers of the words.
    """
    for word in words:
        numbers[word] = 0
    n = 0
    for word in range(len(numbers)):
        if numbers[word] == 0:
            numbers[word] = n
            n += 1
    for k in range(len(words)):
        index[k] = numbers[words[k]]
    return n


class Different(Op):
    """As ``unique`` with its inverse: words (N,) -> the different ones, sorted, (V,); and for each
    word its place there, (N,).
    """

    __props__ = ()

    def make_node(self, words):
        return Apply(self, [words], [tensor.lvector(), tensor.lvector()])

    def perform(self, node, inputs, output_storage):
        words = numpy.ascontiguousarray(inputs[0], 'int64')
        if len(words) and 0 <= words.min() and words.max() < TABLE:
            numbers, index = numpy.full(words.max() + 1, -1, 'int32'), numpy.empty_like(words)
            number(words, numbers, index)
            answers = numpy.flatnonzero(numbers >= 0), index
        else:
            answers = numpy.unique(words, return_inverse=True)
        for storage, answer in zip(output_storage, answers):
            storage[0] = answer


different = Different()
