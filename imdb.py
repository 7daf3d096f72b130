"""The data of the tutorial: find or fetch it, load it, split it, pad it."""
import hashlib
import os
import tempfile

import numpy

import imdb_preprocess
from sentiment.data import snippets
from sentiment.data.about import default_classes, read_about, stem_of
from sentiment.data.encoded import ENDING, INDEX
from sentiment.data.folds import fold_of, read_fold
from sentiment.data.forms import PICKLE, form_of
from sentiment.data.items import likeness
from sentiment.data.opening import file_hash
from sentiment.data.pickles import read_dictionary, read_sets, words_in_order
from sentiment.data.place import data_folder
from sentiment.data.safe_io import BadInput, naming
from sentiment.data.streamed import BUFFER, held, open_sets
from sentiment.data.tokenizers import MOSES
from sentiment.data.words import UNKNOWN
from sentiment.engine import config
from sentiment.log import logger
from sentiment.reviews.given import GIVEN, as_reviews, is_path
from sentiment.reviews.members import files_below, start_of
from sentiment.reviews.tables import How

DEFAULT = 'imdb.pkl'
READY = ('imdb.pkl', 'imdb.pkl.gz', 'imdb' + INDEX)  # to train on
ARCHIVE = 'aclImdb_v1.tar.gz'
AT_HAND = READY + (ARCHIVE, 'aclImdb')  # looked for in the data folder, in this order
# how raw reviews are read; None stands for what is usual
READING = ('text_column', 'label_column', 'encoding', 'test_path', 'tokenizer')

# The tutorial's own file; no checksum is known, so it is kept only if it reads as valid.
PICKLE_URL = 'https://www.iro.umontreal.ca/~lisa/deep/data/imdb.pkl'
# Maas et al., "Learning Word Vectors for Sentiment Analysis", ACL 2011
ARCHIVE_URL = 'https://ai.stanford.edu/~amaas/data/sentiment/' + ARCHIVE
ARCHIVE_HASH = 'sha256:c40f74a18d3b61f90feba1e17730e0d38e8b97c05fde7008942e91923d1658fe'

# --- Loading ----------------------------------------------------------------------------------


def load_data(path=DEFAULT, n_words=100000, valid_portion=0.1, maxlen=None, sort_by_len=True,
              rng=numpy.random, stretches=None, fold=None, **how):
    """Load the data set and split it; returns ``(train, valid, test)``.

    Each is ``(x, y)``: a list of 1-D int64 arrays of word indices, and a 1-D int64 array of labels.
    Of encoded parts, x is the like of a list, of which little is in memory.

    path : a pickle (also gzipped), encoded parts, or raw reviews in any form; see :func:`locate`
    n_words : words of this index and above become 1, the unknown word
    valid_portion : the part of the training set to validate on
    maxlen : leaves out reviews of this many words or more before the split; None keeps all
    sort_by_len : sort each set by length, which pads batches less
    rng : gives the permutation before the split: ``numpy.random`` or a ``RandomState``
    stretches : validate on this many stretches of reviews that stand side by side, and on those
        most like them; None: on single reviews, drawn at random
    fold : 2/5: validate on the second of five parts, drawn at random, which have each review once;
        with stretches, on so many of these in each, and none that are like them
    how : text_column, label_column, encoding, test_path, tokenizer, of raw reviews

    Raises BadInput for anything that is wrong with the file or the numbers.
    """
    if n_words <= UNKNOWN:
        raise BadInput('n_words=%d leaves no room for the padding (0) and the unknown word (1)'
                       % n_words)
    found = locate(path, **how)
    train, test = (open_sets if found.endswith(INDEX) else read_sets)(found)
    if stretches and not fold:
        check_memory(found, held(train[0]))
    train = keep_short(train, maxlen)
    train, valid = (split_fold(train, fold, rng, stretches) if fold
                    else split(train, valid_portion, rng, stretches))
    sets = [remove_rare(part, n_words) for part in (train, valid, test)]
    return tuple(sort_by_length(part) for part in sets) if sort_by_len else tuple(sets)


