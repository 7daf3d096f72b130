"""How many threads there are."""
import os

from sentiment.fast.threads import count_threads


def test_there_are_as_many_threads_as_the_environment_says(monkeypatch):
    monkeypatch.setenv('OMP_NUM_THREADS', '3')
    assert count_threads() == 3


def test_else_there_is_one_for_each_processor(monkeypatch):
    monkeypatch.delenv('OMP_NUM_THREADS', raising=False)
    assert 1 <= count_threads() <= os.cpu_count()
