"""LSTM networks for sentiment analysis: the model and its training.

    embedding -> LSTM -> mean over the words -> logistic regression

Read it from the top: data, parameters, layer, pooling, model, optimizers, errors, training.
Sizes in the comments: T time steps, B samples in a batch, D = dim_proj, C classes.
"""
import sys

if __name__ == '__main__':
    from sentiment import start
    start.prepare()  # Ctrl-C may come while the rest is imported

import numpy
from tqdm import tqdm

import imdb
from sentiment import fast as compiled
from sentiment.data.vectors import start_from
from sentiment.engine import (BUILDING, RandomStreams, config, function, numpy_floatX, padded, scan,
                              sigmoid, softmax, tensor, theano)
from sentiment.log import logger
from sentiment.loss import log_loss, mean_loss
from sentiment.training.adagrad import adagrad, shared_zeros
from sentiment.training.batches import get_minibatches_idx, random_subset  # noqa: F401
from sentiment.training.model_file import load_params, reload_params, unzip, zipp  # noqa: F401
from sentiment.training.options import check_options, recipes  # noqa: F401
from sentiment.training.pooling import POOLINGS, max_pool
from sentiment.training.run import Run
from sentiment.wide import begin_wide, count_ngrams, join, stretch, trained, wide_scores

# --- Data -------------------------------------------------------------------------------------

# name -> (load_data, prepare_data); a third data set is one more entry
datasets = {'imdb': (imdb.load_data, imdb.prepare_data),
            'snippets': (imdb.load_snippets, imdb.prepare_data)}
# name -> load_dictionary, where a data set has one: it lets the model read raw text
dictionaries = {'imdb': imdb.load_dictionary, 'snippets': imdb.load_snippets_dictionary}


def get_dataset(name):
    """Return the pair (load_data, prepare_data) registered under ``name``."""
    return datasets[name]


def load_sets(options, rng):
    """Return the training, validation and test sets that the options ask for."""
    train, valid, test = get_dataset(options['dataset'])[0](
        n_words=options['n_words'], valid_portion=0.05, rng=rng, **imdb.loading(options))
    train = imdb.keep_short(train, options['maxlen'])  # all lengths validate, as all are tested
    return train, valid, random_subset(test, options['test_size'], options['seed'])


# --- Parameters -------------------------------------------------------------------------------


def _p(prefix, name):
    """Name of a layer's parameter, such as ``lstm_W``."""
    return '%s_%s' % (prefix, name)


def init_params(options, rng=numpy.random):
    """Draw the starting parameters: a dict name -> array of floatX.

    ``Wemb`` (n_words, D), the encoder's own, the classifier's ``U`` (D, C), or (2 D, C) if it reads
    the maxima too, and ``b`` (C,).
    """
    encoder, shape = options['encoder'], (options['n_words'], options['dim_proj'])
    params = {'Wemb': numpy_floatX(options.get('init_scale', 0.01) * rng.rand(*shape))}
    params = get_layer(encoder)[0](options, params, prefix=encoder, rng=rng)
    width = options['dim_proj'] * (2 if options.get('pooling') == 'mean_max' else 1)
    params['U'] = numpy_floatX(0.01 * rng.randn(width, options['ydim']))
    params['b'] = numpy_floatX(numpy.zeros(options['ydim']))
    return params


def init_tparams(params):
    """Make a shared variable of every array: a dict name -> shared variable."""
    return {name: theano.shared(value, name=name) for name, value in params.items()}


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


# --- Layer ------------------------------------------------------------------------------------


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


# name -> (parameter initializer, layer); a layer of yours is one more entry
layers = {'lstm': (param_init_lstm, lstm_layer)}


def get_layer(name):
    """Return the pair (parameter initializer, layer) registered under ``name``."""
    return layers[name]


# --- Pooling ----------------------------------------------------------------------------------


def mean_pool(h, mask):
    """Average the states (T, B, D) over the words of each sample: (B, D), 0 where there is none."""
    return (h * mask[:, :, None]).sum(axis=0) / tensor.maximum(mask.sum(axis=0), 1e-6)[:, None]


def pool(h, mask, options):
    """Reduce the states to one row for each sample: (B, D), or (B, 2 D) with the maxima."""
    if options.get('pooling') == 'mean_max':  # one layer for both: the states are there anyway
        return tensor.concatenate([mean_pool(h, mask), max_pool(h, mask)], axis=1)
    return twin(mean_pool, options)(h, mask)


# --- Model ------------------------------------------------------------------------------------


def dropout_layer(state_before, use_noise, trng):
    """Zero half of the units at random in training; halve all of them otherwise."""
    kept = trng.binomial(size=state_before.shape, p=0.5, dtype=config.floatX)
    return tensor.switch(use_noise, state_before * kept, state_before * numpy_floatX(0.5))


