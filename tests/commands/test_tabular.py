"""A table is answered by the same table, in its own form, with what the model says of each row."""
import csv
import io
import json

import pytest

from sentiment import predict
from sentiment.commands.main import main
from tests.reviews import writers

ADDED = ['label', 'probability_negative', 'probability_positive', 'unknown_words']
TABLES = ('kaggle', 'semicolons', 'word2vec', 'sentiment140', 'json_lines', 'whole_json', 'parquet',
          'xlsx', 'treebank')


def rows_of(name, path):
    """Return the rows of a written table as dicts, by other means than ours."""
    if name == 'parquet':
        return pytest.importorskip('pyarrow.parquet').read_table(path).to_pylist()
    if name == 'xlsx':
        with open(path, 'rb') as file:  # whatever it is called
            values = list(pytest.importorskip('openpyxl').load_workbook(file).active.values)
        return [dict(zip(values[0], row)) for row in values[1:]]
    with open(path, encoding='latin-1' if name in writers.LATIN else 'utf-8-sig',
              newline='') as file:
        text = file.read()
    if name == 'whole_json':
        return json.loads(text)
    if name == 'json_lines':
        return list(map(json.loads, text.splitlines()))
    dialect = {'kaggle': {}, 'semicolons': {'delimiter': ';'}, 'sentiment140': {},
               'word2vec': {'delimiter': '\t', 'escapechar': '\\', 'doublequote': False},
               'treebank': {'delimiter': '\t', 'quoting': csv.QUOTE_NONE}}[name]
    return list(csv.DictReader(io.StringIO(text, newline=''), **dialect))


def make(name, folder):
    if name in writers.EXTRA:
        pytest.importorskip({'parquet': 'pyarrow', 'xlsx': 'openpyxl'}[name])
    texts, labels = writers.reviews(20)
    extra = ['--encoding', 'latin-1'] if name in writers.LATIN else []
    return writers.ALONE[name](folder, texts, labels), texts, extra


@pytest.mark.parametrize('name', TABLES)
def test_the_same_rows_and_columns_come_back_with_the_answers(name, saved, model, tmp_path):
    path, texts, extra = make(name, tmp_path)
    before, out = rows_of(name, path) if name != 'sentiment140' else None, str(tmp_path / 'out')
    assert main(['predict', saved[0], path, '--output', out] + extra) == 0
    found = rows_of(name, out)
    assert len(found) == len(texts) and list(found[0])[-4:] == ADDED
    for row, expected in zip(found, predict(model, texts)):
        assert float(row['probability_positive']) == pytest.approx(expected[1])
        assert row['label'] == ('negative', 'positive')[int(expected.argmax())]
    if before:
        kept = [[row[name] for name in list(row)[:-4]] for row in found]
        assert kept == [list(row.values()) for row in before]


@pytest.mark.parametrize('style', ['--csv', '--json'])
def test_another_form_is_written_if_it_is_asked_for(style, saved, tmp_path, capsys):
    path, texts, _ = make('json_lines' if style == '--csv' else 'kaggle', tmp_path)
    assert main(['predict', saved[0], path, style]) == 0
    out = capsys.readouterr().out
    rows = (list(csv.DictReader(io.StringIO(out, newline=''))) if style == '--csv'
            else list(map(json.loads, out.splitlines())))
    assert [row.get('review', row.get('reviewText')) for row in rows] == texts
    assert all(row['label'] in writers.KINDS for row in rows)


def test_taken_names_are_kept_under_others(saved, tmp_path, capsys):
    path = writers.write_csv(tmp_path / 'a.csv',
                             [('label', 'text', 'label_given'), (1, 'wordoa', 2)])
    assert main(['predict', saved[0], path]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines()[0].startswith('label_given_given,text,label_given,label,')
    assert 'its column label is now label_given_given' in err


def test_a_row_without_a_text_has_no_answer_and_is_said(saved, tmp_path, capsys):
    path = writers.write_csv(tmp_path / 'a.csv', [('text', 'id'), ('wordoa', 1), ('', 2)])
    assert main(['predict', saved[0], path, '--output', str(tmp_path / 'out.csv')]) == 2
    assert '1 of its rows have no text, such as row 3' in capsys.readouterr().err
    assert (tmp_path / 'out.csv').read_text().splitlines()[2] == ',2,,,,'


def test_a_row_that_is_wrong_leaves_no_file(saved, tmp_path, capsys):
    path = writers.write_csv(tmp_path / 'a.csv', [('text', 'id'), ('wordoa', 1), ('x', 2, 3)])
    assert main(['predict', saved[0], path, '--output', str(tmp_path / 'out.csv')]) == 2
    assert 'row 3: 3 fields where there are 2' in capsys.readouterr().err
    assert not (tmp_path / 'out.csv').exists()


def test_no_output_takes_the_place_of_what_is_read(saved, tmp_path, capsys):
    path = writers.write_csv(tmp_path / 'a.csv', [('text', 'id'), ('wordoa', 1)])
    for place in (path, saved[0]):
        assert main(['predict', saved[0], path, '--output', place]) == 2
        assert 'is one of the files that are read' in capsys.readouterr().err


def test_answers_to_lines_go_to_a_file_too(saved, tmp_path, capsys):
    (tmp_path / 'a.txt').write_text('wordoa\n')
    assert main(['predict', saved[0], str(tmp_path / 'a.txt'), '--output',
                 str(tmp_path / 'out.txt')]) == 0
    assert capsys.readouterr().out == ''
    assert (tmp_path / 'out.txt').read_text().startswith('positive  ')


def test_a_table_in_another_encoding_is_no_prose(saved, tmp_path, capsys):
    path, _, _ = make('sentiment140', tmp_path)
    for more in ([], ['--explain'], ['--json']):
        assert main(['predict', saved[0], path] + more) == 2
        out, err = capsys.readouterr()
        assert not out and 'not UTF-8 text' in err and '--encoding' in err


def test_a_column_that_a_later_row_brings_is_kept_too(saved, tmp_path, capsys):
    rows = [{'text': 'wordoa'}, {'text': 'wordca', 'label': 'mine'}]
    path = writers.write_text(tmp_path / 'a.jsonl', '\n'.join(map(json.dumps, rows)))
    assert main(['predict', saved[0], path]) == 0
    out, err = capsys.readouterr()
    second = json.loads(out.splitlines()[1])
    assert second['label_given'] == 'mine' and second['label'] in writers.KINDS
    assert 'its column label is now label_given' in err
