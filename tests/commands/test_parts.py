"""Parts: each table of a folder has its answer in another, whole, once, and of one setting."""
import json
import os
import sys

import pytest

import lstm
from sentiment.commands import parts, tabular
from sentiment.commands.main import main
from sentiment.data.safe_io import BadInput
from tests.helpers import as_texts, run_python, toy_reviews
from tests.reviews import writers


def write_parts(folder, n=4, rows=5):
    """Write tables part-0.csv, part-1.jsonl, ... of labelled toy reviews; return their folder."""
    folder.mkdir()
    for k in range(n):
        reviews, labels = toy_reviews(rows, 20 + k)
        table = [('text', 'class')] + [(text, ('neg', 'pos')[label])
                                       for text, label in zip(as_texts(reviews), labels)]
        if k % 2:
            writers.write_text(folder / ('part-%d.jsonl' % k), '\n'.join(
                json.dumps(dict(zip(table[0], row))) for row in table[1:]))
        else:
            writers.write_csv(folder / ('part-%d.csv' % k), table)
    (folder / '_SUCCESS').write_text('')
    return str(folder)


def contents(folder):
    """Return name -> bytes of the files in a folder."""
    return {name: open(os.path.join(folder, name), 'rb').read() for name in os.listdir(folder)}


@pytest.fixture
def tables(tmp_path):
    return write_parts(tmp_path / 'parts')


def test_each_part_has_the_bytes_of_an_answer_of_its_own(saved, tables, tmp_path):
    out = str(tmp_path / 'out') + '/'
    assert main(['predict', saved[0], tables, '--output', out]) == 0
    found = contents(out)
    assert sorted(found) == ['_manifest.json', 'part-0.csv', 'part-1.jsonl', 'part-2.csv',
                             'part-3.jsonl']
    for name in set(found) - {'_manifest.json'}:
        alone = str(tmp_path / 'alone')
        assert main(['predict', saved[0], os.path.join(tables, name), '--output', alone]) == 0
        assert open(alone, 'rb').read() == found[name]


def test_a_run_goes_on_where_parts_are_missing(saved, tables, tmp_path, capsys):
    out = str(tmp_path / 'out') + '/'
    assert main(['predict', saved[0], tables, '--output', out]) == 0
    before, times = contents(out), {e.name: e.stat().st_mtime_ns for e in os.scandir(out)}
    os.remove(out + 'part-1.jsonl')
    capsys.readouterr()
    assert main(['predict', saved[0], tables, '--output', out]) == 0
    assert contents(out) == before
    assert [e.name for e in os.scandir(out) if e.stat().st_mtime_ns != times[e.name]] == [
        'part-1.jsonl']
    assert '3 of 4 parts are there already and stay' in capsys.readouterr().err


def test_an_interrupted_run_leaves_no_part_by_half(saved, tables, tmp_path, monkeypatch):
    out, whole, asked = str(tmp_path / 'out') + '/', str(tmp_path / 'whole') + '/', []
    assert main(['predict', saved[0], tables, '--output', whole]) == 0
    answer = tabular.answer

    def interrupted(*arguments):
        asked.append(arguments)
        if len(asked) == 3:
            raise KeyboardInterrupt
        return answer(*arguments)

    monkeypatch.setattr(tabular, 'answer', interrupted)
    assert main(['predict', saved[0], tables, '--output', out]) == 130
    assert sorted(contents(out)) == ['_manifest.json', 'part-0.csv', 'part-1.jsonl']
    assert main(['predict', saved[0], tables, '--output', out]) == 0
    assert contents(out) == contents(whole)


def test_parts_of_another_model_or_setting_are_an_error(saved, tables, tmp_path, capsys):
    out, other = str(tmp_path / 'out') + '/', str(tmp_path / 'other.npz')
    assert main(['predict', saved[0], tables, '--output', out]) == 0
    lstm.train_lstm(path=saved[1], saveto=other, dim_proj=5, n_words=20, max_epochs=1)
    for arguments, named in [([other, tables], 'models is'),
                             ([saved[0], tables, '--json'], 'form is None there'),
                             ([saved[0], tables, '--text_column', 'text'], 'text_column is'),
                             ([saved[0], write_parts(tmp_path / 'more')], 'folders is')]:
        before = contents(out)
        assert main(['predict'] + arguments + ['--output', out]) == 2
        assert named in capsys.readouterr().err and contents(out) == before


def test_what_nobody_tells_the_setting_of_is_left(saved, tables, tmp_path, capsys):
    for place, word in ((tables, 'folder of parts that are read'),
                        (write_parts(tmp_path / 'strange'), 'nothing tells what')):
        before = contents(place)
        assert main(['predict', saved[0], tables, '--output', place]) == 2
        assert word in capsys.readouterr().err and contents(place) == before


def test_a_part_that_is_newer_than_its_answer_is_an_error(saved, tables, tmp_path, capsys):
    out = str(tmp_path / 'out') + '/'
    assert main(['predict', saved[0], tables, '--output', out]) == 0
    os.utime(os.path.join(tables, 'part-2.csv'), (2 ** 33, 2 ** 33))
    assert main(['predict', saved[0], tables, '--output', out]) == 2
    assert 'part-2.csv: newer than its answer' in capsys.readouterr().err


