"""The options of ``train_lstm``: what they may be, what their comments say, which go together."""
import inspect
import numbers
import os
import re
from collections import namedtuple

import numpy

import imdb
from sentiment.data.folds import read_fold
from sentiment.data.safe_io import BadInput, shown
from sentiment.data.tokenizers import check_tokenizer
from sentiment.data.vectors import dimension
from sentiment.engine import config
from sentiment.log import logger
from sentiment.reviews.encodings import check_encoding
from sentiment.reviews.given import is_path
from sentiment.training import plots
from sentiment.training.model_file import check_place, checkpoint_path
from sentiment.wide.ngrams import ROLES, check_order

# kind: int, float, bool, 'path', 'choice' or 'text'; low and high: bounds, beyond which no machine
# or training can make use of it; also: what else it may be, None or -1
Option = namedtuple('Option', 'kind low high also')
ENDLESS = numpy.inf
COPIES = 4  # of each parameter: its value, its gradient, two running means
WEIGHTS = ('balanced',)  # of classes; from Python, a list too, a number for each
KEEP = ('best', 'last', 'mean')


def number(kind, low, high=ENDLESS, also=()):
    return Option(kind, low, high, also)


PATH, TEXT, CHOICE, TRUTH = (Option(kind, None, None, (None,) * (kind in ('path', 'text')))
                             for kind in ('path', 'text', 'choice', bool))
WEIGHT = Option('choice', None, None, (None,))
NONE, ALL = (None,), (-1,)
OPTIONS = {
    'dim_proj': number(int, 1, 2 ** 20), 'patience': number(int, 1), 'max_epochs': number(int, 1),
    'dispFreq': number(int, 1), 'decay_c': number(float, 0., 1e6),
    'lrate': number(float, 0., 1e6), 'n_words': number(int, 2, 2 ** 31), 'optimizer': CHOICE,
    'encoder': CHOICE, 'saveto': PATH, 'validFreq': number(int, 1, also=ALL),
    'saveFreq': number(int, 1, also=ALL), 'maxlen': number(int, 2, also=NONE),
    'batch_size': number(int, 1, 2 ** 20), 'valid_batch_size': number(int, 1, 2 ** 20),
    'dataset': CHOICE, 'noise_std': number(float, 0., 1e6), 'use_dropout': TRUTH,
    'reload_model': PATH, 'test_size': number(int, 0, also=ALL), 'path': PATH,
    'seed': number(int, 0, 2 ** 32 - 1), 'bucket': TRUTH, 'resume': TRUTH, 'plot': PATH,
    'init_scale': number(float, 0., 1e6), 'crop': number(int, 1, also=NONE), 'pooling': CHOICE,
    'test_once': TRUTH, 'fast': TRUTH, 'test_path': PATH, 'text_column': TEXT,
    'label_column': TEXT, 'encoding': TEXT, 'tokenizer': TEXT, 'class_weight': WEIGHT,
    'embeddings': PATH, 'stretches': number(int, 1, also=NONE), 'keep': CHOICE,
    'ngrams': number(int, 1, 8, also=NONE), 'ngrams_in': number(int, 1),
    'ngrams_as': CHOICE, 'subwords': TRUTH, 'fold': TEXT, 'buffer': number(int, 1)}

# names that models and checkpoints of before may have; what is fast is now another option
OLD_ENCODERS = {'auto': 'lstm', 'lstm_fused': 'lstm'}

# name -> keyword arguments of train_lstm that differ from the tutorial's; python lstm.py --recipe
FULL = dict(maxlen=None, test_size=-1, test_once=True, validFreq=-1, saveFreq=-1, n_words=10000,
            batch_size=32, optimizer='adagrad', lrate=0.03, init_scale=0.03, crop=50,
            max_epochs=30, patience=30, stretches=10, keep='mean', ngrams=3, ngrams_as='teacher')
SHORT = dict(FULL, crop=None, stretches=None, ngrams_in=1, ngrams_as='part')
recipes = {
    'tutorial': {},
    'full': FULL,  # all of IMDB, the tutorial's architecture
    'max': dict(FULL, pooling='mean_max'),  # and the largest of each unit's states
    'wide': dict(FULL, max_epochs=10, ngrams_as='part'),  # and words, bigrams and trigrams
    'sentences': dict(SHORT, n_words=20000, ngrams=2, subwords=True, max_epochs=5),  # short texts
    'characters': dict(SHORT, ngrams=4, max_epochs=10),  # the same, read letter by letter
}

# --- Meaning ----------------------------------------------------------------------------------


def meanings(function):
    """Return keyword -> the comment beside it in the signature of ``function``."""
    found, name = {}, None
    for line in inspect.getsource(function).splitlines()[1:]:
        keyword, comment = re.match(r' *(\w+(?==)|\):|)[^#]*(?:# (.*))?', line).groups()
        if keyword == '):':
            break
        name = keyword or name
        found[name] = ' '.join(filter(None, [found.get(name), comment]))
    return found


# --- Checks -----------------------------------------------------------------------------------


def check_options(options, choices):
    """Return ``options``, all of them usable, with the optimizer by name.

    choices: option -> the values that it may have. Raises BadInput at one that cannot work.
    """
    options['encoder'] = OLD_ENCODERS.get(options['encoder'], options['encoder'])
    if callable(options['optimizer']):
        options['optimizer'] = optimizer_name(options['optimizer'], choices['optimizer'])
        choices = dict(choices, optimizer=[options['optimizer']])
    choices = dict(choices, class_weight=WEIGHTS, keep=KEEP, ngrams_as=ROLES)
    for name, option in OPTIONS.items():
        if name != 'path' and (options[name] is not None or None not in option.also):
            options[name] = usable(name, options[name], choices)
    settle_data(options)
    check_memory(options)
    check_order(options['ngrams'], options['n_words'])
    check_files(options)
    return options


