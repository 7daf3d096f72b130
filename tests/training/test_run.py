"""Training: what it returns is what it saves, it learns, stops when it should, keeps the best."""
import json
import os
import pickle

import numpy
import pytest

import imdb
import lstm
from sentiment.data.safe_io import BadInput, load_arrays
from sentiment.engine import function
from sentiment.training.run import Run
from tests.helpers import (NAMES, Watched, interrupt, reference_data_probs, train,
                           write_pickles, write_toy_pickle)


def test_training_saves_what_it_returns(tmp_path, toy_path, capsys):
    saveto = tmp_path / 'model.npz'
    errors = train(toy_path, saveto, test_size=10, decay_c=0.01, noise_std=0.1)
    with numpy.load(str(saveto), allow_pickle=False) as saved:
        assert tuple(saved[n] for n in ('train_err', 'valid_err', 'test_err')) == errors
        history = saved['history_errs']
        options = json.loads(str(saved['options']))
        params = {name: saved[name] for name in NAMES}
    assert history.shape == (2, 2) and errors[1] == history[:, 0].min()
    assert options['optimizer'] == 'rmsprop' and options['dataset'] == 'imdb'
    assert options['ydim'] == 2 and options['test_size'] == 10

    out, err = capsys.readouterr()
    assert 'update 4  cost' in err and 'words/s' in err and not out
    assert err.splitlines()[-1].startswith('best epoch')
    rng = numpy.random.RandomState(123)
    sets = lstm.load_sets(options, rng)
    assert len(sets[2][0]) == 10
    for data, error in zip(sets, errors):
        assert numpy.mean(reference_data_probs(params, data).argmax(axis=1) != data[1]) == error
    assert sorted(os.listdir(str(tmp_path))) == [
        'imdb.dict.pkl', 'imdb.pkl', 'model.checkpoint.npz', 'model.npz']


def test_short_reviews_train_and_all_lengths_validate(tmp_path):
    options = {'dataset': 'imdb', 'path': write_toy_pickle(tmp_path / 'imdb.pkl', 200),
               'n_words': 30, 'maxlen': 8, 'test_size': -1, 'seed': 123}
    short, all_lengths = (lstm.load_sets(dict(options, maxlen=maxlen), numpy.random.RandomState(1))
                          for maxlen in (8, None))
    expected = [[(list(x), y) for x, y in zip(*part)] for part in all_lengths]
    expected[0] = [(x, y) for x, y in expected[0] if len(x) < 8]
    assert [[(list(x), y) for x, y in zip(*part)] for part in short] == expected
    assert max(len(x) for x in short[1][0]) >= 8


def test_what_is_left_out_is_counted(tmp_path, toy_path, capsys):
    train(toy_path, tmp_path / 'a.npz', maxlen=6, test_size=5, max_epochs=1)
    err = capsys.readouterr().err
    n_long = 57 - int(load_arrays(str(tmp_path / 'a.npz'))['lengths'].size)
    assert 'maxlen=6 leaves out %d of 57 training reviews' % n_long in err and n_long > 29
    assert 'test_size=5 leaves out 18 of 23 test reviews' in err
    train(toy_path, tmp_path / 'b.npz', max_epochs=1)
    assert 'leaves out' not in capsys.readouterr().err


@pytest.mark.parametrize('n_reviews', [8, 10, 11])
def test_too_few_reviews_are_told_how_many_it_takes(n_reviews, tmp_path):
    part = [[2 + k % 2] for k in range(n_reviews)], [k % 2 for k in range(n_reviews)]
    path = write_pickles(tmp_path / 'few.pkl', part, part)
    if n_reviews == 11:
        assert len(train(path, tmp_path / 'a.npz', max_epochs=1)) == 3
        return
    with pytest.raises(BadInput, match='%d training reviews .* give at least 11' % n_reviews):
        train(path, tmp_path / 'a.npz')


def test_an_lstm_of_one_unit(tmp_path, toy_path):
    assert len(train(toy_path, tmp_path / 'a.npz', dim_proj=1, fast=False, max_epochs=1)) == 3


