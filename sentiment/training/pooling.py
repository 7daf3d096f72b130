"""Pooling beside the tutorial's: the largest of each unit's states."""
from sentiment.engine import tensor

POOLINGS = ('mean', 'mean_max')  # what the classifier may read


def floor_padding(h, mask):
    """Let the states (T, B, D) be -1, below any of a word, where there is no word."""
    return tensor.switch(mask[:, :, None] > 0, h, -1.)


def max_pool(h, mask):
    """Return the largest of each unit's states (T, B, D) over the words: (B, D)."""
    return floor_padding(h, mask).max(axis=0)
