"""How much the network and the n-grams count: two weights, fitted on the validation set."""
import numpy

from sentiment.engine import numpy_floatX
from sentiment.training.calibration import LEAST

USUAL, DEVIATION = (0.1, 1.2), 0.05  # of the weights, seen on held-out films and sentences
MOST = 20.


def fit_mix(probs, labels):
    """Return the weights (2,) of log probs (2, n, C) whose softmax has least log loss.

    Both parts learn from the same reviews, which the network remembers better than it reads others:
    only reviews that were not trained on tell how much either is worth. Few tell little: before any
    is seen, each weight is taken for normally distributed around the usual.
    """
    from scipy.optimize import minimize
    scores = numpy.log(numpy.maximum(numpy.asarray(probs, 'float64'), LEAST))
    samples = numpy.arange(len(labels))

    def loss(weights):
        mixed = numpy.tensordot(weights, scores, 1)
        mixed -= mixed.max(axis=1, keepdims=True)
        losses = numpy.log(numpy.exp(mixed).sum(axis=1)) - mixed[samples, labels]
        return losses.sum() + (((weights - USUAL) / DEVIATION) ** 2).sum() / 2

    return minimize(loss, USUAL, bounds=[(0., MOST)] * len(USUAL)).x


def settle(tparams, measure, labels):
    """Give the parts the weights that suit these labels.

    measure: no arguments -> probabilities (n, C) of the present parameters.
    """
    probs = []
    for weights in numpy.eye(2):
        tparams['mix'].set_value(numpy_floatX(weights))
        probs.append(measure())
    tparams['mix'].set_value(numpy_floatX(fit_mix(probs, labels)))
