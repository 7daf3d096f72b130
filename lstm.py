"""LSTM networks for sentiment analysis: the model and its training.

    embedding -> LSTM -> mean over the words -> logistic regression

Read it from the top: data, parameters, graph, optimizers, errors, training.
Sizes in the comments: T time steps, B samples in a batch, D = dim_proj, C classes.
"""
import numbers
import os
import signal
import sys
import threading
import time
from collections import OrderedDict
from contextlib import contextmanager

import numpy
from tqdm import tqdm

import imdb
import plots
import snippets
from engine import (ASYNCHRONOUS, RandomStreams, config, function, padded, scan, sigmoid, softmax,
                    tensor, theano)
from model_file import (check_place, checkpoint_path, checksum, course, load_checkpoint,
                        random_state, save_checkpoint, save_model)
from safe_io import BadInput, load_arrays

try:
    import lstm_fused
    import sparse_updates
except ImportError:  # numba is not for every machine and device; the scan is
    lstm_fused = None

# --- Data -------------------------------------------------------------------------------------

# name -> (load_data, prepare_data); a third data set is one more entry
datasets = {'imdb': (imdb.load_data, imdb.prepare_data),
            'snippets': (snippets.load_data, imdb.prepare_data)}
# name -> load_dictionary, where a data set has one: it lets the model read raw text
dictionaries = {'imdb': imdb.load_dictionary, 'snippets': snippets.load_dictionary}


def get_dataset(name):
    """Return the pair (load_data, prepare_data) registered under ``name``."""
    return datasets[name]


def get_minibatches_idx(n, minibatch_size, shuffle=False, rng=numpy.random):
    """Split ``range(n)`` into batches: a list of (batch number, int array of sample indices)."""
    indices = numpy.arange(n)
    if shuffle:
        rng.shuffle(indices)
    return list(enumerate(indices[start:start + minibatch_size]
                          for start in range(0, n, minibatch_size)))


POOL = 50  # batches in a pool of get_bucketed_minibatches_idx


def get_bucketed_minibatches_idx(lengths, minibatch_size, rng=numpy.random):
    """Split samples into batches of similar length, as :func:`get_minibatches_idx` does at random.

    The samples are shuffled and cut into pools; each pool is sorted by length and cut into batches;
    the batches are shuffled.
    """
    lengths = numpy.asarray(lengths)
    batches = []
    for _, pool in get_minibatches_idx(len(lengths), POOL * minibatch_size, shuffle=True, rng=rng):
        by_length = pool[numpy.argsort(lengths[pool], kind='stable')]
        batches += [by_length[start:start + minibatch_size]
                    for start in range(0, len(pool), minibatch_size)]
    return [(number, batches[k]) for number, k in enumerate(rng.permutation(len(batches)))]


def crop(review, size, rng):
    """Return a random stretch of ``size`` words of a longer review."""
    start = rng.randint(max(1, len(review) - size + 1))
    return review[start:start + size]


def random_subset(data, size, seed):
    """Keep ``size`` random samples of ``data``, in the order in which they stood; -1 keeps all.

    They depend on nothing but ``seed``, so that a model is measured on them again.
    """
    x, y = data
    if size == -1:
        return data
    kept = numpy.sort(numpy.random.RandomState(seed).permutation(len(x))[:size])
    return [x[i] for i in kept], [y[i] for i in kept]


# --- Parameters -------------------------------------------------------------------------------


def numpy_floatX(data):
    """Return ``data`` as an array of the engine's ``floatX``."""
    return numpy.asarray(data, dtype=config.floatX)


def _p(prefix, name):
    """Name of a layer's parameter, such as ``lstm_W``."""
    return '%s_%s' % (prefix, name)


def zipp(params, tparams):
    """Copy arrays into the shared variables of the same names."""
    for name, value in params.items():
        tparams[name].set_value(value)


def unzip(zipped):
    """Copy the shared variables' values out, off the device: a dict name -> array."""
    return OrderedDict((name, numpy.array(shared.get_value(borrow=True)))
                       for name, shared in zipped.items())


def init_params(options, rng=numpy.random):
    """Draw the starting parameters: a dict name -> array of floatX.

    ``Wemb`` (n_words, D), the encoder's own, the classifier's ``U`` (D, C), or
    (2 D, C) if it reads the maxima too, and ``b`` (C,).
    """
    params = OrderedDict()
    scale = options.get('init_scale', 0.01)
    params['Wemb'] = numpy_floatX(scale * rng.rand(options['n_words'], options['dim_proj']))
    params = get_layer(options['encoder'])[0](options, params, rng=rng)
    width = pooled_width(options['dim_proj'], options)
    params['U'] = numpy_floatX(0.01 * rng.randn(width, options['ydim']))
    params['b'] = numpy_floatX(numpy.zeros(options['ydim']))
    return params


