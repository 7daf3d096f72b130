"""The estimator does in scikit-learn's hands what others do: searches, pipelines, calibration."""
import copy
import inspect
import io
import json
import os
import pickle
import re
import tempfile
import threading
import warnings
from concurrent.futures import ProcessPoolExecutor

import numpy
import pytest

pytest.importorskip('sklearn')

import joblib  # noqa: E402
from sklearn.base import clone  # noqa: E402
from sklearn.calibration import CalibratedClassifierCV  # noqa: E402
from sklearn.exceptions import NotFittedError  # noqa: E402
from sklearn.model_selection import (GridSearchCV, StratifiedKFold,  # noqa: E402
                                     cross_val_score)
from sklearn.pipeline import make_pipeline  # noqa: E402
from sklearn.preprocessing import FunctionTransformer  # noqa: E402

import lstm  # noqa: E402
from sentiment import (SentimentClassifier, average, estimator, load_model,  # noqa: E402
                       load_test_set, predict)
from sentiment.commands.main import main  # noqa: E402
from sentiment.data.safe_io import BadInput, load_arrays  # noqa: E402
from sentiment.training.options import recipes  # noqa: E402
from sentiment.using.ask import FEW, count_jobs  # noqa: E402
from tests.helpers import ROOT, as_texts, run_python, toy_reviews  # noqa: E402

pytestmark = pytest.mark.filterwarnings('ignore:only .* texts validate:UserWarning')
TINY = dict(tokenizer='whitespace', dim_proj=4, max_epochs=2, random_state=0)
STRANGE = ['', ' \n', '\x00', 'xyzzy plugh', '\U0001f600']


def toy(n=60, classes=2, seed=1):
    """Return texts and labels 0 to classes - 1, in turn."""
    reviews, labels = toy_reviews(n, seed, classes)
    return as_texts(reviews), numpy.array(labels)


TEXTS, LABELS = toy()


@pytest.fixture(scope='module')
def fitted():
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        return SentimentClassifier(**TINY).fit(TEXTS, LABELS)


# --- In scikit-learn's hands ------------------------------------------------------------------


def test_it_is_cross_validated_and_its_probabilities_are_sound():
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        warnings.filterwarnings('ignore', 'only .* texts validate')
        scores = cross_val_score(SentimentClassifier(**TINY), TEXTS, LABELS, cv=StratifiedKFold(3),
                                 scoring='neg_log_loss', error_score='raise')
    assert scores.shape == (3,) and (scores > numpy.log(0.5)).all()  # better than not knowing


def test_two_processes_search_and_find_what_one_does():
    search = GridSearchCV(SentimentClassifier(**TINY), {'ngrams': [None, 2], 'lrate': [0.03]}, cv=2,
                          n_jobs=2, error_score='raise').fit(TEXTS, LABELS)
    alone = [cross_val_score(SentimentClassifier(ngrams=ngrams, lrate=0.03, **TINY), TEXTS, LABELS,
                             cv=2).mean() for ngrams in (None, 2)]
    assert search.cv_results_['mean_test_score'].tolist() == alone
    assert search.best_estimator_.score(TEXTS, LABELS) > 0.9


def test_threads_that_fit_at_the_same_time_do_what_one_does(fitted):
    with joblib.parallel_backend('threading', n_jobs=3):
        several = joblib.Parallel()(joblib.delayed(clone(fitted).fit)(TEXTS, LABELS)
                                    for _ in range(3))
    for one in several:
        numpy.testing.assert_array_equal(one.predict_proba(TEXTS), fitted.predict_proba(TEXTS))


def test_a_calibrated_one_has_no_nan():
    calibrated = CalibratedClassifierCV(SentimentClassifier(**TINY), cv=2).fit(TEXTS, LABELS)
    probs = calibrated.predict_proba(TEXTS + STRANGE)
    assert numpy.isfinite(probs).all() and calibrated.score(TEXTS, LABELS) > 0.9


def test_it_stands_behind_a_cleaner_of_texts():
    def clean(texts):
        return [re.sub('<[^>]*>', ' ', text) for text in texts]
    model = make_pipeline(FunctionTransformer(clean), SentimentClassifier(**TINY))
    model.fit(['<b>%s</b>' % text for text in TEXTS], LABELS)
    assert set(model[-1].model_.dictionary) == {word for text in TEXTS for word in text.split()}
    assert model.score(TEXTS, LABELS) > 0.9


