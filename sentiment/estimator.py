"""The network as a scikit-learn estimator, for pipelines, searches and calibration.

    from sentiment import SentimentClassifier
    SentimentClassifier().fit(texts, labels).predict(['What a film!'])
"""
import inspect
import json
import numbers
import os
import tempfile
import warnings
from contextlib import contextmanager

import numpy

import imdb
import lstm
from sentiment.data.about import check_classes
from sentiment.data.errors import brief
from sentiment.data.pickles import is_text, rank, read_sets, write_sets
from sentiment.data.safe_io import BadInput, load_arrays, write_whole
from sentiment.data.tokenizers import MOSES, advice, check_tokenizer
from sentiment.data.words import FIRST_WORD, number_all
from sentiment.log import quiet
from sentiment.training.calibration import LEAST
from sentiment.training.model_file import as_json, check_place
from sentiment.training.options import check_choice, recipes
from sentiment.using.ask import check_texts, class_shares, count_jobs, probabilities, read_texts
from sentiment.using.model import Model, load_model, read_model

try:
    from sklearn.base import BaseEstimator, ClassifierMixin
    from sklearn.utils import assert_all_finite, check_random_state, column_or_1d
    from sklearn.utils.class_weight import compute_class_weight
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import check_is_fitted
except ImportError as error:
    raise ImportError("SentimentClassifier needs scikit-learn (%s); run, in the checkout: pip "
                      "install -e '.[sklearn]'" % error) from error

AUTO = 'auto'  # what a parameter is where the recipe decides
FEW = 30       # texts that validate, below which their errors tell little
DATASET = 'texts'  # among lstm.datasets
# keyword arguments of train_lstm that are no parameters, and why
LEFT_OUT = {
    'seed': 'random_state gives it', 'dispFreq': 'verbose shows the costs',
    'saveto': 'save() writes the model that is wanted: clones would overwrite each other',
    'saveFreq': 'nothing is resumed', 'resume': 'nothing is resumed',
    'dataset': 'fit has the texts', 'path': 'fit has the texts', 'text_column': 'fit has the texts',
    'label_column': 'fit has the labels', 'encoding': 'fit has the texts',
    'buffer': 'texts stand in memory', 'test_path': 'score tests', 'test_size': 'score tests',
    'test_once': 'score tests',
    'stretches': 'validation_fraction of each class validates',
    'fold': 'validation_fraction of each class validates',
    'plot': 'python lstm.py plot draws what save() has written'}
FIXED = {'dataset': DATASET, 'test_size': -1, 'test_once': True, 'stretches': None,
         'fold': None, 'saveFreq': 2 ** 31}
KEYWORDS = {name: keyword for name, keyword in
            inspect.signature(lstm.train_lstm).parameters.items() if name not in LEFT_OUT}

# --- A data set of train_lstm: texts that stand in memory, for the time of a training ----------


def load_texts(path, n_words, **how):
    """Return the sets that :func:`train` wrote: to train on, to validate on, and none to test on.
    """
    train, valid = (imdb.sort_by_length(imdb.remove_rare(part, n_words))
                    for part in read_sets(os.path.join(path, imdb.DEFAULT)))
    return train, valid, ([], numpy.zeros(0, 'int64'))


def load_dictionary(path=None, **how):
    """Return word -> index of the same texts."""
    if path is None:
        raise BadInput('the texts that this model was fitted to are not kept: give those to test '
                       'on')
    return imdb.load_dictionary(path, **how)


lstm.datasets[DATASET] = load_texts, imdb.prepare_data
lstm.dictionaries[DATASET] = load_dictionary
imdb.LOCATORS[load_dictionary] = imdb.locate

# --- Training ---------------------------------------------------------------------------------


def train(texts, labels, classes, fraction, settings):
    """Return the :class:`Model` that ``train_lstm`` makes of texts and their labels, 0 to C - 1.

    classes: the labels as users know them; fraction: of each class, what validates; settings:
    keyword arguments. What is written on the way is removed.
    """
    tokenizer = check_tokenizer(settings.get('tokenizer') or MOSES)
    warn(advice(texts, tokenizer))
    words, numbers = number_all(texts, count_jobs(len(texts)), tokenizer)
    some = numpy.flatnonzero([len(places) for places in numbers])
    if len(some) < len(texts):
        warn('%d of %d texts have no word, and are left out' % (len(texts) - len(some), len(texts)))
    labels = check_enough(labels[some], classes)
    parts = split(labels, fraction, numpy.random.RandomState(settings['seed']))
    dictionary, indices = rank(words, numbers, some[parts[0]])
    sets = [([indices[k] for k in some[part]], labels[part].tolist()) for part in parts]
    if len(parts[1]) < FEW:
        warn('only %d texts validate: which parameters are kept, and how certain answers are, is '
             'little more than luck' % len(parts[1]))
    with tempfile.TemporaryDirectory(prefix='sentiment-') as folder:
        path = os.path.join(folder, 'model.npz')
        n_words = write_sets(*sets, dictionary, folder, 'imdb', list(map(str, classes)), tokenizer)
        lstm.train_lstm(path=folder, saveto=path, **fitted_to(n_words, settings))
        return as_model(path)


