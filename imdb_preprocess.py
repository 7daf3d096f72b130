"""Turn raw reviews into the two files that the tutorial trains on: imdb.pkl and imdb.dict.pkl."""
import argparse
import signal
import sys

import numpy

from sentiment.data.pickles import save
from sentiment.data.reviews import LABELS, read_reviews
from sentiment.data.safe_io import BadInput
from sentiment.log import logger
from sentiment.parser import Parser, at_least

# --- A training and a test set ----------------------------------------------------------------


def hold_out(reviews, portion, seed):
    """Move a seeded ``portion`` of each class's training reviews into a test set."""
    if not 0 <= seed < 2 ** 32:
        raise BadInput('seed=%d is not one of 0 to 2**32 - 1' % seed)
    rng, parts = numpy.random.RandomState(seed), {}
    for label in LABELS:
        texts = reviews['train', label]
        n_test = max(1, int(round(len(texts) * portion))) if 0 < portion < 1 else 0
        if not 0 < n_test < len(texts):
            raise BadInput('a test portion of %g of %d reviews in train/%s leaves none to train on'
                           ' or to test' % (portion, len(texts), label))
        names = sorted(texts)
        chosen = {names[i] for i in rng.permutation(len(names))[:n_test]}
        parts['test', label] = {name: texts[name] for name in chosen}
        parts['train', label] = {name: texts[name] for name in names if name not in chosen}
    return parts


def as_set(reviews, name):
    """Return ``(texts, labels)`` of one set: positive, then negative, each sorted by file name."""
    texts, labels = [], []
    for label in LABELS:
        of_class = reviews[name, label]
        texts += [of_class[file] for file in sorted(of_class)]
        labels += [LABELS[label]] * len(of_class)
    return texts, labels


def read_test_set(source, test_portion=0.1, seed=123):
    """Return the test set ``(texts, labels)`` of a folder or an archive of reviews.

    Without one there, what :func:`preprocess` holds out. Raises :class:`BadInput`.
    """
    return as_set(read_both_sets(source, test_portion, seed), 'test')


def read_both_sets(source, test_portion, seed):
    """Read reviews; without a test set, hold one out."""
    reviews = read_reviews(source)
    if any(key[0] == 'test' for key in reviews):
        return reviews
    logger.info('%s: no test/ in it: %g of the training reviews are held out, drawn with seed %d',
                source, test_portion, seed)
    return hold_out(reviews, test_portion, seed)


def preprocess(source, output_dir, jobs=None, test_portion=0.1, seed=123):
    """Write imdb.pkl and imdb.dict.pkl of a folder or an archive of reviews into ``output_dir``.

    Without a test set in ``source``, a seeded ``test_portion`` of each class is held out.
    Returns the line that says what was done. Raises :class:`BadInput`.
    """
    reviews = read_both_sets(source, test_portion, seed)
    train, test = as_set(reviews, 'train'), as_set(reviews, 'test')
    n_words = save(train, test, output_dir, jobs=jobs)
    return ('%d reviews to train on, %d to test; %d different words; imdb.pkl and imdb.dict.pkl '
            'are in %s' % (len(train[0]), len(test[0]), n_words, output_dir))


# --- Command line -----------------------------------------------------------------------------


def build_parser():
    """Return the command line's parser."""
    parser = Parser(
        prog='imdb_preprocess.py',
        description='Turn raw movie reviews into imdb.pkl and imdb.dict.pkl, on which lstm.py\n'
                    'trains. A review is a UTF-8 text file; its folder says what it is:\n'
                    'train/pos, train/neg, test/pos, test/neg. Leave test/ out and a part of the\n'
                    'training reviews is held out instead.',
        epilog='examples:\n'
               '  python imdb_preprocess.py aclImdb_v1.tar.gz --output-dir data\n'
               '  python imdb_preprocess.py my_reviews --output-dir my_data --test-portion 0.2',
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('reviews', metavar='REVIEWS',
                        help='the folder of reviews, or a tar archive of it (.tar.gz, .tgz, ...), '
                             'which is read without being extracted')
    parser.add_argument('--output-dir', metavar='DIR', required=True,
                        help='where the two files go; made if need be')
    parser.add_argument('--jobs', metavar='N', type=at_least(1),
                        help='tokenizing processes (default: one for each core)')
    parser.add_argument('--test-portion', metavar='P', type=float, default=0.1,
                        help='without test/: the part of each class to hold out '
                             '(default: %(default)s)')
    parser.add_argument('--seed', metavar='N', type=at_least(0), default=123,
                        help='without test/: the seed of that choice (default: %(default)s)')
    return parser


def main(argv=None):
    """Run the command line; return the exit status: 0, 2 for bad input, 130 for Ctrl-C."""
    args = build_parser().parse_args(argv)
    try:
        print(preprocess(args.reviews, args.output_dir, args.jobs, args.test_portion, args.seed))
    except BadInput as error:
        print('imdb_preprocess.py: error: %s' % error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == '__main__':
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # leave no worker behind
    sys.exit(main())