def test_what_explains_by_leaving_words_out_may_ask(fitted):
    words = TEXTS[0].split()
    rng = numpy.random.RandomState(0)
    perturbed = [' '.join(word for word in words if rng.rand() < keep)
                 for keep in (1, 0.5, 0.2, 0)]  # as LIME does
    probs = fitted.predict_proba(perturbed)
    numpy.testing.assert_allclose(probs.sum(axis=1), 1)
    numpy.testing.assert_array_equal(probs[0], fitted.predict_proba(TEXTS[:1])[0])


@pytest.mark.parametrize('again', [
    copy.deepcopy, lambda fitted: pickle.loads(pickle.dumps(fitted)),
    lambda fitted: joblib.load(write(joblib.dump, fitted))])
def test_a_fitted_one_can_be_copied_and_pickled(fitted, again):
    other = again(fitted)
    assert other.get_params() == fitted.get_params()
    numpy.testing.assert_array_equal(other.predict_proba(TEXTS), fitted.predict_proba(TEXTS))


def write(dump, value):
    """Return a file in which a value was dumped."""
    file = io.BytesIO()
    dump(value, file)
    file.seek(0)
    return file


def test_another_process_unpickles_it(fitted, tmp_path):
    path = str(tmp_path / 'fitted.pkl')
    joblib.dump(fitted, path)
    done = run_python('-c', 'import joblib, sys; print(joblib.load(sys.argv[1]).predict_proba('
                      'sys.argv[2:]).tolist())', path, TEXTS[0])
    numpy.testing.assert_allclose(json.loads(done.stdout), fitted.predict_proba(TEXTS[:1]),
                                  rtol=1e-12)


def test_a_clone_is_not_fitted_and_fits_alike(fitted):
    other = clone(fitted)
    for ask in (other.predict, other.predict_proba, other.decision_function):
        with pytest.raises(NotFittedError):
            ask(TEXTS)
    other.fit(TEXTS, LABELS)
    numpy.testing.assert_array_equal(other.predict_proba(TEXTS), fitted.predict_proba(TEXTS))


# --- Texts and labels -------------------------------------------------------------------------


@pytest.mark.parametrize('names', [
    ['neg', 'pos'], ['z', 'a'], [False, True], [7, -3], [1.0, 2.0], [2 ** 40, 0],
    ['gut', 'schlecht', '\u6ca1\u6709'], numpy.array(['x', 'longer'], object)])
def test_labels_of_any_kind_come_back(names):
    texts, labels = toy(90, len(names))
    y = numpy.array(names)[labels]
    model = SentimentClassifier(**dict(TINY, max_epochs=8)).fit(texts, y)
    assert model.classes_.tolist() == sorted(names)
    assert model.classes_.dtype == model.predict(texts).dtype == y.dtype
    assert model.score(texts, y) > 0.9
    assert model.model_.classes == [str(name) for name in sorted(names)]
    probs, decision = model.predict_proba(texts), model.decision_function(texts)
    assert (model.classes_[probs.argmax(axis=1)] == model.predict(texts)).all()
    assert decision.shape == ((90,) if len(names) == 2 else (90, 3))
    places = decision > 0 if len(names) == 2 else decision.argmax(axis=1)
    assert (model.classes_[places.astype(int)] == model.predict(texts)).all()


@pytest.mark.parametrize('form', [tuple, numpy.array, lambda texts: numpy.array(texts, object),
                                  iter])
def test_texts_may_stand_in_any_order_of_things(fitted, form):
    other = clone(fitted).fit(form(TEXTS), LABELS.tolist())
    numpy.testing.assert_array_equal(other.predict_proba(form(TEXTS)), fitted.predict_proba(TEXTS))


def test_so_they_may_in_pandas(fitted):
    pandas = pytest.importorskip('pandas')
    table = pandas.DataFrame({'text': TEXTS, 'label': LABELS}, index=range(100, 40, -1))
    table['name'] = table['label'].map({0: 'bad', 1: 'good'}).astype('category')
    other = clone(fitted).fit(table['text'], table['label'])
    numpy.testing.assert_array_equal(other.predict_proba(table['text']),
                                     fitted.predict_proba(TEXTS))
    assert clone(fitted).fit(table['text'], table['name']).classes_.tolist() == ['bad', 'good']
    with pytest.raises(ValueError, match='a DataFrame was given'):
        other.predict(table)


