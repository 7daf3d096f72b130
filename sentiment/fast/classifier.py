"""``sentiment.classifier``, each function in one operation: the same names, the same
meaning. The graph of its few numbers a sample would have fifty nodes.

With a teacher, lstm.py takes the classifier as it is read: the engine simplifies both gradients as
one.
"""
import numpy

from sentiment.classifier import SMALL
from sentiment.engine import tensor
from sentiment.fast.whole import Whole


def add_up(values, **axes):
    """Return sums as exact as the engines': in float64, then rounded."""
    return values.sum(dtype='float64', **axes).astype(values.dtype)


def find_odds(h, U, b):
    scores = h.dot(U) + b
    odds = numpy.exp(scores - scores.max(axis=1, keepdims=True))
    return odds / add_up(odds, axis=1, keepdims=True)


def find_odds_back(h, U, b, pred, dpred):
    shares = dpred * pred
    dscores = shares - add_up(shares, axis=1, keepdims=True) * pred
    return dscores.dot(U.T), h.T.dot(dscores), add_up(dscores, axis=0)


def likely(pred, y):
    return pred[numpy.arange(len(y)), y] + pred.dtype.type(SMALL)


def lose(pred, y):
    return -numpy.log(likely(pred, y))


def lose_back(pred, y, losses, dlosses):
    dpred = numpy.zeros_like(pred)
    dpred[numpy.arange(len(y)), y] = -dlosses / likely(pred, y)
    return dpred,


def is_real(mask, dtype):
    return (mask.max(axis=0) > 0).astype(dtype)


def average(losses, mask):
    real = is_real(mask, losses.dtype)
    return numpy.asarray(add_up(losses * real) / add_up(real))


def average_back(losses, mask, mean, dmean):
    real = is_real(mask, losses.dtype)
    return dmean / add_up(real) * real,


classify = Whole(find_odds, find_odds_back, tensor.matrix, 3)
log_loss = Whole(lose, lose_back, tensor.vector, 1)
mean_loss = Whole(average, average_back, tensor.scalar, 1)
