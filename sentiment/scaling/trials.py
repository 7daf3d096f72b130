"""The trials of a sweep: a grid of settings or random ones, and which of them go on."""
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
    value = (math.exp(rng.uniform(math.log(low), math.log(high))) if low > 0
             else rng.uniform(low, high))
    return min(int(value), values.high) if whole else float('%.4g' % value)


def settings_of(varied, n_trials=None, seed=123):
    """Return the settings of each trial, a list of dict option -> value.

    varied: option -> a list of values, or a :class:`Range`. Without ``n_trials`` all combinations,
    the last option changing fastest; else so many random ones, the first of which do not change
    with their number. Raises BadInput where that cannot be.
    """
    ranges = [name for name, values in varied.items() if isinstance(values, Range)]
    size = math.prod(len(values) for name, values in varied.items() if name not in ranges)
    if n_trials is None and ranges:
        raise BadInput('%s: a range has no end of values; say how many --trials to draw'
                       % ranges[0])
    if (n_trials or size) > MOST:
        raise BadInput('%d trials are more than %d' % (n_trials or size, MOST))
    rng = numpy.random.RandomState(seed)
    if ranges:
        return [{name: draw(values, rng) for name, values in varied.items()}
                for _ in range(n_trials)]
    grid = [dict(zip(varied, values)) for values in itertools.product(*varied.values())]
    if n_trials is None or n_trials >= size:
        return grid
    return [grid[k] for k in rng.permutation(size)[:n_trials]]


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
                                               record['valid_err'] or 0, record['trial']))


def better_half(records):
    """Return the names of the trials that go on, of those of the same epochs."""
    rows = [record for record in ranked(records) if not record['problem']]
    return sorted(record['trial'] for record in rows[:-(-len(rows) // 2)])