def check_memory(path, reviews):
    """Raise BadInput where the reviews are too many to be compared, as ``stretches`` does."""
    n_words = int(reviews.lengths.sum())
    if reviews.streams and n_words > BUFFER:
        raise BadInput('%s: stretches compares all training reviews, in memory; these have %d '
                       'words, where %d are the most; stretches none validates on single ones'
                       % (path, n_words, BUFFER))


def load_snippets(path=None, **keywords):
    """Load the rated sentences, fetched if need be, or the data at ``path``: see :func:`load_data`.
    """
    return load_data(path or snippets.locate(), **keywords)


def prepare_data(seqs, labels, maxlen=None):
    """Pad sequences into a matrix of (time, samples).

    seqs : list of 1-D integer arrays or lists; labels : as many integers
    maxlen : leaves out sequences of this many words or more; None keeps all

    Returns x (time, samples) int64, mask (time, samples) floatX, 1 where x is a word and 0 where
    it is padding, and labels (samples,) int64; or three ``None`` if no sequence is left.
    """
    if maxlen is not None:
        kept = [i for i, seq in enumerate(seqs) if len(seq) < maxlen]
        seqs, labels = [seqs[i] for i in kept], [labels[i] for i in kept]
    if not len(seqs):
        return None, None, None
    lengths = numpy.array([len(seq) for seq in seqs])
    x = numpy.zeros((lengths.max(), len(seqs)), dtype='int64')
    for i, seq in enumerate(seqs):
        x[:len(seq), i] = seq
    mask = (numpy.arange(len(x))[:, None] < lengths).astype(config.floatX)
    return x, mask, numpy.array(labels, dtype='int64')


# --- Splitting: a set is (list of reviews, array of labels) -----------------------------------


def take(part, indices):
    """Return the reviews and labels of a set at ``indices``, in their order."""
    x, y = part
    return held(x).take(indices), numpy.asarray(y)[indices]


def keep_short(train, maxlen):
    """Leave out the reviews of ``maxlen`` words or more; ``None`` keeps all. Raises BadInput where
    none is left.
    """
    if maxlen is None:
        return train
    kept = numpy.flatnonzero(held(train[0]).lengths < maxlen)
    n_samples = len(train[0])
    if not len(kept):
        raise BadInput('none of the %d training reviews has fewer than maxlen=%d words; maxlen '
                       'none trains on all' % (n_samples, maxlen))
    if len(kept) < n_samples:
        logger.warning('maxlen=%d leaves out %d of %d training reviews, those of so many words '
                       'or more; maxlen none trains on all', maxlen, n_samples - len(kept),
                       n_samples)
    return take(train, kept)