def load_params(path, params):
    """Replace the arrays of ``params`` by those saved in the ``.npz`` at ``path``.

    Raises BadInput if the file cannot be read, lacks a parameter, or holds another shape or NaN.
    """
    return take_params(path, load_arrays(path), params)


def take_params(path, saved, params):
    """Replace the arrays of ``params`` by those of ``saved``, read from ``path``, checked."""
    for name, value in params.items():
        if name not in saved:
            raise BadInput('%s: not a saved model: it has no array %s' % (path, name))
        if saved[name].shape != value.shape:
            raise BadInput('%s: %s has shape %s where this model needs %s; give the sizes it was '
                           'trained with' % (path, name, saved[name].shape, value.shape))
        if saved[name].dtype.kind != 'f' or not numpy.isfinite(saved[name]).all():
            raise BadInput('%s: %s holds something that is not a number' % (path, name))
        params[name] = numpy_floatX(saved[name])
    return params


def init_tparams(params):
    """Make a shared variable of every array: a dict name -> shared variable."""
    return OrderedDict((name, theano.shared(value, name=name)) for name, value in params.items())


def ortho_weight(ndim, rng=numpy.random):
    """Draw an orthogonal (ndim, ndim) matrix: the left singular vectors of a Gaussian one."""
    return numpy_floatX(numpy.linalg.svd(rng.randn(ndim, ndim))[0])


def param_init_lstm(options, params, prefix='lstm', rng=numpy.random):
    """Add the LSTM's parameters: W (D, 4 D) for the input, U (D, 4 D) for the state, b (4 D,).

    Side by side, in this order: input gate, forget gate, output gate, candidate.
    """
    dim = options['dim_proj']
    for name in ('W', 'U'):
        blocks = [ortho_weight(dim, rng) for _ in range(4)]
        params[_p(prefix, name)] = numpy.concatenate(blocks, axis=1)
    params[_p(prefix, 'b')] = numpy_floatX(numpy.zeros(4 * dim))
    return params


# --- Graph ------------------------------------------------------------------------------------


def lstm_layer(tparams, state_below, options, prefix='lstm', mask=None):
    """Read sequences with an LSTM (Hochreiter & Schmidhuber, 1997; forget gate of Gers, 2000).

    state_below: (T, B, D) inputs; mask: (T, B), 1 where there is a word and 0 after the last.
    Returns the hidden states, (T, B, D). Where the mask is 0, state and memory carry over.
    """
    dim = options['dim_proj']
    if mask is None:
        mask = tensor.alloc(numpy_floatX(1.), state_below.shape[0], state_below.shape[1])
    U = tparams[_p(prefix, 'U')]

    def gate(z, n):
        return z[:, n * dim:(n + 1) * dim]

    def step(m, z_x, h_before, c_before):
        z = z_x + tensor.dot(h_before, U)  # (B, 4 D): the four gates in one product
        i = sigmoid(gate(z, 0))
        f = sigmoid(gate(z, 1))
        o = sigmoid(gate(z, 2))
        c = f * c_before + i * tensor.tanh(gate(z, 3))
        h = o * tensor.tanh(c)

        m = m[:, None]
        c = m * c + (1. - m) * c_before
        h = m * h + (1. - m) * h_before
        return h, c

    # the inputs' share of z does not depend on the state: one product for all time steps
    z_x = tensor.dot(state_below, tparams[_p(prefix, 'W')]) + tparams[_p(prefix, 'b')]
    start = tensor.alloc(numpy_floatX(0.), state_below.shape[1], U.shape[0])
    h, _ = scan(step, [mask, z_x], [start, start], name=_p(prefix, 'layers'))
    return h


# name -> (parameter initializer, layer)
layers = {'lstm': (param_init_lstm, lstm_layer)}


def get_layer(name):
    """Return the pair (parameter initializer, layer) registered under ``name``."""
    return layers[resolve_encoder(name)]


def resolve_encoder(name):
    """Return what ``'auto'`` stands for: the fused layer where numba can run, else the scan."""
    return ('lstm_fused' if 'lstm_fused' in layers else 'lstm') if name == 'auto' else name


def mean_pool(h, mask):
    """Average the states (T, B, D) over the words of each sample: (B, D), 0 where there is none."""
    return (h * mask[:, :, None]).sum(axis=0) / tensor.maximum(mask.sum(axis=0), 1e-6)[:, None]


