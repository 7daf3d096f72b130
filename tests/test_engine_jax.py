"""device=cuda and device=jax: the same figures through JAX, few shapes, one clear line if none.

A process computes on one device, so that the tests of JAX run in a pytest of their own.
"""
import importlib.util
import json
import os
import subprocess
import sys

import numpy
import pytest

import engine
import lstm
import trained
from engine import function, padded, tensor, theano
from safe_io import BadInput, load_arrays
from tests.conftest import ROOT, toy_reviews, toy_word
from tests.test_lstm import GOLDEN, NAMES, train

THROUGH_JAX = engine.ASYNCHRONOUS
through_jax = pytest.mark.skipif(not THROUGH_JAX, reason='run by test_all_of_this_through_jax')
on_cpu = pytest.mark.skipif(THROUGH_JAX, reason='starts processes of its own')
on_pytensor = pytest.mark.skipif(engine.NAME == 'Theano', reason='Theano knows its own devices')
needs_jax = pytest.mark.skipif(
    engine.NAME == 'Theano' or importlib.util.find_spec('jax') is None,
    reason='JAX is not installed: pip install -r requirements-gpu.txt')


def run_python(arguments, flags, **environment):
    """Run Python in a fresh process under these THEANO_FLAGS; without a GPU, if there is one."""
    environment = dict(os.environ, THEANO_FLAGS=flags, PYTENSOR_FLAGS='', JAX_PLATFORMS='cpu',
                       **environment)
    return subprocess.run([sys.executable] + arguments, cwd=ROOT, env=environment, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)


# --- Devices ----------------------------------------------------------------------------------


def assert_one_line(done, named):
    lines = [line for line in done.stderr.splitlines() if line.startswith('error: ')]
    assert done.returncode == 2 and len(lines) == 1 and named in lines[0], done.stderr
    assert 'Traceback' not in done.stderr


@on_cpu
@on_pytensor
@pytest.mark.parametrize('flags, named', [
    ('device=tpu', 'device=tpu is none of'), ('device=cudax', 'device=cudax is none of'),
    ('device=jax,mode=FAST_RUN', 'leave out mode=FAST_RUN')])
def test_a_device_that_cannot_be(flags, named):
    assert_one_line(run_python(['-c', 'import engine'], flags), named)


@on_cpu
@on_pytensor
def test_without_jax_the_line_says_what_to_install():
    program = "import sys; sys.modules['jax'] = None; import engine"
    done = run_python(['-c', program], 'device=cuda')
    assert_one_line(done, 'device=cuda needs JAX')
    assert 'pip install -r requirements-gpu.txt' in done.stderr


@on_cpu
@needs_jax
def test_without_a_gpu_nothing_runs():
    done = run_python(['-c', 'import engine'], 'device=cuda')
    assert_one_line(done, 'device=cuda: no such GPU')
    assert 'pip install -r requirements-gpu.txt' in done.stderr


@on_cpu
@needs_jax
def test_the_numbered_device_computes_in_the_precision_asked_for():
    program = """if True:
        import jax
        devices = jax.devices
        jax.devices = lambda kind=None: devices('cpu' if kind == 'gpu' else kind)
        from engine import function, tensor
        x = tensor.matrix()
        print(function([x], x.sum())([[1, 2]]).devices(), jax.config.jax_default_matmul_precision)
        """
    done = run_python(['-c', program], 'device=cuda1', JAX_DEFAULT_MATMUL_PRECISION='BF16_BF16_F32',
                      XLA_FLAGS='--xla_force_host_platform_device_count=2')
    assert done.stdout.strip() == '{CpuDevice(id=1)} BF16_BF16_F32', done.stderr


@on_cpu
@pytest.mark.skipif(engine.NAME == 'PyTensor', reason='PyTensor has it')
def test_theano_has_no_jax():
    assert_one_line(run_python(['-c', 'import engine'], 'device=jax'), 'jax')


# --- The same figures -------------------------------------------------------------------------


