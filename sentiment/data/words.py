"""Words: how a text becomes lower-case tokens, and tokens the numbers that the model reads."""
import multiprocessing
import os
import signal
import sys
import threading
from array import array
from collections import defaultdict, namedtuple
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, contextmanager, suppress
from functools import partial
from itertools import repeat

import numpy
from tqdm import tqdm

from sentiment.data.errors import BadInput
from sentiment.data.known import Known
from sentiment.data.tokenizers import MOSES, find_tokenizer
from sentiment.log import no_bar

UNKNOWN, FIRST_WORD = 1, 2  # word indices; 0 is the padding
CHUNK = 100                 # texts that a process is handed at once
FEW = 200                   # texts that are tokenized sooner than another process starts
OWN = {}                    # a worker's own: the function that it works with
INT32 = 4                   # bytes

# what a Numbering found in some texts: its key; its words that are new; how many words each text
# has; and the places of all of them among its words, int32 as bytes
Numbered = namedtuple('Numbered', 'key new sizes places')


def tokenize(text, tokenizer=MOSES):
    """Return the list of the lower-case words of ``text``; each word is one object only."""
    return as_one_object_each(find_tokenizer(tokenizer)(text))


def as_one_object_each(words):
    """Return a list of words, interned: so millions of them take little memory."""
    return list(map(sys.intern, words))


def count_cores():
    """Return the number of cores that this process may use."""
    affinity = getattr(os, 'sched_getaffinity', None)  # absent on macOS and Windows
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def count_workers():
    """Return how many processes may share work: one for each core; a daemon may start none."""
    return 1 if multiprocessing.current_process().daemon else count_cores()


def start_worker(make, arguments):
    """Make what a worker works with; leave Ctrl-C to the parent process, and end when it has ended.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=end_with_parent, daemon=True).start()
    OWN['work'] = make(*arguments)


def in_worker(item):
    """Return what this worker's own function says of an item."""
    return OWN['work'](item)


def end_with_parent():
    """End this process when its parent has ended, be it killed."""
    multiprocessing.parent_process().join()
    os._exit(1)


@contextmanager
def held_back():
    """Have a stop wait for the end of the block: raised while a process forks, it would be lost."""
    came, before = [], {}
    if threading.current_thread() is threading.main_thread():  # where alone one is raised
        before = {signum: signal.signal(signum, lambda signum, _: came.append(signum))
                  for signum in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(signum)}
    try:
        yield
    finally:
        for signum, handler in before.items():
            signal.signal(signum, handler)
        for signum in came[:1]:
            signal.raise_signal(signum)


class Pool(ProcessPoolExecutor):
    """Processes that start when there is work for them."""

    def submit(self, *arguments, **keywords):
        """Submit as ever, and hold a stop back meanwhile."""
        with held_back():
            return super().submit(*arguments, **keywords)


@contextmanager
def workers(jobs, make, *arguments):
    """Give a pool of processes, each with what ``make`` gives for the arguments to work with.

    The first is a tokenizer's name. A stop in the very moment of its start is raised as what it is.
    """
    find_tokenizer(arguments[0])(' ')  # loaded once, for all workers
    pool = Pool(jobs, initializer=start_worker, initargs=(make, arguments))
    try:
        yield pool
    except BrokenProcessPool as error:
        raise BadInput('a tokenizing process was killed; try fewer --jobs') from error
    finally:
        with suppress(RuntimeError):  # its thread has not said yet that it runs; it ends by itself
            pool.shutdown()


