"""The temperature finds what was changed; figures of probabilities are their formulas."""
from types import SimpleNamespace

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

import lstm
from sentiment import evaluate, load_model, load_test_set, predict
from sentiment.data.safe_io import BadInput
from sentiment.data.streamed import held
from sentiment.training import calibration
from sentiment.using.model import read_model
from tests.helpers import POSITIVE


def draw(n_samples, n_classes, seed=0):
    """Return scores and labels that are drawn with the softmax of the scores."""
    rng = numpy.random.RandomState(seed)
    scores = 2 * rng.randn(n_samples, n_classes)
    probs = softmax(scores)
    labels = (probs.cumsum(axis=1) < rng.rand(n_samples, 1)).sum(axis=1)
    return scores, labels.clip(max=n_classes - 1)


def softmax(scores):
    odds = numpy.exp(scores)
    return odds / odds.sum(axis=1, keepdims=True)


@pytest.mark.parametrize('n_classes', [2, 4])
@pytest.mark.parametrize('factor', [0.3, 1., 7.])
def test_the_temperature_that_was_put_in_is_found(n_classes, factor):
    scores, labels = draw(20000, n_classes)
    found = calibration.fit_temperature(softmax(factor * scores), labels)
    assert found == pytest.approx(factor, rel=0.04)  # four standard errors of so many samples
    tempered = calibration.temper(softmax(factor * scores), found)
    assert calibration.calibration_error(calibration.reliability(tempered, labels)) < 0.02


def test_few_samples_change_little():
    assert calibration.fit_temperature(numpy.zeros((0, 2)), []) == pytest.approx(1, abs=1e-4)
    usual = calibration.fit_temperature(numpy.zeros((0, 2)), [], calibration.BLENDED)
    assert usual == pytest.approx(numpy.exp(0.1), abs=1e-4)
    right = numpy.array([[0.8, 0.2], [0.2, 0.8]])
    found = [calibration.fit_temperature(numpy.tile(right, (n, 1)), [0, 1] * n)
             for n in (1, 4, 400)]
    assert 1 > found[0] > 0.5 > found[1] > found[2] > 0.1


@pytest.mark.parametrize('role, ngrams, crop, usual', [
    ('part', None, None, 'ANY'), ('teacher', None, 5, 'ANY'), ('part', 2, 5, 'BLENDED'),
    ('teacher', 2, 5, 'TAUGHT_STRETCHES'), ('teacher', 2, 6, 'TAUGHT'),
    ('teacher', 2, None, 'TAUGHT')])
def test_a_kind_of_training_has_its_usual_temperature(role, ngrams, crop, usual):
    reviews = held([numpy.arange(n) for n in (2, 6, 9)])
    run = SimpleNamespace(options={'ngrams': ngrams, 'ngrams_as': role, 'crop': crop},
                          sets=[None, (reviews, [0, 1, 1])])
    assert lstm.Run.usual_temperature(run) == getattr(calibration, usual)


@given(st.lists(st.lists(st.floats(0, 1), min_size=3, max_size=3).filter(any), min_size=1),
       st.floats(0.05, 100))
def test_no_temperature_changes_a_label(rows, temperature):
    probs = numpy.array(rows)
    probs = (probs / probs.sum(axis=1, keepdims=True)).astype('float32')
    tempered = calibration.temper(probs, temperature)
    numpy.testing.assert_allclose(tempered.sum(axis=1), 1, rtol=1e-6)
    seen = numpy.maximum(probs, calibration.LEAST)
    assert (seen[numpy.arange(len(probs)), tempered.argmax(axis=1)] == seen.max(axis=1)).all()


def test_figures_are_their_formulas():
    probs = numpy.array([[0.97, 0.03], [0.55, 0.45], [0.42, 0.58], [0.9, 0.1]])
    labels = numpy.array([0, 1, 1, 1])
    assert calibration.brier_score(probs, labels) == pytest.approx(
        (0.03 ** 2 + 0.55 ** 2 + 0.42 ** 2 + 0.9 ** 2) / 4)
    bins = calibration.reliability(probs, labels)
    assert bins[14].tolist() == [1, 0.97, 1] and bins[13].tolist() == [1, 0.9, 0]
    assert bins[8].tolist() == [2, (0.55 + 0.58) / 2, 0.5] and bins[:, 0].sum() == 4
    assert calibration.calibration_error(bins) == pytest.approx(
        (1 * 0.03 + 1 * 0.9 + 2 * 0.065) / 4)
    thirds = numpy.full((3, 3), 1 / 3)
    assert calibration.brier_score(thirds, numpy.arange(3)) == pytest.approx(2 / 3)


def test_a_trained_model_keeps_its_temperature(saved):
    model = load_model(saved[0])
    assert model.temperature == float(model.saved['temperature']) != 1
    plain = dict(model.saved, temperature=numpy.array(1.))
    untempered = read_model(saved[0], plain)
    before = {name: value for name, value in plain.items() if name != 'temperature'}
    answers = [predict(m, [POSITIVE, 'wordca wordda']) for m in (
        model, untempered, read_model(saved[0], before))]
    numpy.testing.assert_array_equal(answers[1], answers[2])  # models of before have none
    numpy.testing.assert_array_equal(answers[0],
                                     calibration.temper(answers[1], model.temperature))
    data = load_test_set(model)
    figures = [evaluate(m, data) for m in (model, untempered)]
    assert figures[0]['confusion'] == figures[1]['confusion']
    assert figures[0]['auc'] == pytest.approx(figures[1]['auc'])
    for name in lstm.init_params(model.options):
        numpy.testing.assert_array_equal(model.params[name], model.saved[name])


@pytest.mark.parametrize('name, value', [
    ('temperature', numpy.array(0.)), ('temperature', numpy.array(numpy.nan)),
    ('temperature', numpy.ones(2)), ('temperature', numpy.array('1')),
    ('reliability', numpy.ones((15, 2))), ('reliability', -numpy.ones((15, 3))),
    ('reliability', numpy.full((15, 3), numpy.inf))])
def test_what_cannot_be_a_temperature_is_refused(saved, name, value):
    arrays = dict(load_model(saved[0]).saved, **{name: value})
    with pytest.raises(BadInput, match='^model.npz: %s: ' % name):
        read_model('model.npz', arrays)
