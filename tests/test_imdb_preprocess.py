"""Raw reviews become the same two files every time, whole or not at all."""
import os
import signal
import subprocess
import sys
import tarfile
import time

import pytest

import imdb_preprocess
from sentiment.data.safe_io import load_pickles
from sentiment.data.words import encode, tokenize
from tests.helpers import (REVIEWS, ROOT, as_texts, interrupt, run_python, toy_reviews,
                           write_archive, write_folder)
from tests.reviews import writers


def own(texts=10):
    """A corpus of one's own: a training set, no test set."""
    return {'train/%s/%d.txt' % (label, i): '%s %d' % (label, i)
            for label in ('pos', 'neg') for i in range(texts)}


def outputs(folder):
    """The bytes of the two files."""
    return [(folder / name).read_bytes() for name in ('imdb.pkl', 'imdb.dict.pkl')]


def test_folder_and_archive_give_the_same_bytes(tmp_path, capsys):
    sources = [write_folder(tmp_path / 'reviews'), write_archive(tmp_path / 'a.tar.gz'),
               write_archive(tmp_path / 'b.tar', dict(reversed(list(REVIEWS.items()))), mode='w')]
    results = []
    for number, source in enumerate(sources):
        out = tmp_path / str(number)
        assert imdb_preprocess.main([source, '--output-dir', str(out),
                                     '--jobs', str(1 + number % 2)]) == 0
        results.append(outputs(out))
    assert results[0] == results[1] == results[2]
    assert '4 reviews to train on, 2 to test' in capsys.readouterr().out


def test_what_the_files_hold(tmp_path):
    imdb_preprocess.preprocess(write_folder(tmp_path / 'reviews'), str(tmp_path))
    words, = load_pickles(str(tmp_path / 'imdb.dict.pkl'), 1)
    (train, train_y), (test, test_y) = load_pickles(str(tmp_path / 'imdb.pkl'), 2)
    assert train_y == [1, 1, 0, 0] and test_y == [1, 0]
    # '.' four times; 'a', 'bad' and ',' three times, in the order of the words themselves
    assert [words[w] for w in ('.', ',', 'a', 'bad')] == [2, 3, 4, 5]
    assert sorted(words.values()) == list(range(2, len(words) + 2))
    assert train[0] == [words[w] for w in 'a fine film , a fine day .'.split()]
    assert test == [[words['fine'], 1], [1, words['film']]]  # wine and überbad are unknown


def test_a_held_out_test_set_is_seeded_and_apart(tmp_path, capsys):
    source = write_folder(tmp_path / 'own', own())
    for name, seed in (('a', '1'), ('b', '1'), ('c', '2')):
        assert imdb_preprocess.main([source, '--output-dir', str(tmp_path / name), '--seed', seed,
                                     '--test-portion', '0.3', '--jobs', '1']) == 0
        said = capsys.readouterr()
        assert 'no test set in it' in said.err and len(said.out.splitlines()) == 1
    assert outputs(tmp_path / 'a') == outputs(tmp_path / 'b') != outputs(tmp_path / 'c')
    (train, train_y), (test, test_y) = load_pickles(str(tmp_path / 'a' / 'imdb.pkl'), 2)
    assert (len(train), sum(train_y), len(test), sum(test_y)) == (14, 7, 6, 3)
    words, = load_pickles(str(tmp_path / 'a' / 'imdb.dict.pkl'), 1)
    held_out = imdb_preprocess.read_both_sets(source, test_portion=0.3, seed=1)[1]
    assert [encode(tokenize(text), words) for text in held_out.texts] == test
    assert [int(label == 'positive') for label in held_out.labels] == test_y


@pytest.mark.parametrize('portion', ['0', '1', '0.99', 'nan'])
def test_a_held_out_portion_that_leaves_nothing(portion, tmp_path, capsys):
    source = write_folder(tmp_path / 'own', own())
    assert imdb_preprocess.main([source, '--output-dir', str(tmp_path / 'x'),
                                 '--test-portion', portion]) == 2
    assert 'leaves none' in capsys.readouterr().err