def split(train, valid_portion, rng, stretches=None):
    """Split a set at random into training and validation sets, as the tutorial does.

    With ``stretches``, half of those that validate are in that many stretches of neighbours, one
    somewhere in each of as many equal parts; the others are those most like them. Where reviews of
    one film stand side by side, class by class, as in IMDB's archive, few films that validate have
    then been trained on, as none of the test have. Raises BadInput where a set would be empty.
    """
    n_samples = len(train[0])
    n_train = int(round(n_samples * (1. - valid_portion)))
    if not 0 < n_train < n_samples:
        smaller = min(valid_portion, 1. - valid_portion)
        raise BadInput('%d training reviews and valid_portion=%g leave none to train on or none to '
                       'validate on%s' % (n_samples, valid_portion, '; give at least %d'
                                          % (0.5 / smaller + 1) if smaller > 0 else ''))
    order = rng.permutation(n_samples)
    if stretches:
        n_valid = n_samples - n_train
        chosen = choose_stretches(n_samples, n_valid - n_valid // 2, stretches, rng)
        rank = numpy.where(chosen, 2., likeness(train[0], chosen))  # a cosine is at most 1
        order = order[numpy.argsort(rank[order], kind='stable')]
    return take(train, order[:n_train]), take(train, order[n_train:])


def choose_stretches(n_samples, size, n_stretches, rng):
    """Return which of the samples (n_samples,) are in stretches that have ``size`` of them."""
    chosen = numpy.zeros(n_samples, bool)
    bounds = numpy.arange(n_stretches + 1) * n_samples // n_stretches
    for low, high, length in zip(bounds, bounds[1:], numpy.diff(bounds * size // n_samples)):
        start = rng.permutation(numpy.arange(low, high - length + 1))[0]
        chosen[start:start + length] = True
    return chosen


def split_fold(train, fold, rng, stretches=None):
    """Split a set into the reviews of all folds but one, and of that one; see :func:`load_data`."""
    which, n_folds = read_fold(fold)
    order = rng.permutation(len(train[0]))
    validates = fold_of(len(order), n_folds, rng, stretches)[order] == which
    return take(train, order[~validates]), take(train, order[validates])


def remove_rare(part, n_words):
    """Replace words of index ``n_words`` and above by the unknown word."""
    x, y = part
    return held(x).without_rare(n_words), y


def sort_by_length(part):
    """Sort a set by length; reviews of equal length keep their order."""
    return take(part, numpy.argsort(held(part[0]).lengths, kind='stable'))


def highest_label(sets):
    """Return the highest label of sets, of which some may have no reviews."""
    return int(max(max(y, default=0) for _, y in sets))


def count_classes(sets, names=None):
    """Return the number of classes; raise BadInput if one of them has no training review."""
    n_classes = max(len(names or ()), 1 + highest_label(sets))
    lacking = set(range(n_classes)).difference(sets[0][1])
    if lacking:
        raise BadInput('no training review of class %s is left: give more reviews, or another '
                       'maxlen' % (names or default_classes(n_classes))[min(lacking)])
    return n_classes


# --- Finding ----------------------------------------------------------------------------------


def locate(path=None, **how):
    """Return the path of the pickle, or list of encoded parts, to read.

    ``path`` may be one; a folder that holds imdb.pkl, imdb.pkl.gz or imdb.parts; or raw reviews,
    which are preprocessed, once: any file, folder or archive that :mod:`sentiment.reviews` reads, a
    pandas DataFrame, or a pair of lists (texts, labels). With ``None``, or with the default name
    and no such file, the data folder is searched, and at last the data is fetched.

    how: of raw reviews, text_column, label_column, encoding, test_path, tokenizer. Raises BadInput.
    """
    how = {name: value for name, value in how.items() if value is not None}
    if path is not None and not is_path(path):
        return preprocess_given(path, how)
    path = path and os.fspath(path)
    if path is None or path == DEFAULT and not os.path.exists(path):
        known = [os.path.join(data_folder(), name) for name in AT_HAND]
        path = next((candidate for candidate in known if os.path.exists(candidate)), None)
        return as_pickle(path, how) if path else fetch(how)
    if not os.path.exists(path):
        raise BadInput('%s: no such file or folder' % path)
    return as_pickle(path, how)


def find_pickle(path):
    """Return the pickle or list of encoded parts that ``path`` is or holds; None: raw reviews."""
    if os.path.isdir(path):
        inside = [place for place in (os.path.join(path, name) for name in READY)
                  if os.path.isfile(place)]
        if len(inside) > 1 and inside[-1].endswith(INDEX):
            raise BadInput('%s: holds imdb.pkl and encoded parts; name the one that is meant'
                           % path)
        if not inside and any(name.endswith(ENDING) for name in os.listdir(path)):
            raise BadInput('%s: holds encoded parts and not imdb.parts, the list of them; run '
                           'imdb_preprocess.py --parts again' % path)
        return inside[0] if inside else None
    named = path.lower().endswith(('.pkl', '.pkl.gz', INDEX))  # which says what is wrong with it
    return path if named or form_of(start_of(path)) == PICKLE else None


def is_raw(path):
    """Whether ``path`` is, or holds, the reviews themselves: no pickle."""
    return not is_path(path) or os.path.exists(path) and not find_pickle(path)


def as_pickle(path, how):
    """Return the pickle that ``path`` is, holds, or is preprocessed into."""
    return check_ready(find_pickle(path), how) or preprocess_once(path, how)


def check_ready(path, how):
    """Return a pickle's path; raise BadInput at options that come too late for it."""
    late, asked = set(how) - {'tokenizer'}, how.get('tokenizer')
    if path and late:
        raise BadInput('%s: is preprocessed already; %s is for raw reviews' % (path, min(late)))
    if path and asked and asked != read_about(path)[1]:
        raise BadInput('%s: its words were made by the tokenizer %s, not by %s; give the raw '
                       'reviews' % (path, read_about(path)[1], asked))
    return path


def preprocess_once(source, how):
    """Preprocess a source of reviews into a folder of its own, unless that is done already."""
    stem = os.path.basename(os.path.abspath(source)).split('.')[0]
    folder = folder_of(stem, fingerprint(source), how)
    path = os.path.join(folder, 'imdb.pkl')
    return path if os.path.exists(path) else preprocess(source, folder, how)


def preprocess_given(data, how):
    """Preprocess reviews that stand in memory, once, into a folder of their own."""
    reviews = as_reviews(data, how.get('text_column'), how.get('label_column'))
    digest = hashlib.sha256()
    for text in reviews.texts + reviews.labels:
        digest.update(text.encode('utf-8', 'surrogatepass') + b'\0')
    folder = folder_of('given', digest.hexdigest(), how)
    path = os.path.join(folder, 'imdb.pkl')
    if not os.path.exists(path):
        train, test = imdb_preprocess.add_test_set(reviews, GIVEN, as_how(how),
                                                   how.get('test_path'))
        logger.info(imdb_preprocess.write(GIVEN, train, test, folder, None,
                                          how.get('tokenizer', MOSES)))
    return path


def folder_of(stem, digest, how):
    """Return the folder in which reviews of this content, read in this way, are kept."""
    others = sorted((name, fingerprint(value) if name == 'test_path' else value)
                    for name, value in how.items() if (name, value) != ('tokenizer', MOSES))
    if others:
        digest = hashlib.sha256(repr((digest, others)).encode('utf-8')).hexdigest()
    return os.path.join(data_folder(), '%s-%s' % (stem, digest[:12]))


def preprocess(source, folder, how=()):
    """Preprocess a source of reviews into ``folder``; returns the path of its imdb.pkl."""
    logger.info('preprocessing %s, once, into %s', source, folder)
    how = dict(how)
    logger.info(imdb_preprocess.preprocess(
        source, folder, how=as_how(how), test_path=how.get('test_path'),
        tokenizer=how.get('tokenizer', MOSES)))
    return os.path.join(folder, 'imdb.pkl')


def as_how(how):
    """Return how the columns of tables are found, of all that is said of raw reviews."""
    return How(*map(how.get, How._fields))


def fingerprint(source):
    """Return the SHA-256 of a file, or of the names, sizes and times of a folder's files."""
    if not os.path.isdir(source):
        return file_hash(source)
    digest = hashlib.sha256()
    with naming(source):
        for path in sorted(files_below(source)):
            status = os.stat(path)
            name = os.path.relpath(path, source)
            digest.update(repr((name, status.st_size, status.st_mtime_ns)).encode('utf-8'))
    return digest.hexdigest()


def load_dictionary(path=None, **how):
    """Return word -> index as it stands beside the data at ``path``, or None if it does not.

    That is imdb.dict.pkl, or imdb.dict.pkl.gz, beside imdb.pkl; see :func:`locate`.
    """
    folder, name = os.path.split(locate(path, **how))
    beside = [os.path.join(folder, stem_of(name) + end) for end in ('.dict.pkl', '.dict.pkl.gz')]
    found = next((candidate for candidate in beside if os.path.isfile(candidate)), None)
    return read_dictionary(found) if found else None


def load_snippets_dictionary(path=None, **how):
    """Return word -> index of the rated sentences; see :func:`load_dictionary`."""
    return load_dictionary(path or snippets.locate(), **how)


def load_vocabulary(load, path=None, n_words=100000, **how):
    """Return the words of index 2 to n_words - 1, an array of text; None if nobody knows them.

    load : path -> dictionary, as :func:`load_dictionary`, or None
    """
    dictionary = load(path, **how) if load else None
    if dictionary is None:
        logger.info('no dictionary beside the data: the model will need --dictionary to read text')
        return None
    return words_in_order(dictionary, n_words)


def reading(options):
    """Return the options that say which reviews are read and how, those that are not None."""
    return {name: options[name] for name in ('path',) + READING
            if options.get(name) is not None}


def loading(options):
    """Return what :func:`load_data` is told: :func:`reading`, and what validates, if not a random
    part.
    """
    return dict(reading(options), **{name: options[name] for name in ('stretches', 'fold')
                                     if options.get(name)})


def names_of(load, options, sets):
    """Return (names of the classes, tokenizer) of the data that the options name.

    load : path -> dictionary; of data that is not ours, classes have their usual names
    """
    n_classes = 1 + highest_label(sets)
    if load in LOCATORS:
        return read_about(LOCATORS[load](**reading(options)), n_classes)
    return default_classes(n_classes), MOSES


def hash_of(load, options):
    """Return the SHA-256 of the pickle, or list of encoded parts, that the options name; None where
    ``load``, a data set's load_dictionary, is not one of ours.
    """
    return file_hash(LOCATORS[load](**reading(options))) if load in LOCATORS else None


def describe(load, options, sets):
    """Return what a training must know of its data, as options: classes, the list of their names;
    ydim, their number; tokenizer; class_weights, a list, or None where none are asked for.
    """
    classes, tokenizer = names_of(load, options, sets)
    n_classes = count_classes(sets, classes)
    if classes != default_classes(n_classes):
        logger.info('classes: %s', ', '.join(classes))
    return {'classes': classes, 'ydim': n_classes, 'tokenizer': tokenizer,
            'class_weights': weights_of(options['class_weight'], sets[0][1], n_classes)}


def weights_of(asked, labels, n_classes):
    """Return the weight of each class as a list, None where none are asked for. Raises BadInput if
    there are not as many as classes.
    """
    if isinstance(asked, list) and len(asked) != n_classes:
        raise BadInput('class_weight: %d weights of %d classes' % (len(asked), n_classes))
    if asked == 'balanced':
        counts = numpy.bincount(labels, minlength=n_classes)
        return (counts.sum() / (n_classes * counts)).tolist()
    return asked


def locate_snippets(path=None, **how):
    """Return the path of the rated sentences' pickle, or of that at ``path``."""
    return locate(path or snippets.locate(), **how)


LOCATORS = {load_dictionary: locate, load_snippets_dictionary: locate_snippets}

# --- Fetching ---------------------------------------------------------------------------------


def fetch(how=()):
    """Fetch the data into the data folder; returns the path of its imdb.pkl.

    Tries the tutorial's own file, then the published archive, which it preprocesses. Raises
    BadInput, within half a minute if there is no network.
    """
    folder, failures = data_folder(), []
    with naming(folder):
        os.makedirs(folder, exist_ok=True)
    for fetch_one in (fetch_pickle, fetch_archive):
        try:
            return check_ready(fetch_one(folder), dict(how))
        except BadInput as error:
            failures.append(str(error))
    raise BadInput('the IMDB data is not here and cannot be fetched (%s); put imdb.pkl or %s into '
                   '%s, or give the path of either' % ('; '.join(failures), ARCHIVE, folder))


def fetch_pickle(folder):
    """Fetch the tutorial's imdb.pkl; it is kept only if it reads as valid."""
    from sentiment.data.fetch import download  # a tenth of a second, and seldom used
    with naming(folder), tempfile.TemporaryDirectory(prefix='.fetch-', dir=folder) as scratch:
        fetched = download(PICKLE_URL, None, scratch)
        read_sets(fetched)
        path = os.path.join(folder, 'imdb.pkl')
        os.replace(fetched, path)
        return path


def fetch_archive(folder):
    """Fetch the published archive, whose checksum is known, and preprocess it."""
    from sentiment.data.fetch import download
    return preprocess(download(ARCHIVE_URL, ARCHIVE_HASH, folder), folder)
