"""The classifier and its loss, each one operation in NumPy with its gradient: as ``lstm.classify``,
``log_loss`` and ``mean_loss``.

As a graph they are some forty nodes, each of which takes longer than what it computes. With n-grams
lstm.py takes the readable ones: the engine then simplifies the gradients of both parts as one.
"""
import numpy

from sentiment.engine import tensor
from sentiment.fast.whole import Whole
from sentiment.loss import SMALL


def check_shape(values, shape):
    """Raise ValueError unless an array has a shape: NumPy would repeat what is one long."""
    if values.shape != shape:
        raise ValueError('arrays of the shapes %s and %s do not fit together'
                         % (values.shape, shape))


def total(values, **axes):
    """Return sums as exact as the engines': in float64, then rounded."""
    return values.sum(dtype='float64', **axes).astype(values.dtype)


def probabilities(h, U, b):
    """Return the probabilities (B, C) from h (B, D), U (D, C) and b (C,)."""
    check_shape(b, U.shape[1:])
    scores = h.dot(U) + b
    exps = numpy.exp(scores - scores.max(axis=1, keepdims=True))
    return exps / total(exps, axis=1, keepdims=True)


def probabilities_back(h, U, b, pred, dpred):
    """Return the gradients of h, U and b, by that of pred (B, C)."""
    shares = dpred * pred
    dscores = shares - total(shares, axis=1, keepdims=True) * pred
    return dscores.dot(U.T), h.T.dot(dscores), total(dscores, axis=0)


def likelihood(pred, y):
    """Return what pred (B, C) has for the classes y, and SMALL: (B,)."""
    check_shape(y, pred.shape[:1])
    return pred[numpy.arange(len(y)), y] + pred.dtype.type(SMALL)


def losses(pred, y):
    """Return the negative log-likelihood (B,)."""
    return -numpy.log(likelihood(pred, y))


def losses_back(pred, y, losses, dlosses):
    """Return the gradient of pred (B, C), by that of the losses (B,)."""
    dpred = numpy.zeros_like(pred)
    dpred[numpy.arange(len(y)), y] = -dlosses / likelihood(pred, y)
    return [dpred]


def are_real(mask, dtype):
    """Return 1 for a sample that has a word, 0 for what only fills up a batch: (B,)."""
    return (mask.max(axis=0) > 0).astype(dtype)


def mean(losses, mask):
    """Return the mean of the losses (B,) of the real samples."""
    real = are_real(mask, losses.dtype)
    check_shape(losses, real.shape)
    return numpy.asarray(total(losses * real) / total(real))


def mean_back(losses, mask, mean, dmean):
    """Return the gradient of the losses (B,), by that of their mean."""
    real = are_real(mask, losses.dtype)
    return [dmean / total(real) * real]


classify = Whole(probabilities, probabilities_back, tensor.matrix, 3)
log_loss = Whole(losses, losses_back, tensor.vector, 1)
mean_loss = Whole(mean, mean_back, tensor.scalar, 1)
