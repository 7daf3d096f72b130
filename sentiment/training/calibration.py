"""Probabilities that mean what they say: a temperature, and how far they are from the truth."""
import numpy

from sentiment.data.checks import check_array, check_number

KEPT = ('temperature', 'reliability')  # in a model and in a checkpoint
N_BINS = 15
LEAST = 1e-30  # of a probability, so that its logarithm is finite
COLDEST, HOTTEST = 0.05, 100.
# the usual mean and deviation of a temperature's logarithm: what suits held-out reviews
ANY = 0., 1.  # of any network
BLENDED = 0.1, 0.1  # of n-grams and network, blended by fit_mix
TAUGHT = 0.33, 0.1  # of a network that n-grams teach: sentences and Chinese reviews
TAUGHT_STRETCHES = -0.65, 0.1  # of one that they teach stretches of longer texts: films


def softmax(scores):
    """Return the probabilities (..., C) of scores (..., C)."""
    odds = numpy.exp(scores - scores.max(axis=-1, keepdims=True))
    return odds / odds.sum(axis=-1, keepdims=True)


def temper(probs, temperature):
    """Return softmax(scores / temperature) (n, C) of probs = softmax(scores), in float64.

    A temperature above 1 makes them less certain; their order never changes. NaN stays NaN.
    """
    probs = numpy.asarray(probs, 'float64')
    if temperature == 1:
        return probs
    return softmax(numpy.log(numpy.maximum(probs, LEAST)) / temperature)


def fit_temperature(probs, labels, usual=ANY):
    """Return the temperature of least log loss (Guo et al., 2017, arXiv:1706.04599).

    probs (n, C) of samples that were not trained on, labels (n,). Few samples tell little: before
    any is seen, the temperature's logarithm is taken for normally distributed, with the mean and
    deviation that are ``usual``.
    """
    mean, deviation = usual
    from scipy.optimize import minimize_scalar
    samples = numpy.arange(len(labels))

    def loss(log_temperature):
        likelihood = temper(probs, numpy.exp(log_temperature))[samples, labels]
        surprise = (log_temperature - mean) / deviation
        return -numpy.log(likelihood + LEAST).sum() + surprise ** 2 / 2

    found = minimize_scalar(loss, bounds=numpy.log([COLDEST, HOTTEST]), method='bounded')
    return float(numpy.exp(found.x))


def reliability(probs, labels):
    """Return a row (number of samples, their mean probability, the share that is right) for each of
    15 bins of equal width of the probability of the answer: (15, 3), means of nothing are 0.
    """
    answers = probs.max(axis=1)
    place = numpy.minimum((answers * N_BINS).astype(int), N_BINS - 1)
    right = probs.argmax(axis=1) == labels
    counts, sure, correct = (numpy.bincount(place, weights, N_BINS)
                             for weights in (None, answers, right))
    some = numpy.maximum(counts, 1)
    return numpy.stack([counts, sure / some, correct / some], axis=1)


def calibration_error(bins):
    """Return the expected calibration error of :func:`reliability` (Naeini et al., 2015): by how
    much the probability of an answer differs from how often it is right, on average.
    """
    counts, sure, correct = bins.T
    return float((counts * abs(sure - correct)).sum() / counts.sum())


def brier_score(probs, labels):
    """Return the mean squared distance of the probabilities from the truth (Brier, 1950): summed
    over the classes, 0 to 2; half of it where there are two, 0 to 1, as is usual there.
    """
    wrong = numpy.array(probs)
    wrong[numpy.arange(len(labels)), labels] -= 1
    return float((wrong ** 2).sum(axis=1).mean() / (2 if probs.shape[1] == 2 else 1))


def check_calibration(where, saved):
    """Return the temperature and the reliability of a file, those that it has, checked.

    Models of before have neither, which means a temperature of 1. Raises BadInput.
    """
    known = {}
    if 'temperature' in saved:
        known['temperature'] = check_number('%s: temperature' % where, saved['temperature'],
                                            1e-3, 1e3)
    if 'reliability' in saved:
        known['reliability'] = check_array('%s: reliability' % where, saved['reliability'], 'f',
                                           (None, 3), low=0, high=2 ** 53)
    return known
