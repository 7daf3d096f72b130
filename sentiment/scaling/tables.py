"""What is read of one part: rows of a table, some at once, so that memory is bounded by a piece."""
from sentiment.data.errors import BadInput
from sentiment.reviews.encodings import form_in
from sentiment.reviews.members import START
from sentiment.reviews.read import table_rows
from sentiment.reviews.tables import READERS

PIECE, CHARACTERS = 2048, 2 ** 22  # rows, and their text, that are read at once


def table_form(path, file, how):
    """Return the form of the table in an open part; raise BadInput if there is none."""
    form = form_in(path, file.peek(START), how.encoding)
    if form not in READERS:
        raise BadInput('%s: %s, where parts are tables: CSV, TSV, JSON lines, JSON, parquet, xlsx'
                       % (path, form and 'looks like ' + form or 'text, or unknown'))
    return form


def labelled_pieces(path, file, how, left_out):
    """Yield (texts, names of their classes) of an open part, some rows at once; count the others.
    """
    texts, names, room = [], [], CHARACTERS
    for _, text, name in table_rows(path, file, how, left_out, table_form(path, file, how)):
        texts.append(text)
        names.append(name)
        room -= len(text)
        if len(texts) == PIECE or room < 0:
            yield texts, names
            texts, names, room = [], [], CHARACTERS
    if texts:
        yield texts, names
