"""The model as a graph of ONNX: word indices in, probabilities out, nothing else to know.

Sizes in the comments: B samples, T words of the longest, D = dim_proj, C classes. As everywhere, 0
is padding and 1 an unknown word; padding stands behind a sample's last word.
"""
import numpy

from sentiment.data.safe_io import BadInput
from sentiment.data.words import UNKNOWN
from sentiment.portable.ngrams import wide_scores
from sentiment.portable.nodes import FLOAT32, INT32, INT64, PROBABILITIES, WORDS, Graph, find
from sentiment.training.calibration import LEAST
from sentiment.using.ask import class_shares


def build(model, metadata):
    """Return the ModelProto of a :class:`~sentiment.using.model.Model`, in float32.

    Its answer is predict's, of an average too: NaN for a sample without a word, the shares of the
    classes for one without a known word. Raises BadInput for a layer other than the tutorial's.
    """
    graph = Graph()
    length, there = lengths(graph)
    models = getattr(model, 'models', [model])
    pred = tempered(graph, [1 / len(models)] * len(models),
                    *(answer(graph, one, length, there) for one in models))
    pred = graph('Where', is_known(graph, model), pred, class_shares(model))
    graph('Where', graph('Greater', length, [0]), pred, numpy.float32('nan'), name=PROBABILITIES)
    return graph.model((WORDS, ['batch', 'length']),
                       (PROBABILITIES, ['batch', model.options['ydim']]), metadata)


def answer(graph, model, length, there):
    """Add the probabilities (B, C) of one model, of samples of known words."""
    params, options = model.params, model.options
    if options['encoder'] != 'lstm':
        raise BadInput('export: a layer of your own, %s, has no operator in ONNX'
                       % options['encoder'])
    h = pool(graph, lstm_layer(graph, params, length), there, length, options)
    kept = 0.5 if options['use_dropout'] else 1.
    pred = graph('Softmax', graph('Add', graph('MatMul', h, kept * params['U']), params['b']))
    if options['ngrams']:
        wide_pred = graph('Softmax', wide_scores(graph, WORDS, params, options))
        pred = tempered(graph, params['mix'], pred, wide_pred)
    return tempered(graph, [1 / model.temperature], pred)


def lengths(graph):
    """Add the number of words of each sample (B, 1), and where there are some (B, T)."""
    end = graph('Add', graph('Squeeze', graph('Shape', WORDS, start=1)), 1)
    places = graph('Range', 1, end, 1)
    length = graph('ReduceMax', graph('Where', graph('Equal', WORDS, 0), 0, places), axes=[1])
    return length, graph('LessOrEqual', places, length)


def lstm_layer(graph, params, length):
    """Add the states (T, B, D). ONNX has the gates i, o, f, c where ours are i, f, o, c."""
    def in_order(value):
        i, f, o, c = numpy.split(value, 4, axis=-1)
        return numpy.concatenate([i, o, f, c], axis=-1).T[None]  # (1, 4 D, D) or (1, 4 D)

    dim = params['lstm_U'].shape[0]
    bias = numpy.concatenate([params['lstm_b'], numpy.zeros(4 * dim)])  # of the input, of the state
    bias = numpy.concatenate([in_order(part) for part in numpy.split(bias, 2)], axis=1)
    emb = graph('Gather', graph.constant('Wemb', params['Wemb']),
                graph('Transpose', WORDS, perm=[1, 0]), name='embedding')  # (T, B, D)
    some = graph('Cast', graph('Squeeze', graph('Max', length, [1]), [1]), to=INT32)
    h = graph('LSTM', emb, graph.constant('lstm_W', in_order(params['lstm_W'])),
              graph.constant('lstm_U', in_order(params['lstm_U'])),
              graph.constant('lstm_b', bias), some, hidden_size=dim, name='lstm')
    return graph('Squeeze', h, [1])  # (T, 1, B, D): one direction


def pool(graph, h, there, length, options):
    """Add what the classifier reads: (B, D), or (B, 2 D) with the maxima."""
    there = graph('Unsqueeze', graph('Transpose', there, perm=[1, 0]), [2])  # (T, B, 1)
    total = graph('ReduceSum', graph('Where', there, h, 0.), [0], keepdims=0)
    count = graph('Cast', graph('Max', length, [1]), to=FLOAT32)
    mean = graph('Div', total, count)
    if options['pooling'] == 'mean':
        return mean
    largest = graph('ReduceMax', graph('Where', there, h, -1.), axes=[0], keepdims=0)
    return graph('Concat', mean, largest, axis=1)


def tempered(graph, weights, *preds):
    """Add softmax of the sum of weight * log p of each of the probabilities (B, C)."""
    if len(preds) == 1 and weights[0] == 1:
        return preds[0]
    scores = [graph('Mul', graph('Log', graph('Max', pred, numpy.float32(LEAST))), float(weight))
              for weight, pred in zip(weights, preds)]
    return graph('Softmax', graph('Sum', *scores))


def is_known(graph, model):
    """Add whether a word of a sample is known (B, 1): see :class:`~sentiment.using.ask.Reading`."""
    marks = [index for word, index in model.dictionary.items() if not any(map(str.isalnum, word))]
    telling = find(graph, WORDS, [0, UNKNOWN] + marks, [0] * (2 + len(marks)), 1)
    strange = graph('Cast', graph('Equal', WORDS, UNKNOWN), to=INT64)
    return graph('Greater', graph('ReduceMax', telling, axes=[1]),
                 graph('Sub', graph('ReduceMax', strange, axes=[1]), 1))
