"""Predict a table: the same rows and columns, and what the model says of each, as it came."""
import csv
import io
import itertools
import json
import sys
from functools import partial

from tqdm import tqdm

from sentiment.commands.common import is_terminal
from sentiment.commands.reading import ahead
from sentiment.data.forms import CSV, JSON_LINES, OFFICE, PARQUET, TSV, WHOLE_JSON
from sentiment.data.safe_io import BadInput
from sentiment.log import logger, no_bar
from sentiment.reviews.read import text_of
from sentiment.reviews.tables import READERS, find_columns, need
from sentiment.using import ask
from sentiment.using.embed import vectors

CHUNK, CHUNK_CHARACTERS = 2048, 2 ** 22  # rows, and their text, that are answered at once
GIVEN = '%s_given'  # what a column is called whose name an answer takes


def predict_table(model, source, form, options, how, out, keep=None, probs_of=None):
    """Write the table of a source, with its answers, to a binary file, None for standard output.

    keep: what takes the vectors of its texts, None if nobody asked for them. probs_of: the function
    readings -> probabilities, None for that of the model.
    Returns what is wrong with it, or None; raises BadInput for what stops it.
    """
    table = READERS[form](source.name, source.file, how)
    column = find_columns(table, how, labelled=False)[0]
    added = ['label'] + ['probability_' + name for name in model.classes] + ['unknown_words']
    names = Names(table, added)
    form = JSON_LINES if options.json else CSV if options.csv else form
    if out is None:
        check_binary(form)
        sys.stdout.flush()
    writer = WRITERS[form](out or sys.stdout.buffer, [names[name] for name in table.columns], added,
                           table if form == table.form else None, how)
    unread, which = 0, None
    probs_of = probs_of or partial(ask.probabilities, model)
    hidden = no_bar() or not is_terminal(sys.stderr) or is_terminal(sys.stdout)
    with tqdm(desc='Predicting', unit=' rows', leave=False, disable=hidden) as bar, \
            ask.reader(model, CHUNK, meanwhile=model.get_ready) as read:
        for chunk, readings in ahead(pieces(table, column),
                                     lambda chunk: read([text for _, text, _ in chunk])):
            answers = answer(model, readings, probs_of, keep)
            for (number, text, row), told in zip(chunk, answers):
                if told['label'] is None:
                    unread, which = unread + 1, which or number
                writer.write(number, {names[name]: value for name, value in row.items()}, told)
            bar.update(len(chunk))
    writer.close()
    return None if not unread else (
        '%s: %d of its rows have no text, such as row %d; they have no answer'
        % (source.name, unread, which))


def check_binary(form):
    """Raise BadInput if a table of this form is no text, which a terminal cannot show."""
    if form in (PARQUET, OFFICE) and is_terminal(sys.stdout):
        raise BadInput('%s is no text: give --output FILE, --csv or --json' % form)


class Names(dict):
    """Column -> its name in the answer, another one where an answer takes that."""

    def __init__(self, table, added):
        super().__init__()
        self.table, self.added = table, added

    def __missing__(self, name):
        """Name a column when it is first met: in JSON, a later row may have more of them."""
        kept = name
        while kept in self.added or kept != name and kept in self.table.columns:
            kept = GIVEN % kept
        if kept != name:
            logger.info('%s: its column %s is now %s', self.table.name, name, kept)
        self[name] = kept
        return kept


def pieces(table, column):
    """Yield lists of (number, text, row), so large that memory is bounded; before an error, none.
    """
    chunk, room = [], CHUNK_CHARACTERS
    try:
        for number, row in table.rows:
            text = text_of(table.name, number, row.get(column))
            chunk.append((number, text, row))
            room -= len(text)
            if len(chunk) == CHUNK or room < 0:
                yield chunk
                chunk, room = [], CHUNK_CHARACTERS
    except BadInput:
        yield []
        raise
    if chunk:
        yield chunk


