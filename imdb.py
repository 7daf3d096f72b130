"""The data of the tutorial: find or fetch it, read it safely, split it, pad it."""
import hashlib
import os
import tempfile
import threading
from array import array

import numpy
import pooch
import requests
from tqdm import tqdm

import imdb_preprocess
from engine import config
from safe_io import MAX_BYTES, BadInput, load_pickles, naming

DATA_DIR = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'data')
DEFAULT = 'imdb.pkl'
PICKLES = ('imdb.pkl', 'imdb.pkl.gz')
ARCHIVE = 'aclImdb_v1.tar.gz'
AT_HAND = PICKLES + (ARCHIVE, 'aclImdb')  # looked for in DATA_DIR, in this order
ARCHIVE_ENDINGS = ('.tar', '.tar.gz', '.tgz', '.tar.bz2', '.tbz2', '.tar.xz', '.txz')

# The tutorial's own file; no checksum is known, so it is kept only if it reads as valid.
PICKLE_URL = 'https://www.iro.umontreal.ca/~lisa/deep/data/imdb.pkl'
# Maas et al., "Learning Word Vectors for Sentiment Analysis", ACL 2011
ARCHIVE_URL = 'https://ai.stanford.edu/~amaas/data/sentiment/' + ARCHIVE
ARCHIVE_HASH = 'sha256:c40f74a18d3b61f90feba1e17730e0d38e8b97c05fde7008942e91923d1658fe'
ANSWER_SECONDS = 8   # for a server to answer at all, name look-up included
STALL_SECONDS = 30   # for the next bytes of a download to come

