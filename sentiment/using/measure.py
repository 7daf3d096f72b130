"""How good a model is, and on what: errors, log loss, AUC, confusion; its test set again."""
import os
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
from sentiment.reviews.classes import indices_of
from sentiment.reviews.given import as_reviews, is_path
from sentiment.reviews.read import read_sets
from sentiment.reviews.tables import How
from sentiment.training.batches import random_subset
from sentiment.training.calibration import brier_score, calibration_error, reliability
from sentiment.using.ask import as_list, check_words, index_texts, pred_sorted

TEXTS = ('evaluate takes word indices, not texts: evaluate(model, (index_texts(model, texts), '
         'labels)) measures these, predict(model, texts) answers them')


def evaluate(model, data, verbose=False):
    """Measure a model on ``data``: (list of lists of word indices, labels).

    Returns a dict: n_samples; error and accuracy, fractions of 0 to 1; log_loss, nats; brier and
    calibration_error, as :mod:`sentiment.training.calibration` defines them; auc, the area under
    the ROC curve, a mean over the classes; unknown_words, the share of words that the model does
    not know; confusion, rows of the true class, columns of the predicted one; classes, name ->
    precision, recall, f1, n_samples. Raises BadInput at data of another form, and at words
    and labels that the model cannot have.
    """
    reviews, labels = check_data(model, data)
    return figures(model, reviews, labels, pred_sorted(model, reviews, verbose))


def figures(model, reviews, labels, probs):
    """Return what :func:`evaluate` does, of checked data and the model's probabilities (n, C)."""
    return figures_of(model, labels, probs, unknown_share(reviews))


def figures_of(model, labels, probs, unknown):
    """Return the same, of labels (n,), probabilities (n, C) and the share of unknown words."""
    n_classes, probs = model.options['ydim'], probs.astype('float64')
    predicted = probs.argmax(axis=1)
    confusion = numpy.zeros((n_classes, n_classes), int)
    numpy.add.at(confusion, (labels, predicted), 1)
    likelihood = probs[numpy.arange(len(labels)), labels]
    return {'n_samples': len(labels), 'error': float((predicted != labels).mean()),
            'accuracy': float((predicted == labels).mean()),
            'log_loss': float(-numpy.log(likelihood.clip(1e-15)).mean()),
            'brier': brier_score(probs, labels),
            'calibration_error': calibration_error(reliability(probs, labels)),
            'auc': area_under_roc(probs, labels), 'unknown_words': unknown,
            'confusion': confusion.tolist(), 'classes': by_class(model.classes, confusion)}


def by_class(names, confusion):
    """Return name -> precision, recall and f1 of each class, None where there is nothing to divide,
    and its number of samples.
    """
    right, called, there = confusion.diagonal(), confusion.sum(axis=0), confusion.sum(axis=1)
    return {name: {'precision': ratio(right[k], called[k]), 'recall': ratio(right[k], there[k]),
                   'f1': ratio(2 * right[k], called[k] + there[k]), 'n_samples': int(there[k])}
            for k, name in enumerate(names)}


def ratio(part, whole):
    """Return part / whole as a float, None of nothing."""
    return float(part / whole) if whole else None


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


def load_test_set(model, dataset=None, path=None, test_size=None, **how):
    """Return the test set ``(reviews, labels)`` to measure ``model`` on, in its own word indices
    and classes.

    By default the very reviews that its training was tested on. Raw reviews, in any form, are read
    with the model's own words, as ``how`` (text_column, label_column, encoding) says; so is a
    pickle that has a dictionary beside it. Classes are matched by their names. Raises BadInput.
    """
    options = dict(model.options, maxlen=None)  # which is of training reviews only
    if dataset or path is not None:
        options.update(dict.fromkeys(imdb.READING, None), dataset=dataset or 'imdb', path=path)
    options.update((name, value) for name, value in how.items() if value is not None)
    if test_size is not None:
        options['test_size'] = test_size
    if options['dataset'] not in lstm.datasets:
        raise BadInput('dataset: %r is not one of %s'
                       % (options['dataset'], ', '.join(lstm.datasets)))
    if path is not None and imdb.is_raw(path):
        check_words(model)
        test = imdb.sort_by_length(read_raw(model, path, imdb.as_how(options)))
        return random_subset(test, options['test_size'], options['seed'])
    return load_ready(model, options)