def test_texts_that_tell_nothing_get_the_shares_of_the_classes_in_training():
    texts, labels = TEXTS[::2] + TEXTS[1:20:2], numpy.repeat([0, 1], [30, 10])
    model = SentimentClassifier(validation_fraction=0.1, **TINY).fit(texts, labels)
    assert (model.predict_proba(STRANGE) == [27 / 36, 9 / 36]).all()
    assert model.predict(STRANGE).tolist() == [0] * len(STRANGE)
    assert model.predict_proba([]).shape == (0, 2)


def test_texts_without_a_word_are_left_out_and_counted(fitted):
    with pytest.warns(UserWarning, match='2 of 62 texts have no word') as caught:
        other = clone(fitted).fit([''] + TEXTS + [' '], [1] + LABELS.tolist() + [0])
    numpy.testing.assert_array_equal(other.predict_proba(TEXTS), fitted.predict_proba(TEXTS))
    where = {warning.filename for warning in caught if 'text' in str(warning.message)}
    assert where == {__file__}  # where the user called
    with pytest.warns(UserWarning, match='1 of 4'), \
            pytest.raises(ValueError, match='no text of class b has a word'):
        clone(fitted).fit(TEXTS[:3] + [''], list('aaab'))


def test_a_script_without_spaces_is_warned_of():
    with pytest.warns(UserWarning, match='Chinese'):
        SentimentClassifier(dim_proj=4, max_epochs=1).fit(
            ['\u4e0d\u9519', '\u597d', '\u574f', '\u5dee\u52b2'], [1, 1, 0, 0])


NAN = float('nan')


@pytest.mark.parametrize('texts, labels, said', [
    ('great', [1], 'a str was given'), ([], [], '0 texts'), ([[1., 2.]], [1], r'texts\[0\] is'),
    (numpy.zeros((2, 2)), [0, 1], r'texts\[0\] is array'), (['a', NAN], [0, 1], 'nan'),
    (['a', None], [0, 1], r'texts\[1\] is None'), ([b'a'], [0], 'bytes'), (None, [0], 'NoneType'),
    (numpy.array([['a'], ['b']]), [0, 1], r'texts\[0\] is array'), (3, [0], 'a int was given'),
    (['a', '\ud800'], [0, 1], r'texts\[1\] holds something that is not a character'),
    (['a', 'b'], [0], '2 texts and 1 labels'), (['a', 'b'], None, 'the target y is None'),
    (['a', 'b'], [1, 1], 'only one class, 1'), (['a', 'b'], [0., NAN], 'NaN'),
    (['a', 'b'], ['x', None], 'different kinds|y contains NaN'),
    (['a', 'b'], ['x\n', 'y'], '^y: its classes are no list of names'),
    (['a', 'b'], numpy.array(['x', NAN], object), 'NaN'), (['a', 'b'], [0.1, 0.2], 'ontinuous'),
    (['a', 'b'], [[0, 1], [1, 0]], '1d array'), (['a', 'b'], [0, 1], 'none is left to validate'),
    (['a', 'b', 'c'], ['', 'x', 'x'], 'classes'),
    (['a', 'b', 'c'], ['x' * 300, 'y', 'y'], 'class')])
def test_what_it_cannot_fit_to_is_said(texts, labels, said):
    with pytest.raises(ValueError, match=said):
        SentimentClassifier(**TINY).fit(texts, labels)


@pytest.mark.parametrize('texts', ['great', [1.], [NAN], [None], numpy.array([['a']]), None])
def test_what_it_cannot_read_is_said(fitted, texts):
    for ask in (fitted.predict, fitted.predict_proba, fitted.decision_function):
        with pytest.raises(ValueError, match='texts'):
            ask(texts)


# --- Settings ---------------------------------------------------------------------------------


def test_each_keyword_of_the_training_is_a_parameter_or_has_a_reason():
    own = {'recipe', 'validation_fraction', 'random_state', 'verbose'}
    known = set(inspect.signature(lstm.train_lstm).parameters)
    params = SentimentClassifier().get_params()
    assert set(params) == own | (known - set(estimator.LEFT_OUT))
    assert set(estimator.LEFT_OUT) <= known
    assert {params[name] for name in set(params) - own} == {'auto'}


@pytest.mark.parametrize('recipe', recipes)
def test_what_is_auto_is_as_the_recipe_says(recipe):
    settings = SentimentClassifier(recipe=recipe, random_state=5).settings()
    right = dict(recipes[recipe], seed=5, **estimator.FIXED)
    assert settings == right
    changed = SentimentClassifier(recipe=recipe, random_state=5).set_params(maxlen=None, crop=7)
    assert changed.settings() == dict(right, maxlen=None, crop=7)