@pytest.mark.parametrize('lengths', [(5, 5, 12), (12, 5, 5), (5, 12, 12)])
def test_a_class_too_long_to_train_on_is_refused(lengths, tmp_path):
    labels = [k % 3 for k in range(60)]
    with open(str(tmp_path / 'imdb.pkl'), 'wb') as file:
        for _ in range(2):
            pickle.dump(([[2] * lengths[y] for y in labels], labels), file, 2)
    with pytest.raises(BadInput, match='of class %d is left' % lengths.index(12)):
        train(str(tmp_path / 'imdb.pkl'), tmp_path / 'm.npz', maxlen=9)


def test_three_classes_and_a_batch_of_one(tmp_path):
    path = write_toy_pickle(tmp_path / 'three.pkl', 31, 7, classes=3)
    saveto = tmp_path / 'model.npz'
    errors = train(path, saveto, batch_size=1, valid_batch_size=4, max_epochs=1, validFreq=-1)
    with numpy.load(str(saveto)) as saved:
        params = {name: saved[name] for name in NAMES}
        options = json.loads(str(saved['options']))
    assert options['ydim'] == 3
    test = lstm.load_sets(options, numpy.random.RandomState(123))[2]
    assert errors[2] == numpy.mean(reference_data_probs(params, test).argmax(axis=1) != test[1])


def test_same_seed_same_model_and_reload_continues(tmp_path, toy_path):
    paths = [tmp_path / name for name in ('a.npz', 'b.npz', 'c.npz')]
    assert train(toy_path, paths[0]) == train(toy_path, paths[1])
    first, second = (numpy.load(str(path)) for path in paths[:2])
    for name in NAMES:
        numpy.testing.assert_array_equal(first[name], second[name])
    train(toy_path, paths[2], reload_model=str(paths[0]), optimizer=lstm.sgd, lrate=0.)
    third = numpy.load(str(paths[2]))
    for name in NAMES:
        numpy.testing.assert_array_equal(first[name], third[name])


def test_batches_are_cropped_and_whole_reviews_measured(toy_path, tmp_path, monkeypatch):
    lengths, prepare_data = [], imdb.prepare_data

    def noted(reviews, labels):
        lengths.append({len(review) for review in reviews})
        return prepare_data(reviews, labels)

    monkeypatch.setitem(lstm.datasets, 'imdb', (imdb.load_data, noted))
    train(toy_path, tmp_path / 'model.npz', crop=3, validFreq=-1, max_epochs=1)
    assert lengths[:4] == [{3}] * 4 and max(set.union(*lengths[4:])) == 12


def test_measured_once_are_the_errors_of_the_best(toy_path, tmp_path):
    settings = dict(optimizer='adadelta', max_epochs=9)
    often = train(toy_path, tmp_path / 'often.npz', **settings)
    once = train(toy_path, tmp_path / 'once.npz', test_once=True, **settings)
    assert once == often
    first, second = (numpy.load(str(tmp_path / name)) for name in ('often.npz', 'once.npz'))
    for name in NAMES:
        numpy.testing.assert_array_equal(first[name], second[name])
    history = second['history']
    assert numpy.isfinite(history[:, 2]).all() and numpy.isfinite(history[:, 3]).sum() == 1


@pytest.mark.parametrize('keywords', [{}, {'bucket': True}, {'fast': False},
                                      {'pooling': 'mean_max', 'optimizer': 'adagrad', 'crop': 8,
                                       'lrate': 0.05}])
def test_training_learns(keywords, tmp_path, toy_path):
    settings = dict(optimizer=lstm.adadelta, max_epochs=30, validFreq=30, dim_proj=8, batch_size=4)
    errors = train(toy_path, tmp_path / 'model.npz', **dict(settings, **keywords))
    assert errors[2] <= 0.15


def wrong_in_ten(error):
    """Return the probabilities of ten samples of class 0, this share of which is taken for 1."""
    wrong = numpy.arange(10) < 10 * error
    return numpy.stack([numpy.where(wrong, 0.3, 0.7), numpy.where(wrong, 0.7, 0.3)], axis=1)


