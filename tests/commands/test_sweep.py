"""Sweep: many trainings, a table of them, and a test error of the best alone."""
import csv
import functools
import json
import os
import sys

import numpy
import pytest

import lstm
from sentiment import average, evaluate, load_model, load_test_set
from sentiment.commands.main import main
from sentiment.data.safe_io import load_arrays
from sentiment.training.run import Diverged
from tests.helpers import write_toy_pickle

SMALL = ['--n_words', '30', '--max_epochs', '2', '--validFreq', '5',
         '--optimizer', 'adagrad', '--test_size', '15']


def asked(path, folder, *more):
    return ['sweep', '--path', path, '--output', str(folder), '--dim_proj', '4',
            *SMALL, *more]


def rows_of(folder):
    with open(os.path.join(str(folder), 'table.csv'), newline='', encoding='utf-8') as file:
        return list(csv.DictReader(file))


def test_the_table_has_each_trial_and_the_best_is_the_training_s_own(toy_path, tmp_path, capsys):
    out = tmp_path / 'sweep'
    assert main(asked(toy_path, out, '--seed', '1', '--lrate', '0.05,0.2', '--best', '2')) == 0
    rows, told = rows_of(out), capsys.readouterr().out
    assert sorted(row['trial'] for row in rows) == ['trial-0', 'trial-1']
    errors = [float(row['valid_err']) for row in rows]
    assert errors == sorted(errors) and [bool(row['test_err']) for row in rows] == [
        True, False]
    best = rows[0]
    own = lstm.train_lstm(path=toy_path, saveto=None, dim_proj=4, n_words=30, max_epochs=2,
                          validFreq=5, optimizer='adagrad', test_size=15, seed=1,
                          lrate=float(best['lrate']))
    assert own[1:] == pytest.approx((errors[0], float(best['test_err'])))
    assert 'best of 2 trials: ' + str(out / (best['trial'] + '.npz')) in told
    assert 'average of %s, %s: test error' % (best['trial'], rows[1]['trial']) in told


def test_no_trial_sees_the_test_set_but_its_model_can(toy_path, tmp_path):
    out = tmp_path / 'sweep'
    assert main(asked(toy_path, out)) == 0
    saved = load_arrays(str(out / 'trial-0.npz'))
    assert saved['test_err'] != saved['test_err']
    assert load_model(str(out / 'trial-0.npz')).options['test_size'] == -1


def test_a_stopped_sweep_goes_on_from_its_checkpoint(toy_path, tmp_path, monkeypatch):
    train, begun = lstm.train_lstm, []

    @functools.wraps(train)
    def train_and_stop(**settings):
        begun.append((os.path.basename(settings['saveto']), settings['resume']))
        if len(begun) == 2:
            train(**dict(settings, max_epochs=1))
            raise KeyboardInterrupt
        return train(**settings)

    monkeypatch.setattr(lstm, 'train_lstm', train_and_stop)
    command = asked(toy_path, tmp_path / 'broken', '--seed', '1,2,3', '--lrate', '0.1')
    assert main(command) == 130
    assert main(command) == 0
    assert begun == [('trial-0.npz', False), ('trial-1.npz', False), ('trial-1.npz', True),
                     ('trial-2.npz', False)]
    assert main(asked(toy_path, tmp_path / 'whole', '--seed', '1,2,3', '--lrate', '0.1')) == 0
    assert rows_of(tmp_path / 'broken') == rows_of(tmp_path / 'whole')


def own_training(path, **settings):
    """Return the errors of a training with the settings that all of these sweeps have."""
    return lstm.train_lstm(**dict(dict(path=path, dim_proj=4, n_words=30, max_epochs=2, validFreq=5,
                                       optimizer='adagrad', test_size=15, saveto=None), **settings))


def test_a_setting_of_folds_is_the_mean_of_trainings_by_hand(toy_path, tmp_path, capsys):
    out = tmp_path / 'sweep'
    assert main(asked(toy_path, out, '--lrate', '0.02,0.1', '--folds', '3')) == 0
    rows, told = rows_of(out), capsys.readouterr().out
    assert float(rows[0]['valid_err']) <= float(rows[1]['valid_err']) and len(rows) == 2
    for row in rows:
        errors = [own_training(toy_path, lrate=float(row['lrate']), fold='%d/3' % k,
                               saveto=str(tmp_path / ('%s-%d.npz' % (row['trial'], k))))[1]
                  for k in (1, 2, 3)]
        assert float(row['valid_err']) == numpy.mean(errors)
        assert float(row['spread']) == numpy.std(errors, ddof=1) > 0
    best = average([load_model(str(tmp_path / ('%s-%d.npz' % (rows[0]['trial'], k))))
                    for k in (1, 2, 3)])
    error = evaluate(best, load_test_set(best))['error']
    assert [row['test_err'] for row in rows] == [str(error), '']
    assert '-fold-*.npz, valid error %.4f, the mean of 3 folds (spread %.4f), test error %.4f of ' \
        'their average' % (float(rows[0]['valid_err']), float(rows[0]['spread']), error) in told


