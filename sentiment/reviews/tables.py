"""Tables of reviews, row by row: CSV, TSV, JSON lines, JSON, parquet, xlsx; which column is which.
"""
import codecs
import csv
import importlib
import io
import itertools
import json
import re
import zipfile
from collections import namedtuple

from sentiment.data.errors import BadInput, brief, reason, shown
from sentiment.data.forms import (CSV, JSON_LINES, OFFICE, PARQUET, TABLES, TSV, WHOLE_JSON,
                                  as_text, mark_of, whole_lines)
from sentiment.data.opening import FLOOR, RATIO, allowance, read_at_most
from sentiment.reviews.encodings import each_line
from sentiment.reviews.folders import MAX_REVIEW_BYTES
from sentiment.reviews.members import START

MAX_COLUMNS = 1000
PIECE = 1024  # rows of a parquet file that are read at once, where they are not large

# columns: their names; rows: yields (number, dict column -> value), the header is row 1;
# style: what another writes it by: csv's dialect, or the schema of a parquet file
Table = namedtuple('Table', 'name form columns rows style')
# text_column, label_column: name of a column, or its number from 1, or None: a usual name
How = namedtuple('How', 'text_column label_column encoding', defaults=(None, None, None))

# usual names, of which small letters and digits count
TEXTS = frozenset(('text texts review reviews reviewtext reviewbody sentence sentences comment '
                   'comments content phrase body tweet message').split())
LABELS = frozenset(('label labels sentiment sentiments class category target polarity rating '
                    'ratings stars star starrating score overall airlinesentiment').split())
# without a header: columns of known data sets, by how their first row looks
SENTIMENT140 = ('target', 'ids', 'date', 'flag', 'user', 'text')
TWEET = re.compile(r'"?[024]"?,"?\d+"?,"?\w{3} \w{3} \d\d [\d:]{8} \w+ \d{4}"?,')


# --- Columns ----------------------------------------------------------------------------------


def plain(name):
    """Return a column's name without what people spell differently."""
    return re.sub(r'[\W_]', '', name.lower())


def find_column(table, asked, usual, option, other=None):
    """Return the column that was asked for, or the one of a usual name; None if none has one.

    Raises BadInput at a column that is not there, and where two have usual names.
    """
    columns = table.columns
    if asked is not None:
        found = [name for name in columns if name == str(asked)]
        if not found and str(asked).isdigit() and 0 < int(asked) <= len(columns):
            found = [columns[int(asked) - 1]]
        if not found:
            raise BadInput('%s: %s: no column %s; its columns are %s'
                           % (table.name, option, shown(asked), listed(columns)))
        return found[0]
    found = [name for name in columns if plain(name) in usual and name != other]
    if len(found) > 1:
        raise BadInput('%s: more than one column may be meant, %s; choose by --%s'
                       % (table.name, listed(found), option))
    return found[0] if found else None


def listed(columns):
    """Return the names of columns for an error."""
    return brief(', '.join(columns), 300)


def find_columns(table, how, labelled=True):
    """Return (text column, label column), the latter None where it is not asked for and not there.

    Of two columns, the one is found by the other. Raises BadInput, with all columns listed, where
    it is not certain which is meant.
    """
    label = find_column(table, how.label_column, LABELS, 'label_column', how.text_column)
    text = find_column(table, how.text_column, TEXTS, 'text_column', label)
    rest = [name for name in table.columns if name not in (text, label)]
    if text is None and len(rest) == 1 and (label or len(table.columns) == 1):
        text = rest.pop()
    if label is None and len(rest) == 1 and len(table.columns) == 2 and labelled:
        label = rest.pop()
    missing = [option for option, column in (('text_column', text), ('label_column', label))
               if column is None and (labelled or option == 'text_column')]
    if missing:
        raise BadInput('%s: no column of a usual name; choose by --%s among %s' % (
            table.name, ' and --'.join(missing), listed(table.columns)))
    if text == label:
        raise BadInput('%s: the column %s cannot be text and label' % (table.name, shown(text)))
    return text, label


