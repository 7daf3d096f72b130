"""What goes wrong is one line and a status, whatever the verb."""
import os
import subprocess

import pytest

import lstm
from sentiment import __version__
from sentiment.commands.main import main
from tests.helpers import run_python


@pytest.mark.parametrize('wrong', [['--dim_proj', 'wide'], ['--use_dropout', 'maybe'],
                                   ['--optimizer', 'adam'], ['--no_such_option', '1'],
                                   ['--rec', 'max'], ['--path', ''],
                                   ['evaluate', 'model.npz', '--path', ''],
                                   ['evaluate', 'model.npz', '--test_size', '0']])
def test_wrong_options_exit_with_2(wrong, capsys):
    with pytest.raises(SystemExit) as caught:
        main(wrong)
    assert caught.value.code == 2 and 'error' in capsys.readouterr().err


def test_bad_input_is_one_line_and_status_2(tmp_path, capsys):
    assert main(['--path', str(tmp_path / 'nothing.pkl')]) == 2
    error = capsys.readouterr().err
    assert error.startswith('lstm.py: error: ') and len(error.splitlines()) == 1


def train_on_what_raises(error, monkeypatch):
    """Train on a data set that raises this when it is loaded; return the status."""
    def load_data(**keywords):
        raise error
    monkeypatch.setitem(lstm.datasets, 'imdb', (load_data, None))
    return main(['--dataset', 'imdb', '--saveto', 'none'])


def test_too_little_memory_is_one_line(monkeypatch, capsys):
    assert train_on_what_raises(MemoryError, monkeypatch) == 2
    assert 'not enough memory' in capsys.readouterr().err


def test_interrupted_main_returns_130(monkeypatch):
    assert train_on_what_raises(KeyboardInterrupt, monkeypatch) == 130


@pytest.mark.skipif(not os.path.exists('/dev/full'), reason='needs a device that is full')
def test_output_that_cannot_be_written_is_one_line(saved):
    with open('/dev/full', 'w') as full:
        done = run_python('lstm.py', 'predict', saved[0], '-', stdin=subprocess.DEVNULL,
                          stdout=full)
        assert done.returncode == 0  # nothing was to be written
        done = run_python('lstm.py', 'evaluate', saved[0], stdout=full)
    assert done.returncode == 2 and 'Traceback' not in done.stderr
    assert 'error: the output cannot be written' in done.stderr.splitlines()[-1]


def test_the_version_is_an_answer(capsys):
    with pytest.raises(SystemExit) as caught:
        main(['--version'])
    assert caught.value.code == 0 and capsys.readouterr().out == 'lstm.py %s\n' % __version__
