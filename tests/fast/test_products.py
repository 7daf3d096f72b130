"""The products of few rows are NumPy's, for any shapes and strides."""
import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentiment.fast import products
from tests.helpers import product_bound


def assert_product_is_added(a, b):
    """Assert that add_product adds a b to ones, as NumPy does, in the precision of the two."""
    out = numpy.ones((len(a), b.shape[1]), a.dtype)
    products.add_product(a, b, out)
    apart = abs(out.astype('float64') - (1 + a.dot(b)))
    assert (apart <= product_bound(a, b, extra=1)).all(), apart.max()


@pytest.mark.parametrize('dtype', ['float32', 'float64'])
@given(shape=st.tuples(*[st.integers(0, 40)] * 3), deep=st.booleans(), seed=st.integers(0, 99))
def test_products_are_those_of_numpy(shape, deep, seed, dtype):
    m, depth, n = shape
    rng = numpy.random.RandomState(seed)
    a = rng.randn(depth * (20 if deep else 1), m).astype(dtype).T  # strides of its own
    b = rng.randn(a.shape[1], n).astype(dtype)
    assert_product_is_added(a, b)
    assert_product_is_added(a, numpy.asfortranarray(b))


@pytest.mark.parametrize('depth', [products.DEPTH - 1, products.DEPTH, products.DEPTH + 1])
@pytest.mark.parametrize('dtype', ['float32', 'float64'])
def test_products_of_whole_numbers_are_exact(dtype, depth):
    rng = numpy.random.RandomState(depth)
    a, b = (rng.randint(-9, 10, shape).astype(dtype) for shape in ((13, depth), (depth, 35)))
    out = numpy.zeros((13, 35), dtype)
    products.add_product(a, b, out)
    numpy.testing.assert_array_equal(out, a.astype(int).dot(b.astype(int)))