def test_a_seed_that_is_none_is_named(tmp_path, capsys):
    source = write_folder(tmp_path / 'own', own())
    assert imdb_preprocess.main([source, '--output-dir', str(tmp_path / 'x'),
                                 '--seed', str(2 ** 32)]) == 2
    assert 'seed=4294967296' in capsys.readouterr().err


@pytest.mark.parametrize('write, named', [
    (lambda path: str(path), 'mine: No such file'),
    (lambda path: write_folder(path, dict(REVIEWS, **{'test/neg/0_1.txt': b'caf\xe9'})),
     '0_1.txt: not UTF-8'),
    (lambda path: write_archive(path, extra=[tarfile.TarInfo('../x')]), "refused: member '../x'")])
def test_what_is_wrong_with_reviews_is_one_line_and_nothing_is_made(write, named, tmp_path, capsys):
    source = write(tmp_path / 'mine')
    assert imdb_preprocess.main([source, '--output-dir', str(tmp_path / 'out')]) == 2
    error = capsys.readouterr().err
    assert named in error and len(error.splitlines()) == 1 and not (tmp_path / 'out').exists()


def test_interrupt_is_status_130_and_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(os, 'fsync', lambda file: interrupt())  # before a file appears
    out = tmp_path / 'out'
    assert imdb_preprocess.main([write_folder(tmp_path / 'a'), '--output-dir', str(out)]) == 130
    assert os.listdir(str(out)) == []


@pytest.mark.parametrize('stop, status', [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stopped_process_leaves_no_half_file(stop, status, tmp_path):
    source = write_folder(tmp_path / 'long', {
        'train/%s/%d.txt' % (label, i): 'a long review, ' * 200
        for label in ('pos', 'neg') for i in range(1000)})
    process = subprocess.Popen([sys.executable, 'imdb_preprocess.py', source, '--output-dir',
                                str(tmp_path / 'out'), '--jobs', '2'], cwd=ROOT)
    while not (tmp_path / 'out').exists():
        assert process.poll() is None
        time.sleep(0.05)
    time.sleep(0.3)
    process.send_signal(stop)
    assert process.wait(timeout=60) == status
    assert os.listdir(str(tmp_path / 'out')) == []


@pytest.mark.parametrize('wrong', [['--jobs', '0'], ['--seed', '-1'], ['--jobs', 'all']])
def test_numbers_that_cannot_be(wrong, capsys):
    with pytest.raises(SystemExit) as caught:
        imdb_preprocess.main(['x', '--output-dir', 'y'] + wrong)
    assert caught.value.code == 2
    assert wrong[0] in capsys.readouterr().err


def test_help_fits_a_terminal():
    done = run_python('imdb_preprocess.py', '--help', environment={'COLUMNS': '80'})
    assert done.returncode == 0 and max(map(len, done.stdout.splitlines())) <= 80


@pytest.mark.parametrize('more', [['--test-portion', '0.3'], ['TEST']])
def test_parts_give_the_bytes_of_their_rows_in_one_table(more, tmp_path):
    reviews, labels = toy_reviews(30, 3)
    rows = [(text, ('bad', 'good')[label]) for text, label in zip(as_texts(reviews), labels)]
    (tmp_path / 'parts').mkdir()
    for k in range(3):
        writers.write_csv(tmp_path / 'parts' / ('%d.csv' % k),
                          [('text', 'class')] + rows[10 * k:10 * k + 10])
    whole = writers.write_csv(tmp_path / 'whole.csv', [('text', 'class')] + rows)
    found = []
    for source in (whole, str(tmp_path / 'parts' / '*.csv')):
        test = ['--test_path', source] if more == ['TEST'] else more
        out = tmp_path / ('out%d' % len(found))
        assert imdb_preprocess.main([source, '--output-dir', str(out)] + test) == 0
        found.append({path.name: path.read_bytes() for path in out.iterdir()})
    assert len(found[0]) == 3 and found[0] == found[1]
