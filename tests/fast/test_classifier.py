"""The classifier and its loss, fast or as they are read, are what their equations say."""
from functools import lru_cache

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

import lstm
from sentiment.engine import config, tensor, theano
from tests.helpers import FAST
from tests.rounded import Rounded


@lru_cache(maxsize=None)
def build(fast):
    """Return a function (h, U, b, y, mask, w_pred, w_losses, w_cost) -> pred, losses, cost, and the
    gradients of h, U and b of the sum of the three so weighted.
    """
    classify, log_loss, mean_loss = (lstm.twin(f, {'fast': fast}) for f in (
        lstm.classify, lstm.log_loss, lstm.mean_loss))
    h, U, mask, w_pred = tensor.matrices('h', 'U', 'mask', 'w_pred')
    b, y, w_losses, w_cost = tensor.vector(), tensor.lvector(), tensor.vector(), tensor.scalar()
    pred = classify(h, U, b)
    losses = log_loss(pred, y)
    cost = mean_loss(losses, mask)
    total = (pred * w_pred).sum() + (losses * w_losses).sum() + cost * w_cost
    return theano.function([h, U, b, y, mask, w_pred, w_losses, w_cost],
                           [pred, losses, cost] + tensor.grad(total, [h, U, b]))


def expect(h, U, b, y, mask, w_pred, w_losses, w_cost):
    """Return what that function shall answer, with the errors that are allowed."""
    h, U, b = (Rounded(value, config.floatX) for value in (h, U, b))
    scores, samples, real = h @ U + b, numpy.arange(len(y)), mask.max(axis=0) > 0
    exps = (scores - scores.value.max(1, keepdims=True)).exp()
    pred = exps / exps.sum(1)[:, None]
    likely = pred[samples, y] + 1e-8
    losses = -likely.log()
    dlosses = w_cost * (Rounded(real, config.floatX) / real.sum()) + w_losses
    correct = numpy.arange(len(b.value)) == y[:, None]
    dpred = correct * -(dlosses / likely)[:, None] + w_pred
    shares = dpred * pred
    dscores = shares - shares.sum(1)[:, None] * pred
    return [pred, losses, (losses * real).sum(0) / real.sum(),
            dscores @ U.T, h.T @ dscores, dscores.sum(0)]


@pytest.mark.parametrize('fast', FAST)
@given(B=st.integers(1, 9), D=st.integers(1, 6), C=st.integers(2, 4), seed=st.integers(0, 999))
def test_answers_and_gradients(fast, B, D, C, seed):
    rng = numpy.random.RandomState(seed)
    y, mask = rng.randint(0, C, B), rng.randint(0, 2, (3, B))
    mask[:, 0] = 1  # the others may have no word
    h, U, b, mask, *weights = (numpy.asarray(value, 'float32').astype(config.floatX) for value in (
        rng.randn(B, D), rng.randn(D, C), rng.randn(C), mask,
        rng.randn(B, C), rng.randn(B), rng.randn()))
    for value, computed in zip(expect(h, U, b, y, mask, *weights),
                               build(fast)(h, U, b, y, mask, *weights)):
        assert computed.dtype == config.floatX
        value.assert_close(computed)


@pytest.mark.parametrize('fast', FAST)
def test_a_class_that_is_not_there_is_an_error(fast):
    one = numpy.ones((1, 2), config.floatX)
    with pytest.raises(IndexError):
        build(fast)(one[:, :1], one, one[0], [2], one[:, :1], one, one[0, :1], one[0, 0])


@pytest.mark.parametrize('fast', FAST)
@pytest.mark.parametrize('name', ['b', 'y', 'mask'])
def test_what_is_one_long_by_chance_is_an_error(fast, name):
    given = dict(h=numpy.ones((3, 2)), U=numpy.ones((2, 2)), b=numpy.ones(2),
                 y=numpy.ones(3, 'int64'), mask=numpy.ones((4, 3)), w_pred=numpy.ones((3, 2)),
                 w_losses=numpy.ones(3), w_cost=numpy.ones(()))
    given[name] = given[name][..., :1]
    with pytest.raises(ValueError):
        build(fast)(*(value if name == 'y' else value.astype(config.floatX)
                      for name, value in given.items()))


def test_what_has_no_finite_answer_is_silent(recwarn):
    nothing = numpy.zeros((1, 2), config.floatX)
    cost = build(FAST[-1])(nothing[:, :1], nothing, [0, 1e30], [0], nothing[:, :1], nothing,
                           nothing[0, :1], nothing[0, 0])[2]
    assert numpy.isnan(cost) and not recwarn
