"""Report: one page on a model, to hand on."""
import os
import shlex

from sentiment.commands import train
from sentiment.commands.common import load, verb_parser
from sentiment.commands.evaluate import add_test_set, test_set
from sentiment.data.safe_io import BadInput, check_can_write, open_regular, write_whole
from sentiment.parser import not_empty
from sentiment.reporting import card, page
from sentiment.training import plots
from sentiment.training.options import recipes
from sentiment.using import measure

ENDS = ('.html', '.htm')
NAMED = ('dataset', 'test_size', 'text_column', 'label_column', 'encoding')  # as they are given
FILES = ('path', 'dictionary')                                              # by their last name


def make_parser():
    """Return the parser of report's arguments."""
    parser = verb_parser(
        'report', 'Write one page on a model, to hand on: what it was trained on, errors with '
        'their intervals, calibration, pictures, telling words, its most confident errors, a model '
        'card. It opens anywhere, without a network or a script, and quotes reviews.',
        epilog='example: python lstm.py report lstm_model.npz report.html')
    parser.add_argument('output', metavar='REPORT', type=not_empty,
                        help='the page to write, .html; only a report is written over')
    add_test_set(parser)
    return parser


def report(arguments):
    """Write a page on a model."""
    options = make_parser().parse_intermixed_args(arguments)
    check_page(options.output)
    plots.check_library()
    model = load(options)
    data = measure.load_test_texts(model, **test_set(options))
    files = [card.told(path, part) for path, part in zip(
        [options.model] + options.average, getattr(model, 'models', [model]))]
    tested = card.Tested(options.dataset, options.path, options.test_size)
    subject = page.examine(model, files, data, tested, defaults(), command(options))
    text = page.render(subject).encode('utf-8')
    with write_whole(options.output) as file:
        file.write(text)
    print('report in %s' % options.output)


def check_page(path):
    """Raise BadInput unless a report can be written there, in place of nothing or of another."""
    if not path.lower().endswith(ENDS):
        raise BadInput('%s: a report ends in %s' % (path, ' or '.join(ENDS)))
    check_can_write(path)
    if os.path.exists(path) and os.path.getsize(path):
        start = page.START.encode('utf-8')
        with open_regular(path) as file:
            if file.read(len(start)) != start:
                raise BadInput('%s is there already, and is not a report' % path)


def defaults():
    """Return recipe -> option -> its default on the command line."""
    parsers = {recipe: train.make_parser(recipe) for recipe in recipes}
    return {recipe: dict({name: parser.get_default(name) for name in train.KEYWORDS},
                         tokenizer=card.DEFAULTS['tokenizer'])
            for recipe, parser in parsers.items()}


def command(options):
    """Return the command line that makes this report, in which files have their last names."""
    words = [card.base_name(options.model), card.base_name(options.output)]
    for path in options.average:
        words += ['--average', card.base_name(path)]
    for name in FILES + NAMED:
        value = getattr(options, name)
        if value is not None:
            words.append('--%s=%s' % (name, card.base_name(value) if name in FILES else value))
    return 'python lstm.py report %s' % ' '.join(map(shlex.quote, words))
