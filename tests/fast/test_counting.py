"""The table in which n-grams are counted: the same counts as with NumPy, however it grows."""
from unittest import mock

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sentiment.fast import counting
from sentiment.wide import ngrams
from sentiment.wide import counting as slow

REVIEWS = st.lists(st.tuples(st.lists(st.integers(1, 9), min_size=1, max_size=70),
                             st.integers(0, 2)), min_size=1, max_size=12)


@given(REVIEWS, st.integers(1, 4), st.integers(1, 3), st.sampled_from([1, 2 ** 21]))
@settings(max_examples=50)
def test_counts_are_those_of_numpy(pairs, order, least, piece):
    reviews, labels = map(list, zip(*pairs))
    train = [numpy.array(review, 'int64') for review in reviews], labels
    options = {'n_words': 10, 'ngrams': order, 'ngrams_in': least, 'ydim': 3}
    wanted = ngrams.count_ngrams(train, options)
    with mock.patch.object(slow, 'PIECE', piece), mock.patch.object(counting, 'BITS', 1):
        found = counting.count_ngrams(train, options)
    for ours, theirs in zip(found, wanted):
        assert ours.dtype == theirs.dtype == 'int64'
        numpy.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize('bits', [1, 10])
def test_at_least_half_of_the_table_is_free(bits):
    table, kinds = counting.Table(bits, 2), counting.as_arrays(counting.kinds_of(3))
    rng = numpy.random.RandomState(0)
    for _ in range(20):
        table.add([rng.randint(2, 99, 30)], [1], 99, kinds)
        assert 2 * table.used <= len(table.codes)
        assert table.used == numpy.count_nonzero(table.codes)
