"""Where predict's reviews come from: files, folders, archives, standard input; as they come."""
import io
import itertools
import os
import stat
import sys
import threading
from collections import namedtuple

from sentiment.data.forms import BZIP2, FASTTEXT, GZIP, MODEL, TAR, XZ, ZIP, form_of
from sentiment.data.opening import check_regular, open_readable, open_regular, read_start
from sentiment.data.safe_io import MAX_BYTES, BadInput, naming
from sentiment.reviews.encodings import UTF8, form_in
from sentiment.reviews.folders import MAX_REVIEW_BYTES, LeftOut, decode, file_size, is_review
from sentiment.reviews.lines import class_of_file, each_review, fasttext_rows
from sentiment.reviews.members import START, each_file
from sentiment.reviews.read import read_sets, text_of
from sentiment.reviews.tables import READERS, find_columns

CHUNK = 4096  # reviews that are tokenized and read at once, where so many wait
CHUNK_BYTES = 2 ** 24  # and how much they may be: more waits in its file or pipe
LINGER = 0.02  # seconds that the very first of them waits for others
PACKED = (GZIP, BZIP2, XZ, TAR, ZIP)

# name: what answers are named after; file: a buffered binary stream; whole: it is one review;
# alone: its path names no other file; path: where it is a file of the disk as it stands
Source = namedtuple('Source', 'name file whole alone path', defaults=(True, None))
# a problem stands in place of a text; size: bytes of the source
Item = namedtuple('Item', 'source text problem size')


def each_source(paths):
    """Yield a :class:`Source` for each file that the paths name: files, folders, archives, '-'.

    Raises BadInput for what cannot be read at all.
    """
    for path in paths:
        if path == '-':
            with naming('-'), open_stdin() as file:
                yield Source('-', file, False)
        elif os.path.isdir(path) or is_packed(path):
            names = [member.name for member in each_file(path) if member.open]
            lines = any(map(class_of_file, names))
            yield from (unpacked(path, len(names) == 1, lines) if lines or is_packed(path)
                        else reviews_below(path))
        else:
            with naming(path), with_start(open_readable(path)) as file:
                yield Source(path, file, False, path=path)


def is_packed(path):
    """Whether a regular file is an archive, or compressed; of a pipe nothing is read ahead."""
    try:
        with open_regular(path) as file:
            return form_of(file.read(START)) in PACKED
    except BadInput:  # which is said when it is opened
        return False


def reviews_below(folder):
    """Yield the text files in a folder and below it, each one review."""
    left_out = LeftOut()
    for name in list_reviews(folder, left_out):
        with naming(name), open_regular(name) as file:
            yield Source(name, file, True)
    left_out.say(folder)


def unpacked(path, alone, lines):
    """Yield the files of an archive; a text file that does not stand ``alone`` is one review. Where
    some have ``lines``, such as pos.txt and neg.txt, others are left out.
    """
    left_out = LeftOut()
    for member in each_file(path):
        if member.open and lines and not class_of_file(member.name):
            left_out.add(LeftOut.OTHER, '/'.join(member.name))
        elif member.open:
            name = path if alone else '%s: %s' % (path, '/'.join(member.name))
            with member.open() as file:
                yield Source(name, file, not (alone or lines) and is_review(member.name[-1]), alone)
    left_out.say(path)


def read_sources(sources, whole, how):
    """Yield an :class:`Item` for each review of the sources."""
    for source in sources:
        yield from read_source(source, whole, how)


def read_source(source, whole, how):
    """Yield the reviews of an open file: one if it is the ``whole``, rows of a table, or lines."""
    name, file = source.name, source.file
    form = None if source.whole else form_in(name, file.peek(START), how.encoding)
    if source.whole or whole and not form:
        yield as_review(name, read_start(file, MAX_REVIEW_BYTES + 1), how.encoding)
    elif form in READERS and not whole:
        table = READERS[form](name, file, how)
        column = find_columns(table, how, labelled=False)[0]
        for number, row in table.rows:
            text = text_of(name, number, row.get(column))
            yield Item('%s:%d' % (name, number), text or None,
                       None if text else 'an empty review', len(text))
    elif form == MODEL and not whole and source.path and os.path.isfile(source.path):  # Keras'
        for kind, found in read_sets(source.path, how).items():
            for number, text in enumerate(found.texts):
                yield Item('%s:%s:%d' % (name, kind, number), text, None, len(text))
    elif form == FASTTEXT and not whole:
        for number, text, _ in fasttext_rows(name, file, how, LeftOut(), form):
            yield Item('%s:%d' % (name, number), text, None, len(text))
    elif form:
        raise BadInput('%s: looks like %s; predict reads text, one review a line, tables, and '
                       'folders and archives of *.txt files%s' % (
                           name, form, '; leave --whole out' * whole))
    elif how.encoding != UTF8:
        for number, text, _ in each_review(name, file, how):
            yield Item('%s:%d' % (name, number), text, None, len(text))
    else:
        yield from read_lines(name, file)


