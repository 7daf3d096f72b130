"""Kernels run in parts: how many threads there are, what each gets, what happens to an error."""
import os
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentiment.fast.threads import count_threads, cut, run_parts


def test_there_are_as_many_threads_as_the_environment_says(monkeypatch):
    monkeypatch.setenv('OMP_NUM_THREADS', '3')
    assert count_threads() == 3


def test_else_there_is_one_for_each_processor(monkeypatch):
    monkeypatch.delenv('OMP_NUM_THREADS', raising=False)
    assert 1 <= count_threads() <= os.cpu_count()


@given(items=st.lists(st.integers(1, 50), max_size=40), n_parts=st.integers(1, 9))
def test_work_is_cut_into_nearly_equal_parts(items, n_parts):
    work = [sum(items[:k]) for k in range(len(items) + 1)]
    parts = cut(work, n_parts)
    assert len(parts) == n_parts
    assert [k for part in parts for k in range(len(items))[part]] == list(range(len(items)))
    fair = -(-work[-1] // n_parts)
    for part in parts:  # an item is not cut in two
        assert sum(items[part]) <= fair + max(items, default=0)


@pytest.mark.parametrize('n', [1, 2, 9])
def test_every_part_runs_once(n):
    done = []
    run_parts(lambda a, b: done.append((a, b, threading.current_thread())),
              [(k, str(k)) for k in range(n)])
    assert sorted(part[:2] for part in done) == [(k, str(k)) for k in range(n)]
    assert [part[0] for part in done if part[2] is threading.current_thread()] == [0]


@pytest.mark.parametrize('wrong', [0, 2])
def test_an_error_in_any_part_is_raised(wrong):
    with pytest.raises(ZeroDivisionError):
        run_parts(lambda k: 1 / (k - wrong), [(k,) for k in range(3)])
