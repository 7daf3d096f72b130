"""Pickles read without running anything: plain data and integer arrays, nothing else exists.

The very instructions are looked at before, by :mod:`sentiment.data.opcodes`.
"""
import io
import math
import re

import numpy
from six.moves import cPickle as pickle

from sentiment.data.errors import BadInput, reason, shown
from sentiment.data.forms import form_of
from sentiment.data.opcodes import check_pickles
from sentiment.data.opening import PICKLE_RATIO, read_bounded

TYPE = re.compile(r'[<>=|]?[iu][1248]')
COPIES = 2         # of its bytes that a pickle's arrays may take together
FEW_BYTES = 2 ** 20
MAX_EMPTY = 2 ** 20


class Allowed:
    """A function that a pickle may call and, unlike a plain function, cannot change by BUILD."""

    __slots__ = ('function',)

    def __init__(self, function):
        self.function = function

    def __call__(self, *args):
        return self.function(*args)

    def __setstate__(self, state):
        raise BadInput('it tries to change a function')


class IntegerType:
    """Stands in for ``numpy.dtype`` in a pickle: an integer type, never a builtin's own object."""

    def __init__(self, code, align=False, copy=True):
        code = code.decode('latin1') if isinstance(code, bytes) else code
        if not isinstance(code, str) or not TYPE.fullmatch(code):
            raise BadInput('it holds a NumPy array of %s, not of integers' % shown(code))
        self.dtype = numpy.dtype(code)

    def __setstate__(self, state):
        # state is (version, byte order, subarray, names, fields, ...); integers have just an order
        if any(part is not None for part in state[2:5]) or state[1] not in ('<', '>', '|', '='):
            raise BadInput('it holds a NumPy type that is not a plain integer')
        self.dtype = self.dtype.newbyteorder(state[1])


class IntegerArray(numpy.ndarray):
    """A NumPy array whose state is checked before NumPy sees it."""

    def __setstate__(self, state):
        _, shape, integer, fortran, data = state
        array = self.budget.from_bytes(data, integer, shape, 'F' if fortran else 'C')
        super().__setstate__((1, array.shape, array.dtype, bool(fortran), array.tobytes('A')))


def check_shape(shape, n_items):
    """Raise ValueError unless a shape holds as many items; an empty one may not be large either."""
    if not isinstance(shape, (tuple, list)) or not all(type(n) is int and n >= 0 for n in shape):
        raise ValueError('an array of no shape')
    if len(shape) > 32 or math.prod(shape) != n_items:
        raise ValueError('an array whose bytes do not fit its shape')
    if not n_items and math.prod(n or 1 for n in shape) > MAX_EMPTY:
        raise ValueError('an empty array of a large shape')


class Budget:
    """Stands in for NumPy's functions: one small text, named often, must not fill the memory."""

    def __init__(self, size):
        self.left = FEW_BYTES + COPIES * size

    def spend(self, size):
        """Raise ValueError if the pickle's arrays take too many bytes by now."""
        self.left -= size
        if self.left < 0:
            raise ValueError('its arrays take more memory than they should')

    def from_bytes(self, data, integer, shape, order='C'):
        """Return the array of ``shape`` whose elements are ``data``; Python 2 gives it as text."""
        if not isinstance(integer, IntegerType):
            raise BadInput('it holds a NumPy array of no known type')
        self.spend(len(data))
        data = data.encode('latin1') if isinstance(data, str) else data
        flat = numpy.frombuffer(data, integer.dtype)
        check_shape(shape, flat.size)
        order = 'F' if order == 'F' else 'C'
        return flat.reshape(shape, order=order).copy(order)

    def scalar(self, integer, data):
        """Stand in for NumPy's maker of scalars: return a plain ``int``."""
        return int(self.from_bytes(data, integer, (1,))[0])

    def empty_array(self, kind, shape, code):
        """Stand in for NumPy's ``_reconstruct``: an empty array, which BUILD then fills."""
        array = numpy.empty((0,), 'int8').view(IntegerArray)
        array.budget = self
        return array

    def encode_latin1(self, text, encoding):
        """Stand in for ``_codecs.encode``, by which protocol 2 spells bytes."""
        if encoding != 'latin1':
            raise BadInput('it asks for the encoding %s' % shown(encoding))
        self.spend(len(text))
        return text.encode('latin1')

    def empty_bytes(self):
        """Stand in for ``bytes``, which protocol 2 calls for no bytes at all."""
        return b''


ALLOWED = {
    'numpy.dtype': lambda budget: IntegerType,
    # a mere mark: _reconstruct's first argument, never looked at
    'numpy.ndarray': lambda budget: budget.empty_bytes,
    'numpy.core.multiarray._reconstruct': lambda budget: budget.empty_array,
    'numpy.core.multiarray.scalar': lambda budget: budget.scalar,
    'numpy.core.numeric._frombuffer': lambda budget: budget.from_bytes,
    '_codecs.encode': lambda budget: budget.encode_latin1,
    '__builtin__.bytes': lambda budget: budget.empty_bytes,
    'builtins.bytes': lambda budget: budget.empty_bytes,
}


class Unpickler(pickle.Unpickler):
    """An unpickler to which the world outside plain data and integer arrays does not exist."""

    def __init__(self, stream, budget, encoding):
        super().__init__(stream, encoding=encoding)
        self.budget = budget

    def find_class(self, module, name):
        # NumPy 2 moved numpy.core to numpy._core
        asked = '%.80s.%.80s' % (module.replace('numpy._core.', 'numpy.core.'), name)
        if asked not in ALLOWED:
            raise BadInput('it asks for %r, which is not plain data; nothing was run' % asked)
        return Allowed(ALLOWED[asked](self.budget))


def load_pickles(path, count, encoding='latin1', wanted='what imdb_preprocess.py writes'):
    """Return the first ``count`` objects pickled in the file ``path``, which may be compressed.

    Admits what pickle itself knows (lists, tuples, dicts, numbers, strings, bytes) and NumPy
    integers and integer arrays, as Python 2 or 3 wrote them. Anything else, and any damage,
    raises :class:`BadInput`, which ends with what is ``wanted`` if the file is of another form;
    nothing that the file names is imported or run.
    """
    return unpickle(path, read_bounded(path, PICKLE_RATIO), count, encoding, wanted)


def unpickle(path, data, count, encoding='latin1', wanted='what imdb_preprocess.py writes'):
    """Return the first ``count`` objects of ``data``, what ``path`` holds; see
    :func:`load_pickles`.
    """
    try:
        check_pickles(data, count)
        # the buffer, as the unpickler reads ahead only where it can look ahead
        stream, budget = io.BufferedReader(io.BytesIO(data)), Budget(len(data))
        return [Unpickler(stream, budget, encoding).load() for _ in range(count)]
    except BadInput as error:
        raise BadInput('%s: refused: %s' % (path, error)) from error
    except Exception as error:  # damaged pickles can raise nearly anything
        form = form_of(data[:2 ** 16])
        if form not in (None, 'a pickle'):
            raise BadInput('%s: seems to be %s; wanted is %s' % (path, form, wanted)) from error
        raise BadInput('%s: not a whole pickle: %s' % (path, reason(error))) from error
