"""Measure what the tutorial's figures and tables show, with the code that it explains.

``THEANO_FLAGS=floatX=float32 python docs/measure.py`` writes docs/measured.json, in some ten
minutes on one core; with the names of parts, it measures these only. figures.py draws the file and
build.py fills the text's tables from it. Another processor rounds otherwise: last digits differ.
"""
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
MEASURED = os.path.join(HERE, 'measured.json')
sys.path.insert(0, os.path.dirname(HERE))

import numpy  # noqa: E402

import imdb  # noqa: E402
import lstm  # noqa: E402
from sentiment import explain, load_model  # noqa: E402
from sentiment.data.place import data_folder  # noqa: E402
from sentiment.data.words import encode  # noqa: E402
from sentiment.engine import function, scan, sigmoid, tensor  # noqa: E402

SENTENCE = ('for something as splendid looking as this particular film , the viewer expects '
            'something special but instead gets ( sci fi ) rehash .')  # of the test set, negative
RUNS = {'sgd': {'optimizer': 'sgd'}, 'sgd_0.1': {'optimizer': 'sgd', 'lrate': 0.1},
        'sgd_1': {'optimizer': 'sgd', 'lrate': 1}, 'sgd_10': {'optimizer': 'sgd', 'lrate': 10},
        'adadelta': {'optimizer': 'adadelta'}, 'rmsprop': {'optimizer': 'rmsprop'}}
SHARED = {'dataset': 'snippets', 'max_epochs': 15, 'validFreq': 250, 'patience': 1000,
          'test_size': 500}  # options of all runs
PARTS = ('runs', 'gates', 'gradients', 'scales')
LAGS = 60     # of the gradient, in time steps
N_UNITS = 64  # of the networks that are not trained
N_SHOWN = 8   # units whose gates are drawn
LONG = 30     # words of a sentence that the trained network's gradient goes back over


def rounded(values, digits=4):
    """Return numbers, or arrays of them, as lists with so many significant digits."""
    if numpy.ndim(values):
        return [rounded(value, digits) for value in values]
    return float('%.*g' % (digits, values))


# --- Gradient against lag ---------------------------------------------------------------------


def rnn_layer(tparams, state_below, options, prefix='rnn', mask=None):
    """Read sequences (T, B, D) with a plain recurrent layer: the hidden states, (T, B, D)."""
    U = tparams[prefix + '_U']

    def step(z_x, h_before):
        return tensor.tanh(z_x + tensor.dot(h_before, U))

    z_x = tensor.dot(state_below, tparams[prefix + '_W']) + tparams[prefix + '_b']
    start = tensor.zeros_like(z_x[0])
    return scan(step, [z_x], [start], name='rnn_layers')


def gradient_function(layer, tparams, options):
    """Compile (x (T, B, D), v (D,)) -> gradient of the last state's component along v by x."""
    kind = lstm.config.floatX
    x, v = tensor.tensor3('x', dtype=kind), tensor.vector('v', dtype=kind)
    last = layer(tparams, x, options)[-1]
    return function([x, v], tensor.grad(tensor.dot(last, v).sum(), x))


def gradient_by_lag(gradient, x, rng):
    """Return the gradient's norm by the number of steps that it went back, (T,), as 1 at none."""
    v = rng.randn(x.shape[2])
    norms = numpy.sqrt((gradient(x, lstm.numpy_floatX(v)) ** 2).sum(axis=2)).mean(axis=1)
    return norms[::-1] / norms[-1]


def plain_params(rng, gain):
    """Draw a plain network: U is ``gain`` times an orthogonal matrix."""
    return {'rnn_W': lstm.ortho_weight(N_UNITS, rng), 'rnn_b': lstm.numpy_floatX([0.] * N_UNITS),
            'rnn_U': lstm.numpy_floatX(gain * lstm.ortho_weight(N_UNITS, rng))}


def lstm_params(rng, forget_bias):
    """Draw an LSTM as training does, with this bias of the forget gate."""
    params = lstm.param_init_lstm({'dim_proj': N_UNITS}, {}, rng=rng)
    params['lstm_b'][N_UNITS:2 * N_UNITS] = forget_bias
    return params


def measure_gradients(models, reviews):
    """Return name -> norms: of plain networks, of LSTMs, of the trained models by their names."""
    rng = numpy.random.RandomState(1)
    x = lstm.numpy_floatX(0.1 * rng.randn(LAGS + 1, 16, N_UNITS))
    curves = {}
    for layer, draw, values in ((rnn_layer, plain_params, (0.8, 1., 2.)),
                                (lstm.lstm_layer, lstm_params, (0., 1., 2.))):
        tparams = lstm.init_tparams(draw(rng, values[0]))
        gradient = gradient_function(layer, tparams, {'dim_proj': N_UNITS})
        for value in values:
            lstm.zipp(draw(rng, value), tparams)
            curves['%s_%g' % (layer.__name__, value)] = gradient_by_lag(gradient, x, rng)
    words = numpy.array([review[:LONG] for review in reviews if len(review) >= LONG]).T
    for name, model in models.items():
        gradient = gradient_function(lstm.lstm_layer, lstm.init_tparams(model.params),
                                     model.options)
        curves[name] = gradient_by_lag(gradient, model.params['Wemb'][words], rng)
    return {name: rounded(norms) for name, norms in curves.items()}


