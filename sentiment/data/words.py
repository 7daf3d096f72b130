"""Words: how a text becomes lower-case tokens, and tokens the numbers that the model reads."""
import os
import signal
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, contextmanager, suppress
from functools import partial
from itertools import repeat

from tqdm import tqdm

from sentiment.data.errors import BadInput
from sentiment.data.tokenizers import MOSES, find_tokenizer

UNKNOWN, FIRST_WORD = 1, 2  # word indices; 0 is the padding
CHUNK = 100                 # texts that a process is handed at once


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


def ignore_interrupt():
    """Leave Ctrl-C to the parent process; called in each worker."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


@contextmanager
def workers(jobs):
    """Give a pool of processes; a stop in the very moment of its start is raised as what it is."""
    pool = ProcessPoolExecutor(jobs, initializer=ignore_interrupt)
    try:
        yield pool
    finally:
        with suppress(RuntimeError):  # its thread has not said yet that it runs; it ends by itself
            pool.shutdown()


def tokenize_all(texts, jobs=None, verbose=True, tokenizer=MOSES):
    """Return :func:`tokenize` of each of ``texts``, in order, by ``jobs`` processes (all cores).

    ``verbose`` shows a bar on a terminal. Raises :class:`BadInput` if a worker process is killed,
    as the system does for want of memory.
    """
    jobs = min(jobs or count_cores(), -(-len(texts) // CHUNK) or 1)
    if jobs == 1:
        return [tokenize(text, tokenizer) for text in progress(texts, len(texts), verbose)]
    find_tokenizer(tokenizer)(' ')  # loaded once, for all workers
    with workers(jobs) as pool, \
            closing(pool.map(partial(tokenize_line, tokenizer=tokenizer), texts,
                             chunksize=CHUNK)) as lines:
        try:
            return [split_line(line) for line in progress(lines, len(texts), verbose)]
        except BrokenProcessPool as error:
            raise BadInput('a tokenizing process was killed; try fewer --jobs') from error


def progress(items, total, verbose):
    """Show a bar over ``items`` on a terminal, nothing in a log."""
    return tqdm(items, total=total, desc='Tokenizing', unit=' reviews',
                disable=None if verbose else True)


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
