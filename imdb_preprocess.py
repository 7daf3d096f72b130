"""Turn raw reviews into the two files that the tutorial trains on: imdb.pkl and imdb.dict.pkl."""
import argparse
import os
import re
import signal
import sys
import tarfile
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from itertools import repeat

import numpy
from sacremoses import MosesTokenizer
from six.moves import cPickle as pickle
from tqdm import tqdm

from safe_io import MAX_BYTES, BadInput, naming, open_bounded, write_whole

LABELS = {'pos': 1, 'neg': 0}  # in the tutorial's order: positive reviews first
SETS = ('train', 'test')
UNKNOWN, FIRST_WORD = 1, 2     # word indices; 0 is the padding
MAX_REVIEW_BYTES = 2 ** 20     # seventy times the longest review of IMDB
MAX_FILES = 500000             # five times the files of the published archive
PRINTABLE = re.compile(r'[^\s\x00-\x1f]')  # what the tokenizer keeps at all


# Reading the reviews: {(set, label): {file name: text}}

def read_reviews(source):
    """Read a folder or an archive of reviews laid out like aclImdb.

    Returns ``{(set, label): {file name: text}}`` with set 'train' or 'test', label 'pos' or 'neg';
    the two test keys are absent if there is no test set. Raises :class:`BadInput`.
    """
    reviews = read_folder(source) if os.path.isdir(source) else read_archive(source)
    sets = SETS if any(key[0] == 'test' for key in reviews) else SETS[:1]
    for key in [(name, label) for name in sets for label in LABELS]:
        if not reviews.get(key):
            raise BadInput('%s: no review (*.txt) in %s/%s' % ((source,) + key))
    return reviews


def is_review(name):
    """Say whether a file of this name is a review: ``*.txt``, and not hidden."""
    return name.endswith('.txt') and not name.startswith('.')


def decode(data, name):
    """Return the text of a review's bytes; raise :class:`BadInput` naming the file if it has none.
    """
    if len(data) > MAX_REVIEW_BYTES:
        raise BadInput('%s: a review of more than %d bytes' % (name, MAX_REVIEW_BYTES))
    try:
        text = data.decode('utf-8-sig')
    except UnicodeDecodeError as error:
        raise BadInput('%s: not UTF-8 text (at byte %d)' % (name, error.start)) from error
    if not PRINTABLE.search(text):
        raise BadInput('%s: an empty review' % name)
    return text


def find_root(folder):
    """Return ``folder``, or its only subfolder, whichever holds ``train``."""
    with naming(folder):
        children = [entry.path for entry in os.scandir(folder) if entry.is_dir()]
    roots = [path for path in [folder] + sorted(children)
             if os.path.isdir(os.path.join(path, 'train'))]
    if not roots:
        raise BadInput('%s: no folder train/ in it, nor one level down' % folder)
    if len(roots) > 1:
        raise BadInput('%s: train/ is in more than one place: %s and %s' % (folder, *roots[:2]))
    return roots[0]


def list_folder(folder):
    """Return ``{(set, label): [path of a review, ...]}`` of a folder, sorted by name."""
    root = find_root(folder)
    sets = SETS if os.path.isdir(os.path.join(root, 'test')) else SETS[:1]
    return {(name, label): list_class(os.path.join(root, name, label))
            for name in sets for label in LABELS}


def list_class(folder):
    """Return the sorted paths of the reviews in one folder."""
    with naming(folder):
        return sorted(entry.path for entry in os.scandir(folder) if is_review(entry.name))


def read_folder(folder):
    """Read the reviews of a folder; see :func:`read_reviews`."""
    listed = list_folder(folder)
    paths = [path for key in listed for path in listed[key]]
    check_bounds(folder, len(paths), sum(file_size(path) for path in paths))
    return {key: {os.path.basename(path): read_file(path) for path in listed[key]}
            for key in listed}


def file_size(path):
    """Return a file's size; raise :class:`BadInput` if it is no plain file (a pipe would hang)."""
    with naming(path):
        size = os.path.getsize(path)
    if not os.path.isfile(path):
        raise BadInput('%s: not a plain file' % path)
    return size


