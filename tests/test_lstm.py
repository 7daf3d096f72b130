"""The model is the tutorial's: golden figures, gradients, errors, training, what is saved."""
import glob
import io
import json
import os
import pathlib
import pickle
import zipfile

import numpy
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import imdb
import lstm
from engine import config, tensor, theano
from safe_io import MAX_BYTES, BadInput, load_arrays
from tests.conftest import ROOT, toy_reviews, write_toy_pickle

NAMES = ('Wemb', 'lstm_W', 'lstm_U', 'lstm_b', 'U', 'b')
GOLDEN = glob.glob(os.path.join(ROOT, 'tests', 'golden', '*.npz'))


def reference_probs(params, x, mask):
    """Forward pass in plain NumPy, one time step after the other; a wide U reads maxima too."""
    def sigmoid(z):
        return 1. / (1. + numpy.exp(-z))

    dim = params['lstm_U'].shape[0]
    h, c = numpy.zeros((2, x.shape[1], dim))
    total, largest = numpy.zeros_like(h), numpy.full_like(h, -1)
    for word, m in zip(x, mask[:, :, None]):
        z = params['Wemb'][word].dot(params['lstm_W']) + h.dot(params['lstm_U']) + params['lstm_b']
        i, f, o = (sigmoid(z[:, n * dim:(n + 1) * dim]) for n in range(3))
        c_new = f * c + i * numpy.tanh(z[:, 3 * dim:])
        h = m * (o * numpy.tanh(c_new)) + (1 - m) * h
        c = m * c_new + (1 - m) * c
        total += m * h
        largest = numpy.where(m, numpy.maximum(largest, h), largest)
    pooled = numpy.concatenate([total / mask.sum(axis=0)[:, None], largest], axis=1)
    scores = (pooled[:, :len(params['U'])] * 0.5).dot(params['U']) + params['b']
    odds = numpy.exp(scores - scores.max(axis=1, keepdims=True))
    return odds / odds.sum(axis=1, keepdims=True)


def reference_data_probs(params, data):
    """The same, a review at a time: no padding, no batches."""
    return numpy.concatenate([
        reference_probs(params, numpy.reshape(x, (-1, 1)), numpy.ones((len(x), 1)))
        for x in data[0]])


def compile_optimizer(params, options, name):
    """Return (tparams, f_pred_prob, f_grads, f_grad_shared, f_update)."""
    tparams = lstm.init_tparams(params)
    _, x, mask, y, f_pred_prob, _, cost = lstm.build_model(tparams, options)
    grads = tensor.grad(cost, wrt=list(tparams.values()))
    lr = tensor.scalar('lr', dtype=config.floatX)
    f_grads = theano.function([x, mask, y], [cost] + grads)
    known = lstm.fast_optimizers if options['encoder'] == 'lstm_fused' else lstm.optimizers
    f_grad_shared, f_update = known[name](lr, tparams, grads, x, mask, y, cost)
    return tparams, f_pred_prob, f_grads, f_grad_shared, f_update


@pytest.mark.parametrize('encoder', sorted(lstm.layers))
@pytest.mark.parametrize('name', ['sgd', 'adadelta', 'rmsprop'])  # the tutorial's
@pytest.mark.parametrize('path', GOLDEN, ids=os.path.basename)
def test_golden_figures(path, name, encoder):
    golden = numpy.load(path)
    params = {p: golden['param_' + p] for p in NAMES}
    options = {'dim_proj': int(golden['dim_proj']), 'n_words': int(golden['n_words']),
               'ydim': len(params['b']), 'encoder': encoder, 'use_dropout': True}
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


@pytest.mark.parametrize('encoder', sorted(lstm.layers))
def test_adagrad_is_its_formula(small_model, encoder):
    options, params = dict(small_model[0], encoder=encoder), dict(small_model[1])
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
@pytest.mark.parametrize('encoder', sorted(lstm.layers))
def test_gradients_against_finite_differences(small_model, encoder, pooling):
    options, params = dict(small_model[0], encoder=encoder, pooling=pooling), dict(small_model[1])
    params['U'] = numpy.random.RandomState(1).normal(size=(lstm.pooled_width(6, options), 3))
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


