"""Train: one option for each keyword argument of ``lstm.train_lstm``, and recipes of them."""
import argparse
import inspect

import imdb
import lstm
from sentiment import __version__
from sentiment.data.safe_io import BadInput
from sentiment.log import logger
from sentiment.parser import Parser, program
from sentiment.training.options import KEEP, OPTIONS, meanings, recipes
from sentiment.training.pooling import POOLINGS
from sentiment.wide.ngrams import ROLES

KEYWORDS = inspect.signature(lstm.train_lstm).parameters
CHOOSING = ('recipe', 'dataset', 'path')  # which data and settings
# what the tutorial's own script passes, and a data set that may fall back
SCRIPT_DEFAULTS = {'max_epochs': 100, 'test_size': 500, 'dataset': None, 'optimizer': 'adadelta'}
CHOICES = {'optimizer': lstm.optimizers, 'encoder': lstm.layers, 'dataset': lstm.datasets,
           'pooling': POOLINGS, 'keep': KEEP, 'ngrams_as': ROLES}


def true_or_false(text):
    """Read a truth value of the command line."""
    try:
        return {'true': True, 'false': False}[text.lower()]
    except KeyError:
        raise argparse.ArgumentTypeError('%r is neither true nor false' % text)


def converter(name):
    """Return the function that reads option ``name``, as the table of options says."""
    kind, _, _, also = OPTIONS[name]
    read = {int: int, float: float, bool: true_or_false}.get(kind, str)

    def read_option(text):
        if not text:  # an unset variable of the shell
            raise argparse.ArgumentTypeError('an empty value; none is written none')
        return None if None in also and text.lower() == 'none' else read(text)

    read_option.__name__ = read.__name__  # argparse names it in its error
    return read_option


def make_parser(recipe='tutorial'):
    """Return a parser with one option for each keyword argument of :func:`lstm.train_lstm`."""
    defaults = dict(SCRIPT_DEFAULTS, **recipes[recipe])
    parser = Parser(
        prog=program(), formatter_class=argparse.RawDescriptionHelpFormatter,
        description='Train an LSTM to tell positive movie reviews from negative ones.\n'
        'THEANO_FLAGS in the environment sets floatX (float32 or float64) and device.',
        epilog='to use what was trained:\n'
        '  evaluate MODEL   measure it on a test set\n'
        '  predict MODEL    ask it about reviews of your own\n'
        '  serve MODEL      ask it on a page, or by a JSON API\n'
        '  export MODEL     write it as an ONNX file, which runs anywhere\n'
        '  plot MODEL       see how its training went\n'
        '  report MODEL     write a page on it, to hand on\n'
        '  sweep            train with many settings, and tell which are the best\n'
        'each has its own --help')
    parser.add_argument('--version', action='version', version='%(prog)s ' + __version__)
    parser.add_argument('--recipe', choices=list(recipes),
                        help='settings that belong together, which the options below may change: '
                             'tutorial; full, for all of IMDB; max, the same with pooling '
                             'mean_max; wide, the same with n-grams beside the network, the most '
                             'accurate; sentences, n-grams for short texts; characters, for texts '
                             'read letter by letter (default: tutorial, or sentences where these '
                             'step in for IMDB)')
    help_of = meanings(lstm.train_lstm)
    for name, parameter in KEYWORDS.items():
        default = defaults.get(name, parameter.default)
        shown = 'imdb' if name == 'dataset' else str(default).lower()
        switch = {'nargs': '?', 'const': True} if parameter.default is False else {}
        parser.add_argument('--' + name, type=converter(name), default=default,
                            choices=list(CHOICES[name]) if name in CHOICES else None,
                            metavar=name.upper() if name not in CHOICES else None,
                            help='%s (default: %s)' % (help_of[name].replace('%', '%%'), shown),
                            **switch)
    return parser


def choose_data(named):
    """Return the data set, path and recipe, by name: those that the user ``named``, of others the
    usual: IMDB if it can be had, else the sentences, with settings that suit them.
    """
    chosen = dict(vars(named), recipe=named.recipe or 'tutorial')
    if named.dataset is None and named.path is None:
        try:
            chosen.update(path=imdb.locate())
        except BadInput as error:
            chosen.update(dataset='snippets', recipe=named.recipe or 'sentences')
            logger.info('%s; training on the movie review snippets instead, recipe %s', error,
                        chosen['recipe'])
    return dict(chosen, dataset=chosen['dataset'] or 'imdb')


def train(arguments):
    """Train as the command line says; print the errors."""
    named = find_named(arguments)
    make_parser(named.recipe or 'tutorial').parse_args(arguments)  # what is wrong is said first
    chosen = choose_data(named)
    options = vars(make_parser(chosen.pop('recipe')).parse_args(arguments))
    del options['recipe']
    errors = lstm.train_lstm(**dict(options, **chosen))
    print('train error %.4f, valid error %.4f, test error %.4f' % errors)


def find_named(arguments):
    """Return the recipe, data set and path that the arguments name, None where they name none.

    The settings of the recipe are defaults of the other options.
    """
    parser = Parser(prog=program(), add_help=False)
    for name in CHOOSING:
        parser.add_argument('--' + name, type=converter(name) if name in OPTIONS else None)
    named = parser.parse_known_args(arguments)[0]
    if named.recipe not in recipes:
        named.recipe = None  # the next parser says what is wrong
    return named
