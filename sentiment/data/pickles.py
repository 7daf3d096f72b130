"""The two files that training reads: imdb.pkl and imdb.dict.pkl, written whole, read checked."""
import os
from array import array

import numpy
from six.moves import cPickle as pickle

from sentiment.data import about
from sentiment.data.errors import BadInput, brief, naming
from sentiment.data.opcodes import scan
from sentiment.data.opening import PICKLE_RATIO, read_bounded
from sentiment.data.tokenizers import MOSES
from sentiment.data.unpickling import load_pickles, unpickle
from sentiment.data.words import UNKNOWN, build_dict, encode, number_all
from sentiment.data.writing import check_can_write, settle, write_whole
from sentiment.log import logger

MAX_INDEX = 2 ** 31  # of a word
MAX_WORD = 1000      # characters; an array of text gives each word as many as the longest has
# a word is a byte of its file at least, unless a pickle repeats a review to fill the memory
FEW_WORDS, WORDS_PER_BYTE, WORDS_OF_ARRAY = 2 ** 18, 4, 16
WANTED = ('imdb.pkl as imdb_preprocess.py writes it, or reviews: a table, an archive, a folder of '
          'classes')
WANTED_WORDS = 'imdb.dict.pkl, a pickled dictionary word -> index'

# --- Writing ----------------------------------------------------------------------------------


def save(train, test, output_dir, stem='imdb', jobs=None, classes=('negative', 'positive'),
         tokenizer=MOSES):
    """Tokenize and encode two sets ``(texts, labels)``; write STEM.pkl, STEM.dict.pkl, STEM.json.

    STEM.pkl holds two pickles, train then test, each ``(lists of word indices, labels)``;
    STEM.dict.pkl holds word -> index, from the training set alone; STEM.json names the classes, in
    the order of their labels, and the tokenizer. All appear, or none.
    Returns the size of the dictionary. Raises :class:`BadInput`.
    """
    check_places(output_dir, stem)  # before the long work
    words, numbers = number_all(train[0] + test[0], jobs, tokenizer)
    n_train = len(train[0])
    dictionary, indices = rank(words, numbers, range(n_train))
    return write_sets((indices[:n_train], train[1]), (indices[n_train:], test[1]), dictionary,
                      output_dir, stem, classes, tokenizer)


def rank(words, numbers, training):
    """Return (word -> index, lists of word indices) of texts as ``number_all`` has numbered them;
    training: the places of those whose words are counted.
    """
    counts = numpy.bincount(numpy.concatenate([numbers[k] for k in training]),
                            minlength=len(words))
    dictionary = build_dict({word: n for word, n in zip(words, counts.tolist()) if n})
    index = numpy.array(encode(words, dictionary), int)
    return dictionary, [index[places].tolist() for places in numbers]


def check_output(output_dir, stem, other):
    """Make a folder if need be; raise BadInput if it has the data in another form, of whose
    dictionary this one would take the place.
    """
    with naming(output_dir):
        os.makedirs(output_dir, exist_ok=True)
    if os.path.exists(os.path.join(output_dir, stem + other)):
        raise BadInput('%s: %s%s is there already, and its dictionary; give another folder'
                       % (output_dir, stem, other))


def check_places(output_dir, stem):
    """Return the paths of STEM.pkl and STEM.dict.pkl in a folder that is made if need be."""
    check_output(output_dir, stem, '.parts')
    data_path, words_path = (os.path.join(output_dir, stem + end) for end in ('.pkl', '.dict.pkl'))
    for path in (data_path, words_path):
        check_can_write(path)
    return data_path, words_path


def write_sets(train, test, dictionary, output_dir, stem, classes, tokenizer):
    """Write the same three files of sets ``(lists of word indices, labels)``."""
    data_path, words_path = check_places(output_dir, stem)
    # The inner files appear first: where the data is, what belongs to it is too.
    with write_whole(data_path) as data, write_whole(words_path) as words, \
            write_whole(about.path_of(data_path)) as companion:
        companion.write(about.as_bytes(list(classes), tokenizer))
        pickle.dump(dictionary, words, 2)  # protocol 2, as Python 2 reads it too
        pickle.dump(train, data, 2)
        pickle.dump(test, data, 2)
        settle(words)  # a full disk is found before the first of them appears
        settle(data)
    return len(dictionary)


# --- The sets ---------------------------------------------------------------------------------


def read_sets(path):
    """Read the training and the test set of a pickle file, checked; raises ``BadInput``."""
    data = read_bounded(path, PICKLE_RATIO)
    try:
        train, test = unpickle(path, data, 2, wanted=WANTED)
    except BadInput:
        check_single(path, data)
        raise
    room = FEW_WORDS + WORDS_PER_BYTE * len(data)
    train = check_set(train, '%s: training set' % path, room)
    test = check_set(test, '%s: test set' % path, room)
    n_classes = check_classes(train[1], '%s: training set' % path)
    if test[1].min() < 0 or test[1].max() >= n_classes:
        raise BadInput('%s: test set: a label is not one of 0 to %d' % (path, n_classes - 1))
    return train, test