@pytest.mark.parametrize('params, said', [
    ({'recipe': 'soup'}, "recipe: 'soup' is not one of tutorial"), ({'recipe': None}, 'recipe'),
    ({'validation_fraction': 0}, 'validation_fraction'), ({'validation_fraction': 1.}, '1.0'),
    ({'validation_fraction': True}, 'True'), ({'validation_fraction': NAN}, 'nan'),
    ({'dim_proj': 0}, 'dim_proj: 0'), ({'n_words': 'many'}, 'n_words'), ({'n_words': 1}, 'n_words'),
    ({'tokenizer': 'soup'}, 'tokenizer'), ({'class_weight': 'soup'}, 'class_weight'),
    ({'class_weight': {'soup': 1}}, 'soup|classes'), ({'class_weight': {0: -1}}, 'class_weight'),
    ({'class_weight': [1]}, '1 weights of 2'), ({'random_state': -1}, 'Seed|seed'),
    ({'random_state': 'soup'}, 'soup'), ({'optimizer': 'soup'}, 'optimizer')])
def test_what_it_cannot_be_set_to_is_said_by_fit(params, said):
    model = SentimentClassifier(**dict(TINY, **params))  # as scikit-learn wants it
    with pytest.raises(ValueError, match=said) as caught:
        model.fit(TEXTS, LABELS)
    assert '\n' not in str(caught.value)


def test_a_generator_gives_the_seed():
    seeds = {estimator.as_seed(state) for state in (3, numpy.int64(3))}
    assert seeds == {3}
    drawn = [estimator.as_seed(numpy.random.RandomState(3)) for _ in range(2)]
    assert drawn[0] == drawn[1] != estimator.as_seed(numpy.random.RandomState(4))
    assert estimator.as_seed(None) != estimator.as_seed(None)


def test_a_part_of_each_class_validates():
    labels = numpy.repeat([0, 1, 2, 3], [100, 30, 2, 1])
    train, valid = estimator.split(labels, 0.1, numpy.random.RandomState(0))
    assert numpy.bincount(labels[valid], minlength=4).tolist() == [10, 3, 1, 0]
    assert sorted(numpy.concatenate([train, valid])) == list(range(len(labels)))
    assert (train != estimator.split(labels, 0.1, numpy.random.RandomState(1))[0]).any()
    assert len(estimator.split(labels, 0.99, numpy.random.RandomState(0))[0]) == 4


def test_few_that_validate_are_warned_of():
    with pytest.warns(UserWarning, match='only 6 texts validate'):
        SentimentClassifier(**dict(TINY, max_epochs=1)).fit(TEXTS, LABELS)


def test_it_stops_early(fitted):
    guesses = numpy.random.RandomState(0).randint(2, size=len(TEXTS))  # nothing can be learnt
    params = dict(max_epochs=60, patience=1, keep='best', ngrams=None, lrate=0.3,
                  validation_fraction=0.4)
    stopped = clone(fitted).set_params(**params).fit(TEXTS, guesses).model_.saved
    assert 2 < len(stopped['history']) < 60


def test_classes_have_weights(fitted):
    y = numpy.array(['many', 'few'])[LABELS]
    texts, y = TEXTS[:20] + TEXTS[20::2], numpy.concatenate([y[:20], y[20::2]])
    weights = []
    for weight in (None, 'balanced', {'many': 2, 'few': 0.5}, {'few': 4}):
        model = clone(fitted).set_params(class_weight=weight).fit(texts, y).model_
        weights.append(json.loads(str(model.saved['options']))['class_weights'])
    n_few, n_many = 9, 27
    assert weights == [None, [36 / (2 * n_few), 36 / (2 * n_many)], [0.5, 2], [4, 1]]


def test_weights_pull(fitted):
    means = [clone(fitted).set_params(class_weight=weight, ngrams=None, max_epochs=8)
             .fit(TEXTS, LABELS).predict_proba(TEXTS)[:, 1].mean()
             for weight in ({0: 20}, None, {1: 20})]
    assert means[0] < 0.4 < means[1] < 0.6 < means[2]


def test_rows_are_for_words_that_there_are(fitted):
    assert fitted.model_.options['n_words'] == 2 + len(fitted.model_.dictionary)
    few = clone(fitted).set_params(n_words=9).fit(TEXTS, LABELS)
    assert few.model_.options['n_words'] == 9 and len(few.model_.dictionary) == 7


# --- Files and talk ---------------------------------------------------------------------------