def fitted_to(n_words, settings):
    """Return settings whose embedding has no rows for more words than there are."""
    asked = settings.get('n_words', KEYWORDS['n_words'].default)
    few = isinstance(asked, numbers.Integral) and asked > n_words + FIRST_WORD
    return dict(settings, n_words=n_words + FIRST_WORD) if few else settings


def warn(message):
    """Warn of something, if there is something, where the user called ``fit``."""
    if message:
        warnings.warn(message, UserWarning, stacklevel=4)


def check_enough(labels, classes):
    """Return labels (n,) of which each class has one, and one of them several; or BadInput."""
    counts = numpy.bincount(labels, minlength=len(classes))
    if counts.min() == 0:
        raise BadInput('no text of class %s has a word' % classes[counts.argmin()])
    if counts.max() < 2:
        raise BadInput('each class has one text only: none is left to validate on')
    return labels


def split(labels, fraction, rng):
    """Return the places (of training, of validation) of labels (n,), both in order.

    Of each class ``fraction`` validate: of several at least one, but never all.
    """
    order = rng.permutation(len(labels))
    validates = numpy.zeros(len(labels), bool)
    for label in numpy.unique(labels):
        places = order[labels[order] == label]
        n_valid = max(1, int(round(fraction * len(places))))
        validates[places[:min(n_valid, len(places) - 1)]] = True
    return numpy.flatnonzero(~validates), numpy.flatnonzero(validates)


def as_model(path):
    """Return the model saved at ``path``, which forgets where it was saved and its data stood."""
    saved = load_arrays(path)
    options = dict(json.loads(str(saved['options'])), path=None, saveto=None)
    return read_model(path, dict(saved, options=numpy.array(as_json(options))))


# --- What the user gives ----------------------------------------------------------------------


@contextmanager
def as_value_error():
    """Turn BadInput into the ValueError that scikit-learn knows."""
    try:
        yield
    except BadInput as error:
        raise ValueError(str(error)) from error


def as_labels(y, n_samples):
    """Return (classes (C,), sorted; labels (n,), each the place of its class); or ValueError."""
    if y is None:
        raise ValueError('SentimentClassifier requires y to be passed, but the target y is None')
    y = column_or_1d(y, warn=True)
    assert_all_finite(y, input_name='y')
    if len(y) != n_samples:
        raise ValueError('%d texts and %d labels' % (n_samples, len(y)))
    try:
        check_classification_targets(y)
        classes, labels = numpy.unique(y, return_inverse=True)
    except TypeError as error:
        raise ValueError('labels of different kinds, such as text and None, have no order'
                         ) from error
    if len(classes) < 2:
        raise ValueError('the data has only one class, %s, where two are the least' % brief(
            str(classes[0])))
    check_classes('y', list(map(str, classes)))  # a model's file holds them as names
    return classes, labels.ravel()


def as_seed(random_state):
    """Return the seed that an integer is, or that a generator draws."""
    if isinstance(random_state, numbers.Integral):
        return int(random_state)
    return int(check_random_state(random_state).randint(2 ** 31 - 1))


def check_fraction(fraction):
    """Return the part of each class that validates, more than 0 and less than 1; or BadInput."""
    if isinstance(fraction, bool) or not isinstance(fraction, numbers.Real) or (
            not 0 < fraction < 1):
        raise BadInput('validation_fraction: %r is not between 0 and 1' % (fraction,))
    return fraction


# --- The estimator ----------------------------------------------------------------------------


