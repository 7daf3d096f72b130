"""One reader: any source of reviews -> its sets, each texts and labels, recognised by content.

    read_sets('IMDB Dataset.csv') -> {'train': Reviews(texts, labels)}
"""
import os
import sys
from collections import namedtuple

from sentiment.data.errors import BadInput, brief, shown
from sentiment.data.about import MAX_NAME
from sentiment.data.forms import CSV, FASTTEXT, MODEL, WHOLE_JSON, form_of
from sentiment.data.opening import open_bounded
from sentiment.log import logger
from sentiment.reviews import keras
from sentiment.reviews.classes import is_number, name_of
from sentiment.reviews.encodings import check_encoding, check_text
from sentiment.reviews.folders import (MAX_REVIEW_BYTES, PRINTABLE, SETS, Folders, LeftOut,
                                       file_size, place_of)
from sentiment.reviews.lines import class_of_file, each_review, fasttext_rows
from sentiment.reviews.members import START, alone, each_file, files_below, way_into
from sentiment.reviews.tables import READERS, How, find_columns, seekable

KINDS = 'a number', 'text'
TEXT_FLOOR, TEXT_RATIO = 2 ** 26, 20  # memory for what a source holds: this, and times its size
FORMS = ('a table (CSV, TSV, JSON lines, JSON, parquet, xlsx) with columns of texts and labels, '
         "fastText's form, pos.txt and neg.txt, folders of classes with a .txt a review, Keras' "
         'imdb.npz; alone or in a folder, .zip, .gz or .tar')

# texts: list of str; labels: the names of their classes, list of str
Reviews = namedtuple('Reviews', 'texts labels')


def read_sets(source, how=How()):
    """Return set -> :class:`Reviews` of a file, a folder or an archive: 'train', and 'test' if it
    has one.

    how: which columns of a table, and the encoding. What is not used is counted in a line of the
    log. Raises BadInput for whatever cannot be read for certain.
    """
    how = how._replace(encoding=check_encoding(how.encoding))
    found = Found(source, how)
    for member in each_file(source):
        found.add(member)
    sets = found.sets()
    found.left_out.say(source)
    return sets


class Found:
    """What was found in a source, file by file."""

    def __init__(self, source, how):
        self.source, self.how, self.left_out = source, how, LeftOut()
        self.folders = Folders(source, self.left_out)
        self.tables, self.lines, self.words, self.arrays, self.others = {}, {}, {}, None, []
        self.room = TEXT_FLOOR + TEXT_RATIO * size_of(source)
        self.is_many = way_into(source) is not alone

    def add(self, member):
        """Take one file or folder of the source."""
        name = '/'.join(member.name)
        place = place_of(member.name, member.open is not None)
        if member.open is None:
            if place:
                self.folders.add(place, member.name, None)
            return
        if place and not place[1] and class_of_file(member.name):
            place = None
        with member.open() as stream:
            taken = self.folders.add(place, member.name, stream) if place else None
            if taken is None and not self.add_file(name, member.name, stream):
                self.others.append(name)
            self.spend(taken or 0)

    def spend(self, size):
        """Raise BadInput if what was read takes too much memory by now."""
        self.room -= size + 64
        if self.room < 0:
            raise BadInput('%s: refused: its texts take too much memory for its size'
                           % self.source)

    def add_file(self, name, parts, stream):
        """Take a file of many reviews; return whether it is one."""
        where = self.source if len(parts) == 1 and not self.is_many else (
            '%s: %s' % (self.source, name))
        start = stream.peek(START)[:START]
        form = form_of(start, self.how.encoding)
        if form is None and (class_of_file(parts) or not self.is_many):
            check_text(where, start, self.how.encoding)
        if form == WHOLE_JSON:
            stream = seekable(where, stream)
            words = keras.read_index(stream)
            if words:
                self.words = words
                return True
        if form == MODEL:
            stream = seekable(where, stream)
            self.arrays = keras.read_arrays(where, stream) if keras.is_keras(stream) else None
            return self.arrays is not None
        if form is None and class_of_file(parts):
            self.lines[class_of_file(parts)] = self.collect(
                each_review(where, stream, self.how)).texts
            return True
        if form is None and self.how.text_column and len(parts) == 1:
            form = CSV  # of a kind that only its owner knows
        if form in ROWS:
            self.tables[name] = self.try_to_read(where, stream, form)
        return form in ROWS

    def try_to_read(self, where, stream, form):
        """Return the reviews of a table; of one among many, the error: it may be none of ours."""
        try:
            return self.collect(ROWS[form](where, stream, self.how, self.left_out, form))
        except BadInput as error:
            if not self.is_many:
                raise
            return error

    def collect(self, rows):
        """Return the :class:`Reviews` of (number, text, label) rows."""
        found = Reviews([], [])
        for _, text, label in rows:
            self.spend(sys.getsizeof(text))
            found.texts.append(text)
            found.labels.append(label)
        return found

    # --- What it comes to

    def sets(self):
        """Return set -> :class:`Reviews`; what has the most certain labels is taken."""
        for find in (self.of_folders, self.of_lines, self.of_arrays, self.of_tables,
                     self.of_lone_folders):
            sets = find()
            if sets:
                self.count_others()
                return named(self.source, sets)
        seen = self.others + ['/'.join(filter(None, key)) for key in self.folders.found]
        raise BadInput('%s: no reviews of a form that is known%s; known are %s' % (
            self.source, ': found ' + brief(', '.join(seen[:5])) if self.is_many and seen
            else '', FORMS))

    def count_others(self):
        """Count the files of many reviews that are left when those that count are taken."""
        for name in list(self.tables) + ['/'.join(filter(None, key)) for key in self.lines]:
            self.left_out.add(LeftOut.OTHER, name)

    def of_folders(self):
        """Return the sets of train/CLASS/*.txt and test/CLASS/*.txt."""
        kinds = [kind for kind in self.folders.sets() if kind]
        return {kind: Reviews(*self.folders.texts_of(kind, self.how.encoding)) for kind in kinds}

    def of_lone_folders(self):
        """Return the set of CLASS/*.txt."""
        return {'train': Reviews(*self.folders.texts_of(kind, self.how.encoding))
                for kind in self.folders.sets()}

    def of_lines(self):
        """Return the sets of files that are named by their class."""
        sets, lines, self.lines = {}, self.lines, {}
        for (kind, label), texts in sorted(lines.items(), reverse=True):
            found = sets.setdefault(kind or 'train', Reviews([], []))
            found.texts.extend(texts)
            found.labels.extend([label] * len(texts))
        return sets

    def of_arrays(self):
        """Return the sets of Keras' arrays, spelt out."""
        if self.arrays is None:
            return {}
        words = self.words or self.words_beside()
        return {kind: Reviews(keras.as_texts(self.source, reviews, words),
                              [keras.CLASSES[label] for label in labels])
                for kind, (reviews, labels) in self.arrays.items()}

    def words_beside(self):
        """Return rank -> word of the index that lies beside imdb.npz; raises BadInput."""
        path = os.path.join(os.path.dirname(os.path.abspath(self.source)), keras.INDEX)
        words = None
        if os.path.exists(path):
            with open_bounded(path) as stream:
                words = keras.read_index(seekable(path, stream))
        if words is None:
            raise BadInput('%s: numbers of words; %s, which Keras has too, must lie beside it'
                           % (self.source, keras.INDEX))
        return words

    def of_tables(self):
        """Return the sets of tables: the only one, or those called train and test."""
        sets = {}
        for kind in SETS:
            names = [name for name in self.tables if kind in os.path.basename(name).lower()]
            if len(self.tables) == 1 and kind == 'train':
                names = list(self.tables)
            if len(names) > 1 or kind == 'train' and self.tables and not names:
                raise BadInput('%s: several tables: %s; give the one that is meant'
                               % (self.source, brief(', '.join(names or self.tables))))
            for name in names[:kind not in sets]:
                found = self.tables.pop(name)
                if isinstance(found, BadInput) and kind == 'train':
                    raise found
                if isinstance(found, BadInput):
                    logger.info('not used: %s', found)
                else:
                    sets[kind] = found
        return sets