MAX_INDEX = 2 ** 31  # of a word
ARRAY_BYTES = 128    # of an array itself
UNKNOWN = imdb_preprocess.UNKNOWN


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

    Raises :class:`safe_io.BadInput` for anything that is wrong with the file or the numbers.
    """
    if n_words <= UNKNOWN:
        raise BadInput('n_words=%d leaves no room for the padding (0) and the unknown word (1)'
                       % n_words)
    train, test = read_sets(locate(path))
    train, valid = split(keep_short(train, maxlen), valid_portion, rng)
    sets = [remove_rare(part, n_words) for part in (train, valid, test)]
    return tuple(sort_by_length(part) for part in sets) if sort_by_len else tuple(sets)


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


# Splitting; a set is (list of reviews, array of labels)

def take(part, indices):
    """Return the reviews and labels of a set at ``indices``, in their order."""
    x, y = part
    return [x[i] for i in indices], numpy.asarray(y)[indices]


def keep_short(train, maxlen):
    """Leave out the reviews of ``maxlen`` words or more; ``None`` keeps all."""
    if maxlen is None:
        return train
    kept = numpy.array([i for i, review in enumerate(train[0]) if len(review) < maxlen], int)
    if not len(kept):
        raise BadInput('no training review has fewer than maxlen=%d words' % maxlen)
    return take(train, kept)


def split(train, valid_portion, rng):
    """Split a set at random into training and validation sets, as the tutorial does."""
    n_samples = len(train[0])
    n_train = int(round(n_samples * (1. - valid_portion)))
    if not 0 < n_train < n_samples:
        raise BadInput('valid_portion=%g of %d training reviews leaves none to train on or to'
                       ' validate on' % (valid_portion, n_samples))
    order = rng.permutation(n_samples)
    return take(train, order[:n_train]), take(train, order[n_train:])


def remove_rare(part, n_words):
    """Replace words of index ``n_words`` and above by the unknown word."""
    x, y = part
    return [numpy.where(review < n_words, review, UNKNOWN) for review in x], y


def sort_by_length(part):
    """Sort a set by length; reviews of equal length keep their order."""
    return take(part, numpy.argsort([len(review) for review in part[0]], kind='stable'))


# Reading and checking

def read_sets(path):
    """Read the training and the test set of a pickle file, checked; raises ``BadInput``."""
    train, test = load_pickles(path, 2)
    train = check_set(train, '%s: training set' % path)
    test = check_set(test, '%s: test set' % path)
    n_classes = check_classes(train[1], '%s: training set' % path)
    if test[1].min() < 0 or test[1].max() >= n_classes:
        raise BadInput('%s: test set: a label is not one of 0 to %d' % (path, n_classes - 1))
    return train, test


def check_set(pair, where):
    """Return a set ``(reviews, labels)`` as int64 arrays, or say what is wrong with it."""
    if not isinstance(pair, (tuple, list)) or len(pair) != 2:
        raise BadInput('%s: not a pair of reviews and labels' % where)
    reviews, labels = pair[0], as_integers(pair[1], '%s: labels' % where)
    if not (isinstance(reviews, (list, tuple)) or numpy.ndim(reviews) == 2):
        raise BadInput('%s: its reviews are not a list' % where)
    if not len(reviews) or len(reviews) != len(labels):
        raise BadInput('%s: %d reviews and %d labels' % (where, len(reviews), len(labels)))
    return check_reviews(reviews, where), labels


def check_reviews(reviews, where):
    """Return reviews as int64 arrays; a small pickle may repeat one of them to fill the memory."""
    checked, left = [], MAX_BYTES
    for i, review in enumerate(reviews):
        checked.append(check_review(review, '%s: review x[%d]' % (where, i)))
        left -= ARRAY_BYTES + checked[-1].nbytes
        if left < 0:
            raise BadInput('%s: its reviews take more than %d bytes' % (where, MAX_BYTES))
    return checked


def check_review(review, where):
    """Return a review as an int64 array, or say what is wrong with it."""
    words = as_integers(review, where)
    if not len(words):
        raise BadInput('%s: has no words' % where)
    if words.min() < 0 or words.max() >= MAX_INDEX:
        raise BadInput('%s: a word index is not one of 0 to %d' % (where, MAX_INDEX - 1))
    return words


def as_integers(values, where):
    """Return a list, a tuple or an integer array as a 1-D int64 array."""
    if isinstance(values, numpy.ndarray):
        if values.ndim == 1 and values.dtype.kind in 'iu':
            return numpy.array(values, dtype='int64')
    elif isinstance(values, (list, tuple)):
        try:  # array looks at each element, and refuses one that is no integer or nested
            return numpy.array(array('q', values), dtype='int64')
        except (TypeError, OverflowError):
            pass
    raise BadInput('%s: not a list of integers' % where)


def check_classes(labels, where):
    """Return the number of classes; the labels must be 0, 1, ..., each there at least once."""
    classes = numpy.unique(labels)
    if len(classes) < 2 or not numpy.array_equal(classes, numpy.arange(len(classes))):
        raise BadInput('%s: its labels are %s, not 0 to k without a gap'
                       % (where, numpy.array2string(classes, threshold=8)))
    return len(classes)


# Finding

def locate(path=None):
    """Return the path of the pickle to read.

    ``path`` may be a pickle, an archive of reviews, or a folder: one that holds imdb.pkl or
    imdb.pkl.gz, or one laid out like aclImdb. An archive and a folder of reviews are preprocessed,
    once. With ``None``, or with the default name and no such file, the ``data`` folder beside this
    script is searched, and at last the data is fetched. Raises :class:`safe_io.BadInput`.
    """
    path = path and os.fspath(path)
    if path is None or path == DEFAULT and not os.path.exists(path):
        known = [os.path.join(DATA_DIR, name) for name in AT_HAND]
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
        return preprocess_once(path, archive_fingerprint(path))
    return path


def preprocess_once(source, fingerprint):
    """Preprocess a source of reviews into its own folder of ``DATA_DIR``, unless that is done."""
    stem = os.path.basename(os.path.abspath(source)).split('.')[0]
    folder = os.path.join(DATA_DIR, '%s-%s' % (stem, fingerprint[:12]))
    path = os.path.join(folder, 'imdb.pkl')
    return path if os.path.exists(path) else preprocess(source, folder)


def preprocess(source, folder):
    """Preprocess a source of reviews into ``folder``; returns the path of its imdb.pkl."""
    print('Preprocessing %s, once, into %s' % (source, folder), flush=True)
    print(imdb_preprocess.preprocess(source, folder), flush=True)
    return os.path.join(folder, 'imdb.pkl')


def archive_fingerprint(path):
    """Return the SHA-256 of a file."""
    with naming(path):
        return pooch.file_hash(path)


def folder_fingerprint(folder):
    """Return the SHA-256 of the names, sizes and times of a folder's reviews."""
    digest = hashlib.sha256()
    for paths in imdb_preprocess.list_folder(folder).values():
        for path in paths:
            with naming(path):
                status = os.stat(path)
            name = os.path.relpath(path, folder)
            digest.update(repr((name, status.st_size, status.st_mtime_ns)).encode('utf-8'))
    return digest.hexdigest()


# The dictionary

def load_dictionary(path=None):
    """Return word -> index as it stands beside the data at ``path``, or None if it does not.

    That is imdb.dict.pkl, or imdb.dict.pkl.gz, beside imdb.pkl; see :func:`locate`.
    """
    folder, name = os.path.split(locate(path))
    stem = name.split('.pkl')[0]
    beside = [os.path.join(folder, stem + end) for end in ('.dict.pkl', '.dict.pkl.gz')]
    found = next((candidate for candidate in beside if os.path.isfile(candidate)), None)
    return read_dictionary(found) if found else None


