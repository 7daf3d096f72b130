"""Figures of a model are their formulas; its test set is found again, in its own words."""
import copy
import itertools
import pickle
import shutil

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import imdb_preprocess
import lstm
from sentiment import evaluate, load_model, load_test_set
from sentiment.data.pickles import read_sets
from sentiment.data.safe_io import BadInput
from sentiment.training.calibration import calibration_error, reliability
from sentiment.using import measure as room
from sentiment.using.measure import area_under_roc
from tests.helpers import reference_data_probs, toy_reviews, toy_word, write_raw, write_toy_pickle


def test_evaluate_gives_the_error_of_the_training(saved, tmp_path):
    path = str(tmp_path / 'model.npz')
    errors = lstm.train_lstm(path=saved[1], saveto=path, dim_proj=6, n_words=30, max_epochs=1,
                             test_size=15)
    model = load_model(path)
    measured = evaluate(model, load_test_set(model))
    assert measured['error'] == errors[2] > 0 and measured['n_samples'] == 15


def test_every_figure_of_evaluate(model):
    reviews, labels = load_test_set(model, test_size=-1)
    labels = numpy.concatenate([1 - numpy.asarray(labels[:5]), labels[5:]])  # some wrong
    measured = evaluate(model, (reviews, labels))
    probs = reference_data_probs(model.params, (reviews, labels), model.temperature)
    n, predicted = len(labels), probs.argmax(axis=1)
    numpy.testing.assert_allclose(measured['log_loss'],
                                  -numpy.log(probs[numpy.arange(n), labels]).mean())
    assert measured['brier'] == pytest.approx(((probs[:, 1] - labels) ** 2).mean())
    assert measured['calibration_error'] == pytest.approx(
        calibration_error(reliability(probs, labels))) != 0
    assert measured['error'] == (predicted != labels).mean() > 0
    assert measured['accuracy'] == (predicted == labels).mean()
    assert measured['confusion'] == [[((labels == k) & (predicted == j)).sum() for j in (0, 1)]
                                     for k in (0, 1)]


@settings(max_examples=60)
@given(st.lists(st.tuples(st.sampled_from([0., .2, .5, .7, 1.]), st.booleans()), min_size=2))
def test_area_under_roc_is_the_share_of_pairs_in_order(samples):
    p, labels = numpy.array([s[0] for s in samples]), numpy.array([int(s[1]) for s in samples])
    pairs = [(a, b) for a, b in itertools.product(p[labels == 1], p[labels == 0])]
    area = area_under_roc(numpy.stack([1 - p, p], axis=1), labels)
    if not pairs:
        assert area is None
    else:
        assert abs(area - numpy.mean([(a > b) + 0.5 * (a == b) for a, b in pairs])) < 1e-12


def test_data_of_another_dictionary_is_translated(saved, model, tmp_path):
    path = write_toy_pickle(tmp_path / 'imdb.pkl')
    train, test = read_sets(path)
    other = {toy_word(k): 33 - k for k in range(2, 32)}  # the same words in the other order
    with open(path, 'wb') as file, open(str(tmp_path / 'imdb.dict.pkl'), 'wb') as words:
        pickle.dump(other, words, 2)
        for reviews, labels in (train, test):
            reviews = [[33 - int(k) for k in review] for review in reviews]
            pickle.dump((reviews, labels.tolist()), file, 2)
    measured = [evaluate(model, load_test_set(model, path=p, test_size=-1))
                for p in (path, saved[1])]
    assert measured[0]['confusion'] == measured[1]['confusion']
    assert measured[0]['log_loss'] == pytest.approx(measured[1]['log_loss'])


def test_raw_reviews_are_read_with_the_models_words(saved, model, tmp_path):
    raw = write_raw(tmp_path / 'raw', *read_sets(saved[1])[1])
    by_folder, by_pickle = (evaluate(model, load_test_set(
        model, path=path, test_size=-1)) for path in (raw, saved[1]))
    assert by_folder['confusion'] == by_pickle['confusion']
    wordless = copy.copy(model)
    wordless.dictionary = None
    with pytest.raises(BadInput, match='vocabulary'):
        load_test_set(wordless, path=raw)


def test_what_a_measurement_takes_for_granted_is_said(saved, model, tmp_path, capsys):
    raw = tmp_path / 'raw'
    write_raw(raw, *read_sets(saved[1])[1])
    shutil.rmtree(str(raw / 'test'))
    load_test_set(model, path=str(raw))
    assert 'all of its 23 reviews are tested on' in capsys.readouterr().err
    alone = shutil.copy(saved[1], str(tmp_path / 'alone.pkl'))
    load_test_set(model, path=alone)
    assert 'no dictionary' in capsys.readouterr().err


