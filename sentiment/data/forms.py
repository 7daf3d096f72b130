"""What a file seems to be, by its content: its name may say anything.

Prose must never be taken for a table: ordinary reviews, one a line, with all their commas, quotes,
numbers and brackets, are of no form here.
"""
import csv
import json
import re

LINES = 20      # looked at, of a text
WHOLE = 4096    # a shorter start of a file may be all of it

MODEL, ZIP, TAR = 'arrays or a model (.npz)', 'a zip archive', 'a tar archive'
GZIP, BZIP2, XZ = 'a gzip file', 'a bzip2 file', 'an xz file'
PICKLE, PARQUET, OFFICE = 'a pickle', 'a parquet file', 'an Office file such as .xlsx'
CSV, TSV = 'a table (CSV)', 'a table separated by tabs (TSV)'
FASTTEXT = "fastText's form (__label__...)"
JSON_LINES, WHOLE_JSON = 'JSON lines', 'JSON'
MAGIC = [
    (b'PAR1', PARQUET), (b'\x1f\x8b', GZIP), (b'\xfd7zXZ\x00', XZ),
    (b'7z\xbc\xaf\x27\x1c', 'a 7z archive'), (b'\x28\xb5\x2f\xfd', 'a zstd file'),
    (b'%PDF-', 'a PDF file'), (b'SQLite format 3\0', 'an SQLite database'),
    (b'\x89PNG\r\n\x1a\n', 'an image'), (b'\xff\xd8\xff', 'an image'), (b'GIF87a', 'an image'),
    (b'GIF89a', 'an image'), (b'II*\0', 'an image'), (b'MM\0*', 'an image'),
    (b'\x93NUMPY', 'a NumPy array (.npy)'), (b'\x89HDF\r\n', 'an HDF5 file'),
    (b'ARROW1\0\0', 'an Arrow file'), (b'\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1', 'an old Office file'),
    (b'Rar!\x1a\x07', 'a RAR archive'), (b'\x7fELF', 'a program'),
    (b'\xff\xfe', 'text in UTF-16'), (b'\xfe\xff', 'text in UTF-16')]
OLD_PICKLE = re.compile(rb'\(?[ld]p[0-9]+\n|c(?:copy_reg|numpy[\w.]*|__builtin__|_codecs)\n\w+\n'
                        rb'|\(?[\]}]q\x00|[\]}]\(')
MARKUP = [(re.compile(r'<!doctype html|<html[\s>]|<head[\s>]|<body[\s>]', re.I), 'an HTML page'),
          (re.compile(r'<\?xml[\s?]', re.I), 'an XML file')]
JSON = re.compile(r'\{\s*"(?:[^"\\\n]|\\.){1,200}"\s*:|\[\s*\{\s*"(?:[^"\\\n]|\\.){1,200}"\s*:'
                  r'|\[\s*"(?:[^"\\\n]|\\.)*"\s*,\s*"|\[\s*-?\d+(?:\.\d+)?\s*,\s*-?\d'
                  r'|\[\s*\[\s*["\d-]'
                  r'|[\[{]\s*[\]}]\s*$')

NAMES = frozenset(  # of a table's columns
    'text texts review reviews sentence sentences comment comments content contents body phrase '
    'label labels sentiment sentiments rating ratings star stars score class category target '
    'polarity id index title summary document tweet message opinion feedback'.split())
COLUMN = re.compile(r'[^\W\d][\w .#/()-]{0,39}')
LABEL = re.compile(r'-?\d{1,2}(?:\.\d{1,3})?|pos|neg|neu|positive|negative|neutral|true|false',
                   re.I)
TABLES = {'\t': TSV, ',': CSV, ';': CSV, '|': CSV}  # by the mark between two fields


def form_of(start, encoding='utf-8'):
    """Return what the file that begins with these bytes seems to be, or None: prose, or unknown.

    ``start``: its first 4 KB at least, or all of it; 64 KB are better.
    """
    if start.startswith(b'PK\x03\x04') or start.startswith(b'PK\x05\x06'):
        return form_of_zip(start)
    for magic, form in MAGIC:
        if start.startswith(magic):
            return form
    if start.startswith(b'BZh') and start[4:10] == b'1AY&SY':
        return BZIP2
    if start[:4] == b'RIFF' and start[8:12] == b'WEBP':
        return 'an image'
    if start[257:262] == b'ustar':
        return TAR
    if start[:1] == b'\x80' and start[1:2] in b'\x02\x03\x04\x05' or OLD_PICKLE.match(start):
        return PICKLE
    return form_of_text(as_text(start, encoding))


def form_of_zip(start):
    """Return which of the forms that are zip archives inside."""
    if b'.npy' in start[:300]:
        return MODEL
    if b'[Content_Types].xml' in start or b'xl/' in start[:2000] or b'mimetype' in start[:60]:
        return OFFICE
    return ZIP


