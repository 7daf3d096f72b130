"""Real schedulers and workers on loopback: what is done is done once, and as on one machine."""
import os
import threading
import time

import pytest

import imdb_preprocess
from sentiment.commands.main import main
from sentiment.data.safe_io import BadInput
from sentiment.scaling.each import each_answer
from tests.commands.test_parts import contents, write_parts
from tests.helpers import assert_same_model, run_python, write_archive
from tests.scaling import running

dask = pytest.importorskip('dask')
pytest.importorskip('distributed')
pytestmark = [pytest.mark.xdist_group('dask'), pytest.mark.once]


@pytest.fixture(scope='module')
def cluster(tmp_path_factory):
    with running.cluster(tmp_path_factory.mktemp('dask'),
                         DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES='1') as processes:
        yield processes


@pytest.fixture(autouse=True)
def soon():
    """Give up after 3 s what has gone."""
    with dask.config.set({'distributed.comm.timeouts.connect': '3s'}):
        yield


def test_parts_have_the_bytes_of_the_single_machine(saved, cluster, tmp_path, capsys):
    tables, here, there = write_parts(tmp_path / 'parts', 12), tmp_path / 'here', tmp_path / 'there'
    here.mkdir()
    assert main(['predict', saved[0], tables, '--output', str(here)]) == 0
    command = ['predict', saved[0], tables, '--output', str(there), '--cluster', cluster.file]
    assert main(command) == 0
    assert len(contents(here)) == 13 and contents(here) == contents(there)
    measured = []
    for more in ([], ['--cluster', cluster.file]):
        capsys.readouterr()
        assert main(['evaluate', saved[0], '--path', tables + '/*', '--json'] + more) == 0
        measured.append(capsys.readouterr().out)
    assert measured[0] == measured[1]


def test_the_preprocessed_files_have_the_bytes_of_the_single_machine(cluster, tmp_path):
    tables = write_parts(tmp_path / 'parts', 6)
    for name, more in (('here', []), ('there', ['--cluster', cluster.file])):
        assert imdb_preprocess.main([tables + '/*', '--output-dir', str(tmp_path / name),
                                     '--test-portion', '0.4'] + more) == 0
    assert len(contents(tmp_path / 'here')) == 3
    assert contents(tmp_path / 'here') == contents(tmp_path / 'there')


def test_encoded_parts_have_the_bytes_of_the_single_machine(cluster, tmp_path):
    tables = write_parts(tmp_path / 'parts', 6)
    archive = write_archive(tmp_path / 'reviews.tar.gz')
    for name, more in (('here', []), ('there', ['--cluster', cluster.file])):
        for source in (tables + '/*', archive):
            out = str(tmp_path / (name + os.path.basename(source)[:3]))
            assert imdb_preprocess.main([source, '--output-dir', out, '--parts', '--test-portion',
                                         '0.4'] + more) == 0
    assert len(contents(tmp_path / 'here*')) == 9 and len(contents(tmp_path / 'hererev')) == 5
    for end in ('*', 'rev'):
        assert contents(tmp_path / ('here' + end)) == contents(tmp_path / ('there' + end))


def test_a_dead_worker_s_items_are_done_by_others(cluster):
    answers = each_answer(running.slow_square, range(30), cluster.file)
    found = [next(answers)]
    cluster.kill_worker(0)
    cluster.add_worker()
    with pytest.raises(BadInput, match='1 of 30 parts could not be done, such as 13: unlucky'):
        for answer in answers:
            found.append(answer)
    assert sorted(found) == [(k, k * k) for k in range(30) if k != 13]


@pytest.mark.parametrize('what, names', [
    (['--seed', '1,2,3', '--lrate', '0.1'], ['trial-0', 'trial-1', 'trial-2']),
    (['--lrate', '0.001:0.3', '--trials', '3', '--guided', '1', '--folds', '2'],
     ['trial-%d-fold-%d' % (k, fold) for k in range(3) for fold in (1, 2)])])
def test_a_dead_worker_s_trial_resumes_on_another(toy_path, cluster, tmp_path, what, names):
    if '--guided' in what:
        pytest.importorskip('optuna')

    def command(folder, save):
        return ['sweep', '--path', toy_path, '--output', str(folder), '--dim_proj', '4',
                '--n_words', '30', '--optimizer', 'adagrad', '--validFreq', '8', '--max_epochs',
                '40', '--patience', '99', '--saveFreq', save, *what]

    done = []
    killer = threading.Thread(target=kill_when_there, args=(
        cluster, tmp_path / 'there' / (names[0] + '.checkpoint.npz'), done), daemon=True)
    killer.start()
    assert main(command(tmp_path / 'there', '1') + ['--cluster', cluster.file]) == 0
    killer.join()
    assert len(done) < len(names)  # of the trainings, when the worker died
    alone = run_python('lstm.py', *command(tmp_path / 'here', '-1'),  # of one thread too
                       environment={'OMP_NUM_THREADS': '1'})
    assert alone.returncode == 0, alone.stderr
    tables = [(tmp_path / name / 'table.csv').read_bytes() for name in ('there', 'here')]
    assert tables[0] == tables[1]
    for trial in names:
        assert_same_model(*[tmp_path / name / (trial + '.npz') for name in ('there', 'here')])


def kill_when_there(cluster, path, done):
    """Kill one of two workers that train once a file is there, and start another."""
    while not path.exists():
        time.sleep(0.01)
    cluster.kill_worker(0)
    done += path.parent.glob('trial-*-*.json')
    cluster.add_worker()


def test_an_item_that_kills_its_workers_is_named(cluster):
    cluster.add_worker()
    cluster.add_worker()
    found = []
    with pytest.raises(BadInput, match='1 of 2 .* 7: the workers that took it died'):
        for answer in each_answer(running.kill_own_worker, [0, 7], cluster.file):
            found.append(answer)
    assert found == [(0, 0)]


def test_what_is_said_there_is_said_here(cluster, capsys):
    assert len(list(each_answer(running.slow_square, range(4), cluster.file))) == 4
    err = capsys.readouterr().err
    assert err.count(': an odd one') == 2 and '2 times in all, or the like of it: ' in err


def test_a_scheduler_that_goes_is_a_line_and_the_next_one_goes_on(cluster):
    answers = each_answer(running.slow_square, range(40), cluster.file)
    next(answers)
    cluster.kill(cluster.scheduler)
    with pytest.raises(BadInput, match='the scheduler has gone; .* the same command goes on'):
        list(answers)
    cluster.start_scheduler()
    cluster.add_worker()
    assert dict(each_answer(running.slow_square, range(3), cluster.file)) == {0: 0, 1: 1, 2: 4}


def test_no_scheduler_is_one_line(saved, tmp_path, capsys):
    tables = write_parts(tmp_path / 'parts', 1)
    assert main(['predict', saved[0], tables, '--output', str(tmp_path / 'out'), '--cluster',
                 'tcp://127.0.0.1:1']) == 2
    err = capsys.readouterr().err
    assert '--cluster tcp://127.0.0.1:1: no scheduler' in err and len(err.splitlines()) == 1
    assert os.listdir(str(tmp_path / 'out')) == ['_manifest.json']


def test_local_workers_do_the_same(cluster):
    assert dict(each_answer(running.slow_square, range(3), 'local')) == {0: 0, 1: 1, 2: 4}
