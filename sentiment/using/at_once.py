"""The first answers of ``predict``, before anything is compiled: the network once more, in NumPy.

It takes some twenty microseconds a word; what is compiled takes one, and a second or more to start
with. Equations as in ``lstm.lstm_layer``; T words of a review, D units, C classes. Who changes
``lstm.build_model`` or ``lstm.classify`` changes this too, or leaves :func:`answering` out.
"""
import copy

import numpy

import lstm
from sentiment.fast import AVAILABLE
from sentiment.training.calibration import LEAST, softmax, temper
from sentiment.using.ask import probabilities
from sentiment.using.model import Model
from sentiment.wide import ngrams

MOST = 4096  # words that are answered so, by a network of at most
WIDEST = 128  # units; by a wider one, as many fewer as a word takes longer


class Uncompiled(Model):
    """A model that answers by NumPy, one review after the other."""

    def __init__(self, model):
        vars(self).update(vars(model))

    def f_pred_prob(self, x, mask):
        """Return the probabilities (B, C) of words x (T, B) under their mask, 1 or 0 each.

        The digits of a review do not depend on which others have come with it.
        """
        lengths = (mask > 0).sum(axis=0)
        probs = numpy.array([self.probs(review[:n]) for review, n in zip(x.T, lengths)])
        return temper(probs, self.temperature)

    def probs(self, review):
        """Return the probabilities (C,) of a review's words (T,)."""
        params, options = self.params, self.options
        h = pool(lstm_layer(params, review, options['encoder']), options)
        kept = 0.5 if options['use_dropout'] else 1.
        pred = softmax(kept * h @ params['U'] + params['b'])
        if not options['ngrams']:
            return pred
        unmixed = dict(params, mix=numpy.ones(2))
        shares = ngrams.shares_of(unmixed, review, options)[1].sum(axis=0)
        both = pred, softmax(shares + params['ngrams_b'])
        return softmax(sum(weight * numpy.log(numpy.maximum(part, LEAST))
                           for weight, part in zip(params['mix'], both)))


def answering(model):
    """Return a function readings -> probabilities (n, C), as ``ask.probabilities`` of the model.

    The first readings, of up to MOST words in all, are answered at once; those that follow, in this
    call and later ones, by the compiled network. That depends on nothing else, such as the time, so
    that a run can be repeated to the last digit.
    """
    left = how_many(model)
    quick = uncompiled(model) if left else model

    def answer(readings):
        nonlocal left
        n_first = 0
        for reading in readings:
            left -= len(reading.indices)
            n_first += left >= 0
        return numpy.concatenate([probabilities(quick, readings[:n_first]),
                                  probabilities(model, readings[n_first:])])
    return answer


def how_many(model):
    """Return how many words are answered at once: none if a layer is not the tutorial's, or runs
    elsewhere.
    """
    parts = getattr(model, 'models', [model])
    if not AVAILABLE or any(lstm.layers[part.options['encoder']][1] is not lstm.lstm_layer
                            for part in parts):
        return 0
    return int(MOST / max(1., sum((part.options['dim_proj'] / WIDEST) ** 2 for part in parts)))


def uncompiled(model):
    """Return a model, or the average of several, that answers as this one does, by NumPy."""
    if not hasattr(model, 'models'):
        return Uncompiled(model)
    quick = copy.copy(model)
    quick.models = [Uncompiled(part) for part in model.models]
    return quick


def lstm_layer(params, review, prefix):
    """Return the hidden states (T, D) of a review's words (T,)."""
    W, U, b = (params['%s_%s' % (prefix, name)] for name in 'WUb')
    dim = len(U)
    h = c = numpy.zeros(dim, U.dtype)
    states = []
    for z_x in params['Wemb'][review] @ W + b:  # (4 D,)
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
