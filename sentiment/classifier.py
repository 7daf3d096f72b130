"""What reads the pooled states: the classifier and its loss."""
from sentiment.engine import config, numpy_floatX, softmax, tensor

SMALL = 1e-8  # keeps log() finite


def classify(h, U, b):
    """Return the probabilities (B, C) from the pooled states h (B, D), U (D, C) and b (C,); D is
    twice ``dim_proj`` where the maxima are read too.
    """
    return softmax(tensor.dot(h, U) + b)


def log_loss(pred, y):
    """Return the negative log-likelihood (B,) of the classes y (B,), given pred (B, C)."""
    return -tensor.log(pred[tensor.arange(y.shape[0]), y] + numpy_floatX(SMALL))


def mean_loss(losses, mask):
    """Return the mean of the losses (B,) of the samples that have a word in mask (T, B)."""
    real = tensor.cast(mask.max(axis=0) > 0, config.floatX)  # 0 for what only fills up a batch
    return (losses * real).sum() / real.sum()
