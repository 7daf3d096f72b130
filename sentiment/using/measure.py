"""How good a model is, and on what: errors, log loss, AUC, confusion; its test set again."""
from array import array
from numbers import Integral

import numpy

import imdb
import imdb_preprocess
import lstm
from sentiment.data.safe_io import BadInput, shown
from sentiment.data.words import UNKNOWN
from sentiment.data.pickles import MAX_INDEX
from sentiment.log import logger
from sentiment.training.batches import random_subset
from sentiment.using.ask import as_list, check_words, index_texts, pred_sorted

TEXTS = ('evaluate takes word indices, not texts: evaluate(model, (index_texts(model, texts), '
         'labels)) measures these, predict(model, texts) answers them')


def evaluate(model, data, verbose=False):
    """Measure a model on ``data``: (list of lists of word indices, labels).

    Returns a dict: n_samples; error and accuracy, fractions of 0 to 1; log_loss, nats; auc, the
    area under the ROC curve, a mean over the classes; unknown_words, the share of words that the
    model does not know; confusion, rows of the true class, columns of the predicted one. Raises
    BadInput at data of another form, and at words and labels that the model cannot have.
    """
    reviews, labels = check_data(model, data)
    n_classes = model.options['ydim']
    probs = pred_sorted(model, reviews, verbose).astype('float64')
    predicted = probs.argmax(axis=1)
    confusion = numpy.zeros((n_classes, n_classes), int)
    numpy.add.at(confusion, (labels, predicted), 1)
    likelihood = probs[numpy.arange(len(labels)), labels]
    return {'n_samples': len(labels), 'error': float((predicted != labels).mean()),
            'accuracy': float((predicted == labels).mean()),
            'log_loss': float(-numpy.log(likelihood.clip(1e-15)).mean()),
            'auc': area_under_roc(probs, labels), 'unknown_words': unknown_share(reviews),
            'confusion': confusion.tolist()}


def unknown_share(reviews):
    """Return the share of the words of all reviews, arrays of indices, that are unknown ones."""
    unknown = sum(int(numpy.count_nonzero(review == UNKNOWN)) for review in reviews)
    return unknown / sum(map(len, reviews))


# --- What can be measured ---------------------------------------------------------------------


def check_data(model, data):
    """Return data as (list of int arrays, int array); raise BadInput that says what is wrong."""
    if any(isinstance(part, str) for part in (data if isinstance(data, (tuple, list)) else [data])):
        raise BadInput(TEXTS)
    if not isinstance(data, (tuple, list)) or len(data) != 2:
        raise BadInput('data: a %s was given (%s), not (reviews, labels)'
                       % (type(data).__name__, shown(data)))
    reviews = as_list('reviews', data[0], 'word indices for each review')
    labels = as_list('labels', data[1], 'whole numbers')
    if not len(reviews) or len(reviews) != len(labels):
        raise BadInput('data: %d reviews and %d labels' % (len(reviews), len(labels)))
    reviews = [check_review(k, review, model.options['n_words'])
               for k, review in enumerate(reviews)]
    return reviews, check_labels(labels, model.options['ydim'])


def check_review(k, review, n_words):
    """Return a review as an array of word indices, all of which the model has a row for."""
    if isinstance(review, str):
        raise BadInput(TEXTS)
    try:  # array looks at each element, and refuses one that is no integer or nested
        words = review if isinstance(review, (numpy.ndarray, bytes)) else numpy.array(
            array('q', review), 'int64')
    except (TypeError, OverflowError):
        words = None
    if not isinstance(words, numpy.ndarray) or words.ndim != 1 or (
            len(words) and words.dtype.kind not in 'iu'):
        raise BadInput('reviews[%d] is %s, not a list of word indices' % (k, shown(review)))
    if not len(words):
        raise BadInput('reviews[%d] has no words' % k)
    if words.min() < 0 or words.max() >= n_words:
        raise BadInput('reviews[%d] has the word %d; the model knows 0 to %d' % (
            k, words.min() if words.min() < 0 else words.max(), n_words - 1))
    return words


def check_labels(labels, n_classes):
    """Return a list of labels as an array; the model knows each."""
    for k, label in enumerate(labels):
        if isinstance(label, (bool, numpy.bool_)) or not isinstance(label, Integral):
            raise BadInput('labels[%d] is %s (%s), not a whole number from 0 to %d'
                           % (k, shown(label), type(label).__name__, n_classes - 1))
        if not 0 <= label < n_classes:
            raise BadInput('the data has the label %d; the model knows 0 to %d'
                           % (label, n_classes - 1))
    return numpy.array(labels, 'int64')


# --- Figures ----------------------------------------------------------------------------------


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


# --- Finding the test set again ---------------------------------------------------------------


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
        test = imdb.sort_by_length(read_raw(model, path))
        return random_subset(test, options['test_size'], options['seed'])
    rng = numpy.random.RandomState(options['seed'])
    load = lstm.dictionaries.get(options['dataset'])
    dictionary = load(options['path']) if load and model.dictionary else None
    if dictionary is None:
        if model.dictionary:
            logger.info('no dictionary beside the data: its indices are taken for those of the '
                        'model')
        return lstm.load_sets(options, rng)[2]
    options['n_words'] = MAX_INDEX
    return translate(lstm.load_sets(options, rng)[2], dictionary, model.dictionary)


def read_raw(model, path):
    """Return the test set of raw reviews, in the model's word indices."""
    texts, labels = imdb_preprocess.read_test_set(path)
    reviews = index_texts(model, texts, verbose=True)
    some = [k for k, review in enumerate(reviews) if review]
    if len(some) < len(reviews):
        logger.info('%s: left out: %d reviews without a word', path, len(reviews) - len(some))
    return [reviews[k] for k in some], numpy.array(labels)[some]


def translate(data, theirs, ours):
    """Turn the word indices of one dictionary into those of another."""
    index = numpy.full(max(theirs.values()) + 1, UNKNOWN)
    index[0] = 0
    for word, k in theirs.items():
        index[k] = ours.get(word, UNKNOWN)
    return [index.take(review, mode='clip') for review in data[0]], data[1]
