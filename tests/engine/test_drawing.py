"""Random numbers are those that NumPy's generator draws from the same seed."""
from unittest import mock

import numpy
import pytest

from sentiment import engine
from sentiment.engine import QUICK, drawing, theano

if engine.NAME != 'PyTensor' or not engine.OWN_OPERATIONS:
    pytest.skip('draws otherwise', allow_module_level=True)


def compile_draw(distribution, parameters, size):
    """Return a function that draws, and whether it calls NumPy itself."""
    thunks, direct = [], drawing.direct

    def remember(node, thunk):
        thunks.append((thunk, direct(node, thunk)))
        return thunks[-1][1]

    rng, next_rng, sample = engine.draw(7, distribution, *parameters, size=size)
    with mock.patch.object(drawing, 'direct', remember):
        f = theano.function([], sample, updates=[(rng, next_rng)], mode=QUICK)
    [(theirs, ours)] = thunks
    return f, ours is not theirs


@pytest.mark.parametrize('distribution, parameters, size', [
    ('uniform', (), (3, 4)), ('uniform', (-1., 2.), (5,)), ('normal', (0., 0.1), (2, 3)),
    ('normal', (0., 0.1), None), ('normal', ([0., 10.], 0.1), None),
    ('normal', ([0., 10.], 0.1), (3, 2)), ('normal', ([3.], 0.1), (2, 1)),
    ('multinomial', (3, [1.]), (2,)), ('multinomial', (3, [0.5, 0.5]), (2,))])
def test_numbers_are_numpys(distribution, parameters, size):
    f, is_direct = compile_draw(distribution, parameters, size)
    assert is_direct == (distribution != 'multinomial')  # whose probabilities are a vector
    expected = numpy.random.default_rng(7)
    for _ in range(3):
        drawn = f()
        numbers = getattr(expected, distribution)(*parameters, size=size)
        numpy.testing.assert_array_equal(drawn, numpy.asarray(numbers, drawn.dtype))
