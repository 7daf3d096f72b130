"""Rows are put into a table, and added to it, as NumPy does it: one row as many."""
import numpy
import pytest

from sentiment import engine
from sentiment.engine import QUICK, tensor, theano

pytestmark = pytest.mark.skipif(not engine.OWN_OPERATIONS, reason='nothing runs in Python here')


@pytest.mark.parametrize('shape', [(7, 3), (7,), (1, 3)])
@pytest.mark.parametrize('n_rows', [0, 1, 5])
@pytest.mark.parametrize('kind', ['inc', 'set'])
def test_rows_and_their_places(kind, n_rows, shape):
    rng = numpy.random.RandomState(0)
    values = (rng.randn(*shape), rng.randn(n_rows, *shape[1:]), rng.permutation(9)[:n_rows]
              % shape[0])
    table, rows = (tensor.TensorType('float64', (False,) * len(shape))() for _ in range(2))
    places = tensor.lvector()
    scatter = tensor.inc_subtensor if kind == 'inc' else tensor.set_subtensor
    f = theano.function([table, rows, places], scatter(table[places], rows), mode=QUICK)
    expected = values[0].copy()
    if kind == 'inc':
        numpy.add.at(expected, values[2], values[1])
    else:
        expected[values[2]] = values[1]
    numpy.testing.assert_array_equal(f(*values), expected)
    assert not numpy.shares_memory(f(*values), values[0])  # which is the caller's


def test_one_for_all_is_as_by_the_engine():
    table, places = tensor.dmatrix(), tensor.lvector()
    f = theano.function([table, places], tensor.inc_subtensor(table[places], 1.), mode=QUICK)
    numpy.testing.assert_array_equal(f(numpy.zeros((3, 2)), [1, 1]), [[0, 0], [2, 2], [0, 0]])


def test_other_places_are_as_by_the_engine():
    table, places, matrix = tensor.dmatrix(), tensor.lvector(), tensor.lmatrix()
    f = theano.function([table, places, matrix], [
        tensor.inc_subtensor(table[index], values) for index, values in (
            ((places, places), tensor.ones((2,))), ((matrix,), tensor.ones((1, 2, 2))))],
                        mode=QUICK)
    diagonal, rows = f(numpy.zeros((2, 2)), [1, 1], [[0, 0]])
    numpy.testing.assert_array_equal(diagonal, [[0, 0], [0, 2]])
    numpy.testing.assert_array_equal(rows, [[2, 2], [0, 0]])


@pytest.mark.parametrize('shape, n_places', [((1, 3), 2), ((2, 1), 2), ((3, 3), 2)])
def test_what_does_not_fit_is_refused(shape, n_places):
    table, rows, places = tensor.dmatrix(), tensor.dmatrix(), tensor.lvector()
    f = theano.function([table, rows, places], tensor.inc_subtensor(table[places], rows),
                        mode=QUICK)
    with pytest.raises(ValueError):
        f(numpy.zeros((5, 3)), numpy.ones(shape), numpy.arange(n_places))


def test_one_word_has_the_gradient_of_its_row():
    words, table = tensor.lmatrix(), theano.shared(numpy.ones((5, 3)))
    grad = tensor.grad((table[words.flatten()] ** 2).sum(), table)
    value = theano.function([words], grad, mode=QUICK)([[3]])
    numpy.testing.assert_array_equal(value, 2. * (numpy.arange(5) == 3)[:, None] * numpy.ones(3))