class SentimentClassifier(ClassifierMixin, BaseEstimator):
    """An LSTM over texts, :func:`lstm.train_lstm`, as a classifier of scikit-learn.

    It fits to any iterable of str, such as a list or a pandas Series, and labels of any kind that
    can be sorted. Whatever cannot be used raises ValueError, in one line.

    recipe : the settings that ``'auto'`` stands for, a row of ``lstm.recipes``: 'sentences', which
        suits short texts; 'wide', whole reviews; 'full' and 'max', the network alone; 'tutorial'
    validation_fraction : the part of each class that does not train but validates: chooses the
        parameters, if ``keep`` says so, stops early, after ``patience``, and fits the temperature
    random_state : seed, generator or None, of the split and of the training
    verbose : whether the training talks, on stderr

    The others are keyword arguments of :func:`lstm.train_lstm`, which explains each; LEFT_OUT says
    why some of its are none. ``class_weight`` may also be a dict label -> weight, 1 of one that it
    lacks; single samples have no weights.

    classes_ : the labels (C,), sorted; model_ : the :class:`~sentiment.using.model.Model`, which
    ``evaluate``, ``explain`` and ``predict`` take. Both are part of a pickle; no file is.
    """

    def __init__(self, recipe='sentences', *, validation_fraction=0.1, random_state=None,
                 verbose=False, dim_proj=AUTO, patience=AUTO, max_epochs=AUTO, decay_c=AUTO,
                 lrate=AUTO, n_words=AUTO, optimizer=AUTO, encoder=AUTO, validFreq=AUTO,
                 maxlen=AUTO, batch_size=AUTO, valid_batch_size=AUTO, noise_std=AUTO,
                 use_dropout=AUTO, reload_model=AUTO, bucket=AUTO, init_scale=AUTO, crop=AUTO,
                 pooling=AUTO, fast=AUTO, tokenizer=AUTO, class_weight=AUTO, embeddings=AUTO,
                 keep=AUTO, ngrams=AUTO, ngrams_in=AUTO, ngrams_as=AUTO, subwords=AUTO):
        for name, value in list(locals().items()):
            if name != 'self':
                setattr(self, name, value)

    @classmethod
    def from_model(cls, model):
        """Return an estimator that is fitted already: a loaded model, or the path of a saved one.

        Its labels are the names of the model's classes.
        """
        fitted = cls()
        fitted.model_ = model if isinstance(model, Model) else load_model(model)
        fitted.classes_ = numpy.array(fitted.model_.classes)
        return fitted

    def settings(self):
        """Return the keyword arguments of ``train_lstm`` that the parameters ask for."""
        check_choice('recipe', self.recipe, recipes)
        given = {name: value for name, value in self.get_params(deep=False).items()
                 if name in KEYWORDS and not (isinstance(value, str) and value == AUTO)}
        return dict(recipes[self.recipe], **dict(given, seed=as_seed(self.random_state), **FIXED))

    def fit(self, X, y):
        """Train on texts X, an iterable of n str, and their labels y (n,); return self.

        Texts without a word are left out, with a warning. Raises ValueError.
        """
        with as_value_error(), quiet(not self.verbose):
            texts = check_texts(X)
            broken = [k for k, text in enumerate(texts) if not is_text(text)]
            if broken:
                raise BadInput('texts[%d] holds something that is not a character' % broken[0])
            if not texts:
                raise BadInput('0 texts, where two are the least')
            classes, labels = as_labels(y, len(texts))
            settings = self.settings()
            if isinstance(self.class_weight, dict):
                settings['class_weight'] = compute_class_weight(
                    self.class_weight, classes=classes, y=classes[labels]).tolist()
            self.model_ = train(texts, labels, classes, check_fraction(self.validation_fraction),
                                settings)
        self.classes_ = classes
        return self

    def predict_proba(self, X):
        """Return the probabilities (n, C) of n texts, in the order of ``classes_``; no NaN.

        A text of which the model knows no word, or that has none, gets the shares of the classes in
        training.
        """
        check_is_fitted(self, 'model_')
        with as_value_error(), quiet(not self.verbose):
            readings = read_texts(self.model_, X, verbose=self.verbose)
            probs = probabilities(self.model_, readings, self.verbose)
        probs[[k for k, reading in enumerate(readings) if not reading.words]] = class_shares(
            self.model_)
        return probs / probs.sum(axis=1, keepdims=True)

    def predict(self, X):
        """Return the labels (n,) of highest probability of n texts."""
        places = self.predict_proba(X).argmax(axis=1)
        return self.classes_.take(places)

    def decision_function(self, X):
        """Return the log-odds of ``classes_[1]`` (n,), or of more classes log p (n, C)."""
        logs = numpy.log(numpy.maximum(self.predict_proba(X), LEAST))
        return logs[:, 1] - logs[:, 0] if logs.shape[1] == 2 else logs

    def save(self, path):
        """Write the model as ``train_lstm`` does, for the verbs of lstm.py and ``load_model``.

        In place of a model alone, whole or not at all. Raises ValueError.
        """
        check_is_fitted(self, 'model_')
        with as_value_error():
            if type(self.model_) is not Model:
                raise BadInput('an average of models is saved as its parts')
            check_place(path)
            with write_whole(path) as file:
                numpy.savez(file, **self.model_.saved)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.string, tags.input_tags.two_d_array = True, False
        return tags

    def _more_tags(self):
        """Return the same for scikit-learn before 1.6."""
        return {'X_types': ['string']}