def test_nothing_is_left_behind_and_nothing_said(tmp_path, monkeypatch, capfd):
    monkeypatch.setattr(tempfile, 'tempdir', str(tmp_path))
    monkeypatch.chdir(tmp_path)
    model = SentimentClassifier(**TINY).fit(TEXTS, LABELS)
    model.predict(TEXTS + STRANGE)
    assert os.listdir(str(tmp_path)) == []
    assert capfd.readouterr() == ('', '')
    model.set_params(verbose=True).fit(TEXTS, LABELS).predict(STRANGE)
    said = capfd.readouterr()
    assert 'epoch 2' in said.err and '5 of 5 texts' not in said.out and said.out == ''
    assert os.listdir(str(tmp_path)) == []


def test_quiet_is_of_one_thread(fitted, capfd):
    said = []

    def optimizer(*arguments):
        thread = threading.Thread(target=lambda: lstm.logger.info('another thread'))
        thread.start()
        thread.join()
        said.append(True)
        return lstm.adagrad(*arguments)
    clone(fitted).set_params(optimizer=optimizer).fit(TEXTS, LABELS)
    assert said and capfd.readouterr().err == 'another thread\n'


def test_what_is_left_out_for_its_length_is_said_even_so(fitted, capfd):
    clone(fitted).set_params(maxlen=8).fit(TEXTS, LABELS)
    assert re.fullmatch('maxlen=8 leaves out .* training reviews.*\n', capfd.readouterr().err)


def test_the_model_can_be_handed_to_the_verbs(fitted, tmp_path, capsys):
    path = str(tmp_path / 'model.npz')
    fitted.save(path)
    saved = load_arrays(path)
    options = json.loads(str(saved['options']))
    assert options['path'] is None and options['saveto'] is None
    assert tempfile.gettempdir() not in str({name: str(value) for name, value in saved.items()})
    numpy.testing.assert_array_equal(
        predict(load_model(path), TEXTS), predict(fitted.model_, TEXTS))
    (tmp_path / 'text.txt').write_text(TEXTS[0])
    assert main(['predict', path, str(tmp_path / 'text.txt'), '--json']) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer['label'] == str(fitted.predict(TEXTS[:1])[0])
    with pytest.raises(BadInput, match='are not kept'):
        load_test_set(fitted.model_)
    assert numpy.isnan(saved['test_err']) and 0 <= saved['valid_err'] <= 1


def test_a_file_that_is_no_model_is_not_lost(fitted, tmp_path):
    (tmp_path / 'thesis.npz').write_text('mine')
    with pytest.raises(ValueError, match='is not a model'):
        fitted.save(str(tmp_path / 'thesis.npz'))
    assert (tmp_path / 'thesis.npz').read_text() == 'mine'


def test_a_loaded_model_becomes_an_estimator(saved, model):
    for given in (saved[0], model):
        one = SentimentClassifier.from_model(given)
        assert one.classes_.tolist() == ['negative', 'positive']
        numpy.testing.assert_allclose(one.predict_proba(TEXTS), predict(model, TEXTS))
        assert set(one.predict(TEXTS)) == {'negative', 'positive'}
    several = SentimentClassifier.from_model(average([model, model]))
    assert several.predict(TEXTS).tolist() == one.predict(TEXTS).tolist()
    with pytest.raises(ValueError, match='an average'):
        several.save('never.npz')


def test_a_fit_that_fails_leaves_what_there_was(fitted):
    model = copy.copy(fitted)
    with pytest.raises(ValueError):
        model.set_params(dim_proj=0).fit(TEXTS, numpy.where(LABELS, 'b', 'a'))
    numpy.testing.assert_array_equal(model.predict_proba(TEXTS), fitted.predict_proba(TEXTS))


def test_without_scikit_learn_one_line_says_what_to_install():
    done = run_python('-c', 'import sys; sys.modules["sklearn"] = None\nfrom sentiment import *\n'
                      'import sentiment; sentiment.SentimentClassifier')
    last = done.stderr.strip().splitlines()[-1]
    assert re.match("ImportError: SentimentClassifier needs scikit-learn .*'.\\[sklearn\\]'", last)


def test_other_processes_start_none_of_their_own():
    with ProcessPoolExecutor(1) as pool:
        assert pool.submit(count_jobs, ['a'] * 2 * FEW).result() == 1


def test_the_example_of_the_readme_runs():
    with open(os.path.join(ROOT, 'README.md'), encoding='utf-8') as file:
        section = file.read().split('### In scikit-learn')[1]
    code = re.search('```python\n(.*?)```', section, re.S).group(1)
    done = run_python('-c', code, flags='floatX=float32')
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == code.count('print(')
