"""What every test needs: the scripts on the path, a float64 engine, one small model, toy data."""
import os
import pickle
import sys

# before any import of the engine; the optimizing compilers are tried by test_command_line.py
os.environ['THEANO_FLAGS'] = os.environ.get('THEANO_FLAGS', 'floatX=float64,mode=FAST_COMPILE')
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, ROOT)

import numpy  # noqa: E402
import pytest  # noqa: E402
from hypothesis import settings  # noqa: E402

import imdb  # noqa: E402
import lstm  # noqa: E402

settings.register_profile('unhurried', deadline=None)  # a first call compiles
settings.load_profile('unhurried')


def toy_reviews(n, seed, classes=2):
    """Reviews of 3 to 12 words whose class is that of their most frequent kind of word."""
    rng = numpy.random.RandomState(seed)
    labels = [i % classes for i in range(n)]
    reviews = [[2 + int(rng.randint(10)) + 10 * (y if rng.rand() < 0.9 else 0)
                for _ in range(rng.randint(3, 13))] for y in labels]
    return reviews, labels


def toy_word(index):
    """Return the word of an index, which no tokenizer takes apart."""
    return 'word' + chr(ord('a') + index % 26) + chr(ord('a') + index // 26)


def write_toy_pickle(path, n_train=60, n_test=23, classes=2):
    """Write an imdb.pkl of toy reviews: two pickles, train then test; and its dictionary."""
    with open(str(path).replace('.pkl', '.dict.pkl'), 'wb') as file:
        pickle.dump({toy_word(index): index for index in range(2, 12 + 10 * classes)}, file, 2)
    with open(str(path), 'wb') as file:
        pickle.dump(toy_reviews(n_train, 1, classes), file, 2)
        pickle.dump(toy_reviews(n_test, 2, classes), file, 2)
    return str(path)


@pytest.fixture
def toy_path(tmp_path):
    """Path of a toy imdb.pkl."""
    return write_toy_pickle(tmp_path / 'imdb.pkl')


@pytest.fixture(autouse=True)
def own_data_folder(tmp_path, monkeypatch):
    """No test reads or writes the project's data folder."""
    monkeypatch.setattr(imdb, 'DATA_DIR', str(tmp_path / 'data'))


@pytest.fixture(scope='session')
def small_model():
    """A model of three classes with random parameters: (options, params, f_pred_prob, f_pred)."""
    options = {'dim_proj': 6, 'n_words': 40, 'ydim': 3, 'encoder': 'lstm', 'use_dropout': True,
               'noise_std': 0., 'seed': 123}
    rng = numpy.random.RandomState(5)
    params = lstm.init_params(options, rng)
    params = {name: lstm.numpy_floatX(value + rng.normal(size=value.shape))
              for name, value in params.items()}
    model = lstm.build_model(lstm.init_tparams(params), options)
    return options, params, model[4], model[5]
