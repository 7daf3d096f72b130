"""The model is the tutorial's: golden figures, gradients, errors, pooling, starting parameters."""
import os

import numpy
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import imdb
import lstm
from sentiment.engine import config, tensor, theano
from tests.helpers import FAST, GOLDEN, NAMES, reference_data_probs, reference_probs, toy_reviews


def compile_optimizer(params, options, name):
    """Return (tparams, f_pred_prob, f_grads, f_grad_shared, f_update)."""
    tparams = lstm.init_tparams(params)
    _, x, mask, y, f_pred_prob, _, cost = lstm.build_model(tparams, options)
    grads = tensor.grad(cost, wrt=list(tparams.values()))
    lr = tensor.scalar('lr', dtype=config.floatX)
    f_grads = theano.function([x, mask, y], [cost] + grads)
    optimizer = lstm.twin(lstm.optimizers[name], options)
    f_grad_shared, f_update = optimizer(lr, tparams, grads, x, mask, y, cost)
    return tparams, f_pred_prob, f_grads, f_grad_shared, f_update


@pytest.mark.parametrize('fast', FAST)
@pytest.mark.parametrize('name', ['sgd', 'adadelta', 'rmsprop'])  # the tutorial's
@pytest.mark.parametrize('path', GOLDEN, ids=os.path.basename)
def test_golden_figures(path, name, fast):
    golden = numpy.load(path)
    params = {p: golden['param_' + p] for p in NAMES}
    options = {'dim_proj': int(golden['dim_proj']), 'n_words': int(golden['n_words']),
               'ydim': len(params['b']), 'encoder': 'lstm', 'use_dropout': True,
               'fast': fast}
    tparams, f_pred_prob, f_grads, f_grad_shared, f_update = compile_optimizer(params, options,
                                                                               name)
    close = {'rtol': 0, 'atol': 1e-8}
    numpy.testing.assert_allclose(f_pred_prob(golden['x_0'], golden['mask_0']), golden['probs'],
                                  **close)
    cost, *grads = f_grads(golden['x_0'], golden['mask_0'], golden['y_0'])
    numpy.testing.assert_allclose(cost, golden['cost'], **close)
    for p, grad in zip(tparams, grads):
        numpy.testing.assert_allclose(grad, golden['grad_' + p], **close)
    costs = []
    for k in range(len(golden[name + '_costs'])):
        costs.append(f_grad_shared(*(golden['%s_%d' % (v, k)] for v in ('x', 'mask', 'y'))))
        f_update(float(golden[name + '_lr']))
    numpy.testing.assert_allclose(costs, golden[name + '_costs'], **close)
    for p in NAMES:
        numpy.testing.assert_allclose(tparams[p].get_value(), golden['%s_%s' % (name, p)], **close)


@pytest.mark.parametrize('fast', FAST)
def test_adagrad_is_its_formula(small_model, fast):
    options, params = dict(small_model[0], fast=fast), dict(small_model[1])
    tparams, _, f_grads, f_grad_shared, f_update = compile_optimizer(params, options, 'adagrad')
    total = {name: 0. for name in params}
    for k in range(4):
        batch = imdb.prepare_data(*toy_reviews(3, k, classes=3))
        for (name, value), grad in zip(params.items(), f_grads(*batch)[1:]):
            total[name] = total[name] + grad ** 2
            params[name] = value - 0.1 * grad / numpy.sqrt(total[name] + 1e-12)
        f_grad_shared(*batch)
        f_update(0.1)
        for name in NAMES:
            numpy.testing.assert_allclose(tparams[name].get_value(), params[name], atol=1e-12)


@pytest.mark.parametrize('pooling', ['mean', 'mean_max'])
@pytest.mark.parametrize('fast', FAST)
def test_gradients_against_finite_differences(small_model, fast, pooling):
    options, params = dict(small_model[0], fast=fast, pooling=pooling), dict(small_model[1])
    params['U'] = numpy.random.RandomState(1).normal(size=(12 if pooling == 'mean_max' else 6, 3))
    tparams, _, f_grads, _, _ = compile_optimizer(params, options, 'sgd')
    batch = imdb.prepare_data(*toy_reviews(5, 3, classes=3))
    grads = f_grads(*batch)[1:]
    step = 1e-5
    rng = numpy.random.RandomState(0)
    for (name, shared), grad in zip(tparams.items(), grads):
        value = shared.get_value()
        for index in zip(*(rng.randint(size, size=12) for size in value.shape)):
            cost = []
            for sign in (1, -1):
                moved = value.copy()
                moved[index] += sign * step
                shared.set_value(moved)
                cost.append(f_grads(*batch)[0])
            shared.set_value(value)
            slope = (cost[0] - cost[1]) / (2 * step)
            numpy.testing.assert_allclose(grad[index], slope, rtol=1e-5, atol=1e-9, err_msg=name)


