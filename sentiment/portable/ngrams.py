"""The wide part as a graph of ONNX: what the n-grams of a sample add to the scores.

Sizes in the comments: B samples, T words, N n-grams of a sample, padding included, C classes.
"""
import numpy

from sentiment.data.words import UNKNOWN
from sentiment.portable.nodes import FLOAT32, find
from sentiment.wide.ngrams import LATE, MARK, kinds_of

END = numpy.iinfo('int64').max  # of a slice


def code_ngrams(graph, words, n_words, order):
    """Add the codes of all n-grams of the words (B, T): (B, N), 0 where there is none."""
    reach = max(order, LATE)
    padded = graph('Pad', words, [0, 0, 0, reach])

    def after(n):
        return graph('Slice', padded, [n], [n - reach or END], [1])

    def code(late, offsets):
        codes, there = (MARK, graph('Equal', after(LATE), 0)) if late else (0, True)
        for offset in offsets:
            word = MARK if offset is None else after(offset)
            codes = graph('Add', graph('Mul', codes, n_words), word)
            if offset is not None:
                there = graph('And', there, graph('Greater', word, UNKNOWN))
        return graph('Where', there, codes, 0)

    return graph('Concat', *(code(*kind) for kind in kinds_of(order)), axis=1)


def wide_scores(graph, words, params, options):
    """Add what the n-grams of the words (B, T) add to the scores: (B, C).

    A sample's n-gram counts once, however often it stands there: its n-grams are sorted.
    """
    none = len(params['ngrams'])  # the place of what is not there, whose share is 0
    codes = code_ngrams(graph, words, options['n_words'], options['ngrams'])
    place = find(graph, codes, params['ngrams'].tolist(), range(none), none)
    place = graph('TopK', place, graph('Shape', place, start=1), n_outputs=2)
    before = graph('Slice', graph('Pad', place, [0, 1, 0, 0], none), [0], [-1], [1])
    place = graph('Where', graph('Equal', place, before), none, place)
    shares = numpy.concatenate([params['ngrams_ratio'] * params['ngrams_W'],
                                numpy.zeros((1, options['ydim']))])
    shares = graph('Gather', graph.constant('shares', shares), place, name='ngrams')  # (B, N, C)
    scores = graph('ReduceSum', shares, [1], keepdims=0)
    if 'ngrams_n' in params:
        n_known = graph('ReduceSum', graph('Cast', graph('Less', place, none), to=FLOAT32), [1])
        average = params['ngrams_n'].astype('float32')
        scores = graph('Mul', scores, graph('Sqrt', graph(
            'Div', average, graph('Max', n_known, numpy.float32(1)))))
    return graph('Add', scores, params['ngrams_b'])
