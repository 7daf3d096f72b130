"""A run that was stopped and goes on is, bit for bit, the run that was never stopped."""
import json
import os
import subprocess
import sys

import numpy
import pytest

import lstm
import model_file
from engine import config
from safe_io import BadInput, load_arrays
from tests.conftest import ROOT, write_toy_pickle
from tests.test_lstm import train


def stop_at(update, monkeypatch):
    """Let the next run be stopped by Ctrl-C after so many updates."""
    make_update = lstm.make_update

    def stopped(run, indices):
        if run['update'] + 1 == update:
            run['stop'] = KeyboardInterrupt()
        return make_update(run, indices)
    monkeypatch.setattr(lstm, 'make_update', stopped)


def assert_same_model(first, second):
    first, second = load_arrays(str(first)), load_arrays(str(second))
    assert first.keys() == second.keys()
    for name in set(first) - {'options'}:  # saveto and resume are in them
        numpy.testing.assert_array_equal(first[name], second[name], err_msg=name)


# the scan, which is slow to compile, with one optimizer; the others with what is fastest here
CASES = {('adadelta', 'lstm')} | {(name, lstm.resolve_encoder('auto')) for name in lstm.optimizers}


@pytest.mark.parametrize('optimizer, encoder', sorted(CASES))
def test_resumed_run_is_the_unbroken_one(optimizer, encoder, tmp_path, toy_path, monkeypatch):
    settings = dict(optimizer=optimizer, encoder=encoder, lrate=0.1, noise_std=0.1, max_epochs=4,
                    bucket=encoder == 'lstm')
    train(toy_path, tmp_path / 'unbroken.npz', **settings)
    for update in (6, 8, 11):  # at a validation; at the end of an epoch; between
        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            stop_at(update, patch)
            train(toy_path, tmp_path / 'broken.npz', resume=update > 6, **settings)
    train(toy_path, tmp_path / 'broken.npz', resume=True, **settings)
    assert_same_model(tmp_path / 'unbroken.npz', tmp_path / 'broken.npz')


def test_resuming_a_recipe(tmp_path, toy_path, monkeypatch):
    settings = dict(lstm.recipes['max'], n_words=30, crop=5, max_epochs=4, batch_size=16)
    train(toy_path, tmp_path / 'unbroken.npz', **settings)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        stop_at(6, patch)
        train(toy_path, tmp_path / 'broken.npz', **settings)
    train(toy_path, tmp_path / 'broken.npz', resume=True, **settings)
    assert_same_model(tmp_path / 'unbroken.npz', tmp_path / 'broken.npz')


def test_a_stop_while_errors_are_measured_loses_nothing(tmp_path, toy_path, monkeypatch):
    train(toy_path, tmp_path / 'unbroken.npz')
    pred_error = lstm.pred_error

    def stopped(f_pred, prepare_data, data, iterator, verbose=False):
        if len(data[0]) == 23:  # the test set, after the two others
            raise stop
        return pred_error(f_pred, prepare_data, data, iterator, verbose)

    stop = KeyboardInterrupt()
    start_run = lstm.start_run
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(lstm, 'pred_error', stopped)
        patch.setattr(lstm, 'start_run', lambda *args: dict(start_run(*args), stop=None))
        patch.setattr(lstm, 'until_stopped', lambda run, batches: run.update(stop=stop) or batches)
        train(toy_path, tmp_path / 'broken.npz')
    train(toy_path, tmp_path / 'broken.npz', resume=True)
    assert_same_model(tmp_path / 'unbroken.npz', tmp_path / 'broken.npz')


def test_a_finished_run_can_have_more_epochs(tmp_path, toy_path):
    train(toy_path, tmp_path / 'long.npz', max_epochs=4)
    train(toy_path, tmp_path / 'short.npz', max_epochs=2)
    train(toy_path, tmp_path / 'short.npz', max_epochs=4, resume=True)
    assert_same_model(tmp_path / 'long.npz', tmp_path / 'short.npz')


def test_an_exhausted_run_stays_so(tmp_path, toy_path):
    settings = dict(optimizer='sgd', lrate=0., patience=1, max_epochs=50)
    train(toy_path, tmp_path / 'model.npz', **settings)
    before = load_arrays(str(tmp_path / 'model.npz'))['history']
    train(toy_path, tmp_path / 'model.npz', resume=True, **settings)
    numpy.testing.assert_array_equal(load_arrays(str(tmp_path / 'model.npz'))['history'], before)


def test_another_run_is_refused_with_the_difference_named(tmp_path, toy_path, monkeypatch):
    saveto = tmp_path / 'model.npz'
    train(toy_path, saveto)
    for other in ({'dim_proj': 5}, {'batch_size': 7}, {'optimizer': 'sgd'}, {'seed': 5},
                  {'encoder': 'lstm'}):
        name, = other
        with pytest.raises(BadInput, match='cannot be resumed: %s was .* is %s now' % (
                name, other[name])):
            train(toy_path, saveto, resume=True, **other)
    with pytest.raises(BadInput, match='data was'):
        train(write_toy_pickle(tmp_path / 'other.pkl', 61), saveto, resume=True)
    monkeypatch.setattr(model_file, 'origin', lambda: ('Theano 0.7', config.floatX))
    with pytest.raises(BadInput, match='engine was .* is Theano 0.7 now'):
        train(toy_path, saveto, resume=True)


