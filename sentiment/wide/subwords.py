"""Subwords: what its pieces tell of a word, rare ones above all (Bojanowski et al., 2017)."""
from itertools import chain

import numpy

SHORTEST, LONGEST = 3, 6  # pieces, in characters, the marks of a word's two ends included
WEIGHT = 0.5              # of the pieces beside the word itself, chosen on held-out sentences


def log_ratios(there):
    """Return log P(row | class) / P(row | other classes), (n, C), of the numbers of reviews of each
    class in which each row stands, smoothing included.
    """
    others = there.sum(axis=1, keepdims=True) - there
    return numpy.log(there / there.sum(axis=0)) - numpy.log(others / others.sum(axis=0))


def pieces_of(word):
    """Return the pieces of 3 to 6 characters of a word between marks, each once: of 'go', '<go',
    'go>' and '<go>'. Always in the same order, as sums of floats depend on it.
    """
    word = '<%s>' % word
    return list(dict.fromkeys(word[start:start + size] for size in range(SHORTEST, LONGEST + 1)
                              for start in range(len(word) - size + 1)))


def subword_ratios(words, there):
    """Return what the pieces of each of n words add to its ratios, (n, C): the sum of their own,
    over the root of their number, halved. A piece that no two words share tells nothing new.

    there: numbers of reviews of each class in which each word stands, (n, C), smoothing left out.
    """
    from scipy import sparse
    pieces = [pieces_of(word) for word in words]
    place = {piece: k for k, piece in enumerate(dict.fromkeys(chain(*pieces)))}
    columns = numpy.array([place[piece] for piece in chain(*pieces)], int)
    ends = numpy.cumsum([0] + [len(some) for some in pieces])
    has = sparse.csr_matrix((numpy.ones(len(columns)), columns, ends), (len(words), len(place)))
    has = has[:, numpy.bincount(columns, minlength=len(place)) > 1]
    number = numpy.maximum(numpy.asarray(has.sum(axis=1)), 1)
    return WEIGHT * (has @ log_ratios(1 + has.T @ there)) / numpy.sqrt(number)
