"""What every test needs: the scripts on the path, a float64 engine, one small model, toy data."""
import os
import sys

# before any import of the engine; the optimizing compilers are tried by commands/test_train.py
os.environ['THEANO_FLAGS'] = os.environ.get('THEANO_FLAGS', 'floatX=float64,mode=FAST_COMPILE')
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import numpy  # noqa: E402
import pytest  # noqa: E402
from hypothesis import settings  # noqa: E402

import lstm  # noqa: E402
from sentiment import load_model, log  # noqa: E402
from tests.browser import started  # noqa: E402
from tests.helpers import write_toy_pickle  # noqa: E402

# the same examples on each run; CI draws others: --hypothesis-profile=others --hypothesis-seed=N
settings.register_profile('same', deadline=None, derandomize=True)  # a first call compiles
settings.register_profile('others', deadline=None, print_blob=True)
settings.load_profile('same')

log.PATIENCE = 3600.  # what is said does not depend on how busy the machine is


@pytest.fixture
def toy_path(tmp_path):
    """Path of a toy imdb.pkl."""
    return write_toy_pickle(tmp_path / 'imdb.pkl')


@pytest.fixture(scope='session', autouse=True)
def data_folder(tmp_path_factory):
    """No fixture of several tests reads or writes the project's data folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv('SENTIMENT_DATA', str(tmp_path_factory.mktemp('data')))
        yield


@pytest.fixture(autouse=True)
def own_data_folder(tmp_path, monkeypatch):
    """Nor does a test: each has its own."""
    folder = tmp_path / 'data'
    monkeypatch.setenv('SENTIMENT_DATA', str(folder))
    return folder


@pytest.fixture(scope='session')
def small_model():
    """A model of three classes with random parameters: (options, params, f_pred_prob, f_pred)."""
    options = {'dim_proj': 6, 'n_words': 40, 'ydim': 3, 'encoder': 'lstm', 'use_dropout': True,
               'noise_std': 0., 'seed': 123, 'fast': False}
    rng = numpy.random.RandomState(5)
    params = lstm.init_params(options, rng)
    params = {name: lstm.numpy_floatX(value + rng.normal(size=value.shape))
              for name, value in params.items()}
    model = lstm.build_model(lstm.init_tparams(params), options)
    return options, params, model[4], model[5]


@pytest.fixture(scope='session')
def saved(tmp_path_factory):
    """Paths of a model trained on toy reviews and of its data, and its errors."""
    folder = tmp_path_factory.mktemp('trained')
    data, model = write_toy_pickle(folder / 'imdb.pkl'), str(folder / 'model.npz')
    errors = lstm.train_lstm(path=data, saveto=model, dim_proj=6, n_words=30, max_epochs=20,
                             validFreq=20, batch_size=8, test_size=15)
    return model, data, errors


@pytest.fixture(scope='session')
def model(saved):
    """That model, loaded."""
    return load_model(saved[0])


@pytest.fixture(scope='module')
def browser():
    """Chromium, started once."""
    with started() as made:
        yield made
