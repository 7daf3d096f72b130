"""A saved model is whole and plain; what is not one is refused in a line."""
import io
import os
import zipfile

import numpy
import pytest

import lstm
from sentiment.data.pickles import read_sets
from sentiment.data.safe_io import MAX_BYTES, BadInput, load_arrays
from sentiment.training.model_file import reload_params
from tests.helpers import NAMES, toy_word, train, write_pickles, write_toy_pickle


def test_a_file_of_the_tutorials_own_loads(tmp_path, small_model):
    params = small_model[1]
    path = str(tmp_path / 'old.npz')
    numpy.savez(path, history_errs=[[0.5, 0.5]], train_err=0.1, **params)
    loaded = lstm.load_params(path, {name: numpy.zeros_like(p) for name, p in params.items()})
    for name in NAMES:
        numpy.testing.assert_array_equal(loaded[name], params[name])


def damaged_zip(header):
    """Return the bytes of an .npz whose only array has this header."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, 'w') as archive:
        header = header.ljust(117) + b'\n'
        archive.writestr('b.npy', b'\x93NUMPY\x01\x00' + bytes([len(header), 0]) + header)
    return file.getvalue()


@pytest.mark.parametrize('header', [
    b"{'descr': '<f8', 'fortran_order': False, 'shape': (3,",
    b"{'descr': '<f8', 'fortran_order': False, 'shape': (" + b'9' * 30 + b',), }'])
def test_a_damaged_header_is_one_line(header, tmp_path):
    (tmp_path / 'model.npz').write_bytes(damaged_zip(header))
    with pytest.raises(BadInput, match='cannot be read as a saved model'):
        lstm.load_params(str(tmp_path / 'model.npz'), {'b': numpy.zeros(2)})


def bad_models(params):
    """Yield (what is wrong, function that writes such a file)."""
    def without(name):
        return {k: v for k, v in params.items() if k != name}
    yield 'shape', lambda path: numpy.savez(path, **dict(params, b=numpy.zeros(9)))
    yield 'lstm_U', lambda path: numpy.savez(path, **without('lstm_U'))
    for b in (params['b'] * numpy.nan, numpy.array(['', '', ''])):
        yield 'not a number', lambda path, b=b: numpy.savez(path, **dict(params, b=b))
    yield 'cannot be read', lambda path: open(path, 'wb').write(b'not a model')
    yield 'cannot be read', lambda path: open(path, 'wb').close()
    yield 'cannot be read', lambda path: numpy.savez(
        path, **dict(params, b=numpy.array([print, {}], dtype=object)))
    yield 'cannot be read', lambda path: numpy.save(open(path, 'wb'), params['b'])
    yield 'cannot be read', truncated(params)
    yield 'No such file', lambda path: None
    yield 'more than', zip_bomb(params)
    yield 'cannot be read', huge_header(params)


def truncated(params):
    def write(path):
        numpy.savez(path, **params)
        size = os.path.getsize(path)
        with open(path, 'r+b') as file:
            file.truncate(size // 2)
    return write


def zip_bomb(params):
    def write(path):
        with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED) as archive:
            for k in range(2):
                archive.writestr('%d.npy' % k, bytes(MAX_BYTES // 16))
    return write


def huge_header(params):
    """An array of a few bytes that says that it is a million times a million."""
    def write(path):
        numpy.savez(path, **params)
        header = io.BytesIO()
        numpy.lib.format.write_array_header_1_0(
            header, {'descr': '<f8', 'fortran_order': False, 'shape': (10 ** 6, 10 ** 6)})
        with zipfile.ZipFile(path, 'a') as archive:
            archive.writestr('more.npy', header.getvalue())
    return write


def test_bad_models_are_refused_in_one_line(tmp_path, small_model):
    params = small_model[1]
    for number, (problem, write) in enumerate(bad_models(params)):
        path = str(tmp_path / ('%d.npz' % number))
        write(path)
        with pytest.raises(BadInput) as caught:
            lstm.load_params(path, dict(params))
        assert problem in str(caught.value) and '\n' not in str(caught.value), number


@pytest.mark.parametrize('name', ['imdb.pkl', 'imdb.dict.pkl'])
def test_saving_does_not_replace_what_is_no_model(name, tmp_path, toy_path):
    before = (tmp_path / name).read_bytes()
    with pytest.raises(BadInput, match='not a model'):
        train(toy_path, tmp_path / name)
    assert (tmp_path / name).read_bytes() == before


def test_full_disk_while_saving_keeps_the_old_model(tmp_path, toy_path, monkeypatch):
    saveto = tmp_path / 'model.npz'
    train(toy_path, saveto)
    before = saveto.read_bytes()

    def full(file, *args, **keywords):
        file.write(b'half a mod')
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(numpy, 'savez', full)
    with pytest.raises(BadInput, match='No space left on device'):
        train(toy_path, saveto)
    assert saveto.read_bytes() == before
    assert sorted(os.listdir(str(tmp_path))) == [
        'imdb.dict.pkl', 'imdb.pkl', 'model.checkpoint.npz', 'model.npz']


def test_zip_is_what_numpy_reads(tmp_path, toy_path):
    train(toy_path, tmp_path / 'model.npz', max_epochs=1)
    assert zipfile.ZipFile(str(tmp_path / 'model.npz')).testzip() is None


# --- Training on from a model -----------------------------------------------------------------


def write_in_other_order(path, source):
    """Write the reviews of a pickle with its words numbered the other way round; return the path.
    """
    train_set, test_set = read_sets(source)
    other = [33 - k for k in range(34)]
    write_pickles(str(path).replace('.pkl', '.dict.pkl'),
                  {toy_word(k): other[k] for k in range(2, 32)})
    return write_pickles(path, *(([[other[int(k)] for k in review] for review in reviews],
                                  labels.tolist()) for reviews, labels in (train_set, test_set)))


def test_rows_of_the_embedding_follow_their_words(tmp_path, capsys):
    source = write_toy_pickle(tmp_path / 'imdb.pkl')
    settings = dict(n_words=32, dim_proj=8, batch_size=4, optimizer='adadelta')
    train(source, tmp_path / 'a.npz', max_epochs=30, validFreq=30, **settings)
    error = float(load_arrays(str(tmp_path / 'a.npz'))['test_err'])
    other = write_in_other_order(tmp_path / 'other.pkl', source)
    again = dict(settings, optimizer='sgd', lrate=0., max_epochs=1)
    errors = train(other, tmp_path / 'b.npz', reload_model=str(tmp_path / 'a.npz'), **again)
    assert errors[2] == error <= 0.15
    assert '30 of 30 words take their embedding from it; 0 start fresh' in capsys.readouterr().err


def test_new_words_start_fresh_and_all_is_counted(tmp_path, capsys):
    path = str(tmp_path / 'a.npz')
    rows = numpy.arange(8.).reshape(4, 2)
    numpy.savez(path, Wemb=rows, vocabulary=numpy.array(['old', 'both']), b=numpy.zeros(2))
    fresh = {'Wemb': -numpy.ones((5, 2)), 'b': numpy.ones(2)}
    params = reload_params(path, fresh, numpy.array(['both', 'new', '']))
    numpy.testing.assert_array_equal(params['Wemb'],
                                     [rows[0], rows[1], rows[3], [-1, -1], [-1, -1]])
    assert '1 of 3 words' in capsys.readouterr().err


def test_rows_of_unknown_words_are_said_to_be_so(tmp_path, capsys):
    path = str(tmp_path / 'old.npz')
    numpy.savez(path, Wemb=numpy.ones((5, 2)))
    params = reload_params(path, {'Wemb': numpy.zeros((5, 2))}, numpy.array(['a', 'b', 'c']))
    assert params['Wemb'].all() and 'are not known' in capsys.readouterr().err


@pytest.mark.parametrize('wrong', [
    {'vocabulary': numpy.zeros(2)}, {'vocabulary': numpy.array(['a'] * 9)},
    {'Wemb': numpy.zeros(3)}, {'Wemb': numpy.zeros((4, 3))}, {'Wemb': numpy.full((4, 2), 'a')}])
def test_a_wrong_vocabulary_is_one_line(wrong, tmp_path):
    path = str(tmp_path / 'wrong.npz')
    numpy.savez(path, **dict({'Wemb': numpy.zeros((4, 2)), 'vocabulary': numpy.array(['a', 'b'])},
                             **wrong))
    with pytest.raises(BadInput, match='wrong.npz'):
        reload_params(path, {'Wemb': numpy.zeros((4, 2))}, numpy.array(['a', 'b']))
