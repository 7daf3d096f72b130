"""The compiled layer and the sparse updates mean what the readable ones in lstm.py mean."""
import os
import subprocess
import sys
from functools import lru_cache

import numpy
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import compiled
import imdb
import lstm
import lstm_fused
import products
import sparse_updates
from engine import config, tensor, theano
from tests.conftest import ROOT, toy_reviews

N_WORDS = 30
CLOSE = {'rtol': 0, 'atol': 1e-10 if config.floatX == 'float64' else 1e-5}


def model_of(dim, encoder, seed=0):
    """Return (options, shared parameters), the same for both encoders."""
    options = {'dim_proj': dim, 'n_words': N_WORDS, 'ydim': 2, 'encoder': encoder,
               'use_dropout': False, 'noise_std': 0., 'seed': 123}
    rng = numpy.random.RandomState(seed)
    params = lstm.init_params(options, rng)
    return options, lstm.init_tparams(
        {name: value + lstm.numpy_floatX(0.3 * rng.randn(*value.shape))
         for name, value in params.items()})


@lru_cache(maxsize=None)
def compile_layers(dim):
    """Return a function (x, mask, weights) -> the states and gradients of both layers."""
    outputs = []
    x = tensor.matrix('x', dtype='int64')
    mask = tensor.matrix('mask', dtype=config.floatX)
    weights = tensor.tensor3('weights', dtype=config.floatX)
    for encoder in ('lstm', 'lstm_fused'):
        options, tparams = model_of(dim, encoder)
        emb = tparams['Wemb'][x.flatten()].reshape((x.shape[0], x.shape[1], dim))
        h = lstm.layers[encoder][1](tparams, emb, options, mask=mask)
        wrt = [tparams[name] for name in ('Wemb', 'lstm_W', 'lstm_U', 'lstm_b')]
        outputs += [h] + tensor.grad((h * weights).sum(), wrt)
    return theano.function([x, mask, weights], outputs)


@lru_cache(maxsize=None)
def compile_costs(dim):
    """Return a function (x, mask, y) -> probabilities' cost and all gradients of both models."""
    functions = []
    for encoder in ('lstm', 'lstm_fused'):
        options, tparams = model_of(dim, encoder)
        _, x, mask, y, _, _, cost = lstm.build_model(tparams, options)
        functions.append(theano.function([x, mask, y],
                                         [cost] + tensor.grad(cost, list(tparams.values()))))
    return functions


masks = st.sampled_from(['lengths', 'holes', 'fractions', 'nothing'])


def draw_batch(T, B, kind, seed):
    """Return x, mask and weights; ``kind`` tells what the mask is like."""
    rng = numpy.random.RandomState(seed)
    x = rng.randint(0, N_WORDS, (T, B))
    mask = numpy.arange(T)[:, None] < rng.randint(1, T + 1, B)
    if kind == 'holes':
        mask = mask & (rng.rand(T, B) < 0.7)
    mask = lstm.numpy_floatX(mask)
    if kind == 'fractions':
        mask *= lstm.numpy_floatX(rng.rand(T, B))
    if kind == 'nothing':
        mask[:, 0] = 0
    return x, mask, lstm.numpy_floatX(rng.randn(T, B, 1))


def assert_halves_agree(outputs):
    half = len(outputs) // 2
    for readable, fused in zip(outputs[:half], outputs[half:]):
        numpy.testing.assert_allclose(fused, readable, **CLOSE)


@settings(max_examples=40, suppress_health_check=list(HealthCheck))
@given(dim=st.sampled_from([1, 2, 5, 8]), T=st.integers(1, 12), B=st.integers(1, 40), kind=masks,
       seed=st.integers(0, 999))
def test_layer_and_its_gradients(dim, T, B, kind, seed):
    x, mask, weights = draw_batch(T, B, kind, seed)
    assert_halves_agree(compile_layers(dim)(x, mask, weights.repeat(dim, axis=2)))


@settings(max_examples=30, suppress_health_check=list(HealthCheck))
@given(dim=st.sampled_from([1, 6]), T=st.integers(1, 12), B=st.integers(1, 20),
       kind=st.sampled_from(['lengths', 'fractions']), seed=st.integers(0, 999))
def test_cost_and_all_gradients_through_the_pooling(dim, T, B, kind, seed):
    x, mask, _ = draw_batch(T, B, kind, seed)
    y = numpy.random.RandomState(seed).randint(0, 2, B)
    assert_halves_agree([value for f in compile_costs(dim) for value in f(x, mask, y)])