@pytest.mark.parametrize('encoder', sorted(lstm.layers))
def test_mean_and_maximum_against_numpy(small_model, encoder):
    options = dict(small_model[0], encoder=encoder, pooling='mean_max')
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


def test_minibatches_cover_every_sample_once():
    batches = lstm.get_minibatches_idx(10, 4, shuffle=True, rng=numpy.random.RandomState(0))
    assert [i for i, _ in batches] == [0, 1, 2] and [len(b) for _, b in batches] == [4, 4, 2]
    seen = numpy.concatenate([b for _, b in batches])
    assert sorted(seen) == list(range(10)) and list(seen) != list(range(10))
    assert lstm.get_minibatches_idx(0, 4) == []


@given(n=st.integers(1, 300), batch_size=st.integers(1, 20), seed=st.integers(0, 99))
def test_bucketed_batches_cover_every_sample_once(n, batch_size, seed):
    rng = numpy.random.RandomState(seed)
    lengths = rng.randint(1, 1000, n)
    batches = lstm.get_bucketed_minibatches_idx(lengths, batch_size, rng)
    assert [number for number, _ in batches] == list(range(len(batches)))
    assert sorted(numpy.concatenate([b for _, b in batches])) == list(range(n))
    assert max(len(b) for _, b in batches) <= batch_size
    again = lstm.get_bucketed_minibatches_idx(lengths, batch_size, numpy.random.RandomState(seed))
    assert len(again) == len(batches)


def test_bucketed_batches_pad_less():
    rng = numpy.random.RandomState(0)
    lengths = rng.randint(1, 1000, 2000)

    def padded(batches):
        return sum(lengths[b].max() * len(b) for _, b in batches)
    bucketed = lstm.get_bucketed_minibatches_idx(lengths, 16, rng)
    assert padded(bucketed) < 0.6 * padded(lstm.get_minibatches_idx(2000, 16, True, rng))
    order = [lengths[b].mean() for _, b in bucketed]
    assert order != sorted(order)


@given(n=st.integers(1, 30), size=st.integers(1, 40), seed=st.integers(0, 99))
def test_a_crop_is_a_stretch(n, size, seed):
    cropped = lstm.crop(numpy.arange(n), size, numpy.random.RandomState(seed))
    assert len(cropped) == min(n, size) and (numpy.diff(cropped) == 1).all()


def test_a_crop_starts_anywhere():
    rng = numpy.random.RandomState(0)
    assert {lstm.crop(numpy.arange(9), 7, rng)[0] for _ in range(60)} == {0, 1, 2}


def test_starting_parameters_are_the_tutorials():
    options = {'dim_proj': 5, 'n_words': 30, 'ydim': 2, 'encoder': 'lstm'}
    params = lstm.init_params(options, numpy.random.RandomState(0))
    assert tuple(params) == NAMES
    assert 0 <= params['Wemb'].min() and params['Wemb'].max() < 0.01
    for name in ('lstm_W', 'lstm_U'):
        for block in numpy.split(params[name], 4, axis=1):
            numpy.testing.assert_allclose(block.dot(block.T), numpy.eye(5), atol=1e-12)
    assert not params['b'].any() and not params['lstm_b'].any()


# --- Saved models -----------------------------------------------------------------------------


def test_a_file_of_the_tutorials_own_loads(tmp_path, small_model):
    params = small_model[1]
    path = str(tmp_path / 'old.npz')
    numpy.savez(path, history_errs=[[0.5, 0.5]], train_err=0.1, **params)
    loaded = lstm.load_params(path, {name: numpy.zeros_like(p) for name, p in params.items()})
    for name in NAMES:
        numpy.testing.assert_array_equal(loaded[name], params[name])


