"""An error is one line, and not a long one, whatever a file puts into it."""
import pytest

from sentiment.data.errors import BadInput, brief, naming, reason, shown


@pytest.mark.parametrize('text', [
    'i4,' * 200000, 'a\nb', '\x1b[31mred', 'a\u2028b\x85c\x1cd', '\ud800', '\n' * 5000,
    '\x00' * 5000])
def test_any_text_is_brief_and_on_one_line(text):
    for said in (brief(text), str(BadInput(text)), shown(text), reason(ValueError(text))):
        assert len(said.splitlines()) == 1 and said.isprintable() and len(said) < 1900
        said.encode('utf-8')
    assert len(brief(text)) <= 400 and len(shown(text)) <= 400


def test_an_ordinary_text_stays_as_it_is():
    for text in ('x.pkl: not a pickle', 'Übung  macht: den  Meister'):
        assert brief(text) == text == str(BadInput(text))


def test_a_value_that_would_be_endless_is_shown_briefly():
    value = 'lol'
    for _ in range(60):
        value = [value] * 10
    assert len(shown(value)) < 400
    itself = []
    itself.append(itself)
    assert len(shown(itself)) < 400


def test_an_error_without_a_text_gives_its_name():
    assert reason(EOFError()) == 'EOFError'
    with pytest.raises(BadInput, match='^x: no strerror$'):
        with naming('x'):
            raise OSError('no\nstrerror')
