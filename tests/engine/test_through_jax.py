"""device=cuda and device=jax: the same figures through JAX, few shapes, one clear line if none.

A process computes on one device, so that the tests of JAX run in a pytest of their own.
"""
import importlib.util
import itertools
import json
import os
import re
import shutil

import numpy
import pytest

import imdb
import lstm
from sentiment import engine, evaluate, explain, load_model, load_test_set, predict
from sentiment.data.safe_io import BadInput, load_arrays
from sentiment.engine import function, padded, tensor, theano
from sentiment.training.batches import draw_within
from tests import rounded
from tests.helpers import (GOLDEN, NAMES, POSITIVE, Watched, assert_same_model, interrupt,
                           run_python, toy_reviews, toy_word, train, write_pickles,
                           write_toy_pickle)
from tests.rounded import Rounded

THROUGH_JAX = engine.ASYNCHRONOUS
through_jax = pytest.mark.skipif(not THROUGH_JAX, reason='run by test_all_of_this_through_jax')
on_cpu = pytest.mark.skipif(THROUGH_JAX, reason='run before JAX is')
on_pytensor = pytest.mark.skipif(engine.NAME == 'Theano', reason='Theano knows its own devices')
needs_jax = pytest.mark.skipif(
    engine.NAME == 'Theano' or importlib.util.find_spec('jax') is None,
    reason="JAX is not installed: pip install 'jax>=0.10,<0.11'")
several_devices = pytest.mark.skipif(not THROUGH_JAX or engine.jax.StaticFunction.n_devices < 2,
                                     reason='run by test_this_on_two_devices')
# on a busy machine one may wait long for the other
TWO_DEVICES = ('--xla_force_host_platform_device_count=2 '
               '--xla_cpu_collective_call_terminate_timeout_seconds=3600')
INSTALL = "run: pip install 'jax[cuda12]>=0.10,<0.11'"


def run_on_cpu(*arguments, flags, **environment):
    """Run Python in a fresh process under these THEANO_FLAGS; without a GPU, if there is one."""
    return run_python(*arguments, flags=flags, environment=dict(environment, JAX_PLATFORMS='cpu'))


# --- Devices ----------------------------------------------------------------------------------


def assert_one_line(done, named):
    lines = [line for line in done.stderr.splitlines() if line.startswith('error: ')]
    assert done.returncode == 2 and len(lines) == 1 and named in lines[0], done.stderr
    assert 'Traceback' not in done.stderr


@pytest.mark.parametrize('device, flags, named', [
    ('tpu', {}, 'device=tpu is none of'), ('cudax', {}, 'device=cudax is none of'),
    ('jax', {'mode': 'FAST_RUN'}, 'leave out mode=FAST_RUN'),
    ('cuda1', {'linker': 'py'}, 'leave out linker=py')])
def test_a_device_that_cannot_be(device, flags, named, capsys):
    with pytest.raises(SystemExit) as caught:
        engine.check_device(device, flags)
    _, err = capsys.readouterr()
    assert caught.value.code == 2 and named in err and err.count('\n') == 1


@pytest.mark.parametrize('device', ['cuda', 'cuda0', 'cuda12', 'gpu', 'gpu3', 'jax'])
def test_a_device_that_may_be(device):
    engine.check_device(device, {'floatX': 'float32'})


@on_cpu
@on_pytensor
def test_the_flag_is_checked():
    assert_one_line(run_on_cpu('-c', 'import sentiment.engine', flags='device=tpu'),
                    'device=tpu is none of')


@on_cpu
@on_pytensor
def test_without_jax_the_line_says_what_to_install():
    program = "import sys; sys.modules['jax'] = None; import sentiment.engine"
    done = run_on_cpu('-c', program, flags='device=cuda')
    assert_one_line(done, 'device=cuda needs JAX')
    assert INSTALL in done.stderr


@on_cpu
@needs_jax
def test_without_a_gpu_nothing_runs():
    done = run_on_cpu('-c', 'import sentiment.engine', flags='device=cuda')
    assert_one_line(done, 'device=cuda: no such GPU')
    assert INSTALL in done.stderr


