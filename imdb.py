"""The data of the tutorial: find or fetch it, load it, split it, pad it."""
import hashlib
import os
import tempfile

import numpy

import imdb_preprocess
from sentiment.data import snippets
from sentiment.data.fetch import download
from sentiment.data.pickles import read_dictionary, read_sets, words_in_order
from sentiment.data.place import data_folder
from sentiment.data.opening import file_hash
from sentiment.data.reviews import list_folder
from sentiment.data.safe_io import BadInput, naming
from sentiment.data.words import UNKNOWN
from sentiment.engine import config
from sentiment.log import logger

DEFAULT = 'imdb.pkl'
PICKLES = ('imdb.pkl', 'imdb.pkl.gz')
ARCHIVE = 'aclImdb_v1.tar.gz'
AT_HAND = PICKLES + (ARCHIVE, 'aclImdb')  # looked for in the data folder, in this order
ARCHIVE_ENDINGS = ('.tar', '.tar.gz', '.tgz', '.tar.bz2', '.tbz2', '.tar.xz', '.txz')

# The tutorial's own file; no checksum is known, so it is kept only if it reads as valid.
PICKLE_URL = 'https://www.iro.umontreal.ca/~lisa/deep/data/imdb.pkl'
# Maas et al., "Learning Word Vectors for Sentiment Analysis", ACL 2011
ARCHIVE_URL = 'https://ai.stanford.edu/~amaas/data/sentiment/' + ARCHIVE
ARCHIVE_HASH = 'sha256:c40f74a18d3b61f90feba1e17730e0d38e8b97c05fde7008942e91923d1658fe'

# --- Loading ----------------------------------------------------------------------------------


def load_data(path=DEFAULT, n_words=100000, valid_portion=0.1, maxlen=None, sort_by_len=True,
              rng=numpy.random):
    """Load the data set and split it; returns ``(train, valid, test)``.

    Each is ``(x, y)``: a list of 1-D int64 arrays of word indices, and a 1-D int64 array of labels.

    path : a pickle (also gzipped), an archive or a folder of reviews; see :func:`locate`
    n_words : words of this index and above become 1, the unknown word
    valid_portion : the part of the training set to validate on
    maxlen : leaves out reviews of this many words or more before the split; None keeps all
    sort_by_len : sort each set by length, which pads batches less
    rng : gives the permutation before the split: ``numpy.random`` or a ``RandomState``

    Raises BadInput for anything that is wrong with the file or the numbers.
    """
    if n_words <= UNKNOWN:
        raise BadInput('n_words=%d leaves no room for the padding (0) and the unknown word (1)'
                       % n_words)
    train, test = read_sets(locate(path))
    train, valid = split(keep_short(train, maxlen), valid_portion, rng)
    sets = [remove_rare(part, n_words) for part in (train, valid, test)]
    return tuple(sort_by_length(part) for part in sets) if sort_by_len else tuple(sets)


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
    return [x[i] for i in indices], numpy.asarray(y)[indices]


def keep_short(train, maxlen):
    """Leave out the reviews of ``maxlen`` words or more; ``None`` keeps all."""
    if maxlen is None:
        return train
    kept = numpy.array([i for i, review in enumerate(train[0]) if len(review) < maxlen], int)
    n_samples = len(train[0])
    if not len(kept):
        raise BadInput('none of the %d training reviews has fewer than maxlen=%d words; maxlen '
                       'none trains on all' % (n_samples, maxlen))
    if len(kept) < n_samples:
        logger.info('maxlen=%d leaves out %d of %d training reviews, those of so many words or '
                    'more; maxlen none trains on all', maxlen, n_samples - len(kept), n_samples)
    return take(train, kept)


def split(train, valid_portion, rng):
    """Split a set at random into training and validation sets, as the tutorial does."""
    n_samples = len(train[0])
    n_train = int(round(n_samples * (1. - valid_portion)))
    if not 0 < n_train < n_samples:
        smaller = min(valid_portion, 1. - valid_portion)
        raise BadInput('%d training reviews and valid_portion=%g leave none to train on or none to '
                       'validate on%s' % (n_samples, valid_portion, '; give at least %d'
                                          % (0.5 / smaller + 1) if smaller > 0 else ''))
    order = rng.permutation(n_samples)
    return take(train, order[:n_train]), take(train, order[n_train:])


def remove_rare(part, n_words):
    """Replace words of index ``n_words`` and above by the unknown word."""
    x, y = part
    return [numpy.where(review < n_words, review, UNKNOWN) for review in x], y


def sort_by_length(part):
    """Sort a set by length; reviews of equal length keep their order."""
    return take(part, numpy.argsort([len(review) for review in part[0]], kind='stable'))


def count_classes(sets):
    """Return the number of classes; raise BadInput if one of them has no training review."""
    lacking = set(range(1 + int(max(max(y) for _, y in sets)))).difference(sets[0][1])
    if lacking:
        raise BadInput('no training review of class %d is left: give more reviews, or another '
                       'maxlen' % min(lacking))
    return len(set(sets[0][1]))


# --- Finding ----------------------------------------------------------------------------------


