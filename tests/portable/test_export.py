"""An export answers as predict does, whatever the model and the texts."""
import numpy
import pytest

pytest.importorskip('onnx')
pytest.importorskip('onnxruntime')

import json  # noqa: E402

import lstm  # noqa: E402
from sentiment import average, predict  # noqa: E402
from sentiment.commands.main import main  # noqa: E402
from sentiment.data.safe_io import BadInput  # noqa: E402
from sentiment.data.words import FIRST_WORD, UNKNOWN  # noqa: E402
from sentiment.portable import compare, graph  # noqa: E402
from sentiment.portable.compare import open_session  # noqa: E402
from sentiment.portable.export import export  # noqa: E402
from sentiment.using.ask import index_texts  # noqa: E402
from tests.portable.models import WORDS, arrays, make, texts  # noqa: E402

TOLERANCE = 1e-5  # of a probability, float32 beside float64


def assert_answers_agree(content, model, some):
    """Assert that an export says of texts what predict does, one by one and all at once."""
    session, reviews, wanted = open_session(content), index_texts(model, some), predict(model, some)
    numpy.testing.assert_allclose(compare.run(session, reviews), wanted, atol=TOLERANCE)
    for review, probs in zip(reviews, wanted):
        numpy.testing.assert_allclose(compare.run(session, [review])[0], probs, atol=TOLERANCE)


@pytest.mark.parametrize('pooling', lstm.POOLINGS)
@pytest.mark.parametrize('ngrams, classes', [(None, 2), (None, 3), (1, 2), (2, 3), (3, 2)])
def test_an_export_answers_as_predict_does(pooling, ngrams, classes):
    model = make(pooling, ngrams, classes, seed=classes)
    assert_answers_agree(export(model)[0], model, texts(numpy.random.RandomState(1)))


def test_so_does_the_export_of_an_average():
    models = [make(seed=1), make('mean_max', 2, seed=2), make(temperature=1., ngrams=1, seed=3),
              make(ngrams=2, ngrams_n=None, seed=4)]  # and one of before
    both = average(models)
    assert_answers_agree(export(both)[0], both, texts(numpy.random.RandomState(2)))


@pytest.mark.parametrize('temperature', [0.05, 1., 100.])
def test_so_it_is_at_any_temperature(temperature):
    model = make(temperature=temperature, ngrams=2)
    assert_answers_agree(export(model)[0], model, texts(numpy.random.RandomState(3)))


def test_padding_changes_nothing():
    session = open_session(export(make('mean_max', 3))[0])
    review = [3, 4, 5, UNKNOWN, 4, 5]
    short, long = (session.run(None, {'words': numpy.array([review + [0] * n])})[0]
                   for n in (0, 50))
    numpy.testing.assert_allclose(short, long, atol=1e-6)


def test_it_says_itself_how_it_is_asked():
    model = make(classes=3, test_err=numpy.array(0.25), valid_err=numpy.array(numpy.nan))
    told = open_session(export(model)[0]).get_modelmeta().custom_metadata_map
    words = told['words'].split('\n')
    assert {word: k for k, word in enumerate(words, FIRST_WORD) if word} == model.dictionary
    assert json.loads(told['classes']) == ['0', '1', '2'] and told['tokenizer'] == 'whitespace'
    assert 'test 0.2500' in told['card'] and 'valid' not in told['card']


def test_no_folder_of_this_machine_is_told():
    options = json.dumps({'path': '/home/somebody/mine.csv', 'dataset': 'imdb'})
    told = open_session(export(make(options=options))[0]).get_modelmeta().custom_metadata_map
    assert 'mine.csv' in told['card'] and 'somebody' not in str(told)


def test_words_that_no_text_has_leave_the_others_in_their_place():
    odd = ['the', 'two words', 'line\nbreak', '', 'film', '\ud800']
    model = make(vocabulary=numpy.array(odd))
    told = open_session(export(model)[0]).get_modelmeta().custom_metadata_map
    assert told['words'].split('\n')[:6] == ['the', '', '', '', 'film', '']


def test_a_model_of_8_bits_is_small_and_near():
    rng = numpy.random.RandomState(4)
    large = {name: numpy.float32(rng.normal(size=shape) * 0.3) for name, shape in {
        'lstm_W': (64, 256), 'lstm_U': (64, 256), 'lstm_b': (256,), 'U': (64, 2),
        'Wemb': (2000, 64)}.items()}
    model = make(**large)
    whole, small = export(model)[0], export(model, int8=True)[0]
    assert len(small) < 0.3 * len(whole)
    first, second = (open_session(content).get_modelmeta().custom_metadata_map
                     for content in (whole, small))
    assert '8 bits' in second.pop('card') and first.pop('card') and first == second
    reviews = index_texts(model, texts(numpy.random.RandomState(5)))
    found, wanted = (compare.run(open_session(content), reviews) for content in (small, whole))
    numpy.testing.assert_allclose(found, wanted, atol=0.05)


# --- What is refused --------------------------------------------------------------------------


def test_what_answers_otherwise_is_not_written(monkeypatch, tmp_path, capsys):
    numpy.savez(str(tmp_path / 'm.npz'), **arrays())
    monkeypatch.setattr(graph, 'class_shares', lambda model: numpy.array([0.25, 0.75]))
    (tmp_path / 'm.onnx').write_bytes(b'of before')
    assert main(['export', str(tmp_path / 'm.npz'), str(tmp_path / 'm.onnx')]) == 2
    assert 'differs from predict by up to' in capsys.readouterr().err
    assert (tmp_path / 'm.onnx').read_bytes() == b'of before' and len(list(tmp_path.iterdir())) == 2


def test_an_index_beyond_the_words_is_an_error():
    session = open_session(export(make())[0])
    with pytest.raises(Exception, match='[Oo]ut of|out-of-bounds|bounds'):
        session.run(None, {'words': numpy.array([[len(WORDS) + 2]])})


def test_a_layer_of_your_own_is_refused():
    model = make()
    model.options['encoder'] = 'mine'
    with pytest.raises(BadInput, match='a layer of your own, mine'):
        export(model)


def test_a_model_without_words_is_refused():
    with pytest.raises(BadInput, match='does not carry its vocabulary'):
        export(make(vocabulary=None))


@pytest.mark.parametrize('name, value, said', [
    ('lstm_W', numpy.zeros((5, 4)), 'lstm_W has shape'), ('U', None, 'not a saved model'),
    ('lstm_b', numpy.full(20, numpy.nan), 'not a number'), ('ngrams', numpy.ones(3), 'ngrams')])
def test_a_damaged_model_is_one_line_and_no_file(name, value, said, tmp_path, capsys):
    saved = dict(arrays(ngrams=2), **{name: value})
    numpy.savez(str(tmp_path / 'm.npz'), **{key: item for key, item in saved.items()
                                            if item is not None})
    assert main(['export', str(tmp_path / 'm.npz'), str(tmp_path / 'm.onnx')]) == 2
    err = capsys.readouterr().err
    assert said in err and err.count('\n') == 1 and not (tmp_path / 'm.onnx').exists()
