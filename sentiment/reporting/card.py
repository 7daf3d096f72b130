"""What a model's file tells of its training: data, options, the command; and what is known of data.
"""
import json
import ntpath
import shlex
from collections import namedtuple

import numpy

from sentiment.data.errors import brief
from sentiment.data.tokenizers import MOSES
from sentiment.training.options import OPTIONS
from sentiment.using import model
from sentiment.wide.ngrams import COUNTED

# a model by the name of its file; the arrays of the file; how many numbers were learnt; its
# options, and whether the file tells them
File = namedtuple('File', 'name arrays n_parameters options is_told')
# what was named by hand to test on, None where it was not
Tested = namedtuple('Tested', 'dataset path size')
DEFAULTS = dict(model.DEFAULTS, tokenizer=MOSES)  # of train_lstm, by name
PRIVATE = ('saveto', 'plot', 'resume')  # which make no other model
ERRORS = (('training', 'train_err'), ('validation', 'valid_err'), ('test', 'test_err'))

# --- What is in the file ----------------------------------------------------------------------


def base_name(path):
    """Return the last part of a path of any system: where it stood is nobody's business."""
    return ntpath.basename(path.rstrip('/\\')) or 'data'


def told(path, loaded):
    """Return the :class:`File` of the model that was loaded from ``path``; options that it does not
    tell are taken for the defaults.
    """
    try:
        found = json.loads(str(loaded.saved.get('options', '{}')))
    except (ValueError, RecursionError):
        found = {}
    known = {name: value for name, value in found.items()
             if is_option(name, value)} if isinstance(found, dict) else {}
    n_parameters = sum(value.size for name, value in loaded.params.items() if name not in COUNTED)
    options = dict(DEFAULTS, **known)
    options['tokenizer'] = options['tokenizer'] or MOSES
    return File(base_name(path), loaded.saved, n_parameters, options, bool(known))


def is_option(name, value):
    """Whether a value is of the kind that the option of this name has."""
    named = name in OPTIONS and OPTIONS[name].kind in ('path', 'text', 'choice')
    return name in OPTIONS and isinstance(value, (type(None), str if named else (int, float)))


def shown(name, value):
    """Return the value of an option as the command line has it, of a path its last part."""
    if value is None or isinstance(value, bool):
        return str(value).lower()
    if OPTIONS[name].kind == 'path':
        return base_name(str(value))
    return brief(repr(value) if isinstance(value, float) else str(value))


def differences(options, defaults):
    """Return (name, value, default) of the options that are not as usual, as text."""
    return [(name, shown(name, options[name]), shown(name, default))
            for name, default in defaults.items()
            if name not in PRIVATE and options[name] != default]


def nearest_recipe(options, defaults_of):
    """Return the recipe from which the options differ least.

    defaults_of: recipe -> option -> its default on the command line.
    """
    return min(defaults_of, key=lambda recipe: len(differences(options, defaults_of[recipe])))


def recipe(options, defaults_of):
    """Return the nearest recipe, and which options are not its own, but for the data."""
    name = nearest_recipe(options, defaults_of)
    others = [option for option, _, _ in differences(options, defaults_of[name])
              if option not in ('dataset', 'path')]
    return name + (', but for %s' % ', '.join(others) if others else '')


def command(file, defaults_of):
    """Return the command line that trains such a model, in which files have their last names."""
    options = dict(file.options)
    nearest = nearest_recipe(options, defaults_of)
    if options['path'] is not None and options['dataset'] == 'imdb':
        options['dataset'] = None  # which is what a path alone means
    words = [] if nearest == 'tutorial' else ['--recipe', nearest]
    for name, value, _ in differences(options, defaults_of[nearest]):
        words += ['--%s=%s' % (name, value)] if value.startswith('-') else ['--' + name, value]
    kind = numpy.asarray(file.arrays['Wemb']).dtype.name
    return 'THEANO_FLAGS=floatX=%s python lstm.py %s' % (
        kind, ' '.join(map(shlex.quote, words + ['--saveto', file.name])))


def lengths(arrays):
    """Return the lengths of the training reviews, an array; an empty one where they are not told.
    """
    found = numpy.asarray(arrays.get('lengths', ()))
    return found if found.ndim == 1 and found.dtype.kind in 'iu' else numpy.zeros(0, int)


def sizes(arrays):
    """Return set -> number of reviews, of the sets whose number a model's file tells."""
    found = {}
    if len(lengths(arrays)):
        found['training'] = len(lengths(arrays))
    if 'reliability' in arrays:
        found['validation'] = int(arrays['reliability'][:, 0].sum())
    return found


def errors(arrays):
    """Return set -> error, 0 to 1, as the training measured it; None where it did not."""
    found = {}
    for name, key in ERRORS:
        value = numpy.asarray(arrays.get(key, numpy.nan))
        usable = value.size == 1 and value.dtype.kind in 'fiu' and 0 <= value.item() <= 1
        found[name] = float(value.item()) if usable else None
    return found


def tested_on(tested, files):
    """Return the sentence that says which reviews a model was tested on, and whether it knows them.
    """
    size = '' if tested.size in (None, -1) else ', %d of them drawn at random' % tested.size
    if tested.dataset or tested.path is not None:
        return ('Tested on %s%s, named by hand: whether the model has learnt from some of these '
                'reviews is not known.' % (data_name(tested.dataset, tested.path), size))
    first = files[0].options
    head = 'Tested on the test set of %s%s' % (data_name(first['dataset'], first['path']), size)
    sure = all(file.is_told and file.options['reload_model'] is None and all(
        file.options[name] == first[name] for name in ('dataset', 'path', 'test_path'))
        for file in files)
    return head + (', from which the model has not learnt.' if sure else
                   '; whether the model has learnt from some of these reviews is not known.')


# --- What is known of the data ----------------------------------------------------------------

Source = namedtuple('Source', 'title paper licence limits')
IMDB = Source(
    'the Large Movie Review Dataset (IMDB)', 'Maas et al., Learning word vectors for sentiment '
    'analysis, ACL 2011',
    'Its authors name no licence and ask that their paper be cited. The texts are those of users '
    'of IMDb, whose rights they remain: ask before you pass on the reviews, of which this page '
    'quotes some.',
    'Its reviews have at most 4 or at least 7 of 10 stars: of what is in between, the model has '
    'read nothing.')
SNIPPETS = Source(
    'the movie review snippets', 'Hutto & Gilbert, VADER: a parsimonious rule-based model for '
    'sentiment analysis of social media text, ICWSM 2014',
    'The sentences come from reviews on rotten.tomatoes.com (Pang & Lee, 2004), of which no '
    'licence is known; their ratings were published with VADER. Ask before you pass on the '
    'sentences, of which this page quotes some.',
    'Sentences of a mean rating of zero were left out: of what is neither, the model has read '
    'nothing.')
NAMES = {'aclimdb': IMDB, 'imdb.pkl': IMDB, 'snippets.pkl': SNIPPETS}


def source_of(dataset, path):
    """Return (:class:`Source` or None, whether that is certain) of the data of this name, or at
    this path, which is known by nothing but its name.
    """
    if path is None:
        return {'imdb': IMDB, 'snippets': SNIPPETS}.get(dataset), True
    name = base_name(path).lower()
    return next((source for start, source in NAMES.items() if name.startswith(start)), None), False


def data_name(dataset, path):
    """Return what data is called: the last part of its path, or the name of the data set."""
    return 'data set %s' % dataset if path is None else base_name(path)
