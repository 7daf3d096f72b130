"""A run that was stopped and goes on is, bit for bit, the run that was never stopped."""
import json
import os
import subprocess

import numpy
import pytest

import imdb
import lstm
from sentiment.data.safe_io import BadInput, load_arrays
from sentiment.training.options import recipes
from tests.helpers import (FAST, ROOT, Watched, assert_same_model, interrupt, run_python, train,
                           write_toy_pickle)


def assert_resuming_is_as_good(path, folder, stops, optimizer, **settings):
    """Assert that a run that Ctrl-C stops after each of these numbers of updates, and that goes on,
    leaves the model of a run that nothing stops.
    """
    fast = settings.get('fast', True)
    train(path, folder / 'unbroken.npz', optimizer=Watched(optimizer, fast=fast), **settings)
    for number, after in enumerate(stops):
        with pytest.raises(KeyboardInterrupt):
            stopped = Watched(optimizer, {after: interrupt}, fast=fast)
            train(path, folder / 'broken.npz', optimizer=stopped, resume=number > 0, **settings)
    train(path, folder / 'broken.npz', optimizer=Watched(optimizer, fast=fast), resume=True,
          **settings)
    assert_same_model(folder / 'unbroken.npz', folder / 'broken.npz')


# the scan, which is slow to compile, with one optimizer; the others with what is fastest here
CASES = {('adadelta', False)} | {(name, FAST[-1]) for name in lstm.optimizers}


@pytest.mark.parametrize('optimizer, fast', sorted(CASES))
def test_resumed_run_is_the_unbroken_one(optimizer, fast, tmp_path, toy_path):
    # stopped at a validation, two updates on at the end of an epoch, three on in between
    assert_resuming_is_as_good(toy_path, tmp_path, (6, 2, 3), optimizer, fast=fast, lrate=0.1,
                               noise_std=0.1, max_epochs=4, bucket=not fast)


@pytest.mark.parametrize('recipe', ['max', 'wide'])
def test_resuming_a_recipe(recipe, tmp_path, toy_path):
    settings = dict(recipes[recipe], n_words=30, crop=5, max_epochs=4, batch_size=16)
    assert_resuming_is_as_good(toy_path, tmp_path, (6,), settings.pop('optimizer'), **settings)


def test_a_stop_while_errors_are_measured_loses_nothing(tmp_path, toy_path, monkeypatch):
    train(toy_path, tmp_path / 'unbroken.npz', valid_batch_size=1)
    seen = []

    def stop_in_the_test_set(reviews, labels):
        if len(reviews) == 1:  # a training batch has more
            seen.append(len(reviews))
            if len(seen) == 57 + 3 + 5:
                interrupt()
        return imdb.prepare_data(reviews, labels)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setitem(lstm.datasets, 'imdb', (imdb.load_data, stop_in_the_test_set))
        train(toy_path, tmp_path / 'broken.npz', valid_batch_size=1)
    assert len(seen) == 57 + 3 + 5
    train(toy_path, tmp_path / 'broken.npz', valid_batch_size=1, resume=True)
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


def test_another_run_is_refused_with_the_difference_named(tmp_path, toy_path):
    saveto = tmp_path / 'model.npz'
    train(toy_path, saveto)
    for other in ({'dim_proj': 5}, {'batch_size': 7}, {'optimizer': 'sgd'}, {'seed': 5},
                  {'use_dropout': False}):
        name, = other
        with pytest.raises(BadInput, match='cannot be resumed: %s was .* is %s now' % (
                name, other[name])):
            train(toy_path, saveto, resume=True, **other)
    with pytest.raises(BadInput, match='data was'):
        train(write_toy_pickle(tmp_path / 'other.pkl', 61), saveto, resume=True)
    checkpoint = str(tmp_path / 'model.checkpoint.npz')
    numpy.savez(checkpoint, **spoilt(load_arrays(checkpoint), origin=['Theano 0.7', 'float64']))
    with pytest.raises(BadInput, match='engine was Theano 0.7 and is .* now'):
        train(toy_path, saveto, resume=True)


@pytest.mark.skipif(len(FAST) < 2, reason='there is but one way to compute here')
def test_checkpoints_of_before_name_the_encoder_otherwise(tmp_path, toy_path):
    train(toy_path, tmp_path / 'long.npz', max_epochs=4)
    train(toy_path, tmp_path / 'short.npz')
    checkpoint = str(tmp_path / 'short.checkpoint.npz')
    saved = load_arrays(checkpoint)
    options = dict(json.loads(str(saved['progress']))['options'], encoder='lstm_fused')
    del options['fast']
    numpy.savez(checkpoint, **spoilt(saved, options=options))
    with pytest.raises(BadInput, match='fast was True and is False now'):
        train(toy_path, tmp_path / 'short.npz', fast=False, resume=True)
    train(toy_path, tmp_path / 'short.npz', max_epochs=4, resume=True)
    assert_same_model(tmp_path / 'long.npz', tmp_path / 'short.npz')


