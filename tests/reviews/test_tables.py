"""A table that is wrong is one line, which names the row; nothing is guessed."""
import gzip
import io
import os
import zipfile

import pytest

from imdb_preprocess import preprocess, read_both_sets
from sentiment.data.forms import PARQUET
from sentiment.data.opening import FLOOR, RATIO
from sentiment.data.safe_io import BadInput
from sentiment.reviews.read import read_sets
from sentiment.reviews.tables import READERS, How
from tests.reviews.writers import write_csv, write_text

GOOD = 'text,label\nfine,pos\npoor,neg\n'
WRONG = {
    'a header alone': ('text,label\n', 'no reviews to train on'),
    'nothing but blank lines': ('text,label\n\n\n', 'no reviews to train on'),
    'more fields': (GOOD + 'a,pos,x\n', 'row 4: 3 fields where there are 2 columns'),
    'two tables in one file': (GOOD + GOOD, 'row 4: the header once more'),
    'fewer fields': (GOOD + 'fine\n', 'row 4: 1 fields where there are 2 columns'),
    'more fields after a line break in a field': (
        GOOD + '"a\nb",pos\nx,pos,y\n', 'row 5: 3 fields'),
    'a quote without an end': (GOOD + '"fine,pos\npoor,neg\n',
                               'row 4 (line 4): a quote that never'),
    'text behind a quote': (GOOD + '"fine" film,pos\n', 'row 4 (line 4): a quote in the middle'),
    'a NUL': (GOOD + 'fi\0ne,pos\n', 'row 4 (line 4): holds the character NUL'),
    'text among numbers': ('text,label\na,1\nb,0\nc,good\n',
                           "row 4: the label 'good' is text, those before are a number"),
    'a number among texts': ('text,label\na,good\nb,bad\nc,1\n',
                             "row 4: the label '1' is a number, those before are text"),
    'two text columns': ('text,review,label\na,b,1\n', 'more than one column may be meant, text, '
                                                       'review; choose by --text_column'),
    'two label columns': ('text,label,stars\na,1,2\n', 'choose by --label_column'),
    'no text column': ('id,x,label\n1,a,pos\n', 'choose by --text_column among id, x, label'),
    'no label column': ('id,text,x\n1,a,b\n', 'choose by --label_column among id, text, x'),
    'two columns of one name': ('text,text,label\na,b,1\n', 'two columns are called'),
    'many columns': (','.join(['text', 'label'] + ['c%d' % k for k in range(10 ** 6)]) + '\n',
                     'row 1: 1000002 columns, more than 1000'),
    'a label as long as a text': ('text,label\na,%s\n' % ('x' * 300), 'row 2: a label of more'),
    'a review as long as a book': ('text,label\n%s,1\n' % ('x' * 2 ** 21), 'row 2'),
    'JSON that is cut': ('{"text": "a", "label": 1}\n{"text": "b", "la\n', 'line 2: not JSON'),
    'JSON of lists': ('{"text": "a", "label": 1}\n[1]\n', 'line 2: [1], not an object'),
    'JSON with a number as text': ('{"text": "a", "label": 1}\n{"text": 5, "label": 0}\n',
                                   'row 2: 5 is no text'),
    'JSON with a list as label': ('{"text": "a", "label": 1}\n{"text": "b", "label": [1]}\n',
                                  'row 2: [1] is no label'),
    'a JSON number': ('{"a": {"b": 1}}', 'choose by'),
    'a tab too many': ('text\tlabel\nfine\tpos\npoor\tneg\tx\n',
                       'row 3: 3 fields where there are 2'),
    'a semicolon too few': ('text;label\nfine;pos\npoor\n', 'row 3: 1 fields where there are 2'),
    'an empty file of JSON': ('[]', 'an empty table'),
    'a null among JSON': ('{"text": "a", "label": 1}\nnull\n', 'line 2: None, not an object'),
    'two labels of fastText': ('__label__a __label__b x\n', 'line 1: more than one label'),
    'a line without a label': ('__label__a x\n' * 30 + 'x\n', 'line 31: does not begin with'),
    'prose': ('It was a fine film, I think.\nIt was not.\n', 'no reviews of a form that is known'),
    'nothing': ('', 'no reviews of a form that is known')}


def plain(folder, text):
    return write_text(folder / 'a.csv', text)


def packed(folder, text):
    (folder / 'a.csv.gz').write_bytes(gzip.compress(text.encode('utf-8')))
    return str(folder / 'a.csv.gz')


def zipped(folder, text):
    with zipfile.ZipFile(str(folder / 'b.zip'), 'w') as archive:
        archive.writestr('a.csv', text)
    return str(folder / 'b.zip')


@pytest.mark.parametrize('write', [plain, packed, zipped])
@pytest.mark.parametrize('kind', list(WRONG))
def test_a_wrong_table_is_one_line_with_the_row(kind, write, tmp_path):
    text, named = WRONG[kind]
    with pytest.raises(BadInput) as caught:
        read_both_sets(write(tmp_path, text), how=How('text' if kind == 'many columns' else None))
    said = str(caught.value)
    assert named in said and str(tmp_path)[:20] in said and '\n' not in said and len(said) <= 900


@pytest.mark.parametrize('labels, named', [
    (['a'] * 20, "only one class, 'a'"),
    ([k / 7 for k in range(150)] * 2, 'more than 100 different labels'),
    (['x', 'X', 'y'] * 10, "labels 'X' and 'x' differ in nothing but capitals"),
    (['a'] + ['b'] * 9, 'leaves none to train on')])
def test_labels_that_are_no_classes(labels, named, tmp_path):
    rows = [('text', 'label')] + [('a film', label) for label in labels]
    with pytest.raises(BadInput, match=named):
        preprocess(write_csv(tmp_path / 'a.csv', rows), str(tmp_path / 'out'))
    assert not (tmp_path / 'out').exists()