@on_cpu
@needs_jax
def test_all_of_this_through_jax(tmp_path):
    tests = os.path.join('tests', os.path.basename(__file__))
    done = run_python(['-m', 'pytest', '-q', '--no-cov', tests], 'device=jax,floatX=float64',
                      JAX_COMPILATION_CACHE_DIR=str(tmp_path))
    assert done.returncode == 0, done.stdout
    assert os.listdir(str(tmp_path))  # what was compiled is kept


@on_cpu
@needs_jax
def test_a_training_run_is_that_of_the_fused_layer(tmp_path, toy_path):
    paths = [tmp_path / name for name in ('jax.npz', 'cpu.npz')]
    for path, device in zip(paths, ('jax', 'cpu')):
        done = run_python(
            ['lstm.py', '--path', toy_path, '--saveto', str(path), '--dim_proj', '8', '--n_words',
             '32', '--optimizer', 'sgd', '--lrate', '1', '--init_scale', '0.5', '--max_epochs', '9',
             '--validFreq', '2', '--use_dropout', 'false'], 'floatX=float32,device=' + device,
            JAX_COMPILATION_CACHE_DIR=str(tmp_path))
        assert done.returncode == 0, done.stderr
    through_jax, fused = (load_arrays(str(path)) for path in paths)
    encoders = [json.loads(str(saved['options']))['encoder'] for saved in (through_jax, fused)]
    assert encoders == ['lstm', 'lstm_fused'] and 'JAX' in str(through_jax['engine'])
    for name in ('train_err', 'valid_err', 'test_err', 'history'):
        numpy.testing.assert_array_equal(through_jax[name], fused[name], err_msg=name)
    for name in NAMES + ('costs',):
        numpy.testing.assert_allclose(through_jax[name], fused[name], rtol=0, atol=1e-5,
                                      err_msg=name)
    assert len(set(fused['history'][:, 1])) > 3  # the errors did move

    model = trained.load_model(str(paths[0]))  # what JAX saved, on this engine
    assert trained.evaluate(model, trained.load_test_set(model))['error'] == fused['test_err']


def compile_model(params, optimizer, batch_size, **options):
    """Return (tparams, functions) of a model with these parameters."""
    options = dict({'dim_proj': len(params['lstm_U']), 'n_words': len(params['Wemb']),
                    'ydim': len(params['b']), 'encoder': 'lstm', 'use_dropout': False,
                    'decay_c': 0., 'optimizer': optimizer, 'batch_size': batch_size}, **options)
    tparams = lstm.init_tparams(params)
    return tparams, lstm.compile_training(tparams, options)


@through_jax
@pytest.mark.parametrize('name', ['sgd', 'adadelta', 'rmsprop'])
@pytest.mark.parametrize('path', GOLDEN, ids=os.path.basename)
def test_golden_figures(path, name):
    golden = numpy.load(path)
    params = {p: golden['param_' + p] for p in NAMES}
    tparams, functions = compile_model(params, name, 8, use_dropout=True)
    close = {'rtol': 0, 'atol': 1e-8}
    if name == 'sgd':
        classes = functions['f_pred'](golden['x_0'], golden['mask_0'])
        numpy.testing.assert_array_equal(classes, golden['pred'])
    costs = []
    for k in range(len(golden[name + '_costs'])):
        batch = [golden['%s_%d' % (part, k)] for part in ('x', 'mask', 'y')]
        costs.append(functions['f_grad_shared'](*batch))
        functions['f_update'](float(golden[name + '_lr']))
        if name == 'sgd' and k == 0:
            for p, value in lstm.unzip(tparams).items():
                grad = (params[p] - value) / golden['sgd_lr']
                numpy.testing.assert_allclose(grad, golden['grad_' + p], **close)
    numpy.testing.assert_allclose(costs, golden[name + '_costs'], **close)
    for p in NAMES:
        numpy.testing.assert_allclose(tparams[p].get_value(), golden['%s_%s' % (name, p)], **close)


# --- Shapes -----------------------------------------------------------------------------------


