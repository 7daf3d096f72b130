"""Options: each is said once, checked before the long work, and refused by its name."""
import inspect
import pathlib

import pytest

import lstm
from sentiment.data.safe_io import BadInput, load_arrays
from sentiment.training.options import OPTIONS, meanings, recipes
from tests.helpers import train


def test_every_keyword_has_a_comment_and_a_row_in_the_table():
    keywords = list(inspect.signature(lstm.train_lstm).parameters)
    comments = meanings(lstm.train_lstm)
    assert keywords == list(comments) == list(OPTIONS) and all(comments.values())
    assert comments['maxlen'].endswith('on all of them; errors are measured on reviews of any '
                                       'length')
    assert all(set(recipe) <= set(keywords) for recipe in recipes.values())


def test_paths_may_be_path_objects(tmp_path, toy_path):
    train(pathlib.Path(toy_path), tmp_path / 'a.npz')
    errors = lstm.train_lstm(path=pathlib.Path(toy_path), saveto=tmp_path / 'b.npz', dim_proj=4,
                             n_words=30, max_epochs=1, reload_model=tmp_path / 'a.npz')
    assert load_arrays(str(tmp_path / 'b.npz'))['test_err'] == errors[2]


@pytest.mark.parametrize('wrong', [
    {'dim_proj': 0}, {'batch_size': -1}, {'validFreq': 0}, {'n_words': 1}, {'maxlen': 0},
    {'optimizer': 'adam'}, {'encoder': 'gru'}, {'dataset': 'yelp'}, {'patience': 0},
    {'saveto': '/no/such/folder/model.npz'}, {'decay_c': -1.}, {'lrate': float('nan')},
    {'lrate': float('inf')}, {'seed': None}, {'maxlen': '100'}, {'lrate': None},
    {'batch_size': 2.5}, {'test_size': -2},
    {'pooling': 'max'}, {'crop': 0}, {'init_scale': -1.},
    {'seed': 2 ** 32}, {'saveto': '/'}, {'dim_proj': 10 ** 9},
    {'plot': 'a.png', 'saveto': 'a.png'}, {'use_dropout': 'false'}, {'fast': None},
    {'encoder': lstm.lstm_layer}, {'dim_proj': True}, {'dataset': ['imdb']}])
def test_options_that_cannot_work(wrong, toy_path):
    with pytest.raises(BadInput) as caught:
        lstm.train_lstm(**dict({'path': toy_path}, **wrong))
    assert next(iter(wrong)) in str(caught.value)


class Table:
    """Stands for a DataFrame, whose text is long."""

    columns = ['review', 'label']

    def __repr__(self):
        return 'a row\n' * 1000


@pytest.mark.parametrize('name', ['path', 'dataset', 'saveto', 'reload_model', 'seed', 'encoder'])
def test_a_table_is_no_option(name):
    with pytest.raises(BadInput, match=name) as caught:
        lstm.train_lstm(**{name: Table()})
    assert 'Table' in str(caught.value) and len(str(caught.value)) < 120


@pytest.mark.parametrize('sizes', [{'dim_proj': 2 ** 20}, {'dim_proj': 300000},
                                   {'n_words': 2 ** 31, 'dim_proj': 2 ** 10}])
def test_sizes_that_no_memory_holds_are_refused_at_once(sizes, toy_path):
    with pytest.raises(BadInput, match='takes .* GB for parameters.*this machine has'):
        lstm.train_lstm(path=toy_path, **sizes)