def damaged_zip(header):
    """Return the bytes of an .npz whose only array has this header."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, 'w') as archive:
        header = header.ljust(117) + b'\n'
        archive.writestr('b.npy', b'\x93NUMPY\x01\x00' + bytes([len(header), 0]) + header)
    return file.getvalue()


@pytest.mark.parametrize('header', [
    b"{'descr': '<f8', 'fortran_order': False, 'shape': (3,",
    b"{'descr': '<f8', 'fortran_order': False, 'shape': (" + b'9' * 30 + b',), }'])
def test_a_damaged_header_is_one_line(header, tmp_path):
    (tmp_path / 'model.npz').write_bytes(damaged_zip(header))
    with pytest.raises(BadInput, match='cannot be read as a saved model'):
        lstm.load_params(str(tmp_path / 'model.npz'), {'b': numpy.zeros(2)})


def bad_models(params):
    """Yield (what is wrong, function that writes such a file)."""
    def without(name):
        return {k: v for k, v in params.items() if k != name}
    yield 'shape', lambda path: numpy.savez(path, **dict(params, b=numpy.zeros(9)))
    yield 'lstm_U', lambda path: numpy.savez(path, **without('lstm_U'))
    for b in (params['b'] * numpy.nan, numpy.array(['', '', ''])):
        yield 'not a number', lambda path, b=b: numpy.savez(path, **dict(params, b=b))
    yield 'cannot be read', lambda path: open(path, 'wb').write(b'not a model')
    yield 'cannot be read', lambda path: open(path, 'wb').close()
    yield 'cannot be read', lambda path: numpy.savez(
        path, **dict(params, b=numpy.array([print, {}], dtype=object)))
    yield 'cannot be read', lambda path: numpy.save(open(path, 'wb'), params['b'])
    yield 'cannot be read', truncated(params)
    yield 'No such file', lambda path: None
    yield 'more than', zip_bomb(params)
    yield 'cannot be read', huge_header(params)


def truncated(params):
    def write(path):
        numpy.savez(path, **params)
        size = os.path.getsize(path)
        with open(path, 'r+b') as file:
            file.truncate(size // 2)
    return write


def zip_bomb(params):
    def write(path):
        with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED) as archive:
            for k in range(20):
                archive.writestr('%d.npy' % k, bytes(MAX_BYTES // 16))
    return write


def huge_header(params):
    """An array of a few bytes that says that it is a million times a million."""
    def write(path):
        numpy.savez(path, **params)
        header = io.BytesIO()
        numpy.lib.format.write_array_header_1_0(
            header, {'descr': '<f8', 'fortran_order': False, 'shape': (10 ** 6, 10 ** 6)})
        with zipfile.ZipFile(path, 'a') as archive:
            archive.writestr('more.npy', header.getvalue())
    return write


def test_bad_models_are_refused_in_one_line(tmp_path, small_model):
    params = small_model[1]
    for number, (problem, write) in enumerate(bad_models(params)):
        path = str(tmp_path / ('%d.npz' % number))
        write(path)
        with pytest.raises(BadInput) as caught:
            lstm.load_params(path, dict(params))
        assert problem in str(caught.value) and '\n' not in str(caught.value), number


# --- Training ---------------------------------------------------------------------------------


def train(path, saveto, **keywords):
    """Train a very small model on the toy reviews."""
    settings = dict(path=path, saveto=str(saveto), dim_proj=4, n_words=30, max_epochs=2,
                    validFreq=3, dispFreq=2, saveFreq=4, optimizer=lstm.rmsprop)
    return lstm.train_lstm(**dict(settings, **keywords))


def test_training_saves_what_it_returns(tmp_path, toy_path, capsys):
    saveto = tmp_path / 'model.npz'
    errors = train(toy_path, saveto, test_size=10, decay_c=0.01, noise_std=0.1)
    with numpy.load(str(saveto), allow_pickle=False) as saved:
        assert tuple(saved[n] for n in ('train_err', 'valid_err', 'test_err')) == errors
        history = saved['history_errs']
        options = json.loads(str(saved['options']))
        params = {name: saved[name] for name in NAMES}
    assert history.shape == (2, 2) and errors[1] == history[:, 0].min()
    assert options['optimizer'] == 'rmsprop' and options['dataset'] == 'imdb'
    assert options['ydim'] == 2 and options['test_size'] == 10

    rng = numpy.random.RandomState(123)
    sets = lstm.load_sets(options, rng)
    assert len(sets[2][0]) == 10
    for data, error in zip(sets, errors):
        assert numpy.mean(reference_data_probs(params, data).argmax(axis=1) != data[1]) == error
    out = capsys.readouterr().out
    assert 'update 4  cost' in out and 'words/s' in out
    assert out.splitlines()[-1].startswith('train error %.4f' % errors[0])
    assert sorted(os.listdir(str(tmp_path))) == [
        'imdb.dict.pkl', 'imdb.pkl', 'model.checkpoint.npz', 'model.npz']


def test_short_reviews_train_and_all_lengths_validate(tmp_path):
    options = {'dataset': 'imdb', 'path': write_toy_pickle(tmp_path / 'imdb.pkl', 200),
               'n_words': 30, 'maxlen': 8, 'test_size': -1, 'seed': 123}
    short, all_lengths = (lstm.load_sets(dict(options, maxlen=maxlen), numpy.random.RandomState(1))
                          for maxlen in (8, None))
    expected = [[(list(x), y) for x, y in zip(*part)] for part in all_lengths]
    expected[0] = [(x, y) for x, y in expected[0] if len(x) < 8]
    assert [[(list(x), y) for x, y in zip(*part)] for part in short] == expected
    assert max(len(x) for x in short[1][0]) >= 8


@pytest.mark.parametrize('lengths', [(5, 5, 12), (12, 5, 5), (5, 12, 12)])
def test_a_class_too_long_to_train_on_is_refused(lengths, tmp_path):
    labels = [k % 3 for k in range(60)]
    with open(str(tmp_path / 'imdb.pkl'), 'wb') as file:
        for _ in range(2):
            pickle.dump(([[2] * lengths[y] for y in labels], labels), file, 2)
    with pytest.raises(BadInput, match='of class %d is left' % lengths.index(12)):
        train(str(tmp_path / 'imdb.pkl'), tmp_path / 'm.npz', maxlen=9)


@pytest.mark.parametrize('name', ['imdb.pkl', 'imdb.dict.pkl'])
def test_saving_does_not_replace_what_is_no_model(name, tmp_path, toy_path):
    before = (tmp_path / name).read_bytes()
    with pytest.raises(BadInput, match='not a model'):
        train(toy_path, tmp_path / name)
    assert (tmp_path / name).read_bytes() == before


def test_paths_may_be_path_objects(tmp_path, toy_path):
    train(pathlib.Path(toy_path), tmp_path / 'a.npz')
    errors = lstm.train_lstm(path=pathlib.Path(toy_path), saveto=tmp_path / 'b.npz', dim_proj=4,
                             n_words=30, max_epochs=1, reload_model=tmp_path / 'a.npz')
    assert load_arrays(str(tmp_path / 'b.npz'))['test_err'] == errors[2]


def test_three_classes_and_a_batch_of_one(tmp_path):
    path = write_toy_pickle(tmp_path / 'three.pkl', 31, 7, classes=3)
    saveto = tmp_path / 'model.npz'
    errors = train(path, saveto, batch_size=1, valid_batch_size=4, max_epochs=1, validFreq=-1)
    with numpy.load(str(saveto)) as saved:
        params = {name: saved[name] for name in NAMES}
        options = json.loads(str(saved['options']))
    assert options['ydim'] == 3
    test = lstm.load_sets(options, numpy.random.RandomState(123))[2]
    assert errors[2] == numpy.mean(reference_data_probs(params, test).argmax(axis=1) != test[1])


def test_same_seed_same_model_and_reload_continues(tmp_path, toy_path):
    paths = [tmp_path / name for name in ('a.npz', 'b.npz', 'c.npz')]
    assert train(toy_path, paths[0]) == train(toy_path, paths[1])
    first, second = (numpy.load(str(path)) for path in paths[:2])
    for name in NAMES:
        numpy.testing.assert_array_equal(first[name], second[name])
    train(toy_path, paths[2], reload_model=str(paths[0]), optimizer=lstm.sgd, lrate=0.)
    third = numpy.load(str(paths[2]))
    for name in NAMES:
        numpy.testing.assert_array_equal(first[name], third[name])


def test_batches_are_cropped_and_whole_reviews_measured(toy_path, tmp_path, monkeypatch):
    lengths, prepare_data = [], imdb.prepare_data

    def noted(reviews, labels):
        lengths.append({len(review) for review in reviews})
        return prepare_data(reviews, labels)

    monkeypatch.setitem(lstm.datasets, 'imdb', (imdb.load_data, noted))
    train(toy_path, tmp_path / 'model.npz', crop=3, validFreq=-1, max_epochs=1)
    assert lengths[:4] == [{3}] * 4 and max(set.union(*lengths[4:])) == 12


def test_measured_once_are_the_errors_of_the_best(toy_path, tmp_path):
    settings = dict(optimizer='adadelta', max_epochs=9)
    often = train(toy_path, tmp_path / 'often.npz', **settings)
    once = train(toy_path, tmp_path / 'once.npz', test_once=True, **settings)
    assert once == often
    first, second = (numpy.load(str(tmp_path / name)) for name in ('often.npz', 'once.npz'))
    for name in NAMES:
        numpy.testing.assert_array_equal(first[name], second[name])
    history = second['history']
    assert numpy.isfinite(history[:, 2]).all() and numpy.isfinite(history[:, 3]).sum() == 1


@pytest.mark.parametrize('keywords', [{}, {'bucket': True}, {'encoder': 'lstm'},
                                      {'pooling': 'mean_max', 'optimizer': 'adagrad', 'crop': 8,
                                       'lrate': 0.05}])
def test_training_learns(keywords, tmp_path, toy_path):
    settings = dict(optimizer=lstm.adadelta, max_epochs=60, validFreq=20, dim_proj=8, batch_size=4)
    errors = train(toy_path, tmp_path / 'model.npz', **dict(settings, **keywords))
    assert errors[2] <= 0.15


def fake_run(monkeypatch, valid_errs, patience):
    """Let validate() see these validation errors; return its run and the rounds it took."""
    errors = iter([value for v in valid_errs for value in (0.1, v, 0.2)])
    monkeypatch.setattr(lstm, 'pred_error', lambda *args, **keywords: next(errors))
    functions = {'use_noise': theano.shared(lstm.numpy_floatX(0.)), 'f_pred': None}
    sets = [([[2]], [0])] * 3
    options = {'dataset': 'imdb', 'valid_batch_size': 1, 'patience': patience, 'test_once': False}
    monkeypatch.setattr(lstm, 'load_vocabulary', lambda options: None)
    run = lstm.start_run(options, sets, {}, functions, None)
    for rounds in range(1, len(valid_errs) + 1):
        run['epoch'] = rounds
        lstm.validate(run)
        if run['bad_counter'] > patience:
            break
    return run, rounds


def test_early_stopping_waits_for_patience(monkeypatch):
    run, rounds = fake_run(monkeypatch, [0.4, 0.3] + [0.5] * 20, patience=3)
    # from round 4 on there is a long ago to compare with: the fourth bad round since ends it
    assert rounds == 7 and run['best']['epoch'] == 2 and run['best']['errors'][1] == 0.3


def test_a_new_best_starts_the_count_anew(monkeypatch):
    run, rounds = fake_run(monkeypatch, [0.4, 0.5, 0.5, 0.5, 0.2] + [0.5] * 20, patience=2)
    assert run['best']['epoch'] == 5 and rounds == 8


def test_a_cost_that_is_not_finite_stops_with_advice(tmp_path, toy_path, monkeypatch):
    saveto = tmp_path / 'model.npz'
    monkeypatch.setitem(lstm.BOUNDS, 'lrate', (0., numpy.inf))
    with pytest.raises(BadInput, match='cost became .* at update'):
        train(toy_path, saveto, optimizer=lstm.sgd, lrate=float('inf'))
    assert not saveto.exists()  # nothing was validated and the parameters are spoilt


def test_interrupt_keeps_the_best(tmp_path, toy_path, monkeypatch):
    saveto = tmp_path / 'model.npz'
    update = lstm.make_update

    def interrupted(run, indices):
        if run['update'] == 5:
            raise KeyboardInterrupt
        return update(run, indices)

    monkeypatch.setattr(lstm, 'make_update', interrupted)
    with pytest.raises(KeyboardInterrupt):
        train(toy_path, saveto)
    with numpy.load(str(saveto)) as saved:
        assert saved['history_errs'].shape == (1, 2) and saved['valid_err'] <= 1

    before = saveto.read_bytes()
    with pytest.raises(KeyboardInterrupt):  # nothing validated: the older model is better
        train(toy_path, saveto, validFreq=100, saveFreq=100)
    assert saveto.read_bytes() == before


def test_full_disk_while_saving_keeps_the_old_model(tmp_path, toy_path, monkeypatch):
    saveto = tmp_path / 'model.npz'
    train(toy_path, saveto)
    before = saveto.read_bytes()

    def full(file, *args, **keywords):
        file.write(b'half a mod')
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(lstm.numpy, 'savez', full)
    with pytest.raises(BadInput, match='No space left on device'):
        train(toy_path, saveto)
    assert saveto.read_bytes() == before
    assert sorted(os.listdir(str(tmp_path))) == [
        'imdb.dict.pkl', 'imdb.pkl', 'model.checkpoint.npz', 'model.npz']


def test_saveto_none_saves_nothing(tmp_path, toy_path):
    errors = lstm.train_lstm(path=toy_path, saveto=None, dim_proj=2, n_words=9, max_epochs=1,
                             saveFreq=1)
    assert len(errors) == 3 and sorted(os.listdir(str(tmp_path))) == ['imdb.dict.pkl', 'imdb.pkl']


@pytest.mark.parametrize('wrong', [
    {'dim_proj': 0}, {'batch_size': -1}, {'validFreq': 0}, {'n_words': 1}, {'maxlen': 0},
    {'optimizer': 'adam'}, {'encoder': 'gru'}, {'dataset': 'yelp'}, {'patience': 0},
    {'saveto': '/no/such/folder/model.npz'}, {'decay_c': -1.}, {'lrate': float('nan')},
    {'lrate': float('inf')}, {'seed': None}, {'maxlen': '100'}, {'lrate': None},
    {'batch_size': 2.5}, {'test_size': -2},
    {'pooling': 'max'}, {'crop': 0}, {'init_scale': -1.},
    {'seed': 2 ** 32}, {'test_size': 0}, {'saveto': '/'}, {'dim_proj': 10 ** 9},
    {'plot': 'a.png', 'saveto': 'a.png'}])
def test_options_that_cannot_work(wrong, toy_path):
    with pytest.raises(BadInput) as caught:
        lstm.train_lstm(**dict({'path': toy_path}, **wrong))
    assert next(iter(wrong)) in str(caught.value)


def test_zip_is_what_numpy_reads(tmp_path, toy_path):
    train(toy_path, tmp_path / 'model.npz', max_epochs=1)
    assert zipfile.ZipFile(str(tmp_path / 'model.npz')).testzip() is None