def load_test_texts(model, dataset=None, path=None, test_size=None, **how):
    """Return (reviews, labels, texts): the same as :func:`load_test_set`, and the reviews as they
    were written, or None where only their indices are at hand.
    """
    source, ours = path, lstm.dictionaries.get(model.options['dataset']) in imdb.LOCATORS
    if dataset is None and path is None and ours:  # read once more, as the training did
        source = model.options['path']
        how = dict({name: model.options[name] for name in How._fields},
                   **{name: value for name, value in how.items() if value is not None})
    if source is None or not imdb.is_raw(source) or model.dictionary is None:
        return load_test_set(model, dataset, path, test_size, **how) + (None,)
    reviews, labels, texts = read_raw_texts(model, source, imdb.as_how(how))
    by_length = imdb.sort_by_length((reviews, numpy.arange(len(reviews))))
    size = model.options['test_size'] if test_size is None else test_size
    reviews, places = random_subset(by_length, size, model.options['seed'])
    return reviews, labels[places], [texts[k] for k in places]


def load_ready(model, options):
    """Return the test set of preprocessed data, or of what is preprocessed once."""
    load, rng = lstm.dictionaries.get(options['dataset']), numpy.random.RandomState(options['seed'])
    dictionary = load(**imdb.reading(options)) if load and model.dictionary else None
    if dictionary is None and model.dictionary:
        logger.info('no dictionary beside the data: its indices are taken for those of the model')
    if dictionary is not None:
        options['n_words'] = MAX_INDEX
    sets = lstm.load_sets(options, rng)
    classes, tokenizer = imdb.names_of(load, options, sets)
    if dictionary is not None and tokenizer != model.tokenizer:
        raise BadInput('%s: its words were made by the tokenizer %s, those of the model by %s; '
                       'give the raw reviews' % (options['path'], tokenizer,
                                                 model.tokenizer))
    test = sets[2] if dictionary is None else translate(sets[2], dictionary, model.dictionary)
    return test[0], match(model, test[1], classes, options['path'])


def match(model, labels, classes, source):
    """Return labels of ``classes`` as the model's labels of the same names; raises BadInput."""
    if classes == model.classes:
        return labels
    return numpy.array(indices_of([classes[k] for k in labels], model.classes, source))


def read_raw(model, path, how):
    """Return the test set of raw reviews, in the model's word indices and classes."""
    return read_raw_texts(model, path, how)[:2]


def read_raw_texts(model, path, how):
    """Return the test set of raw reviews, and its texts as they were written."""
    texts, labels = read_test_reviews(model, path, how)
    labels = numpy.array(indices_of(labels, model.classes, path))
    reviews = index_texts(model, texts, verbose=True)
    some = [k for k, review in enumerate(reviews) if review]
    if len(some) < len(reviews):
        logger.info('%s: left out: %d reviews without a word', path, len(reviews) - len(some))
    return [reviews[k] for k in some], labels[some], [texts[k] for k in some]


def read_test_reviews(model, path, how):
    """Return the texts and labels of raw reviews to test on: the test set among them, if there is
    one; what was held out of the very source of the training; else all of them.
    """
    if not is_path(path):
        return as_reviews(path, how.text_column, how.label_column)
    if is_same(path, model.options['path']):
        return imdb_preprocess.read_both_sets(path, how=how,
                                              test_path=model.options['test_path'])[1]
    sets = read_sets(path, how)
    if 'test' not in sets:
        logger.info('%s: all of its %d reviews are tested on', path, len(sets['train'].texts))
    return sets.get('test', sets['train'])


def is_same(path, other):
    """Whether two paths name one file or folder."""
    try:
        return bool(other) and os.path.samefile(path, other)
    except OSError:
        return False


def translate(data, theirs, ours):
    """Turn the word indices of one dictionary into those of another."""
    index = numpy.full(max(theirs.values()) + 1, UNKNOWN)
    index[0] = 0
    for word, k in theirs.items():
        index[k] = ours.get(word, UNKNOWN)
    return [index.take(review, mode='clip') for review in data[0]], data[1]
