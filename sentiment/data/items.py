"""Items: the reviews of one film stand near each other, apart for each class, and share its names.
"""
import numpy

NEIGHBOURS = 10  # reviews that are compared as one: most are of one item or two
RARE = 100       # reviews; a word that stands in more of them is no name


def likeness(reviews, chosen):
    """Return how like each review's neighbourhood is to the most alike of those chosen, (n,).

    reviews: n arrays of word indices; chosen: (n,), true or false. It is the cosine, 0 to 1, of
    the rare words' logarithmic counts in ten neighbours; what is chosen is no part of its own
    neighbourhood there.
    """
    words, place = rare_words(reviews), numpy.arange(len(reviews)) // NEIGHBOURS
    some, others = (unit_rows(sums(words, place, members)) for members in (chosen, ~chosen))
    return (others @ some.T).max(axis=1).toarray()[place, 0]


def rare_words(reviews):
    """Return which of the words that two to a hundred reviews have stand in each, a sparse matrix
    (n, W), and their weights (W,), log n / their number of reviews.
    """
    from scipy import sparse
    found = [numpy.unique(review) for review in reviews]
    ends = numpy.cumsum([0] + [len(words) for words in found])
    there = sparse.csr_matrix((numpy.ones(ends[-1]), numpy.concatenate(found), ends))
    count = numpy.asarray(there.sum(axis=0))[0]
    names = numpy.flatnonzero((count > 1) & (count <= RARE))
    return there[:, names], numpy.log(len(reviews) / count[names])


def sums(words, place, members):
    """Return, for each neighbourhood, the weighted logarithmic counts of its members' words."""
    from scipy import sparse
    there, weight = words
    rows = numpy.flatnonzero(members)
    which = sparse.csr_matrix((numpy.ones(len(rows)), (place[rows], rows)),
                              (place[-1] + 1, len(place)))
    return (which @ there).log1p() @ sparse.diags(weight)


def unit_rows(counts):
    """Return rows of length 1, or of 0 where there is nothing."""
    from scipy import sparse
    length = numpy.sqrt(numpy.asarray(counts.multiply(counts).sum(axis=1))[:, 0])
    return sparse.diags(1 / numpy.maximum(length, numpy.finfo(float).tiny)) @ counts