def build_states(tparams, x, mask, options, use_noise=None, trng=None):
    """Look the words x (T, B) up and read them with the encoder: its states, (T, B, D)."""
    x = stretch(x, mask) if options.get('ngrams') else x  # n-grams may be read beyond the mask
    emb = tparams['Wemb'][x.flatten()].reshape((x.shape[0], x.shape[1], tparams['Wemb'].shape[1]))
    if trng and options.get('noise_std', 0.) > 0:
        emb += use_noise * trng.normal(size=emb.shape, std=options['noise_std'])
    layer = twin(get_layer(options['encoder'])[1], options)
    return layer(tparams, emb, options, prefix=options['encoder'], mask=mask)


def classify(h, U, b):
    """Return the probabilities (B, C) of the classes by logistic regression on the states h."""
    return softmax(tensor.dot(h, U) + b)


def build_model(tparams, options):
    """Build the graph: embedding, LSTM, mean pooling, logistic regression.

    Returns (use_noise, x, mask, y, f_pred_prob, f_pred, cost): the shared switch that turns noise
    on in the cost; the symbolic inputs x (T, B) int64, mask (T, B) floatX, y (B,) int64; compiled
    functions of (x, mask) that give the probabilities (B, C) and the classes (B,); and the mean
    negative log-likelihood of the samples that have a word, by the weights of their classes, with
    n-grams that of both parts, see ``sentiment.wide.layer.join``; then x may be longer than mask.
    """
    trng = RandomStreams(options.get('seed', 123))
    use_noise = theano.shared(numpy_floatX(0.))
    x, y = tensor.matrix('x', dtype='int64'), tensor.vector('y', dtype='int64')
    mask = tensor.matrix('mask', dtype=config.floatX)

    h = pool(build_states(tparams, x, mask, options, use_noise, trng), mask, options)  # (B, D)
    if options['use_dropout']:
        h = dropout_layer(h, use_noise, trng)
    # with n-grams there are two classifiers, whose gradients the engine simplifies as one
    alone = {'fast': options.get('fast', True) and not options.get('ngrams')}
    pred = twin(classify, alone)(h, tparams['U'], tparams['b'])  # (B, C)
    losses = twin(log_loss, alone)(pred, y)
    if options.get('ngrams'):  # which answer beside the network, or teach it
        pred, losses = join(twin(wide_scores, options), tparams, x, mask, y, pred, losses, options)
    if options.get('class_weights'):
        losses *= tensor.constant(numpy_floatX(options['class_weights']))[y]
    cost = twin(mean_loss, alone)(losses, mask)

    # a prediction is without noise, whatever the switch says, and draws no random numbers
    off = {use_noise: tensor.constant(numpy_floatX(0.))}
    f_pred_prob = padded(function([x, mask], pred, givens=off, name='f_pred_prob',
                                  no_default_updates=True), options.get('valid_batch_size', 1))

    def f_pred(x, mask):
        return f_pred_prob(x, mask).argmax(axis=1)

    return use_noise, x, mask, y, f_pred_prob, f_pred, cost


# --- Optimizers -------------------------------------------------------------------------------
# Each returns f_grad_shared(x, mask, y) -> cost, which also keeps the gradients, and f_update(lr),
# which takes the step. Only sgd and adagrad read lr.


def moving_average(averages, values):
    """Return the updates of running averages that keep 0.95 of the past."""
    decay, rest = numpy_floatX(0.95), numpy_floatX(0.05)
    return [(average, decay * average + rest * value)
            for average, value in zip(averages, values)]


def sgd(lr, tparams, grads, x, mask, y, cost):
    """Stochastic gradient descent: p -= lr * gradient."""
    kept = shared_zeros(tparams, 'grad')
    f_grad_shared = function([x, mask, y], cost, updates=list(zip(kept, grads)),
                             name='sgd_f_grad_shared')
    f_update = function([lr], [], updates=[(p, p - lr * g) for p, g in zip(tparams.values(), kept)],
                        name='sgd_f_update')
    return f_grad_shared, f_update


def adadelta(lr, tparams, grads, x, mask, y, cost):
    """AdaDelta with rho 0.95 and epsilon 1e-6 (Zeiler, 2012, arXiv:1212.5701)."""
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
                 + [(p, p + step) for p, step in zip(tparams.values(), steps)]))
    return f_grad_shared, f_update


def rmsprop(lr, tparams, grads, x, mask, y, cost):
    """Centred RMSProp with momentum (Tieleman & Hinton, 2012; the form of Graves, 2013)."""
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
        updates=list(zip(momentum, steps)) + [(p, p + s) for p, s in zip(tparams.values(), steps)])
    return f_grad_shared, f_update