def table_rows(where, stream, how, left_out, form):
    """Yield (number, text, label) of the rows of a table; those without either are left out."""
    return table_rows_of(READERS[form](where, stream, how), how, left_out)


def table_rows_of(table, how, left_out):
    """Yield (number, text, label) of the rows of a table; those without either are left out."""
    where, numeric = table.name, None
    text, label = find_columns(table, how)
    for number, row in table.rows:
        found = text_of(where, number, row.get(text))
        name = label_of(where, number, row.get(label))
        if not found or not name:
            left_out.add(LeftOut.NO_CLASS if found else LeftOut.NO_TEXT, 'row %d' % number)
            continue
        if numeric not in (None, is_number(name)):
            raise BadInput('%s: row %d: the label %s is %s, those before are %s' % (
                where, number, shown(name), *KINDS[::1 if is_number(name) else -1]))
        numeric = is_number(name)
        yield number, found, name


ROWS = dict(dict.fromkeys(READERS, table_rows), **{FASTTEXT: fasttext_rows})


def text_of(where, number, value):
    """Return the text of a row's cell, '' of an empty one; raise BadInput at what is none."""
    if value is None or value != value:
        return ''
    if not isinstance(value, str):
        raise BadInput('%s: row %d: %s is no text' % (where, number, shown(value)))
    if len(value) > MAX_REVIEW_BYTES:
        raise BadInput('%s: row %d: a review of more than %d characters'
                       % (where, number, MAX_REVIEW_BYTES))
    return value if PRINTABLE.search(value) else ''


def label_of(where, number, value):
    """Return the class that a row's cell names, '' of an empty one."""
    if value is not None and not isinstance(value, (str, int, float)):
        raise BadInput('%s: row %d: %s is no label' % (where, number, shown(value)))
    name = name_of(value)
    if len(name) > MAX_NAME:
        raise BadInput('%s: row %d: a label of more than %d characters, %s'
                       % (where, number, MAX_NAME, shown(name)))
    return name


def size_of(source):
    """Return the size of a file, or of all files in a folder."""
    if not os.path.isdir(source):
        return file_size(source)
    return sum(os.path.getsize(path) for path in files_below(source))


def named(source, sets):
    """Return sets with the names of their classes in full; raise BadInput at what is no set."""
    sets = {kind: Reviews(found.texts, [name_of(label) for label in found.labels])
            for kind, found in sets.items()}
    if not sets.get('train', Reviews([], [])).texts:
        raise BadInput('%s: no reviews to train on, with a text and a label' % source)
    return sets