def floor_padding(h, mask):
    """Let the states (T, B, D) be -1, below any of a word, where there is no word."""
    return tensor.switch(mask[:, :, None] > 0, h, -1.)


def max_pool(h, mask):
    """Take the largest of each unit's states (T, B, D) over the words of each sample: (B, D)."""
    return floor_padding(h, mask).max(axis=0)


POOLINGS = ('mean', 'mean_max')  # what the classifier may read
# encoder -> how its states are averaged
poolings = {'lstm': mean_pool}


def pool(h, mask, options):
    """Reduce the states to one row for each sample, as ``options['pooling']`` says."""
    if options.get('pooling') == 'mean_max':  # one layer for both: the states are there anyway
        return tensor.concatenate([mean_pool(h, mask), max_pool(h, mask)], axis=1)
    return poolings[resolve_encoder(options['encoder'])](h, mask)


def pooled_width(dim_proj, options):
    """Return how wide a row of :func:`pool` is."""
    return dim_proj * (2 if options.get('pooling') == 'mean_max' else 1)


def dropout_layer(state_before, use_noise, trng):
    """Zero half of the units at random in training; halve all of them otherwise."""
    kept = trng.binomial(size=state_before.shape, p=0.5, dtype=config.floatX)
    return tensor.switch(use_noise, state_before * kept, state_before * numpy_floatX(0.5))


def embed(tparams, x, options):
    """Look the words x (T, B) up: (T, B, D)."""
    return tparams['Wemb'][x.flatten()].reshape((x.shape[0], x.shape[1], options['dim_proj']))


def build_model(tparams, options):
    """Build the graph: embedding, LSTM, mean pooling, logistic regression.

    Returns (use_noise, x, mask, y, f_pred_prob, f_pred, cost): the shared switch that turns noise
    on for training; the symbolic inputs x (T, B) int64, mask (T, B) floatX, y (B,) int64; compiled
    functions of (x, mask) that give the probabilities (B, C) and the classes (B,); and the mean
    negative log-likelihood of the samples that have a word.
    """
    trng = RandomStreams(options.get('seed', 123))
    use_noise = theano.shared(numpy_floatX(0.))

    x = tensor.matrix('x', dtype='int64')
    mask = tensor.matrix('mask', dtype=config.floatX)
    y = tensor.vector('y', dtype='int64')

    emb = embed(tparams, x, options)
    if options.get('noise_std', 0.) > 0:
        emb += use_noise * trng.normal(size=emb.shape, std=options['noise_std'])
    h = get_layer(options['encoder'])[1](tparams, emb, options, mask=mask)  # (T, B, D)
    h = pool(h, mask, options)  # (B, D)
    if options['use_dropout']:
        h = dropout_layer(h, use_noise, trng)
    pred = softmax(tensor.dot(h, tparams['U']) + tparams['b'])  # (B, C)

    off = 1e-8  # keeps log() finite
    real = tensor.cast(mask.max(axis=0) > 0, config.floatX)  # not what only fills up a batch
    losses = -tensor.log(pred[tensor.arange(y.shape[0]), y] + numpy_floatX(off))
    cost = (losses * real).sum() / real.sum()

    # a prediction draws nothing from the training's random numbers
    f_pred_prob = padded(function([x, mask], pred, name='f_pred_prob', no_default_updates=True),
                         options.get('valid_batch_size', 1))

    def f_pred(x, mask):
        return f_pred_prob(x, mask).argmax(axis=1)

    return use_noise, x, mask, y, f_pred_prob, f_pred, cost


# --- Optimizers -------------------------------------------------------------------------------
# Each returns f_grad_shared(x, mask, y) -> cost, which also keeps the gradients, and f_update(lr),
# which takes the step. Only sgd and adagrad read lr.


def shared_zeros(tparams, suffix):
    """Return one shared array of zeros for each parameter."""
    return [theano.shared(p.get_value() * 0., name=_p(name, suffix)) for name, p in tparams.items()]


def moving_average(averages, values):
    """Return the updates of running averages that keep 0.95 of the past."""
    decay, rest = numpy_floatX(0.95), numpy_floatX(0.05)
    return [(average, decay * average + rest * value)
            for average, value in zip(averages, values)]


def sgd(lr, tparams, grads, x, mask, y, cost):
    """Stochastic gradient descent: p -= lr * gradient."""
    params = list(tparams.values())
    kept = shared_zeros(tparams, 'grad')
    f_grad_shared = function([x, mask, y], cost, updates=list(zip(kept, grads)),
                             name='sgd_f_grad_shared')
    f_update = function([lr], [], updates=[(p, p - lr * g) for p, g in zip(params, kept)],
                        name='sgd_f_update')
    return f_grad_shared, f_update