@on_cpu
@needs_jax
@pytest.mark.parametrize('device, ids, said', [
    ('cuda1', [1], 0), ('cuda', [0, 1], 1)])
def test_devices_compute_in_the_precision_asked_for(device, ids, said):
    program = """if True:
        import jax
        devices = jax.devices
        jax.devices = lambda kind=None: devices('cpu' if kind == 'gpu' else kind)
        from sentiment.engine import function, tensor
        x = tensor.matrix()
        answer = function([x], x.sum())([[1, 2]])
        print(sorted(device.id for device in answer.devices()), answer,
              jax.config.jax_default_matmul_precision)
        """
    done = run_on_cpu('-c', program, flags='device=' + device,
                      JAX_DEFAULT_MATMUL_PRECISION='BF16_BF16_F32', XLA_FLAGS=TWO_DEVICES)
    assert done.stdout.strip() == '%s 3.0 BF16_BF16_F32' % ids, done.stderr
    assert done.stderr.count('2 devices share each batch: cpu\n') == said


@on_cpu
@pytest.mark.skipif(engine.NAME == 'PyTensor', reason='PyTensor has it')
def test_theano_has_no_jax():
    assert_one_line(run_on_cpu('-c', 'import sentiment.engine', flags='device=jax'), 'jax')


# --- The same figures -------------------------------------------------------------------------


@on_cpu
@needs_jax
def test_all_of_this_through_jax(tmp_path):
    tests = os.path.join('tests', 'engine', os.path.basename(__file__))
    # XLA's optimizations take a third of the time; the run below has them
    done = run_on_cpu('-m', 'pytest', '-q', '-n0', '--no-cov', '-p', 'no:cacheprovider', tests,
                      flags='device=jax,floatX=float64', JAX_COMPILATION_CACHE_DIR=str(tmp_path),
                      XLA_FLAGS='--xla_backend_optimization_level=0')
    assert done.returncode == 0, done.stdout
    assert os.listdir(str(tmp_path))  # what was compiled is kept


@on_cpu
@needs_jax
def test_this_on_two_devices(tmp_path):
    tests = os.path.join('tests', 'engine', os.path.basename(__file__))
    done = run_on_cpu('-m', 'pytest', '-q', '-n0', '--no-cov', '-p', 'no:cacheprovider', tests,
                      '-k', 'golden or resumed or two_devices and not this_on',
                      flags='device=jax,floatX=float64', JAX_COMPILATION_CACHE_DIR=str(tmp_path),
                      XLA_FLAGS=TWO_DEVICES + ' --xla_backend_optimization_level=0')
    assert done.returncode == 0, done.stdout
    assert '%d passed, ' % (5 + len(GOLDEN)) in done.stdout, done.stdout  # none was skipped


def expect_training(options):
    """Return (parameters, costs) of a run of sgd: its formula, with the errors of float32."""
    rng = numpy.random.RandomState(options['seed'])
    (reviews, labels), _, _ = lstm.load_sets(options, rng)
    params = {name: Rounded(value.astype('float32'), 'float32')
              for name, value in lstm.init_params(options, rng).items()}
    costs = []
    for _, indices in draw_within(reviews.lengths, options, rng):
        batch = imdb.prepare_data(*([part[i] for i in indices] for part in (reviews, labels)))
        _, cost, grads = rounded.model(params, *batch)
        params = {name: p - options['lrate'] * grads[name] for name, p in params.items()}
        costs.append(cost)
    return params, costs


def error_bounds(params, data):
    """Return the least and the largest error that rounding may give these parameters."""
    x, mask, y = imdb.prepare_data(*data)
    probs = rounded.model({name: Rounded(params[name], 'float32') for name in NAMES}, x, mask, y)[0]
    lead = probs.value[:, 1] - probs.value[:, 0]
    wrong, decided = (lead > 0) != y, abs(lead) > 2 * probs.error.sum(axis=1)
    return (wrong & decided).mean(), (wrong | ~decided).mean()