def check_single(path, data):
    """Raise BadInput, saying what it holds, if a file is one pickle where two are wanted."""
    try:
        if scan(data, 0) < len(data):
            return
        found, = unpickle(path, data, 1)
    except (ValueError, BadInput):
        return
    raise BadInput('%s: holds one pickle, %s; wanted are two in one file, the training set and then'
                   ' the test set, each (reviews, labels), as imdb_preprocess.py writes them'
                   % (path, describe(found)))


def describe(found):
    """Return what an object of a pickle seems to be."""
    if isinstance(found, dict):
        words = any(isinstance(key, str) for key in found)
        return 'a dictionary' + (' of words, as imdb.dict.pkl is' if words else '')
    if not isinstance(found, (tuple, list)):
        return 'a value of type %s' % type(found).__name__
    if len(found) in (2, 3) and all(isinstance(part, (tuple, list)) and len(part) == 2
                                    and isinstance(part[0], (tuple, list)) for part in found):
        if isinstance(found[0][0][0] if found[0][0] else 0, (tuple, list)):
            return 'all sets in one'
    if len(found) == 2:
        return 'one pair (reviews, labels)'
    return 'a %s of %d' % (type(found).__name__, len(found))


def check_set(pair, where, room):
    """Return a set ``(reviews, labels)`` as int64 arrays, or say what is wrong with it.

    room : how many words its reviews may have together
    """
    if not isinstance(pair, (tuple, list)) or len(pair) != 2:
        raise BadInput('%s: not a pair of reviews and labels but %s' % (where, describe(pair)))
    reviews, labels = pair[0], as_integers(pair[1], '%s: labels' % where)
    if not (isinstance(reviews, (list, tuple))
            or isinstance(reviews, numpy.ndarray) and reviews.ndim == 2):
        raise BadInput('%s: its reviews are not a list' % where)
    if not len(reviews) or len(reviews) != len(labels):
        raise BadInput('%s: %d reviews and %d labels' % (where, len(reviews), len(labels)))
    return check_reviews(reviews, where, room), labels


def check_reviews(reviews, where, room):
    """Return reviews as int64 arrays; a small pickle may repeat one of them to fill the memory."""
    checked = []
    for i, review in enumerate(reviews):
        room -= WORDS_OF_ARRAY + (len(review) if hasattr(review, '__len__') else 0)
        if room < 0:
            raise BadInput('%s: its reviews have more words than its file has room for' % where)
        checked.append(check_review(review, '%s: review x[%d]' % (where, i)))
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
    if len(classes) == 1:
        raise BadInput('%s: all its labels are %d: only one class, where two are the least'
                       % (where, classes[0]))
    if not numpy.array_equal(classes, numpy.arange(len(classes))):
        raise BadInput('%s: its labels are %s, not 0 to k without a gap'
                       % (where, numpy.array2string(classes, threshold=8)))
    return len(classes)


# --- The dictionary ---------------------------------------------------------------------------


def read_dictionary(path):
    """Return the dict word -> index of a pickle, checked; raises ``BadInput``."""
    dictionary, = load_pickles(path, 1, encoding='utf-8', wanted=WANTED_WORDS)
    if not (isinstance(dictionary, dict) and dictionary
            and all(isinstance(word, str) for word in dictionary)):
        raise BadInput('%s: not a dictionary word -> index%s'
                       % (path, ' but ' + describe(dictionary) if dictionary else ', but empty'))
    if not is_text(''.join(dictionary)):
        raise BadInput('%s: a word holds something that is not a character' % path)
    indices = as_integers(list(dictionary.values()), path)
    if indices.min() <= UNKNOWN or indices.max() >= MAX_INDEX:
        raise BadInput('%s: a word index is not one of %d to %d'
                       % (path, UNKNOWN + 1, MAX_INDEX - 1))
    return dictionary


def is_text(text):
    """Whether each character of a text can be written; half of a UTF-16 pair cannot."""
    try:
        text.encode('utf-8')
    except UnicodeEncodeError:
        return False
    return True


def words_in_order(dictionary, n_words):
    """Return the words of index 2 to ``n_words`` - 1, an array of text; '' where there is none."""
    words = [''] * (min(n_words, max(dictionary.values()) + 1) - UNKNOWN - 1)
    long = [word for word in dictionary if len(word) > MAX_WORD and dictionary[word] < n_words]
    for word in long:
        logger.info('left out: a word of %d characters, %s', len(word), brief(word, 60))
    for word, index in dictionary.items():
        if index < n_words and len(word) <= MAX_WORD:
            words[index - UNKNOWN - 1] = word
    return numpy.array(words, dtype=str)
