"""A saved model loads, alone or averaged with others; what cannot be used is refused in a line."""
import copy
import json

import numpy
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import lstm
from sentiment import average, evaluate, explain, load_model, load_test_set, predict
from sentiment.commands.main import main
from sentiment.data.safe_io import BadInput, load_arrays
from sentiment.training.calibration import temper
from sentiment.using.model import shapes_of
from tests.helpers import (NAMES, POSITIVE, assert_contributions_are_the_scores, toy_word,
                           write_pickles, write_toy_pickle)


def test_the_file_says_all_that_it_takes(saved):
    arrays = load_arrays(saved[0])
    assert arrays['vocabulary'].tolist() == [toy_word(k) for k in range(2, 30)]
    assert int(arrays['format_version']) == 1 and len(str(arrays['data_sha256'])) == 64
    assert str(arrays['engine']).split()[0] in ('Theano', 'PyTensor')
    assert arrays['history'].shape[1] == 4 and len(arrays['lengths']) == 57
    assert len(arrays['costs']) == 20 * 8
    assert all(array.dtype.kind in 'fiU' for array in arrays.values())


def test_averaged_models_average_their_scores(saved, tmp_path, capsys):
    paths = [saved[0], str(tmp_path / 'other.npz')]
    lstm.train_lstm(path=saved[1], saveto=paths[1], dim_proj=5, n_words=30, max_epochs=4, seed=5,
                    optimizer='rmsprop')
    models = [load_model(path) for path in paths]
    both = average(models)
    logs = sum(numpy.log(predict(model, [POSITIVE])) for model in models) / 2
    numpy.testing.assert_allclose(predict(both, [POSITIVE]),
                                  numpy.exp(logs) / numpy.exp(logs).sum())
    assert_contributions_are_the_scores(both)
    capsys.readouterr()
    assert main(['evaluate', paths[0], '--average', paths[1], '--json']) == 0
    measured = json.loads(capsys.readouterr().out)
    assert measured == evaluate(both, load_test_set(both))


def test_a_loaded_model_answers_as_its_training_does(saved):
    model, review = load_model(saved[0]), numpy.arange(2, 9)[:, None]
    batch = review, lstm.numpy_floatX(numpy.ones(review.shape))
    f_pred_prob = lstm.build_model(lstm.init_tparams(model.params), model.options)[4]
    expected = temper(f_pred_prob(*batch), model.temperature)
    numpy.testing.assert_array_equal(model.f_pred_prob(*batch), expected)


def test_a_file_of_the_tutorial_works_with_its_dictionary(saved, model, tmp_path):
    old = str(tmp_path / 'old.npz')
    numpy.savez(old, history_errs=[[0.5, 0.5]], train_err=0.1, **model.params)
    without = load_model(old)
    with pytest.raises(BadInput, match='--dictionary'):
        predict(without, ['a'])
    data = load_test_set(without, path=saved[1])
    assert evaluate(without, data)['n_samples'] == 23
    dictionary = saved[1].replace('.pkl', '.dict.pkl')
    numpy.testing.assert_array_equal(
        temper(predict(load_model(old, dictionary), [POSITIVE]), model.temperature),
        predict(model, [POSITIVE]))  # the tutorial's files have no temperature, which means 1


def test_three_classes_can_be_used(tmp_path):
    path, saveto = write_toy_pickle(tmp_path / 'imdb.pkl', 31, 7, classes=3), tmp_path / 'm.npz'
    lstm.train_lstm(path=path, saveto=str(saveto), dim_proj=4, n_words=42, max_epochs=1)
    model = load_model(str(saveto))
    assert predict(model, ['wordaa']).shape == (1, 3)
    assert len(evaluate(model, load_test_set(model))['confusion']) == 3
    words, contributions = explain(model, 'wordaa wordba')
    assert words == ['wordaa', 'wordba'] and contributions.shape == (2, 3)


