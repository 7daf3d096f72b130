"""The loss of what the classifier says, and its mean over a batch."""
from sentiment.engine import config, numpy_floatX, tensor

SMALL = 1e-8  # keeps log() finite


def log_loss(pred, y):
    """Return the negative log-likelihood (B,) of the classes y (B,), given pred (B, C)."""
    return -tensor.log(pred[tensor.arange(y.shape[0]), y] + numpy_floatX(SMALL))


def mean_loss(losses, mask):
    """Return the mean of the losses (B,) of the samples that have a word in mask (T, B)."""
    real = tensor.cast(mask.max(axis=0) > 0, config.floatX)  # 0 for what only fills up a batch
    return (losses * real).sum() / real.sum()