def usable(name, value, choices):
    """Return the value of an option if it can be that, or raise BadInput."""
    kind = OPTIONS[name].kind
    if kind == 'path':
        return as_path(name, value)
    if kind == 'text':
        return check_named(name, value)
    if name == 'class_weight' and isinstance(value, list):
        return check_weights(value)
    if kind == 'choice':
        check_choice(name, value, choices[name])
    else:
        check_value(name, value)
    return value


def check_weights(weights):
    """Return the weights of classes as a list of float; raise BadInput at what is no weight."""
    for weight in weights:
        if isinstance(weight, bool) or not isinstance(weight, numbers.Real) or (
                not 0 <= weight <= 1e6):
            raise BadInput('class_weight: %s is not a number from 0 to 1e6' % shown(weight))
    return list(map(float, weights))


def check_named(name, value):
    """Return the name of a column, an encoding, a tokenizer or a fold; raise BadInput at another.
    """
    if name == 'fold':
        read_fold(value)
        return value
    if name == 'tokenizer':
        return check_tokenizer(value)
    if name == 'encoding':
        return check_encoding(value)
    if isinstance(value, bool) or not isinstance(value, (str, int)) or value == '':
        raise BadInput('%s: %s is no name of a column' % (name, shown(value)))
    return str(value)


def settle_data(options):
    """Say in full where the data is: of reviews that are given, where they are kept."""
    if options['path'] is not None and not is_path(options['path']):
        how = {name: options[name] for name in imdb.READING}
        options.update(dict.fromkeys(how), path=imdb.locate(options['path'], **how))
    options['path'] = as_path('path', options['path'])
    for name in ('path', 'test_path', 'embeddings'):
        if options[name] and os.path.exists(options[name]):  # else a name that is looked for
            options[name] = os.path.abspath(options[name])
    if options['embeddings']:
        width = dimension(options['embeddings'])
        if width != options['dim_proj']:
            logger.info('dim_proj: %d, the width of the vectors in %s', width,
                        options['embeddings'])
        options['dim_proj'] = width


def as_path(name, value):
    """Return a path as text, None where there is none; raise BadInput if it is no path."""
    if value is None or isinstance(value, str) and value:
        return value
    try:
        return os.fsdecode(os.fspath(value)) or None
    except TypeError:
        raise BadInput('%s: a %s is not a path' % (name, type(value).__name__)) from None


def optimizer_name(optimizer, known):
    """Return the name of a function that is one of the ``known``; of another one, a name that
    cannot be mistaken for theirs.
    """
    name = getattr(optimizer, '__name__', type(optimizer).__name__)
    return name if known.get(name) is optimizer else '%s.%s' % (optimizer.__module__, name)


def check_choice(name, value, known):
    """Raise BadInput unless ``value`` is one of the known ones."""
    if not isinstance(value, str):
        raise BadInput('%s: a %s is not one of %s' % (name, type(value).__name__, ', '.join(known)))
    if value not in known:
        raise BadInput('%s: %s is not one of %s' % (name, shown(value), ', '.join(known)))


def check_value(name, value):
    """Raise BadInput unless ``value`` is a number, or a truth value, that the option can have."""
    kind, low, high, also = OPTIONS[name]
    known = {int: numbers.Integral, float: numbers.Real, bool: (bool, numpy.bool_)}[kind]
    if value is None and None in also:
        return
    if not isinstance(value, known) or isinstance(value, bool) and kind is not bool:
        raise BadInput('%s: %s (%s) is not a %s' % (name, shown(value), type(value).__name__, {
            int: 'whole number', float: 'number', bool: 'truth value: True or False'}[kind]))
    if kind is not bool and not low <= value <= high and value not in also:
        raise BadInput('%s: %s is not from %s to %s%s'
                       % (name, value, low, high, ', nor -1' if -1 in also else ''))


def check_memory(options):
    """Raise BadInput if the parameters of an LSTM of these sizes cannot fit into this machine."""
    n_words, dim_proj = int(options['n_words']), int(options['dim_proj'])
    size = COPIES * numpy.dtype(config.floatX).itemsize * dim_proj * (n_words + 8 * dim_proj)
    try:
        memory = os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE')
    except (AttributeError, ValueError, OSError):  # a system that does not tell
        return
    if size > memory:
        raise BadInput('dim_proj: %d, with n_words %d, takes %.0f GB for parameters, gradients and '
                       'running means, dim_proj (n_words + 8 dim_proj) numbers each; this machine '
                       'has %.0f GB' % (dim_proj, n_words, size / 1e9, memory / 1e9))


def check_files(options):
    """Raise BadInput, before the long work, if the files that the options name cannot be written.
    """
    saveto, picture = options['saveto'], options['plot']
    if saveto:
        check_place(saveto)
        check_place(checkpoint_path(saveto), 'progress')
    if options['resume'] and not saveto:
        raise BadInput('resume: without saveto there is no checkpoint')
    if options['resume'] and not os.path.exists(checkpoint_path(saveto)):
        raise BadInput('resume: %s: no such checkpoint' % checkpoint_path(saveto))
    if picture:
        plots.check(picture)
        if saveto and os.path.realpath(picture) == os.path.realpath(saveto):
            raise BadInput('plot: %s is what the model is to be saved in' % picture)