def test_a_damaged_part_is_named_and_the_others_are_answered(saved, tables, tmp_path, capsys):
    writers.write_csv(tmp_path / 'parts' / 'part-0.csv', [('text', 'id'), ('wordoa', 1, 2)])
    out = str(tmp_path / 'out') + '/'
    assert main(['predict', saved[0], tables, '--output', out]) == 2
    assert sorted(contents(out)) == ['_manifest.json', 'part-1.jsonl', 'part-2.csv', 'part-3.jsonl']
    last = capsys.readouterr().err.splitlines()[-1]
    assert '1 of 4 parts could not be done, such as ' in last and 'part-0.csv: row 2' in last


def test_rows_without_a_text_are_said_of_each_part(saved, tables, tmp_path, capsys):
    writers.write_csv(tmp_path / 'parts' / 'part-2.csv', [('text', 'id'), ('', 1), ('wordoa', 2)])
    assert main(['predict', saved[0], tables, '--output', str(tmp_path / 'out') + '/']) == 2
    err = capsys.readouterr().err
    assert 'part-2.csv: 1 of its rows have no text' in err
    assert err.splitlines()[-1].endswith('1 of the parts have rows without a text')
    assert len(contents(str(tmp_path / 'out'))) == 5


def test_two_answers_of_one_name_are_an_error(saved, tables, tmp_path, capsys):
    writers.write_csv(tmp_path / 'parts' / 'part-1.csv', [('text', 'id'), ('wordoa', 1)])
    out = str(tmp_path / 'out') + '/'
    assert main(['predict', saved[0], tables, '--csv', '--output', out]) == 2
    assert 'would be called part-1.csv' in capsys.readouterr().err


@pytest.mark.parametrize('more, word', [
    ([], 'give their folder or glob'), (['-'], 'give their folder or glob'),
    (['nowhere*'], 'no parts'), (['PARTS', '--explain'], '--explain goes with one file'),
    (['PARTS', '--vectors', 'v.npz'], '--vectors goes with one file')])
def test_what_parts_cannot_be_asked_is_one_line(saved, tables, tmp_path, capsys, more, word):
    arguments = [tables if name == 'PARTS' else name for name in more]
    try:
        status = main(['predict', saved[0], '--output', str(tmp_path)] + arguments)
    except SystemExit as error:
        status = error.code
    err = capsys.readouterr().err
    assert status == 2 and word in err and len(err.splitlines()) == 1


def test_evaluating_parts_is_evaluating_their_rows(saved, tables, tmp_path, capsys):
    rows = [row for k in range(4) for row in zip(*toy_reviews(5, 20 + k))]
    table = [('text', 'class')] + [(as_texts([review])[0], ('neg', 'pos')[label])
                                   for review, label in rows]
    found = []
    for path, more in ((os.path.join(tables, '*'), []),
                       (writers.write_csv(tmp_path / 'all.csv', table), ['--test_size', '-1'])):
        assert main(['evaluate', saved[0], '--path', path, '--json'] + more) == 0
        found.append(json.loads(capsys.readouterr().out))
    for name in ('log_loss', 'brier', 'calibration_error', 'auc'):
        assert found[0].pop(name) == pytest.approx(found[1].pop(name), rel=1e-12)
    assert found[0] == found[1] and found[0]['n_samples'] == 20


def test_parts_elsewhere_are_read_and_written_by_fsspec(saved, tables, tmp_path):
    memory = pytest.importorskip('fsspec').filesystem('memory')
    memory.put(tables, '/bucket/parts', recursive=True)
    local = str(tmp_path / 'out') + '/'
    assert main(['predict', saved[0], tables, '--output', local]) == 0
    for _ in range(2):
        assert main(['predict', saved[0], 'memory://bucket/parts/part-*', '--output',
                     'memory://bucket/out']) == 0
        memory.rm('/bucket/out/part-0.csv')
    assert main(['predict', saved[0], 'memory://bucket/parts', '--output',
                 'memory://bucket/out']) == 0
    for name in set(contents(local)) - {'_manifest.json'}:
        assert memory.cat('/bucket/out/' + name) == contents(local)[name]
    assert sorted(memory.ls('/bucket/out', detail=False)) == [
        '/bucket/out/' + name for name in sorted(contents(local))]


def test_without_the_extra_a_line_says_what_to_install(saved, tables, tmp_path, capsys,
                                                       monkeypatch):
    monkeypatch.setitem(sys.modules, 'sentiment.scaling.cluster', None)
    monkeypatch.delattr('sentiment.scaling.cluster', raising=False)  # of a test before
    for verb in (['predict', saved[0], tables, '--output', str(tmp_path / 'out')],
                 ['evaluate', saved[0], '--path', tables]):
        assert main(verb + ['--cluster', 'local']) == 2
        err = capsys.readouterr().err
        assert "pip install -e '.[dask]'" in err and len(err.splitlines()) == 1


def test_nothing_of_dask_is_imported_unasked():
    ran = run_python('-c', "import sys; from sentiment.commands import evaluate, predict, sweep; "
                     "print(sorted({'dask', 'distributed', 'fsspec'} & set(sys.modules)))")
    assert ran.stdout == '[]\n'


def test_a_worker_of_another_type_is_no_help(monkeypatch):
    monkeypatch.setattr(parts.engine, 'FLOATX_NAMED', True)
    with pytest.raises(BadInput, match='another floatX than float16'):
        parts.compute_in('float16')
