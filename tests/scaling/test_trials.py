"""Trials: the whole grid, or random settings of which the first stay when more are drawn."""
import numpy
import pytest

from sentiment.data.safe_io import BadInput
from sentiment.scaling.trials import (Range, Trial, better_half, corners, rungs, runs_of,
                                      settings_of, summary, within)

GRID = {'seed': [1, 2, 3], 'lrate': [0.1, 0.2]}


def record(trial, valid_err, epochs=1, problem=None):
    return {'trial': trial, 'valid_err': valid_err, 'epochs': epochs, 'problem': problem}


def test_a_grid_has_all_combinations_in_order():
    assert settings_of(GRID) == settings_of(GRID, 6) == settings_of(GRID, 100) == [
        {'seed': seed, 'lrate': lrate} for seed in (1, 2, 3) for lrate in (0.1, 0.2)]
    assert settings_of({}) == [{}]


def test_some_of_a_grid_are_different_ones():
    drawn = settings_of(GRID, 4)
    assert len({tuple(one.values()) for one in drawn}) == 4 and drawn != settings_of(GRID)[:4]


def test_draws_lie_in_their_ranges_and_the_first_stay():
    varied = dict(GRID, lrate=Range(0.001, 1., False), dim_proj=Range(4, 8, True),
                  noise_std=Range(0., 1., False))
    drawn = settings_of(varied, 300)
    assert drawn[:40] == settings_of(varied, 40) != settings_of(varied, 40, seed=124)
    assert {one['dim_proj'] for one in drawn} == {4, 5, 6, 7, 8}
    lrates = numpy.array([one['lrate'] for one in drawn])
    assert lrates.min() >= 0.001 and lrates.max() <= 1
    # a third lies in each of three decades: 100 of 300, whose standard deviation is 8
    assert all(abs(n - 100) < 40 for n in numpy.histogram(numpy.log10(lrates), [-3, -2, -1, 0])[0])


def test_ranges_need_a_number_of_trials():
    with pytest.raises(BadInput, match='lrate: a range has no end of values'):
        settings_of({'lrate': Range(0.1, 1., False)})
    with pytest.raises(BadInput, match='1000000 trials are more than'):
        settings_of({'seed': list(range(1000)), 'dim_proj': list(range(1000))})


@pytest.mark.parametrize('first, last, expected', [
    (None, 30, [30]), (2, 16, [2, 4, 8, 16]), (3, 20, [3, 6, 12, 20]), (5, 5, [5]), (9, 5, [5])])
def test_rungs_double(first, last, expected):
    assert rungs(first, last) == expected


def test_the_better_half_goes_on_without_those_that_failed():
    records = [record('a', 0.3), record('b', 0.1), record('c', None, 1, 'the cost became nan'),
               record('d', 0.2), record('e', 0.1)]
    assert better_half(records) == ['b', 'e']
    assert better_half([record('a', 0.1)]) == ['a'] and better_half([]) == []


def test_corners_have_each_value_and_both_ends():
    assert corners({'seed': [1, 2], 'lrate': Range(0.1, 1., False)}) == [
        {'seed': 1, 'lrate': 0.1}, {'seed': 2, 'lrate': 0.1},
        {'seed': 1, 'lrate': 0.1}, {'seed': 1, 'lrate': 1.}]


def test_a_value_stays_in_its_range():
    low, high = 0.123449, 0.987651
    assert within(Range(low, high, False), low) == low  # of four digits, 0.1234
    assert within(Range(low, high, False), high) == high
    assert within(Range(0., 1., False), 1 / 3) == 0.3333 and within([1, 'x'], 'x') == 'x'
    assert within(Range(4, 8, True), 8.9) == 8


def test_folds_are_trainings_of_the_same_setting():
    trial = Trial('trial-3', {'seed': 1}, 5)
    assert runs_of(trial) == [trial]
    assert runs_of(trial, 2) == [Trial('trial-3-fold-1', {'seed': 1, 'fold': '1/2'}, 5),
                                 Trial('trial-3-fold-2', {'seed': 1, 'fold': '2/2'}, 5)]


def test_a_summary_is_mean_and_standard_deviation():
    found = summary('trial', [record('a', 0.1), record('b', 0.2), record('c', 0.6)])
    assert found['valid_err'] == pytest.approx(0.3) and found['trial'] == 'trial'
    assert found['spread'] == pytest.approx(numpy.sqrt((0.04 + 0.01 + 0.09) / 2))
    one = summary('trial', [record('a', 0.1)])
    assert one['valid_err'] == 0.1 and one['spread'] is None and one['problem'] is None
    broken = summary('trial', [record('a', 0.1), record('b', None, 1, 'nan')])
    assert broken['problem'] == 'nan' and broken['valid_err'] is None
