"""Training on encoded parts: in one block it is that of the pickle; in many, it resumes."""
import os

import numpy
import pytest

import imdb
import lstm
from sentiment import evaluate, load_model, load_test_set
from sentiment.commands.main import main
from sentiment.data.safe_io import BadInput, load_arrays
from sentiment.data.streamed import open_sets
from sentiment.training.batches import batches_by_length, count_batches, draw_batches
from sentiment.wide import counting
from sentiment.wide.ngrams import begin
from tests.helpers import train, write_toy_parts
from tests.training.test_checkpoint import assert_resuming_is_as_good

DIFFERENT = {'options', 'data_sha256'}  # the path is an option


@pytest.fixture
def folder(tmp_path):
    return write_toy_parts(tmp_path / 'parts')


@pytest.mark.parametrize('settings', [
    {}, {'bucket': True, 'crop': 5, 'maxlen': 9, 'ngrams': 3, 'ngrams_in': 2, 'test_once': True,
         'stretches': 2, 'optimizer': 'adagrad', 'class_weight': 'balanced'}])
def test_one_block_is_the_training_of_the_pickle(settings, folder, toy_path, tmp_path, capsys):
    errors = [train(path, tmp_path / name, **settings)
              for path, name in ((toy_path, 'a.npz'), (folder, 'b.npz'))]
    assert errors[0] == errors[1]
    first, second = (load_arrays(str(tmp_path / name)) for name in ('a.npz', 'b.npz'))
    assert first.keys() == second.keys()
    for name in set(first) - DIFFERENT:
        numpy.testing.assert_array_equal(first[name], second[name], err_msg=name)
    assert 'words to train on, all of them in memory' in capsys.readouterr().err
    model = load_model(str(tmp_path / 'b.npz'))
    assert evaluate(model, load_test_set(model))['error'] == errors[1][2]


def test_a_resumed_stream_is_the_unbroken_one(folder, tmp_path, capsys):
    # a block has some 9 reviews; stopped amid one, at a validation, and at the end of an epoch
    assert_resuming_is_as_good(folder, tmp_path, (5, 4, 1), 'adagrad', lrate=0.1, buffer=80,
                               batch_size=4, noise_std=0.1, max_epochs=2, validFreq=9)
    assert 'words to train on, of which 80 are in memory' in capsys.readouterr().err


def test_another_buffer_is_another_run(folder, tmp_path):
    train(folder, tmp_path / 'model.npz', max_epochs=1)
    with pytest.raises(BadInput, match='cannot be resumed: buffer was 8388608 and is 90 now'):
        train(folder, tmp_path / 'model.npz', buffer=90, resume=True)


def test_a_buffer_that_is_not_read_is_said(toy_path, tmp_path, capsys):
    train(toy_path, None, max_epochs=1, buffer=5)
    assert 'buffer=5 is not read: all reviews are in memory' in capsys.readouterr().err


@pytest.mark.parametrize('bucket', [False, True])
@pytest.mark.parametrize('buffer', [60, 10 ** 6])
def test_an_epoch_has_each_review_once(bucket, buffer, folder):
    (reviews, _), _ = open_sets(os.path.join(folder, 'imdb.parts'))
    options, rng = {'bucket': bucket, 'batch_size': 4}, numpy.random.RandomState(3)
    blocks = reviews.blocks(buffer, rng)
    batches = list(draw_batches(blocks, reviews.lengths, options, rng))
    assert len(batches) == count_batches(blocks, 4)
    assert sorted(numpy.concatenate(batches)) == list(range(60))
    measured = list(batches_by_length(reviews, 4, buffer))
    assert [number for number, _ in measured] == list(range(len(measured)))
    measured = numpy.concatenate([some for _, some in measured])
    assert sorted(measured) == list(range(60))
    falls = numpy.count_nonzero(numpy.diff(reviews.lengths[measured]) < 0)
    assert falls < len(reviews.blocks(buffer))  # within a block, the shortest come first


@pytest.mark.parametrize('buffer', [40, 60, 90])
def test_each_epoch_ends_with_its_validation(buffer, folder, tmp_path):
    path = str(tmp_path / 'model.npz')
    train(folder, path, buffer=buffer, max_epochs=4, validFreq=-1, saveFreq=-1, batch_size=3,
          maxlen=None)
    updates = load_arrays(path)['history'][:, 0]
    assert len(updates) == 4 and numpy.diff(updates, prepend=0).min() >= 57 / 3  # all reviews


def test_a_folder_of_both_forms_is_asked_which_is_meant(folder):
    open(os.path.join(folder, 'imdb.pkl'), 'wb').close()
    with pytest.raises(BadInput, match='holds imdb.pkl and encoded parts'):
        imdb.load_data(folder)


def test_parts_without_their_list_are_one_line(folder):
    os.remove(os.path.join(folder, 'imdb.parts'))
    with pytest.raises(BadInput, match='holds encoded parts and not imdb.parts'):
        imdb.load_data(folder)


def test_the_validation_set_is_of_all_parts(tmp_path):
    folder = write_toy_parts(tmp_path / 'many', 400, n_parts=2)
    options = {'dataset': 'imdb', 'path': folder, 'n_words': 30, 'maxlen': None, 'test_size': 7,
               'seed': 1}
    train, valid, test = lstm.load_sets(options, numpy.random.RandomState(1))
    parts = valid[0].parts
    assert set(parts.part_of(valid[0].reviews)) == {0, 1} and len(valid[0]) == 20
    assert len(test[0]) == len(test[1]) == 7 and test[0].streams
    assert not set(valid[0].reviews) & set(train[0].reviews)


def test_ngrams_are_counted_some_at_once(folder, toy_path, monkeypatch):
    options = {'n_words': 30, 'ngrams': 3, 'ngrams_in': 2, 'ydim': 2, 'buffer': 70, 'maxlen': None,
               'dataset': 'imdb', 'test_size': -1, 'seed': 1}
    found = []
    for path, piece in ((toy_path, 10 ** 9), (folder, 100)):
        monkeypatch.setattr(counting, 'PIECE', piece)
        sets = lstm.load_sets(dict(options, path=path), numpy.random.RandomState(1))
        found.append(begin(sets[0], options))
    for name in found[0]:
        numpy.testing.assert_array_equal(found[0][name], found[1][name], err_msg=name)


def test_stretches_of_more_than_memory_are_refused(folder, monkeypatch):
    monkeypatch.setattr(imdb, 'BUFFER', 99)
    with pytest.raises(BadInput, match='imdb.parts: stretches compares .* where 99 are the most'):
        imdb.load_data(folder, stretches=2)
    imdb.load_data(folder)


def test_damaged_parts_are_one_line(folder, tmp_path, capsys):
    os.truncate(os.path.join(folder, '2.words'), 99)
    assert main(['--path', folder, '--saveto', str(tmp_path / 'model.npz')]) == 2
    err = capsys.readouterr().err
    assert '2.words: cut off or damaged' in err and len(err.splitlines()) == 1
    assert not (tmp_path / 'model.npz').exists()


def test_parts_are_preprocessed_already(folder, capsys):
    assert main(['--path', folder, '--text_column', 'text']) == 2
    assert 'is preprocessed already' in capsys.readouterr().err