@pytest.mark.parametrize('content', [None, b'', b'PK\x05\x06' + bytes(18), b'half a check'])
def test_no_checkpoint_or_a_bad_one_is_one_line(content, tmp_path, toy_path):
    if content is not None:
        (tmp_path / 'model.checkpoint.npz').write_bytes(content)
    with pytest.raises(BadInput, match='model.checkpoint.npz') as caught:
        train(toy_path, tmp_path / 'model.npz', resume=True)
    assert '\n' not in str(caught.value)


def spoilt(saved, **progress):
    """Return the arrays of a checkpoint with other values in its progress."""
    known = json.loads(str(saved['progress']))
    return dict(saved, progress=json.dumps(dict(known, **progress)))


SPOILT = {
    'short parameters': lambda saved: {name: value[:5] if name.endswith('_Wemb') else value
                                       for name, value in saved.items()},
    'short best': lambda saved: dict(saved, best_Wemb=saved['best_Wemb'][:3]),
    'no number': lambda saved: dict(saved, best_b=saved['best_b'] * numpy.nan),
    'costs': lambda saved: dict(saved, costs=numpy.array(['a'])),
    'history': lambda saved: dict(saved, history=saved['history'].ravel()),
    'epoch': lambda saved: spoilt(saved, epoch='x'),
    'done': lambda saved: spoilt(saved, done=10 ** 9),
    'less than none': lambda saved: spoilt(saved, done=-5),
    'bad_counter': lambda saved: spoilt(saved, bad_counter=None),
    'errors': lambda saved: spoilt(saved, best={'errors': None, 'epoch': 1}),
    'deep': lambda saved: dict(saved, progress='[' * 100000),
}


@pytest.fixture(scope='module')
def checkpoint(tmp_path_factory):
    """The data and the arrays of the checkpoint of a short run."""
    folder = tmp_path_factory.mktemp('checkpoint')
    data = write_toy_pickle(folder / 'imdb.pkl')
    train(data, folder / 'model.npz')
    return data, load_arrays(str(folder / 'model.checkpoint.npz'))


@pytest.mark.parametrize('name', sorted(SPOILT))
def test_a_spoilt_checkpoint_is_one_line(name, checkpoint, tmp_path):
    numpy.savez(str(tmp_path / 'model.checkpoint.npz'), **SPOILT[name](checkpoint[1]))
    with pytest.raises(BadInput, match='not a checkpoint of this program'):
        train(checkpoint[0], tmp_path / 'model.npz', resume=True)
    assert os.listdir(str(tmp_path)) == ['model.checkpoint.npz']


def test_a_new_run_stopped_early_leaves_the_checkpoint(tmp_path, toy_path, monkeypatch):
    train(toy_path, tmp_path / 'model.npz')
    before = (tmp_path / 'model.checkpoint.npz').read_bytes()
    with pytest.raises(KeyboardInterrupt):
        stop_at(2, monkeypatch)
        train(toy_path, tmp_path / 'model.npz')
    assert (tmp_path / 'model.checkpoint.npz').read_bytes() == before


def test_nothing_to_resume_without_a_file(toy_path):
    with pytest.raises(BadInput, match='resume: without saveto'):
        lstm.train_lstm(path=toy_path, saveto=None, resume=True)


def test_a_spoilt_run_leaves_the_last_good_checkpoint(tmp_path, toy_path, monkeypatch):
    f, updates = numpy.isfinite, []
    monkeypatch.setattr(lstm.numpy, 'isfinite',
                        lambda x: f(x) if numpy.ndim(x) else updates.append(x) or len(updates) < 6)
    with pytest.raises(BadInput, match='cost became'):
        train(toy_path, tmp_path / 'model.npz', saveFreq=2)
    monkeypatch.undo()
    train(toy_path, tmp_path / 'model.npz', resume=True, saveFreq=100)
    train(toy_path, tmp_path / 'unbroken.npz')
    assert_same_model(tmp_path / 'unbroken.npz', tmp_path / 'model.npz')


@pytest.mark.skipif(not hasattr(os, 'fork'), reason='needs fork')
def test_fifty_kills_lose_nothing():
    done = subprocess.run([sys.executable, os.path.join('tests', 'kills.py'), '--kills', '50'],
                          cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          universal_newlines=True)
    assert done.returncode == 0, done.stdout
    assert '50 kills' in done.stdout


@pytest.mark.skipif('PYTEST_FLOAT32' in os.environ, reason='is what runs this')
def test_resuming_in_float32():
    environment = dict(os.environ, THEANO_FLAGS='floatX=float32,mode=FAST_COMPILE',
                       PYTEST_FLOAT32='1')
    done = subprocess.run([sys.executable, '-m', 'pytest', '-q', '--no-cov', '-k', 'unbroken_one',
                           os.path.join('tests', 'test_resume.py')], cwd=ROOT, env=environment,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True)
    assert done.returncode == 0, done.stdout  # 5, were no test chosen
