"""Folds: of K parts of the training reviews, each validates once, and all of them together do."""
import re

import numpy

from sentiment.data.errors import BadInput, shown


def read_fold(fold):
    """Return (2, 5) of '2/5', the second of five folds; raise BadInput at what names none."""
    found = re.match(r'([0-9]{1,6})/([0-9]{1,6})\Z', fold) if isinstance(fold, str) else None
    which, n_folds = map(int, found.groups()) if found else (0, 0)
    if not 1 <= which <= n_folds or n_folds < 2:
        raise BadInput('fold: %s is not a fold such as 2/5, the second of five' % shown(fold))
    return which, n_folds


def fold_of(n_samples, n_folds, rng, stretches=None):
    """Return the number, from 1, of the fold that each sample is in, (n_samples,) int.

    Folds are drawn by ``rng`` and of one size, give or take a sample. With ``stretches``, each is
    that many stretches of neighbours, one in each of as many equal parts, and gives or takes one
    sample a stretch. Raises BadInput where one would be empty.
    """
    n_pieces = n_folds * (stretches or 1)
    if n_samples < n_pieces:
        raise BadInput('%d training reviews are too few for %d folds%s' % (
            n_samples, n_folds, ' of %d stretches each' % stretches if stretches else ''))
    pieces = numpy.arange(n_samples) * n_pieces // n_samples
    if stretches:
        return 1 + numpy.concatenate([rng.permutation(n_folds) for _ in range(stretches)])[pieces]
    return 1 + rng.permutation(pieces)
