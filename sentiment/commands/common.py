"""What the verbs that use models share: the model's options, terminals."""
import shutil

import numpy

from sentiment import engine
from sentiment.data.safe_io import load_arrays
from sentiment.parser import Parser, program
from sentiment.using.model import average, read_model


def verb_parser(verb, description, **keywords):
    """Return a parser that knows MODEL, --average and --dictionary."""
    parser = Parser(prog='%s %s' % (program(), verb), description=description, **keywords)
    parser.add_argument('model', metavar='MODEL', help='a model that lstm.py saved (.npz)')
    parser.add_argument('--average', metavar='MODEL', action='append', default=[],
                        help='another model, such as that of another seed, whose scores are '
                             'averaged with the first; may be given several times')
    parser.add_argument('--dictionary', metavar='FILE',
                        help='imdb.dict.pkl of the training, for a model without its vocabulary')
    return parser


def load(options):
    """Return the model that the options name, or the average of several.

    It computes in the type that it was saved in, the widest of several, unless the user's flags
    name another: a model of float32 is no better in float64, and two to three times as slow.
    """
    saved = [(path, load_arrays(path)) for path in [options.model] + options.average]
    kinds = [arrays['Wemb'].dtype for _, arrays in saved if 'Wemb' in arrays]
    if kinds and all(kind in ('float32', 'float64') for kind in kinds):
        engine.use_floatX(numpy.result_type(*kinds).name)
    models = [read_model(path, arrays, options.dictionary) for path, arrays in saved]
    return average(models) if options.average else models[0]


def is_terminal(stream):
    """Whether a standard stream is a terminal; it may be closed, or None."""
    try:
        return stream.isatty()
    except (AttributeError, ValueError):
        return False


def columns(stream, otherwise):
    """Return the width of the terminal that ``stream`` is, or ``otherwise``."""
    return shutil.get_terminal_size((otherwise, 24)).columns if is_terminal(stream) else otherwise