@on_cpu
@needs_jax
def test_a_training_run_through_jax_is_that_of_the_formula(tmp_path, toy_path):
    path = tmp_path / 'jax.npz'
    done = run_on_cpu(
        'lstm.py', '--path', toy_path, '--saveto', str(path), '--dim_proj', '4', '--n_words', '32',
        '--optimizer', 'sgd', '--lrate', '1', '--init_scale', '0.5', '--max_epochs', '1',
        '--use_dropout', 'false', flags='floatX=float32,device=jax',
        JAX_COMPILATION_CACHE_DIR=str(tmp_path))
    assert done.returncode == 0, done.stderr
    saved = load_arrays(str(path))
    options = json.loads(str(saved['options']))
    assert 'JAX' in str(saved['engine']) and 'fast: nothing' in done.stderr
    params, costs = expect_training(options)
    assert len(costs) == len(saved['costs']) == 4
    for cost, computed in zip(costs, saved['costs']):
        cost.assert_close(computed)
    for name in NAMES:
        params[name].assert_close(saved[name])

    model = load_model(str(path))  # what JAX saved, on this engine
    test = load_test_set(model)
    least, largest = error_bounds(saved, test)
    assert least <= saved['test_err'] <= largest
    assert least <= evaluate(model, test)['error'] <= largest


@through_jax
@pytest.mark.parametrize('path', GOLDEN, ids=os.path.basename)
def test_golden_figures(path):
    golden = numpy.load(path)
    close = {'rtol': 0, 'atol': 1e-8}

    def arrays(prefix):
        return {name: golden[prefix + '_' + name] for name in NAMES}

    def batch(k):
        return [golden['%s_%d' % (part, k)] for part in ('x', 'mask', 'y')]

    options = {'dim_proj': int(golden['dim_proj']), 'n_words': int(golden['n_words']),
               'ydim': len(golden['param_b']), 'encoder': 'lstm', 'use_dropout': True,
               'valid_batch_size': 8}
    tparams = lstm.init_tparams(arrays('param'))
    _, *inputs, f_pred_prob, _, cost = lstm.build_model(tparams, options)
    f_grads = padded(function(inputs, [cost] + tensor.grad(cost, list(tparams.values()))), 8)
    numpy.testing.assert_allclose(f_pred_prob(*batch(0)[:2]), golden['probs'], **close)

    # the gradients are the slow part to compile: the optimizers are given them ready-made
    grads = {name: theano.shared(value) for name, value in arrays('param').items()}
    lr = tensor.scalar('lr')
    for optimizer in ('sgd', 'adadelta', 'rmsprop'):
        lstm.zipp(arrays('param'), tparams)
        nothing = sum(variable.sum() for variable in inputs)
        f_grad_shared, f_update = lstm.optimizers[optimizer](
            lr, tparams, list(grads.values()), *inputs, cost=nothing)
        for k, cost in enumerate(golden[optimizer + '_costs']):
            values = f_grads.f(*map(f_grads.pad, batch(k)))
            numpy.testing.assert_allclose(values[0], cost, **close)
            for (name, shared), value in zip(grads.items(), values[1:]):
                shared.set_value(value)
                if k == 0:
                    numpy.testing.assert_allclose(value, golden['grad_' + name], **close)
            f_grad_shared(*map(f_grads.pad, batch(k)))
            f_update(float(golden[optimizer + '_lr']))
        for name, value in arrays(optimizer).items():
            numpy.testing.assert_allclose(tparams[name].get_value(), value, **close)


# --- Several devices --------------------------------------------------------------------------