def as_text(start, encoding='utf-8'):
    """Return the text of bytes, of which the last character may be cut; '' if they are not text."""
    encoding = 'utf-8-sig' if encoding.lower().replace('_', '-') in ('utf-8', 'utf8') else encoding
    for cut in range(4):
        try:
            return start[:len(start) - cut].decode(encoding).lstrip()
        except UnicodeDecodeError:
            pass
    return ''


def form_of_text(text):
    """Return the form of a text, or None."""
    for pattern, form in MARKUP:
        if pattern.match(text):
            return form
    if JSON.match(text):
        return form_of_json(text)
    lines = whole_lines(text)
    if lines and all(re.match(r'__label__\S', line) for line in lines):
        return FASTTEXT
    return form_of_table(lines, text)


def form_of_json(text):
    """Return whether JSON is of one value a line, or one in all."""
    try:
        json.loads(whole_lines(text)[0])
    except (ValueError, IndexError, RecursionError):
        return WHOLE_JSON
    return JSON_LINES if len(whole_lines(text)) > 1 else WHOLE_JSON


def whole_lines(text):
    """Return the first lines that are not blank, none cut."""
    lines = text.splitlines()
    if len(text) >= WHOLE and len(lines) > 1:
        del lines[-1]
    return [line for line in lines if line.strip()][:LINES]


# --- Tables -----------------------------------------------------------------------------------


def form_of_table(lines, text):
    """Return the form of a table, or None."""
    mark = mark_of(lines, text)
    return TABLES[mark] if mark else None


def mark_of(lines, text):
    """Return what separates the fields of a table, a comma where there is but one; None of prose.
    """
    if lines and re.fullmatch(r'sep=[,;\t|]', lines[0]):  # Excel's own mark
        return lines[0][4]
    for mark in TABLES:
        if lines and (is_header(lines[0], mark) or are_rows(lines, mark)
                      or are_quoted(lines, text, mark)):
            return mark
    return ',' if is_single_column(lines) else None


def fields_of(line, mark):
    """Return the fields of one line, without quotes around them."""
    try:
        return next(csv.reader([line], delimiter=mark))
    except (csv.Error, StopIteration):  # a field of more than 128 KB
        return []


def is_header(line, mark):
    """Whether a line names columns: short names, one of them usual; two if prose has such spaces.
    """
    if len(line) > 2000:
        return False
    fields = fields_of(line, mark)
    names = [field.strip() for field in fields if field.strip()]
    if len(fields) < 2 or len(fields) - len(names) > 1 or not names:
        return False
    if not all(COLUMN.fullmatch(name) and len(name.split()) <= 3 for name in names):
        return False
    spaced = mark != '\t' and any(field != field.strip() for field in fields)
    usual = sum(is_usual(name) for name in names)
    if spaced:
        return usual >= 2 and all(len(name.split()) == 1 for name in names)
    return usual >= 1


def is_usual(name):
    """Whether a name, or a word of it such as that of reviewText, is one that columns have."""
    words = re.findall(r'[A-Z]?[a-z]+|[A-Z]+', name)
    return any(word.lower() in NAMES for word in words)


def is_label(field):
    """Whether a field is what classes are called; beside a space, as in prose, a number only."""
    label = field.strip().strip('"')
    return bool(LABEL.fullmatch(label)) and (field == field.strip() or label.isdigit())


def are_rows(lines, mark):
    """Whether each line has as many fields, by tabs; or begins or ends with a label."""
    rows = [line.rstrip().split(mark) for line in lines]
    if any(len(row) < 2 for row in rows):
        return False
    labelled = (all(is_label(row[0]) for row in rows) or all(is_label(row[-1]) for row in rows))
    if mark == '\t':
        return labelled or len(rows) > 1 and len({len(row) for row in rows}) == 1
    return labelled and len(rows) > 1


def are_quoted(lines, text, mark):
    """Whether rows have a quoted field and no space beside its mark, as prose has.

    One row is enough if it has a label. A quoted field may go over several lines.
    """
    if not any(is_quoted(line.strip(), mark) for line in lines[:2]):
        return False
    rows = read_rows(text, mark)
    if not rows or len(rows[0]) < 2 or any(len(row) != len(rows[0]) for row in rows):
        return False
    return len(rows) > 1 or any(map(is_label, rows[0]))


def is_quoted(line, mark):
    """Whether a line seems to begin or to end with a quoted field."""
    mark = re.escape(mark)
    return bool(line.startswith('"') and re.search('"%s[^\\s]' % mark, line)
                or line.endswith('"') and re.search('[^\\s]%s"' % mark, line))


def read_rows(text, mark):
    """Return the first rows of a table, the last left out if the text may be cut; [] if none is.
    """
    try:
        rows = list(csv.reader(text.splitlines(True)[:10 * LINES], delimiter=mark, strict=True))
    except csv.Error:
        return []
    return [row for row in (rows[:-1] if len(text) >= WHOLE else rows) if row][:LINES]


def is_single_column(lines):
    """Whether a usual name stands above quoted texts."""
    return (len(lines) > 1 and lines[0].strip().strip('"').lower() in NAMES
            and any(re.fullmatch(r'".*"', line.strip()) for line in lines[1:]))
