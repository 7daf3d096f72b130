"""Ask a model about texts: one way from a text to words, their indices, and probabilities."""
import multiprocessing
import threading
from collections import namedtuple
from collections.abc import Mapping
from contextlib import contextmanager

import numpy

import imdb
import lstm
from sentiment.data.safe_io import BadInput, shown
from sentiment.data.words import (FEW, UNKNOWN, count_cores, encode, indexing, is_known, progress,
                                  tokenize_all)
from sentiment.log import logger
from sentiment.training.batches import sorted_batches

MANY = 2000  # texts that take others longer to tokenize than to compile a model

# --- From texts to words ----------------------------------------------------------------------


class Reading(namedtuple('Reading', 'indices is_known words', defaults=(None,))):
    """A text as a model reads it: its words' indices, a list or an array; whether the model knows
    one of the words, beside punctuation; and the list of the words, None where nobody asked.
    """

    @property
    def unknown_words(self):
        """The share, 0 to 1, of words that the model does not know; NaN where there is no word."""
        return self.indices.count(UNKNOWN) / len(self.indices) if self.indices else float('nan')


def as_reading(words, indices):
    """Return the :class:`Reading` of words and their indices."""
    return Reading(indices, is_known(words, indices), words)


def check_words(model):
    """Raise BadInput if a model cannot read text."""
    if model.dictionary is None:
        raise BadInput('this model does not carry its vocabulary; give --dictionary imdb.dict.pkl')


def as_list(name, values, wanted):
    """Return an iterable as a list; raise BadInput if its items are not the values themselves."""
    others = (str, bytes, bytearray, memoryview, Mapping, set, frozenset)  # or have no order
    table = hasattr(values, 'columns')  # which gives their names
    try:
        items = None if table or isinstance(values, others) else iter(values)
    except TypeError:
        items = None
    if items is None:
        advice = '; for one text, give [text]' if isinstance(values, str) else ''
        raise BadInput('%s: a %s was given (%s), not a list of %s%s'
                       % (name, type(values).__name__, shown(values), wanted, advice))
    return list(items)


def check_texts(texts):
    """Return an iterable of texts as a list; raise BadInput that says what else was given."""
    texts = as_list('texts', texts, 'str')
    for k, text in enumerate(texts):
        if not isinstance(text, str):
            raise BadInput('texts[%d] is %s (%s), not a str'
                           % (k, shown(text), type(text).__name__))
    return texts


def read_texts(model, texts, verbose=False):
    """Return the :class:`Reading` of each text, tokenized as in training; raises BadInput."""
    check_words(model)
    texts = check_texts(texts)
    sentences = tokenize_all(texts, count_jobs(len(texts)), verbose, model.tokenizer)
    return [as_reading(words, encode(words, model.dictionary)) for words in sentences]


def count_jobs(n_texts):
    """Return how many processes shall tokenize so many texts.

    Only from the main thread of the first process: others share the cores already, it is no good
    to fork from threads, and not every process may start others.
    """
    alone = (threading.current_thread() is threading.main_thread()
             and multiprocessing.parent_process() is None)
    return max(1, min(count_cores(), n_texts // FEW)) if alone else 1


@contextmanager
def reader(model, n_texts, words=False, meanwhile=None):
    """Give a function: list of texts -> iterator of the :class:`Reading` of each, in order.

    Without ``words``, other processes begin on many texts when it is called, and the caller may do
    other work, such as ``meanwhile``, a function, which is called then where there is time for it.
    n_texts: so many are given at once, at most. Raises BadInput.
    """
    check_words(model)
    if words:
        yield lambda texts: iter(read_texts(model, texts))
    else:
        with indexing(model.indexer, count_jobs(n_texts)) as begin:
            def read(texts):
                found = begin(texts)
                if meanwhile and len(texts) >= MANY:
                    meanwhile()
                return (Reading(*one) for one in found)
            yield read


def index_readings(model, texts, verbose=False):
    """Return the :class:`Reading` of each text, without its words; raises BadInput."""
    texts = check_texts(texts)
    with reader(model, len(texts)) as read:
        return list(progress(read(texts), len(texts), verbose))


def index_texts(model, texts, verbose=False):
    """Return the model's word indices of each text, a list of lists; raises BadInput."""
    return [reading.indices.tolist() for reading in index_readings(model, texts, verbose)]


# --- From words to probabilities --------------------------------------------------------------


def predict(model, texts, verbose=False):
    """Return the probabilities (n, C) of raw texts, an iterable of str; raises BadInput.

    The label is the class of highest probability: ``predict(model, texts).argmax(axis=1)``; with
    two classes, 1 is the positive one. A text without a word gets NaN. One of whose words the model
    knows none gets the :func:`class_shares`, and a line of the log counts them.
    """
    readings = index_readings(model, texts, verbose)
    strange = sum(not reading.is_known for reading in readings)
    if strange:
        logger.info('%d of %d texts: %s', strange, len(readings), strange_note(model))
    return probabilities(model, readings, verbose)


def class_shares(model):
    """Return the shares of the classes in training (C,), equal ones where the model has none."""
    n_classes = model.options['ydim']
    return model.saved.get('class_shares', numpy.full(n_classes, 1 / n_classes))


def strange_note(model):
    """Return what is said of a text that gets the :func:`class_shares`."""
    return 'no known word' + ('' if 'class_shares' in model.saved else '; equal shares')


def probabilities(model, readings, verbose=False):
    """Return the probabilities (n, C) of readings: see :func:`predict`."""
    probs = numpy.full((len(readings), model.options['ydim']), numpy.nan)
    known = numpy.array([reading.is_known for reading in readings], bool)
    probs[~known] = class_shares(model)
    some = [k for k in numpy.flatnonzero(known) if readings[k].indices]
    if some:
        probs[some] = pred_sorted(model, [readings[k].indices for k in some], verbose)
    return probs


def pred_sorted(model, reviews, verbose=False, f=None):
    """Return the probabilities (n, C) of reviews, given as lists of word indices; or what another
    function ``f`` of (x, mask) says of them.
    """
    data = reviews, numpy.zeros(len(reviews), 'int64')
    batches = sorted_batches([len(review) for review in reviews], model.options['valid_batch_size'])
    return lstm.pred_probs(f or model.f_pred_prob, imdb.prepare_data, data, batches, verbose)
