"""The compiled layer means what the readable one in lstm.py means, in both precisions."""
from functools import lru_cache
from unittest import mock

import numba
import numpy
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import lstm
from sentiment import fast
from sentiment.engine import QUICK, function, tensor, theano
from sentiment.fast import layer, products
from tests import rounded
from tests.rounded import FUNCTION, Rounded

pytestmark = pytest.mark.skipif(not fast.AVAILABLE, reason='this engine runs none of our own')

N_WORDS = 30
NAMES = ('Wemb', 'lstm_W', 'lstm_U', 'lstm_b')
MASKS = ('lengths', 'holes', 'fractions', 'nothing')


def build_layer(is_fast, dtype):
    """Return the symbolic (x, mask, tparams, states, pooled states) of a layer of any size."""
    tparams = {name: (tensor.vector if name == 'lstm_b' else tensor.matrix)(name, dtype=dtype)
               for name in NAMES}
    x = tensor.matrix('x', dtype='int64')
    mask = tensor.matrix('mask', dtype=dtype)
    options = {'encoder': 'lstm', 'fast': is_fast, 'dim_proj': tparams['lstm_U'].shape[0]}
    states = lstm.build_states(tparams, x, mask, options)
    return x, mask, tparams, states, lstm.pool(states, mask, options)


@lru_cache(maxsize=None)
def compile_layer(is_fast, dtype):
    """Return a function (x, mask, weights of the states, weights of the pooled ones, parameters) ->
    states, pooled states, gradients of the sum so weighted.
    """
    x, mask, tparams, states, pooled = build_layer(is_fast, dtype)
    weights, pooled_weights = tensor.tensor3(dtype=dtype), tensor.matrix(dtype=dtype)
    total = (states * weights).sum() + (pooled * pooled_weights).sum()
    wrt = list(tparams.values())
    return theano.function([x, mask, weights, pooled_weights] + wrt,
                           [states, pooled] + tensor.grad(total, wrt))


def draw(T, B, dim, kind, seed):
    """Return the arguments of such a function, of numbers that float32 holds exactly."""
    rng = numpy.random.RandomState(seed)
    x = rng.randint(0, N_WORDS, (T, B))
    mask = numpy.arange(T)[:, None] < rng.randint(1, T + 1, B)
    if kind == 'holes':
        mask = mask & (rng.rand(T, B) < 0.7)
    if kind == 'fractions':
        mask = mask * rng.rand(T, B)
    if kind == 'nothing':
        mask[:, 0] = 0
    # so small that what one step rounds fades in the next ones
    shapes = [(T, B, dim), (B, dim), (N_WORDS, dim), (dim, 4 * dim), (dim, 4 * dim), (4 * dim,)]
    scales = [1, 1, 1, 0.6 / dim ** 0.5, 0.6 / dim ** 0.5, 0.5]
    return [x] + [numpy.asarray(value, 'float32') for value in [mask] + [
        scale * rng.standard_normal(shape) for scale, shape in zip(scales, shapes)]]


def expect(x, mask, weights, pooled_weights, Wemb, *params, kind):
    """Return what such a function shall answer, with the errors that ``kind`` allows."""
    mask = mask.astype('float64')
    W, U, b = (Rounded(value, kind) for value in params)
    emb, n = Rounded(Wemb[x], kind), rounded.counts(mask, kind)
    states, steps = rounded.read(W, U, b, emb, mask)
    pooled = (states * mask[:, :, None]).sum(0) / n
    dstates = Rounded(pooled_weights, kind) / n * mask[:, :, None] + weights
    demb, *gradients = rounded.read_back(W, U, emb, steps, dstates)
    return [states, pooled, rounded.scatter(x, len(Wemb), demb)] + gradients


def compute(is_fast, dtype, arguments):
    return compile_layer(is_fast, dtype)(*arguments[:1], *(a.astype(dtype) for a in arguments[1:]))