optimizers = {'sgd': sgd, 'adadelta': adadelta, 'rmsprop': rmsprop, 'adagrad': adagrad}

# what is written to be read and has a fast twin of its name: tests hold the two equal
twins = (lstm_layer, mean_pool, classify, log_loss, mean_loss, sgd, adadelta, adagrad, wide_scores,
         count_ngrams)


def twin(f, options):
    """Return the fast twin of a function, where it has one and the options do not forbid it."""
    is_fast = options.get('fast', True) and compiled.AVAILABLE and f in twins
    return getattr(compiled, f.__name__) if is_fast else f


# --- Errors -----------------------------------------------------------------------------------


def predict_batches(f, prepare_data, data, iterator, verbose):
    """Yield (sample indices, f's answer) for each batch of ``iterator``."""
    for _, indices in tqdm(iterator, unit='batch', leave=False, disable=None if verbose else True):
        x, mask, _ = prepare_data([data[0][i] for i in indices], [data[1][i] for i in indices])
        yield indices, f(x, mask)


def pred_probs(f_pred_prob, prepare_data, data, iterator, verbose=False):
    """Return the probabilities (samples, C) of the samples in ``data``, in their own order."""
    batches = list(predict_batches(f_pred_prob, prepare_data, data, iterator, verbose))
    probs = numpy.zeros((len(data[0]), batches[0][1].shape[1]), dtype=batches[0][1].dtype)
    for indices, p in batches:
        probs[indices] = p
    return probs


def pred_error(f_pred, prepare_data, data, iterator, verbose=False):
    """Return the fraction, 0 to 1, of the samples in ``iterator`` that are classified wrongly."""
    targets = numpy.asarray(data[1])
    wrong = [predicted != targets[indices] for indices, predicted in predict_batches(
        f_pred, prepare_data, data, iterator, verbose)]
    return float(numpy.concatenate(wrong).mean())


# --- Training ---------------------------------------------------------------------------------


def build_training(tparams, options, optimizer):
    """Compile what training calls: (use_noise, f_pred_prob, f_grad_shared, f_update)."""
    parts = get_layer(options['encoder'])[1], optimizer
    fast = [part.__name__ for part in parts if twin(part, options) is not part]
    logger.info('compiling the model: encoder %s, optimizer %s; fast: %s', options['encoder'],
                options['optimizer'], ', '.join(fast) or 'nothing')
    use_noise, x, mask, y, f_pred_prob, _, cost = build_model(tparams, options)
    if options['decay_c'] > 0:
        cost += numpy_floatX(options['decay_c']) * (tparams['U'] ** 2).sum()
    grads = tensor.grad(cost, wrt=list(trained(tparams).values()))
    lr = tensor.scalar('lr', dtype=config.floatX)
    f_grad_shared, f_update = twin(optimizer, options)(
        lr, trained(tparams), grads, x, mask, y, cost)
    return use_noise, f_pred_prob, padded(f_grad_shared, options['batch_size']), f_update


