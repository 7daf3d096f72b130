"""The trials of a sweep: a grid of settings or random ones, their folds, which of them go on."""
import itertools
import math
from collections import namedtuple

import numpy

from sentiment.data.errors import BadInput

MOST = 100000  # trials

# low, high: both may be drawn; whole: numbers without a fraction alone
Range = namedtuple('Range', 'low high whole')
# name: of its files; settings: option -> value; epochs: how many it trains, in all
Trial = namedtuple('Trial', 'name settings epochs')


def draw(values, rng):
    """Draw one of a list, or a number of a :class:`Range`: of positive ones by their logarithm, as
    learning rates are compared by their ratios; four digits of it.
    """
    if not isinstance(values, Range):
        return values[rng.randint(len(values))]
    low, high, whole = values
    if whole:
        high += 1
    return within(values, math.exp(rng.uniform(math.log(low), math.log(high))) if low > 0
                  else rng.uniform(low, high))


def within(values, value):
    """Return a value as it is tried: of a :class:`Range`, a whole number, or four digits of it."""
    if not isinstance(values, Range):
        return value
    return min(max(int(value) if values.whole else float('%.4g' % value), values.low), values.high)


def count_trials(varied, n_trials=None):
    """Return how many trials there are if ``n_trials`` are asked for, None: all combinations.

    varied: option -> a list of values, or a :class:`Range`. Raises BadInput where that cannot be.
    """
    ranges = [name for name, values in varied.items() if isinstance(values, Range)]
    size = math.prod(len(values) for values in varied.values() if not isinstance(values, Range))
    if n_trials is None and ranges:
        raise BadInput('%s: a range has no end of values; say how many --trials to draw'
                       % ranges[0])
    if (n_trials or size) > MOST:
        raise BadInput('%d trials are more than %d' % (n_trials or size, MOST))
    return n_trials if ranges else min(n_trials or size, size)


def settings_of(varied, n_trials=None, seed=123):
    """Return the settings of each trial, a list of dict option -> value.

    varied, n_trials: as :func:`count_trials` takes them. Without ``n_trials`` all combinations, the
    last option changing fastest; else so many random ones: fewer of them are the first of more,
    unless these are all.
    """
    number, rng = count_trials(varied, n_trials), numpy.random.RandomState(seed)
    if any(isinstance(values, Range) for values in varied.values()):
        return [{name: draw(values, rng) for name, values in varied.items()}
                for _ in range(number)]
    grid = [dict(zip(varied, values)) for values in itertools.product(*varied.values())]
    return grid if number == len(grid) else [
        grid[k] for k in rng.permutation(len(grid))[:number]]


def corners(varied):
    """Return settings in which each value of a list, and both ends of a range, come up."""
    values = {name: list(some[:2]) if isinstance(some, Range) else some
              for name, some in varied.items()}
    first = {name: some[0] for name, some in values.items()}
    return [dict(first, **{name: value}) for name, some in values.items() for value in some]


def name_of(place):
    """Return the name of a trial, by its place; it stays where more trials are asked for later."""
    return 'trial-%d' % place


def place_of(name):
    """Return what sorts the names of trials by their place."""
    return len(name), name


def runs_of(trial, n_folds=None):
    """Return the trainings that a :class:`Trial` is: itself, or one for each of its folds."""
    return [trial] if n_folds is None else [
        Trial('%s-fold-%d' % (trial.name, k), dict(trial.settings, fold='%d/%d' % (k, n_folds)),
              trial.epochs) for k in range(1, n_folds + 1)]


def summary(name, records):
    """Return the record of a trial, from those of its trainings: the mean of their validation
    errors, the standard deviation (of a sample) as ``spread``, None of one, and the ``errors``.
    """
    problems = [record['problem'] for record in records if record['problem']]
    errors = [record['valid_err'] for record in records if not record['problem']]
    return {'trial': name, 'epochs': records[0]['epochs'], 'errors': errors,
            'problem': problems[0] if problems else None,
            'valid_err': None if problems else float(numpy.mean(errors)),
            'spread': float(numpy.std(errors, ddof=1)) if len(errors) > 1 else None}


def rungs(first, last):
    """Return the epochs after which the worse half stops: doubled from the first to the last, which
    stands alone if there is no first.
    """
    epochs = [min(first or last, last)]
    while epochs[-1] < last:
        epochs.append(min(2 * epochs[-1], last))
    return epochs


def ranked(records):
    """Return the records of trials, dicts, the best first: those that got furthest, by their
    validation error; in the end those with a problem.
    """
    return sorted(records, key=lambda record: (bool(record['problem']), -record['epochs'],
                                               record['valid_err'] or 0, place_of(record['trial'])))


def better_half(records):
    """Return the names of the trials that go on, of those of the same epochs."""
    rows = [record for record in ranked(records) if not record['problem']]
    return sorted((record['trial'] for record in rows[:-(-len(rows) // 2)]), key=place_of)
