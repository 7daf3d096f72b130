"""Arrays of a .npz, read one by one, none before its size is known and fits."""
import errno
import math
import os
import re
import struct
import zipfile

import numpy

from sentiment.data.errors import BadInput, naming, reason, shown
from sentiment.data.forms import MODEL, form_of
from sentiment.data.opening import allowance, open_regular

READ_AT_ONCE = 2 ** 20
START = 2 ** 16
MAGIC = b'\x93NUMPY\x01\x00'  # numpy.savez writes later versions for tables with long names only
# as NumPy writes it; NumPy reads it by Python's own parser, which is not made for strangers
HEADER = re.compile(rb"\{'descr': '([^'\\]{1,20})', 'fortran_order': (True|False), "
                    rb"'shape': \(([0-9L, -]{0,400})\)(?:, )?\}\s*")
KINDS = {'f': 8, 'i': 8, 'u': 8, 'b': 1, 'U': 2 ** 26}  # of numbers and texts, bytes of one at most
MAX_EMPTY = 2 ** 20           # an empty array, (0, 10 ** 9), may still say that an axis is long
MAX_CHARACTER, SURROGATES = 0x10ffff, (0xd800, 0xdfff)


class Piecewise:
    """A file that gives little at once: zipfile takes the list of members at one read."""

    def __init__(self, file):
        self.file, self.seek, self.tell = file, file.seek, file.tell
        self.seekable = file.seekable

    def read(self, size=-1):
        data = self.file.read(READ_AT_ONCE + 1 if size < 0 else min(size, READ_AT_ONCE + 1))
        if len(data) > READ_AT_ONCE:
            raise BadInput('a list of members of more than %d bytes' % READ_AT_ONCE)
        return data


def load_arrays(path):
    """Return the arrays of the ``.npz`` at ``path``: a dict name -> array, of plain numbers (native
    byte order) or texts.

    Raises :class:`BadInput` if it is no such file, damaged, holds anything else, or would unpack
    to more than its size admits; see :func:`~sentiment.data.opening.allowance`.
    """
    with naming(path), open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        try:
            with zipfile.ZipFile(Piecewise(file)) as archive:
                members = check_members(archive.infolist(), max(size, allowance(size)))
                return {name: read_array(archive, name, members[name]) for name in members}
        except Exception as error:  # damaged archives can raise nearly anything
            if isinstance(error, OSError) and error.errno != errno.EINVAL:  # a place before 0
                raise
            raise BadInput('%s: cannot be read as a saved model (%s)'
                           % (path, explain(file, error))) from error


def explain(file, error):
    """Return what another form a file seems to be of, or else why it cannot be read."""
    if isinstance(error, BadInput):
        return reason(error)
    file.seek(0)
    form = form_of(file.read(START))
    return 'it seems to be ' + form if form not in (None, MODEL) else reason(error)


def check_members(members, limit):
    """Return name -> member of an archive; raise BadInput if it holds too much, or one name twice.
    """
    named = {member.filename[:-4] if member.filename.endswith('.npy') else member.filename: member
             for member in members}
    if len(named) < len(members):
        raise BadInput('it holds two members of one name')
    if sum(member.file_size for member in members) > limit:
        raise BadInput('it holds more than %d bytes' % limit)
    for name, member in named.items():
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise BadInput('%s is compressed in a way that no model is' % shown(name))
    return named


def read_array(archive, name, member):
    """Return one array of an archive, or raise BadInput."""
    with archive.open(member) as file:
        dtype, shape, fortran, start = read_header(file, name)
        count = math.prod(shape)
        if start + count * dtype.itemsize != member.file_size:
            raise BadInput('%s is not as long as its shape %s says' % (shown(name), shown(shape)))
        if not count and math.prod(size or 1 for size in shape) > MAX_EMPTY:
            raise BadInput('%s is empty and has the shape %s' % (shown(name), shown(shape)))
        flat = read_bytes(file, count * dtype.itemsize).view(dtype)
    flat = check_values(name, flat.astype(dtype.newbyteorder('='), copy=False))
    return flat.reshape(shape, order='F' if fortran else 'C')


def read_header(file, name):
    """Return (dtype, shape, whether in Fortran's order, bytes of the header), checked."""
    start = file.read(len(MAGIC) + 2)
    if len(start) < len(MAGIC) + 2 or not start.startswith(MAGIC):
        raise BadInput('%s is not a plain array' % shown(name))
    length, = struct.unpack('<H', start[len(MAGIC):])
    found = HEADER.fullmatch(file.read(length))
    if not found:
        raise BadInput('%s has a header of neither numbers nor texts' % shown(name))
    dtype = numpy.dtype(found.group(1).decode('ascii'))
    check_dtype(name, dtype)
    # Python 2 wrote 3L
    shape = tuple(int(size.strip('L ')) for size in found.group(3).decode().split(',') if size)
    if len(shape) > 32 or any(size < 0 for size in shape):
        raise BadInput('%s has the shape %s' % (shown(name), shown(shape)))
    return dtype, shape, found.group(2) == b'True', len(start) + length


def check_dtype(name, dtype):
    """Raise BadInput unless a type is that of plain numbers, or of texts."""
    if dtype.hasobject:
        raise BadInput('%s holds pickled objects: Object arrays are not read' % shown(name))
    if dtype.kind not in KINDS or not 0 < dtype.itemsize <= KINDS[dtype.kind]:
        raise BadInput('%s holds %s, neither numbers nor texts' % (shown(name), shown(dtype)))


def read_bytes(file, size):
    """Return as many bytes of a member, an array; at its end, zipfile checks its sum."""
    data, at = numpy.empty(size, 'uint8'), 0
    while at < size:
        piece = file.read(min(READ_AT_ONCE, size - at))
        if not piece:
            raise EOFError('it is cut off')
        data[at:at + len(piece)] = numpy.frombuffer(piece, 'uint8')
        at += len(piece)
    file.read(1)
    return data


def check_values(name, flat):
    """Return an array whose bytes are values: truth is 0 or 1, text consists of characters."""
    if flat.dtype.kind == 'b':
        return flat.view('uint8') != 0
    if flat.dtype.kind == 'U':
        codes = flat.view('uint32')
        low, high = SURROGATES
        if codes.size and (codes.max() > MAX_CHARACTER or ((codes >= low) & (codes <= high)).any()):
            raise BadInput('%s holds something that is not a character' % shown(name))
    return flat