def test_more_words_than_one_block_of_the_gradient_of_U():
    x, mask, _ = draw_batch(2 * products.DEPTH, 4 * compiled.N_THREADS, 'lengths', 1)
    y = numpy.arange(mask.shape[1]) % 2
    assert_halves_agree([value for f in compile_costs(6) for value in f(x, mask, y)])


@pytest.mark.parametrize('n_threads', [1, 2, 3, 7])
def test_any_number_of_threads(n_threads, monkeypatch):
    monkeypatch.setattr(lstm_fused, 'N_THREADS', n_threads)
    x, mask, weights = draw_batch(9, 5, 'holes', n_threads)
    assert_halves_agree(compile_layers(8)(x, mask, weights.repeat(8, axis=2)))


def test_threads_obey_the_environment(monkeypatch):
    for value, expected in (('1', 1), ('3', 3), ('4,2', 4)):
        monkeypatch.setenv('OMP_NUM_THREADS', value)
        assert compiled.count_threads() == expected
    for value in ('', '0', 'many'):
        monkeypatch.setenv('OMP_NUM_THREADS', value)
        assert compiled.count_threads() >= 1


@pytest.mark.parametrize('dtype, tolerance', [('float32', 1e-4), ('float64', 1e-12)])
@given(shape=st.tuples(*[st.integers(0, 40)] * 3), deep=st.booleans(), seed=st.integers(0, 99))
def test_products_are_those_of_numpy(shape, deep, seed, dtype, tolerance):
    m, depth, n = shape
    rng = numpy.random.RandomState(seed)
    a = rng.randn(depth * (20 if deep else 1), m).astype(dtype).T  # strides of its own
    b = rng.randn(a.shape[1], n).astype(dtype)
    out = numpy.ones((m, n), dtype)
    products.add_product(a, b, out)
    numpy.testing.assert_allclose(out, 1 + a.dot(b), rtol=0, atol=tolerance)
    out[:] = 1
    products.add_product(a, numpy.asfortranarray(b), out)
    numpy.testing.assert_allclose(out, 1 + a.dot(b), rtol=0, atol=tolerance)


def test_without_a_mask_and_without_a_look_up():
    options, tparams = model_of(6, 'lstm')
    below = tensor.tensor3(dtype=config.floatX)
    layers = [layer(tparams, below, options) for _, layer in lstm.layers.values()]
    run = theano.function([below], layers + [tensor.grad((h ** 2).sum(), below) for h in layers])
    values = run(lstm.numpy_floatX(numpy.random.RandomState(0).randn(7, 3, 6)))
    assert_halves_agree([values[0], values[2], values[1], values[3]])


def test_noise_on_the_embedding_goes_through_the_fused_layer():
    options, tparams = model_of(4, 'lstm_fused')
    options['noise_std'] = 1.
    use_noise, _, _, _, f_pred_prob, _, _ = lstm.build_model(tparams, options)
    x, mask, _ = draw_batch(5, 3, 'lengths', 0)
    quiet = f_pred_prob(x, mask)
    numpy.testing.assert_array_equal(f_pred_prob(x, mask), quiet)
    use_noise.set_value(lstm.numpy_floatX(1.))
    assert (f_pred_prob(x, mask) != quiet).all()


def test_nan_stays_nan():
    for kind in ('float32', 'float64'):
        for value in (numpy.nan, -numpy.inf, numpy.inf, -20, -0.3, 0, 1e-4, 5, 8.5):
            x = numpy.asarray(value, kind)[()]
            z = numpy.full(4, x)
            lstm_fused.open_gates(z)
            expected = [1 / (1 + numpy.exp(-x.astype('float64')))] * 3 + [numpy.tanh(x)]
            numpy.testing.assert_allclose(z, expected, rtol=3e-6, atol=1e-6)


def test_training_reads_once_and_evaluation_keeps_nothing(monkeypatch):
    monkeypatch.setattr(config, 'mode', 'Mode')  # the default, which rewrites the graph
    options, tparams = model_of(3, 'lstm_fused')
    functions = lstm.compile_training(tparams, dict(options, optimizer='adadelta', decay_c=0.))
    kept, forward = [], lstm_fused.forward

    def noted(*arguments, storage, **keywords):
        kept.append(len(storage))
        return forward(*arguments, storage=storage, **keywords)

    monkeypatch.setattr(lstm_fused, 'forward', noted)
    x, mask, y = imdb.prepare_data([[2, 3, 2], [7]], [0, 1])
    functions['f_grad_shared'](x, mask, y)
    functions['f_pred'](x, mask)
    assert kept == [3, 0]