def size_of(paths):
    """Return the size in bytes of all that the paths name, or None if some have none."""
    try:
        return sum(sum(map(file_size, list_reviews(path, LeftOut()))) if os.path.isdir(path)
                   else file_size(path) for path in paths)
    except BadInput:  # a pipe; or what is reported when it is read
        return None


# --- Files and streams ------------------------------------------------------------------------


def open_stdin():
    """Return standard input as a binary file; raise BadInput for a folder, or an endless device."""
    if sys.stdin is None:
        raise BadInput('-: standard input is closed')
    number = sys.stdin.fileno()
    status, is_device = os.fstat(number), os.isatty(number) or is_null(number)
    check_regular('-', status, (stat.S_IFIFO, stat.S_IFSOCK) + (stat.S_IFCHR,) * is_device)
    # not sys.stdin.buffer: Python asks for its lock at the end, while a thread may read
    return open(number, 'rb', buffering=START, closefd=False)


def is_null(number):
    """Whether an open file is the device that holds nothing: many programs are started with it."""
    try:
        return os.path.samestat(os.fstat(number), os.stat(os.devnull))
    except OSError:
        return False


def with_start(file):
    """Return a binary file whose start can be looked at before it is read."""
    return io.BufferedReader(file.detach(), START)


def read_lines(name, file):
    """Yield the review of each line, however long; blank lines at the end are none."""
    blank = None  # number of the first of the lines that are held back until another follows
    for number in itertools.count(1):
        line, size = read_line(name, file)
        if not line:
            return
        if line.strip():
            for k in range(blank or number, number):
                yield as_review('%s:%d' % (name, k), b'\n')
            blank = None
            yield as_review('%s:%d' % (name, number), line.rstrip(b'\r\n'), size=size)
        else:
            blank = blank or number


def read_line(name, file):
    """Return the start of the next line, enough to see that it is too long, and its size."""
    line = rest = file.readline(MAX_REVIEW_BYTES + 2)
    size = len(line)
    while rest and not rest.endswith(b'\n'):
        rest = file.readline(MAX_REVIEW_BYTES)
        size += len(rest)
        if size > MAX_BYTES:
            raise BadInput('%s: a line of more than %d bytes' % (name, MAX_BYTES))
    return line, size


def as_review(source, data, encoding=UTF8, size=None):
    """Return the :class:`Item` of a review's bytes."""
    size = len(data) if size is None else size
    try:
        return Item(source, decode(data, '', encoding), None, size)
    except BadInput as error:
        return Item(source, None, str(error).lstrip(': '), size)


# --- Folders ----------------------------------------------------------------------------------


def list_reviews(folder, left_out):
    """Return the paths of all reviews in a folder and below it, sorted; count what is left out."""
    def fail(error):
        raise error

    found = []
    with naming(folder):
        for parent, _, names in os.walk(folder, onerror=fail):  # else it would pass in silence
            found += [os.path.join(parent, name) for name in names if is_review(name)]
            for name in names:
                if not is_review(name):
                    left_out.add(LeftOut.NOT_TEXT, os.path.join(parent, name))
    if not found:
        raise BadInput('%s: no review (*.txt) in it' % folder)
    return sorted(found)


# --- Reading ahead ----------------------------------------------------------------------------


class Basket:
    """Where one thread puts what another takes; it holds so much and no more."""

    def __init__(self):
        self.items, self.size, self.changed = [], 0, threading.Condition()

    def put(self, item, size):
        """Add an item when there is room for it."""
        with self.changed:
            while self.is_full():
                self.changed.wait()
            self.items.append(item)
            self.size += size
            self.changed.notify_all()

    def is_full(self):
        """Whether it holds as much as it may."""
        return len(self.items) >= CHUNK or self.size >= CHUNK_BYTES

    def take(self, linger=0):
        """Return all items as soon as there is one; and those that come within ``linger`` seconds.
        """
        with self.changed:
            while not self.items:
                self.changed.wait()
            self.changed.wait_for(lambda: self.items[-1] is None or self.is_full(), linger)
            items, self.items, self.size = self.items, [], 0
            self.changed.notify_all()
            return items


def ahead(chunks, begin):
    """Yield (chunk, list of what ``begin`` gives for it), the next chunk being begun already.

    An empty chunk says that for now there is no next one.
    """
    ready = []
    for chunk in chunks:
        begun = begin(chunk) if chunk else []
        if ready:
            yield ready
        ready = chunk and (chunk, list(begun))
    if ready:
        yield ready


def gather(items):
    """Yield lists of items: all that wait, so that a slow stream is answered line by line. Where
    none waits, the list is empty.
    """
    basket, failed = Basket(), []

    def fill():
        try:
            for item in items:
                basket.put(item, item.size)
        except Exception as error:  # raised again where it can be seen
            failed.append(error)
        basket.put(None, 0)

    threading.Thread(target=fill, daemon=True).start()
    chunk, linger = [], LINGER
    while not chunk or chunk[-1] is not None:
        if not basket.items:
            yield []
        chunk, linger = basket.take(linger), 0
        yield [item for item in chunk if item is not None]
    yield []
    if failed:
        raise failed[0]
