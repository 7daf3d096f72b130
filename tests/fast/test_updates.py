"""The updates that read but a batch's rows of the embedding are those that read all of them."""
from functools import lru_cache

import numpy
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import imdb
import lstm
from sentiment import fast
from sentiment.engine import tensor, theano
from sentiment.fast import updates
from tests.rounded import Rounded

pytestmark = pytest.mark.skipif(not fast.AVAILABLE, reason='this engine runs none of our own')

LRATE = 2. ** -4  # which any precision holds exactly
WEIGHTS = (1., 2., -4.)  # of the columns of the embedding, and of other parameters


@lru_cache(maxsize=None)
def compile_optimizer(name, is_fast, dtype, n_words, repeat=1):
    """Return (tparams, f_grad_shared, f_update, all that they keep as it was at first).

    The cost is linear, and its gradients, :func:`expect_gradients`, are sums of small whole
    numbers: they are exact, and what the parameters are off by does not grow.
    """
    x = tensor.matrix('x', dtype='int64')
    mask = tensor.matrix('mask', dtype=dtype)
    y = tensor.vector('y', dtype='int64')
    lr = tensor.scalar('lr', dtype=dtype)
    row = numpy.tile(WEIGHTS, repeat).astype(dtype)
    tparams = {'Wemb': theano.shared(numpy.zeros((n_words, len(row)), dtype)),
               'U': theano.shared(numpy.ones((2, 3), dtype)),
               'b': theano.shared(numpy.ones(3, dtype))}
    words = tparams['Wemb'][x.flatten()] * mask.flatten()[:, None]
    cost = ((words * row).sum() + (tparams['U'] * mask.sum()).sum()
            + (tparams['b'] * tensor.cast(y, dtype).sum()).sum())
    optimizer = lstm.twin(lstm.optimizers[name], {'fast': is_fast})
    grads = tensor.grad(cost, list(tparams.values()))
    f_grad_shared, f_update = optimizer(lr, tparams, grads, x, mask, y, cost)
    state = [(v, v.get_value()) for f in (f_grad_shared, f_update) for v in f.get_shared()]
    return tparams, f_grad_shared, f_update, state


def expect_gradients(n_words, row, x, mask, y):
    embedding = numpy.zeros((n_words, len(row)))
    numpy.add.at(embedding, x.ravel(), mask.ravel()[:, None] * row)
    return embedding, numpy.full((2, 3), mask.sum()), numpy.full(3, y.sum())


def compute(name, is_fast, dtype, n_words, batches, repeat=1):
    """Return the parameters after an update on each batch."""
    tparams, f_grad_shared, f_update, state = compile_optimizer(name, is_fast, dtype, n_words,
                                                                repeat)
    for variable, value in state:
        variable.set_value(value)
    for x, mask, y in batches:
        f_grad_shared(x, mask.astype(dtype), y)
        f_update(numpy.asarray(LRATE, dtype))
    return [p.get_value() for p in tparams.values()]


def step_sgd(p, grad, state):
    return p - LRATE * grad


def step_adagrad(p, grad, state):
    state['total'] = state.get('total', 0.) + grad * grad
    return p - LRATE * grad / (state['total'] + 1e-12).sqrt()


def step_adadelta(p, grad, state):
    state['grad2'] = 0.95 * state.get('grad2', 0.) + 0.05 * (grad * grad)
    step2 = state.get('step2', 0. * grad)
    step = -((step2 + 1e-6).sqrt() / (state['grad2'] + 1e-6).sqrt() * grad)
    state['step2'] = 0.95 * step2 + 0.05 * (step * step)
    return p + step


STEPS = {'sgd': step_sgd, 'adagrad': step_adagrad, 'adadelta': step_adadelta}


def expect(name, kind, n_words, batches, repeat=1):
    """Return what the parameters shall be, with the errors that ``kind`` allows."""
    row = numpy.tile(WEIGHTS, repeat)
    params = [Rounded(value, kind) for value in (
        numpy.zeros((n_words, len(row))), numpy.ones((2, 3)), numpy.ones(3))]
    states = [{}, {}, {}]
    for batch in batches:
        grads = [Rounded(value, kind) for value in expect_gradients(n_words, row, *batch)]
        params = [STEPS[name](*arguments) for arguments in zip(params, grads, states)]
    return params


def draw_batches(n, size, n_words, seed):
    """Return batches (x, mask, y); the mask holds whole numbers, none but small ones."""
    rng = numpy.random.RandomState(seed)
    return [(rng.randint(0, n_words, size), rng.randint(-2, 3, size), rng.randint(0, 2, size[1]))
            for _ in range(n)]