def ten_updates(options, params, batch):
    """Return what ten updates on one batch lead to: cost, answer, shared variables."""
    tparams = lstm.init_tparams(params)
    use_noise, *inputs, f_pred_prob, _, cost = lstm.build_model(tparams, options)
    use_noise.set_value(lstm.numpy_floatX(1.))
    learnt = lstm.trained(tparams)
    f_grad_shared, f_update = lstm.adadelta(tensor.scalar('lr'), learnt, tensor.grad(
        cost, list(learnt.values())), *inputs, cost)
    costs = []
    for _ in range(10):
        costs.append(padded(f_grad_shared, len(batch[2]))(*batch))
        f_update(0.)
    shared = f_grad_shared.get_shared() + f_update.get_shared()
    return costs, f_pred_prob(*batch[:2]), [v.get_value(borrow=True) for v in shared]


def count_devices(values):
    """Return on how many devices those values lie that are JAX's."""
    return {len(value.devices()) for value in values if isinstance(value, engine.jax.jax.Array)}


@several_devices
@pytest.mark.parametrize('encoder, n_samples, ngrams', [
    ('lstm', 5, None), ('words', 4, 3)])
def test_two_devices_compute_what_one_does(encoder, n_samples, ngrams, monkeypatch):
    rng = numpy.random.RandomState(0)
    options = {'dim_proj': 6, 'n_words': 40, 'ydim': 2, 'encoder': encoder, 'use_dropout': True,
               'noise_std': 0.1, 'pooling': 'mean_max', 'ngrams': ngrams, 'ngrams_in': 1,
               'valid_batch_size': n_samples}
    data = toy_reviews(n_samples, 0)
    params = lstm.init_params(options, rng)
    params['Wemb'] += rng.normal(size=params['Wemb'].shape)
    params['U'] += rng.normal(size=params['U'].shape)
    if ngrams:
        params.update(lstm.begin_wide(data, options, None))
    batch = imdb.prepare_data(*data)
    together = ten_updates(options, params, batch)
    monkeypatch.setattr(engine.jax.StaticFunction, 'mode', None)
    alone = ten_updates(options, params, batch)
    assert count_devices(alone[2]) == {1}
    assert count_devices(together[2]) == {engine.jax.StaticFunction.n_devices}
    for a, b in zip([*alone[:2], *alone[2]], [*together[:2], *together[2]]):
        numpy.testing.assert_allclose(b, a, rtol=1e-12, atol=1e-12 * numpy.abs(a).max())


@several_devices
def test_two_devices_are_named():
    assert engine.describe().endswith(' on 2 x cpu')  # so that no other number resumes the run


@several_devices
def test_two_devices_exchange_nothing_but_sums():
    rng = numpy.random.RandomState(0)
    W, V, U = (theano.shared(rng.normal(size=(7, 7))) for _ in range(3))
    x = tensor.matrix('x', dtype='int64')
    z = tensor.dot(W[x.flatten()].reshape((x.shape[0], x.shape[1], 7)), V)
    h = engine.scan(lambda z, h: tensor.tanh(z + tensor.dot(h, U)), [z],
                    [tensor.zeros((x.shape[1], 7))], name='loop')
    f = function([x], tensor.grad((h ** 2).sum(), [W, V, U]))
    f(numpy.zeros((3, 4), int))
    compiled, = f.compiled.values()
    values = [numpy.zeros((3, 4), int)] + [held.value for held in compiled.input_storage[1:]]
    text = compiled.vm.jit_fn.lower(*values).compile().as_text()
    assert 'all-reduce(' in text
    assert not re.search('(all-gather|all-to-all|collective-permute)', text)


@through_jax
def test_products_of_merged_rows_are_those_of_the_rows(monkeypatch):
    from sentiment.engine import devices
    monkeypatch.setattr(devices.jax, 'numpy', numpy)  # JAX would compile each of thousands
    sizes = list(itertools.product((1, 2, 3), repeat=3))

    def merges(array):
        return [array.reshape(n, -1) for n in range(1, array.size + 1) if array.size % n == 0]

    for shape in sizes:
        A = numpy.arange(numpy.prod(shape)).reshape(shape)
        for a in merges(A):
            plain = numpy.arange(2 * a.shape[1]).reshape(-1, 2) % 5
            numpy.testing.assert_array_equal(devices.dot(a, plain, A, plain), a @ plain)
            for B in (numpy.arange(numpy.prod(size)).reshape(size) for size in sizes):
                if B.size % a.shape[1] == 0:
                    b = B.reshape(a.shape[1], -1)
                    numpy.testing.assert_array_equal(devices.dot(a, b, A, B), a @ b)


