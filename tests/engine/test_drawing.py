"""Random numbers are those that NumPy's generator draws from the same seed."""
import numpy
import pytest

from sentiment import engine
from sentiment.engine import QUICK, theano

if engine.NAME != 'PyTensor' or not engine.OWN_OPERATIONS:
    pytest.skip('draws otherwise', allow_module_level=True)


@pytest.mark.parametrize('distribution, parameters, size', [
    ('uniform', (), (3, 4)), ('uniform', (-1., 2.), (5,)), ('normal', (0., 0.1), (2, 3)),
    ('normal', (0., 0.1), None), ('normal', ([0., 10.], 0.1), None),
    ('normal', ([0., 10.], 0.1), (3, 2)), ('normal', ([3.], 0.1), (2, 1)),
    ('multinomial', (3, [1.]), (2,)), ('multinomial', (3, [0.5, 0.5]), (2,))])
def test_numbers_are_numpys(distribution, parameters, size):
    rng, next_rng, sample = engine.draw(7, distribution, *parameters, size=size)
    draw = theano.function([], sample, updates=[(rng, next_rng)], mode=QUICK)
    expected = numpy.random.default_rng(7)
    for _ in range(3):
        numbers = getattr(expected, distribution)(*parameters, size=size)
        numpy.testing.assert_array_equal(draw(), numpy.asarray(numbers, sample.dtype))
    assert draw().dtype == sample.dtype
