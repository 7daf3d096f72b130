"""Words: how a text becomes lower-case tokens, and tokens the numbers that the model reads."""
import multiprocessing
import os
import signal
import sys
import threading
from array import array
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, contextmanager, suppress
from functools import partial
from itertools import count, repeat

import numpy
from tqdm import tqdm

from sentiment.data.errors import BadInput
from sentiment.data.tokenizers import MOSES, find_tokenizer
from sentiment.log import no_bar

UNKNOWN, FIRST_WORD = 1, 2  # word indices; 0 is the padding
CHUNK = 100                 # texts that a process is handed at once
FEW = 200                   # texts that are tokenized sooner than another process starts
HANDED = {}                 # a worker's own: what is too much to be sent with each text


def tokenize_line(text, tokenizer=MOSES):
    """Return the words of ``text`` in one string, a space between two."""
    return ' '.join(find_tokenizer(tokenizer)(text))


def tokenize(text, tokenizer=MOSES):
    """Return the list of the lower-case words of ``text``; each word is one object only."""
    return split_line(tokenize_line(text, tokenizer))


def split_line(line):
    """Split a line into words; interned, millions of words take little memory."""
    return [sys.intern(word) for word in line.split()]


def count_cores():
    """Return the number of cores that this process may use."""
    affinity = getattr(os, 'sched_getaffinity', None)  # absent on macOS and Windows
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def count_workers():
    """Return how many processes may share work: one for each core; a daemon may start none."""
    return 1 if multiprocessing.current_process().daemon else count_cores()


def start_worker(dictionary):
    """Leave Ctrl-C to the parent process, and end when it has ended; called in each worker."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=end_with_parent, daemon=True).start()
    HANDED['dictionary'] = dictionary


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
def workers(jobs, tokenizer, dictionary=None):
    """Give a pool of processes; a stop in the very moment of its start is raised as what it is."""
    find_tokenizer(tokenizer)(' ')  # loaded once, for all workers
    pool = Pool(jobs, initializer=start_worker, initargs=(dictionary,))
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
    with workers(jobs, tokenizer) as pool, \
            closing(pool.map(partial(tokenize_line, tokenizer=tokenizer), texts,
                             chunksize=CHUNK)) as lines:
        return [split_line(line) for line in progress(lines, len(texts), verbose)]


def number_all(texts, jobs=None, tokenizer=MOSES):
    """Return (words, numbers): a list of the different words of all texts, and for each text the
    int32 array of its words' places in that list. Raises :class:`BadInput` as tokenize_all does.
    """
    chunks = [texts[start:start + CHUNK] for start in range(0, len(texts), CHUNK)]
    jobs = min(jobs or count_workers(), len(chunks) or 1)
    work = partial(number_chunk, tokenizer=tokenizer)
    if jobs == 1:
        return gather_numbers(map(work, chunks), len(texts))
    with workers(jobs, tokenizer) as pool, closing(pool.map(work, chunks)) as found:
        return gather_numbers(found, len(texts))


def number_chunk(texts, tokenizer):
    """Return :func:`number_all` of a few texts, the numbers as arrays of Python's own."""
    numbers, find = defaultdict(count().__next__), find_tokenizer(tokenizer)
    arrays = [array('i', map(numbers.__getitem__, find(text))) for text in texts]
    return list(numbers), arrays


def gather_numbers(chunks, total):
    """Return :func:`number_all` of what :func:`number_chunk` found in each chunk."""
    numbers, found = defaultdict(count().__next__), []
    with progress(None, total, verbose=True) as bar:
        for words, arrays in chunks:
            number = numpy.array([numbers[word] for word in words], 'int32')
            found += [number[numpy.frombuffer(places, 'int32')] for places in arrays]
            bar.update(len(arrays))
    return list(numbers), found


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


# --- Indices without the words ----------------------------------------------------------------


def is_known(words, indices):
    """Whether a model knows one of the words; beside unknown words, punctuation is none."""
    return UNKNOWN not in indices or any(index != UNKNOWN and any(map(str.isalnum, word))
                                         for word, index in zip(words, indices))


def index_text(text, tokenizer, dictionary):
    """Return (array of the indices of a text's words, :func:`is_known`)."""
    words = find_tokenizer(tokenizer)(text)
    indices = array('i', encode(words, dictionary))
    return indices, is_known(words, indices)


def index_in_worker(text, tokenizer):
    """Return :func:`index_text` by the dictionary that this process was handed."""
    return index_text(text, tokenizer, HANDED['dictionary'])


@contextmanager
def indexer(tokenizer, dictionary, jobs):
    """Give a function: list of texts -> iterator of the :func:`index_text` of each, in order.

    ``jobs`` processes begin on many texts when it is called, and stay for the next call. Raises
    BadInput as :func:`tokenize_all` does.
    """
    here = partial(map, partial(index_text, tokenizer=tokenizer, dictionary=dictionary))
    if jobs == 1:
        yield here
        return
    work = partial(index_in_worker, tokenizer=tokenizer)
    with workers(jobs, tokenizer, dictionary) as pool:
        yield lambda texts: (here(texts) if len(texts) < 2 * FEW
                             else pool.map(work, texts, chunksize=CHUNK))
