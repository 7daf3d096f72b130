"""Sweep: many trainings, a table of them, and a test error of the best alone."""
import csv
import functools
import os

import pytest

import lstm
from sentiment import load_model
from sentiment.commands.main import main
from sentiment.data.safe_io import load_arrays
from sentiment.training.run import Diverged

SMALL = ['--n_words', '30', '--max_epochs', '2', '--validFreq', '5',
         '--optimizer', 'adagrad', '--test_size', '15']


def asked(path, folder, *more):
    return ['sweep', '--path', path, '--output', str(folder), '--dim_proj', '4',
            *SMALL, *more]


def rows_of(folder):
    with open(os.path.join(str(folder), 'table.csv'), newline='') as file:
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
    (['--saveto', 'x.npz'], 'unrecognized arguments')])
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