@settings(max_examples=25, suppress_health_check=list(HealthCheck))
@given(n=st.integers(1, 11), batch_size=st.integers(1, 5), seed=st.integers(0, 99))
def test_errors_and_probabilities_against_numpy(small_model, n, batch_size, seed):
    _, params, f_pred_prob, f_pred = small_model
    data = toy_reviews(n, seed, classes=3)
    expected = reference_data_probs(params, data)
    batches = lstm.get_minibatches_idx(n, batch_size, shuffle=True)
    for _ in range(2):  # a second pass over the same batches gives the same answer
        probs = lstm.pred_probs(f_pred_prob, imdb.prepare_data, data, batches)
        numpy.testing.assert_allclose(probs, expected, rtol=0, atol=1e-10)
        error = lstm.pred_error(f_pred, imdb.prepare_data, data, batches)
        assert error == numpy.mean(expected.argmax(axis=1) != data[1])


@pytest.mark.parametrize('fast', FAST)
def test_mean_and_maximum_against_numpy(small_model, fast):
    options = dict(small_model[0], fast=fast, pooling='mean_max')
    params = dict(small_model[1], U=numpy.random.RandomState(1).normal(size=(12, 3)))
    f_pred_prob = lstm.build_model(lstm.init_tparams(params), options)[4]
    x, mask, _ = imdb.prepare_data(*toy_reviews(7, 3, classes=3))
    numpy.testing.assert_allclose(f_pred_prob(x, mask), reference_probs(params, x, mask),
                                  rtol=0, atol=1e-10)
    assert lstm.init_params(options)['U'].shape == (12, 3)


def test_layer_without_a_mask_reads_every_step(small_model):
    options, params = small_model[:2]
    tparams = lstm.init_tparams(params)
    below = tensor.tensor3(dtype=config.floatX)
    mask = tensor.matrix(dtype=config.floatX)
    run = theano.function([below, mask], [lstm.lstm_layer(tparams, below, options),
                                          lstm.lstm_layer(tparams, below, options, mask=mask)])
    x = lstm.numpy_floatX(numpy.random.RandomState(0).randn(4, 3, options['dim_proj']))
    without, with_ones = run(x, numpy.ones((4, 3), config.floatX))
    numpy.testing.assert_array_equal(without, with_ones)


def test_dropout_halves_or_zeroes():
    use_noise = theano.shared(lstm.numpy_floatX(1.))
    x = tensor.matrix(dtype=config.floatX)
    f = theano.function([x], lstm.dropout_layer(x, use_noise, lstm.RandomStreams(1)))
    ones = numpy.ones((200, 50), config.floatX)
    first, second = f(ones), f(ones)
    assert set(numpy.unique(first)) == {0., 1.} and (first != second).any()
    assert abs(first.mean() - 0.5) < 0.02
    use_noise.set_value(lstm.numpy_floatX(0.))
    assert (f(ones) == 0.5).all()


def test_starting_parameters_are_the_tutorials():
    options = {'dim_proj': 5, 'n_words': 30, 'ydim': 2, 'encoder': 'lstm'}
    params = lstm.init_params(options, numpy.random.RandomState(0))
    assert tuple(params) == NAMES
    assert 0 <= params['Wemb'].min() and params['Wemb'].max() < 0.01
    for name in ('lstm_W', 'lstm_U'):
        for block in numpy.split(params[name], 4, axis=1):
            numpy.testing.assert_allclose(block.dot(block.T), numpy.eye(5), atol=1e-12)
    assert not params['b'].any() and not params['lstm_b'].any()


def test_class_weights_weigh_each_loss(small_model):
    options, params, _, _ = small_model
    weights = [0.5, 1., 3.]
    x, mask, y = imdb.prepare_data(*toy_reviews(7, 4, classes=3))
    _, x_, mask_, y_, _, _, cost = lstm.build_model(lstm.init_tparams(params),
                                                    dict(options, class_weights=weights))
    likelihood = reference_probs(params, x, mask)[range(7), y]
    numpy.testing.assert_allclose(theano.function([x_, mask_, y_], cost)(x, mask, y),
                                  (-numpy.log(likelihood + 1e-8) * numpy.take(weights, y)).mean())


def test_balanced_classes_have_equal_weight_together():
    sets = [([[2]] * 4, numpy.array([0, 1, 1, 1]))] * 3
    known = imdb.describe(None, {'class_weight': 'balanced'}, sets)
    assert known['class_weights'] == [2., 2 / 3] and known['classes'] == ['negative', 'positive']
    assert imdb.describe(None, {'class_weight': None}, sets)['class_weights'] is None