def adadelta(lr, tparams, grads, x, mask, y, cost):
    """AdaDelta with rho 0.95 and epsilon 1e-6 (Zeiler, 2012, arXiv:1212.5701)."""
    params = list(tparams.values())
    kept = shared_zeros(tparams, 'grad')
    mean_grad2 = shared_zeros(tparams, 'rgrad2')
    mean_step2 = shared_zeros(tparams, 'rup2')
    f_grad_shared = function(
        [x, mask, y], cost, name='adadelta_f_grad_shared',
        updates=list(zip(kept, grads)) + moving_average(mean_grad2, [g ** 2 for g in grads]))

    epsilon = numpy_floatX(1e-6)
    steps = [-tensor.sqrt(s2 + epsilon) / tensor.sqrt(g2 + epsilon) * g
             for g, g2, s2 in zip(kept, mean_grad2, mean_step2)]
    f_update = function(
        [lr], [], name='adadelta_f_update', on_unused_input='ignore',
        updates=(moving_average(mean_step2, [step ** 2 for step in steps])
                 + [(p, p + step) for p, step in zip(params, steps)]))
    return f_grad_shared, f_update


def rmsprop(lr, tparams, grads, x, mask, y, cost):
    """Centred RMSProp with momentum (Tieleman & Hinton, 2012; the form of Graves, 2013)."""
    params = list(tparams.values())
    kept = shared_zeros(tparams, 'grad')
    mean_grad = shared_zeros(tparams, 'rgrad')
    mean_grad2 = shared_zeros(tparams, 'rgrad2')
    momentum = shared_zeros(tparams, 'updir')
    f_grad_shared = function(
        [x, mask, y], cost, name='rmsprop_f_grad_shared',
        updates=(list(zip(kept, grads)) + moving_average(mean_grad, grads)
                 + moving_average(mean_grad2, [g ** 2 for g in grads])))

    keep, rate, damping = numpy_floatX(0.9), numpy_floatX(1e-4), numpy_floatX(1e-4)
    steps = [keep * u - rate * g / tensor.sqrt(g2 - g1 ** 2 + damping)
             for g, g1, g2, u in zip(kept, mean_grad, mean_grad2, momentum)]
    f_update = function(
        [lr], [], name='rmsprop_f_update', on_unused_input='ignore',
        updates=list(zip(momentum, steps)) + [(p, p + step) for p, step in zip(params, steps)])
    return f_grad_shared, f_update


def adagrad(lr, tparams, grads, x, mask, y, cost):
    """AdaGrad (Duchi et al., 2011): p -= lr * gradient / root of its summed squares so far."""
    params = list(tparams.values())
    kept = shared_zeros(tparams, 'grad')
    total_grad2 = shared_zeros(tparams, 'sgrad2')
    f_grad_shared = function(
        [x, mask, y], cost, name='adagrad_f_grad_shared',
        updates=(list(zip(kept, grads))
                 + [(total, total + g ** 2) for total, g in zip(total_grad2, grads)]))

    epsilon = numpy_floatX(1e-12)
    f_update = function(
        [lr], [], name='adagrad_f_update',
        updates=[(p, p - lr * g / tensor.sqrt(total + epsilon))
                 for p, g, total in zip(params, kept, total_grad2)])
    return f_grad_shared, f_update


optimizers = {'sgd': sgd, 'adadelta': adadelta, 'rmsprop': rmsprop, 'adagrad': adagrad}


# --- The fast path ----------------------------------------------------------------------------

# The same layer as one compiled operation, and the same updates of no more rows than a batch used.
if lstm_fused:
    layers['lstm_fused'] = (param_init_lstm, lstm_fused.lstm_fused_layer)
    poolings['lstm_fused'] = lstm_fused.mean_of_fused
    fast_optimizers = dict(optimizers, sgd=sparse_updates.sgd, adadelta=sparse_updates.adadelta,
                           adagrad=sparse_updates.adagrad)


# --- Errors -----------------------------------------------------------------------------------


def predict_batches(f, prepare_data, data, iterator, verbose):
    """Yield (sample indices, f's answer) for each batch of ``iterator``."""
    for _, indices in tqdm(iterator, unit='batch', leave=False, disable=None if verbose else True):
        x, mask, _ = prepare_data([data[0][i] for i in indices], [data[1][i] for i in indices])
        yield indices, f(x, mask)