def test_every_fast_optimizer_is_tested_here():
    assert set(STEPS) == {name for name, f in lstm.optimizers.items() if f in lstm.twins}


@pytest.mark.parametrize('name', sorted(STEPS))
@settings(max_examples=15, suppress_health_check=list(HealthCheck))
@given(n=st.integers(1, 40), T=st.integers(1, 4), B=st.integers(1, 3), seed=st.integers(0, 999))
def test_sparse_updates_are_the_dense_ones(name, n, T, B, seed):
    batches = draw_batches(n, (T, B), 20, seed)
    for dtype, ways in (('float64', (True, False)), ('float32', (True,))):
        expected = expect(name, dtype, 20, batches)
        for is_fast in ways:
            for value, computed in zip(expected, compute(name, is_fast, dtype, 20, batches)):
                value.assert_close(computed)


def test_many_rows_are_dealt_to_the_threads():
    n_words, repeat = 200, 30
    batches = draw_batches(3, (1, n_words), n_words, 0)
    batches = [(numpy.arange(n_words)[None], mask, y) for _, mask, y in batches]
    expected = expect('adadelta', 'float64', n_words, batches, repeat)
    for value, computed in zip(expected, compute('adadelta', True, 'float64', n_words, batches,
                                                 repeat)):
        value.assert_close(computed)


def test_only_a_scatter_into_zeros_counts_as_sparse():
    table = theano.shared(numpy.ones((5, 2)))
    words = tensor.vector(dtype='int64')
    values = tensor.matrix(dtype='float64')
    different, index = updates.different(words)
    gradient = tensor.grad((table[words] * values).sum(), table)
    of_different = tensor.grad((table[different][index] * values).sum(), table)
    for grad, is_sparse in ((gradient, True), (of_different, True), (gradient + 1, False),
                            (tensor.inc_subtensor((table * 2)[words], values), False)):
        rows, kept = updates.rows_and_values(grad)
        assert (rows is not None) == is_sparse
        if not is_sparse:
            assert kept is grad
            continue
        f = theano.function([words, values], [grad, rows, kept])
        dense, rows, kept = f([3, 1, 3], [[1, 2], [3, 4], [5, 6]])
        numpy.testing.assert_array_equal(dense[rows], kept)
        assert rows.tolist() == [1, 3] and not numpy.delete(dense, rows, axis=0).any()


def test_parameters_may_lie_in_any_order():
    x, mask, y = tensor.lmatrix(), tensor.dmatrix(), tensor.lvector()
    tparams = {name: theano.shared(numpy.ones((3, 4), order=order), name=name)
               for name, order in zip('pq', 'CF')}
    cost = sum((p * mask.sum()).sum() for p in tparams.values()) + 0. * x.sum() * y.sum()
    f_grad_shared, f_update = updates.adagrad(
        tensor.dscalar(), tparams, tensor.grad(cost, list(tparams.values())), x, mask, y, cost)
    f_grad_shared([[1, 1]], [[1., 1.]], [1, 1])
    f_update(0.5)
    for p in tparams.values():  # the first step is as long as the rate
        numpy.testing.assert_allclose(p.get_value(), numpy.full((3, 4), 0.5), rtol=1e-12)


def test_the_places_of_different_words_are_not_different():
    words = tensor.lvector()
    found, index = updates.different(words)
    assert updates.is_different(found) and not updates.is_different(index)


def test_rows_that_are_different_are_not_sorted_again():
    table, words = theano.shared(numpy.ones((5, 2))), tensor.vector(dtype='int64')
    for rows in updates.different(words)[0], words:
        found, _ = updates.rows_and_values(tensor.grad(table[rows].sum(), table))
        assert found.owner.inputs[0] is words


@pytest.mark.parametrize('is_fast', [True, False])
def test_of_the_model_only_the_rows_of_a_batch_are_read(is_fast, small_model):
    options, params = small_model[:2]
    tparams = lstm.init_tparams(params)
    _, x, mask, y, _, _, cost = lstm.build_model(tparams, dict(options, fast=is_fast))
    rows, _ = updates.rows_and_values(tensor.grad(cost, tparams['Wemb']))
    f = theano.function([x, mask, y], rows, on_unused_input='ignore')
    assert list(f(*imdb.prepare_data([[2, 3, 2], [7]], [0, 1]))) == [0, 2, 3, 7]  # 0 fills up