def locate(path=None):
    """Return the path of the pickle to read.

    ``path`` may be a pickle, an archive of reviews, or a folder: one that holds imdb.pkl or
    imdb.pkl.gz, or one laid out like aclImdb. An archive and a folder of reviews are preprocessed,
    once. With ``None``, or with the default name and no such file, the data folder is
    searched, and at last the data is fetched. Raises BadInput.
    """
    path = path and os.fspath(path)
    if path is None or path == DEFAULT and not os.path.exists(path):
        known = [os.path.join(data_folder(), name) for name in AT_HAND]
        path = next((candidate for candidate in known if os.path.exists(candidate)), None)
        return as_pickle(path) if path else fetch()
    if not os.path.exists(path):
        raise BadInput('%s: no such file or folder' % path)
    return as_pickle(path)


def is_raw(path):
    """Whether ``path`` holds the reviews themselves: an archive, or a folder without a pickle."""
    if os.path.isdir(path):
        return not any(os.path.isfile(os.path.join(path, name)) for name in PICKLES)
    return path.lower().endswith(ARCHIVE_ENDINGS)


def as_pickle(path):
    """Return the pickle that ``path`` is, holds, or is preprocessed into."""
    if os.path.isdir(path):
        inside = [os.path.join(path, name) for name in PICKLES]
        found = next((candidate for candidate in inside if os.path.isfile(candidate)), None)
        return found or preprocess_once(path, folder_fingerprint(path))
    if path.lower().endswith(ARCHIVE_ENDINGS):
        return preprocess_once(path, file_hash(path))
    return path


def preprocess_once(source, fingerprint):
    """Preprocess a source of reviews into a folder of its own, unless that is done already."""
    stem = os.path.basename(os.path.abspath(source)).split('.')[0]
    folder = os.path.join(data_folder(), '%s-%s' % (stem, fingerprint[:12]))
    path = os.path.join(folder, 'imdb.pkl')
    return path if os.path.exists(path) else preprocess(source, folder)


def preprocess(source, folder):
    """Preprocess a source of reviews into ``folder``; returns the path of its imdb.pkl."""
    logger.info('preprocessing %s, once, into %s', source, folder)
    logger.info(imdb_preprocess.preprocess(source, folder))
    return os.path.join(folder, 'imdb.pkl')


def folder_fingerprint(folder):
    """Return the SHA-256 of the names, sizes and times of a folder's reviews."""
    digest = hashlib.sha256()
    for paths in list_folder(folder).values():
        for path in paths:
            with naming(path):
                status = os.stat(path)
            name = os.path.relpath(path, folder)
            digest.update(repr((name, status.st_size, status.st_mtime_ns)).encode('utf-8'))
    return digest.hexdigest()


def load_dictionary(path=None):
    """Return word -> index as it stands beside the data at ``path``, or None if it does not.

    That is imdb.dict.pkl, or imdb.dict.pkl.gz, beside imdb.pkl; see :func:`locate`.
    """
    folder, name = os.path.split(locate(path))
    stem = name.split('.pkl')[0]
    beside = [os.path.join(folder, stem + end) for end in ('.dict.pkl', '.dict.pkl.gz')]
    found = next((candidate for candidate in beside if os.path.isfile(candidate)), None)
    return read_dictionary(found) if found else None


def load_snippets_dictionary(path=None):
    """Return word -> index of the rated sentences; see :func:`load_dictionary`."""
    return load_dictionary(path or snippets.locate())


def load_vocabulary(load, path, n_words):
    """Return the words of index 2 to n_words - 1, an array of text; None if nobody knows them.

    load : path -> dictionary, as :func:`load_dictionary`, or None
    """
    dictionary = load(path) if load else None
    if dictionary is None:
        logger.info('no dictionary beside the data: the model will need --dictionary to read text')
        return None
    return words_in_order(dictionary, n_words)


# --- Fetching ---------------------------------------------------------------------------------


def fetch():
    """Fetch the data into the data folder; returns the path of its imdb.pkl.

    Tries the tutorial's own file, then the published archive, which it preprocesses. Raises
    BadInput, within half a minute if there is no network.
    """
    folder, failures = data_folder(), []
    with naming(folder):
        os.makedirs(folder, exist_ok=True)
    for fetch_one in (fetch_pickle, fetch_archive):
        try:
            return fetch_one(folder)
        except BadInput as error:
            failures.append(str(error))
    raise BadInput('the IMDB data is not here and cannot be fetched (%s); put imdb.pkl or %s into '
                   '%s, or give the path of either' % ('; '.join(failures), ARCHIVE, folder))


def fetch_pickle(folder):
    """Fetch the tutorial's imdb.pkl; it is kept only if it reads as valid."""
    with naming(folder), tempfile.TemporaryDirectory(prefix='.fetch-', dir=folder) as scratch:
        fetched = download(PICKLE_URL, None, scratch)
        read_sets(fetched)
        path = os.path.join(folder, 'imdb.pkl')
        os.replace(fetched, path)
        return path


def fetch_archive(folder):
    """Fetch the published archive, whose checksum is known, and preprocess it."""
    return preprocess(download(ARCHIVE_URL, ARCHIVE_HASH, folder), folder)