def pred_probs(f_pred_prob, prepare_data, data, iterator, verbose=False):
    """Return the probabilities (samples, C) of the samples in ``data``, in their own order."""
    batches = list(predict_batches(f_pred_prob, prepare_data, data, iterator, verbose))
    probs = numpy.zeros((len(data[0]), batches[0][1].shape[1]), dtype=config.floatX)
    for indices, p in batches:
        probs[indices] = p
    return probs


def pred_error(f_pred, prepare_data, data, iterator, verbose=False):
    """Return the fraction, 0 to 1, of the samples in ``iterator`` that are classified wrongly."""
    targets = numpy.asarray(data[1])
    wrong = seen = 0
    for indices, predicted in predict_batches(f_pred, prepare_data, data, iterator, verbose):
        wrong += int((predicted != targets[indices]).sum())
        seen += len(indices)
    return wrong / seen


# --- Training ---------------------------------------------------------------------------------


# option -> its least value and a largest one, beyond what any machine or training can take
BOUNDS = dict.fromkeys(('max_epochs', 'dispFreq', 'patience', 'crop'), (1, numpy.inf))
BOUNDS.update(dict.fromkeys(('dim_proj', 'batch_size', 'valid_batch_size'), (1, 2 ** 20)))
BOUNDS.update(dict.fromkeys(('decay_c', 'lrate', 'noise_std', 'init_scale'), (0., 1e6)))
BOUNDS.update(n_words=(2, 2 ** 31), maxlen=(2, numpy.inf), seed=(0, 2 ** 32 - 1))
BOUNDS.update(dict.fromkeys(('validFreq', 'saveFreq', 'test_size'), (-1, numpy.inf)))
POSITIVE_OR_ALL = ('validFreq', 'saveFreq', 'test_size')  # -1 is for once an epoch, or all
MAY_BE_NONE = ('crop', 'maxlen')
PATHS = ('path', 'saveto', 'reload_model', 'plot')


def check_options(options):
    """Return ``options`` with the optimizer by name; raise BadInput at a value that cannot work."""
    optimizer = options['optimizer']
    options['optimizer'] = getattr(optimizer, '__name__', optimizer)
    options['encoder'] = resolve_encoder(options['encoder'])
    for name in PATHS:
        options[name] = options[name] and os.fspath(options[name])
    if options['path'] and os.path.exists(options['path']):  # else a name that is looked for
        options['path'] = os.path.abspath(options['path'])
    for name, known in (('dataset', datasets), ('encoder', layers), ('optimizer', optimizers),
                        ('pooling', POOLINGS)):
        if options[name] not in known:
            raise BadInput('%s: %r is not one of %s' % (name, options[name], ', '.join(known)))
    for name in BOUNDS:
        check_number(name, options[name])
    check_files(options)
    return options


def check_number(name, value):
    """Raise BadInput unless ``value`` is a number that the option can have."""
    if value is None and name in MAY_BE_NONE:
        return
    low, high = BOUNDS[name]
    if not isinstance(value, numbers.Real if isinstance(low, float) else numbers.Integral):
        raise BadInput('%s: %r is not a%s number' % (name, value, ' whole' * isinstance(low, int)))
    if not low <= value <= high:
        raise BadInput('%s: %s is not from %s to %s' % (name, value, low, high))
    if name in POSITIVE_OR_ALL and value == 0:
        raise BadInput('%s: 0 is neither positive nor -1' % name)


def check_files(options):
    """Raise BadInput, before the long work, if the files that the options name cannot be written.
    """
    saveto, picture = options['saveto'], options['plot']
    if saveto:
        check_place(saveto)
        check_place(checkpoint_path(saveto))
    if options['resume'] and not saveto:
        raise BadInput('resume: without saveto there is no checkpoint')
    if options['resume'] and not os.path.exists(checkpoint_path(saveto)):
        raise BadInput('resume: %s: no such checkpoint' % checkpoint_path(saveto))
    if picture:
        plots.check(picture)
        if saveto and os.path.realpath(picture) == os.path.realpath(saveto):
            raise BadInput('plot: %s is what the model is to be saved in' % picture)


def load_sets(options, rng):
    """Return the training, validation and test sets that the options ask for."""
    load_data = get_dataset(options['dataset'])[0]
    where = {'path': options['path']} if options['path'] else {}
    train, valid, test = load_data(n_words=options['n_words'], valid_portion=0.05, rng=rng, **where)
    train = imdb.keep_short(train, options['maxlen'])  # all lengths validate, as all are tested
    return train, valid, random_subset(test, options['test_size'], options['seed'])


def count_classes(sets):
    """Return the number of classes; raise BadInput if one of them has no training review."""
    lacking = set(range(1 + int(max(max(y) for _, y in sets)))).difference(sets[0][1])
    if lacking:
        raise BadInput('no training review of class %d is left: give more reviews, or another '
                       'maxlen' % min(lacking))
    return len(set(sets[0][1]))


