"""Reading what came from outside, writing what must survive.

Whatever is wrong with a file that the user gave, or that the network brought, ends as a
:class:`BadInput` whose text is the one line that the user sees.
"""
import bz2
import gzip
import io
import lzma
import os
import uuid
import zipfile
from contextlib import contextmanager, suppress

import numpy
from six.moves import cPickle as pickle

MAX_BYTES = 2 ** 30  # read from one file, after decompression: thirty times the tutorial's data

OPENERS = {b'\x1f\x8b': gzip.open, b'BZh': bz2.open, b'\xfd7zXZ\x00': lzma.open}


class BadInput(Exception):
    """What came from outside cannot be used; the text is the one line that the user sees."""


@contextmanager
def naming(path):
    """Turn an ``OSError`` of the block into a :class:`BadInput` that names ``path``."""
    try:
        yield
    except OSError as error:
        raise BadInput('%s: %s' % (path, error.strerror or error)) from error


# Reading

class Bounded(io.RawIOBase):
    """A binary stream that refuses to give more than ``MAX_BYTES`` bytes of ``file``."""

    def __init__(self, file):
        super().__init__()
        self.file, self.left = file, MAX_BYTES

    def readable(self):
        return True

    def readinto(self, buffer):
        size = self.file.readinto(buffer)
        self.left -= size
        if self.left < 0:
            raise OSError('holds more than %d bytes' % MAX_BYTES)
        return size


@contextmanager
def open_bounded(path):
    """Open a file for reading, decompressed if it is gzip, bzip2 or xz.

    Yields a buffered binary stream that gives at most ``MAX_BYTES`` bytes. Raises
    :class:`BadInput`, naming the file, if it cannot be read or holds more.
    """
    with naming(path), open(path, 'rb') as raw:
        start = raw.read(6)
        raw.seek(0)
        opener = next((OPENERS[magic] for magic in OPENERS if start.startswith(magic)), None)
        file = opener(raw) if opener else raw
        with io.BufferedReader(Bounded(file), 2 ** 16) as stream:
            yield stream


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
        self.dtype = numpy.dtype(str(code))
        if self.dtype.kind not in 'iu':
            raise BadInput('it holds a NumPy array of %s, not of integers' % self.dtype)

    def __setstate__(self, state):
        # state is (version, byte order, subarray, names, fields, ...); integers have just an order
        if any(part is not None for part in state[2:5]) or state[1] not in ('<', '>', '|', '='):
            raise BadInput('it holds a NumPy type that is not a plain integer')
        self.dtype = self.dtype.newbyteorder(state[1])


class IntegerArray(numpy.ndarray):
    """A NumPy array whose state is checked before NumPy sees it."""

    def __setstate__(self, state):
        _, shape, integer, fortran, data = state
        array = from_bytes(data, integer, shape, 'F' if fortran else 'C')
        super().__setstate__((1, array.shape, array.dtype, bool(fortran), array.tobytes('A')))


def from_bytes(data, integer, shape, order='C'):
    """Return the array of ``shape`` whose elements are ``data``; Python 2 gives bytes as text."""
    data = data.encode('latin1') if isinstance(data, str) else data
    if not isinstance(integer, IntegerType):
        raise BadInput('it holds a NumPy array of no known type')
    return numpy.frombuffer(data, integer.dtype).reshape(shape, order=order).copy(order)


def scalar(integer, data):
    """Stand in for NumPy's maker of scalars: return a plain ``int``."""
    return int(from_bytes(data, integer, (1,))[0])


def empty_array(kind, shape, code):
    """Stand in for NumPy's ``_reconstruct``: an empty array, which BUILD then fills."""
    return numpy.empty((0,), 'int8').view(IntegerArray)


def encode_latin1(text, encoding):
    """Stand in for ``_codecs.encode``, by which protocol 2 spells bytes."""
    if encoding != 'latin1':
        raise BadInput('it asks for the encoding %.40r' % (encoding,))
    return text.encode('latin1')