@pytest.mark.parametrize('encoder', sorted(lstm.layers))
def test_a_sample_without_a_word_changes_nothing(encoder, small_model):
    options = dict(small_model[0], encoder=encoder, use_dropout=False, pooling='mean_max')
    params = lstm.init_params(options, numpy.random.RandomState(0))
    params['Wemb'] += 1
    x, mask, y = lstm.imdb.prepare_data(*toy_reviews(3, 0, classes=3))
    more = [numpy.pad(value, [(0, 30 - len(x))] * (value.ndim - 1) + [(0, 5)])
            for value in (x, mask, y)]
    tparams = lstm.init_tparams(params)
    _, *inputs, f_pred_prob, _, cost = lstm.build_model(tparams, options)
    f = function(inputs, [cost] + tensor.grad(cost, list(tparams.values())))
    for value, same in zip(f(x, mask, y), f(*more)):
        numpy.testing.assert_allclose(same, value, rtol=0, atol=1e-12)
    numpy.testing.assert_allclose(f_pred_prob(*more[:2])[:3], f_pred_prob(x, mask), atol=1e-12)


@through_jax
def test_answers_are_those_of_the_real_words_and_samples():
    x = tensor.matrix('x', dtype='int64')
    shapes = []
    f = padded(function([x], x[:, :, None] * tensor.ones((1, 1, 4))), 8)
    g = padded(function([x], x.T[:, :2] * 1.), 8)
    h = padded(function([x], x.sum()), 8)
    for T, B in ((1, 1), (25, 8), (26, 3), (50, 9)):
        value = numpy.arange(T * B).reshape(T, B) + 1
        numpy.testing.assert_array_equal(f(value), value[:, :, None].repeat(4, axis=2))
        if T > 1:
            numpy.testing.assert_array_equal(g(value), value.T[:, :2])
        assert h(value) == value.sum()
        shapes += [shape for shape, in f.f.compiled if shape not in shapes]
    assert shapes == [(25, 8), (50, 8), (50, 9)]


def write_long_reviews(path):
    """Write an imdb.pkl whose reviews are about as long as IMDB's: the longest has 2,500 words."""
    import pickle
    rng = numpy.random.RandomState(0)
    lengths = numpy.exp(rng.normal(5.2, 0.7, 4000)).astype(int).clip(1, 2500)
    lengths[:8] = 1, 20, 45, 90, 10, 99, 1300, 2500
    with open(path.replace('.pkl', '.dict.pkl'), 'wb') as file:
        pickle.dump({toy_word(2): 2}, file, 2)
    with open(path, 'wb') as file:
        for part in (lengths[::-1], lengths):
            pickle.dump(([[2] * n for n in part], [k % 2 for k in range(len(part))]), file, 2)
    return path


@through_jax
def test_a_default_run_compiles_twelve_shapes_at_most(tmp_path, monkeypatch):
    compiled = []

    def compile_nothing(f, shapes):
        compiled.append((f.keywords['name'], shapes))
        return lambda *batch: numpy.zeros((batch[0].shape + (2,))[1:] if len(batch) == 2 else ())

    monkeypatch.setattr(engine.jax.StaticFunction, 'compile', compile_nothing)
    lstm.train_lstm(path=write_long_reviews(str(tmp_path / 'imdb.pkl')), saveto=None, max_epochs=2)
    kinds = [name for name, _ in compiled]
    assert set(kinds) == {'f_pred_prob', 'adadelta_f_grad_shared', 'adadelta_f_update'}
    assert 8 <= len(compiled) == len(set(compiled)) <= 12
    possible = [{engine.jax.rung(n) for n in range(1, longest + 1)} for longest in (99, 2500)]
    assert sum(map(len, possible)) + 1 <= 12  # whatever the reviews' lengths


# --- Training ---------------------------------------------------------------------------------


@pytest.fixture(scope='module')
def compiled_once():
    """The functions of every run below, and all that they keep as it was at first."""
    options = dict(dim_proj=4, n_words=30, ydim=2, encoder='lstm', use_dropout=True, noise_std=0.1,
                   decay_c=0., optimizer='adagrad', batch_size=16, valid_batch_size=64, seed=123)
    tparams = lstm.init_tparams(lstm.init_params(options, numpy.random.RandomState(0)))
    functions = lstm.compile_training(tparams, options)
    state = [(v, v.get_value()) for name in ('f_grad_shared', 'f_update')
             for v in functions[name].get_shared()]
    return tparams, functions, state


