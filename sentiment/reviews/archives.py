"""Tar archives, read member by member: nothing is extracted, nothing is kept, no header believed.
"""
import tarfile

from sentiment.data.errors import BadInput, naming, reason, shown
from sentiment.data.opening import open_bounded

TAR_ENDINGS = ('.tar', '.tar.gz', '.tgz', '.tar.bz2', '.tbz2', '.tar.xz', '.txz')
EXTENDED = (tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE, tarfile.GNUTYPE_LONGNAME,
            tarfile.GNUTYPE_LONGLINK)
MAX_HEADER = 2 ** 16     # bytes of a header of these types, which is read at once
MAX_GLOBAL = 1000        # values that hold for all members that follow, and are kept


class Header(tarfile.TarInfo):
    """A member's header that is refused before it makes tarfile read without a bound."""

    @classmethod
    def frombuf(cls, buf, encoding, errors):
        member = super().frombuf(buf, encoding, errors)
        if member.type in EXTENDED and not 0 <= member.size <= MAX_HEADER:
            raise ValueError('a header of %d bytes' % member.size)
        if member.type == tarfile.GNUTYPE_SPARSE:
            raise ValueError('a sparse file')
        return member

    def _proc_gnusparse_10(self, *arguments):
        raise ValueError('a sparse file')  # tarfile would read its map to the end


def refuse(path, why):
    """Raise BadInput for an archive that is whole, perhaps, but not harmless."""
    raise BadInput('%s: refused: %s' % (path, why))


def each_member(path):
    """Yield (member, its binary stream, None of a folder) of each member of a tar archive.

    The stream lasts until the next is asked for.

    Raises :class:`BadInput` for a damaged archive, and for members that would leave the folder or
    are neither file nor folder.
    """
    with open_bounded(path) as stream, naming(path):
        try:  # a block at a time: check_end sees what follows a damaged header
            with tarfile.open(fileobj=stream, mode='r|', bufsize=tarfile.BLOCKSIZE,
                              tarinfo=Header) as archive:
                for member in iter(archive.next, None):
                    archive.members = []  # they would pile up
                    check_member(member, path)
                    if len(archive.pax_headers) > MAX_GLOBAL:
                        refuse(path, 'more than %d global values' % MAX_GLOBAL)
                    yield member, archive.extractfile(member) if member.isfile() else None
            check_end(stream, path)
        except (OSError, BadInput):  # open_bounded names the file
            raise
        except Exception as error:   # damaged archives can raise nearly anything
            raise BadInput('%s: not a whole archive: %s' % (path, reason(error))) from error


def check_member(member, path):
    """Refuse what would leave the target folder if it were extracted, or is no file or folder."""
    if member.name.startswith('/') or '..' in member.name.split('/'):
        refuse(path, 'member %s leaves the folder' % shown(member.name))
    if not (member.isfile() or member.isdir()) or member.issparse():
        refuse(path, 'member %s is a link, a device or a sparse file' % shown(member.name))


def check_end(stream, path):
    """Read to the end: tarfile stops silently at a damaged header, and gzip checks its sum there.
    """
    for block in iter(lambda: stream.read(2 ** 16), b''):
        if block.strip(b'\0'):
            raise BadInput('%s: not a whole archive: damaged in the middle' % path)
