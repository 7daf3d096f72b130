"""Raw reviews: a folder or an archive laid out like aclImdb, read with suspicion."""
import os
import re
import sys

from sentiment.data.archives import each_member, refuse
from sentiment.data.errors import BadInput, brief, naming, shown
from sentiment.data.opening import MAX_BYTES, check_regular, open_regular
from sentiment.log import logger

LABELS = {'pos': 1, 'neg': 0}  # in the tutorial's order: positive reviews first
SETS = ('train', 'test')
UNLABELLED = 'unsup'           # IMDB's reviews without a label
MAX_REVIEW_BYTES = 2 ** 20     # seventy times the longest review of IMDB
MAX_FILES = 500000             # five times the files of the published archive
TEXT_FLOOR, TEXT_RATIO = 2 ** 26, 20  # memory for an archive's texts: this, and times its size
MAX_CLASSES = 20               # folders of a set that are remembered, to be named
PRINTABLE = re.compile(r'[^\s\x00-\x1f]')  # what the tokenizer keeps at all


def read_reviews(source):
    """Read a folder or an archive of reviews laid out like aclImdb.

    Returns ``{(set, label): {file name: text}}`` with set 'train' or 'test', label 'pos' or 'neg';
    the two test keys are absent if there is no test set. Raises :class:`BadInput`.
    """
    reviews = read_folder(source) if os.path.isdir(source) else read_archive(source)
    sets = SETS if any(key[0] == 'test' for key in reviews) else SETS[:1]
    for key in [(name, label) for name in sets for label in LABELS]:
        if not reviews.get(key):
            raise BadInput('%s: no review (*.txt) in %s/%s' % ((source,) + key))
    return reviews


def is_review(name):
    """Say whether a file of this name is a review: ``*.txt``, and not hidden."""
    return name.endswith('.txt') and not name.startswith('.')


def decode(data, name):
    """Return the text of a review's bytes; raise :class:`BadInput` naming the file if it has none.
    """
    if len(data) > MAX_REVIEW_BYTES:
        raise BadInput('%s: a review of more than %d bytes' % (name, MAX_REVIEW_BYTES))
    try:
        text = data.decode('utf-8-sig')
    except UnicodeDecodeError as error:
        raise BadInput('%s: not UTF-8 text (at byte %d)' % (name, error.start)) from error
    if not PRINTABLE.search(text):
        raise BadInput('%s: an empty review' % name)
    return text


class LeftOut:
    """What is in a source of reviews and is not read: counted, and one of each kind named."""

    NOT_TEXT = ('file that does not end in .txt', 'files that do not end in .txt')
    NO_LABEL = ('review without a label', 'reviews without a label')
    DEEPER = ('folder or file below the folder of a class',
              'folders or files below the folder of a class')

    def __init__(self):
        self.kinds = {}

    def add(self, kind, name):
        """Count one of a kind, unless it is hidden."""
        if not os.path.basename(name).startswith('.'):
            count, first = self.kinds.get(kind, (0, name))
            self.kinds[kind] = count + 1, min(first, name)

    def say(self, source):
        """Say in one line what was left out, if anything was."""
        parts = ['%d %s, such as %s' % (count, kind[count > 1], brief(name))
                 for kind, (count, name) in self.kinds.items()]
        if parts:
            logger.info('%s: left out: %s', source, '; '.join(parts))


def check_classes(source, name, folders):
    """Raise BadInput if a set has the folder of another class: nothing is dropped in silence."""
    others = sorted(folder for folder in folders
                    if folder not in LABELS and folder != UNLABELLED and folder[:1] != '.')
    if others:
        raise BadInput('%s: %s/ has the folder%s %s; its reviews are read from the folders pos and '
                       'neg, two classes and no more' % (source, name, 's'[len(others) < 2:],
                                                         brief(', '.join(others))))


# --- A folder ---------------------------------------------------------------------------------


def subfolders(folder):
    """Return the sorted names of the folders in a folder."""
    with naming(folder):
        return sorted(entry.name for entry in os.scandir(folder) if entry.is_dir())


def find_root(folder):
    """Return ``folder``, or its only subfolder, whichever holds ``train``."""
    children = subfolders(folder)
    roots = [path for path in [folder] + [os.path.join(folder, name) for name in children]
             if os.path.isdir(os.path.join(path, 'train'))]
    if not roots:
        raise BadInput('%s: no folder train/ in it, nor one level down; wanted are the folders '
                       'train/pos and train/neg, found %s'
                       % (folder, brief(', '.join(children)) or 'no folder'))
    if len(roots) > 1:
        raise BadInput('%s: train/ is in more than one place: %s and %s' % (folder, *roots[:2]))
    return roots[0]


