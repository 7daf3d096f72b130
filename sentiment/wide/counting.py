"""Counting n-grams, some reviews at a time, so that memory is bounded by how many differ."""
import numpy

from sentiment.data.streamed import BUFFER, held

PIECE = 2 ** 21  # codes that are counted at once


def count_by_class(train, codes_of, options):
    """Return (codes (G,), sorted, each once; counts (G, C), of the reviews of each class in which
    each stands) of a training set ``(reviews, labels)``.

    codes_of: review -> its codes, each once; options: of the training, ``ydim`` and ``buffer``.
    """
    found = numpy.zeros(0, 'int64'), numpy.zeros((0, options['ydim']), 'int64')
    for some, labels in pieces(held(train[0]), train[1], codes_of, options.get('buffer', BUFFER)):
        labels = numpy.repeat(labels, list(map(len, some)))
        found = add(found, tally(numpy.concatenate(some), labels, options['ydim']))
    return found


def pieces(reviews, labels, codes_of, n_words):
    """Yield (a list of ``codes_of`` each, a list of their labels) of some reviews at once."""
    some, of_class, room = [], [], PIECE
    for block in reviews.blocks(n_words):
        with block as positions:
            for place in positions:
                some.append(codes_of(reviews[place]))
                of_class.append(labels[place])
                room -= len(some[-1])
                if room < 0:
                    yield some, of_class
                    some, of_class, room = [], [], PIECE
    if some:
        yield some, of_class


def tally(codes, labels, n_classes):
    """Return (codes, sorted, each once; counts (G, C), how often it comes with each label)."""
    codes, place = numpy.unique(codes, return_inverse=True)
    counts = numpy.bincount(place * n_classes + labels, minlength=len(codes) * n_classes)
    return codes, counts.reshape(-1, n_classes)


def add(first, second):
    """Return the sum of two such counts."""
    codes = numpy.union1d(first[0], second[0])
    counts = numpy.zeros((len(codes),) + first[1].shape[1:], 'int64')
    for part, n in (first, second):
        counts[numpy.searchsorted(codes, part)] += n
    return codes, counts
