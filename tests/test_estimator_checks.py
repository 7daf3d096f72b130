"""scikit-learn's own checks of estimators, all of them, and none is expected to fail.

They give numbers, of which each row is spelt out as a text. Of an estimator that takes text alone
check_estimator checks nothing.
"""
import string
import warnings

import pytest

sklearn = pytest.importorskip('sklearn', minversion='1.6')  # of validate_data

from sklearn.utils.estimator_checks import parametrize_with_checks  # noqa: E402
from sklearn.utils.validation import check_is_fitted, validate_data  # noqa: E402

from sentiment import SentimentClassifier  # noqa: E402

pytestmark = pytest.mark.once


def spell(row):
    """Return a text of two words for each number of a row: 'b37 b2x20', 37 and some 2 times 20."""
    return ' '.join('%s%d %s%dx20' % (name, round(value), name, round(value / 20))
                    for name, value in zip(string.ascii_letters, row))


class OfNumbers(SentimentClassifier):
    """The estimator as scikit-learn's checks can call it; what numbers may be is not its own."""

    def fit(self, X, y):
        return super().fit([spell(row) for row in validate_data(self, X)], y)

    def predict_proba(self, X):
        check_is_fitted(self)
        return super().predict_proba([spell(row) for row in validate_data(self, X, reset=False)])

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.string, tags.input_tags.two_d_array = False, True
        return tags


TINY = OfNumbers(tokenizer='whitespace', dim_proj=4, max_epochs=6, ngrams=None,
                 lrate=0.2)


@parametrize_with_checks([TINY])
def test_checks_of_scikit_learn(estimator, check):
    with warnings.catch_warnings():
        warnings.filterwarnings('ignore', 'only .* texts validate', UserWarning)
        check(estimator)