@pytest.fixture
def train_again(compiled_once, monkeypatch):
    """As :func:`tests.test_lstm.train`, without compiling."""
    tparams, functions, state = compiled_once
    monkeypatch.setattr(lstm, 'init_tparams', lambda params: tparams)
    monkeypatch.setattr(lstm, 'compile_training', lambda *_: functions)

    def run(path, saveto, **keywords):
        for variable, value in state:
            variable.set_value(value)
        return train(path, saveto, **dict(dict(optimizer='adagrad', lrate=0.1, noise_std=0.1,
                                               max_epochs=4), **keywords))
    return run


@through_jax
def test_a_resumed_run_is_the_unbroken_one(tmp_path, toy_path, train_again, monkeypatch):
    from tests.test_resume import assert_same_model, stop_at
    train_again(toy_path, tmp_path / 'unbroken.npz')
    for update in (6, 11):
        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            stop_at(update, patch)
            train_again(toy_path, tmp_path / 'broken.npz', resume=update > 6)
    train_again(toy_path, tmp_path / 'broken.npz', resume=True)
    assert_same_model(tmp_path / 'unbroken.npz', tmp_path / 'broken.npz')


@through_jax
def test_a_cost_that_is_not_finite_stops_the_run(tmp_path, toy_path, train_again, monkeypatch):
    saveto = tmp_path / 'model.npz'
    monkeypatch.setitem(lstm.BOUNDS, 'lrate', (0., numpy.inf))
    with pytest.raises(BadInput, match='cost became nan at update 2;'):
        train_again(toy_path, saveto, lrate=float('inf'), dispFreq=100, validFreq=3)
    assert not saveto.exists()  # found before it could be the best
    train_again(toy_path, saveto, max_epochs=1)
    before = saveto.read_bytes()
    with pytest.raises(BadInput, match='cost became nan at update 2;'):
        train_again(toy_path, saveto, lrate=float('inf'), dispFreq=2)
    assert saveto.read_bytes() == before


@through_jax
def test_costs_are_not_waited_for(tmp_path, toy_path, train_again, monkeypatch):
    fetch, fetched = lstm.fetch_costs, []
    monkeypatch.setattr(lstm, 'fetch_costs',
                        lambda run: fetched.append(len(run['pending'])) or fetch(run))
    train_again(toy_path, tmp_path / 'model.npz', dispFreq=2, validFreq=100, saveFreq=100)
    assert [n for n in fetched if n] == [2] * 8  # 16 updates, two at a time


@through_jax
def test_values_stay_on_the_device(tmp_path, toy_path, train_again, compiled_once):
    train_again(toy_path, tmp_path / 'model.npz', max_epochs=1)
    tparams, functions, _ = compiled_once
    for variable in functions['f_update'].get_shared():
        assert not isinstance(variable.get_value(borrow=True), numpy.ndarray) \
            or variable in tparams.values()  # which the best ones were copied into
    assert all(isinstance(value, numpy.ndarray) for value in lstm.unzip(tparams).values())


@through_jax
def test_draws_go_on_and_can_be_repeated():
    streams = lstm.RandomStreams(3)
    x = tensor.matrix('x')
    f = function([x], [streams.binomial(x.shape, 0.5, 'float64'), streams.normal(x.shape, 2.)])
    keys = f.get_shared()
    start = [key.get_value() for key in keys]
    first, second = f(numpy.zeros((200, 50))), f(numpy.zeros((200, 50)))
    assert len(keys) == 2 and all((a != b).any() for a, b in zip(first, second))
    assert set(numpy.unique(first[0])) == {0., 1.} and abs(first[0].mean() - 0.5) < 0.02
    assert abs(first[1].mean()) < 0.1 and abs(first[1].std() - 2.) < 0.05
    for key, value in zip(keys, start):
        key.set_value(numpy.asarray(value))
    numpy.testing.assert_array_equal(f(numpy.zeros((200, 50)))[1], first[1])


@through_jax
def test_the_fused_layer_is_not_there():
    assert list(lstm.layers) == ['lstm'] and lstm.resolve_encoder('auto') == 'lstm'
    assert theano.config.mode == 'JAX'


@through_jax
def test_float32_means_float32():
    assert engine.jax.jax.config.jax_default_matmul_precision == 'highest'
