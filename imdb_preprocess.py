"""Turn raw reviews into the files that the tutorial trains on: imdb.pkl and imdb.dict.pkl."""
import argparse
import itertools
import os
import signal
import sys

import numpy

from sentiment.data.pickles import check_places, rank, save, write_sets
from sentiment.data.safe_io import BadInput
from sentiment.data.tokenizers import MOSES, NAMES, advice, check_tokenizer
from sentiment.log import logger
from sentiment.parser import Parser, add_cluster, add_reading, at_least
from sentiment.reviews.classes import check_classes, in_order, indices_of
from sentiment.reviews.encodings import check_encoding
from sentiment.reviews.read import Reviews, read_sets
from sentiment.reviews.tables import How
from sentiment.scaling import encoding
from sentiment.scaling.each import held
from sentiment.scaling.numbering import number_parts
from sentiment.scaling.parts import find_parts
from sentiment.scaling.storage import is_pattern

# --- A training and a test set ----------------------------------------------------------------


def hold_out(reviews, portion, seed):
    """Split reviews into a training and a test set: a seeded ``portion`` of each class.

    Raises BadInput where that leaves none.
    """
    if not 0 <= seed < 2 ** 32:
        raise BadInput('seed=%d is not one of 0 to 2**32 - 1' % seed)
    rng, train, test = numpy.random.RandomState(seed), [], []
    labels = numpy.array(reviews.labels)
    for name in reversed(in_order(reviews.labels)):
        places = numpy.flatnonzero(labels == name)
        n_test = max(1, int(round(len(places) * portion))) if 0 < portion < 1 else 0
        if not 0 < n_test < len(places):
            raise BadInput('a test portion of %g of %d reviews of class %s leaves none to train on'
                           ' or to test' % (portion, len(places), name))
        order = rng.permutation(len(places))
        test.extend(places[numpy.sort(order[:n_test])])
        train.extend(places[numpy.sort(order[n_test:])])
    return tuple(Reviews([reviews.texts[i] for i in part], [reviews.labels[i] for i in part])
                 for part in (train, test))


def read_both_sets(source, test_portion=0.1, seed=123, how=How(), test_path=None):
    """Return the training and the test set of a source, :class:`Reviews` each; raises BadInput.

    The test set is that of ``test_path``, or stands in the source, or is held out.
    """
    sets = read_sets(source, how)
    if 'test' in sets and not test_path:
        return sets['train'], sets['test']
    return add_test_set(sets['train'], source, how, test_path, test_portion, seed)


def add_test_set(train, source, how=How(), test_path=None, test_portion=0.1, seed=123):
    """Return a training and a test set, that of ``test_path``, or one held out; raises BadInput."""
    if test_path:
        theirs = read_sets(test_path, how)
        return train, theirs.get('test', theirs['train'])
    logger.info('%s: no test set in it: %g of the reviews of each class are held out, drawn with '
                'seed %d', source, test_portion, seed)
    return hold_out(train, test_portion, seed)


def preprocess(source, output_dir, jobs=None, test_portion=0.1, seed=123, how=How(),
               test_path=None, tokenizer=MOSES):
    """Write imdb.pkl, imdb.dict.pkl and imdb.json of a source of reviews into ``output_dir``.

    source: a file, a folder or an archive, as :func:`~sentiment.reviews.read.read_sets` reads it
    with ``how``; test_path: another, to test on. Without a test set, a seeded ``test_portion`` of
    each class is held out. Returns the line that says what was done. Raises :class:`BadInput`.
    """
    check_tokenizer(tokenizer)
    train, test = read_both_sets(source, test_portion, seed, how, test_path)
    return write(source, train, test, output_dir, jobs, tokenizer)


def write(source, train, test, output_dir, jobs, tokenizer):
    """Write the three files of two sets; return the line that says so."""
    classes = check_classes(source, train.labels)
    for_model = [(part.texts, indices_of(part.labels, classes, source)) for part in (train, test)]
    warning = advice(train.texts, tokenizer)
    if warning:
        logger.info(warning)
    n_words = save(*for_model, output_dir, jobs=jobs, classes=classes, tokenizer=tokenizer)
    return told(train, test, classes, n_words, output_dir)


