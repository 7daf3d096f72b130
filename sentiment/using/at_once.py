"""The first answers of a run, before anything is compiled: the network once more, in NumPy.

It takes some twenty microseconds a word; what is compiled takes one, and a second or more to start
with. Equations as in ``lstm.lstm_layer``; T words of a review, D units, C classes.
"""
from functools import partial

import numpy

import lstm
from sentiment.fast import AVAILABLE
from sentiment.using.ask import probabilities

MOST = 4096  # words that are answered so


def answering(model):
    """Return a function readings -> probabilities (n, C), as ``ask.probabilities`` of the model.

    The first readings, of up to MOST words in all, are answered at once; those that follow, in this
    call and later ones, by the compiled network. Each is read alone: its digits do not depend on
    which others have come with it, and a run can be repeated.
    """
    left = MOST if all(map(is_tutorials, parts_of(model))) else 0

    def answer(readings):
        nonlocal left
        n_first = 0
        for reading in readings:
            left -= len(reading.indices)
            n_first += left >= 0
        return numpy.concatenate([
            probabilities(model, readings[:n_first], f=partial(f_pred_prob, model)),
            probabilities(model, readings[n_first:])])
    return answer


def parts_of(model):
    """Return the models whose scores are averaged, or the one that answers alone."""
    return getattr(model, 'models', [model])


def is_tutorials(model):
    """Whether the model's layer is the tutorial's own, and nobody asked for another device."""
    return AVAILABLE and lstm.layers[model.options['encoder']][1] is lstm.lstm_layer


def f_pred_prob(model, x, mask):
    """Return the probabilities (B, C) of words x (T, B) under their mask: ``model.f_pred_prob``."""
    reviews = [review[:n] for review, n in zip(x.T, (mask > 0).sum(axis=0))]
    return softmax(numpy.mean([[scores(part, review) for review in reviews]
                               for part in parts_of(model)], axis=0))


def scores(model, review):
    """Return the scores (C,) of a review's words (T,), under the temperature."""
    h = pool(lstm_layer(model.params, review), model.options)
    kept = 0.5 if model.options['use_dropout'] else 1.
    _, of_ngrams = model.f_ngrams(review)
    return model.bias + model.share * kept * (h @ model.params['U']) + of_ngrams.sum(axis=0)


def lstm_layer(params, review):
    """Return the hidden states (T, D) of a review's words (T,)."""
    U, dim = params['lstm_U'], len(params['lstm_U'])
    h = c = numpy.zeros(dim, U.dtype)
    states = []
    for z_x in params['Wemb'][review] @ params['lstm_W'] + params['lstm_b']:  # (4 D,)
        z = z_x + h @ U
        i, f, o = sigmoid(z[:3 * dim]).reshape(3, dim)
        c = f * c + i * numpy.tanh(z[3 * dim:])
        h = o * numpy.tanh(c)
        states.append(h)
    return numpy.array(states)


def pool(states, options):
    """Return the mean of the states (D,), or, with their maxima behind it, (2 D,)."""
    mean = states.mean(axis=0)
    return mean if options['pooling'] == 'mean' else numpy.concatenate([mean, states.max(axis=0)])


def sigmoid(z):
    """Return 1 / (1 + exp(-z)), by a function that does not overflow."""
    return numpy.tanh(z / 2) / 2 + 0.5


def softmax(scores):
    """Return the probabilities (B, C) of scores."""
    odds = numpy.exp(scores - scores.max(axis=1, keepdims=True))
    return odds / odds.sum(axis=1, keepdims=True)
