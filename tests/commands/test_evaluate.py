"""evaluate: a table for people, or a line of JSON."""
import json

from sentiment.commands.main import main
from tests.helpers import write_raw


def test_evaluate_prints_a_table_or_json(saved, capsys):
    assert main(['evaluate', saved[0], '--json']) == 0
    measured = json.loads(capsys.readouterr().out)
    assert measured['error'] == saved[2][2]
    assert main(['evaluate', saved[0]]) == 0
    out = capsys.readouterr().out
    assert 'error      %.4f' % measured['error'] in out and 'called pos' in out
    for wrong in (['--path', 'no/such.pkl'], ['--dataset', 'yelp']):
        try:
            status = main(['evaluate', saved[0]] + wrong)
        except SystemExit as error:
            status = error.code
        assert status == 2


def test_evaluate_tells_of_unknown_words(saved, tmp_path, capsys):
    raw = write_raw(tmp_path / 'raw', [[2, 3], [14, 99]], [0, 1])
    assert main(['evaluate', '--path', raw, saved[0], '--json']) == 0
    assert json.loads(capsys.readouterr().out)['unknown_words'] == 0.25
    assert main(['evaluate', saved[0], '--path', raw]) == 0
    assert 'unknown    0.2500 of the words' in capsys.readouterr().out.splitlines()