def test_folds_go_with_halving(toy_path, tmp_path):
    out = tmp_path / 'sweep'
    assert main(asked(toy_path, out, '--lrate', '0.01,0.3', '--folds', '2', '--halving', '1')) == 0
    assert [row['epochs'] for row in rows_of(out)] == ['2', '1']
    assert len(list(out.glob('trial-*-fold-*.json'))) == 2 * 2 + 2


def test_guided_sweeps_of_a_seed_are_one_and_a_stopped_one_goes_on(toy_path, tmp_path, monkeypatch):
    pytest.importorskip('optuna')
    train, begun = lstm.train_lstm, []

    @functools.wraps(train)
    def train_or_stop(**settings):
        begun.append(settings['lrate'])
        if len(begun) == 4:  # the second of the second round
            raise KeyboardInterrupt
        return train(**settings)

    monkeypatch.setattr(lstm, 'train_lstm', train_or_stop)
    asked_for = '--lrate', '0.01:0.3', '--trials', '5', '--guided', '2'
    command = asked(toy_path, tmp_path / 'broken', *asked_for)
    assert main(command) == 130
    assert main(command) == 0
    assert len(begun) == 6 and begun[3] == begun[4]
    assert main(asked(toy_path, tmp_path / 'whole', *asked_for)) == 0
    tables = [(tmp_path / name / 'table.csv').read_bytes() for name in ('broken', 'whole')]
    assert tables[0] == tables[1]
    assert main(asked(toy_path, tmp_path / 'other', *asked_for, '--draw_seed', '1')) == 0
    assert (tmp_path / 'other' / 'table.csv').read_bytes() != tables[0]


def test_guided_ends_where_nothing_is_left_to_suggest(toy_path, tmp_path):
    pytest.importorskip('optuna')
    assert main(asked(toy_path, tmp_path / 'sweep', '--seed', '1,2', '--trials', '9',
                      '--guided')) == 0
    assert sorted(row['seed'] for row in rows_of(tmp_path / 'sweep')) == ['1', '2']


def test_halving_stops_the_worse_and_trains_the_better_on(toy_path, tmp_path):
    out = tmp_path / 'sweep'
    command = asked(toy_path, out, '--lrate', '0.01:0.3', '--trials', '3', '--halving', '1',
                    '--validFreq', '-1')
    assert main(command) == 0
    rows = rows_of(out)
    assert [row['epochs'] for row in rows] == ['2', '2', '1']
    own = lstm.train_lstm(path=toy_path, saveto=None, dim_proj=4, n_words=30, max_epochs=2,
                          validFreq=-1, optimizer='adagrad', lrate=float(rows[0]['lrate']))
    assert own[1] == pytest.approx(float(rows[0]['valid_err']))  # as if it had never paused


def test_a_training_that_diverges_is_a_row_and_no_end(toy_path, tmp_path, monkeypatch):
    train = lstm.train_lstm

    @functools.wraps(train)
    def diverge(**settings):
        if settings['lrate'] > 1:
            raise Diverged('the cost became nan at update 3')
        return train(**settings)

    monkeypatch.setattr(lstm, 'train_lstm', diverge)
    assert main(asked(toy_path, tmp_path / 'sweep', '--lrate', '9,0.1')) == 0
    rows = rows_of(tmp_path / 'sweep')
    assert [row['problem'] for row in rows] == ['', 'the cost became nan at update 3']
    assert [row['trial'] for row in rows] == ['trial-1', 'trial-0']


@pytest.mark.parametrize('more, word', [
    (['--lrate', '0.1:1'], 'say how many --trials'),
    (['--lrate', '1:0.1', '--trials', '2'], 'no range from low to high'),
    (['--seed', '1,1'], 'names a value twice'), (['--seed', '1,x'], "'1,x'"),
    (['--dim_proj', '4,0'], 'dim_proj: 0 is not from 1'),
    (['--optimizer', 'sgd,none'], "optimizer: 'none' is not one of"),
    (['--max_epochs', '2,4', '--halving', '1'], 'max_epochs: with --halving'),
    (['--saveto', 'x.npz'], 'unrecognized arguments'),
    (['--fold', '1/2'], 'unrecognized arguments'), (['--folds', '1'], '1 is too small'),
    (['--seed', '1,2', '--guided'], '--guided: say how many --trials'),
    (['--trials', '2', '--guided'], 'give an option several values'),
    (['--seed', '1,2', '--trials', '2', '--guided', '--halving', '1'], 'not with --halving'),
    (['--dim_proj', '0:4', '--trials', '2', '--guided'], 'dim_proj: 0 is not from 1')])
def test_what_cannot_be_swept_is_one_line(toy_path, tmp_path, capsys, more, word):
    try:
        status = main(asked(toy_path, tmp_path / 'sweep', *more))
    except SystemExit as error:
        status = error.code
    err = capsys.readouterr().err
    assert status == 2 and word in err and len(err.splitlines()) == 1
    assert not (tmp_path / 'sweep').exists()


