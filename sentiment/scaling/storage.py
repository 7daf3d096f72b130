"""Where parts lie: folders of this machine, and storage that fsspec knows, such as s3:// or gs://.
"""
import glob
import io
import os
import posixpath
import uuid
from contextlib import contextmanager, suppress

from sentiment.data.errors import BadInput, naming, reason
from sentiment.data.opening import OPENERS, open_bounded, open_regular
from sentiment.data.safe_io import check_can_write_in, write_whole
from sentiment.reviews.members import START, guarded

HIDDEN = '.', '_'  # how the names of files begin that are no parts, such as Spark's _SUCCESS


def is_remote(path):
    """Whether a path is one of fsspec's."""
    return '://' in path


def is_pattern(path):
    """Whether a path can mean parts alone: a glob, or one of fsspec's."""
    return is_remote(path) or glob.has_magic(path) and not os.path.lexists(path)


def storage_of(path):
    """Return (fsspec's file system, path in it); raise BadInput where that needs a package more."""
    try:
        from fsspec.core import url_to_fs
    except ImportError as error:
        raise BadInput("%s: storage elsewhere needs fsspec (%s): pip install -e '.[dask]'"
                       % (path, error)) from error
    try:
        return url_to_fs(path)
    except (ImportError, ValueError) as error:  # which names the package, such as s3fs
        raise BadInput('%s: %s' % (path, reason(error))) from error


def find(pattern):
    """Return the paths of the files that a folder, a glob or a file's name stands for, sorted by
    name, and how many folders in it were passed over. Raises BadInput if there is none.
    """
    found, n_folders = (find_remote if is_remote(pattern) else find_local)(pattern)
    found = [path for path in found if not os.path.basename(path).startswith(HIDDEN)]
    if not found:
        raise BadInput('%s: no parts there' % pattern)
    return sorted(found), n_folders


def find_local(pattern):
    """Find parts on this machine."""
    folder = os.path.isdir(pattern)
    inside = os.path.join(glob.escape(pattern), '*') if folder else pattern
    found = [pattern] if os.path.isfile(pattern) else glob.glob(inside)
    files = [path for path in found if os.path.isfile(path)]
    return files, len(found) - len(files)


def find_remote(pattern):
    """Find parts elsewhere; their paths are whole again."""
    system, inside = storage_of(pattern)
    with naming(pattern):
        found = system.glob(inside) if glob.has_magic(inside) else (
            system.ls(inside, detail=False) if system.isdir(inside) else [inside])
        files = [path for path in found if system.isfile(path)]
    return list(map(system.unstrip_protocol, files)), len(found) - len(files)


def opened(path):
    """Open a part for reading: give a buffered binary stream whose start can be looked at.

    On this machine it is decompressed if need be.
    """
    if is_remote(path):
        return open_remote(path)
    with open_regular(path) as file:
        packed = file.read(6).startswith(tuple(OPENERS))
    return open_packed(path) if packed else open_plain(path)


@contextmanager
def open_remote(path):
    """Open a part elsewhere."""
    system, inside = storage_of(path)
    with naming(path), system.open(inside, 'rb') as file, io.BufferedReader(file, START) as stream:
        yield stream


@contextmanager
def open_packed(path):
    """Open a part that is compressed."""
    with open_bounded(path) as stream, naming(path):
        yield guarded(stream, path)


@contextmanager
def open_plain(path):
    """Open a part of any size, in which one can go back."""
    with naming(path), io.BufferedReader(open_regular(path).detach(), START) as stream:
        yield stream


def is_there(path):
    """Whether there is a file, or anything else, under a path."""
    if not is_remote(path):
        return os.path.lexists(path)
    system, inside = storage_of(path)
    with naming(path):
        return system.exists(inside)


def time_of(path):
    """Return when a file of this machine was last written, s; None of files elsewhere."""
    return None if is_remote(path) else os.path.getmtime(path)


def whole(path):
    """Return a path that means the same in every folder."""
    return path if is_remote(path) else os.path.abspath(path)


def split(path):
    """Return (folder, name) of a path."""
    return posixpath.split(path) if is_remote(path) else os.path.split(path)


def join(folder, name):
    """Return the path of a name in a folder."""
    return posixpath.join(folder, name) if is_remote(folder) else os.path.join(folder, name)


def make_folder(folder):
    """Make a folder, unless it is there; raise BadInput unless files can be written in it."""
    if not is_remote(folder):
        check_can_write_in(folder)
        return
    system, inside = storage_of(folder)
    with naming(folder):
        system.makedirs(inside, exist_ok=True)


def written(path):
    """Open a binary file that appears under ``path`` whole, at the end of the block, or not at all.
    """
    return write_remote(path) if is_remote(path) else write_whole(path)


@contextmanager
def write_remote(path):
    """The same elsewhere, where a file is moved as a whole, or copied by the storage itself."""
    system, inside = storage_of(path)
    folder, name = posixpath.split(inside)
    hidden = posixpath.join(folder, '.%s.%s.tmp' % (name, uuid.uuid4().hex[:8]))
    with naming(path):
        try:
            with system.open(hidden, 'wb') as file:
                yield file
            system.mv(hidden, inside)
        finally:
            with suppress(Exception):  # moved, or never there
                system.rm_file(hidden)