def read_file(path):
    """Return the text of one review."""
    with naming(path), open(path, 'rb') as file:
        return decode(file.read(MAX_REVIEW_BYTES + 1), path)


def check_bounds(source, n_files, n_bytes):
    """Raise :class:`BadInput` if there is more than any set of reviews should hold."""
    if n_files > MAX_FILES:
        raise BadInput('%s: more than %d files' % (source, MAX_FILES))
    if n_bytes > MAX_BYTES:
        raise BadInput('%s: holds more than %d bytes' % (source, MAX_BYTES))


def read_archive(path):
    """Read the reviews of a tar archive, member by member; nothing is extracted to the disk."""
    with open_bounded(path) as stream:
        try:
            with tarfile.open(fileobj=stream, mode='r|') as archive:
                reviews = read_members(archive, path)
            check_end(stream, path)
        except (OSError, BadInput):  # open_bounded names the file
            raise
        except Exception as error:   # damaged archives can raise nearly anything
            reason = ' '.join(str(error).split()) or type(error).__name__
            raise BadInput('%s: not a whole archive: %s' % (path, reason)) from error
    return reviews


def read_members(archive, path):
    """Read the reviews among the members of an open archive, all in one root folder."""
    reviews, roots = {}, {}
    for number, member in enumerate(archive, 1):
        check_bounds(path, number, 0)
        check_member(member, path)
        root, key, name = place(member)
        if key is None:
            continue
        roots.setdefault(root, member.name)
        texts = reviews.setdefault(key, {})
        if member.isfile():
            data = archive.extractfile(member).read(MAX_REVIEW_BYTES + 1)
            texts[name] = decode(data, '%s: %r' % (path, member.name))
    if len(roots) > 1:
        raise BadInput('%s: reviews in more than one place: %r and %r'
                       % (path, *list(roots.values())[:2]))
    return reviews


def check_member(member, path):
    """Refuse what would leave the target folder if it were extracted, or is no file or folder."""
    if member.name.startswith('/') or '..' in member.name.split('/'):
        raise BadInput('%s: refused: member %r leaves the folder' % (path, member.name))
    if not (member.isfile() or member.isdir()):
        raise BadInput('%s: refused: member %r is a link or a device' % (path, member.name))


def place(member):
    """Return ``(root, (set, label), file name)`` of a member; all ``None`` if it is no part of it.

    A folder ``ROOT/train/pos`` counts too, without a file name: an empty class must be seen.
    """
    parts = tuple(part for part in member.name.split('/') if part not in ('', '.'))
    folder = parts if member.isdir() else parts[:-1]
    root, key = folder[:-2], folder[-2:]
    known = len(key) == 2 and key[0] in SETS and key[1] in LABELS and len(root) <= 1
    if not known or not (member.isdir() or is_review(parts[-1])):
        return None, None, None
    return root, key, parts[-1]


def check_end(stream, path):
    """Read to the end: tarfile stops silently at a damaged header, and gzip checks its sum there.
    """
    for block in iter(lambda: stream.read(2 ** 16), b''):
        if block.strip(b'\0'):
            raise BadInput('%s: not a whole archive: damaged in the middle' % path)


# From reviews to a training and a test set

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


# Words and their indices

class Tokenizer(MosesTokenizer):
    """Moses' own tokens; only the set of lower-case letters is not built anew for each word."""

    LOWER = frozenset(MosesTokenizer.IsLower)

    def islower(self, text):
        return self.LOWER.issuperset(text)


MOSES = Tokenizer(lang='en')


def tokenize_line(text):
    """Return the lower-case Moses tokens of ``text`` in one string, a space between two."""
    return ' '.join(MOSES.tokenize(text, escape=False)).lower()


def tokenize(text):
    """Return the list of the lower-case Moses tokens of ``text``; each word is one object only."""
    return split_line(tokenize_line(text))


def split_line(line):
    """Split a line into words; interned, millions of words take little memory."""
    return [sys.intern(word) for word in line.split()]