def assert_fast_is_right(arguments):
    """Assert that the fast layer answers as it shall, in both precisions."""
    for dtype in ('float32', 'float64'):
        answers = compute(True, dtype, arguments)
        assert answers[0].dtype == answers[-1].dtype == dtype
        for value, computed in zip(expect(*arguments, kind=dtype), answers):
            value.assert_close(computed)


@settings(max_examples=30, suppress_health_check=list(HealthCheck))
@given(dim=st.integers(1, 9), T=st.integers(1, 12), B=st.integers(1, 40),
       kind=st.sampled_from(MASKS), seed=st.integers(0, 999))
def test_layer_and_its_gradients(dim, T, B, kind, seed):
    arguments = draw(T, B, dim, kind, seed)
    assert_fast_is_right(arguments)
    for value, computed in zip(expect(*arguments, kind='float64'),
                               compute(False, 'float64', arguments)):
        value.assert_close(computed)


def test_more_words_than_one_block_of_the_gradient_of_U():
    T, B = products.DEPTH // 3, 4 * layer.N_THREADS  # four samples for each thread
    x, mask, *others = draw(T, B, 6, 'lengths', 1)
    assert_fast_is_right([x, numpy.ones_like(mask)] + others)


@pytest.mark.parametrize('n_threads', [1, 2, 3, 7])
def test_any_number_of_threads(n_threads, monkeypatch):
    monkeypatch.setattr(layer, 'N_THREADS', n_threads)
    assert_fast_is_right(draw(9, 5, 8, 'holes', n_threads))


@pytest.mark.parametrize('T, B', [(0, 2), (3, 0), (0, 0)])
def test_a_batch_of_nothing_is_dealt_all_the_same(T, B):
    order, n_live, first = layer.deal(numpy.ones((T, B)))
    assert sorted(order) == list(range(B)) and n_live.shape[1] == T and not n_live.any()
    assert first.tolist() == [0] * (len(n_live) + 1)


@given(T=st.integers(1, 9), B=st.integers(1, 12), n_threads=st.integers(1, 5),
       seed=st.integers(0, 999))
def test_samples_are_dealt_the_longest_first(T, B, n_threads, seed):
    mask = draw(T, B, 1, MASKS[seed % len(MASKS)], seed)[1]
    with mock.patch.object(layer, 'N_THREADS', n_threads):
        order, n_live, first = layer.deal(mask)
    lengths = numpy.array([max(numpy.flatnonzero(column), default=-1) + 1 for column in mask.T])
    assert sorted(order) == list(range(B)) and len(n_live) == min(n_threads, B)
    for k, alive in enumerate(n_live):
        own = lengths[order[k::len(n_live)]]
        assert own.tolist() == sorted(own, reverse=True)
        assert alive.tolist() == [(own > t).sum() for t in range(T)]
        assert first[k + 1] - first[k] == own.sum() and first[0] == 0
    words = numpy.diff(first)
    assert words.max() - words.min() <= T  # to and fro: so all have about as much to do


@numba.njit
def words_of(part, n_parts, n_words, order, n_live, index):  # which no Python calls
    return layer.words_of(part, n_parts, n_words, order, n_live, index)