def told(train, test, classes, n_words, output_dir, what='imdb.pkl'):
    """Return the line that says what was written."""
    return ('%d reviews to train on, %d to test, of classes %s; %d different words; %s and '
            'imdb.dict.pkl are in %s' % (len(train.texts), len(test.texts), ', '.join(
                '%s (%d)' % (name, train.labels.count(name)) for name in classes), n_words, what,
                output_dir))


# --- Parts ------------------------------------------------------------------------------------


def preprocess_parts(source, output_dir, cluster=None, test_portion=0.1, seed=123, how=How(),
                     test_path=None, tokenizer=MOSES):
    """Write the files that :func:`preprocess` writes of the rows of all parts, one part behind the
    other; on a cluster, its workers read and tokenize them.

    source, test_path: a folder or glob of tables; the rest as there. Raises :class:`BadInput`.
    """
    check_tokenizer(tokenizer)
    how = how._replace(encoding=check_encoding(how.encoding))
    paths = find_parts([source])
    test_paths = find_parts([test_path]) if test_path else []
    check_places(output_dir, 'imdb')  # before the long work
    words, numbers, labels = number_parts(paths + test_paths, how, tokenizer, cluster)
    train, test = split_rows(labels, len(paths), source, test_portion, seed)
    classes = check_classes(source, train.labels)
    dictionary, indices = rank(words, numbers, train.texts)
    sets = [([indices[k] for k in part.texts], indices_of(part.labels, classes, source))
            for part in (train, test)]
    write_sets(*sets, dictionary, output_dir, 'imdb', classes, tokenizer)
    return told(train, test, classes, len(dictionary), output_dir)


def split_rows(labels, n_train, source, test_portion, seed):
    """Return the training and the test set, :class:`Reviews` whose texts are numbers of rows.

    labels: of each part, the names of its rows' classes; n_train: how many parts to train on;
    without others, reviews of theirs are held out.
    """
    rows = list(itertools.chain(*labels))
    everything = Reviews(list(range(len(rows))), rows)
    if n_train == len(labels):
        return add_test_set(everything, source, test_portion=test_portion, seed=seed)
    border = sum(map(len, labels[:n_train]))
    return tuple(Reviews(everything.texts[part], rows[part])
                 for part in (slice(border), slice(border, None)))


def preprocess_encoded(source, output_dir, cluster=None, jobs=None, test_portion=0.1, seed=123,
                       how=How(), test_path=None, tokenizer=MOSES):
    """Write encoded parts, the dictionary and imdb.json, of the data of which
    :func:`preprocess_parts`, or :func:`preprocess`, makes a pickle; nothing is tokenized twice.

    A glob of tables, or on a cluster a folder of them, gives a part for each; else there is one
    for so many reviews. Raises :class:`BadInput`; the same call again goes on.
    """
    check_tokenizer(tokenizer)
    how, folder = how._replace(encoding=check_encoding(how.encoding)), os.path.abspath(output_dir)
    if is_pattern(source) or cluster and os.path.isdir(source):
        train = encoding.items_of_tables(find_parts([source]))
        test = encoding.items_of_tables(find_parts([test_path]), '.test') if test_path else []
    else:
        train, test = (encoding.items_of_reviews(source, part, kind) for part, kind in zip(
            read_both_sets(source, test_portion, seed, how, test_path), ('.train', '.test')))
    items = train + test
    encoding.begin(items, folder, dict(how._asdict(), tokenizer=tokenizer))
    with held(cluster) as address:
        labels = encoding.number_items(items, folder, how, tokenizer, jobs, address)
        train, test = split_rows(labels, len(train), source, test_portion, seed)
        classes = check_classes(source, train.labels)
        borders = numpy.cumsum([len(part) for part in labels])[:-1]
        rows = [numpy.split(part, borders) for part in number_rows(train, test, classes, source)]
        n_words = encoding.finish(items, folder, *rows, classes, tokenizer, address)
    return told(train, test, classes, n_words, output_dir, '%d encoded parts' % len(items))