# --- Text: CSV and TSV ------------------------------------------------------------------------


def csv_table(name, stream, how):
    """Return the :class:`Table` of comma- or tab-separated values, read row by row."""
    start = stream.peek(START)[:START]
    text = as_text(start, how.encoding)
    mark = mark_of(whole_lines(text), text) or mark_by_column(text, how)
    lines = each_line(name, stream, how.encoding)
    if re.match(r'sep=[,;\t|]\s*$', text.split('\n', 1)[0]):
        next(lines)
        text = text.split('\n', 1)[1]
    dialect = dialect_of(text, mark)
    rows = csv_rows(name, lines, dialect)
    first = next(rows, None)
    if first is None:
        raise BadInput('%s: an empty table' % name)
    header = columns_of(name, first[1], text)
    columns = header or known_columns(text) or [str(k + 1) for k in range(len(first[1]))]
    rows = rows if header else itertools.chain([first], rows)
    style = {'dialect': dialect, 'header': bool(header), 'bom': start.startswith(codecs.BOM_UTF8),
             'ending': '\r\n' if '\r\n' in text else '\n'}
    return Table(name, TABLES[mark], columns, as_dicts(name, columns, rows), style)


def mark_by_column(text, how):
    """Return the mark that cuts a column that was asked for out of the first line; a comma."""
    asked = {how.text_column, how.label_column} - {None}
    line = text.split('\n', 1)[0].strip()
    return next((mark for mark in TABLES
                 if asked & {field.strip().strip('"') for field in line.split(mark)}), ',')


def dialect_of(text, mark):
    """Return csv's keywords for what quotes mean here, judged by the beginning.

    Kaggle's labeledTrainData.tsv writes a quote as a backslash and a quote; the treebank's tables
    quote nothing, and have quotes that never close.
    """
    doubled = {'delimiter': mark, 'doublequote': True}
    escaped = {'delimiter': mark, 'doublequote': False, 'escapechar': '\\'}
    plain = {'delimiter': mark, 'quoting': csv.QUOTE_NONE}
    opened = re.search(r'(^|[%s\n])"' % re.escape(mark), text)
    for dialect in (doubled, escaped) if '\\"' in text else (doubled,):
        if opened and is_even(text, dialect):
            return dialect
    return plain if mark == '\t' else doubled


def is_even(text, dialect):
    """Whether all rows of the beginning have as many fields; its last may be cut."""
    try:
        rows = []
        for row in csv.reader(io.StringIO(text, newline=''), strict=True, **dialect):
            rows.append(row)
    except csv.Error as error:
        if 'unexpected end' not in str(error) or len(text) < START // 4 or not rows:
            return False
        rows.append(rows[-1])
    rows = [row for row in rows[:-1] if row] or rows
    return len({len(row) for row in rows}) == 1


def csv_rows(name, lines, dialect):
    """Yield (number, fields) of each row that is not blank."""
    csv.field_size_limit(MAX_REVIEW_BYTES)  # of the whole process; Python's own is an eighth of it
    reader, number, line = csv.reader(lines, strict=True, **dialect), 0, 0
    while True:
        number, line = number + 1, reader.line_num + 1
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise BadInput('%s: row %d (line %d): %s'
                           % (name, number, line, meaning(str(error)))) from error
        if any('\0' in field for field in fields):
            raise BadInput('%s: row %d (line %d): holds the character NUL' % (name, number, line))
        if len(fields) > MAX_COLUMNS:
            raise BadInput('%s: row %d: %d columns, more than %d'
                           % (name, number, len(fields), MAX_COLUMNS))
        if any(map(str.strip, fields)):
            yield number, fields


def meaning(error):
    """Return what an error of Python's csv means to whoever made the table."""
    if 'unexpected end' in error or 'field larger' in error:
        return 'a quote that never closes'
    if 'expected after' in error:
        return 'a quote in the middle of a field'
    return 'holds the character NUL' if 'NUL' in error else error