def train_lstm(
        dim_proj=128,  # width of the word embedding and of the LSTM, in units
        patience=10,  # stop early after more than this many validations that are no better than one
                      # at least as many before; of equal ones the latest is kept
        max_epochs=5000,  # the most passes through the training set
        dispFreq=10,  # show the cost after every so many updates
        decay_c=0.,  # weight decay of the classifier's U; 0 for none
        lrate=0.0001,  # learning rate; only sgd and adagrad read it
        n_words=10000,  # vocabulary: the most frequent words; the others count as unknown
        optimizer=adadelta,  # how gradients become steps: sgd, adadelta, rmsprop or adagrad
        encoder='lstm',  # the layer that reads the words, by its name in lstm.layers
        saveto='lstm_model.npz',  # file to save the best model in, or none
        validFreq=370,  # measure the errors after every so many updates; -1: once an epoch
        saveFreq=1110,  # save the model after every so many updates; -1: once an epoch
        maxlen=100,  # train on reviews shorter than this many words, or none: on all of them;
                     # errors are measured on reviews of any length
        batch_size=16,  # reviews in a training batch
        valid_batch_size=64,  # reviews in a batch when errors are measured
        dataset='imdb',  # the reviews: imdb or snippets; the command takes these without imdb
        noise_std=0.,  # standard deviation of Gaussian noise on the embeddings in training
        use_dropout=True,  # drop half of the pooled units at random in training: true or false
        reload_model=None,  # saved model (.npz) whose parameters to start from, or none
        test_size=-1,  # test on this many random reviews; -1: on all of them; 0: on none
        path=None,  # data to use: imdb.pkl, or a folder of imdb_preprocess.py's; or reviews: a
                    # table, an archive, a folder of classes; or none: IMDB
        seed=123,  # seed of everything that is drawn at random
        bucket=False,  # make batches of reviews of similar length: true or false
        resume=False,  # go on from the checkpoint beside saveto, as if the run had never stopped
        plot=None,  # draw costs, errors and lengths into this picture (.png, .svg, .pdf), or none
        init_scale=0.01,  # embeddings start as random numbers of 0 to this
        crop=None,  # train on a random stretch of this many words of each longer review, or none
        pooling='mean',  # what the classifier reads of the states: mean; mean_max, the largest too
        test_once=False,  # measure training and test error once, at the end, of the best parameters
        fast=True,  # use the fast twins of functions that have one: true or false
        test_path=None,  # reviews to test on, or none: those in path, else a tenth of each class
        text_column=None,  # of a table: the column of the reviews, or none: the one of a usual name
        label_column=None,  # of a table: the column of their classes
        encoding=None,  # of text that is not UTF-8, such as latin-1
        tokenizer=None,  # of raw text: moses:LANG, whitespace, characters or jieba; none: moses:en
        class_weight=None,  # balanced: each class counts as much as the others, or none
        embeddings=None,  # word vectors (GloVe, word2vec) to start from, of their dim_proj, or none
        stretches=None,  # validate on so many stretches of neighbouring reviews; none: at random
        keep='best',  # parameters to keep: best (least validation error), last, mean of all
        ngrams=None,  # the classifier also reads n-grams of up to this many words, or none
        ngrams_in=5,  # n-grams of so many training reviews or more are read
        ngrams_as='part',  # what n-grams are: part of the answer; teacher of the network, then gone
        subwords=False,  # of n-grams, words also start from what their pieces tell: true or false
        fold=None,  # 2/5: the second fifth of the training reviews validates; none: a twentieth
        buffer=2 ** 23,  # of data in encoded parts: words of reviews that are in memory, and mixed
        ):
    """Train a sentiment LSTM; return its (train, valid, test) errors, fractions of 0 to 1.

    They are those of the parameters with the lowest validation error (or the last, or the mean, as
    ``keep`` says), which are saved to ``saveto``. Ctrl-C saves the best so far and is raised again.
    Raises BadInput, in one line, at options or data that cannot be used.
    """
    options = check_options(dict(locals()), choices={
        'optimizer': optimizers, 'encoder': layers, 'dataset': datasets, 'pooling': POOLINGS})
    optimizer = optimizers.get(optimizer, optimizer)
    rng = numpy.random.RandomState(seed)
    prepare_data = get_dataset(dataset)[1]
    compiled.prepare(options)
    sets = load_sets(options, rng)
    options.update(imdb.describe(dictionaries.get(dataset), options, sets))
    logger.info('data set %s: %d training, %d validation, %d test reviews; %s', dataset,
                *(len(x) for x, _ in sets), config.floatX)

    vocabulary = imdb.load_vocabulary(dictionaries.get(dataset), n_words=n_words,
                                      **imdb.reading(options))
    with compiled.alone():
        params = init_params(options, rng)
    if ngrams:
        params.update(begin_wide(sets[0], options, vocabulary, twin(count_ngrams, options)))
    if embeddings:
        params['Wemb'] = start_from(options['embeddings'], params['Wemb'], vocabulary)
    if reload_model:
        params = reload_params(options['reload_model'], params, vocabulary, options['classes'])
    tparams = init_tparams(params)
    with BUILDING:  # in one thread at a time
        use_noise, f_pred_prob, f_grad_shared, f_update = build_training(tparams, options,
                                                                         optimizer)

    def measure(data):
        return pred_probs(f_pred_prob, prepare_data, data, run.by_length(data[0]))

    run = Run(options, sets, tparams, rng, vocabulary, prepare_data, f_grad_shared, f_update,
              measure)
    use_noise.set_value(numpy_floatX(1.))  # whatever a checkpoint of before says
    with run:  # which saves what was learnt, whatever happens
        for epoch in run.epochs():
            for indices in run.batches():
                x, mask, y = run.prepare(indices)
                run.count(f_grad_shared(x, mask, y), mask)
                f_update(lrate)
                if run.is_due(dispFreq):
                    run.show()
                if run.is_due(validFreq):
                    run.validate()
                if run.is_due(saveFreq):
                    run.save()
        run.finish()

    return tuple(run.best['errors'])


if __name__ == '__main__':
    sys.modules['lstm'] = sys.modules['__main__']  # one module, under both of its names
    sys.exit(start.main())