CHUNK = 100  # texts that a process is handed at once


def count_cores():
    """Return the number of cores that this process may use."""
    affinity = getattr(os, 'sched_getaffinity', None)  # absent on macOS and Windows
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def ignore_interrupt():
    """Leave Ctrl-C to the parent process; called in each worker."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def tokenize_all(texts, jobs=None):
    """Return :func:`tokenize` of each of ``texts``, in order, by ``jobs`` processes (all cores).

    Raises :class:`BadInput` if a worker process is killed, as the system does for want of memory.
    """
    jobs = min(jobs or count_cores(), -(-len(texts) // CHUNK) or 1)
    if jobs == 1:
        return [tokenize(text) for text in progress(texts, len(texts))]
    with ProcessPoolExecutor(jobs, initializer=ignore_interrupt) as pool, \
            closing(pool.map(tokenize_line, texts, chunksize=CHUNK)) as lines:
        try:
            return [split_line(line) for line in progress(lines, len(texts))]
        except BrokenProcessPool as error:
            raise BadInput('a tokenizing process was killed; try fewer --jobs') from error


def progress(items, total):
    """Show a bar over ``items`` on a terminal, nothing in a log."""
    return tqdm(items, total=total, desc='Tokenizing', unit=' reviews', disable=None)


def build_dict(sentences):
    """Return word -> index for lists of words: 2 is the most frequent; ties go by the word itself.
    """
    counts = Counter()
    for words in sentences:
        counts.update(words)
    ranked = sorted(counts, key=lambda word: (-counts[word], word))
    return {word: index for index, word in enumerate(ranked, FIRST_WORD)}


def encode(words, dictionary):
    """Return the list of the words' indices; a word that the dictionary lacks is 1."""
    return list(map(dictionary.get, words, repeat(UNKNOWN)))


# The two files

def save(train, test, output_dir, stem='imdb', jobs=None):
    """Tokenize and encode two sets ``(texts, labels)``; write STEM.pkl and STEM.dict.pkl.

    STEM.pkl holds two pickles, train then test, each ``(lists of word indices, labels)``;
    STEM.dict.pkl holds word -> index, from the training set alone. Both appear, or neither.
    Returns the size of the dictionary. Raises :class:`BadInput`.
    """
    with naming(output_dir):
        os.makedirs(output_dir, exist_ok=True)  # before the long work: it may fail
    sentences = tokenize_all(train[0] + test[0], jobs)
    n_train = len(train[0])
    dictionary = build_dict(sentences[:n_train])
    indices = [encode(words, dictionary) for words in sentences]
    # The inner file appears first: where the data is, its dictionary is too.
    with write_whole(os.path.join(output_dir, stem + '.pkl')) as data, \
            write_whole(os.path.join(output_dir, stem + '.dict.pkl')) as words:
        pickle.dump(dictionary, words, 2)  # protocol 2, as Python 2 reads it too
        pickle.dump((indices[:n_train], train[1]), data, 2)
        pickle.dump((indices[n_train:], test[1]), data, 2)
    return len(dictionary)


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
    print('%s: no test/ in it: %g of the training reviews are held out, drawn with seed %d'
          % (source, test_portion, seed), file=sys.stderr)
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


# Command line

class Parser(argparse.ArgumentParser):
    """A parser whose error is one line; --help tells the rest."""

    def error(self, message):
        self.exit(2, '%s: error: %s\n' % (self.prog, message))


def at_least(low):
    """Return a reader of whole numbers from ``low`` up, for argparse."""
    def number(text):
        if int(text) < low:
            raise argparse.ArgumentTypeError('%s is too small; at least %d' % (text, low))
        return int(text)

    return number


def build_parser():
    """Return the command line's parser."""
    parser = Parser(
        prog='imdb_preprocess.py',
        description='Turn raw movie reviews into imdb.pkl and imdb.dict.pkl, on which lstm.py '
                    'trains. A review is a UTF-8 text file; its folder says what it is: '
                    'train/pos, train/neg, test/pos, test/neg. Leave test/ out and a part of '
                    'the training reviews is held out instead.',
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
