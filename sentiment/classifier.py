"""What reads the pooled states: the classifier and its loss."""
from sentiment.engine import config, numpy_floatX, softmax, tensor

SMALL = 1e-8  # keeps log() finite


def classify(h, U, b):
    """Return the probabilities (B, C) by the states h (B, D), U (D, C) and b (C,)."""
    return softmax(tensor.dot(h, U) + b)


def log_loss(pred, y):
    """Return the negative log-likelihood (B,) of the classes y (B,) by the probabilities (B, C)."""
    return -tensor.log(pred[tensor.arange(y.shape[0]), y] + numpy_floatX(SMALL))


def mean_loss(losses, mask):
    """Return the mean of the losses (B,) of samples that have a word, by the mask (T, B)."""
    real = tensor.cast(mask.max(axis=0) > 0, config.floatX)  # not what only fills up a batch
    return (losses * real).sum() / real.sum()