def test_checkpoints_of_before_may_say_that_noise_is_off(tmp_path, toy_path):
    train(toy_path, tmp_path / 'long.npz', max_epochs=4, noise_std=0.1)
    train(toy_path, tmp_path / 'short.npz', noise_std=0.1)
    checkpoint = str(tmp_path / 'short.checkpoint.npz')
    saved = load_arrays(checkpoint)
    switch, = [name for name, value in saved.items()
               if name.startswith('state_') and value.shape == () and value.dtype.kind == 'f']
    assert saved[switch] == 1
    numpy.savez(checkpoint, **dict(saved, **{switch: 0 * saved[switch]}))
    train(toy_path, tmp_path / 'short.npz', max_epochs=4, noise_std=0.1, resume=True)
    assert_same_model(tmp_path / 'long.npz', tmp_path / 'short.npz')


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


def with_rng(saved, **values):
    """Return the arrays of a checkpoint whose random state has other values."""
    rng = json.loads(str(saved['progress']))['epoch_rng']
    rng['state'].update((name, values.pop(name)) for name in set(values) & {'pos', 'key'})
    return spoilt(saved, epoch_rng=dict(rng, **values))


SPOILT = {
    'position': lambda saved: with_rng(saved, pos=2 * 10 ** 9),
    'position before the start': lambda saved: with_rng(saved, pos=-7),
    'position beyond the end': lambda saved: with_rng(saved, pos=10 ** 6),
    'short key': lambda saved: with_rng(saved, key=[1] * 10),
    'another generator': lambda saved: with_rng(saved, bit_generator='PCG64'),
    'no draws': lambda saved: spoilt(saved, draws={}),
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


@pytest.mark.skipif(not FAST[-1], reason='the order of the compiled twins')
def test_a_checkpoint_of_before_can_be_resumed(tmp_path, toy_path):
    # shared variables are named by their order in the graph: another one would not find its own
    train(toy_path, tmp_path / 'model.npz', optimizer=lstm.adadelta)
    names = load_arrays(str(tmp_path / 'model.checkpoint.npz'))
    assert {'state_1_Wemb', 'state_2_lstm_W', 'state_3_lstm_U', 'state_4_lstm_b', 'state_6_U',
            'state_7_b', 'state_20_adadelta_step', 'state_38_b_last'} <= set(names)


@pytest.mark.parametrize('name', sorted(SPOILT))
def test_a_spoilt_checkpoint_is_one_line(name, checkpoint, tmp_path):
    numpy.savez(str(tmp_path / 'model.checkpoint.npz'), **SPOILT[name](checkpoint[1]))
    with pytest.raises(BadInput, match='model.checkpoint.npz: ') as caught:
        train(checkpoint[0], tmp_path / 'model.npz', resume=True)
    assert '\n' not in str(caught.value)
    assert os.listdir(str(tmp_path)) == ['model.checkpoint.npz']


def test_a_new_run_stopped_early_leaves_the_checkpoint(tmp_path, toy_path):
    train(toy_path, tmp_path / 'model.npz')
    before = (tmp_path / 'model.checkpoint.npz').read_bytes()
    with pytest.raises(KeyboardInterrupt):
        train(toy_path, tmp_path / 'model.npz', optimizer=Watched('rmsprop', {2: interrupt}))
    assert (tmp_path / 'model.checkpoint.npz').read_bytes() == before


def test_nothing_to_resume_without_a_file(toy_path):
    with pytest.raises(BadInput, match='resume: without saveto'):
        lstm.train_lstm(path=toy_path, saveto=None, resume=True)


def test_a_spoilt_run_leaves_the_last_good_checkpoint(tmp_path, toy_path):
    spoilt = Watched('rmsprop', cost=lambda n, cost: cost if n < 6 else numpy.nan)
    with pytest.raises(BadInput, match='cost became'):
        train(toy_path, tmp_path / 'model.npz', saveFreq=2, optimizer=spoilt)
    whole = Watched('rmsprop')
    train(toy_path, tmp_path / 'model.npz', resume=True, saveFreq=100, optimizer=whole)
    train(toy_path, tmp_path / 'unbroken.npz', optimizer=whole)
    assert_same_model(tmp_path / 'unbroken.npz', tmp_path / 'model.npz')


@pytest.mark.skipif(not hasattr(os, 'fork'), reason='needs fork')
def test_fifty_kills_lose_nothing():
    done = run_python('-m', 'tests.training.kills', '--kills', '50', stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout
    assert '50 kills' in done.stdout


@pytest.mark.skipif('PYTEST_FLOAT32' in os.environ, reason='is what runs this')
def test_resuming_in_float32():
    done = run_python('-m', 'pytest', '-q', '-n0', '-k', 'unbroken_one and adadelta-True',
                      os.path.join(ROOT, 'tests', 'training', 'test_checkpoint.py'),
                      flags='floatX=float32,mode=FAST_COMPILE',
                      environment={'PYTEST_FLOAT32': '1'}, stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout  # 5, were no test chosen
