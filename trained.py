"""Use what was trained: load a model, measure it on data, ask it about words of your own."""
import inspect
import json
import sys
from collections import namedtuple

import numpy

import imdb
import imdb_preprocess
import lstm
from engine import function, padded, tensor
from safe_io import BadInput, load_arrays

Model = namedtuple('Model', 'options params dictionary f_pred_prob f_scores saved')
Model.__doc__ = """A trained model, ready to answer.

options: of its training, a dict; params: name -> array; dictionary: word -> index, or None;
f_pred_prob(x, mask) -> probabilities (B, C); f_scores(x, mask) -> what each word adds to each
class's score (T, B, C); saved: all arrays of its file.
"""
DEFAULTS = {name: keyword.default
            for name, keyword in inspect.signature(lstm.train_lstm).parameters.items()}
READ = {'dataset': str, 'path': str, 'seed': int, 'test_size': int, 'valid_batch_size': int,
        'pooling': str}  # what measuring needs, and the types
FEW = 200  # texts that are tokenized sooner than other processes start


def load_model(path, dictionary=None):
    """Return the :class:`Model` saved at ``path``, one of the tutorial's own files included.

    dictionary: path of the imdb.dict.pkl (or .gz) that it was trained with; only models that do
    not carry their vocabulary need it, and only to read text. Raises BadInput.
    """
    saved = load_arrays(path)
    options = read_options(path, saved)
    params = read_params(path, saved, options)
    n_words, options['dim_proj'] = params['Wemb'].shape
    options.update(n_words=n_words, ydim=len(params['b']), encoder=lstm.resolve_encoder('auto'))
    tparams = lstm.init_tparams(params)
    return Model(options, params, read_words(path, saved, dictionary, n_words),
                 lstm.build_model(tparams, options)[4], compile_scores(tparams, options), saved)


def average(models):
    """Return one :class:`Model` whose scores are the means of those of the models given.

    Its probabilities are their geometric means, normalized, so that what each word adds stays
    exact. Raises BadInput unless all know the same words and classes.
    """
    first = models[0]
    known = [(model.options['n_words'], model.options['ydim'], model.dictionary)
             for model in models]
    if known.count(known[0]) < len(known):
        raise BadInput('models of different words or classes cannot be averaged')

    def f_pred_prob(x, mask):
        scores = numpy.mean([numpy.log(numpy.maximum(model.f_pred_prob(x, mask), 1e-30))
                             for model in models], axis=0)
        odds = numpy.exp(scores - scores.max(axis=1, keepdims=True))
        return odds / odds.sum(axis=1, keepdims=True)

    def f_scores(x, mask):
        return numpy.mean([model.f_scores(x, mask) for model in models], axis=0)

    params = {'b': numpy.mean([model.params['b'] for model in models], axis=0)}
    return first._replace(params=params, f_pred_prob=f_pred_prob, f_scores=f_scores)


def read_options(path, saved):
    """Return the options of a saved model; where it has none, the tutorial's."""
    try:
        options = json.loads(str(saved.get('options', '{}')))
        known = dict(DEFAULTS, noise_std=0., use_dropout=bool(options.get('use_dropout', True)),
                     **{name: options[name] for name, kind in READ.items()
                        if isinstance(options.get(name), kind)})
        for name in READ.keys() & lstm.BOUNDS.keys():
            lstm.check_number(name, known[name])
        return known
    except (ValueError, AttributeError, RecursionError, BadInput) as error:
        raise BadInput('%s: its options cannot be read (%s)' % (path, error)) from error


def read_params(path, saved, options):
    """Return the parameters of a saved model, whose shapes agree."""
    try:
        (n_words, D), (_, C) = saved['Wemb'].shape, saved['U'].shape
    except (KeyError, ValueError):
        raise BadInput('%s: not a saved model: it has no matrices Wemb and U' % path) from None
    shapes = {'Wemb': (n_words, D), 'lstm_W': (D, 4 * D), 'lstm_U': (D, 4 * D),
              'lstm_b': (4 * D,), 'U': (lstm.pooled_width(D, options), C), 'b': (C,)}
    if min(n_words - imdb.UNKNOWN, D, C - 1) < 1:
        raise BadInput('%s: not a saved model: Wemb and U are too small' % path)
    return lstm.take_params(path, saved, {name: numpy.broadcast_to(0., shape)
                                          for name, shape in shapes.items()})