def test_what_is_unusual_but_certain_is_read(tmp_path):
    expected = (['fine', 'poor'], ['positive', 'negative'])
    for k, text in enumerate((GOOD, '\ufeff' + GOOD, GOOD.replace('\n', '\r\n'),
                              GOOD.replace('\n', '\r'), 'text,label\r\nfine,pos\npoor,neg\r',
                              'sep=;\n' + GOOD.replace(',', ';'), GOOD.replace(',', '|'),
                              GOOD + '\n\n', 'LABEL,Review_Text\npos,fine\nneg,poor\n',
                              'label,whatever\npos,fine\nneg,poor\n', 'pos,fine\nneg,poor\n')):
        how = How('2') if text.startswith('pos') else How()
        assert read_sets(write_text(tmp_path / ('%d.csv' % k), text), how)['train'] == expected


def test_empty_cells_are_left_out_and_named(tmp_path, capsys):
    path = write_csv(tmp_path / 'a.csv', [('text', 'label'), ('fine', 'pos'), ('', 'neg'),
                                          (' ', 'pos'), ('poor', ''), ('poor', 'neg')])
    assert read_sets(path)['train'] == (['fine', 'poor'], ['positive', 'negative'])
    said = capsys.readouterr().err
    assert '2 rows without a text, such as row 3' in said
    assert '1 row without a label, such as row 5' in said


def test_stars_are_called_alike_however_they_are_written(tmp_path):
    path = write_text(tmp_path / 'a.csv', 'text,stars\na,1\nb,1.0\nc, 5.0\nd,4.5\n')
    assert read_sets(path)['train'].labels == ['1', '1', '5', '4.5']


def test_a_column_is_chosen_by_name_or_number(tmp_path):
    path = write_text(tmp_path / 'a.csv', 'text,review,label\na,b,1\nc,d,0\n')
    for name, texts in (('text', ['a', 'c']), ('review', ['b', 'd']), ('2', ['b', 'd'])):
        assert read_sets(path, How(name))['train'].texts == texts
    with pytest.raises(BadInput, match="no column 'body'; its columns are text, review, label"):
        read_sets(path, How('body'))


def workbook(path, rows, sheets=1):
    openpyxl = pytest.importorskip('openpyxl')
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    for _ in range(sheets - 1):
        book.create_sheet()
    book.save(str(path))
    return str(path)


@pytest.mark.parametrize('rows, sheets, named', [
    ([('text', 'label'), ('a', 1), ('=A2', 0)], 1, 'row 3: a formula'),
    ([('text', 'label'), ('a', 1)], 3, '3 sheets, Sheet, Sheet1, Sheet2'),
    ([('text', 'label'), ('a', 1), ('b', 0, 'x')], 1, 'row 3: 3 fields'),
    ([('text', 'label'), (5, 1)], 1, 'row 2: 5 is no text'), ([], 1, 'an empty table')])
def test_a_wrong_sheet_is_one_line(rows, sheets, named, tmp_path):
    with pytest.raises(BadInput) as caught:
        read_sets(workbook(tmp_path / 'a.xlsx', rows, sheets))
    assert named in str(caught.value) and '\n' not in str(caught.value)


def test_the_extra_is_named_when_it_is_missing(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__('sys').modules, 'pyarrow.parquet', None)
    (tmp_path / 'a.parquet').write_bytes(b'PAR1' + bytes(20))
    with pytest.raises(BadInput, match=r"needs the package pyarrow: pip install -e '.\[tables\]'"):
        read_sets(str(tmp_path / 'a.parquet'))


def test_a_zip_that_unpacks_to_too_much_is_refused(tmp_path):
    with zipfile.ZipFile(str(tmp_path / 'a.zip'), 'w', zipfile.ZIP_DEFLATED) as archive:
        archive.writestr('a.csv', bytes(2 ** 26))
    with pytest.raises(BadInput, match='holds too much for its size'):
        read_sets(str(tmp_path / 'a.zip'))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, 'w') as archive:
        archive.writestr('../a.csv', GOOD)
    (tmp_path / 'b.zip').write_bytes(buffer.getvalue())
    with pytest.raises(BadInput, match='leaves the folder'):
        read_sets(str(tmp_path / 'b.zip'))


@pytest.mark.parametrize('length, count', [(10 ** 6, 30), (10 ** 7, 3), (100, 10 ** 6)])
@pytest.mark.parametrize('kept_short', [True, False])
def test_a_parquet_file_of_one_value_does_not_fill_the_memory(kept_short, length, count, tmp_path):
    arrow, parquet = pytest.importorskip('pyarrow'), pytest.importorskip('pyarrow.parquet')
    text = arrow.DictionaryArray.from_arrays(arrow.array([0] * count, 'int32'), ['a' * length])
    path = str(tmp_path / 'a.parquet')
    table = arrow.table({'text': text if kept_short else text.dictionary_decode()})
    parquet.write_table(table, path, compression='zstd')
    size = 0
    with open(path, 'rb') as file, pytest.raises(BadInput, match='holds too much for its size'):
        for _, row in READERS[PARQUET](path, file, How()).rows:
            size += len(row['text'])
    assert size <= FLOOR + RATIO * os.path.getsize(path)


@pytest.mark.parametrize('name', ['idna', 'punycode', 'unicode_escape', 'raw-unicode-escape',
                                  'rot13', 'base64', 'nothing'])
def test_an_encoding_that_no_file_of_text_has_is_one_line(name, tmp_path):
    with pytest.raises(BadInput, match='is none that Python knows'):
        read_sets(write_text(tmp_path / 'a.csv', GOOD), How(encoding=name))
