"""Opening what came from outside: regular files alone, and never more than a bounded part of them.
"""
import bz2
import gzip
import hashlib
import io
import lzma
import os
import stat
from contextlib import contextmanager

from sentiment.data.errors import BadInput, naming, reason

MAX_BYTES = 2 ** 30  # read from one file, after decompression: thirty times the tutorial's data
FLOOR = 2 ** 24      # what any compressed file may hold, however small it is
RATIO = 100          # and how many times its size beyond that
PICKLE_RATIO = 10    # a pickle's objects take some 13 times as much again
XZ_MEMORY = 2 ** 27  # for its dictionary; xz -9 takes half of that
BLOCK = 2 ** 16

KINDS = {stat.S_IFDIR: 'a folder', stat.S_IFIFO: 'a pipe (FIFO)', stat.S_IFCHR: 'a device',
         stat.S_IFBLK: 'a device', stat.S_IFSOCK: 'a socket'}


def allowance(size, ratio=RATIO):
    """Return how many bytes a compressed file of ``size`` bytes may hold."""
    return min(MAX_BYTES, FLOOR + ratio * size)


# --- Which files ------------------------------------------------------------------------------


def check_regular(path, status, allowed=()):
    """Raise BadInput unless a file's status is that of a regular file, or of another kind allowed.
    """
    kind = stat.S_IFMT(status.st_mode)
    if kind != stat.S_IFREG and kind not in allowed:
        raise BadInput('%s: not a regular file but %s' % (path, KINDS.get(kind, 'something else')))


def open_regular(path):
    """Open a regular file for reading, binary; raise BadInput for anything else, without waiting.
    """
    return open_kind(path, (), getattr(os, 'O_NONBLOCK', 0))  # a FIFO put there meanwhile


def open_readable(path):
    """Open a regular file, a pipe, a socket or a terminal for reading; devices have no end."""
    terminal = (stat.S_IFCHR,) if is_terminal(path) else ()
    return open_kind(path, (stat.S_IFIFO, stat.S_IFSOCK) + terminal, 0)


def is_terminal(path):
    """Whether ``path`` is a terminal, such as /dev/stdin often is."""
    try:
        if not stat.S_ISCHR(os.stat(path).st_mode):
            return False
        with open(path, 'rb', buffering=0) as file:
            return file.isatty()
    except (OSError, ValueError):
        return False


def open_kind(path, allowed, flags):
    """Open what is of an allowed kind before it is opened, and still is once it is open."""
    try:
        with naming(path):
            check_regular(path, os.stat(path), allowed)
            descriptor = os.open(path, os.O_RDONLY | getattr(os, 'O_BINARY', 0) | flags)
            file = os.fdopen(descriptor, 'rb')
    except ValueError as error:  # a null character
        raise BadInput('%r: not a path: %s' % (path, error)) from error
    try:
        check_regular(path, os.fstat(descriptor), allowed)
    except BadInput:
        file.close()
        raise
    return file


# --- How much of them -------------------------------------------------------------------------


class Bounded(io.RawIOBase):
    """A binary stream that refuses to give more than ``limit`` bytes of ``file``."""

    def __init__(self, file, limit):
        super().__init__()
        self.file, self.limit, self.left = file, limit, limit

    def readable(self):
        return True

    def readinto(self, buffer):
        size = self.file.readinto(buffer)
        self.left -= size
        if self.left < 0:
            raise OSError('holds more than %d bytes' % self.limit)
        return size


class Xz(io.RawIOBase):
    """What an xz file holds; with lzma.open, a header can ask for 4 GB."""

    def __init__(self, file):
        super().__init__()
        self.file, self.rest = file, b''
        self.start()

    def readable(self):
        return True

    def start(self):
        """Begin a stream; a file may hold several, one after the other."""
        self.inner = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=XZ_MEMORY)

    def readinto(self, buffer):
        data = b''
        while not data and self.feed():
            data, self.rest = self.inner.decompress(self.rest, len(buffer)), b''
        buffer[:len(data)] = data
        return len(data)

    def feed(self):
        """Have something to decompress; return False at the end of the file."""
        if self.inner.eof:
            self.rest = self.inner.unused_data.lstrip(b'\0')  # zeros pad a stream
            while not self.rest:
                block = self.file.read(BLOCK)
                if not block:
                    return False
                self.rest = block.lstrip(b'\0')
            self.start()
        elif self.inner.needs_input:
            self.rest = self.file.read(BLOCK)
            if not self.rest:
                raise EOFError('it is cut off')
        return True


OPENERS = {b'\x1f\x8b': gzip.open, b'BZh': bz2.open, b'\xfd7zXZ\x00': Xz}


@contextmanager
def open_bounded(path, ratio=RATIO):
    """Open a regular file for reading, decompressed if it is gzip, bzip2 or xz.

    Yields a buffered binary stream that gives at most ``MAX_BYTES`` bytes and, of a compressed
    file, at most its :func:`allowance`. Raises :class:`BadInput`, naming the file, if it cannot be
    read or holds more.
    """
    with naming(path), open_regular(path) as raw:
        start = raw.read(6)
        raw.seek(0)
        opener = next((OPENERS[magic] for magic in OPENERS if start.startswith(magic)), None)
        size = os.fstat(raw.fileno()).st_size
        if not opener and size > MAX_BYTES:
            raise BadInput('%s: holds more than %d bytes' % (path, MAX_BYTES))
        limit = allowance(size, ratio) if opener else MAX_BYTES
        with io.BufferedReader(Bounded(opener(raw) if opener else raw, limit), BLOCK) as stream:
            yield stream


def read_bounded(path, ratio=RATIO):
    """Return all bytes of a file as :func:`open_bounded` gives them; raises BadInput."""
    with open_bounded(path, ratio) as stream:
        try:
            return stream.read()
        except OSError:  # open_bounded names the file
            raise
        except Exception as error:  # of gzip, bzip2 or xz
            raise BadInput('%s: damaged: %s' % (path, reason(error))) from error


def read_start(stream, size):
    """Return the first ``size`` bytes of a buffered stream, or all that it holds, if that is less.
    """
    start = stream.read(min(size, BLOCK))  # memory is taken for as much as is asked for
    return start + stream.read(size - BLOCK) if len(start) == BLOCK < size else start


def read_at_most(name, stream, limit=MAX_BYTES):
    """Return all that a stream holds, read in pieces; raise BadInput if that is more than a limit.
    """
    pieces, room = [], limit
    for piece in iter(lambda: stream.read(BLOCK), b''):
        pieces.append(piece)
        room -= len(piece)
        if room < 0:
            raise BadInput('%s: holds more than %d bytes' % (name, limit))
    return b''.join(pieces)


def file_hash(path):
    """Return the SHA-256 of a regular file, as hexadecimal text; raises BadInput."""
    digest = hashlib.sha256()
    with open_regular(path) as file, naming(path):
        for block in iter(lambda: file.read(BLOCK), b''):
            digest.update(block)
    return digest.hexdigest()
