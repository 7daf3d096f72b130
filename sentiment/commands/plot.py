"""Plot: draw how a model was trained."""
import os

from sentiment.data.safe_io import BadInput, load_arrays
from sentiment.parser import Parser, program
from sentiment.training import plots


def plot(arguments):
    """Draw how a model was trained."""
    parser = Parser(prog='%s plot' % program(), description='Draw how a model was trained: '
                    'costs, errors, lengths of the reviews.')
    parser.add_argument('model', metavar='MODEL', help='a model that lstm.py saved (.npz)')
    parser.add_argument('--output', metavar='FILE',
                        help='.png, .svg or .pdf (default: as the model, .png)')
    options = parser.parse_intermixed_args(arguments)
    path = options.output or os.path.splitext(options.model)[0] + '.png'
    if os.path.realpath(path) == os.path.realpath(options.model):
        raise BadInput('%s: the picture would take the place of the model' % path)
    plots.draw(path, load_arrays(options.model), os.path.basename(options.model))
    print('picture in %s' % path)