def test_a_model_knows_its_data_from_any_folder(tmp_path, toy_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lstm.train_lstm(path='imdb.pkl', saveto='m.npz', dim_proj=4, n_words=30, max_epochs=1)
    model = load_model('m.npz')
    monkeypatch.chdir(tmp_path.parent)
    assert len(load_test_set(model)[0]) == 23


def test_raw_reviews_are_the_very_ones_of_the_training(tmp_path):
    raw, path = write_raw(tmp_path / 'raw', *toy_reviews(40, 3)), str(tmp_path / 'model.npz')
    errors = lstm.train_lstm(path=raw, saveto=path, dim_proj=6, n_words=30, max_epochs=1,
                             test_size=7)
    model = load_model(path)
    (reviews, labels), (raw_reviews, raw_labels) = (
        load_test_set(model, path=place) for place in (None, raw))
    assert [list(review) for review in reviews] == raw_reviews and labels == raw_labels
    assert evaluate(model, (raw_reviews, raw_labels))['error'] == errors[2]


def test_reviews_too_long_to_train_on_can_be_measured(saved, tmp_path):
    path = str(tmp_path / 'short.npz')
    lstm.train_lstm(path=saved[1], saveto=path, dim_proj=6, n_words=30, max_epochs=1, maxlen=9)
    raw = tmp_path / 'long'
    write_raw(raw, [[2] * 9, [3] * 10] * 10, [0, 1] * 10)
    imdb_preprocess.preprocess(str(raw), str(raw))
    model = load_model(path)
    assert len(load_test_set(model, path=str(raw))[0]) == 20


def test_labels_that_the_model_does_not_know(model):
    with pytest.raises(BadInput, match='label 2'):
        evaluate(model, ([[2]], [2]))


@pytest.mark.parametrize('data, named', [
    (([[2]], [-1]), 'label -1'), (([[2], [3]], ['pos', 'neg']), r"labels\[0\] is 'pos' \(str\)"),
    (([[2]], [0.]), r'labels\[0\] is 0.0'), (([[2]], [None]), 'is None'),
    (([[2]], [True]), 'is True'), ((['a text', 'another'], [0, 1]), 'index_texts'),
    (['a text', 'another'], 'index_texts'), ('a text', 'index_texts'),
    (('a text', [0]), 'index_texts'), (([[2], [3]], [0]), '2 reviews and 1 labels'),
    (([], []), '0 reviews and 0 labels'), (([[2], []], [0, 1]), r'reviews\[1\] has no words'),
    (([[2], [30]], [0, 1]), r'reviews\[1\] has the word 30; the model knows 0 to 29'),
    (([[-1]], [0]), 'has the word -1'), (([[2.5]], [0]), 'not a list of word indices'),
    (([b'ab'], [0]), 'not a list'),
    (([2, 3], [0, 1]), r'reviews\[0\] is 2, not a list'), (([None], [0]), 'not a list'),
    (([[2]], 0), 'labels: a int was given'), (([[[2], [3, 4]]], [0]), 'not a list'),
    (None, r'a NoneType was given \(None\), not \(reviews, labels\)'),
    (([[2]], [0], [1]), 'not \\(reviews, labels\\)'), ({'reviews': [[2]]}, 'a dict was given')])
def test_what_is_no_data_is_said(model, data, named):
    with pytest.raises(BadInput, match=named) as caught:
        evaluate(model, data)
    assert '\n' not in str(caught.value)


def test_the_share_of_unknown_words_is_measured(model):
    data = (review for review in [[2, 1, 1], numpy.array([1, 3, 4, 5, 6])]), numpy.array([0, 1])
    assert evaluate(model, data)['unknown_words'] == 3 / 8


def test_raw_reviews_without_a_word_are_left_out_and_counted(model, monkeypatch, capsys):
    monkeypatch.setattr(room, 'read_test_reviews',
                        lambda *_: (['wordca', ' ', 'wordoa'], ['negative'] + 2 * ['positive']))
    reviews, labels = room.read_raw(model, 'raw', None)
    assert reviews == [[2], [14]] and labels.tolist() == [0, 1]
    assert 'raw: left out: 1 reviews without a word' in capsys.readouterr().err


def test_classes_are_matched_by_name(model):
    table = ['wordoa', 'wordca', 'wordoa'], ['positive', 'negative', 'pos']
    reviews, labels = load_test_set(model, path=table, test_size=-1)
    assert labels.tolist() == [1, 0, 1] and reviews == [[14], [2], [14]]
    with pytest.raises(BadInput, match='no class of the training: 0, 1; known are negative, pos'):
        load_test_set(model, path=(table[0], [1, 0, 1]))


def test_the_figures_of_each_class(model):
    reviews, labels = load_test_set(model, test_size=-1)
    measured = evaluate(model, (reviews, labels))
    (a, b), (c, d) = measured['confusion']
    assert measured['classes']['positive'] == {
        'precision': d / (b + d), 'recall': d / (c + d), 'f1': 2 * d / (b + c + 2 * d),
        'n_samples': c + d}