# --- Shapes -----------------------------------------------------------------------------------


@pytest.fixture(scope='module', autouse=True)
def no_lstm():
    """An encoder 'words' whose states are the embedded words: nothing that is slow to compile."""
    lstm.layers['words'] = (lambda options, params, prefix, rng: params,
                            lambda tparams, state_below, options, prefix, mask: state_below)
    yield
    del lstm.layers['words']


@pytest.mark.parametrize('encoder, fast', [
    pytest.param('lstm', True, marks=on_cpu), pytest.param('lstm', False, marks=on_cpu),
    ('words', False)])
def test_a_sample_without_a_word_changes_nothing(encoder, fast):
    options = {'dim_proj': 6, 'n_words': 40, 'ydim': 3, 'encoder': encoder, 'fast': fast,
               'use_dropout': False, 'pooling': 'mean_max'}
    params = lstm.init_params(options, numpy.random.RandomState(0))
    params['Wemb'] += numpy.random.RandomState(1).normal(size=params['Wemb'].shape)
    params['U'] += numpy.random.RandomState(2).normal(size=params['U'].shape)
    x, mask, y = imdb.prepare_data(*toy_reviews(3, 0, classes=3))
    more = [numpy.pad(value, [(0, 30 - len(x))] * (value.ndim - 1) + [(0, 5)], 'constant')
            for value in (x, mask, y)]
    tparams = lstm.init_tparams(params)
    _, *inputs, f_pred_prob, _, cost = lstm.build_model(tparams, options)
    f = function(inputs, [cost] + tensor.grad(cost, list(tparams.values())))

    probs, cost, grads = rounded.model({name: Rounded(value, 'float64')
                                        for name, value in params.items()}, *more,
                                       pooling='mean_max')
    probs[:3].assert_close(f_pred_prob(x, mask), f_pred_prob(*more[:2])[:3])
    for batch in ((x, mask, y), more):
        computed = f(*batch)
        cost.assert_close(computed[0])
        for name, value in zip(params, computed[1:]):
            grads[name].assert_close(value)


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
    rng = numpy.random.RandomState(0)
    lengths = numpy.exp(rng.normal(5.2, 0.7, 2400)).astype(int).clip(1, 2500)
    lengths[:8] = 1, 20, 45, 90, 10, 99, 1300, 2500
    write_pickles(path.replace('.pkl', '.dict.pkl'), {toy_word(2): 2})
    return write_pickles(path, *(([[2] * n for n in part], [k % 2 for k in range(len(part))])
                                 for part in (lengths[::-1], lengths)))


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


class Cost:
    """A cost that notes when it is read."""

    ndim = 0

    def __init__(self, value, number, read):
        self.value, self.number, self.read = value, number, read

    def __float__(self):
        self.read.append(self.number)
        return float(self.value)


class Noting(Watched):
    """An optimizer that notes which costs are known after each update, and what is in NumPy."""

    def __init__(self, after=()):
        super().__init__('adagrad', {n: self.note for n in range(1, 20)},
                         lambda number, cost: Cost(cost, number, self.read))
        self.after.update(after)
        self.read, self.known, self.on_host = [], [], []

    def __call__(self, lr, tparams, *others):
        functions = super().__call__(lr, tparams, *others)
        self.tparams, self.shared = tparams, functions[1].get_shared()
        return functions

    def note(self):
        self.known.append(len(self.read))
        self.on_host += [v for v in self.shared
                         if isinstance(v.get_value(borrow=True), numpy.ndarray)]


def train_words(path, saveto, **keywords):
    """As :func:`tests.helpers.train`, in few seconds, with n-grams and all that is drawn."""
    settings = dict(encoder='words', lrate=0.1, noise_std=0.1, max_epochs=4, dispFreq=2,
                    validFreq=100, saveFreq=100, ngrams=2, crop=6)
    return train(path, saveto, **dict(settings, **keywords))


