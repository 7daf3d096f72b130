"""Turn raw reviews into the files that the tutorial trains on: imdb.pkl and imdb.dict.pkl."""
import argparse
import itertools
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
from sentiment.scaling.numbering import number_parts
from sentiment.scaling.parts import find_parts
from sentiment.scaling.storage import is_pattern

# --- A training and a test set ----------------------------------------------------------------


def hold_out(reviews, portion, seed):
    """Split reviews into a training and a test set: a seeded ``portion`` of each class."""
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


def told(train, test, classes, n_words, output_dir):
    """Return the line that says what was written."""
    return ('%d reviews to train on, %d to test, of classes %s; %d different words; imdb.pkl and '
            'imdb.dict.pkl are in %s' % (len(train.texts), len(test.texts), ', '.join(
                '%s (%d)' % (name, train.labels.count(name)) for name in classes), n_words,
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
    n_train = sum(map(len, labels[:len(paths)]))
    everything = Reviews(list(range(len(numbers))), list(itertools.chain(*labels)))
    if test_path:
        train, test = (Reviews(everything.texts[part], everything.labels[part])
                       for part in (slice(n_train), slice(n_train, None)))
    else:
        train, test = add_test_set(everything, source, how, None, test_portion, seed)
    classes = check_classes(source, train.labels)
    dictionary, indices = rank(words, numbers, train.texts)
    sets = [([indices[k] for k in part.texts], indices_of(part.labels, classes, source))
            for part in (train, test)]
    write_sets(*sets, dictionary, output_dir, 'imdb', classes, tokenizer)
    return told(train, test, classes, len(dictionary), output_dir)


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
                        help='tokenizing processes (default: one for each core)')
    parser.add_argument('--test-portion', metavar='P', type=float, default=0.1,
                        help='without a test set: the part of each class to hold out '
                             '(default: %(default)s)')
    parser.add_argument('--seed', metavar='N', type=at_least(0), default=123,
                        help='without a test set: the seed of that choice (default: %(default)s)')
    parser.add_argument('--test_path', '--test-path', metavar='REVIEWS', help='reviews to test on')
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
        if args.cluster or is_pattern(args.reviews):
            print(preprocess_parts(args.reviews, args.output_dir, args.cluster, **common))
        else:
            print(preprocess(args.reviews, args.output_dir, args.jobs, **common))
    except BadInput as error:
        print('imdb_preprocess.py: error: %s' % error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == '__main__':
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # leave no worker behind
    sys.exit(main())
