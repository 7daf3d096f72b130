"""Moses by pieces has sacremoses' own tokens, whatever the text, and asks it for few of them."""
import random
from functools import lru_cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentiment.data import known
from sentiment.data.known import LONGEST
from sentiment.data.moses import Moses
from tests.data.awkward import KINDS, awkward, both, differs
from tests.helpers import REVIEWS

LANGUAGES = ['en', 'it', 'de', 'ja', 'ko']  # one for each form that the rules take


@pytest.mark.parametrize('language', LANGUAGES)
@given(st.lists(st.sampled_from(sum(KINDS, [])) | st.characters(), max_size=20).map(''.join))
def test_tokens_are_sacremoses_own(language, text):
    assert not differs((text, language))


@given(st.randoms(use_true_random=False))
def test_tokens_of_awkward_strings_are_sacremoses_own(rng):
    assert not differs((awkward(rng), rng.choice(LANGUAGES)))


@pytest.mark.parametrize('text', [
    '', ' ', ',5 a', 'a ,5', ',a', "'5", "a '5", "a' '5", "a'  '5", "a' \n'5", "a '", "a.'",
    "a.' b", 'a,', '5,', '5, 5', ',,5', 'a ,,5', 'No. 5', 'No. a', 'No. A', 'No.  5', 'a. b',
    'a. B', 'a.\nb', 'a. .', 'a. ..b', 'a.', 'U.S. A', 'e.g. A', 'Mr. A', 'Mr.) a', 'a.) b',
    'a. \u24d0', 'a..b', '...', 'aDOTMULTIb', 'DOT DOTMULTI.', 'a\x00b', 'a. \x00b', "a' \x00 '5",
    'a.\x00b c', 'a\u2026 \u03a3', 'A\u03a3 B', '\u0130. \u0131', 'x' * LONGEST + ',' + ' a'])
@pytest.mark.parametrize('language', LANGUAGES)
def test_tokens_at_the_edges_of_each_rule(language, text):
    assert not differs((text, language)) and not differs(('b ' + text + ' c', language))


@lru_cache(maxsize=None)
def counted():
    """Return a tokenizer, and the list of the texts that it has sacremoses tokenize."""
    class Counted(Moses):
        def __init__(self):
            super().__init__('en')
            whole, self.asked = self.reference.tokenize, []
            self.reference.tokenize = lambda text, **how: self.asked.append(text) or whole(
                text, **how)
    return Counted()


def test_prose_is_not_left_to_sacremoses():
    tokenizer, texts = counted(), list(REVIEWS.values())
    texts.append('"Well," he said (in the U.S.), "it\'s 5.5 of 10... and more."<br />A film, no. 3')
    for text in texts:
        tokenizer(text)
    assert not set(texts) & set(tokenizer.asked)
    tokenizer.asked.clear()
    assert all(map(tokenizer, texts)) and not tokenizer.asked


def test_what_is_remembered_is_bounded(monkeypatch):
    tokenizer = Moses('en')
    assert tokenizer('-' * (LONGEST + 1)) == ['-' * (LONGEST + 1)] and not tokenizer.known
    monkeypatch.setattr(known, 'MOST', 3)
    for k in range(9):
        assert tokenizer('a-%d b- c' % k) == ['a-%d' % k, 'b-', 'c']
        assert 1 <= len(tokenizer.known) <= 3


def test_the_awkward_strings_are_no_strangers_to_the_fast_way():
    fast, rng = both('en')[0], random.Random(0)
    texts = [awkward(rng).strip() for _ in range(300)]
    assert 75 < sum(fast.by_pieces(text, fast.known) is not None for text in texts) < 225
