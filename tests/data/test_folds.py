"""Folds: disjoint, together all reviews, of one size, and with stretches of neighbours."""
import numpy
import pytest
from hypothesis import given, strategies

import imdb
import lstm
from sentiment.data.errors import BadInput
from sentiment.data.folds import fold_of, read_fold
from sentiment.training.batches import draw_within
from tests.helpers import train

SIZES = strategies.tuples(strategies.integers(2, 9), strategies.integers(1, 6),
                          strategies.integers(0, 99)).flatmap(
    lambda some: strategies.tuples(*map(strategies.just, some[:2]),
                                   strategies.just(some[0] * some[1] + some[2])))


def split_all(n_samples, n_folds, stretches, seed):
    """Return the numbers of the reviews that (train, validate), sorted, of each fold."""
    data = [[k] for k in range(n_samples)], numpy.arange(n_samples)
    return [tuple(numpy.sort(part[1]) for part in imdb.split_fold(
        data, '%d/%d' % (k + 1, n_folds), numpy.random.RandomState(seed), stretches))
        for k in range(n_folds)]


@given(SIZES, strategies.booleans(), strategies.integers(0, 5))
def test_folds_are_disjoint_and_together_all(sizes, in_stretches, seed):
    n_folds, stretches, n_samples = sizes
    stretches = stretches if in_stretches else None
    parts = split_all(n_samples, n_folds, stretches, seed)
    assert sorted(numpy.concatenate([valid for _, valid in parts])) == list(range(n_samples))
    for rest, valid in parts:
        assert sorted(numpy.concatenate([rest, valid])) == list(range(n_samples))
        assert abs(len(valid) - n_samples / n_folds) <= (stretches or 1)
        if in_stretches:
            assert 1 + (numpy.diff(valid) > 1).sum() <= stretches
            in_parts = valid * stretches // n_samples  # one stretch somewhere in each part
            assert set(in_parts) == set(range(stretches))


@pytest.mark.parametrize('stretches', [None, 4])
def test_folds_are_those_of_their_seed(stretches):
    first, again, other = (split_all(60, 3, stretches, seed) for seed in (1, 1, 2))
    assert all((a[1] == b[1]).all() for a, b in zip(first, again))
    assert any((a[1] != b[1]).any() for a, b in zip(first, other))


@pytest.mark.parametrize('bucket', [False, True])
@pytest.mark.parametrize('stretches', [None, 4])
def test_what_trains_and_what_validates_is_each_review_once(toy_path, bucket, stretches):
    options = dict(dataset='imdb', path=toy_path, n_words=30, maxlen=None, test_size=0, seed=1,
                   stretches=stretches, bucket=bucket, batch_size=7)
    everything, validated = sorted(map(tuple, imdb.read_sets(toy_path)[0][0])), []
    for k in range(3):
        rng = numpy.random.RandomState(1)
        some, valid, _ = lstm.load_sets(dict(options, fold='%d/3' % (k + 1)), rng)
        trained = [tuple(some[0][i]) for _, batch in draw_within(some[0].lengths, options, rng)
                   for i in batch]
        validated += map(tuple, valid[0])
        assert sorted(trained + list(map(tuple, valid[0]))) == everything
    assert sorted(validated) == everything


def test_too_few_reviews_are_an_error():
    for n_samples, n_folds, stretches in ((2, 3, None), (11, 3, 4)):
        with pytest.raises(BadInput, match='%d training reviews are too few for 3' % n_samples):
            fold_of(n_samples, n_folds, numpy.random, stretches)


@pytest.mark.parametrize('wrong', ['', '2', '0/5', '6/5', '1/1', '2/5/6', '-1/5', '2/5\n', 'a/b',
                                   2, 0.4, '1/9999999', ('2', '5')])
def test_what_is_no_fold(toy_path, tmp_path, wrong):
    with pytest.raises(BadInput, match='fold'):
        train(toy_path, tmp_path / 'model.npz', fold=wrong)
    assert read_fold('2/5') == (2, 5) and read_fold('12/12') == (12, 12)


def test_no_other_fold_resumes(toy_path, tmp_path):
    train(toy_path, tmp_path / 'model.npz', fold='1/3')
    with pytest.raises(BadInput, match='fold was 1/3 and is 2/3 now'):
        train(toy_path, tmp_path / 'model.npz', fold='2/3', resume=True)
