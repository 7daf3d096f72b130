"""Values read from files, checked before they are used: type, shape, range.

Each function returns the value, or raises :class:`BadInput`, which begins with ``where``: the file
and the name of the value, as in ``'m.npz: history'``.
"""
import math

import numpy

from sentiment.data.errors import BadInput, shown

KINDS = {'f': 'numbers', 'i': 'integers', 'u': 'integers', 'b': 'truth values', 'U': 'texts'}
MAX_COUNT = 2 ** 63 - 1

# --- Arrays -----------------------------------------------------------------------------------


def check_array(where, value, kind, shape=None, ndim=None, low=None, high=None, dtype=None):
    """Return an array of the NumPy ``kind`` ('f', 'iu', 'U', ...); its numbers are finite.

    shape: of the array, ``None`` for an axis of any length; ndim: the number of its axes; low,
    high: least and greatest value admitted; dtype: the very type, for compiled code.
    """
    if not isinstance(value, numpy.ndarray) or value.dtype.kind not in kind:
        raise BadInput('%s: not an array of %s' % (where, KINDS[kind[0]]))
    if dtype is not None and value.dtype != dtype:
        raise BadInput('%s: of type %s, not %s' % (where, value.dtype, numpy.dtype(dtype)))
    if ndim is not None and value.ndim != ndim:
        raise BadInput('%s: has %d axes, not %d' % (where, value.ndim, ndim))
    if shape is not None and not fits(value.shape, shape):
        raise BadInput('%s: has shape %s, not %s' % (where, value.shape, in_words(shape)))
    if value.dtype.kind == 'f' and not numpy.isfinite(value).all():
        raise BadInput('%s: holds something that is not a number' % where)
    check_range(where, value, low, high)
    return value


def fits(shape, wanted):
    """Whether a shape is the one wanted, ``None`` standing for any length."""
    return len(shape) == len(wanted) and all(b is None or a == b for a, b in zip(shape, wanted))


def in_words(shape):
    """Return a shape as text."""
    return '(%s)' % ', '.join('any' if size is None else str(size) for size in shape)


def check_range(where, value, low, high):
    """Raise BadInput unless all of an array is from ``low`` to ``high``."""
    if value.size and low is not None and value.min() < low:
        raise BadInput('%s: holds %s, less than %s' % (where, value.min(), low))
    if value.size and high is not None and value.max() > high:
        raise BadInput('%s: holds %s, more than %s' % (where, value.max(), high))


# --- Single values ----------------------------------------------------------------------------


def check_count(where, value, low=0, high=MAX_COUNT):
    """Return a whole number from ``low`` to ``high`` as an int; of JSON, or an array of no axes."""
    if isinstance(value, numpy.ndarray) and value.ndim == 0:
        value = value[()]
    if not isinstance(value, (int, numpy.integer)) or isinstance(value, bool):
        raise BadInput('%s: %s is not a whole number' % (where, shown(value)))
    if not low <= value <= high:
        raise BadInput('%s: %d is not one of %d to %d' % (where, value, low, high))
    return int(value)


def check_number(where, value, low=-math.inf, high=math.inf):
    """Return a finite number from ``low`` to ``high`` as a float; of JSON, or an array of no axes.
    """
    if isinstance(value, numpy.ndarray) and value.ndim == 0:
        value = value[()]
    if (not isinstance(value, (int, float, numpy.integer, numpy.floating))
            or isinstance(value, bool) or abs(value) > 1e300 or not math.isfinite(value)):
        raise BadInput('%s: %s is not a number' % (where, shown(value)))
    if not low <= value <= high:
        raise BadInput('%s: %g is not from %g to %g' % (where, value, low, high))
    return float(value)


def check_text(where, value, longest=2 ** 20):
    """Return a text of at most ``longest`` characters; of JSON, or an array of no axes."""
    if isinstance(value, numpy.ndarray) and value.ndim == 0 and value.dtype.kind == 'U':
        value = str(value)
    if not isinstance(value, str) or len(value) > longest:
        raise BadInput('%s: not a text of at most %d characters' % (where, longest))
    return value


def check_keys(where, value, names):
    """Return a dict that has exactly these names."""
    if not isinstance(value, dict) or set(value) != set(names):
        raise BadInput('%s: does not hold %s and nothing else' % (where, ', '.join(sorted(names))))
    return value


# --- Random states ----------------------------------------------------------------------------


def words(count, bits):
    """Return the check of a list of ``count`` integers of as many bits."""
    def check(where, value):
        if isinstance(value, numpy.ndarray):
            value = value.tolist()
        if not isinstance(value, (list, tuple)) or len(value) != count:
            raise BadInput('%s: not a list of %d integers' % (where, count))
        return [check_count(where, word, 0, 2 ** bits - 1) for word in value]
    return check


def whole(high, low=0):
    """Return the check of a whole number."""
    return lambda where, value: check_count(where, value, low, high)


def twister_key(where, value):
    """Check MT19937's key; of zeros alone come only zeros, and some draws would never end."""
    value = words(624, 32)(where, value)
    if not (value[0] >> 31 or any(value[1:])):
        raise BadInput('%s: all zeros' % where)
    return value


def odd(where, value):
    """Check PCG64's increment."""
    value = check_count(where, value, 0, 2 ** 128 - 1)
    if not value % 2:
        raise BadInput('%s: not odd' % where)
    return value


HALF = {'has_uint32': whole(1), 'uinteger': whole(2 ** 32 - 1)}  # half of a number, kept for later
PCG = dict(HALF, state={'state': whole(2 ** 128 - 1), 'inc': odd})
# what NumPy's setters believe: another pos is read from beyond the end of the key
STATES = {
    'MT19937': {'state': {'key': twister_key, 'pos': whole(624)}},
    'PCG64': PCG, 'PCG64DXSM': PCG,
    'Philox': dict(HALF, state={'counter': words(4, 64), 'key': words(2, 64)},
                   buffer=words(4, 64), buffer_pos=whole(4)),
    'SFC64': dict(HALF, state={'state': words(4, 64)})}
NORMAL = {'has_gauss': whole(1), 'gauss': check_number}  # of a RandomState, beside MT19937's


def check_random_state(where, state, name=None):
    """Return the state of a NumPy ``RandomState`` or ``Generator``, as a dict or as JSON gave it.

    name: of the bit generator that it must be of, such as 'MT19937'. A RandomState's has has_gauss
    and gauss besides.
    """
    kind = state.get('bit_generator') if isinstance(state, dict) else None
    if not isinstance(kind, str) or kind not in STATES or name not in (None, kind):
        raise BadInput('%s: not the state of a random generator%s'
                       % (where, ' ' + name if name else ''))
    wanted = dict(STATES[kind], bit_generator=lambda where, value: value)
    if kind == 'MT19937' and 'gauss' in state:
        wanted.update(NORMAL)
    return check_tree(where, state, wanted)


def check_tree(where, value, wanted):
    """Return a dict of dicts that holds exactly the names of ``wanted``, each as checked there."""
    if not isinstance(wanted, dict):
        return wanted(where, value)
    check_keys(where, value, wanted)
    return {name: check_tree('%s: %s' % (where, name), value[name], wanted[name])
            for name in wanted}
