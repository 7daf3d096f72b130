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


@pytest.fixture
def compiled(monkeypatch):
    """A list of the numbers of texts that were left to the compiled network."""
    counts, whole = [], Model.answer

    def answer(model, name, build, x, mask):
        counts.append(x.shape[1])
        return whole(model, name, build, x, mask)
    monkeypatch.setattr(Model, 'answer', answer)
    return counts


def assert_answers_agree(model, compiled):
    """Assert that both ways give the same to the rounding of float64, one of them uncompiled."""
    readings = ask.read_texts(model, TEXTS)
    found = at_once.answering(model)(readings)
    assert not compiled
    numpy.testing.assert_allclose(found, ask.probabilities(model, readings), rtol=1e-10)


@pytest.mark.parametrize('pooling', lstm.POOLINGS)
@pytest.mark.parametrize('ngrams, classes', [(None, 2), (None, 3), (1, 2), (2, 3), (3, 2)])
def test_both_ways_agree(pooling, ngrams, classes, compiled):
    assert_answers_agree(make(pooling, ngrams, classes, seed=classes), compiled)


@pytest.mark.parametrize('temperature', [0.05, 1., 100.])
@pytest.mark.parametrize('scale', [1, 1000])  # which leaves one class no probability at all
def test_at_any_temperature(temperature, scale, compiled):
    model = make(temperature=temperature, ngrams=2)
    for name in ('U', 'ngrams_W'):
        model.params[name] = scale * model.params[name]
    assert_answers_agree(model, compiled)


def test_of_an_average(compiled):
    assert_answers_agree(average([make(seed=1), make('mean_max', 2, seed=2),
                                  make(ngrams=2, ngrams_n=None, seed=4)]), compiled)


def test_of_n_grams_that_were_a_teacher(saved, compiled, tmp_path):
    path = str(tmp_path / 'model.npz')
    train(saved[1], path, ngrams=2, ngrams_in=2, ngrams_as='teacher')
    assert_answers_agree(load_model(path), compiled)


# --- Which way --------------------------------------------------------------------------------


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
    assert (numpy.concatenate(found)[:4].tobytes()
            == at_once.answering(model)(readings[:4]).tobytes())


def test_wide_models_answer_fewer_words_so():
    assert at_once.how_many(make()) == at_once.MOST
    assert at_once.how_many(average([make(seed=1), make(seed=2)])) == at_once.MOST
    large = make()
    large.options['dim_proj'] = 4 * at_once.WIDEST
    assert at_once.how_many(large) == at_once.MOST // 16
    assert at_once.how_many(average([large, large])) == at_once.MOST // 32


def test_the_tutorials_layer_under_another_name(compiled, monkeypatch):
    monkeypatch.setitem(lstm.layers, 'mine', lstm.layers['lstm'])
    model = make()
    model.options['encoder'] = 'mine'
    for name in 'WUb':
        model.params['mine_' + name] = model.params.pop('lstm_' + name)
    assert_answers_agree(model, compiled)


def test_a_layer_of_your_own_is_compiled(compiled, monkeypatch):
    own = lstm.param_init_lstm, lambda *arguments, **keywords: lstm.lstm_layer(*arguments,
                                                                               **keywords)
    monkeypatch.setitem(lstm.layers, 'lstm', own)
    model = make()
    at_once.answering(model)(ask.read_texts(model, ['film']))
    assert compiled == [1]


@pytest.mark.parametrize('form', ['txt', 'csv'])
@pytest.mark.parametrize('more, wanted', [([], []), (['--output', 'out'], [2])])
def test_predict_compiles_nothing_for_a_few(form, more, wanted, compiled, tmp_path, monkeypatch,
                                            capsys):
    monkeypatch.chdir(tmp_path)
    numpy.savez('m.npz', **arrays(ngrams=2))
    (tmp_path / ('in.' + form)).write_text(
        'id,text\n1,the film\n2,film\n' if form == 'csv' else 'the film\nfilm\n')
    assert main(['predict', 'm.npz', 'in.' + form, '--csv'] + more) == 0
    told = open('out').read() if more else capsys.readouterr().out
    assert len(told.splitlines()) == 3 and compiled == wanted
