"""The mean of the parameters over the course of a run: what is learnt last turns from batch to
batch, the mean holds still (Polyak & Juditsky, 1992).
"""
from sentiment.wide.layer import CONSTANTS

LATE = 3  # how much more the late ones count: of n, the k-th counts as about k ** LATE


def move_mean(mean, params, count):
    """Return the mean of ``count`` sets of parameters, of which ``params`` is the latest.

    mean: of those before, or None; both are dicts name -> array. By polynomial decay (Shamir &
    Zhang, 2013, arXiv:1212.1824, section 4), which need not know how many will follow.
    """
    share = (LATE + 1) / (LATE + count)
    if mean is None or share >= 1:
        return params
    return {name: value if name in CONSTANTS else mean[name] + (value - mean[name])
            * value.dtype.type(share) for name, value in params.items()}