def compile_training(tparams, options):
    """Build the model and compile it: a dict of the functions that training calls."""
    use_noise, x, mask, y, _, f_pred, cost = build_model(tparams, options)
    if options['decay_c'] > 0:
        cost += numpy_floatX(options['decay_c']) * (tparams['U'] ** 2).sum()
    grads = tensor.grad(cost, wrt=list(tparams.values()))
    lr = tensor.scalar('lr', dtype=config.floatX)
    known = fast_optimizers if options['encoder'] == 'lstm_fused' else optimizers
    f_grad_shared, f_update = known[options['optimizer']](lr, tparams, grads, x, mask, y, cost)
    return {'use_noise': use_noise, 'f_pred': f_pred,
            'f_grad_shared': padded(f_grad_shared, options.get('batch_size', 1)),
            'f_update': f_update}


def start_run(options, sets, tparams, functions, rng):
    """Return the state of a training run that has not made its first update.

    ``done`` counts the updates of the present epoch, ``checked`` is the last update whose errors
    were measured, ``epoch_rng`` the random state before the epoch's batches were drawn, ``pending``
    the costs that :func:`fetch_costs` has not seen.
    """
    return {'options': options, 'sets': sets, 'tparams': tparams, 'functions': functions,
            'rng': rng, 'epoch_rng': None, 'epoch': 0, 'done': 0, 'update': 0, 'checked': 0,
            'words': 0, 'since': time.time(), 'history': [], 'costs': [], 'pending': [],
            'bad_counter': 0, 'best': None, 'stop': None, 'vocabulary': load_vocabulary(options),
            'data_sha256': checksum(sets)}


def load_vocabulary(options):
    """Return the words of index 2 to n_words - 1, an array of text; None if nobody knows them."""
    load = dictionaries.get(options['dataset'])
    dictionary = load(options['path']) if load else None
    if dictionary is None:
        say('no dictionary beside the data: the model will need --dictionary to read raw text')
        return None
    return imdb.words_in_order(dictionary, options['n_words'])