def test_another_sweep_leaves_what_is_there(toy_path, tmp_path, capsys):
    out = tmp_path / 'sweep'
    assert main(asked(toy_path, out)) == 0
    assert main(asked(toy_path, out, '--lrate', '0.3')) == 2
    assert 'lrate is 0.0001 there and 0.3 now' in capsys.readouterr().err


def test_a_record_of_another_setting_is_no_answer(toy_path, tmp_path, capsys):
    """Some of a grid are drawn in no order; the whole grid, of the same names, is in order."""
    out, grid = tmp_path / 'sweep', ('--seed', '1,2', '--lrate', '0.1,0.2')
    assert main(asked(toy_path, out, *grid, '--trials', '3')) == 0
    before = (out / 'table.csv').read_bytes()
    assert main(asked(toy_path, out, *grid, '--trials', '4')) == 2
    err = capsys.readouterr().err.splitlines()[-1]
    assert 'json: what is there was made with another setting' in err
    assert (out / 'table.csv').read_bytes() == before


def test_too_many_folds_are_one_line_before_the_long_work(toy_path, tmp_path, capsys):
    out = tmp_path / 'sweep'
    assert main(asked(toy_path, out, '--seed', '1,2', '--folds', '61')) == 2
    err = capsys.readouterr().err
    assert 'too few for 61 folds' in err and len(err.splitlines()) == 1 and not out.exists()


def test_other_data_under_the_same_name_are_another_setting(toy_path, tmp_path, capsys):
    out = tmp_path / 'sweep'
    assert main(asked(toy_path, out, '--seed', '1,2')) == 0
    before = (out / 'table.csv').read_bytes()
    write_toy_pickle(toy_path, n_train=80)
    assert main(asked(toy_path, out, '--seed', '1,2')) == 2
    assert 'another setting: data is ' in capsys.readouterr().err
    assert (out / 'table.csv').read_bytes() == before


@pytest.mark.parametrize('damage', [
    b'', b'{"verb"', b'[1, 2]', b'null', b'[' * 100000, b'\xff\xfe', b'{"a": 1}' * 2])
def test_a_damaged_manifest_is_one_line_and_nothing_is_trained(toy_path, tmp_path, capsys, damage):
    out = tmp_path / 'sweep'
    out.mkdir()
    (out / '_manifest.json').write_bytes(damage)
    assert main(asked(toy_path, out)) == 2
    err = capsys.readouterr().err
    assert '_manifest.json: damaged' in err and len(err.splitlines()) == 1
    assert os.listdir(str(out)) == ['_manifest.json']
    assert (out / '_manifest.json').read_bytes() == damage


@pytest.mark.parametrize('change', [
    {'valid_err': float('nan')}, {'valid_err': 2}, {'valid_err': None}, {'trial': 'trial-7'},
    {'epochs': 1}, {'settings': 3}])
def test_a_damaged_record_is_one_line(toy_path, tmp_path, capsys, change):
    out = tmp_path / 'sweep'
    out.mkdir()
    with open(str(out / 'trial-0-2.json'), 'w') as file:
        json.dump(dict({'trial': 'trial-0', 'epochs': 2, 'valid_err': 0.1, 'problem': None},
                       **change), file)
    (out / '_manifest.json').write_bytes(manifest_of(toy_path, tmp_path))
    capsys.readouterr()
    assert main(asked(toy_path, out)) == 2
    err = capsys.readouterr().err
    assert 'trial-0-2.json: damaged' in err and len(err.splitlines()) == 1


def manifest_of(path, tmp_path):
    """Return the manifest of a sweep that stops at once."""
    def stop(**settings):
        raise KeyboardInterrupt
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lstm, 'train_lstm', functools.wraps(lstm.train_lstm)(stop))
        assert main(asked(path, tmp_path / 'stopped')) == 130
    return (tmp_path / 'stopped' / '_manifest.json').read_bytes()


def test_a_sweep_of_before_goes_on_and_one_of_another_version_is_named(toy_path, tmp_path, capsys):
    out, manifest = tmp_path / 'sweep', json.loads(manifest_of(toy_path, tmp_path).decode())
    for name in ('folds', 'guided'):
        del manifest[name]
    del manifest['fixed']['fold']
    out.mkdir()
    (out / 'trial-0-2.json').write_text(json.dumps(
        {'trial': 'trial-0', 'epochs': 2, 'valid_err': None, 'problem': 'the cost became nan'}))
    (out / '_manifest.json').write_text(json.dumps(manifest))
    assert main(asked(toy_path, out)) == 2
    assert 'no trial came to an end: the cost became nan' in capsys.readouterr().err
    (out / '_manifest.json').write_text(json.dumps(dict(manifest, version='0.0.9')))
    assert main(asked(toy_path, out)) == 2
    assert "version is '0.0.9' there and '" in capsys.readouterr().err.splitlines()[-1]


def test_without_matplotlib_the_picture_alone_is_left_out(toy_path, tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, 'matplotlib', None)
    assert main(asked(toy_path, tmp_path / 'sweep')) == 0
    err = capsys.readouterr().err
    assert sum('table.png left out' in line for line in err.splitlines()) == 1
    assert rows_of(tmp_path / 'sweep') and not (tmp_path / 'sweep' / 'table.png').exists()
