"""Any text has an answer, and its words add up to it."""
import copy
import threading

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import imdb
import lstm
from sentiment import average, evaluate, index_texts, load_model, load_test_set, predict
from sentiment.data.safe_io import BadInput
from sentiment.engine import OWN_OPERATIONS
from sentiment.using import ask
from sentiment.using.ask import FEW
from tests.helpers import (POSITIVE, as_texts, assert_contributions_are_the_scores,
                           reference_data_probs, toy_reviews)


def test_predict_agrees_with_the_pickle(saved, model):
    reviews, labels = imdb.load_data(saved[1], n_words=30)[2]
    probs = predict(model, as_texts(reviews))
    numpy.testing.assert_allclose(probs, reference_data_probs(
        model.params, (reviews, labels), model.temperature))


def test_many_texts_on_all_cores_are_the_same(model):
    texts = as_texts(toy_reviews(2 * FEW, 7)[0])
    numpy.testing.assert_allclose(predict(model, texts),
                                  numpy.concatenate([predict(model, [t]) for t in texts]))


def test_there_is_time_for_something_while_many_texts_are_read(model, monkeypatch):
    called = []
    monkeypatch.setattr(ask, 'MANY', 5)
    with ask.reader(model, 5, meanwhile=lambda: called.append(True)) as read:
        assert len(list(read(['wordoa'] * 4))) == 4 and not called
        readings = read(['wordoa'] * 5)
        assert called and [reading.indices.tolist() for reading in readings] == [[14]] * 5


def test_another_vocabulary_is_read_by(model):
    model = copy.copy(model)
    assert index_texts(model, ['wordoa xyzzy']) == [[14, 1]]
    model.dictionary = {'xyzzy': 3}
    assert index_texts(model, ['wordoa xyzzy']) == [[1, 3]]
    model.tokenizer = 'characters'
    assert index_texts(model, ['a']) == [[1]]


def test_the_models_of_an_average_get_ready(saved):
    other = average([load_model(saved[0]), load_model(saved[0])])
    other.get_ready()
    assert OWN_OPERATIONS == all('f_pred_prob' in one.compiled for one in other.models)


def test_contributions_of_means_and_maxima_are_the_scores(saved, tmp_path):
    path = str(tmp_path / 'model.npz')
    lstm.train_lstm(path=saved[1], saveto=path, dim_proj=6, n_words=30, max_epochs=2,
                    pooling='mean_max')
    model = load_model(path)
    assert model.params['U'].shape == (12, 2)
    assert_contributions_are_the_scores(model)
    measured = evaluate(model, load_test_set(model))
    assert measured['error'] == float(model.saved['test_err'])


def test_contributions_and_bias_are_the_scores(model):
    assert_contributions_are_the_scores(model)


@settings(max_examples=100)
@given(st.lists(st.text(), max_size=5))
def test_any_text_has_an_answer(model, texts):
    probs = predict(model, texts)
    assert probs.shape == (len(texts), 2)
    empty = numpy.isnan(probs).all(axis=1)
    assert (abs(probs[~empty].sum(axis=1) - 1) < 1e-6).all()


class Table:
    """As a pandas DataFrame: going through it gives the names of its columns."""

    columns = ['text', 'label']

    def __iter__(self):
        return iter(self.columns)


@pytest.mark.parametrize('texts, named', [
    ('great film', r"a str was given \('great film'\), not a list of str; for one text"),
    (b'great film', 'a bytes was given'), (None, 'a NoneType was given'), (3, 'a int was given'),
    ({'text': ['great']}, 'a dict was given'), (Table(), 'a Table was given'),
    ({'great', 'film'}, 'a set was given'), ([b'great'], r"texts\[0\] is b'great' \(bytes\)"),
    (['a', 'b', 'c', float('nan')], r'texts\[3\] is nan \(float\), not a str'),
    (['a', None], r'texts\[1\] is None'), ([['a', 'b']], r'texts\[0\] is \['),
    (numpy.array([['a', 'b']]), r'texts\[0\] is array'), (numpy.array('a'), 'a ndarray')])
def test_what_is_no_list_of_texts_is_said(model, texts, named):
    with pytest.raises(BadInput, match=named) as caught:
        predict(model, texts)
    assert '\n' not in str(caught.value)


def test_any_iterable_of_texts_will_do(model):
    texts = ['wordoa wordpa', 'wordca']
    right = predict(model, texts)
    for same in (tuple(texts), (text for text in texts), numpy.array(texts), iter(texts),
                 dict.fromkeys(texts).keys(), numpy.array(texts, object)):
        numpy.testing.assert_array_equal(predict(model, same), right)


def test_pandas_gives_texts_by_column_alone(model):
    pandas = pytest.importorskip('pandas')
    table = pandas.DataFrame({'text': ['wordoa', 'wordca']}, index=[7, 9])
    numpy.testing.assert_array_equal(predict(model, table['text']),
                                     predict(model, ['wordoa', 'wordca']))
    with pytest.raises(BadInput, match='a DataFrame was given'):
        predict(model, table)
    with pytest.raises(BadInput, match=r'texts\[1\] is'):
        predict(model, pandas.Series(['a', None]))


STRANGE = ['xyzzy plugh', '\U0001f600', '\u8fd9\u90e8\u7535\u5f71', 'xyzzy, plugh!']


def test_texts_of_unknown_words_get_the_class_shares(model, capsys):
    model = copy.copy(model)
    others = {word: index for word, index in model.dictionary.items() if index > 3}
    model.dictionary = dict(others, **{'!': 2, ',': 3})  # punctuation tells nothing
    model.saved = dict(model.saved, class_shares=numpy.array([0.25, 0.75]))
    assert (predict(model, STRANGE) == [0.25, 0.75]).all()
    assert capsys.readouterr().err.splitlines()[-1] == '4 of 4 texts: no known word'
    del model.saved['class_shares']
    assert (predict(model, STRANGE + [POSITIVE])[:4] == 0.5).all()
    assert capsys.readouterr().err.splitlines()[-1] == '4 of 5 texts: no known word; equal shares'
    predict(model, ['wordoa xyzzy', '!', ' '])
    assert not capsys.readouterr().err


def test_the_share_of_unknown_words(model):
    readings = ask.read_texts(model, ['wordoa xyzzy plugh wordpa', 'wordoa', 'xyzzy', ''])
    assert [reading.unknown_words for reading in readings[:3]] == [0.5, 0, 1]
    assert numpy.isnan(readings[3].unknown_words)
    assert index_texts(model, ['wordoa xyzzy']) == [[14, 1]]


def test_other_threads_tokenize_by_themselves(model):
    answers, texts = [], ['wordoa'] * 2 * FEW
    thread = threading.Thread(target=lambda: answers.append(
        (ask.count_jobs(len(texts)), predict(model, texts))))
    thread.start()
    thread.join()
    jobs, probs = answers[0]
    assert jobs == 1 and len(probs) == 2 * FEW