def tokenize_all(texts, jobs=None, verbose=True, tokenizer=MOSES):
    """Return :func:`tokenize` of each of ``texts``, in order, by ``jobs`` processes (all cores).

    ``verbose`` shows a bar on a terminal. Raises :class:`BadInput` if a worker process is killed,
    as the system does for want of memory.
    """
    jobs = min(jobs or count_workers(), -(-len(texts) // CHUNK) or 1)
    if jobs == 1:
        return [tokenize(text, tokenizer) for text in progress(texts, len(texts), verbose)]
    with workers(jobs, find_tokenizer, tokenizer) as pool, \
            closing(pool.map(in_worker, texts, chunksize=CHUNK)) as sentences:
        return list(map(as_one_object_each, progress(sentences, len(texts), verbose)))


def progress(items, total, verbose):
    """Show a bar over ``items`` on a terminal, nothing in a log."""
    return tqdm(items, total=total, desc='Tokenizing', unit=' reviews',
                disable=no_bar() if verbose else True)


def build_dict(counts):
    """Return word -> index for word -> count: 2 is the most frequent; ties go by the word itself.
    """
    ranked = sorted(counts, key=lambda word: (-counts[word], word))
    return {word: index for index, word in enumerate(ranked, FIRST_WORD)}


def encode(words, dictionary):
    """Return the list of the words' indices; a word that the dictionary lacks is 1."""
    return list(map(dictionary.get, words, repeat(UNKNOWN)))


# --- Numbers without the words ----------------------------------------------------------------


class Numbers:
    """The function text -> the numbers of its words, int32 as bytes.

    numbers: the function list of words -> their numbers. It is asked once for each piece between
    spaces, where the tokenizer works by pieces, as Moses' does.
    """

    def __init__(self, tokenizer, numbers):
        self.words, self.numbers = find_tokenizer(tokenizer), numbers
        self.by_pieces = getattr(self.words, 'by_pieces', lambda text, known: None)
        self.known = Known(lambda piece: self.of(self.words.split(piece)))

    def __call__(self, text):
        found = self.by_pieces(text, self.known)
        return self.of(self.words(text)) if found is None else b''.join(found)

    def of(self, words):
        """Return the numbers of words."""
        return array('i', self.numbers(words)).tobytes()


class Places(dict):
    """Word -> its place, in the order in which words are first looked up."""

    def __init__(self):
        super().__init__()
        self.new = []  # words since they were last taken

    def __missing__(self, word):
        place = self[word] = len(self)
        self.new.append(word)
        return place

    def take_new(self):
        """Return the list of the words that have come since this was last asked."""
        new, self.new = self.new, []
        return new


class Numbering:
    """The function list of texts -> :class:`Numbered`, one after the other.

    key: tells it from others that number the same data.
    """

    def __init__(self, tokenizer, key=None):
        self.places, self.key = Places(), os.getpid() if key is None else key
        self.numbers = Numbers(tokenizer, partial(map, self.places.__getitem__))

    def __call__(self, texts):
        numbers = list(map(self.numbers, texts))
        sizes = [len(part) // INT32 for part in numbers]
        return Numbered(self.key, self.places.take_new(), sizes, b''.join(numbers))


def number_all(texts, jobs=None, tokenizer=MOSES):
    """Return (words, numbers): a list with the different words of all texts, and for each text the
    int32 array of its words' places in that list. Raises :class:`BadInput` as tokenize_all does.

    Of a text that holds control characters, the list may have words that no text has in the end.
    """
    chunks = [texts[start:start + CHUNK] for start in range(0, len(texts), CHUNK)]
    jobs = min(jobs or count_workers(), len(chunks) or 1)
    if jobs == 1:
        return gather_numbers(map(Numbering(tokenizer), chunks), len(texts))
    with workers(jobs, Numbering, tokenizer) as pool, \
            closing(pool.map(in_worker, chunks)) as found:
        return gather_numbers(found, len(texts))


def gather_numbers(chunks, total):
    """Return :func:`number_all` of all that :class:`Numbering` found, the chunks of each in order.
    """
    places, place_of, found = Places(), defaultdict(partial(array, 'i')), []
    with progress(None, total, verbose=True) as bar:
        for key, new, sizes, numbers in chunks:
            place_of[key].extend(map(places.__getitem__, new))
            whole = numpy.asarray(place_of[key])[numpy.frombuffer(numbers, 'int32')]
            found += numpy.split(whole, numpy.cumsum(sizes))[:-1]  # the last ends the chunk
            bar.update(len(sizes))
    return list(places), found


def is_known(words, indices):
    """Whether a model knows one of the words; beside unknown words, punctuation is none."""
    return UNKNOWN not in indices or any(index != UNKNOWN and not is_mark(word)
                                         for word, index in zip(words, indices))


def is_mark(word):
    """Whether no character of a word is a letter or digit."""
    return not any(map(str.isalnum, word))


class Indexer:
    """The function text -> (array of the indices of its words, :func:`is_known`).

    dictionary: word -> index, another for each word.
    """

    def __init__(self, tokenizer, dictionary):
        self.tokenizer, self.dictionary = tokenizer, dictionary
        self.numbers = Numbers(tokenizer, partial(encode, dictionary=dictionary))
        self.marks = {UNKNOWN}.union(index for word, index in dictionary.items() if is_mark(word))

    def __reduce__(self):
        return Indexer, (self.tokenizer, self.dictionary)  # what it has learnt, it learns again

    def __call__(self, text):
        indices = array('i', self.numbers(text))
        return indices, UNKNOWN not in indices or not self.marks.issuperset(indices)


@contextmanager
def indexing(indexer, jobs):
    """Give a function: list of texts -> iterator of what ``indexer`` says of each, in order.

    ``jobs`` processes begin on many texts when it is called, and stay for the next call. Raises
    BadInput as :func:`tokenize_all` does.
    """
    here = partial(map, indexer)
    if jobs == 1:
        yield here
        return
    with workers(jobs, Indexer, indexer.tokenizer, indexer.dictionary) as pool:
        yield lambda texts: (here(texts) if len(texts) < 2 * FEW
                             else pool.map(in_worker, texts, chunksize=CHUNK))