@contextmanager
def signals_noted(run):
    """Note Ctrl-C and SIGTERM in ``run['stop']``; raised inside compiled code they get lost."""
    def note(signum, frame):
        run['stop'] = KeyboardInterrupt() if signum == signal.SIGINT else SystemExit(128 + signum)
        signal.signal(signum, before[signum])  # a second one acts at once

    if threading.current_thread() is not threading.main_thread():  # where none can be caught
        yield
        return
    before = {signum: signal.signal(signum, note) for signum in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for signum, handler in before.items():
            signal.signal(signum, handler)


def until_stopped(run, batches):
    """Yield the batches; raise what a signal asked for."""
    for batch in batches:
        if run['stop']:
            fetch_costs(run)
            raise run['stop']
        yield batch


def say(line):
    """Print a line that stands in a log as it does above a progress bar."""
    tqdm.write(line, file=sys.stdout)
    sys.stdout.flush()


def prepare_batch(run, indices):
    """Return the padded training reviews at ``indices``, cropped if the options ask for it."""
    options, (reviews, labels) = run['options'], run['sets'][0]
    reviews, labels = [reviews[i] for i in indices], [labels[i] for i in indices]
    if options['crop']:
        rng = numpy.random.RandomState([options['seed'], run['update']])  # of this update alone
        reviews = [crop(review, options['crop'], rng) for review in reviews]
    return get_dataset(options['dataset'])[1](reviews, labels)


def make_update(run, indices):
    """Learn from one batch; its cost, the mean over the samples, joins the pending ones."""
    functions = run['functions']
    x, mask, y = prepare_batch(run, indices)
    functions['use_noise'].set_value(numpy_floatX(1.))
    run['pending'].append(functions['f_grad_shared'](x, mask, y))
    run['update'] += 1
    run['done'] += 1
    if not ASYNCHRONOUS:
        fetch_costs(run)
    functions['f_update'](run['options']['lrate'])
    run['words'] += int(mask.sum())


def fetch_costs(run):
    """Add the pending costs to the known ones; raise BadInput at one that is not a number."""
    pending, run['pending'] = run['pending'], []
    for cost in map(float, pending):
        run['costs'].append(cost)
        if not numpy.isfinite(cost):
            raise BadInput('the cost became %s at update %d; try another optimizer, a smaller '
                           'lrate or floatX=float64' % (cost, len(run['costs'])))


def show_progress(run, bar):
    """Show cost and speed: beside the bar on a terminal, as a line in a log."""
    fetch_costs(run)
    cost, now = run['costs'][-1], time.time()
    speed = run['words'] / (now - run['since'])
    run['words'], run['since'] = 0, now
    if bar.disable:
        say('epoch %d  update %d  cost %.4f  %.0f words/s'
            % (run['epoch'], run['update'], cost, speed))
    else:
        bar.set_postfix_str('cost %.4f, %.0f words/s' % (cost, speed))


def measure_error(run, data):
    """Return the error of the present parameters on ``data``."""
    options, functions = run['options'], run['functions']
    functions['use_noise'].set_value(numpy_floatX(0.))
    batches = get_minibatches_idx(len(data[0]), options['valid_batch_size'])
    return pred_error(functions['f_pred'], get_dataset(options['dataset'])[1], data,
                      until_stopped(run, batches))


def measure_best(run):
    """Measure the errors that ``test_once`` has left, of the best parameters."""
    present, best = unzip(run['tparams']), run['best']
    zipp(best['params'], run['tparams'])
    try:
        best['errors'] = [measure_error(run, run['sets'][0]), best['errors'][1],
                          measure_error(run, run['sets'][2])]
    finally:
        zipp(present, run['tparams'])  # a checkpoint is of where training is
    row = max(k for k, row in enumerate(run['history']) if row[2] == best['errors'][1])
    run['history'][row][1:] = best['errors']


def validate(run):
    """Measure the errors, keep the parameters if they are the best, count bad rounds."""
    fetch_costs(run)  # before anything is called the best
    errors = [measure_error(run, data) if data is run['sets'][1] or not run['options']['test_once']
              else numpy.nan for data in run['sets']]
    run['history'].append([run['update']] + errors)
    run['checked'] = run['update']
    valid_errs = [valid_err for _, _, valid_err, _ in run['history']]
    valid_err, long_ago = valid_errs[-1], valid_errs[:-run['options']['patience']]
    if valid_err <= min(valid_errs):
        run['best'] = {'params': unzip(run['tparams']), 'errors': errors, 'epoch': run['epoch']}
        run['bad_counter'] = 0
    if long_ago and valid_err >= min(long_ago):
        run['bad_counter'] += 1
    say('epoch %d  update %d%s%s' % (
        run['epoch'], run['update'],
        ''.join('  %s error %.4f' % pair for pair in zip(('train', 'valid', 'test'), errors)
                if pair[1] == pair[1]),
        '  best so far' if run['best']['errors'] is errors else ''))
    run['words'], run['since'] = 0, time.time()


def draw_batches(run):
    """Return the batches of an epoch: each training sample once, in random order."""
    options, (reviews, _) = run['options'], run['sets'][0]
    if options['bucket']:
        return get_bucketed_minibatches_idx([len(review) for review in reviews],
                                            options['batch_size'], run['rng'])
    return get_minibatches_idx(len(reviews), options['batch_size'], shuffle=True, rng=run['rng'])


def is_due(run, name, n_batches):
    """Whether the present update is one after which to do what option ``name`` asks for."""
    every = run['options'][name]
    return run['update'] % (every if every > 0 else n_batches) == 0


def check_and_save(run, n_batches):
    """Measure the errors and save the model where it is time to."""
    if is_due(run, 'validFreq', n_batches) and run['checked'] < run['update']:
        validate(run)
    if is_due(run, 'saveFreq', n_batches):
        save_progress(run)


def run_epoch(run):
    """Go through the training set once, in shuffled batches, or through what is left of it."""
    run['epoch_rng'] = random_state(run['rng'])
    batches = draw_batches(run)
    with tqdm(batches[run['done']:], desc='epoch %d' % run['epoch'], unit='update', leave=False,
              initial=run['done'], total=len(batches), file=sys.stdout,
              disable=not sys.stdout.isatty()) as bar:
        if run['done']:  # resumed: what was due when it was stopped
            check_and_save(run, len(batches))
        for _, indices in until_stopped(run, bar):
            make_update(run, indices)
            if is_due(run, 'dispFreq', len(batches)):
                show_progress(run, bar)
            check_and_save(run, len(batches))
            if is_exhausted(run):
                break


def is_exhausted(run):
    """Whether the validation error has not become better for longer than ``patience``."""
    return run['bad_counter'] > run['options']['patience']


def save_run(run):
    """Save the best parameters so far, or the present ones before the first validation."""
    best = run['best'] or {'params': unzip(run['tparams']), 'errors': [numpy.nan] * 3}
    if run['options']['saveto']:
        save_model(run['options']['saveto'], run, best['params'], best['errors'])


def save_progress(run):
    """Save the model, and a checkpoint from which the run can go on."""
    fetch_costs(run)
    save_run(run)
    if run['options']['saveto']:
        save_checkpoint(run)


def keep_what_was_learnt(run, error):
    """Save an interrupted run, unless it has nothing better than a model that is there already."""
    saveto = run['options']['saveto']
    if not saveto:
        return
    unproven = run['update'] and not os.path.exists(saveto) and all(
        numpy.isfinite(value).all() for value in unzip(run['tparams']).values())
    if run['best'] or unproven:
        save_run(run)
        say('stopped at update %d; the best model so far is in %s' % (run['update'], saveto))
    proven = run['best'] or run['options']['resume'] or not os.path.exists(checkpoint_path(saveto))
    if proven and run['update'] and error is run['stop']:  # not in the middle of an update
        save_checkpoint(run)
        say('--resume goes on from here')


def run_epochs(run):
    """Train until ``max_epochs`` or early stop; measure the errors at least once."""
    run['epoch'] = max(1, run['epoch'])
    while not is_exhausted(run):
        run_epoch(run)
        if is_exhausted(run):
            say('no better validation error for a while: stopping early')
        elif run['epoch'] < run['options']['max_epochs']:
            run['epoch'], run['done'] = run['epoch'] + 1, 0
        else:
            break
    if run['best'] is None:  # a run shorter than validFreq
        validate(run)


def fit(run):
    """Train, and save the best model however it ends."""
    try:
        with signals_noted(run):
            run_epochs(run)
            if run['options']['test_once']:
                measure_best(run)
    except BaseException as error:  # Ctrl-C and SIGTERM too
        keep_what_was_learnt(run, error)
        raise
    save_progress(run)
    zipp(run['best']['params'], run['tparams'])


def train_lstm(
        dim_proj=128,
        patience=10,
        max_epochs=5000,
        dispFreq=10,
        decay_c=0.,
        lrate=0.0001,
        n_words=10000,
        optimizer=adadelta,
        encoder='auto',
        saveto='lstm_model.npz',
        validFreq=370,
        saveFreq=1110,
        maxlen=100,
        batch_size=16,
        valid_batch_size=64,
        dataset='imdb',
        noise_std=0.,
        use_dropout=True,
        reload_model=None,
        test_size=-1,
        path=None,
        seed=123,
        bucket=False,
        resume=False,
        plot=None,
        init_scale=0.01,
        crop=None,
        pooling='mean',
        test_once=False):
    """Train a sentiment LSTM; return its (train, valid, test) errors, fractions of 0 to 1.

    They are those of the parameters with the lowest validation error, which are saved to
    ``saveto``. ``python lstm.py --help`` tells what each keyword means. Ctrl-C saves the best so
    far and is raised again. Raises BadInput, in one line, at options or data that cannot be used.
    """
    options = check_options(dict(locals()))
    started = time.time()
    rng = numpy.random.RandomState(seed)
    sets = load_sets(options, rng)
    options['ydim'] = count_classes(sets)
    say('data set %s: %d training, %d validation, %d test reviews; %s'
        % ((dataset,) + tuple(len(x) for x, _ in sets) + (config.floatX,)))

    params = init_params(options, rng)
    if reload_model:
        params = load_params(options['reload_model'], params)
    tparams = init_tparams(params)
    say('compiling the model (encoder %s)' % options['encoder'])
    run = start_run(options, sets, tparams, compile_training(tparams, options), rng)
    if resume:
        load_checkpoint(run)
        say('resuming at epoch %d, update %d' % (run['epoch'], run['update']))
    fit(run)
    best = run['best']
    say('train error %.4f, valid error %.4f, test error %.4f; best epoch %d; %d s; model %s'
        % (*best['errors'], best['epoch'], time.time() - started,
           'in %s' % saveto if saveto else 'not saved'))
    if plot:
        plots.draw(options['plot'], course(run), 'Training on %s' % dataset)
    return tuple(best['errors'])


# name -> keyword arguments of train_lstm that differ from the tutorial's; python lstm.py --recipe
FULL = dict(maxlen=None, test_size=-1, test_once=True, validFreq=-1, saveFreq=-1, n_words=5000,
            batch_size=32, optimizer='adagrad', lrate=0.03, init_scale=0.03, crop=50,
            max_epochs=10)
recipes = {
    'tutorial': {},
    'full': FULL,  # all of IMDB, the tutorial's architecture
    'max': dict(FULL, pooling='mean_max'),  # and the largest of each unit's states
}


if __name__ == '__main__':
    from command_line import main
    sys.exit(main())