def columns_of(name, fields, text):
    """Return the names of the columns if the first row holds them, or None."""
    names = [field.strip() for field in fields]
    if TWEET.match(text) or any(len(field) > 60 or is_value(field) for field in names):
        return None
    names = [field or 'column %d' % (k + 1) for k, field in enumerate(names)]
    check_different(name, names)
    return names


def is_value(field):
    """Whether a field is what classes are called, as the first row of a headless table has."""
    return bool(re.fullmatch(r'-?\d+(\.\d+)?|pos|neg|neu|positive|negative|neutral', field, re.I))


def check_different(name, columns):
    """Raise BadInput if two columns have one name."""
    for column in columns:
        if columns.count(column) > 1:
            raise BadInput('%s: two columns are called %s' % (name, shown(column)))


def known_columns(text):
    """Return the columns of a data set that is known to have no header, or None."""
    return list(SENTIMENT140) if TWEET.match(text) else None


def as_dicts(name, columns, rows):
    """Yield (number, dict) of rows that have as many fields as there are columns."""
    for number, fields in rows:
        if len(fields) != len(columns):
            raise BadInput('%s: row %d: %d fields where there are %d columns'
                           % (name, number, len(fields), len(columns)))
        if fields == columns:  # of tables that were put one behind the other
            raise BadInput('%s: row %d: the header once more; take it out' % (name, number))
        yield number, dict(zip(columns, fields))


# --- Text: JSON -------------------------------------------------------------------------------


def json_lines_table(name, stream, how):
    """Return the :class:`Table` of JSON lines: an object a line; the first names the columns."""
    def objects():
        for number, line in enumerate(each_line(name, stream, how.encoding), 1):
            if line.strip():
                yield number, as_object(name, 'line %d' % number, line)

    return object_table(name, JSON_LINES, objects())


def as_object(name, where, line):
    """Return the object of a line of JSON."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise BadInput('%s: %s: not JSON: %s' % (name, where, reason(error))) from error
    return check_object(name, where, found)


def check_object(name, where, found):
    """Return what is a JSON object, a dict, or raise BadInput."""
    if not isinstance(found, dict):
        raise BadInput('%s: %s: %s, not an object {...} of columns'
                       % (name, where, shown(found)))
    return found


def object_table(name, form, objects):
    """Return the :class:`Table` of (number, dict) pairs."""
    first = next(objects, None)
    if first is None:
        raise BadInput('%s: an empty table' % name)
    return Table(name, form, list(first[1]), itertools.chain([first], objects), None)


def json_table(name, stream, how):
    """Return the :class:`Table` of a JSON list of objects, which is read as a whole."""
    text = ''.join(each_line(name, stream, how.encoding))
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadInput('%s: not JSON: %s' % (name, reason(error))) from error
    found = [found] if isinstance(found, dict) else found
    if not isinstance(found, list):
        raise BadInput('%s: not a list of objects {...} but %s' % (name, shown(found)))
    return object_table(name, WHOLE_JSON, ((number, check_object(name, 'item %d' % number, item))
                                           for number, item in enumerate(found, 1)))


# --- Binary: parquet and xlsx -----------------------------------------------------------------


def need(module, what):
    """Return a module of the extra for tables, imported; raise BadInput if it is not there."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise BadInput("%s needs the package %s: pip install -e '.[tables]'"
                       % (what, module.split('.')[0])) from error


def seekable(name, stream):
    """Return a stream in which one can go back; what is compressed is read as a whole."""
    if stream.seekable():
        return stream
    return io.BytesIO(read_at_most(name, stream))


