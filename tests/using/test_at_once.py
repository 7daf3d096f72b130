"""The first answers, in NumPy, are those of the compiled network."""
import numpy
import pytest

import lstm
from sentiment import average, load_model
from sentiment.commands.main import main
from sentiment.using import ask, at_once
from sentiment.using.model import Model
from tests.helpers import train
from tests.portable.models import arrays, make, texts

if not at_once.AVAILABLE:
    pytest.skip('what is on a device is computed there', allow_module_level=True)

TEXTS = texts(numpy.random.RandomState(1))


def assert_answers_agree(model, monkeypatch):
    """Assert that both ways give the same to the rounding of float64, one of them uncompiled."""
    readings = ask.read_texts(model, TEXTS)
    wanted = ask.probabilities(model, readings)
    for part in at_once.parts_of(model):
        monkeypatch.setattr(part, 'compile', None)
    numpy.testing.assert_allclose(at_once.answering(model)(readings), wanted, rtol=1e-10)


@pytest.mark.parametrize('pooling', lstm.POOLINGS)
@pytest.mark.parametrize('ngrams, classes', [(None, 2), (None, 3), (1, 2), (2, 3), (3, 2)])
def test_both_ways_agree(pooling, ngrams, classes, monkeypatch):
    assert_answers_agree(make(pooling, ngrams, classes, seed=classes), monkeypatch)


@pytest.mark.parametrize('temperature', [0.05, 1., 100.])
def test_at_any_temperature(temperature, monkeypatch):
    assert_answers_agree(make(temperature=temperature, ngrams=2), monkeypatch)


def test_of_an_average(monkeypatch):
    assert_answers_agree(average([make(seed=1), make('mean_max', 2, seed=2),
                                  make(ngrams=2, ngrams_n=None, seed=4)]), monkeypatch)


def test_of_n_grams_that_were_a_teacher(saved, monkeypatch, tmp_path):
    path = str(tmp_path / 'model.npz')
    train(saved[1], path, ngrams=2, ngrams_in=2, ngrams_as='teacher')
    assert_answers_agree(load_model(path), monkeypatch)


# --- Which way --------------------------------------------------------------------------------


@pytest.fixture
def compiled(monkeypatch):
    """A list of the numbers of texts that were left to the compiled network."""
    counts, whole = [], Model.f_pred_prob
    monkeypatch.setattr(Model, 'f_pred_prob', lambda model, x, mask: (
        counts.append(x.shape[1]), whole(model, x, mask))[1])
    return counts


@pytest.mark.parametrize('sizes', [[9], [2, 7], [1] * 9])
def test_the_first_words_alone_and_however_they_come(sizes, compiled, monkeypatch):
    monkeypatch.setattr(at_once, 'MOST', 6)
    model = make(ngrams=2)
    answer = at_once.answering(model)
    readings = ask.read_texts(model, ['film .', 'the film', '', 'film film', 'film', 'the', 'film',
                                      'the film', ''])
    pieces = numpy.split(numpy.arange(9), numpy.cumsum(sizes)[:-1])
    found = [answer([readings[k] for k in piece]) for piece in pieces]
    assert sum(compiled) == 4 and [len(some) for some in found] == sizes
    monkeypatch.setattr(at_once, 'MOST', 7)
    assert (numpy.concatenate(found)[:4].tobytes()
            == at_once.answering(model)(readings[:4]).tobytes())


def test_a_layer_of_your_own_is_compiled(compiled, monkeypatch):
    own = lstm.param_init_lstm, lambda *arguments, **keywords: lstm.lstm_layer(*arguments,
                                                                               **keywords)
    monkeypatch.setitem(lstm.layers, 'lstm', own)
    model = make()
    at_once.answering(model)(ask.read_texts(model, ['film']))
    assert compiled == [1]


@pytest.mark.parametrize('form', ['txt', 'csv'])
def test_predict_compiles_nothing_for_a_few(form, compiled, tmp_path, capsys):
    numpy.savez(str(tmp_path / 'm.npz'), **arrays(ngrams=2))
    source = tmp_path / ('in.' + form)
    source.write_text('id,text\n1,the film\n2,film\n' if form == 'csv' else 'the film\nfilm\n')
    assert main(['predict', str(tmp_path / 'm.npz'), str(source), '--csv']) == 0
    assert len(capsys.readouterr().out.splitlines()) == 3 and not compiled
