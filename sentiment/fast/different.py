"""The different words of a batch, found in a table of all: sorting them takes ten times as long."""
import numpy

from sentiment.engine import Apply, Op, tensor

TABLE = 2 ** 20  # words: a larger vocabulary is sorted


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
            is_there = numpy.zeros(words.max() + 1, bool)
            is_there[words] = True
            different_words = numpy.flatnonzero(is_there)
            place = numpy.empty(len(is_there), 'int64')
            place[different_words] = numpy.arange(len(different_words))
            answers = different_words, place[words]
        else:
            answers = numpy.unique(words, return_inverse=True)
        for storage, answer in zip(output_storage, answers):
            storage[0] = answer


different = Different()
