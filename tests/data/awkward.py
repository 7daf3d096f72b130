"""Holds the fast Moses to sacremoses itself, on random strings of awkward characters, or on a file.

    python -m tests.data.awkward --count 1000000 --seed 0
    python -m tests.data.awkward --path aclImdb_v1.tar.gz

Strings take turns through the languages that the tokenizer option permits; the exit status is 1 if
one has other tokens.
"""
import argparse
import os
import random
import sys
import time
from functools import lru_cache
from multiprocessing import Pool

from sacremoses import MosesTokenizer
from tqdm import tqdm

from sentiment.data.moses import Moses
from sentiment.data.tokenizers import languages
from sentiment.reviews.read import read_sets
from sentiment.reviews.tables import How

SPACES = [' '] * 12 + ['  ', '\t', '\n', '\xa0', '\u3000', '\x1c', '\x85', '\u2028']
MARKS = list(",,,''''....\"`-!?:;()[]<>/&|%#@_*") + [
    "''", ',,', '..', '...', '....', '--', "' '", ".'", ". '", ',"', '\u2019', '\u2026', '\u201c']
WORDS = ['a', 'b', 's', 't', 'S', 'A', 'Xu', 'ONE', 'film', 'the', 'Mr', 'No', 'Nos', 'etc', 'U.S',
         'e.g', 'pp', 'Art', 'Nr', 'z.B', '5', '10', '3,000', '4.5', "It's", "n't", "l'eau", "'90s",
         'well-made', 'br', 'DOT', 'MULTI', 'DOTMULTI', 'THISISPROTECTED000', 'x' * 70]
LETTERS = list('\xe9\xdf\u0130\u03a3\u03c3\xaa\xbd\xb2\u216b\u0660\u24d0\u01c5\u0301\u094d\u4f60'
               '\u306e\uac00\u0e01\u05d0\U0001d41a\U0001f600\x00\x01\x08\x0e\x1b\x7f\xad\u200b'
               '\ufeff\ud800')
KINDS = [SPACES, MARKS, WORDS, LETTERS]
WEIGHTS = [(6, 6, 6, 1), (3, 9, 3, 0), (6, 3, 9, 0), (1, 6, 1, 6), (3, 3, 6, 0.1)]


def awkward(rng):
    """Return a random string: words, marks and spaces in one of several mixtures."""
    kinds = rng.choices(KINDS, rng.choice(WEIGHTS), k=rng.choice((2, 4, 8, 16, 60)))
    return ''.join(map(rng.choice, kinds))


@lru_cache(maxsize=None)
def both(language):
    """Return the two tokenizers of a language."""
    return Moses(language), MosesTokenizer(lang=language)


def differs(case):
    """Whether the two have other tokens for a text: (text, language)."""
    text, language = case
    fast, reference = both(language)
    return fast(text) != ' '.join(reference.tokenize(text, escape=False)).lower().split()


def random_cases(count, seed):
    """Yield ``count`` random strings, each of the next language."""
    rng, known = random.Random(seed), languages()
    for number in range(count):
        yield awkward(rng), known[number % len(known)]


def main():
    """Run the command line; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--count', type=int, default=10 ** 5, help='random strings')
    parser.add_argument('--seed', type=int, default=0, help='of all strings (default: 0)')
    parser.add_argument('--path', help='reviews to compare instead, as English')
    options = parser.parse_args()
    cases = list(random_cases(options.count, options.seed)) if not options.path else [
        (text, 'en') for part in read_sets(options.path, How()).values() for text in part.texts]
    started, wrong = time.time(), 0
    with Pool(os.cpu_count()) as pool:
        for case, other in zip(tqdm(cases, disable=None), pool.imap(differs, cases, 500)):
            if other:
                wrong += 1
                print('%r' % (case,), flush=True)
    print('%d texts, %d of other tokens, %d s' % (len(cases), wrong, time.time() - started))
    return int(wrong > 0)


if __name__ == '__main__':
    sys.exit(main())