# --- Gates, gradient scales, optimizers -------------------------------------------------------


def measure_gates(model, text):
    """Return the words of a text, what the state after each adds to the log-odds, and the gates.

    The gates are recomputed from the states that ``lstm.lstm_layer`` gives, by equations (8) and
    (9), (units, words): the median over the units, and below it the units that move most.
    """
    words, contributions = explain(model, text, by='states')
    emb = model.params['Wemb'][encode(words, model.dictionary)]
    W, U, b = (model.params['lstm_' + name] for name in 'WUb')
    x, z = tensor.tensor3('x', dtype=emb.dtype), tensor.matrix('z', dtype=emb.dtype)
    layer = lstm.twin(lstm.lstm_layer, model.options)
    h = layer(lstm.init_tparams(model.params), x, model.options)
    h = function([x], h)(emb[:, None])[:, 0]
    h_before = numpy.concatenate([0 * h[:1], h[:-1]])
    gates = function([z], sigmoid(z))(emb.dot(W) + h_before.dot(U) + b).T
    dim = model.options['dim_proj']
    return {'words': words, 'odds': rounded(contributions[:, 1] - contributions[:, 0]),
            'gates': {name: shown(gates[n * dim:(n + 1) * dim]) for n, name in enumerate('ifo')}}


def shown(gate):
    """Return the median of a gate (D, T) over its units, and the units that move most."""
    most = numpy.argsort(-numpy.ptp(gate, axis=1), kind='stable')[:N_SHOWN]
    return rounded(numpy.concatenate([[numpy.median(gate, axis=0)], gate[most]]), 3)


def measure_gradient_scales(sets):
    """Return the root mean square of the first batch's gradient by each parameter it reaches."""
    options = {'dim_proj': 128, 'n_words': 10000, 'ydim': 2, 'encoder': 'lstm', 'seed': 123,
               'use_dropout': True, 'noise_std': 0.}
    tparams = lstm.init_tparams(lstm.init_params(options, numpy.random.RandomState(123)))
    _, x, mask, y, _, _, cost = lstm.build_model(tparams, options)
    grads = function([x, mask, y], tensor.grad(cost, list(tparams.values())))
    rows = numpy.random.RandomState(123).permutation(len(sets[0][0]))[:16]
    batch = imdb.prepare_data([sets[0][0][i] for i in rows], [sets[0][1][i] for i in rows])
    values = dict(zip(tparams, grads(*batch)))
    return {name: rounded(numpy.sqrt((g[g != 0] ** 2).mean()), 2) for name, g in values.items()}


def model_path(name):
    """Return where the model of a run is kept, for the other parts to measure."""
    return os.path.join(data_folder(), 'tutorial_%s.npz' % name)


def measure_run(name, keywords):
    """Train; return the options, the errors over updates and costs, means between validations."""
    lstm.train_lstm(saveto=model_path(name), **SHARED, **keywords)
    saved, every = numpy.load(model_path(name), allow_pickle=False), SHARED['validFreq']
    costs = saved['costs'][:len(saved['costs']) // every * every].reshape(-1, every).mean(axis=1)
    return {'options': ' '.join('--%s %s' % pair for pair in keywords.items()),
            'history': rounded(saved['history'], 6), 'costs': rounded(costs),
            'errors': rounded([saved[e] for e in ('train_err', 'valid_err', 'test_err')])}


def measure(part):
    """Measure one part of what the file holds."""
    if part == 'runs':
        return {name: measure_run(name, keywords) for name, keywords in RUNS.items()}
    models = {name: load_model(model_path(name)) for name in ('adadelta', 'sgd_1')}
    sets = lstm.load_sets(models['sgd_1'].options, numpy.random.RandomState(123))
    return {'gates': lambda: measure_gates(models['sgd_1'], SENTENCE),
            'gradients': lambda: measure_gradients(models, sets[2][0]),
            'scales': lambda: measure_gradient_scales(sets)}[part]()


def main(parts):
    """Measure these parts, or all, the runs first, and write them down."""
    os.makedirs(data_folder(), exist_ok=True)
    measured = {}
    if os.path.exists(MEASURED):
        with open(MEASURED) as file:
            measured = json.load(file)
    for part in parts or PARTS:
        measured[part] = measure(part)
        with open(MEASURED, 'w') as file:
            json.dump(measured, file)
            file.write('\n')


if __name__ == '__main__':
    main(sys.argv[1:])
