"""The table in which known n-grams are found: each code at its place, others nowhere."""
import numpy
from hypothesis import given
from hypothesis import strategies as st

from sentiment.engine import function, tensor, theano
from sentiment.fast import ngrams
from sentiment.fast.threads import jit
from sentiment.wide.ngrams import codes_of

CODES = st.integers(2, 2 ** 63 - 1) | st.integers(2, 50) | st.sampled_from(
    [k << shift for k in (3, 5, 7) for shift in range(0, 60)])  # alike in all low bits


@jit
def keep_known(codes, table):
    return ngrams.keep_known(codes, table, numpy.empty((len(codes), 2), numpy.int64))


@jit
def keep_different(places, found):
    return ngrams.keep_different(places, numpy.empty(4 * len(places), numpy.int64),
                                 ngrams.MULTIPLIER, found)


@jit
def keep_none(places, seen):
    return ngrams.keep_different(places, seen, ngrams.MULTIPLIER, places)


@given(st.sets(CODES, min_size=1), st.lists(CODES))
def test_each_code_is_at_its_place(known, others):
    known = numpy.array(sorted(known), 'int64')
    asked = numpy.array(sorted(known.tolist() + others), 'int64')
    place = {code: k for k, code in enumerate(known.tolist())}
    places = asked.copy()
    n = keep_known(places, ngrams.table_of(known))
    assert places[:n].tolist() == [place[code] for code in asked.tolist() if code in place]


@given(st.lists(st.integers(0, 2 ** 40) | st.integers(0, 9)))
def test_of_equal_places_the_first_is_kept(places):
    found = numpy.zeros(len(places), 'int64')
    n = keep_different(numpy.array(places, 'int64'), found)
    assert found[:n].tolist() == list(dict.fromkeys(places))


def test_where_there_is_no_place_nothing_is_written():
    memory = numpy.full(8, 7)
    assert keep_none(memory[:0], memory[4:4]) == 0 and (memory == 7).all()


def test_other_codes_have_another_table():
    x = tensor.matrix('x', dtype='int64')
    batch = numpy.random.RandomState(0).randint(1, 9, (70, 3))  # words of which many recur
    known = theano.shared(numpy.zeros(1, 'int64'))
    f = function([x], ngrams.FindNgrams(9, 3)(x, known))
    for step in (3, 2):
        all_codes = [codes_of(column, 9, 3) for column in batch.T]
        known.set_value(numpy.unique(numpy.concatenate(all_codes))[::step])
        places, samples, n_known = f(batch)
        assert n_known.tolist() == numpy.bincount(samples, minlength=3).tolist()
        for b, codes in enumerate(all_codes):
            found = known.get_value()[places[samples == b]]
            assert sorted(found.tolist()) == numpy.intersect1d(codes, known.get_value()).tolist()
