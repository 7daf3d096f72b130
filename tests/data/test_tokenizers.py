"""Each tokenizer's words; what cannot be split says so."""
import marshal
import re
import sys
import tempfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentiment.data.safe_io import BadInput
from sentiment.data.tokenizers import advice, check_tokenizer, languages, load_jieba
from sentiment.data.words import tokenize, tokenize_all


@pytest.mark.parametrize('name, words', [
    ('moses:en', ['it', "'s", 'fine', ',', 'mr.', 'xu', '.']),
    ('moses:fr', ["it'", 's', 'fine', ',', 'mr', '.', 'xu', '.']),
    ('whitespace', ["it's", 'fine,', 'mr.', 'xu.']),
    ('characters', list("it'sfine,mr.xu."))])
def test_words(name, words):
    assert tokenize("It's fine, Mr. Xu.", name) == words
    assert tokenize_all(["It's fine, Mr. Xu."] * 201, jobs=2, tokenizer=name) == [words] * 201


@pytest.mark.parametrize('name', ['moses:en', 'moses:ja', 'whitespace', 'characters', 'jieba'])
@given(text=st.text())
def test_words_hold_no_white_space_and_are_lower_case(name, text):
    if name == 'jieba':
        pytest.importorskip('jieba')
    words = tokenize(text, name)
    assert all(word and not any(map(str.isspace, word)) for word in words)
    assert words == [word.lower() for word in words] == tokenize(text, name)
    if name in ('characters', 'jieba'):  # which lose nothing else
        assert ''.join(words) == ''.join(text.lower().split())


def test_marks_stay_with_their_letters():
    assert tokenize('ที่นี่', 'characters') == ['ที่', 'นี่']
    assert tokenize('नहीं', 'characters') == ['न', 'हीं']
    assert tokenize('İe\u0301 \u0301x', 'characters') == ['i\u0307', 'e\u0301', '\u0301', 'x']


@pytest.mark.parametrize('name', ['moses:xx', 'moses:', 'Moses:en', 'words', '', None, 3])
def test_an_unknown_name_says_what_there_is(name):
    wanted = '^tokenizer: .*(languages|moses:LANG, whitespace)'
    with pytest.raises(BadInput, match=wanted) as caught:
        check_tokenizer(name)
    assert '\n' not in str(caught.value)
    assert 'moses:' not in str(name) or str(caught.value).endswith(', '.join(languages()))


def test_moses_knows_the_languages_that_it_has_rules_for():
    assert {'en', 'de', 'fr', 'ru', 'zh', 'ja', 'ko'} <= set(languages())
    assert all(check_tokenizer('moses:' + language) for language in ('en', 'de', 'ja'))


def test_jieba():
    pytest.importorskip('jieba')
    assert check_tokenizer('jieba') == 'jieba'
    assert tokenize('我喜欢这部电影。OK', 'jieba') == ['我', '喜欢', '这部', '电影', '。', 'ok']


def test_jieba_is_quiet_and_leaves_the_shared_folder_alone(monkeypatch, tmp_path, capfd):
    pytest.importorskip('jieba')
    planted = marshal.dumps(({'我喜': 10 ** 9, '我': 0}, 10 ** 9))
    (tmp_path / 'jieba.cache').write_bytes(planted)
    monkeypatch.setattr(tempfile, 'tempdir', str(tmp_path))
    load_jieba.cache_clear()
    assert tokenize('我喜欢这部电影', 'jieba') == ['我', '喜欢', '这部', '电影']
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [planted]
    assert not any(capfd.readouterr())


def test_jieba_that_is_missing_is_one_line(monkeypatch):
    monkeypatch.setitem(sys.modules, 'jieba', None)
    load_jieba.cache_clear()
    with pytest.raises(BadInput, match=r"needs the package jieba: pip install -e '.\[jieba\]'"):
        check_tokenizer('jieba')


@pytest.mark.parametrize('text, named', [
    ('我喜欢这部电影，OK', 'Chinese.*--tokenizer jieba or characters'),
    ('这部 DVD 好 but the rest is English', None),
    ('このドラマが好き', 'Japanese.*--tokenizer characters'), ('日本映画最高傑作です', 'Japanese'),
    ('ｺﾉﾄﾞﾗﾏｶﾞｽｷ', 'Japanese'), ('ฉันชอบหนังเรื่องนี้', 'Thai.*--tokenizer characters'),
    ('ຂ້ອຍມັກຮູບເງົານີ້', 'Lao'),
    ('ខ្ញុំចូលចិត្តខ្សែភាពយន្តនេះ', 'Khmer'),
    ('ဒီရုပ်ရှင်ကိုကြိုက်တယ်', 'Burmese'),
    ('A fine film', None), ('Прекрасный фильм', None), ('', None), ('한국 영화 좋다', None)])
def test_advice(text, named):
    for tokenizer in ('moses:en', 'moses:zh'):
        said = advice([text] * 3, tokenizer)
        assert said is None if named is None else re.search(named, said) and '\n' not in said
    assert advice([text], 'characters') is None
