"""Rows are summed as NumPy sums them, to the bit, and have its gradient."""
import numpy
import pytest

from sentiment import fast
from sentiment.engine import QUICK, config, tensor, theano

if not fast.AVAILABLE:
    pytest.skip('this engine runs none of our own', allow_module_level=True)

from sentiment.fast.rows import sum_rows  # noqa: E402


@pytest.mark.parametrize('n_rows, n, n_columns', [(50, 7, 3), (1, 1, 1), (0, 3, 2), (0, 0, 2)])
def test_rows_are_summed_by_their_index(n_rows, n, n_columns):
    rng = numpy.random.RandomState(0)
    values, index, weights = tensor.matrix(), tensor.lvector(), tensor.matrix()
    total = sum_rows(values, index, tensor.constant(n))
    grad = theano.grad((total * weights).sum(), values)
    f = theano.function([values, index, weights], [total, grad], mode=QUICK)

    given = rng.randn(n_columns, n_rows).astype(config.floatX).T, rng.randint(0, max(1, n), n_rows)
    of_each = rng.randn(n, n_columns).astype(config.floatX)
    expected = numpy.zeros_like(of_each)
    numpy.add.at(expected, given[1], given[0])
    answers = f(*given, of_each)
    numpy.testing.assert_array_equal(answers[0], expected)
    numpy.testing.assert_array_equal(answers[1], of_each[given[1]])
