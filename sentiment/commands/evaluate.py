"""Evaluate: print how well a model does on a test set."""
import argparse
import json

import lstm
from sentiment.commands.common import load, verb_parser
from sentiment.commands.parts import evaluate_parts, is_of_parts
from sentiment.commands.showing import width_of
from sentiment.parser import add_cluster, add_reading, not_empty
from sentiment.using import measure


def number_of_reviews(text):
    """Read a number of reviews: a positive one, or -1 for all."""
    if int(text) < 1 and int(text) != -1:
        raise argparse.ArgumentTypeError('%s is neither positive nor -1' % text)
    return int(text)


def add_test_set(parser):
    """Add the options that say which reviews a model is measured on."""
    parser.add_argument('--dataset', choices=list(lstm.datasets), help='test on this data set')
    parser.add_argument('--path', type=not_empty,
                        help='test on this imdb.pkl, or these reviews: a table, an archive, a '
                             "folder of classes, all tables of a glob such as 'parts/*.csv'")
    add_reading(parser)
    parser.add_argument('--test_size', type=number_of_reviews, metavar='N',
                        help='test on this many random reviews; -1: on all (default: as trained)')


def test_set(options):
    """Return what these options say, as :func:`measure.load_test_set` is told."""
    return {name: getattr(options, name) for name in
            ('dataset', 'path', 'test_size', 'text_column', 'label_column', 'encoding')}


def evaluate(arguments):
    """Print how well a model does on a test set."""
    parser = verb_parser('evaluate', 'Measure a model: by default on the very reviews that its '
                         'training was tested on.')
    add_test_set(parser)
    add_cluster(parser, 'the tables of a folder or glob --path measured')
    parser.add_argument('--json', action='store_true', help='one line for machines')
    options = parser.parse_intermixed_args(arguments)
    if is_of_parts(options):
        measured = evaluate_parts(parser, options)
    else:
        model = load(options)
        data = measure.load_test_set(model, **test_set(options))
        measured = measure.evaluate(model, data, verbose=True)
    print(json.dumps(measured) if options.json else as_table(measured))


def as_table(measured):
    """Return what :func:`measure.evaluate` measured as lines for people."""
    auc = 'none: one class only' if measured['auc'] is None else '%.4f' % measured['auc']
    rows = [('reviews', '%d' % measured['n_samples']), ('error', '%.4f' % measured['error']),
            ('accuracy', '%.4f' % measured['accuracy']),
            ('log loss', '%.4f nats' % measured['log_loss']),
            ('Brier', '%.4f' % measured['brier']),
            ('ECE', '%.4f, expected calibration error' % measured['calibration_error']),
            ('AUC', auc),
            ('unknown', '%.4f of the words' % measured['unknown_words'])]
    names, room = list(measured['classes']), max(10, *map(width_of, measured['classes']))
    table = [['%-10s' % name, value] for name, value in rows]
    table += [[left('', room)] + ['%9s' % name for name in ('precision', 'recall', 'F1')]]
    table += [[left(name, room)] + [share(measured['classes'][name][key])
                                    for key in ('precision', 'recall', 'f1')] for name in names]
    called = [' ' * 2 + 'called ' + name for name in names]
    table += [[left('', room), ''.join(called)]]
    table += [[left(name, room), ''.join('%*d' % (width_of(head), n)
                                         for head, n in zip(called, counts))]
              for name, counts in zip(names, measured['confusion'])]
    return '\n'.join(' '.join(row).rstrip() for row in table)


def left(name, room):
    """Return a name on the left of so many columns of a terminal."""
    return name + ' ' * (room - width_of(name))


def share(value):
    """Return a fraction in nine columns."""
    return '%9s' % ('none' if value is None else '%.4f' % value)