def read_dictionary(path):
    """Return the dict word -> index of a pickle, checked; raises ``BadInput``."""
    dictionary, = load_pickles(path, 1, encoding='utf-8')
    if not (isinstance(dictionary, dict) and dictionary
            and all(isinstance(word, str) for word in dictionary)):
        raise BadInput('%s: not a dictionary word -> index' % path)
    indices = as_integers(list(dictionary.values()), path)
    if indices.min() <= UNKNOWN or indices.max() >= MAX_INDEX:
        raise BadInput('%s: a word index is not one of %d to %d'
                       % (path, UNKNOWN + 1, MAX_INDEX - 1))
    return dictionary


def words_in_order(dictionary, n_words):
    """Return the words of index 2 to ``n_words`` - 1, an array of text; '' where there is none."""
    words = [''] * (min(n_words, max(dictionary.values()) + 1) - UNKNOWN - 1)
    for word, index in dictionary.items():
        if index < n_words:
            words[index - UNKNOWN - 1] = word
    return numpy.array(words, dtype=str)


# Fetching

def fetch():
    """Fetch the data into ``DATA_DIR``; returns the path of its imdb.pkl.

    Tries the tutorial's own file, then the published archive, which it preprocesses. Raises
    :class:`safe_io.BadInput`, within half a minute if there is no network.
    """
    failures = []
    with naming(DATA_DIR):
        os.makedirs(DATA_DIR, exist_ok=True)
    for fetch_one in (fetch_pickle, fetch_archive):
        try:
            return fetch_one()
        except BadInput as error:
            failures.append(str(error))
    raise BadInput('the IMDB data is not here and cannot be fetched (%s); put imdb.pkl or %s into '
                   '%s, or give the path of either' % ('; '.join(failures), ARCHIVE, DATA_DIR))


def fetch_pickle():
    """Fetch the tutorial's imdb.pkl; it is kept only if it reads as valid."""
    with naming(DATA_DIR), tempfile.TemporaryDirectory(prefix='.fetch-', dir=DATA_DIR) as folder:
        fetched = download(PICKLE_URL, None, folder)
        read_sets(fetched)
        path = os.path.join(DATA_DIR, 'imdb.pkl')
        os.replace(fetched, path)
        return path


def fetch_archive():
    """Fetch the published archive, whose checksum is known, and preprocess it."""
    return preprocess(download(ARCHIVE_URL, ARCHIVE_HASH, DATA_DIR), DATA_DIR)


def download(url, known_hash, folder):
    """Download ``url`` into ``folder`` by pooch; it appears there only if it is complete."""
    check_server(url)
    print('Fetching %s' % url, flush=True)
    pooch.get_logger().setLevel('WARNING')  # the line above says it
    with Progress(unit='B', unit_scale=True, disable=None) as bar:
        downloader = pooch.HTTPDownloader(progressbar=bar, timeout=STALL_SECONDS)
        try:
            return pooch.retrieve(url, known_hash, fname=url.rpartition('/')[2], path=folder,
                                  downloader=downloader)
        except (OSError, ValueError) as error:  # requests' errors are OSErrors
            raise BadInput('%s: %s' % (url, explain(error))) from error


class Progress(tqdm):
    """A progress bar that also stops a download without an end."""

    received = 0

    def __bool__(self):
        return True  # pooch asks, and a bar has no truth value before its total is known

    def update(self, n=1):
        self.received += n
        if self.received > MAX_BYTES:
            raise OSError('more than %d bytes' % MAX_BYTES)
        return super().update(n)


def check_server(url):
    """Raise :class:`safe_io.BadInput` unless the server answers soon.

    In a thread, as a name look-up that hangs obeys no time-out.
    """
    outcome = []
    thread = threading.Thread(target=lambda: outcome.append(ask(url)), daemon=True)
    thread.start()
    thread.join(ANSWER_SECONDS)
    problem = outcome[0] if outcome else explain(requests.Timeout())
    if problem:
        raise BadInput('%s: %s' % (url, problem))


def ask(url):
    """Return what is wrong when the server is asked for ``url``, or ``None``."""
    try:
        requests.head(url, timeout=ANSWER_SECONDS, allow_redirects=True).raise_for_status()
    except OSError as error:
        return explain(error)
    return None


def explain(error):
    """Say in a few words why a download failed; requests' own texts run over several lines."""
    if isinstance(error, requests.Timeout):
        return 'no answer within %d s' % ANSWER_SECONDS
    if isinstance(error, requests.ConnectionError):
        return 'no connection'
    return ' '.join(str(error).split())