def answer(model, readings, probs_of, keep=None):
    """Yield the answer to each text, a dict of the added columns; None where it has no word.

    probs_of: the function readings -> probabilities.
    """
    if keep:
        keep(vectors(model, readings))
    for reading, probs in zip(readings, probs_of(readings)):
        known = bool(reading.indices)
        told = {'label': model.classes[int(probs.argmax())] if known else None}
        told.update(('probability_' + name, float(p) if known else None)
                    for name, p in zip(model.classes, probs))
        yield dict(told, unknown_words=reading.unknown_words if known else None)


# --- Writing, each as it came -----------------------------------------------------------------


class CsvWriter:
    """Comma- or tab-separated values, in the dialect that they were read in."""

    def __init__(self, out, columns, added, table, how):
        style = table.style if table else {'dialect': {}, 'ending': '\n', 'bom': False,
                                           'header': True}
        encoding = how.encoding if table else 'utf-8'
        self.out = io.TextIOWrapper(out, 'utf-8-sig' if style['bom'] else encoding, newline='',
                                    write_through=False)
        quoting = {'quotechar': None} if 'quoting' in style['dialect'] else {}
        self.writer = csv.writer(self.out, lineterminator=style['ending'], **style['dialect'],
                                 **quoting)
        self.columns, self.known = columns + added, set(columns)
        if not style['header']:
            logger.info('the table has no header; what is written has one')
        self.writerow('row 1', self.columns)

    def write(self, number, row, told):
        extra = set(row) - self.known
        if extra:
            raise BadInput('row %d: has the column %s, which the first has not'
                           % (number, min(extra)))
        self.writerow('row %d' % number, [cell(dict(row, **told).get(name))
                                          for name in self.columns])

    def writerow(self, where, values):
        try:
            self.writer.writerow(values)
        except (UnicodeEncodeError, csv.Error) as error:
            raise BadInput('%s: cannot be written as it was read: %s' % (where, error)) from error

    def close(self):
        self.out.flush()
        self.out.detach()


def cell(value):
    """Return a value as a cell of CSV."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, (dict, list)) else value


class JsonWriter:
    """A JSON object a line."""

    start, between, end = '', '\n', '\n'

    def __init__(self, out, columns, added, table, how):
        self.out, self.marks = out, itertools.chain([self.start], itertools.repeat(self.between))

    def write(self, number, row, told):
        line = json.dumps(dict(row, **told), default=str)
        self.out.write((next(self.marks) + line).encode('utf-8'))

    def close(self):
        self.out.write(self.end.encode('utf-8'))


class WholeJsonWriter(JsonWriter):
    """A JSON list of objects."""

    start, between, end = '[\n', ',\n', '\n]\n'


class ParquetWriter:
    """A parquet file of the same schema and the added columns."""

    def __init__(self, out, columns, added, table, how):
        arrow = need('pyarrow', 'a parquet file')
        fields = [field.with_name(name) for field, name in zip(table.style, columns)]
        fields += [arrow.field(name, arrow.string() if name == 'label' else arrow.float64())
                   for name in added]
        self.arrow, self.schema, self.rows = arrow, arrow.schema(fields), []
        self.writer = need('pyarrow.parquet', 'a parquet file').ParquetWriter(out, self.schema)

    def write(self, number, row, told):
        self.rows.append(dict(row, **told))
        if len(self.rows) == CHUNK:
            self.flush()

    def flush(self):
        self.writer.write_table(self.arrow.Table.from_pylist(self.rows, schema=self.schema))
        self.rows = []

    def close(self):
        self.flush()
        self.writer.close()


class XlsxWriter:
    """The one sheet of an xlsx file."""

    def __init__(self, out, columns, added, table, how):
        self.book = need('openpyxl', 'an xlsx file').Workbook(write_only=True)
        self.out, self.columns = out, columns + added
        self.sheet = self.book.create_sheet()
        self.sheet.append(self.columns)

    def write(self, number, row, told):
        self.sheet.append([dict(row, **told).get(name) for name in self.columns])

    def close(self):
        self.book.save(self.out)


WRITERS = {CSV: CsvWriter, TSV: CsvWriter, JSON_LINES: JsonWriter, WHOLE_JSON: WholeJsonWriter,
           PARQUET: ParquetWriter, OFFICE: XlsxWriter}