def broken_models(params):
    """Yield arrays of models that cannot be used."""
    for name in NAMES:
        yield {k: v for k, v in params.items() if k != name}
        yield dict(params, **{name: params[name][..., :-1]})
        yield dict(params, **{name: params[name].ravel()[0]})
        yield dict(params, **{name: params[name] * numpy.nan})
        yield dict(params, **{name: params[name].astype('U')})
    yield dict(params, Wemb=numpy.zeros((0, 10 ** 9)))
    yield dict(params, vocabulary=numpy.zeros((3, 3)))
    yield dict(params, vocabulary=numpy.array(['a'] * 99))
    yield dict(params, options='{"test_size"')
    yield dict(params, options='[]')


def test_broken_models_are_one_line(model, tmp_path):
    for number, arrays in enumerate(broken_models(model.params)):
        path = str(tmp_path / ('%d.npz' % number))
        numpy.savez(path, **arrays)
        with pytest.raises(BadInput, match='%d.npz' % number) as caught:
            load_model(path)
        assert '\n' not in str(caught.value)


@settings(max_examples=150, suppress_health_check=list(HealthCheck))
@given(place=st.floats(0, 1), junk=st.binary(min_size=1, max_size=40))
def test_damaged_files_load_or_are_one_line(saved, tmp_path, place, junk):
    with open(saved[0], 'rb') as file:
        data = bytearray(file.read())
    start = int(place * len(data))
    data[start:start + len(junk)] = junk
    path = str(tmp_path / 'damaged.npz')
    with open(path, 'wb') as file:
        file.write(data)
    try:
        load_arrays(path)
    except BadInput as error:
        assert 'damaged.npz' in str(error) and '\n' not in str(error)


@pytest.mark.parametrize('wrong', ['{"seed": -1}', '{"valid_batch_size": 0}', '[' * 100000, '[]'])
def test_options_of_a_model_that_cannot_be(model, wrong, tmp_path):
    path = str(tmp_path / 'model.npz')
    numpy.savez(path, **dict(model.saved, options=wrong))
    with pytest.raises(BadInput, match='its options cannot be read'):
        load_model(path)


@pytest.mark.parametrize('pooling', ['mean', 'mean_max'])
@pytest.mark.parametrize('sizes', [(40, 6, 3), (2, 1, 2), (9, 33, 2)])
def test_shapes_are_those_of_the_drawn_parameters(sizes, pooling):
    options = dict(zip(('n_words', 'dim_proj', 'ydim'), sizes), encoder='lstm', pooling=pooling)
    assert shapes_of(options) == {name: value.shape
                                  for name, value in lstm.init_params(options).items()}


def test_a_dictionary_must_not_contradict_the_models_words(saved, tmp_path):
    mine = saved[1].replace('.pkl', '.dict.pkl')
    assert load_model(saved[0], mine).dictionary == load_model(saved[0]).dictionary
    other = write_pickles(tmp_path / 'other.dict.pkl', {toy_word(k): 33 - k for k in range(2, 32)})
    with pytest.raises(BadInput, match='other.dict.pkl: contradicts the words .* leave it out'):
        load_model(saved[0], other)
    assert main(['predict', saved[0], '-', '--dictionary', other]) == 2


@pytest.mark.parametrize('shares', [[0.5, 0.5, 0.], [1.5, -0.5], [numpy.nan, 1.], [0.2, 0.2],
                                    ['a', 'b'], 1.])
def test_class_shares_that_cannot_be(model, shares, tmp_path):
    path = str(tmp_path / 'model.npz')
    numpy.savez(path, **dict(model.saved, class_shares=shares))
    with pytest.raises(BadInput, match='class_shares'):
        load_model(path)


def test_an_average_has_the_mean_of_the_class_shares(model):
    models = [copy.copy(model) for _ in range(2)]
    for k, one in enumerate(models):
        one.saved = dict(model.saved, class_shares=numpy.array([k / 4, 1 - k / 4]))
    assert average(models).saved['class_shares'].tolist() == [0.125, 0.875]
    del models[1].saved['class_shares']
    assert 'class_shares' not in average(models).saved
