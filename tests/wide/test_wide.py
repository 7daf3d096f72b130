"""n-grams beside the network: found as by hand, scored alike by every way, learnt and explained."""
import collections
from types import SimpleNamespace
from unittest import mock

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

import imdb
import lstm
from sentiment import average, evaluate, explain, load_model, load_test_set, predict
from sentiment.data.safe_io import BadInput, load_arrays
from sentiment.engine import config, function, softmax, tensor
from sentiment.training.mixing import USUAL, fit_mix
from sentiment.training.model_file import reload_params
from sentiment.using.explain import NETWORK
from sentiment.using.model import read_model
from sentiment.wide import layer, subwords
from sentiment.wide import ngrams as wide
from tests.helpers import FAST, NAMES, POSITIVE, toy_reviews, train

N_WORDS = 8
REVIEWS = st.lists(st.lists(st.integers(1, N_WORDS - 1), min_size=1, max_size=9), min_size=1,
                   max_size=4)


ANY = LATE = 1  # the digit that no word has: in the middle, at the front


def by_hand(review, order):
    """Return (digits, place of the last word) of each n-gram of a review; those of unknown words
    are none.
    """
    runs = [(tuple(review[t:t + n]), t + n - 1) for n in range(1, order + 1)
            for t in range(len(review) - n + 1)]
    found = [run for run in runs if 1 not in run[0]]
    if order > 2:
        found += [((run[0], ANY, run[2]), end) for run, end in runs
                  if len(run) == 3 and 1 not in run[::2]]
        found += [((LATE,) + run, end) for run, end in runs if len(run) < 3 and 1 not in run
                  and end - len(run) + 1 >= len(review) - wide.LATE]
    return found


def code(ngram):
    """Return the code of a tuple of digits."""
    return sum(word * N_WORDS ** k for k, word in enumerate(reversed(ngram)))


@given(REVIEWS, st.integers(1, 4), st.sampled_from([3, 50]))
def test_ngrams_are_those_found_by_hand(reviews, order, late):
    with mock.patch.object(wide, 'LATE', late):
        for review in reviews:
            found = by_hand(review, order)
            known = sorted({code(digits) for digits, _ in found})
            assert wide.codes_of(review, N_WORDS, order).tolist() == known
            ends = wide.ends_of(review, N_WORDS, order)
            assert ends == {key: min(end for digits, end in found if code(digits) == key)
                            for key in known}


def test_texts_of_ngrams():
    vocabulary = numpy.array(['a', 'bb', 'c', '', 'e', 'f'])
    codes = numpy.array([code(digits) for digits in ((2,), (2, 3), (3, 2, 2), (7,), (2, ANY, 3),
                                                     (LATE, 3), (LATE, 3, 2))])
    assert wide.texts_of(codes, vocabulary, N_WORDS) == [
        'a', 'a bb', 'bb a a', 'f', 'a … bb', '… bb', '… bb a']


def test_ratios_are_those_of_naive_bayes():
    reviews, labels = toy_reviews(60, 3, classes=3)
    options = {'n_words': 42, 'ngrams': 2, 'ydim': 3, 'ngrams_in': 5}
    start = wide.begin((reviews, labels), options)
    counts = [collections.Counter(c for review, y in zip(reviews, labels) if y == k
                                  for c in wide.codes_of(review, 42, 2)) for k in range(3)]
    wanted = sorted(c for c in set().union(*counts) if sum(n[c] for n in counts) >= 5)
    assert start['ngrams'].tolist() == wanted
    table = numpy.array([[1 + n[c] for n in counts] for c in wanted], float)
    others = table.sum(axis=1, keepdims=True) - table
    ratio = numpy.log(table / table.sum(axis=0) / (others / others.sum(axis=0)))
    per_review = (table - 1).sum() / len(reviews)
    numpy.testing.assert_allclose(start['ngrams_ratio'],
                                  wide.SCALE / numpy.sqrt(per_review) * ratio,
                                  rtol=100 * numpy.finfo(config.floatX).eps, atol=1e-6)
    assert not start['ngrams_W'].any()


def test_pieces_of_words():
    assert subwords.pieces_of('go') == ['<go', 'go>', '<go>']
    assert len(subwords.pieces_of('banana')) == 6 + 5 + 4 + 3 - 1  # 'ana' is there twice
    assert subwords.pieces_of('好') == ['<好>'] and subwords.pieces_of('') == []


