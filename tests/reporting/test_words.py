"""Words are found in what was written, and coloured where they say much."""
import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentiment.data.words import tokenize
from sentiment.reporting.words import SHOWN, coloured, find_words
from tests.reporting.pages import Page


@pytest.mark.parametrize('text, tokenizer', [
    ("It's GREAT, isn't it?  No...\nYes!", 'moses:en'), ('\u0130stanbul is BIG', 'whitespace'),
    ('\u6211\u559c\u6b22 e\u0301t\u00e9', 'characters'), (' A "quoted" <br /> word ', 'moses:en')])
def test_words_are_found_in_what_was_written(text, tokenizer):
    words = tokenize(text, tokenizer)
    spans = find_words(text, words)
    assert [text[start:stop].lower() for start, stop in spans] == words


@given(st.text(), st.sampled_from(['whitespace', 'characters']))
def test_words_are_found_or_none_is(text, tokenizer):
    words = tokenize(text, tokenizer)
    spans = find_words(text, words)
    assert spans is None or [text[slice(*span)].lower() for span in spans] == words


def test_words_that_are_not_in_the_text_are_not_found():
    assert find_words('a b c', ['a', 'c']) is None      # b would be lost
    assert find_words('a b', ['a', 'b', 'c']) is None
    assert find_words('a b', ['a']) is None


def test_strong_words_are_marked_with_their_number_and_kind():
    page = Page(coloured(['good', 'film', 'bad', 'so'], numpy.array([2., .1, -1., .49])))
    assert [mark['class'] for mark in page.tags('mark')] == ['for', 'against']
    assert page.where['mark'] == ['good+2.00', 'bad\u22121.00'] and 'film' in page.text


def test_what_was_written_is_shown_with_its_own_letters_and_spaces():
    odds = numpy.array([1., 0., 0.])
    source = coloured(['good', ',', 'film'], odds, 'Good,\n FILM')
    assert source == '<mark class="for">Good<sup>+1.00</sup></mark>,\n FILM'
    assert Page(coloured(['good', ',', 'film'], odds, 'other')).text == 'good +1.00 , film'


def test_a_text_that_says_nothing_has_no_marks():
    assert coloured(['a', 'b'], numpy.zeros(2)) == 'a b'


def test_of_a_long_review_the_stretch_that_says_most_is_shown():
    odds = numpy.zeros(1000)
    odds[[500, 600]] = 1.
    source = coloured(['w%d' % k for k in range(1000)], odds)
    assert source.startswith('\u2026 ') and source.endswith(' \u2026')
    assert len(source.split()) == SHOWN + 2 + 2  # and the marks' attribute
    assert Page(source).where['mark'] == ['w500+1.00', 'w600+1.00']