def test_the_mask_and_the_words_have_no_gradient():
    _, tparams = model_of(2, 'lstm_fused')
    mask = tensor.matrix(dtype=config.floatX)
    emb = tensor.tensor3(dtype=config.floatX)
    h = lstm_fused.lstm_fused_layer(tparams, emb, {}, mask=mask)
    with pytest.raises(Exception, match='(?i)undefined|not differentiable|null'):
        tensor.grad(h.sum(), mask)


# --- Updates ----------------------------------------------------------------------------------


def train_some(encoder, known, name, batches, dim=6, lr=0.05):
    """Return all parameters after an update on each batch."""
    options, tparams = model_of(dim, encoder)
    _, x, mask, y, _, _, cost = lstm.build_model(tparams, options)
    grads = tensor.grad(cost, list(tparams.values()))
    lr_symbol = tensor.scalar('lr', dtype=config.floatX)
    f_grad_shared, f_update = known[name](lr_symbol, tparams, grads, x, mask, y, cost)
    costs = []
    for batch in batches:
        costs.append(f_grad_shared(*batch))
        f_update(lr)
    return [numpy.array(costs)] + list(lstm.unzip(tparams).values())


def draw_batches(n, n_samples=4):
    return [imdb.prepare_data(*toy_reviews(n_samples, seed)) for seed in range(n)]


@pytest.mark.parametrize('name', sorted(lstm.optimizers))
def test_ten_updates_agree(name):
    batches = draw_batches(10)
    readable = train_some('lstm', lstm.optimizers, name, batches)
    fused = train_some('lstm_fused', lstm.fast_optimizers, name, batches)
    assert_halves_agree(readable + fused)


@pytest.mark.skipif(config.floatX != 'float64', reason='the bound is that of float64')
@pytest.mark.parametrize('encoder', sorted(lstm.layers))
@pytest.mark.parametrize('name', ['sgd', 'adadelta', 'adagrad'])
def test_sparse_updates_are_the_dense_ones(name, encoder):
    batches = draw_batches(50, n_samples=2)
    dense = train_some(encoder, lstm.optimizers, name, batches)
    sparse = train_some(encoder, lstm.fast_optimizers, name, batches)
    for a, b in zip(dense, sparse):
        numpy.testing.assert_allclose(b, a, rtol=0, atol=1e-9)


def test_only_a_scatter_into_zeros_counts_as_sparse():
    table = theano.shared(numpy.ones((5, 2)))
    words = tensor.vector(dtype='int64')
    values = tensor.matrix(dtype='float64')
    gradient = tensor.grad((table[words] * values).sum(), table)
    for grad, is_sparse in ((gradient, True), (gradient + 1, False),
                            (tensor.inc_subtensor((table * 2)[words], values), False)):
        rows, kept = sparse_updates.rows_and_values(grad)
        f = theano.function([words, values], [grad, rows, kept])
        dense, rows, kept = f([3, 1, 3], [[1, 2], [3, 4], [5, 6]])
        numpy.testing.assert_array_equal(dense[rows], kept)
        assert (len(rows) == 2) == is_sparse
        if is_sparse:
            assert not numpy.delete(dense, rows, axis=0).any()


def test_a_fast_update_touches_no_other_row(monkeypatch):
    options, tparams = model_of(3, 'lstm_fused')
    before = tparams['Wemb'].get_value()
    batch = imdb.prepare_data([[2, 3, 2], [7]], [0, 1])
    _, x, mask, y, _, _, cost = lstm.build_model(tparams, options)
    grads = tensor.grad(cost, list(tparams.values()))
    lr = tensor.scalar('lr', dtype=config.floatX)
    f_grad_shared, f_update = lstm.fast_optimizers['adadelta'](lr, tparams, grads, x, mask, y, cost)
    f_grad_shared(*batch)
    f_update(0.)
    moved = (tparams['Wemb'].get_value() != before).any(axis=1)
    assert list(numpy.flatnonzero(moved)) == [2, 3, 7]


@pytest.mark.skipif('PYTEST_FLOAT32' in os.environ, reason='is what runs this')
def test_all_of_this_in_float32():
    flags = 'floatX=float32,mode=FAST_COMPILE'
    environment = dict(os.environ, THEANO_FLAGS=flags, PYTEST_FLOAT32='1')
    done = subprocess.run([sys.executable, '-m', 'pytest', '-q', '--no-cov',
                           os.path.join('tests', 'test_lstm_fused.py')], cwd=ROOT, env=environment,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True)
    assert done.returncode == 0, done.stdout