def list_folder(folder, left_out=None):
    """Return ``{(set, label): [path of a review, ...]}`` of a folder, sorted by name.

    Raises BadInput if a set has the folder of another class.
    """
    root, listed = find_root(folder), {}
    left_out = LeftOut() if left_out is None else left_out
    for name in SETS if os.path.isdir(os.path.join(root, 'test')) else SETS[:1]:
        folders = subfolders(os.path.join(root, name))
        check_classes(folder, name, folders)
        for label in folders:
            if label in LABELS:
                listed[name, label] = list_class(root, '%s/%s' % (name, label), left_out)
            elif label == UNLABELLED:
                for path in list_class(root, '%s/%s' % (name, label), left_out):
                    left_out.add(LeftOut.NO_LABEL, os.path.relpath(path, root))
    return {(name, label): listed.get((name, label), []) for name in SETS[:1 + any(
        key[0] == 'test' for key in listed)] for label in LABELS}


def list_class(root, place, left_out):
    """Return the sorted paths of the reviews in one folder; count the rest."""
    folder = os.path.join(root, *place.split('/'))
    with naming(folder):
        entries = list(os.scandir(folder))
    for entry in entries:
        if not is_review(entry.name):
            left_out.add(LeftOut.DEEPER if entry.is_dir() else LeftOut.NOT_TEXT,
                         '%s/%s' % (place, entry.name))
    return sorted(entry.path for entry in entries if is_review(entry.name))


def read_folder(folder):
    """Read the reviews of a folder; see :func:`read_reviews`."""
    left_out = LeftOut()
    listed = list_folder(folder, left_out)
    paths = [path for key in listed for path in listed[key]]
    check_bounds(folder, len(paths), sum(file_size(path) for path in paths))
    reviews = {key: {os.path.basename(path): read_file(path) for path in listed[key]}
               for key in listed}
    left_out.say(folder)
    return reviews


def file_size(path):
    """Return a file's size; raise :class:`BadInput` if it is no regular file: a pipe would hang."""
    with naming(path):
        status = os.stat(path)
    check_regular(path, status)
    return status.st_size


def read_file(path):
    """Return the text of one review."""
    with open_regular(path) as file, naming(path):
        return decode(file.read(MAX_REVIEW_BYTES + 1), path)


def check_bounds(source, n_files, n_bytes):
    """Raise :class:`BadInput` if there is more than any set of reviews should hold."""
    if n_files > MAX_FILES:
        raise BadInput('%s: more than %d files' % (source, MAX_FILES))
    if n_bytes > MAX_BYTES:
        raise BadInput('%s: holds more than %d bytes' % (source, MAX_BYTES))


# --- An archive -------------------------------------------------------------------------------


def read_archive(path):
    """Read the reviews of a tar archive, member by member; nothing is extracted to the disk."""
    reviews, roots, left_out = {}, {}, LeftOut()
    folders = {name: set() for name in SETS}
    room = TEXT_FLOOR + TEXT_RATIO * file_size(path)
    for number, (member, data) in enumerate(each_member(path, MAX_REVIEW_BYTES + 1), 1):
        check_bounds(path, number, 0)
        root, key, name = place(member, folders, left_out)
        if key is None:
            continue
        roots.setdefault(root, member.name)
        texts = reviews.setdefault(key, {})
        if member.isfile():
            texts[name] = decode(data, '%s: %s' % (path, shown(member.name)))
            room -= sys.getsizeof(texts[name])
            if room < 0:
                refuse(path, 'its texts take too much memory for its size')
    for name in SETS:
        check_classes(path, name, folders[name])
    if len(roots) > 1:
        raise BadInput('%s: reviews in more than one place: %s and %s'
                       % (path, *map(shown, list(roots.values())[:2])))
    left_out.say(path)
    return reviews


def place(member, folders, left_out):
    """Return ``(root, (set, label), file name)`` of a member; all ``None`` if it is no part of it.

    A folder ``ROOT/train/pos`` counts too, without a file name: an empty class must be seen. Adds
    the folder of any class to ``folders[set]``, and counts what is left out.
    """
    parts = tuple(part for part in member.name.split('/') if part not in ('', '.'))
    at = 1 if parts[1:2] and parts[1] in SETS else 0
    if len(parts) - member.isfile() < at + 2 or parts[at] not in SETS:
        return None, None, None
    key, rest, name = parts[at:at + 2], parts[at + 2:], '/'.join(parts[at:])
    if len(folders[key[0]]) < MAX_CLASSES:
        folders[key[0]].add(key[1])
    if key[1] in LABELS and not rest:
        return parts[:at], key, None
    if key[1] not in LABELS or member.isdir() or len(rest) > 1 or not is_review(rest[0]):
        if member.isfile():
            left_out.add(LeftOut.NO_LABEL if key[1] not in LABELS else
                         LeftOut.DEEPER if len(rest) > 1 else LeftOut.NOT_TEXT, name)
        return None, None, None
    return parts[:at], key, rest[0]
