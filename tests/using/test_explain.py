"""An explanation is what leaving words out changes; or what the states add."""
import numpy
import pytest

import lstm
from sentiment import average, explain, load_model, predict
from sentiment.data.safe_io import BadInput
from sentiment.using import explain as room
from sentiment.using.ask import class_shares
from tests.helpers import POSITIVE, as_texts, toy_reviews


def left_out(model, words):
    """Return what leaving each word out changes, one predict at a time: (n, C)."""
    whole, = predict(model, [' '.join(words)])
    others = [predict(model, [' '.join(words[:t] + words[t + 1:])])[0] for t in range(len(words))]
    return numpy.log(whole) - numpy.log(numpy.where(numpy.isnan(others), class_shares(model),
                                                    others))


@pytest.fixture(scope='module')
def both(saved, tmp_path_factory):
    """The average of two models."""
    path = str(tmp_path_factory.mktemp('second') / 'second.npz')
    lstm.train_lstm(path=saved[1], saveto=path, dim_proj=5, n_words=30, max_epochs=2, seed=5)
    return average([load_model(saved[0]), load_model(path)])


@pytest.mark.parametrize('text', as_texts(toy_reviews(6, 9)[0]) + [
    'wordoa', 'xyzzy', 'wordoa xyzzy', 'xyzzy wordoa plugh', 'wordca . wordoa !'])
def test_contributions_are_what_leaving_a_word_out_changes(model, both, text):
    for one in (model, both):
        words, contributions = explain(one, text)
        assert ' '.join(words) == text
        expected = left_out(one, words)
        numpy.testing.assert_allclose(contributions, expected, rtol=1e-6, atol=1e-9)
        assert abs(contributions[:, 1]).argmax() == abs(expected[:, 1]).argmax()


def long_text(n_sentences):
    """A text of as many sentences of 12 words, one of which speaks for the positive class."""
    return ' '.join(['wordca wordda wordea wordfa wordga wordha wordia wordja wordka wordla xyzzy '
                     '.'] * (n_sentences - 1) + ['wordoa wordpa wordqa wordra wordsa wordta worduo '
                                                 'wordoa wordpa wordqa wordra .'])


@pytest.mark.parametrize('n_sentences', [26, 60])
def test_a_long_text_goes_by_sentence_and_then_by_word(model, n_sentences, capsys):
    words, contributions = explain(model, long_text(n_sentences))
    assert 'by sentence' in capsys.readouterr().err
    assert len(words) == 12 * n_sentences and contributions.shape == (len(words), 2)
    last = left_out(model, words)[-12:] if n_sentences == 26 else None
    if last is not None:
        numpy.testing.assert_allclose(contributions[-12:], last, rtol=1e-6, atol=1e-9)
    else:  # beyond the budget, words share what their sentence changes
        shares = contributions.reshape(n_sentences, 12, 2)
        equal = (shares == shares[:, :1]).all(axis=(1, 2))
        assert equal.sum() == n_sentences - 300 // 12


def test_what_is_left_out_of_a_long_text_is_bounded():
    words = ['a'] * 100000
    assert [part.stop - part.start for part in room.cut_sentences(words, 10 ** 6)] == [50] * 2000
    parts = room.cut_sentences(words, 7)
    assert len(parts) <= 7 and (parts[0].start, parts[-1].stop) == (0, 100000)
    assert all(a.stop == b.start for a, b in zip(parts, parts[1:]))
    assert [part.stop for part in room.cut_sentences('no . ! yes'.split(), 9)] == [2, 3, 4]


@pytest.mark.parametrize('text, by, named', [
    (['a'], 'words', 'a list was given'), (b'a', 'words', 'a bytes was given'),
    (None, 'words', 'NoneType'), ('', 'words', 'without a word'), (' ', 'states', 'without a word'),
    ('wordoa', 'letters', "'letters' is not one of words, states")])
def test_what_cannot_be_explained_is_one_line(model, text, by, named):
    with pytest.raises(BadInput, match=named):
        explain(model, text, by=by)


def test_several_explained_at_once_are_each_as_alone(model):
    texts = as_texts(toy_reviews(9, 4)[0]) + [long_text(26), 'xyzzy', POSITIVE]
    readings = room.read_texts(model, texts)
    together = list(room.explain_readings(model, readings))
    assert len(together) == len(texts)
    for reading, (words, contributions) in zip(readings, together):
        alone_words, alone = room.explain_reading(model, reading)
        assert words == alone_words
        numpy.testing.assert_allclose(contributions, alone, rtol=1e-6, atol=1e-9)
    assert list(room.explain_readings(model, [])) == []


def test_the_words_that_are_read_at_once_are_bounded(model, monkeypatch):
    monkeypatch.setattr(room, 'BUDGET', 100)
    most, ask = [], room.probabilities
    monkeypatch.setattr(room, 'probabilities', lambda model, readings: most.append(
        sum(len(reading.words) for reading in readings)) or ask(model, readings))
    readings = room.read_texts(model, as_texts(toy_reviews(20, 4)[0]))
    assert len(list(room.explain_readings(model, readings))) == 20
    assert len(most) > 10 and max(most) <= max(100, 12 ** 2)
