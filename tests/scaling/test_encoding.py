"""Raw reviews become encoded parts: one for each, those of the pickle, and a stop loses nothing."""
import os
import shutil

import numpy
import pytest

import imdb
import imdb_preprocess
from sentiment.data import encoded
from sentiment.data.safe_io import BadInput
from sentiment.scaling import encoding
from tests.commands.test_parts import contents, write_parts
from tests.helpers import write_folder
from tests.test_imdb_preprocess import own


def run(source, out, *more):
    return imdb_preprocess.main([str(source), '--output-dir', str(out)] + list(more))


def assert_same_data(parts, pickle):
    """Assert that encoded parts and a pickle give the same sets, dictionary and companion."""
    for name in ('imdb.dict.pkl', 'imdb.json'):
        assert (parts / name).read_bytes() == (pickle / name).read_bytes()
    found = [imdb.load_data(str(path), rng=numpy.random.RandomState(1)) for path in (parts, pickle)]
    for (x, y), (reviews, labels) in zip(*found):
        assert [list(review) for review in x] == [list(review) for review in reviews]
        numpy.testing.assert_array_equal(y, labels)


@pytest.mark.parametrize('more', [['--test-portion', '0.4'], ['--test_path', 'TABLES']])
def test_a_part_for_each_table(more, tmp_path, capsys):
    tables = write_parts(tmp_path / 'tables', 4, 20) + '/*'
    more = [tables if option == 'TABLES' else option for option in more]
    assert run(tables, tmp_path / 'parts', '--parts', *more) == 0
    assert '4 encoded parts' in capsys.readouterr().out or len(more[1]) > 3
    assert run(tables, tmp_path / 'pickle', *more) == 0
    assert_same_data(tmp_path / 'parts', tmp_path / 'pickle')
    names = {'part-%d' % k for k in range(4)}
    assert {name.split('.')[0] for name in os.listdir(str(tmp_path / 'parts'))} == names | {'imdb'}


def test_a_part_for_so_many_reviews_of_a_source(tmp_path, monkeypatch):
    monkeypatch.setattr(encoding, 'REVIEWS', 7)
    source = write_folder(tmp_path / 'mine', own())
    assert run(source, tmp_path / 'parts', '--parts', '--jobs', '1') == 0
    assert run(source, tmp_path / 'pickle') == 0
    assert_same_data(tmp_path / 'parts', tmp_path / 'pickle')
    assert sorted(name for name in contents(tmp_path / 'parts') if name.endswith('.words')) == [
        'mine.test-00000.words', 'mine.train-00000.words', 'mine.train-00001.words',
        'mine.train-00002.words']


def test_a_stopped_run_goes_on(tmp_path, monkeypatch, capsys):
    tables, out = write_parts(tmp_path / 'tables', 4, 20) + '/*', tmp_path / 'parts'
    assert run(tables, tmp_path / 'whole', '--parts') == 0
    with monkeypatch.context() as patch:  # after two tables, after one part
        patch.setattr(encoding, 'number_part', after(2, encoding.number_part))
        assert run(tables, out, '--parts') == 130
    assert len(list((out / '_work').glob('part-*'))) == 2 and not (out / 'imdb.parts').exists()
    with monkeypatch.context() as patch:
        patch.setattr(encoded, 'write_part', after(1, encoded.write_part))
        assert run(tables, out, '--parts') == 130
    assert '2 of 4 parts are tokenized already' in capsys.readouterr().err
    first = (out / 'part-0.words').stat().st_mtime_ns
    monkeypatch.setattr(encoding, 'number_part', None)
    assert run(tables, out, '--parts') == 0
    assert contents(out) == contents(tmp_path / 'whole')
    assert (out / 'part-0.words').stat().st_mtime_ns == first


def after(n, function):
    """Return a function that is one, and after so many calls a Ctrl-C."""
    left = list(range(n))

    def stopping(*arguments):
        if not left:
            raise KeyboardInterrupt
        left.pop()
        return function(*arguments)
    return stopping


def test_a_part_that_is_missing_is_made_again(tmp_path):
    tables, out = write_parts(tmp_path / 'tables', 3, 20) + '/*', tmp_path / 'parts'
    assert run(tables, out, '--parts') == 0
    before = contents(out)
    os.remove(str(out / 'part-1.words'))
    (out / 'part-2.words').write_bytes(before['part-2.words'][:-4])
    assert run(tables, out, '--parts') == 0
    assert contents(out) == before


def test_what_was_begun_otherwise_is_not_gone_on_with(tmp_path, monkeypatch, capsys):
    tables, out = write_parts(tmp_path / 'tables', 3, 20) + '/*', tmp_path / 'parts'
    with monkeypatch.context() as patch:
        patch.setattr(encoding, 'number_part', after(2, encoding.number_part))
        assert run(tables, out, '--parts') == 130
    assert run(tables, out, '--parts', '--tokenizer', 'whitespace') == 2
    assert "tokenizer is 'moses:en' there and 'whitespace' now" in capsys.readouterr().err
    assert run(tables, out, '--parts') == 0


def test_a_table_that_is_newer_is_read_again(tmp_path, monkeypatch):
    tables, out = write_parts(tmp_path / 'tables', 3, 20), tmp_path / 'parts'
    with monkeypatch.context() as patch:
        patch.setattr(encoding, 'number_part', after(2, encoding.number_part))
        assert run(tables + '/*', out, '--parts') == 130
    shutil.copy(tables + '/part-2.csv', tables + '/part-0.csv')
    later = (out / '_work' / 'part-0.words.npz').stat().st_mtime + 5
    os.utime(tables + '/part-0.csv', (later, later))
    assert run(tables + '/*', out, '--parts') == 0
    assert run(tables + '/*', tmp_path / 'pickle') == 0
    assert_same_data(out, tmp_path / 'pickle')


def test_two_tables_of_one_name_are_refused():
    with pytest.raises(BadInput, match='a.csv and b/a.tsv: .* would be called a.words'):
        encoding.items_of_tables(['a.csv', 'b/a.tsv'])


def test_a_pickle_is_not_joined_by_parts(tmp_path, capsys):
    source = write_folder(tmp_path / 'mine', own())
    assert run(source, tmp_path / 'out') == 0
    assert run(source, tmp_path / 'out', '--parts') == 2
    assert 'imdb.pkl is there already' in capsys.readouterr().err