def rounds_of(valid_errs, patience, keep='best'):
    """Let a run validate with these validation errors; return it and the rounds it took."""
    measured = iter([wrong_in_ten(value) for v in valid_errs for value in (v, 0.1, 0.2)])
    options = {'resume': False, 'patience': patience, 'test_once': False, 'ngrams': None,
               'keep': keep, 'buffer': 1}
    sets = [([[2]] * 10, [0] * 10) for _ in range(3)]
    run = Run(options, sets, {}, None, None, None, None, None, lambda data: next(measured))
    for rounds in range(1, len(valid_errs) + 1):
        run.epoch = rounds
        run.validate()
        if run.is_exhausted():
            break
    return run, rounds


def test_early_stopping_waits_for_patience():
    run, rounds = rounds_of([0.4, 0.3] + [0.5] * 20, patience=3)
    # from round 4 on there is a long ago to compare with: the fourth bad round since ends it
    assert rounds == 7 and run.best['epoch'] == 2 and run.best['errors'][1] == 0.3


def test_a_new_best_starts_the_count_anew():
    run, rounds = rounds_of([0.4, 0.5, 0.5, 0.5, 0.2] + [0.5] * 20, patience=2)
    assert run.best['epoch'] == 5 and rounds == 8


@pytest.mark.parametrize('ngrams', [None, 2])
def test_parameters_that_are_not_finite_are_never_the_best(ngrams, tmp_path, toy_path):
    def leap(lr, tparams, grads, x, mask, y, cost):
        return function([x, mask, y], cost), function(
            [lr], [], on_unused_input='ignore',
            updates=[(p, p * numpy.inf) for p in tparams.values()])
    with pytest.raises(BadInput, match='a probability became nan at update 1;'):
        train(toy_path, tmp_path / 'model.npz', optimizer=leap, validFreq=1, ngrams=ngrams)
    assert not (tmp_path / 'model.npz').exists()


def test_the_last_parameters_may_be_kept():
    run, rounds = rounds_of([0.4, 0.3] + [0.5] * 20, patience=3, keep='last')
    assert rounds == 7 == run.best['epoch'] and run.best['errors'][1] == 0.5


def test_a_cost_that_is_not_finite_stops_with_advice(tmp_path, toy_path):
    saveto = tmp_path / 'model.npz'
    spoilt = Watched('sgd', cost=lambda n, cost: cost if n < 2 else numpy.nan)
    with pytest.raises(BadInput, match='cost became nan at update 2;'):
        train(toy_path, saveto, optimizer=spoilt)
    assert saveto.exists()  # the parameters of before that cost are sound


def test_parameters_that_are_not_finite_are_not_saved(tmp_path, toy_path):
    def spoiling(lr, tparams, *arguments):
        f_grad_shared, f_update = lstm.sgd(lr, tparams, *arguments)

        def spoil(lr):
            tparams['b'].set_value(lstm.numpy_floatX([numpy.nan] * 2))
        spoil.get_shared = f_update.get_shared
        return f_grad_shared, spoil

    saveto = tmp_path / 'model.npz'
    with pytest.raises(BadInput, match='cost became nan at update 2;'):
        train(toy_path, saveto, optimizer=spoiling)
    assert not saveto.exists()


def test_interrupt_keeps_the_best(tmp_path, toy_path):
    saveto = tmp_path / 'model.npz'
    with pytest.raises(KeyboardInterrupt):
        train(toy_path, saveto, optimizer=Watched('rmsprop', {5: interrupt}))
    with numpy.load(str(saveto)) as saved:
        assert saved['history_errs'].shape == (1, 2) and saved['valid_err'] <= 1

    before = saveto.read_bytes()
    with pytest.raises(KeyboardInterrupt):  # nothing validated: the older model is better
        train(toy_path, saveto, optimizer=Watched('rmsprop', {5: interrupt}), validFreq=100,
              saveFreq=100)
    assert saveto.read_bytes() == before


def test_saveto_none_saves_nothing(tmp_path, toy_path):
    errors = lstm.train_lstm(path=toy_path, saveto=None, dim_proj=2, n_words=9, max_epochs=1,
                             saveFreq=1)
    assert len(errors) == 3 and sorted(os.listdir(str(tmp_path))) == ['imdb.dict.pkl', 'imdb.pkl']