def read_words(path, saved, dictionary, n_words):
    """Return word -> index of a model: from its own vocabulary, else the dictionary given."""
    if dictionary:
        words = imdb.words_in_order(imdb.read_dictionary(dictionary), n_words)
    elif 'vocabulary' in saved:
        words = saved['vocabulary']
        if words.ndim != 1 or words.dtype.kind != 'U' or len(words) > n_words - 2:
            raise BadInput('%s: its vocabulary is not a list of at most %d words'
                           % (path, n_words - 2))
    else:
        return None
    return {word: k for k, word in enumerate(words.tolist(), imdb_preprocess.FIRST_WORD) if word}


def compile_scores(tparams, options):
    """Return a lazily compiled function (x, mask) -> what each word adds to the scores (T, B, C).

    Pooling makes that exact: a score is b + sum over t of (h_t U) / length, and each unit's maximum
    is the state after one word. Dropout halves h in prediction.
    """
    compiled = []

    def f_scores(x, mask):
        if not compiled:
            compiled.append(build_scores(tparams, options))
        return compiled[0](x, mask)
    return f_scores


def build_scores(tparams, options):
    """Compile the function of :func:`compile_scores`."""
    x = tensor.matrix('x', dtype='int64')
    mask = tensor.matrix('mask', dtype=lstm.config.floatX)
    layer = lstm.get_layer(options['encoder'])[1]
    h = layer(tparams, lstm.embed(tparams, x, options), options, mask=mask)
    shares = [h * (mask / mask.sum(axis=0))[:, :, None]]
    if options['pooling'] == 'mean_max':  # all of a unit's maximum is due to the word that gave it
        shares.append(h * tensor.eq(tensor.arange(h.shape[0])[:, None, None],
                                    lstm.floor_padding(h, mask).argmax(axis=0)))
    kept = lstm.numpy_floatX(0.5 if options['use_dropout'] else 1.)
    scores = tensor.dot(tensor.concatenate(shares, axis=2) * kept, tparams['U'])
    return padded(function([x, mask], scores, name='f_scores'), 1)


# --- Measuring --------------------------------------------------------------------------------


def pred_sorted(model, reviews, verbose=False):
    """Return the probabilities (n, C) of reviews, given as lists of word indices."""
    lengths = [len(review) for review in reviews]
    order = numpy.argsort(lengths, kind='stable')
    size = model.options['valid_batch_size']
    batches = [(k, order[k:k + size]) for k in range(0, len(order), size)]
    data = reviews, numpy.zeros(len(reviews), 'int64')
    return lstm.pred_probs(model.f_pred_prob, imdb.prepare_data, data, batches, verbose)


def evaluate(model, data, verbose=False):
    """Measure a model on ``data``: (list of lists of word indices, labels).

    Returns a dict: n_samples; error and accuracy, fractions of 0 to 1; log_loss, nats; auc, the
    area under the ROC curve, a mean over the classes; confusion, rows of the true class, columns of
    the predicted one. Raises BadInput at a label that the model does not know.
    """
    reviews, labels = data[0], numpy.asarray(data[1])
    n_classes = model.options['ydim']
    if labels.max() >= n_classes:
        raise BadInput('the data has the label %d; the model knows 0 to %d'
                       % (labels.max(), n_classes - 1))
    probs = pred_sorted(model, reviews, verbose).astype('float64')
    predicted = probs.argmax(axis=1)
    confusion = numpy.zeros((n_classes, n_classes), int)
    numpy.add.at(confusion, (labels, predicted), 1)
    likelihood = probs[numpy.arange(len(labels)), labels]
    return {'n_samples': len(labels), 'error': float((predicted != labels).mean()),
            'accuracy': float((predicted == labels).mean()),
            'log_loss': float(-numpy.log(likelihood.clip(1e-15)).mean()),
            'auc': area_under_roc(probs, labels), 'confusion': confusion.tolist()}


