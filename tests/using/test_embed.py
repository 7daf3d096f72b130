"""Sentence vectors: what the classifier reads, and nothing else."""
import csv
import tracemalloc

import numpy
import pytest

import lstm
from sentiment import average, embed, load_model, predict
from sentiment.commands.main import main
from sentiment.data.safe_io import load_arrays
from sentiment.using.embed import written
from tests.helpers import POSITIVE, as_texts, toy_reviews, train

TEXTS = as_texts(toy_reviews(9, 3)[0]) + [POSITIVE, 'xyzzy plugh wordoa']


@pytest.fixture(scope='module')
def maxima(saved, tmp_path_factory):
    """A model that reads the maxima too, of the same words."""
    path = str(tmp_path_factory.mktemp('maxima') / 'model.npz')
    train(saved[1], path, pooling='mean_max', use_dropout=False, dim_proj=5)
    return load_model(path)


def softmax(scores):
    odds = numpy.exp(scores - scores.max(axis=1, keepdims=True))
    return odds / odds.sum(axis=1, keepdims=True)


def test_the_classifier_makes_the_answer_of_the_vector(model, maxima):
    for some, kept in ((model, 0.5), (maxima, 1.)):
        vectors = embed(some, TEXTS)
        assert vectors.shape == (len(TEXTS), len(some.params['U']))
        scores = (kept * vectors @ some.params['U'] + some.params['b']) / some.temperature
        numpy.testing.assert_allclose(softmax(scores), predict(some, TEXTS), rtol=1e-10)


def test_a_text_without_a_word_has_no_vector_and_an_unknown_one_is_told(model, caplog):
    with caplog.at_level('INFO'):
        vectors = embed(model, ['', POSITIVE, 'xyzzy'])
    assert numpy.isnan(vectors).any(axis=1).tolist() == [True, False, False]
    assert '1 of 3 texts: no known word' in caplog.text
    assert embed(model, []).shape == (0, model.width)


def test_the_vectors_of_an_average_stand_side_by_side(model, maxima):
    both = average([model, maxima])
    numpy.testing.assert_array_equal(
        embed(both, TEXTS), numpy.hstack([embed(model, TEXTS), embed(maxima, TEXTS)]))


@pytest.mark.parametrize('form', ['txt', 'csv'])
def test_predict_writes_the_vectors_of_all_texts(saved, model, tmp_path, form, capsys):
    texts = ['wordoa wordpa', '' if form == 'csv' else 'worda\0', 'wordca wordda, wordda']
    source, out = tmp_path / ('in.' + form), str(tmp_path / 'vectors.npz')
    with open(str(source), 'w', newline='') as file:
        if form == 'csv':
            csv.writer(file).writerows([('id', 'text')] + list(enumerate(texts)))
        else:
            file.write('\n'.join(texts))
    main(['predict', saved[0], str(source), '--vectors', out])
    capsys.readouterr()
    vectors = load_arrays(out)['vectors']
    assert vectors.shape == (3, 6) and vectors.dtype == lstm.config.floatX
    numpy.testing.assert_allclose(vectors, embed(model, texts))


def test_a_line_that_cannot_be_read_has_a_row_of_nothing(saved, model, tmp_path, capsys):
    (tmp_path / 'in.txt').write_bytes(b'wordoa\n\xff\xfe\xff\nwordpa\n')
    assert main(['predict', saved[0], str(tmp_path / 'in.txt'), '--vectors',
                 str(tmp_path / 'v.npz')]) == 2
    assert 'could not be read' in capsys.readouterr().err
    vectors = load_arrays(str(tmp_path / 'v.npz'))['vectors']
    numpy.testing.assert_allclose(vectors[[0, 2]], embed(model, ['wordoa', 'wordpa']))
    assert numpy.isnan(vectors[1]).all()


def test_vectors_take_no_place_of_another_file(saved, tmp_path, capsys):
    (tmp_path / 'in.txt').write_text('wordoa')
    for path, output in ((saved[0], []), (str(tmp_path / 'in.txt'), []),
                         (str(tmp_path / 'no' / 'v.npz'), []),
                         (str(tmp_path / 'a'), ['--output', str(tmp_path / 'a')])):
        assert main(['predict', saved[0], str(tmp_path / 'in.txt'), '--vectors', path]
                    + output) == 2
        assert capsys.readouterr().err.count('error: ') == 1
    assert not (tmp_path / 'a').exists() and load_model(saved[0])


def test_a_stop_leaves_no_half_of_a_file(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        with written(str(tmp_path / 'v.npz'), 3) as keep:
            keep(numpy.zeros((2, 3)))
            raise KeyboardInterrupt
    assert not list(tmp_path.iterdir())


def test_many_vectors_take_no_memory(tmp_path):
    block = numpy.ones((2 ** 12, 128), lstm.config.floatX)
    tracemalloc.start()
    try:
        with written(str(tmp_path / 'v.npz'), 128) as keep:
            for _ in range(16):
                keep(block)
        assert tracemalloc.get_traced_memory()[1] < 3 * block.nbytes
    finally:
        tracemalloc.stop()
    assert load_arrays(str(tmp_path / 'v.npz'))['vectors'].shape == (2 ** 16, 128)
