"""The different words of a batch are those that NumPy finds."""
import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentiment import fast
from sentiment.engine import QUICK, tensor, theano

pytestmark = pytest.mark.skipif(not fast.AVAILABLE, reason='this engine runs none of our own')


def compiled():
    from sentiment.fast.different import different
    words = tensor.lvector()
    return theano.function([words], different(words), mode=QUICK)


find = compiled() if fast.AVAILABLE else None


@given(words=st.lists(st.one_of(st.integers(0, 9), st.integers(-3, 2 ** 20 + 3),
                                st.sampled_from([2 ** 20 - 1, 2 ** 20, 2 ** 40])), max_size=30))
def test_different_words_and_their_places(words):
    words = numpy.array(words, 'int64')
    expected = numpy.unique(words, return_inverse=True)
    for answer, value in zip(find(words), expected):
        assert answer.dtype == 'int64'
        numpy.testing.assert_array_equal(answer, value)


def test_every_second_word():
    words = numpy.arange(20)[::2]
    numpy.testing.assert_array_equal(find(words), [words, numpy.arange(10)])
