"""Texts become lower-case tokens, the same by any number of processes; tokens become numbers."""
import multiprocessing
import signal
import sys
import threading
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sacremoses import MosesTokenizer

from sentiment.data.safe_io import BadInput
from sentiment.data.words import (CHUNK, build_dict, encode, held_back, number_all, tokenize,
                                  tokenize_all)
from tests.helpers import REVIEWS, Evil

SACREMOSES = MosesTokenizer(lang='en')


def test_a_stop_while_the_workers_start_is_a_stop(monkeypatch):
    start = threading.Thread.start

    def stopped(thread):
        if 'Executor' in type(thread).__name__:  # it runs, but has not said so to who started it
            thread._started.wait = lambda *_: sys.exit(143)
            thread._started.is_set = lambda: False
        start(thread)
    monkeypatch.setattr(threading.Thread, 'start', stopped)
    with pytest.raises(SystemExit) as caught:
        tokenize_all(['a b'] * 2 * CHUNK, jobs=2)
    assert caught.value.code == 143


def test_tokens_are_sacremoses_own_in_lower_case():
    for text in list(REVIEWS.values()) + ['Mr. Smith, U.S.A. said: "3.5 of 5"...', 'Ça va ? ½']:
        assert tokenize(text) == [word.lower() for word in SACREMOSES.tokenize(text, escape=False)]


@given(st.text())
def test_tokens_of_any_text_are_sacremoses_own(text):
    assert tokenize(text) == [word.lower() for word in SACREMOSES.tokenize(text, escape=False)]


def test_more_processes_give_the_same_words_in_the_same_order(capsys):
    texts = ['Film %d , a fine one.' % i for i in range(2 * CHUNK + 1)]
    assert tokenize_all(texts, jobs=2) == tokenize_all(texts, jobs=1) == [
        'film {} , a fine one .'.format(i).split() for i in range(2 * CHUNK + 1)]
    assert tokenize_all([]) == [] and not any(capsys.readouterr())  # no bar but on a terminal


def test_a_daemon_tokenizes_alone(monkeypatch):
    monkeypatch.setitem(multiprocessing.current_process()._config, 'daemon', True)
    texts = ['Film %d , a fine one.' % i for i in range(2 * CHUNK + 1)]
    words, numbers = number_all(texts)
    assert [[words[k] for k in number] for number in numbers] == tokenize_all(texts)


def test_a_killed_worker_is_one_line():
    killer = Evil(signal.raise_signal, signal.SIGKILL)  # a text that the worker unpickles
    with pytest.raises(BadInput, match='fewer --jobs') as caught:
        tokenize_all(['a b'] * CHUNK + [killer], jobs=2)
    assert '\n' not in str(caught.value)


@given(st.lists(st.lists(st.sampled_from('a bad film , é 字 ½'.split()) | st.text(min_size=1))))
def test_words_are_numbered_from_2_by_frequency_then_by_themselves(sentences):
    counts = Counter(word for words in sentences for word in words)
    dictionary = build_dict(counts)
    assert dictionary.keys() == counts.keys()
    ranked = sorted(dictionary, key=dictionary.get)
    assert encode(ranked + [None], dictionary) == list(range(2, len(counts) + 2)) + [1]
    for first, second in zip(ranked, ranked[1:]):
        assert (-counts[first], first) < (-counts[second], second)


@pytest.mark.parametrize('stop, raised', [(signal.SIGINT, KeyboardInterrupt),
                                          (signal.SIGTERM, ZeroDivisionError)])
def test_a_stop_waits_while_a_process_starts(stop, raised):
    def end(signum, frame):
        raise ZeroDivisionError

    before = signal.signal(signal.SIGTERM, end)
    done = []
    try:
        with pytest.raises(raised), held_back():
            signal.raise_signal(stop)
            done.append('all of the block')
        assert done and signal.getsignal(signal.SIGTERM) is end
    finally:
        signal.signal(signal.SIGTERM, before)
