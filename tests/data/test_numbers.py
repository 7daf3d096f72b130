"""Numbers without the words are those of the words, however texts are cut, shared out and numbered.
"""
import pickle
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentiment.data import known
from sentiment.data.known import Known
from sentiment.data.tokenizers import find_tokenizer
from sentiment.data.words import (CHUNK, Indexer, Numbering, Places, encode, gather_numbers,
                                  is_known, number_all, tokenize, tokenize_all)
from tests.data.awkward import awkward

NAMES = ['moses:en', 'whitespace', 'characters']
DICTIONARY = {word: index for index, word in enumerate('the film , . é 字 5 a'.split(), 2)}
TEXTS = st.lists(st.sampled_from(sorted(DICTIONARY) + ['The', 'Film.', 'xyzzy', '!', '\0'])
                 | st.text(max_size=3)).map(' '.join)
INDEXERS = {name: pickle.loads(pickle.dumps(Indexer(name, DICTIONARY))) for name in NAMES}


def draw(count, seed=0):
    """Return awkward texts, some of them twice, some without a word."""
    rng = random.Random(seed)
    return [rng.choice(['', ' ', 'The film.', awkward(rng)]) for _ in range(count)]


def spelled_out(words, numbers):
    """Return the words of each text."""
    return [[words[k] for k in places] for places in numbers]


@pytest.mark.parametrize('name', NAMES)
@pytest.mark.parametrize('jobs', [1, 2])
def test_places_are_those_of_the_words(name, jobs):
    texts = draw(3 * CHUNK + 1)
    words, numbers = number_all(texts, jobs, name)
    assert spelled_out(words, numbers) == tokenize_all(texts, 1, tokenizer=name)
    assert len(words) == len(set(words)) and all(places.dtype == 'int32' for places in numbers)
    assert number_all([], jobs, name) == ([], [])


def test_texts_without_a_word_have_no_places():
    words, numbers = number_all(['', ' '])
    assert words == [] and [len(places) for places in numbers] == [0, 0]


def test_what_several_have_numbered_is_told_apart():
    texts, one, other = draw(40), Numbering('moses:en', 'one'), Numbering('moses:en', 'other')
    found = [(one if k % 3 else other)(texts[k:k + 4]) for k in range(0, 40, 4)] + [one([])]
    assert spelled_out(*gather_numbers(found, 40)) == list(map(tokenize, texts))


def test_words_are_told_once():
    number = Numbering('whitespace')
    first, second = number(['a b a', '']), number(['b c'])
    assert (first.new, first.sizes, second.new, second.sizes) == (['a', 'b'], [3, 0], ['c'], [2])
    assert first.key == second.key


@given(TEXTS)
def test_indices_are_those_of_the_words(text):
    for name in NAMES:
        words = tokenize(text, name)
        indices = encode(words, DICTIONARY)
        for indexer in (Indexer(name, DICTIONARY), INDEXERS[name]):
            found, known_one = indexer(text)
            assert (found.tolist(), known_one) == (indices, is_known(words, indices))


@pytest.mark.parametrize('name', NAMES)
def test_what_is_forgotten_is_found_again(name, monkeypatch):
    monkeypatch.setattr(known, 'MOST', 2)
    texts = draw(100, seed=1)
    assert spelled_out(*number_all(texts, 1, name)) == [find_tokenizer(name)(text)
                                                        for text in texts]


def test_so_much_is_remembered(monkeypatch):
    monkeypatch.setattr(known, 'MOST', 2)
    asked = []
    remembered = Known(lambda piece: asked.append(piece) or len(piece))
    long = 'x' * (known.LONGEST + 1)
    assert [remembered[piece] for piece in ('a', 'a', 'b', long, long)] == [1, 1, 1] + 2 * [65]
    assert asked == ['a', 'b', long, long] and list(remembered) == []
    assert remembered['c'] == 1 and list(remembered) == ['c']


def test_places_are_in_the_order_of_the_first_look():
    places = Places()
    assert [places[word] for word in 'abac'] == [0, 1, 0, 2]
    assert places.take_new() == ['a', 'b', 'c'] and places['d'] == 3
    assert places.take_new() == ['d'] and places.take_new() == []