def number_rows(train, test, classes, source):
    """Return (places, labels), (n,) each, of all rows: where in its set a review stands, k of the
    training set, -1 - k of the test set, and the number of its class.
    """
    places, labels = numpy.empty((2, len(train.texts) + len(test.texts)), 'int64')
    places[train.texts] = numpy.arange(len(train.texts))
    places[test.texts] = -1 - numpy.arange(len(test.texts))
    for part in (train, test):
        labels[part.texts] = indices_of(part.labels, classes, source)
    return places, labels


# --- Command line -----------------------------------------------------------------------------


def build_parser():
    """Return the command line's parser."""
    parser = Parser(
        prog='imdb_preprocess.py',
        description='Turn raw reviews into imdb.pkl and imdb.dict.pkl, on which lstm.py trains.\n'
                    'They may be a table (CSV, TSV, JSON lines, JSON, parquet, xlsx), folders of\n'
                    'classes (train/pos, train/neg, ...) with a text file a review, and more; the\n'
                    'README has a list. Without a test set, a part is held out instead.',
        epilog='examples:\n'
               '  python imdb_preprocess.py aclImdb_v1.tar.gz --output-dir data\n'
               '  python imdb_preprocess.py reviews.csv --output-dir my_data --test-portion 0.2',
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('reviews', metavar='REVIEWS',
                        help='the file, folder or archive (.zip, .tar.gz, ...) of reviews, which '
                             "is read without being extracted; a glob, such as 'parts/*.csv', of "
                             'tables that are one data set')
    parser.add_argument('--output-dir', metavar='DIR', required=True,
                        help='where the files go; made if need be')
    parser.add_argument('--jobs', metavar='N', type=at_least(1),
                        help='processes that tokenize a single source (default: one for each '
                             'core); the tables of a glob are shared out by --cluster')
    parser.add_argument('--test-portion', metavar='P', type=float, default=0.1,
                        help='without a test set: the part of each class to hold out '
                             '(default: %(default)s)')
    parser.add_argument('--seed', metavar='N', type=at_least(0), default=123,
                        help='without a test set: the seed of that choice (default: %(default)s)')
    parser.add_argument('--test_path', '--test-path', metavar='REVIEWS', help='reviews to test on')
    parser.add_argument('--parts', action='store_true',
                        help='in place of imdb.pkl write encoded parts, which lstm.py streams: for '
                             'data that does not fit into memory')
    add_cluster(parser, 'the tables of a folder or glob read and tokenized')
    add_reading(parser)
    parser.add_argument('--tokenizer', default=MOSES, metavar='NAME',
                        help='how text becomes words: %s (default: %%(default)s)' % NAMES)
    return parser


def main(argv=None):
    """Run the command line; return the exit status: 0, 2 for bad input, 130 for Ctrl-C."""
    args = build_parser().parse_args(argv)
    common = dict(test_portion=args.test_portion, seed=args.seed, test_path=args.test_path,
                  how=How(args.text_column, args.label_column, args.encoding),
                  tokenizer=args.tokenizer)
    try:
        if args.parts:
            print(preprocess_encoded(args.reviews, args.output_dir, args.cluster, args.jobs,
                                     **common))
        elif args.cluster or is_pattern(args.reviews):
            print(preprocess_parts(args.reviews, args.output_dir, args.cluster, **common))
        else:
            print(preprocess(args.reviews, args.output_dir, args.jobs, **common))
    except BadInput as error:
        print('imdb_preprocess.py: error: %s' % error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        if args.parts:
            print('stopped; the same command goes on', file=sys.stderr)
        return 130
    return 0


if __name__ == '__main__':
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # leave no worker behind
    sys.exit(main())
