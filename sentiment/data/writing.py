"""Writing what must survive: whole or not at all, in place of a regular file or of nothing."""
import glob
import hashlib
import os
import stat
import uuid
from contextlib import contextmanager, suppress

from sentiment.data.errors import BadInput, naming
from sentiment.data.opening import check_regular

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

BLOCK = bytes(4096)  # written to find out whether one can


def check_can_write(path):
    """Raise BadInput unless :func:`write_whole` can write ``path``: what stands there is a regular
    file, or nothing, its name is not too long, and its folder takes a file, as a small one shows.
    """
    target = find_target(path)
    folder = os.path.dirname(target)
    if not os.path.isdir(folder):
        raise BadInput('%s: no such folder to write %s in' % (folder, os.path.basename(path)))
    try:
        with temporary_file(target) as (file, _):
            file.write(BLOCK)
            settle(file)
    except OSError as error:
        raise BadInput('%s: no file can be written in this folder: %s'
                       % (folder, error.strerror or error)) from error


def check_can_write_in(folder):
    """Make a folder, unless it is there; raise BadInput unless files can be written in it."""
    folder = os.path.abspath(folder)
    with naming(folder):
        os.makedirs(folder, exist_ok=True)
    check_can_write(os.path.join(folder, 'file'))


def find_target(path):
    """Return where ``path`` leads, as a link keeps its target; raise BadInput unless a regular file
    or nothing is there.
    """
    if not os.path.basename(path):
        raise BadInput('%s is a folder, not the name of a file' % (path or os.getcwd()))
    target = os.path.realpath(path)
    with naming(path), suppress(FileNotFoundError):
        check_regular(path, os.stat(target))
    return target


def settle(file):
    """Have what was written to a file on the disk, or raise the OSError of a full one."""
    file.flush()
    os.fsync(file.fileno())


@contextmanager
def write_whole(path):
    """Open a binary file that appears under ``path`` whole, at the end of the block, or not at all.

    If the block raises anything, ``KeyboardInterrupt`` included, the old file stays as it was.
    An ``OSError`` (full disk, no permission) is raised as a :class:`BadInput` that names ``path``.
    """
    target = find_target(path)
    with naming(path):
        with temporary_file(target) as (file, name):
            yield file
            settle(file)
            file.close()
            os.replace(name, target)


# --- Temporary files --------------------------------------------------------------------------


@contextmanager
def temporary_file(target):
    """Yield (file, name) of a new file beside ``target``, locked by us; at the end it is gone."""
    pattern = name_temporary(target, '*')
    clear(pattern)
    file, lock, name = create(target)
    try:
        with file:
            yield file, name
    finally:
        with suppress(OSError):
            os.remove(name)
        if lock is not None:
            os.close(lock)


def name_temporary(target, unique):
    """Return a hidden name beside ``target``; it is short, as target's may be as long as can be."""
    folder, name = os.path.split(target)
    digest = hashlib.sha256(os.fsencode(name)).hexdigest()[:12]
    folder = glob.escape(folder) if unique == '*' else folder
    return os.path.join(folder, '.%s.%s.tmp' % (digest, unique))


def create(target):
    """Return (file, lock, name) of a new temporary file; the lock outlives the closed file."""
    while True:
        name = name_temporary(target, uuid.uuid4().hex[:8])
        file = open(name, 'xb')
        lock = os.dup(file.fileno()) if fcntl else None
        if lock is None or not try_lock(lock, wait=True) or os.fstat(lock).st_nlink:
            return file, lock, name
        file.close()  # cleared by another writer before it was locked
        os.close(lock)


def try_lock(descriptor, wait):
    """Lock a file, unless another has it or its file system knows no locks; return whether."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:
        return False
    return True


def clear(pattern):
    """Remove the temporary files that killed processes left: those that no living one has locked.
    """
    for name in glob.glob(pattern) if fcntl else ():
        with suppress(OSError):
            if stat.S_ISREG(os.lstat(name).st_mode):
                with open(name, 'r+b') as file:
                    if try_lock(file.fileno(), wait=False):
                        os.remove(name)
