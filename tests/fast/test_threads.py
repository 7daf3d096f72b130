"""How many threads there are, and what each gets."""
import os

import numpy
from hypothesis import given
from hypothesis import strategies as st

from sentiment.fast.threads import count_threads, cut


def test_there_are_as_many_threads_as_the_environment_says(monkeypatch):
    monkeypatch.setenv('OMP_NUM_THREADS', '3')
    assert count_threads() == 3


def test_else_there_is_one_for_each_processor(monkeypatch):
    monkeypatch.delenv('OMP_NUM_THREADS', raising=False)
    assert 1 <= count_threads() <= os.cpu_count()


@given(items=st.lists(st.integers(1, 50), max_size=40), n_parts=st.integers(1, 9))
def test_work_is_cut_into_nearly_equal_parts(items, n_parts):
    work = numpy.array([sum(items[:k]) for k in range(len(items) + 1)])
    bounds = cut(work, n_parts)
    assert (bounds[0], bounds[-1], len(bounds)) == (0, len(items), n_parts + 1)
    fair = -(-work[-1] // n_parts)
    for low, high in zip(bounds[:-1], bounds[1:]):  # an item is not cut in two
        assert 0 <= sum(items[low:high]) <= fair + max(items, default=0)
