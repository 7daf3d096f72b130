"""Training from the command line: every keyword an option, recipes, stops, own reviews."""
import functools
import inspect
import os
import signal
import subprocess
import sys
import time

import numpy
import pytest

import imdb
import lstm
from sentiment.commands import train as room
from sentiment.commands.main import main
from sentiment.data.safe_io import BadInput
from sentiment.training.options import meanings, recipes
from tests.helpers import POSITIVE, QUICK, ROOT, as_texts, run_python, toy_reviews


def test_every_keyword_of_train_lstm_is_an_option_with_help():
    keywords = inspect.signature(lstm.train_lstm).parameters
    shown = ' '.join(room.make_parser().format_help().split())
    for name, meaning in meanings(lstm.train_lstm).items():
        assert '--%s ' % name in shown and meaning + ' (default: ' in shown
    assert len(keywords) == len(meanings(lstm.train_lstm))
    assert 'of equal ones the latest is kept' in shown  # which patience counts from
    assert '(default: 0.0)' in shown and '(default: true)' in shown and '(default: none)' in shown


def test_bare_command_has_the_tutorials_settings():
    options = vars(room.make_parser().parse_args([]))
    assert options['max_epochs'] == 100 and options['test_size'] == 500
    assert options['maxlen'] == 100 and options['optimizer'] == 'adadelta'


def test_a_recipe_gives_the_defaults_and_options_change_it(capsys):
    for arguments in (['--recipe', 'max', '--crop', '70'], ['--crop', '70', '--recipe=max']):
        recipe = room.find_named(arguments).recipe
        options = vars(room.make_parser(recipe).parse_args(arguments))
        expected = dict(recipes['max'], crop=70)
        assert {name: options[name] for name in expected} == expected
    assert set(recipes['max']) <= set(inspect.signature(lstm.train_lstm).parameters)
    with pytest.raises(SystemExit) as caught:
        main(['--recipe', 'soup'])
    error = capsys.readouterr().err
    assert caught.value.code == 2 and 'soup' in error and error.count('\n') == 1


def test_options_are_read_as_their_defaults_are_typed():
    options = vars(room.make_parser().parse_args(
        ['--maxlen', 'none', '--optimizer', 'rmsprop', '--use_dropout', 'False',
         '--decay_c', '1e-3', '--reload_model', 'old.npz', '--saveto', 'none']))
    assert options['maxlen'] is None and options['saveto'] is None
    assert options['optimizer'] == 'rmsprop' and options['use_dropout'] is False
    assert options['decay_c'] == 1e-3 and options['reload_model'] == 'old.npz'


def test_main_trains(tmp_path, toy_path, capsys):
    saveto = str(tmp_path / 'model.npz')
    assert main(QUICK + ['--path', toy_path, '--saveto', saveto]) == 0
    out, err = capsys.readouterr()
    assert out.startswith('train error ') and len(out.splitlines()) == 1
    assert err.splitlines()[-1].endswith('model in ' + saveto)


def test_without_imdb_the_snippets_serve(monkeypatch, capsys):
    def unreachable(*args):
        raise BadInput('imdb cannot be fetched')
    monkeypatch.setattr(imdb, 'locate', unreachable)
    for arguments, recipe in (([], 'sentences'), (['--recipe', 'full', '--seed', '3'], 'full')):
        chosen = room.choose_data(room.find_named(arguments))
        assert chosen == {'dataset': 'snippets', 'path': None, 'recipe': recipe}
        err = capsys.readouterr().err
        assert 'imdb cannot be fetched; ' in err and err.endswith('snippets instead, recipe %s\n'
                                                                  % recipe)
    seen = {}

    @functools.wraps(lstm.train_lstm)
    def train_nothing(**options):
        seen.update(options)
        return 0., 0., 0.
    monkeypatch.setattr(lstm, 'train_lstm', train_nothing)
    assert main(['--seed', '3', '--ngrams', '1']) == 0
    expected = dict(recipes['sentences'], dataset='snippets', path=None, seed=3, ngrams=1)
    assert {name: seen[name] for name in expected} == expected
    assert set(seen) == set(inspect.signature(lstm.train_lstm).parameters)


def test_a_named_data_set_never_falls_back():
    for arguments in (['--dataset', 'imdb'], ['--path', 'x.pkl'], ['--path=x.pkl', '--lrate', '1']):
        chosen = room.choose_data(room.find_named(arguments))
        assert chosen['dataset'] == 'imdb' and chosen['recipe'] == 'tutorial'


def obey():
    """Let a new process obey SIGHUP, though whoever runs the tests may ignore it, as nohup does."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.mark.parametrize('stop, status', [(signal.SIGINT, 130), (signal.SIGTERM, 143),
                                          (signal.SIGHUP, 129)])
def test_a_stopped_process_leaves_its_best_model(stop, status, tmp_path, toy_path):
    saveto = str(tmp_path / 'model.npz')
    command = [sys.executable, 'lstm.py', '--path', toy_path, '--saveto', saveto] + QUICK
    process = subprocess.Popen(command + ['--max_epochs', '100000', '--patience', '1000000'],
                               cwd=ROOT, text=True, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, preexec_fn=obey)
    for line in process.stderr:
        if 'valid error' in line:
            break
    time.sleep(0.3)
    process.send_signal(stop)
    out, err = process.communicate(timeout=60)
    assert process.returncode == status, err
    assert 'Traceback' not in err and 'the best model so far is in ' + saveto in err
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


def test_own_corpus_in_four_commands(tmp_path):
    reviews, labels = toy_reviews(80, 3)
    for k, (text, label) in enumerate(zip(as_texts(reviews), labels)):
        folder = tmp_path / 'reviews' / 'train' / ('pos' if label else 'neg')
        os.makedirs(str(folder), exist_ok=True)
        (folder / ('%d.txt' % k)).write_text(text)
    model, data = str(tmp_path / 'mine.npz'), str(tmp_path / 'mine')
    done = subprocess.run([sys.executable, 'imdb_preprocess.py', str(tmp_path / 'reviews'),
                           '--output-dir', data], cwd=ROOT)
    assert done.returncode == 0
    done = run_python('lstm.py', '--path', data, '--saveto', model, '--dim_proj', '8',
                      '--max_epochs', '30', '--validFreq', '10', '--batch_size', '8', '--plot',
                      str(tmp_path / 'run.png'))
    assert done.returncode == 0, done.stderr
    trained_error = done.stdout.strip().rpartition('test error ')[2]
    done = run_python('lstm.py', 'evaluate', model)
    assert done.returncode == 0 and 'error      ' + trained_error in done.stdout
    done = run_python('lstm.py', 'predict', model, '-', input=POSITIVE.encode())
    assert done.returncode == 0 and done.stdout.decode().startswith('positive')
    assert (tmp_path / 'run.png').read_bytes().startswith(b'\x89PNG')
