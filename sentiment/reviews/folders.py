"""Classes as folders: CLASS/*.txt, alone or under train/ and test/, as aclImdb has them."""
import os
import re

from sentiment.data.errors import BadInput, brief, naming
from sentiment.data.opening import check_regular, read_start
from sentiment.log import logger

SETS = ('train', 'test')
UNLABELLED = 'unsup'           # IMDB's reviews without a label
MAX_REVIEW_BYTES = 2 ** 20     # seventy times the longest review of IMDB
PRINTABLE = re.compile(r'[^\s\x00-\x1f]')  # what the tokenizer keeps at all


def is_review(name):
    """Say whether a file of this name is a review: ``*.txt``, and not hidden."""
    return name.endswith('.txt') and not name.startswith('.')


def file_size(path):
    """Return a file's size; raise :class:`BadInput` if it is no regular file: a pipe would hang."""
    with naming(path):
        status = os.stat(path)
    check_regular(path, status)
    return status.st_size


def decode(data, name, encoding='utf-8'):
    """Return the text of a review's bytes; raise :class:`BadInput` naming the file if it has none.
    """
    if len(data) > MAX_REVIEW_BYTES:
        raise BadInput('%s: a review of more than %d bytes' % (name, MAX_REVIEW_BYTES))
    try:
        text = data.decode('utf-8-sig' if encoding == 'utf-8' else encoding)
    except UnicodeDecodeError as error:
        raise BadInput('%s: not %s text (at byte %d)'
                       % (name, encoding.upper(), error.start)) from error
    if not PRINTABLE.search(text):
        raise BadInput('%s: an empty review' % name)
    return text


def place_of(name, is_file):
    """Return (root, set, class, file) of a member whose name has these parts; None if it has no
    class. The set is '' where a class stands alone, the file '' of a folder.
    """
    at = 1 if name[1:2] and name[1] in SETS else 0
    if name[at:at + 1] and name[at] in SETS:
        rest = name[at + 1:]
        if len(rest) < 1 + is_file:  # train/urls_pos.txt
            return None
        return name[:at], name[at], rest[0], '/'.join(rest[1:])
    folders = name[:-1] if is_file else name
    if not 1 <= len(folders) <= 3 or not is_file:
        return None
    return folders[:-1], '', folders[-1], name[-1]


class LeftOut:
    """What is in a source of reviews and is not read: counted, and one of each kind named."""

    NOT_TEXT = ('file that does not end in .txt', 'files that do not end in .txt')
    NO_LABEL = ('review without a label', 'reviews without a label')
    DEEPER = ('folder or file below the folder of a class',
              'folders or files below the folder of a class')
    OTHER = ('other file', 'other files')
    NO_TEXT = ('row without a text', 'rows without a text')
    NO_CLASS = ('row without a label', 'rows without a label')

    def __init__(self):
        self.kinds = {}

    def add(self, kind, name, count=1):
        """Count one of a kind, or several, unless it is hidden."""
        if not os.path.basename(name).startswith('.'):
            known, first = self.kinds.get(kind, (0, name))
            self.kinds[kind] = known + count, min(first, name)

    def say(self, source):
        """Say in one line what was left out, if anything was."""
        parts = ['%d %s, such as %s' % (count, kind[count > 1], brief(name))
                 for kind, (count, name) in self.kinds.items()]
        if parts:
            logger.info('%s: left out: %s', source, '; '.join(parts))


class Folders:
    """The reviews of classes that are folders, gathered file by file."""

    def __init__(self, source, left_out):
        self.source, self.left_out = source, left_out
        self.found, self.roots = {}, {}

    def add(self, place, name, file):
        """Take a member at a :func:`place_of`; ``file``: a binary stream, None of a folder.

        Returns how many bytes it takes, None if the member is none of ours.
        """
        root, kind, label, rest = place
        if kind and label == UNLABELLED:
            if file is not None:
                self.left_out.add(LeftOut.NO_LABEL, '/'.join(name[len(root):]))
            return 0
        if not kind and (file is None or not is_review(rest)):
            return None
        self.roots.setdefault(bool(kind), {}).setdefault(root, '/'.join(name))
        texts = self.found.setdefault((kind, label), {})
        if '/' in rest and file is not None:
            self.left_out.add(LeftOut.DEEPER, '/'.join(name[len(root):]))
        elif file is not None and not is_review(rest):
            self.left_out.add(LeftOut.NOT_TEXT, '/'.join(name[len(root):]))
        elif file is not None:
            texts[rest] = read_start(file, MAX_REVIEW_BYTES + 1)
            return len(texts[rest])
        return 0

    def sets(self):
        """Return which sets there are; [''] of classes that stand alone; [] of none."""
        kinds = {kind for kind, _ in self.found}
        if kinds & set(SETS):
            return [kind for kind in SETS if kind in kinds]
        return [''] if len(self.found) > 1 else []

    def texts_of(self, kind, encoding):
        """Return (texts, labels) of a set: the last class first, each sorted by file name."""
        self.check_roots(kind)
        texts, labels = [], []
        for label in sorted((label for other, label in self.found if other == kind), reverse=True):
            files = self.found[kind, label]
            if not files:
                raise BadInput('%s: no review (*.txt) in %s'
                               % (self.source, '/'.join(filter(None, (kind, label)))))
            for name in sorted(files):
                where = '%s: %s' % (self.source, '/'.join(filter(None, (kind, label, name))))
                texts.append(decode(files.pop(name), where, encoding))
                labels.append(label)
        return texts, labels

    def check_roots(self, kind):
        """Raise BadInput if folders of classes stand in more than one place."""
        roots = self.roots[bool(kind)]
        if len(roots) > 1:
            raise BadInput('%s: reviews in more than one place: %s and %s'
                           % (self.source, *map(brief, list(roots.values())[:2])))