def empty_bytes():
    """Stand in for ``bytes``, which protocol 2 calls for no bytes at all."""
    return b''


ALLOWED = {
    'numpy.dtype': IntegerType,
    'numpy.ndarray': empty_bytes,  # a mere mark: _reconstruct's first argument, never looked at
    'numpy.core.multiarray._reconstruct': empty_array,
    'numpy.core.multiarray.scalar': scalar,
    'numpy.core.numeric._frombuffer': from_bytes,
    '_codecs.encode': encode_latin1,
    '__builtin__.bytes': empty_bytes,
    'builtins.bytes': empty_bytes,
}


class Unpickler(pickle.Unpickler):
    """An unpickler to which the world outside plain data and integer arrays does not exist."""

    def find_class(self, module, name):
        # NumPy 2 moved numpy.core to numpy._core
        asked = '%s.%s' % (module.replace('numpy._core.', 'numpy.core.'), name)
        if asked not in ALLOWED:
            raise BadInput('it asks for %.80r, which is not plain data; nothing was run' % asked)
        return Allowed(ALLOWED[asked])


def load_pickles(path, count, encoding='latin1'):
    """Return the first ``count`` objects pickled in the file ``path``, which may be compressed.

    Admits what pickle itself knows (lists, tuples, dicts, numbers, strings, bytes) and NumPy
    integers and integer arrays, as Python 2 or 3 wrote them. Anything else, and any damage,
    raises :class:`BadInput`; nothing that the file names is imported or run.
    """
    with open_bounded(path) as stream:
        try:
            return [Unpickler(stream, encoding=encoding).load() for _ in range(count)]
        except OSError:  # open_bounded names the file
            raise
        except BadInput as error:
            raise BadInput('%s: refused: %s' % (path, error)) from error
        except Exception as error:  # damaged pickles can raise nearly anything
            reason = ' '.join(str(error).split()) or type(error).__name__
            raise BadInput('%s: not a whole pickle: %s' % (path, reason)) from error


def load_arrays(path):
    """Return the arrays of the ``.npz`` at ``path``: a dict name -> array.

    Raises :class:`BadInput` if it is no such file, damaged, holds pickled objects, or would unpack
    to more than ``MAX_BYTES`` and more than the file itself.
    """
    with naming(path), open(path, 'rb') as file:
        try:
            with zipfile.ZipFile(file) as archive:
                size = sum(member.file_size for member in archive.infolist())
            if size > max(MAX_BYTES, os.path.getsize(path)):
                raise BadInput('%s: refused: holds more than %d bytes' % (path, MAX_BYTES))
            file.seek(0)
            with numpy.load(file, allow_pickle=False) as saved:
                return {name: saved[name] for name in saved.files}
        except (OSError, BadInput):
            raise
        except Exception as error:  # damaged archives can raise nearly anything
            reason = ' '.join(str(error).split()) or type(error).__name__
            raise BadInput('%s: cannot be read as a saved model (%s)' % (path, reason)) from error


# Writing

def can_write_beside(path):
    """Whether the folder that ``path`` is in is there, and can be written in."""
    folder = os.path.dirname(path) or '.'
    return os.path.isdir(folder) and os.access(folder, os.W_OK)


@contextmanager
def write_whole(path):
    """Open a binary file that appears under ``path`` whole, at the end of the block, or not at all.

    If the block raises anything, ``KeyboardInterrupt`` included, the old file stays as it was.
    An ``OSError`` (full disk, no permission) is raised as a :class:`BadInput` that names ``path``.
    """
    folder, name = os.path.split(os.path.abspath(path))
    temporary = os.path.join(folder, '.%s.%s.tmp' % (name, uuid.uuid4().hex))
    with naming(path):
        try:
            with open(temporary, 'xb') as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        except BaseException:
            with suppress(OSError):
                os.remove(temporary)
            raise
