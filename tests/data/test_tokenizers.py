"""Each tokenizer's words; what cannot be split says so."""
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentiment.data.safe_io import BadInput
from sentiment.data.tokenizers import advice, check_tokenizer, load_jieba
from sentiment.data.words import tokenize, tokenize_all


@pytest.mark.parametrize('name, words', [
    ('moses:en', ['it', "'s", 'fine', ',', 'mr.', 'xu', '.']),
    ('moses:fr', ["it'", 's', 'fine', ',', 'mr', '.', 'xu', '.']),
    ('whitespace', ["it's", 'fine,', 'mr.', 'xu.']),
    ('characters', list("it'sfine,mr.xu."))])
def test_words(name, words):
    assert tokenize("It's fine, Mr. Xu.", name) == words
    assert tokenize_all(["It's fine, Mr. Xu."] * 201, jobs=2, tokenizer=name) == [words] * 201


@pytest.mark.parametrize('name', ['moses:en', 'whitespace', 'characters'])
@given(text=st.text())
def test_words_hold_no_white_space_and_are_the_same_again(name, text):
    words = tokenize(text, name)
    assert all(word and not any(map(str.isspace, word)) for word in words)
    assert words == tokenize(text, name)
    if name == 'characters':
        assert ''.join(words) == ''.join(text.lower().split())


def test_marks_stay_with_their_letters():
    assert tokenize('ที่นี่', 'characters') == ['ที่', 'นี่']
    assert tokenize('नहीं', 'characters') == ['न', 'हीं']


@pytest.mark.parametrize('name', ['moses:xx', 'moses:', 'Moses:en', 'words', '', None, 3])
def test_an_unknown_name_says_what_there_is(name):
    with pytest.raises(BadInput, match='^tokenizer: .*(languages|moses:LANG, whitespace)'):
        check_tokenizer(name)


def test_jieba():
    pytest.importorskip('jieba')
    assert check_tokenizer('jieba') == 'jieba'
    assert tokenize('我喜欢这部电影。OK', 'jieba') == ['我', '喜欢', '这部', '电影', '。', 'ok']


def test_jieba_that_is_missing_is_one_line(monkeypatch):
    monkeypatch.setitem(sys.modules, 'jieba', None)
    load_jieba.cache_clear()
    with pytest.raises(BadInput, match=r"needs the package jieba: pip install -e '.\[jieba\]'"):
        check_tokenizer('jieba')


@pytest.mark.parametrize('text, named', [
    ('我喜欢这部电影，OK', 'Chinese.*jieba or characters'), ('このドラマが好き', 'Japanese.*characters'),
    ('ฉันชอบหนังเรื่องนี้', 'Thai'), ('A fine film', None), ('Прекрасный фильм', None), ('', None),
    ('한국 영화 좋다', None)])
def test_advice(text, named):
    said = advice([text] * 3, 'moses:en')
    assert said is None if named is None else __import__('re').search(named, said)
    assert advice([text], 'characters') is None