def area_under_roc(probs, labels):
    """Return the chance that a sample of a class outranks one of another, a mean over classes.

    By ranks (Mann & Whitney, 1947), ties counting half; None if there is but one class.
    """
    areas = []
    for k in range(probs.shape[1]):
        _, place, counts = numpy.unique(probs[:, k], return_inverse=True, return_counts=True)
        ranks = (counts.cumsum() - (counts - 1) / 2)[place]
        mine = labels == k
        n, others = mine.sum(), (~mine).sum()
        if n and others:
            areas.append((ranks[mine].sum() - n * (n + 1) / 2) / (n * others))
    return float(numpy.mean(areas)) if areas else None


def load_test_set(model, dataset=None, path=None, test_size=None):
    """Return the test set ``(reviews, labels)`` to measure ``model`` on, in its own word indices.

    By default the very reviews that its training was tested on. Raw reviews, a folder or an
    archive, are read with the model's own words; so is a pickle that has a dictionary beside it.
    """
    options = dict(model.options, maxlen=None)  # which is of training reviews only
    if dataset or path:
        options.update(dataset=dataset or 'imdb', path=path)
    if test_size is not None:
        options['test_size'] = test_size
    if options['dataset'] not in lstm.datasets:
        raise BadInput('dataset: %r is not one of %s'
                       % (options['dataset'], ', '.join(lstm.datasets)))
    if path and imdb.is_raw(path):
        check_words(model)
        texts, labels = imdb_preprocess.read_test_set(path)
        test = imdb.sort_by_length((index_texts(model, texts), numpy.array(labels)))
        return lstm.random_subset(test, options['test_size'], options['seed'])
    rng = numpy.random.RandomState(options['seed'])
    load = lstm.dictionaries.get(options['dataset'])
    dictionary = load(options['path']) if load and model.dictionary else None
    if dictionary is None:
        if model.dictionary:
            print('no dictionary beside the data: its indices are taken for those of the model',
                  file=sys.stderr)
        return lstm.load_sets(options, rng)[2]
    options['n_words'] = imdb.MAX_INDEX
    return translate(lstm.load_sets(options, rng)[2], dictionary, model.dictionary)


def translate(data, theirs, ours):
    """Turn the word indices of one dictionary into those of another."""
    index = numpy.full(max(theirs.values()) + 1, imdb.UNKNOWN)
    index[0] = 0
    for word, k in theirs.items():
        index[k] = ours.get(word, imdb.UNKNOWN)
    return [index.take(review, mode='clip') for review in data[0]], data[1]


# --- Asking -----------------------------------------------------------------------------------


def index_texts(model, texts):
    """Tokenize texts as for training; return a list of lists of the model's word indices."""
    return [imdb_preprocess.encode(words, model.dictionary) for words in tokenize(model, texts)]


def check_words(model):
    """Raise BadInput if a model cannot read text."""
    if model.dictionary is None:
        raise BadInput('this model does not carry its vocabulary; give --dictionary imdb.dict.pkl')


def tokenize(model, texts):
    """Return the words of each text; many texts on all cores."""
    check_words(model)
    return imdb_preprocess.tokenize_all(texts, jobs=1 if len(texts) < FEW else None)


def predict(model, texts, verbose=False):
    """Return the probabilities (n, C) of raw texts; a text without a word gets NaN.

    The label is the class of highest probability: ``predict(model, texts).argmax(axis=1)``; with
    two classes, 1 is the positive one.
    """
    reviews = index_texts(model, texts)
    probs = numpy.full((len(reviews), model.options['ydim']), numpy.nan)
    some = [k for k, review in enumerate(reviews) if review]
    if some:
        probs[some] = pred_sorted(model, [reviews[k] for k in some], verbose)
    return probs


def explain(model, text):
    """Return (words, contributions): what each word adds to the score of each class, (n, C).

    Their sum and ``b`` are the scores, whose softmax is the prediction. A word's contribution is
    that of the state after it, which has read what stands before it too.
    """
    words, = tokenize(model, [text])
    if not words:
        raise BadInput('a text without a word cannot be explained')
    x, mask, _ = imdb.prepare_data([imdb_preprocess.encode(words, model.dictionary)], [0])
    return words, model.f_scores(x, mask)[:, 0]
