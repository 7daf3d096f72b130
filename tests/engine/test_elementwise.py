"""What is done to each element means the same, called directly, as by the engine's own way."""
import numpy
import pytest

from sentiment import engine
from sentiment.engine import QUICK, tensor, theano
from sentiment.engine.elementwise import numpy_function

pytestmark = pytest.mark.skipif(not engine.OWN_OPERATIONS, reason='nothing runs in Python here')

PLAIN = theano.compile.mode.Mode(engine.VMLinker(use_cloop=False, c_thunks=False),
                                 QUICK.provided_optimizer)


def arrays():
    rng = numpy.random.RandomState(0)
    return (rng.normal(size=(3, 4)), rng.normal(size=(1, 4)), rng.randint(-3, 3, (3, 4)),
            rng.normal(size=4))


def expressions(a, row, k, v):
    """Return graphs of all kinds: a (3, 4), row (1, 4), k (3, 4) of integers, v (4,)."""
    return [a + row, a * v, a / v, k / k, k / 2., k // 2, tensor.sqrt(a), tensor.exp(a * 1000),
            tensor.log(a), a > row, tensor.switch(a > 0, a, v), tensor.switch(k > 0, 1., a),
            tensor.cast(a, 'float32'), tensor.cast(a, 'int64'), tensor.cast(a > 0, 'int8') + k,
            tensor.cast(k, 'int8') / tensor.cast(k, 'int8'), -abs(a) ** 2, tensor.maximum(a, 0.5),
            tensor.neq(k, 0) & (a > 0), a.sum() + k.sum(), tensor.eq(a.shape[0], 3) * v.sum(),
            tensor.minimum(a, v) + a * row - a / (row ** 2 + 1), tensor.tanh(a) + engine.sigmoid(v)]


def symbols():
    return tensor.dmatrix(), tensor.drow(), tensor.lmatrix(), tensor.dvector()


@pytest.mark.parametrize('index', range(len(expressions(*symbols()))))
def test_directly_as_by_the_engine(index):
    inputs = symbols()
    outputs = [expressions(*inputs)[index]]
    outputs.append(outputs[0] * 2 + 1)  # computed in the place of the product
    answers = []
    for mode, said in (PLAIN, 'ignore'), (QUICK, 'raise'):  # which is not to say what is NaN
        f = theano.function(inputs, outputs, mode=mode, on_unused_input='ignore')
        with numpy.errstate(all=said):
            answers.append(sum([f(*arrays()) for _ in range(2)], []))  # none in another's place
    for expected, answer in zip(*answers):
        assert (answer.dtype, answer.shape) == (expected.dtype, expected.shape)
        numpy.testing.assert_array_equal(answer, expected)
        assert type(answer) is type(expected)


def test_what_is_called_directly():
    a, v = tensor.dmatrix(), tensor.dvector()
    for output in a + v, tensor.exp(a), tensor.switch(a > 0, a, v), tensor.cast(a, 'int64'):
        assert numpy_function(output.owner), output
    assert numpy_function(a.clip(0., 1.).owner) is None  # NumPy has no such ufunc


@pytest.mark.parametrize('shapes', [[(1, 4), (3, 4)], [(3, 4), (1, 4)], [(3, 1), (3, 4)]])
def test_what_is_one_long_by_chance_is_not_repeated(shapes):
    a, b = tensor.dmatrices(2)
    f = theano.function([a, b], a + b, mode=QUICK)
    for values in (numpy.ones((3, 4)),) * 2, (numpy.ones((1, 4)),) * 2:
        numpy.testing.assert_array_equal(f(*values), values[0] + values[1])
    with pytest.raises(ValueError, match='[34]'):
        f(*map(numpy.ones, shapes))


def test_a_column_is_repeated_where_it_is_one_long_as_written():
    a, v = tensor.dmatrix(), tensor.dvector()
    f = theano.function([a, v], a * v[:, None], mode=QUICK)
    numpy.testing.assert_array_equal(f(numpy.ones((2, 3)), numpy.arange(2.)), [[0] * 3, [1] * 3])
    with pytest.raises(ValueError):
        f(numpy.ones((1, 3)), numpy.arange(2.))