@pytest.mark.parametrize('n_parts', [1, 2, 5])
@pytest.mark.parametrize('kind', ['lengths', 'nothing'])
def test_each_part_has_words_of_equal_work(n_parts, kind, monkeypatch):
    monkeypatch.setattr(layer, 'N_THREADS', n_parts)
    index, mask = draw(9, 6, 1, kind, n_parts)[:2]
    order, n_live, _ = layer.deal(mask)
    work = 4 + numpy.bincount(index[mask != 0], minlength=N_WORDS)
    bounds = [words_of(part, n_parts, N_WORDS, order, n_live, index) for part in range(n_parts)]
    assert [low for low, _ in bounds] + [N_WORDS] == [0] + [high for _, high in bounds]
    for low, high in bounds:  # a word is in one part alone
        assert work[low:high].sum() <= -(-work.sum() // n_parts) + work.max()


def test_a_mask_of_whole_numbers():
    x, mask, _, weights, *params = draw(7, 3, 6, 'nothing', 0)
    tparams = dict(zip(NAMES, map(theano.shared, params)))
    words, counted, dpooled = tensor.lmatrix(), tensor.lmatrix(), tensor.fmatrix()
    states = lstm.build_states(tparams, words, counted, {'encoder': 'lstm'})
    pooled = lstm.pool(states, counted, {})
    grads = tensor.grad((pooled * dpooled).sum(), list(tparams.values()))
    f = function([words, counted, dpooled], [pooled] + grads)
    expected = expect(x, mask, 0., weights, *params, kind='float32')[1:]
    for value, computed in zip(expected, f(x, mask.astype('int64'), weights)):
        value.assert_close(computed)


def test_without_a_mask_and_without_a_look_up():
    _, _, weights, _, _, *values = draw(7, 3, 6, 'lengths', 0)
    below = tensor.tensor3(dtype='float64')
    params = dict(zip(NAMES[1:], map(theano.shared, (v.astype('float64') for v in values))))
    h = fast.lstm_layer(params, below, {})
    f = theano.function([below], [h, tensor.grad((h * weights.astype('float64')).sum(), below)])

    emb = numpy.random.RandomState(1).normal(size=weights.shape)
    W, U, b = (Rounded(value, 'float64') for value in values)
    states, steps = rounded.read(W, U, b, Rounded(emb, 'float64'), numpy.ones((7, 3)))
    demb = rounded.read_back(W, U, Rounded(emb, 'float64'), steps, Rounded(weights, 'float64'))[0]
    computed = f(emb)
    states.assert_close(computed[0])
    demb.assert_close(computed[1].reshape(-1, 6))


def test_noise_on_the_embedding_goes_through_the_fast_layer(small_model):
    options, params = small_model[:2]
    use_noise, x, mask, y, f_pred_prob, _, cost = lstm.build_model(
        lstm.init_tparams(params), dict(options, fast=True, use_dropout=False, noise_std=1.))
    f = theano.function([x, mask, y], cost)
    words, there = draw(5, 3, 1, 'lengths', 0)[:2]
    batch = words, lstm.numpy_floatX(there), numpy.arange(3)
    quiet, probs = f(*batch), f_pred_prob(*batch[:2])
    assert f(*batch) == quiet
    use_noise.set_value(lstm.numpy_floatX(1.))
    assert f(*batch) != quiet and f(*batch) != f(*batch)
    numpy.testing.assert_array_equal(f_pred_prob(*batch[:2]), probs)  # a prediction has none


@numba.njit
def open_gates(z):  # which no Python calls
    layer.open_gates(z)


@pytest.mark.parametrize('dtype', ['float32', 'float64'])
def test_gates_are_the_functions_that_they_stand_for(dtype):
    # of all sizes, of either sign, and beyond what they are made for
    x = numpy.exp(numpy.linspace(-30, 4, 40000)).astype(dtype)
    x = numpy.concatenate([x, -x, numpy.asarray([0, numpy.inf, -numpy.inf], dtype)])
    z = numpy.concatenate([x] * 4)
    open_gates(z)
    exact = x.astype('longdouble')
    with numpy.errstate(over='ignore'):
        sigmoid = 1 / (1 + numpy.exp(-exact))
    half_ulp = numpy.finfo(dtype).eps / 2
    for gate in numpy.split(z, 4)[:3]:
        assert (abs(gate - sigmoid) <= FUNCTION * half_ulp).all()
    assert (abs(z[-len(x):] - numpy.tanh(exact))
            <= FUNCTION * half_ulp * abs(numpy.tanh(exact))).all()


@pytest.mark.parametrize('dtype', ['float32', 'float64'])
def test_nan_stays_nan(dtype):
    z = numpy.full(4, numpy.nan, dtype)
    open_gates(z)
    assert numpy.isnan(z).all()


def test_training_reads_once_and_evaluation_keeps_nothing():
    arguments = draw(4, 3, 5, 'lengths', 0)[:2] + draw(4, 3, 5, 'lengths', 0)[4:]
    x, mask, tparams, _, pooled = build_layer(True, 'float32')
    inputs = [x, mask] + list(tparams.values())
    answers = []
    for wrt, kept in ([], False), (inputs[2:], True):
        grads = tensor.grad(pooled.sum(), wrt) if wrt else []
        f = function(inputs, [pooled] + grads, mode=QUICK)  # which rewrites the graph
        readers = [node.op for node in f.maker.fgraph.apply_nodes
                   if isinstance(node.op, layer.FusedLSTM)]
        assert readers == [layer.FusedLSTM(pooled=True, kept=kept)]
        answers.append(f(*arguments)[0])
    numpy.testing.assert_array_equal(*answers)


def read_words(known, dtype, mask_kind='lengths'):
    """Return the readers of the graph, and states and pooled ones, with ``known`` z or without."""
    x, mask, _, _, Wemb, W, U, b = draw(5, 4, 3, mask_kind, 0)
    params = {name: value.astype(dtype) for name, value in zip(NAMES, (Wemb, W, U, b))}
    if known:
        params.update(fast.project_words(params, 'lstm'))
    symbols = tensor.matrix(dtype='int64'), tensor.matrix(dtype=dtype)
    options = {'encoder': 'lstm', 'fast': True}
    h = lstm.build_states(lstm.init_tparams(params), *symbols, options)
    f = theano.function(symbols, [h, lstm.pool(h, symbols[1], options)], mode=QUICK)
    readers = [type(node.op) for node in f.maker.fgraph.apply_nodes
               if isinstance(node.op, (layer.FusedLSTM, layer.ReadWords))]
    return readers, f(x, mask.astype(dtype)), f


@pytest.mark.parametrize('dtype', ['float32', 'float64'])
@pytest.mark.parametrize('mask_kind', MASKS)
def test_words_that_are_projected_once_are_read_the_same(mask_kind, dtype):
    readers, answers, _ = read_words(True, dtype, mask_kind)
    others, expected, _ = read_words(False, dtype, mask_kind)
    assert readers == [layer.ReadWords] * 2 and others == [layer.FusedLSTM] * 2
    for answer, other in zip(answers, expected):
        numpy.testing.assert_array_equal(answer, other)


@pytest.mark.parametrize('word', [-1, N_WORDS])
def test_a_word_beyond_the_vocabulary_is_refused(word):
    with pytest.raises(IndexError):
        read_words(True, 'float64')[2]([[1], [word]], [[1.], [1.]])


def test_too_many_words_are_projected_batch_by_batch(monkeypatch):
    monkeypatch.setattr(layer, 'MOST', 12 * N_WORDS - 1)
    assert read_words(True, 'float64')[0] == [layer.FusedLSTM] * 2


def test_under_another_mask_the_states_are_averaged_as_written():
    x, mask, tparams, states, _ = build_layer(True, 'float64')
    f = theano.function([x, mask] + list(tparams.values()),
                        [states, fast.mean_pool(states, 1. - mask)])
    x, mask, _, _, *values = draw(6, 3, 5, 'lengths', 0)
    states, pooled = f(x, mask.astype('float64'), *(v.astype('float64') for v in values))
    rest = 1. - mask
    numpy.testing.assert_allclose(pooled, (states * rest[:, :, None]).sum(axis=0)
                                  / numpy.maximum(rest.sum(axis=0), 1e-6)[:, None], rtol=1e-12)


def test_the_mask_has_no_gradient():
    _, mask, _, states, _ = build_layer(True, 'float64')
    with pytest.raises(Exception, match='(?i)undefined|not differentiable|null'):
        tensor.grad(states.sum(), mask)
