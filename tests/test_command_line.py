"""The command line as its users meet it, in this process and in one of its own."""
import inspect
import os
import signal
import subprocess
import sys
import time

import numpy
import pytest

import command_line
import imdb
import lstm
from safe_io import BadInput
from tests.conftest import ROOT

QUICK = ['--dim_proj', '4', '--n_words', '30', '--max_epochs', '1', '--validFreq', '2']


def test_every_keyword_of_train_lstm_is_an_option_with_help():
    keywords = inspect.signature(lstm.train_lstm).parameters
    assert set(command_line.HELP) == set(keywords)
    shown = command_line.make_parser().format_help()
    for name in keywords:
        assert '--%s ' % name in shown
    assert '(default: 0.0)' in shown and '(default: true)' in shown and '(default: none)' in shown


def test_bare_command_has_the_tutorials_settings():
    options = vars(command_line.make_parser().parse_args([]))
    assert options['max_epochs'] == 100 and options['test_size'] == 500
    assert options['maxlen'] == 100 and options['optimizer'] == 'adadelta'


def test_a_recipe_gives_the_defaults_and_options_change_it(capsys):
    for arguments in (['--recipe', 'max', '--crop', '70'], ['--crop', '70', '--recipe=max']):
        recipe = command_line.find_recipe(arguments)
        options = vars(command_line.make_parser(recipe).parse_args(arguments))
        expected = dict(lstm.recipes['max'], crop=70)
        assert {name: options[name] for name in expected} == expected
    assert set(lstm.recipes['max']) <= set(command_line.KEYWORDS)
    with pytest.raises(SystemExit) as caught:
        command_line.main(['--recipe', 'soup'])
    error = capsys.readouterr().err
    assert caught.value.code == 2 and 'soup' in error and error.count('\n') == 1


def test_options_are_read_as_their_defaults_are_typed():
    options = vars(command_line.make_parser().parse_args(
        ['--maxlen', 'none', '--optimizer', 'rmsprop', '--use_dropout', 'False',
         '--decay_c', '1e-3', '--reload_model', 'old.npz', '--saveto', 'none']))
    assert options['maxlen'] is None and options['saveto'] is None
    assert options['optimizer'] == 'rmsprop' and options['use_dropout'] is False
    assert options['decay_c'] == 1e-3 and options['reload_model'] == 'old.npz'


@pytest.mark.parametrize('wrong', [['--dim_proj', 'wide'], ['--use_dropout', 'maybe'],
                                   ['--optimizer', 'adam'], ['--no_such_option', '1'],
                                   ['--rec', 'max'], ['--path', ''],
                                   ['evaluate', 'model.npz', '--path', ''],
                                   ['evaluate', 'model.npz', '--test_size', '0']])
def test_wrong_options_exit_with_2(wrong, capsys):
    with pytest.raises(SystemExit) as caught:
        command_line.main(wrong)
    assert caught.value.code == 2 and 'error' in capsys.readouterr().err


def test_bad_input_is_one_line_and_status_2(tmp_path, capsys):
    assert command_line.main(['--path', str(tmp_path / 'nothing.pkl')]) == 2
    error = capsys.readouterr().err
    assert error.startswith('lstm.py: error: ') and len(error.splitlines()) == 1


def test_too_little_memory_is_one_line(monkeypatch, capsys):
    def too_much(**options):
        raise MemoryError
    monkeypatch.setattr(lstm, 'train_lstm', too_much)
    assert command_line.main(['--dataset', 'imdb']) == 2
    assert 'not enough memory' in capsys.readouterr().err


def test_main_trains(tmp_path, toy_path, capsys):
    saveto = str(tmp_path / 'model.npz')
    assert command_line.main(QUICK + ['--path', toy_path, '--saveto', saveto]) == 0
    assert capsys.readouterr().out.splitlines()[-1].endswith('model in ' + saveto)


def test_without_imdb_the_snippets_serve(monkeypatch, capsys):
    def unreachable(*args):
        raise BadInput('imdb cannot be fetched')
    monkeypatch.setattr(imdb, 'locate', unreachable)
    options = command_line.choose_dataset({'dataset': None, 'path': None})
    assert options['dataset'] == 'snippets'
    out = capsys.readouterr().out
    assert 'imdb cannot be fetched' in out and 'snippets' in out and len(out.splitlines()) == 1


def test_a_named_data_set_never_falls_back():
    for options in ({'dataset': 'imdb', 'path': None}, {'dataset': None, 'path': 'x.pkl'}):
        assert command_line.choose_dataset(options)['dataset'] == 'imdb'


def test_interrupted_main_returns_130(monkeypatch):
    def interrupted(**options):
        raise KeyboardInterrupt
    monkeypatch.setattr(lstm, 'train_lstm', interrupted)
    assert command_line.main(['--dataset', 'imdb']) == 130


@pytest.mark.parametrize('stop, status', [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stopped_process_leaves_its_best_model(stop, status, tmp_path, toy_path):
    saveto = str(tmp_path / 'model.npz')
    command = [sys.executable, 'lstm.py', '--path', toy_path, '--saveto', saveto] + QUICK
    process = subprocess.Popen(command + ['--max_epochs', '100000', '--patience', '1000000'],
                               cwd=ROOT, text=True, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE)
    for line in process.stdout:
        if 'valid error' in line:
            break
    time.sleep(0.3)
    process.send_signal(stop)
    out, err = process.communicate(timeout=60)
    assert process.returncode == status, err
    assert 'Traceback' not in err and 'the best model so far is in ' + saveto in out
    with numpy.load(saveto) as saved:
        assert len(saved['history_errs']) and saved['valid_err'] <= 1


def test_float32_with_the_engines_own_compilers(tmp_path, toy_path):
    """The command as users run it: the default mode, in float32, both errors and file there."""
    saveto = str(tmp_path / 'model.npz')
    done = subprocess.run(
        [sys.executable, 'lstm.py', '--path', toy_path, '--saveto', saveto] + QUICK, cwd=ROOT,
        env=dict(os.environ, THEANO_FLAGS='floatX=float32', PYTENSOR_FLAGS=''), text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert done.returncode == 0, done.stderr
    with numpy.load(saveto) as saved:
        assert saved['Wemb'].dtype == numpy.float32
        assert 'test error %.4f' % saved['test_err'] in done.stdout.splitlines()[-1]