def test_words_learn_from_words_of_the_same_pieces():
    words = ['bad', 'badly', 'good', 'goods', 'xyz', '']
    there = numpy.array([[9, 1], [0, 0], [1, 9], [0, 0], [8, 0], [0, 0]])
    added = subwords.subword_ratios(words, there)
    pieces = [[10, 2]] * 3 + [[2, 10]] * 6  # '<ba', 'bad', '<bad'; '<go', 'goo', ...: 1 more each
    table = numpy.array(pieces) / numpy.sum(pieces, axis=0)
    ratio = numpy.log(table / table[:, ::-1])
    bad, good = (subwords.WEIGHT * numpy.sqrt(n) * ratio[k] for n, k in ((3, 0), (6, -1)))
    numpy.testing.assert_allclose(added, [bad, bad, good, good, [0, 0], [0, 0]], atol=1e-12)


def test_subwords_add_to_the_ratios_of_words_alone():
    reviews, labels = toy_reviews(60, 3)
    options = {'n_words': 42, 'ngrams': 2, 'ydim': 2, 'ngrams_in': 1}
    words = numpy.array(['film' + 'abcd'[k % 4] * (k // 4) for k in range(40)])
    plain = wide.begin((reviews, labels), options)
    start = wide.begin((reviews, labels), dict(options, subwords=True), words)
    alone = plain['ngrams'] < 42
    changed = start['ngrams_ratio'] != plain['ngrams_ratio']
    assert changed[alone].any() and not changed[~alone].any()
    assert (start['ngrams_W'] == numpy.asarray(wide.START, config.floatX)).all()
    with pytest.raises(BadInput, match='subwords: the words of this data are not known'):
        wide.begin((reviews, labels), dict(options, subwords=True))


def random_part(seed=0, classes=3, order=3):
    """Return options and parameters of a wide part whose weights are random."""
    reviews, labels = toy_reviews(90, 5, classes)
    options = {'n_words': 12 + 10 * classes, 'ngrams': order, 'ydim': classes,
               'ngrams_in': 5}
    params = wide.begin((reviews, labels), options)
    params['ngrams_W'] = numpy.random.RandomState(seed).randn(
        *params['ngrams_W'].shape).astype(config.floatX)
    params['ngrams_b'] = numpy.arange(classes).astype(config.floatX)
    return options, params


def ways():
    """Return the readable function of the scores, and its fast twin where there is one."""
    return [lstm.twin(lstm.wide_scores, {'fast': fast}) for fast in FAST]


@pytest.mark.parametrize('is_old', [False, True])
def test_every_way_gives_the_same_scores(is_old):
    options, params = random_part()
    if is_old:  # where n-grams were not evened out
        del params['ngrams_n']
    reviews, labels = toy_reviews(7, 8, classes=3)
    reviews = [(review + [1] + review[:4]) * (1 + 2 * k) for k, review in enumerate(reviews)]
    assert len(reviews[0]) < wide.LATE < len(reviews[-1])
    x, _, _ = imdb.prepare_data(reviews + [[1]], labels + [0])
    alone = []
    for review in reviews + [[1]]:
        shares = wide.shares_of(dict(params, mix=[0, 1]), review, options)[1]
        alone.append((shares.sum(axis=0) + [0, 1, 2], abs(shares).sum(axis=0) + 2))
    wanted, bound = map(numpy.array, zip(*alone))
    assert wanted[:-1].any(axis=1).all() and wanted[-1].tolist() == [0, 1, 2]
    words = tensor.matrix('x', dtype='int64')
    for scores in ways():
        f = function([words], scores(lstm.init_tparams(params), words, options))
        # sums of at most 6 T products, in whatever order, times a root
        error = (6 * len(x) + 4) * numpy.finfo(config.floatX).eps * bound
        assert (abs(f(x) - wanted) <= error).all()


def test_the_network_reads_the_stretch_and_the_ngrams_all(tmp_path, toy_path):
    runs = []

    class Caught(lstm.Run):
        def prepare(self, indices):
            runs.append((self, indices, super().prepare(indices)))
            return runs[-1][2]
    kept, lstm.Run = lstm.Run, Caught
    try:
        train(toy_path, tmp_path / 'm.npz', ngrams=3, crop=4, max_epochs=1)
    finally:
        lstm.Run = kept
    run, indices, (x, mask, y) = runs[0]
    assert len(mask) == 4 < len(x)  # words behind the stretches are not even looked up
    for column, m, i in zip(x.T, mask.T, indices):
        review = run.sets[0][0][i]
        n = min(4, len(review))
        assert m.tolist() == [1] * n + [0] * (len(m) - n) and column[n] == 0
        assert column[n + 1:n + 1 + len(review)].tolist() == review.tolist()
        assert any(column[:n].tolist() == review[s:s + n].tolist() for s in range(len(review)))
    assert_whole(x, mask, [run.sets[0][0][i] for i in indices])


def assert_whole(x, mask, reviews):
    """Hold the n-grams of what counts of a batch to those of its reviews."""
    inputs = [tensor.matrix('x', dtype='int64'), tensor.matrix('mask', dtype=config.floatX)]
    found = function(inputs, layer.whole(*inputs))(x, mask)
    for column, review in zip(found.T, reviews):
        numpy.testing.assert_array_equal(wide.codes_of(column, 99, 3), wide.codes_of(review, 99, 3))


def test_no_ngram_counts_that_a_stretch_alone_has():
    # behind a stretch of LATE words its first would be late, and "1 any 2" stand across its end
    words = numpy.random.RandomState(0).randint(2, 99, 3 * wide.LATE)
    reviews = [words.tolist(), words[:5].tolist(), words[40:40 + wide.LATE].tolist()]
    stretches = [review[-wide.LATE:] for review in reviews]
    x, mask, _ = lstm.Run.prepare_both(SimpleNamespace(prepare_data=imdb.prepare_data), stretches,
                                       reviews, [0, 1, 0])
    assert_whole(x, mask, reviews)
    assert_whole(*imdb.prepare_data(reviews, [0, 1, 0])[:2], reviews)  # as when it answers


def test_steps_without_a_mask_are_those_under_a_mask_of_0():
    options, params = random_part(classes=2)
    options.update(dim_proj=3, encoder='lstm', use_dropout=False, pooling='mean_max')
    params.update(lstm.init_params(options, numpy.random.RandomState(1)))
    reviews, labels = toy_reviews(5, 9)
    x, mask, y = lstm.Run.prepare_both(SimpleNamespace(prepare_data=imdb.prepare_data),
                                       [review[1:4] for review in reviews], reviews, labels)
    full = numpy.concatenate([mask, numpy.zeros_like(mask[:1]).repeat(len(x) - len(mask), axis=0)])
    tparams = lstm.init_tparams(params)
    for role in wide.ROLES:
        for fast in FAST:
            _, *inputs, _, _, cost = lstm.build_model(tparams, dict(options, ngrams_as=role,
                                                                    fast=fast))
            f = function(inputs, tensor.grad(cost, [tparams['U'], tparams['lstm_W']]) + [cost])
            for short, long in zip(f(x, mask, y), f(x, full, y)):
                # the same terms, of 1 at most, in whatever order
                numpy.testing.assert_allclose(short, long, atol=x.size * numpy.finfo(
                    config.floatX).eps)


def test_gradient_by_finite_differences():
    options, params = random_part(classes=2)
    options.update(dim_proj=3, encoder='lstm', use_dropout=False)
    params.update(lstm.init_params(options, numpy.random.RandomState(1)))
    batch = imdb.prepare_data(*toy_reviews(5, 9))
    tparams = lstm.init_tparams(params)
    for fast in FAST:
        _, *inputs, _, _, cost = lstm.build_model(tparams, dict(options, fast=fast))
        f = function(inputs, [cost, tensor.grad(cost, tparams['ngrams_W'])])
        gradient = numpy.asarray(f(*batch)[1])
        W, step = params['ngrams_W'], 1e-5 if config.floatX == 'float64' else 1e-2
        for place in zip(*numpy.nonzero(gradient)):
            costs = []
            for sign in (1, -1):
                moved = W.copy()
                moved[place] += sign * step
                tparams['ngrams_W'].set_value(moved)
                costs.append(float(f(*batch)[0]))
            tparams['ngrams_W'].set_value(W)
            # the third derivative of a log-softmax of bounded scores, and rounding
            error = step ** 2 + 4 * numpy.finfo(config.floatX).eps * abs(costs[0]) / step
            assert abs((costs[0] - costs[1]) / (2 * step) - gradient[place]) <= error
        assert numpy.count_nonzero(gradient) > 20


def test_the_mix_that_was_put_in_is_found():
    rng = numpy.random.RandomState(0)
    scores = rng.randn(2, 20000, 2) * 2
    mixed = 0.4 * scores[0] + 1.5 * scores[1]
    right = 1 / (1 + numpy.exp(mixed[:, 0] - mixed[:, 1]))
    labels = (rng.rand(20000) < right).astype(int)
    odds = numpy.exp(scores)
    found = fit_mix(odds / odds.sum(axis=2, keepdims=True), labels)
    numpy.testing.assert_allclose(found, [0.4, 1.5], atol=0.08)  # four standard errors
    numpy.testing.assert_allclose(fit_mix(numpy.ones((2, 0, 2)), []), USUAL)  # the usual


SETTINGS = dict(ngrams=3, crop=6, optimizer=lstm.adagrad, lrate=0.03, max_epochs=8, seed=4)


@pytest.fixture(scope='module')
def models(saved, tmp_path_factory):
    """Two trained models of n-grams, and the errors of the first: (paths, errors)."""
    folder = tmp_path_factory.mktemp('wide')
    paths = [str(folder / name) for name in ('a.npz', 'b.npz')]
    errors = [train(saved[1], path, **dict(SETTINGS, seed=k)) for k, path in enumerate(paths)]
    return paths, errors[0]


def test_it_learns_and_is_loaded_again(models):
    (path, _), errors = models
    model = load_model(path)
    assert evaluate(model, load_test_set(model))['error'] == errors[2] <= 0.2
    for name in wide.NAMES:
        numpy.testing.assert_array_equal(model.params[name], load_arrays(path)[name])
    assert model.params['ngrams_W'].any() and (model.params['mix'] >= 0).all()


@pytest.mark.parametrize('by', ['states', 'ngrams'])
def test_explanations_add_up_to_the_scores(models, by):
    several = [load_model(path) for path in models[0]]
    alone = load_model(models[0][0])  # a network that reads no n-grams
    alone.options = dict(alone.options, ngrams=None)
    alone.params = {name: value for name, value in alone.params.items() if name not in wide.NAMES}
    for model in several + [average(several), average([alone, several[0]])]:
        names, contributions = explain(model, POSITIVE, by=by)
        if by == 'ngrams':
            assert names[0] == NETWORK and {'wordoa', 'wordsa'} <= set(names)
            assert names[1:] == sorted(set(names[1:]))
        scores = contributions.sum(axis=0) + model.bias
        odds = numpy.exp(scores - scores.max())
        numpy.testing.assert_allclose(odds / odds.sum(), predict(model, [POSITIVE])[0], atol=1e-5)


def test_codes_of_a_large_vocabulary_stay_apart(models):
    saved = load_arrays(models[0][0])
    saved['Wemb'] = numpy.concatenate([saved['Wemb'], numpy.zeros((2 ** 20 - 30, 4))])
    digits = [(28, 29, 30), (28, 29, 31), (2 ** 20 - 1,) * 3]
    saved['ngrams'] = numpy.array([numpy.polyval(words, 2 ** 20) for words in digits])
    for name in ('ngrams_ratio', 'ngrams_W'):
        saved[name] = numpy.array([[0, 1.], [0, 2.], [0, 3.]])
    saved.update(mix=numpy.array([0., 1.]), ngrams_b=numpy.zeros(2), ngrams_n=numpy.ones(1))
    model = read_model('m.npz', saved)
    for words, weight in zip(digits, (1, 4, 9)):
        x, mask, _ = imdb.prepare_data([words], [0])
        odds = model.f_pred_prob(x, mask)[0]
        assert numpy.log(odds[1] / odds[0]) == pytest.approx(weight / model.temperature, rel=1e-4)


def test_a_model_of_fewer_ngrams_than_reviews_can_be_loaded(toy_path, tmp_path):
    path = str(tmp_path / 'few.npz')
    train(toy_path, path, ngrams=1, ngrams_in=20, max_epochs=1)
    assert 0 < load_arrays(path)['ngrams_n'] < 1
    assert load_model(path).params['ngrams_n'] == load_arrays(path)['ngrams_n']
    saved = dict(load_arrays(path), ngrams_n=numpy.zeros(1))
    with pytest.raises(BadInput, match='ngrams_n: holds 0.0'):
        read_model('m.npz', saved)


def test_a_model_without_ngrams_says_so(model):
    with pytest.raises(BadInput, match='this model reads no n-grams'):
        explain(model, POSITIVE, by='ngrams')


def test_what_it_learnt_of_an_ngram_is_carried_over(models):
    saved = load_arrays(models[0][0])
    params = {name: numpy.array(saved[name]) for name in wide.NAMES + ('Wemb',)}
    words = saved['vocabulary']
    order = numpy.random.RandomState(0).permutation(len(words))
    n_words = len(saved['Wemb'])
    texts = wide.texts_of(saved['ngrams'], words, n_words)
    place = {word: 2 + k for k, word in enumerate(words[order])}
    place[wide.SHOWN] = wide.MARK
    codes = numpy.array([int(numpy.polyval([place[word] for word in text.split()], n_words))
                         for text in texts])
    fresh = dict(params, ngrams=numpy.sort(codes)[1:], ngrams_W=0 * params['ngrams_W'][1:],
                 ngrams_ratio=0 * params['ngrams_ratio'][1:], ngrams_n=4 * params['ngrams_n'])
    carried = wide.carry_over('m.npz', saved, fresh, words[order], True)
    numpy.testing.assert_array_equal(carried['ngrams_W'],
                                     saved['ngrams_W'][numpy.argsort(codes)][1:])
    # of so much longer reviews, whose sums of n-grams are multiplied by the root of 4
    numpy.testing.assert_array_equal(2 * carried['ngrams_ratio'],
                                     saved['ngrams_ratio'][numpy.argsort(codes)][1:])
    other = dict(fresh, ngrams_W=0 * fresh['ngrams_W'])
    assert not wide.carry_over('m.npz', saved, other, words[order], False)['ngrams_W'].any()


@pytest.mark.parametrize('n_words', [20, 31])
def test_a_new_training_finds_them_whatever_its_vocabulary(models, n_words):
    saved = load_arrays(models[0][0])
    train_set = toy_reviews(60, 1)
    options = {'n_words': n_words, 'ngrams': 2, 'ngrams_in': 3, 'ydim': 2, 'dim_proj': 4,
               'encoder': 'lstm'}
    words = saved['vocabulary'][:n_words - 2]
    params = lstm.init_params(options, numpy.random.RandomState(0))
    params.update(wide.begin(([numpy.where(numpy.array(review) < n_words, review, 1)
                               for review in train_set[0]], train_set[1]), options))
    texts = wide.texts_of(params['ngrams'], words, n_words)
    theirs = wide.texts_of(saved['ngrams'], saved['vocabulary'], len(saved['Wemb']))
    found = reload_params(models[0][0], params, words, ['negative', 'positive'])
    assert len(set(texts) & set(theirs)) > 10
    for text, weight in zip(texts, found['ngrams_W']):
        wanted = saved['ngrams_W'][theirs.index(text)] if text in theirs else 0
        numpy.testing.assert_array_equal(weight, wanted)
    three = dict(options, ydim=3)
    params = lstm.init_params(three, numpy.random.RandomState(0))
    params.update(wide.begin(toy_reviews(60, 1, classes=3), dict(three, n_words=42)))
    fresh = reload_params(models[0][0], params, words, ['negative', 'neutral', 'positive'])
    assert not fresh['ngrams_W'].any()  # of other classes


@pytest.mark.parametrize('name, value', [('ngrams', numpy.ones(3)), ('ngrams_W', numpy.ones(2)),
                                         ('ngrams', numpy.array([5, 4])), ('ngrams_b', None)])
def test_a_damaged_wide_part_is_not_trained_on(models, name, value, tmp_path):
    saved = dict(load_arrays(models[0][0]))
    params = {key: numpy.array(saved[key]) for key in wide.NAMES + NAMES}
    saved = {key: array for key, array in dict(saved, **{name: value}).items() if array is not None}
    numpy.savez(str(tmp_path / 'm.npz'), **saved)
    with pytest.raises(BadInput, match='m.npz: ngrams'):
        reload_params(str(tmp_path / 'm.npz'), params, saved['vocabulary'],
                      ['negative', 'positive'])


@pytest.mark.parametrize('name, change', [
    ('ngrams', lambda a: a[::-1]), ('ngrams', lambda a: a[:0]), ('ngrams', lambda a: a[:-1]),
    ('ngrams', lambda a: a.astype(float)), ('ngrams', lambda a: a - a[0] + 1),
    ('ngrams', lambda a: a + 30 ** 3),
    ('ngrams_W', lambda a: a * numpy.nan), ('ngrams_ratio', lambda a: a[:, :1]),
    ('mix', lambda a: a[:1]), ('mix', lambda a: None), ('ngrams_W', lambda a: a.astype(int))])
def test_a_damaged_wide_part_is_refused(models, name, change):
    saved = load_arrays(models[0][0])
    saved[name] = change(saved[name])
    if saved[name] is None:
        del saved[name]
    with pytest.raises(BadInput, match='^m.npz: (ngrams|mix)'):
        read_model('m.npz', saved)


@pytest.mark.parametrize('keywords, named', [
    (dict(ngrams=4, n_words=2 ** 20), 'ngrams: 4, with n_words 1048576'),
    (dict(ngrams=2, ngrams_in=61), 'none stands in 61 training'),
    (dict(ngrams=0), 'ngrams: 0 is not from 1'), (dict(ngrams='3'), 'not a whole number')])
def test_ngrams_that_cannot_be_are_refused(keywords, named, toy_path, tmp_path):
    with pytest.raises(BadInput, match=named):
        train(toy_path, tmp_path / 'm.npz', **keywords)


# --- Teachers -----------------------------------------------------------------------------------


def test_a_teacher_has_the_network_say_of_its_stretch_what_the_ngrams_say():
    options, params = random_part()
    params['ngrams_W'] *= 0.1  # no probability is near 0, where 1e-8 would count
    options.update(dim_proj=3, encoder='lstm', use_dropout=False)
    params.update(lstm.init_params(options, numpy.random.RandomState(1)))
    reviews, labels = toy_reviews(5, 9, classes=3)
    stretches = [review[:3] for review in reviews]
    x, mask, y = imdb.prepare_data([stretch + [0] + review for stretch, review
                                    in zip(stretches, reviews)], labels)
    mask *= (numpy.arange(len(x)) < 3)[:, None]
    tparams = lstm.init_tparams(params)
    for fast in FAST:
        build = dict(options, fast=fast)
        _, *inputs, f_pred_prob, _, cost = lstm.build_model(tparams, dict(build, ngrams=None))
        network = numpy.log(f_pred_prob(x, mask))
        _, *inputs, f_pred_prob, _, cost = lstm.build_model(
            tparams, dict(build, ngrams_as='teacher'))
        words = tensor.matrix('x', dtype='int64')
        said = function([words], softmax(lstm.twin(lstm.wide_scores, build)(
            tparams, words, options)))
        whole, part = said(x), said(imdb.prepare_data(stretches, labels)[0])
        wanted = -numpy.log(whole[range(5), y]) - (part * network).sum(axis=1)
        numpy.testing.assert_allclose(function(inputs, cost)(x, mask, y), wanted.mean(), rtol=1e-5)
        numpy.testing.assert_allclose(numpy.log(f_pred_prob(x, mask)), network, rtol=1e-5)
        gradient = function(inputs, tensor.grad(cost, tparams['ngrams_b']))(x, mask, y)
        wanted = (whole - numpy.eye(3)[y]).mean(axis=0)  # it learns of the labels alone
        numpy.testing.assert_allclose(gradient, wanted, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize('keywords', [{}, dict(crop=None, keep='last')])
def test_a_network_that_was_taught_answers_alone(keywords, saved, tmp_path):
    path = str(tmp_path / 'm.npz')
    errors = train(saved[1], path, **dict(SETTINGS, ngrams_as='teacher', **keywords))
    arrays, model = load_arrays(path), load_model(path)
    assert not set(wide.NAMES) & set(arrays) and model.params.keys() == set(NAMES)
    assert evaluate(model, load_test_set(model))['error'] == errors[2] <= 0.2
    with pytest.raises(BadInput, match='this model reads no n-grams'):
        explain(model, POSITIVE, by='ngrams')