@pytest.fixture(scope='module')
def unbroken(tmp_path_factory):
    """A run through JAX: (its data, its model, its optimizer), in a folder of their own."""
    folder = tmp_path_factory.mktemp('unbroken')
    data, saveto, optimizer = write_toy_pickle(folder / 'imdb.pkl'), folder / 'm.npz', Noting()
    train_words(data, saveto, optimizer=optimizer)
    return data, saveto, optimizer


@through_jax
def test_costs_are_not_waited_for(unbroken):
    # 16 updates; every second one, once it is counted, the costs so far are shown
    assert unbroken[2].known == [n - n % 2 for n in range(16)]


@through_jax
def test_values_stay_on_the_device(unbroken):
    assert unbroken[2].on_host == []
    for value in lstm.unzip(unbroken[2].tparams).values():
        assert isinstance(value, numpy.ndarray)


@through_jax
def test_a_resumed_run_is_the_unbroken_one(unbroken, tmp_path):
    data, saveto, _ = unbroken
    with pytest.raises(KeyboardInterrupt):
        train_words(data, tmp_path / 'broken.npz', optimizer=Noting({6: interrupt}))
    train_words(data, tmp_path / 'broken.npz', optimizer=Noting(), resume=True)
    assert_same_model(saveto, tmp_path / 'broken.npz')


@through_jax
def test_ngrams_add_up_to_the_scores(unbroken):
    model = load_model(str(unbroken[1]))
    texts, contributions = explain(model, POSITIVE, by='ngrams')  # the n-grams' share, by NumPy
    assert len(texts) > 3 and model.params['ngrams_W'].any()
    odds = numpy.exp(contributions.sum(axis=0) + model.bias)
    numpy.testing.assert_allclose(odds / odds.sum(), predict(model, [POSITIVE])[0], atol=1e-5)


def leap(lr, tparams, grads, x, mask, y, cost):
    """An optimizer whose first step leads to where no number is."""
    return function([x, mask, y], cost), function(
        [lr], [], updates=[(p, p * numpy.inf) for p in tparams.values()], on_unused_input='ignore')


@through_jax
def test_a_cost_that_is_not_finite_stops_the_run(unbroken, tmp_path):
    data, saveto, _ = unbroken
    with pytest.raises(BadInput, match='cost became nan at update 2;'):
        train_words(data, tmp_path / 'none.npz', optimizer=leap, dispFreq=100, validFreq=3)
    assert not (tmp_path / 'none.npz').exists()  # found before it could be the best
    shutil.copy(str(saveto), str(tmp_path / 'some.npz'))
    with pytest.raises(BadInput, match='cost became nan at update 2;'):
        train_words(data, tmp_path / 'some.npz', optimizer=leap)
    assert (tmp_path / 'some.npz').read_bytes() == saveto.read_bytes()


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
def test_what_is_given_stands_in_the_place_of_a_shared_variable():
    x, (a, b, total) = tensor.vector('x'), (theano.shared(numpy.asarray(v)) for v in (1., 2., 0.))
    f = function([x], [a * x + b, a + x.sum()], updates=[(total, total + a * x.sum())],
                 givens={a: tensor.constant(numpy.asarray(10.))})
    for n in (1, 2):
        answers = [numpy.asarray(value).tolist() for value in f(numpy.array([1., 2.]))]
        assert answers == [[12., 22.], 13.] and float(total.get_value()) == 30 * n
    assert float(a.get_value()) == 1 and a not in f.get_shared()


@through_jax
def test_there_are_no_compiled_twins():
    assert lstm.twins and all(lstm.twin(f, {'fast': True}) is f for f in lstm.twins)
    assert theano.config.mode == 'JAX'


@through_jax
def test_float32_means_float32():
    assert engine.jax.jax.config.jax_default_matmul_precision == 'highest'