def parquet_table(name, stream, how):
    """Return the :class:`Table` of a parquet file, read by pyarrow, some rows at once: it may store
    a value once that stands in many rows, which together shall not fill the memory.
    """
    parquet = need('pyarrow.parquet', 'a parquet file')
    stream = seekable(name, stream)
    size = stream.seek(0, io.SEEK_END)
    try:
        file = parquet.ParquetFile(stream)
        groups = map(file.metadata.row_group, range(file.num_row_groups))
        stored = max(1, sum(group.total_byte_size for group in groups))
    except Exception as error:  # damaged files can raise nearly anything
        raise BadInput('%s: cannot be read as parquet: %s' % (name, reason(error))) from error
    check_different(name, file.schema_arrow.names)

    def rows():
        number, left = 0, FLOOR + RATIO * size
        try:
            for batch in file.iter_batches(max(1, min(PIECE, allowance(size) // stored))):
                left -= sum(map(size_of, batch.columns))
                if left < 0:
                    raise BadInput('%s: refused: it holds too much for its size' % name)
                for row in batch.to_pylist():
                    number += 1
                    yield number, row
        except (BadInput, GeneratorExit):
            raise
        except Exception as error:
            raise BadInput('%s: after row %d: damaged: %s'
                           % (name, number, reason(error))) from error

    return Table(name, PARQUET, file.schema_arrow.names, rows(), file.schema_arrow)


def size_of(column):
    """Return the bytes of a column of a batch, where what it stores once counts for each row."""
    is_short = hasattr(column, 'dictionary_decode')
    return (column.dictionary_decode() if is_short else column).nbytes


def xlsx_table(name, stream, how):
    """Return the :class:`Table` of the only sheet of an xlsx file, read by openpyxl row by row."""
    openpyxl = need('openpyxl', 'an xlsx file')
    stream = seekable(name, stream)
    try:
        check_unpacked(name, stream)
        book = openpyxl.load_workbook(stream, read_only=True)
    except BadInput:
        raise
    except Exception as error:  # damaged files can raise nearly anything
        raise BadInput('%s: cannot be read as xlsx: %s' % (name, reason(error))) from error
    if len(book.sheetnames) != 1:
        raise BadInput('%s: %d sheets, %s; save the one that is meant alone'
                       % (name, len(book.sheetnames), listed(book.sheetnames)))
    rows = sheet_rows(name, book.worksheets[0])
    number, first = next(rows, (1, None))
    if first is None:
        raise BadInput('%s: an empty table' % name)
    while first[-1] is None:
        first.pop()
    columns = columns_of(name, ['' if value is None else str(value) for value in first], '')
    if columns is None:
        raise BadInput('%s: row %d: no names of columns' % (name, number))
    return Table(name, OFFICE, columns, as_dicts(name, columns, padded(rows, len(columns))), None)


def check_unpacked(name, stream):
    """Raise BadInput if a zip archive, as xlsx and npz are, unpacks to too much for its size."""
    size = stream.seek(0, io.SEEK_END)
    with zipfile.ZipFile(stream) as archive:
        if sum(info.file_size for info in archive.infolist()) > allowance(size):
            raise BadInput('%s: refused: it holds too much for its size' % name)
    stream.seek(0)


def sheet_rows(name, sheet):
    """Yield (number, values) of the rows of a sheet that are not blank; a formula is no value."""
    try:
        for number, row in enumerate(sheet.iter_rows(values_only=True), 1):
            for value in row:
                if isinstance(value, str) and value.startswith('='):
                    raise BadInput('%s: row %d: a formula, %s; save its values'
                                   % (name, number, shown(value)))
            if any(value is not None for value in row):
                yield number, list(row)
    except (BadInput, GeneratorExit):
        raise
    except Exception as error:
        raise BadInput('%s: damaged: %s' % (name, reason(error))) from error


def padded(rows, width):
    """Yield rows of ``width`` values: a sheet ends each where its last value stands, or later."""
    for number, row in rows:
        while len(row) > width and row[-1] is None:
            row.pop()
        yield number, row + [None] * (width - len(row))


# --- All of them ------------------------------------------------------------------------------

READERS = {CSV: csv_table, TSV: csv_table, JSON_LINES: json_lines_table, WHOLE_JSON: json_table,
           PARQUET: parquet_table, OFFICE: xlsx_table}  # a form of tables is one more entry
