"""What a source holds: one file, or those of a folder, a zip or a tar, none of them extracted."""
import io
import os
import zipfile
from collections import namedtuple

from sentiment.data.arrays import Piecewise
from sentiment.data.errors import BadInput, naming, reason, shown
from sentiment.data.forms import TAR, ZIP, form_of
from sentiment.data.opening import allowance, open_bounded, open_regular
from sentiment.reviews.archives import TAR_ENDINGS, each_member, refuse

MAX_FILES = 500000  # five times the files of the published archive
START = 2 ** 16     # of a file, by which its form is told

# name: its parts below the source; open: gives a buffered binary stream, until the next is asked
# for; None of a folder
Member = namedtuple('Member', 'name open')


class Guarded(io.RawIOBase):
    """A stream whose damage is one line; damaged archives can raise nearly anything."""

    def __init__(self, file, path):
        super().__init__()
        self.file, self.path = file, path

    def readable(self):
        return True

    def readinto(self, buffer):
        try:
            data = self.file.read(len(buffer))
        except (BadInput, MemoryError):
            raise
        except Exception as error:
            raise BadInput('%s: damaged: %s' % (self.path, reason(error))) from error
        buffer[:len(data)] = data
        return len(data)

    def close(self):
        self.file.close()
        super().close()


def guarded(file, path):
    """Return a buffered stream of a file inside ``path``, whose start can be looked at."""
    return io.BufferedReader(Guarded(file, path), START)


def each_file(source):
    """Yield a :class:`Member` for each file and folder of a source; hidden ones are passed over.

    Raises BadInput for what cannot be read, and for archives that are not harmless.
    """
    members = way_into(source)
    for number, member in enumerate(members(source), 1):
        if number > MAX_FILES:
            raise BadInput('%s: more than %d files' % (source, MAX_FILES))
        if member.open and not member.name:
            refuse(source, 'a file in it has no name')
        hidden = any(part.startswith(('.', '__MACOSX')) for part in member.name)
        if not hidden or members is alone:
            yield member


def way_into(source):
    """Return the function that lists what is in a source."""
    if os.path.isdir(source):
        return in_folder
    form = form_of(start_of(source))
    if form == TAR or source.lower().endswith(TAR_ENDINGS):  # which says what is wrong with it
        return in_tar
    return in_zip if form == ZIP else alone


def start_of(path):
    """Return the first bytes of a file, decompressed."""
    with open_bounded(path) as stream:
        return guarded(stream, path).peek(START)


def parts_of(name):
    """Return the parts of a member's name."""
    return tuple(part for part in name.split('/') if part not in ('', '.'))


def alone(path):
    """Yield the one file, decompressed if need be."""
    with open_bounded(path) as stream, naming(path):
        yield Member((os.path.basename(path),), lambda: guarded(stream, path))


def in_folder(folder):
    """Yield what is in a folder and below it, sorted, links to folders aside."""
    def fail(error):
        raise error

    with naming(folder):
        for parent, folders, files in os.walk(folder, onerror=fail):  # else it passes in silence
            folders.sort()
            place = parts_of(os.path.relpath(parent, folder).replace(os.sep, '/'))
            yield from (Member(place + (name,), None) for name in folders)
            for name in sorted(files):
                path = os.path.join(parent, name)
                yield Member(place + (name,), lambda path=path: guarded(open_regular(path), path))


def files_below(folder):
    """Yield the paths of all files in a folder and below it."""
    for parent, _, files in os.walk(folder):
        yield from (os.path.join(parent, name) for name in files)


def in_tar(path):
    """Yield what is in a tar archive."""
    for member, file in each_member(path):
        yield Member(parts_of(member.name), file and (lambda: guarded(file, path)))


def in_zip(path):
    """Yield what is in a zip archive: refused if it would leave its folder or unpacks to too much.
    """
    with naming(path), open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        try:
            archive = zipfile.ZipFile(Piecewise(file))
        except Exception as error:  # damaged archives can raise nearly anything
            raise BadInput('%s: not a whole archive: %s' % (path, reason(error))) from error
        infos = archive.infolist()
        if sum(info.file_size for info in infos) > allowance(size):
            refuse(path, 'it holds too much for its size')
        for info in infos:
            if info.filename.startswith('/') or '..' in info.filename.split('/'):
                refuse(path, 'member %s leaves the folder' % shown(info.filename))
            yield Member(parts_of(info.filename),
                         None if info.is_dir() else lambda info=info: open_zipped(
                             archive, info, path))


def open_zipped(archive, info, path):
    """Open one file of a zip archive."""
    try:
        return guarded(archive.open(info), path)
    except Exception as error:  # a password, a way to compress that Python lacks, damage
        raise BadInput('%s: %s: %s' % (path, shown(info.filename), reason(error))) from error
