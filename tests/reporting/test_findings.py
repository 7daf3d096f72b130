"""What a report says of answers is what the model says, by definition."""
import numpy
import pytest

from sentiment import average, explain, load_model, load_test_set
from sentiment.reporting import findings
from sentiment.reporting.findings import Z, bins_of, confident_errors, telling, wilson
from sentiment.training.calibration import calibration_error, reliability
from sentiment.using.ask import pred_sorted
from sentiment.using.explain import log_odds
from tests.helpers import as_texts, train


@pytest.mark.parametrize('count, n', [(0, 1), (1, 1), (3, 10), (2500, 25000), (0, 7), (7, 7)])
def test_the_ends_of_an_interval_are_shares_at_which_the_count_is_just_likely(count, n):
    low, high = wilson(count, n)
    assert 0 <= low <= count / n <= high <= 1
    for end in (low, high):  # Wilson's equation: (x / n - p)^2 = z^2 p (1 - p) / n
        assert (count / n - end) ** 2 == pytest.approx(Z ** 2 * end * (1 - end) / n, abs=1e-12)
    assert (low == 0) == (count == 0) and (high == 1) == (count == n)


def test_an_interval_known_from_the_literature():
    # Newcombe (1998), table I: 81 of 263, and 0 of 20
    numpy.testing.assert_allclose(wilson(81, 263), (0.2553, 0.3662), atol=5e-5)
    numpy.testing.assert_allclose(wilson(0, 20), (0., 0.1611), atol=5e-5)


def test_bins_are_those_of_the_calibration_error():
    rng = numpy.random.RandomState(0)
    probs, labels = rng.dirichlet([1, 1, 1], 200), rng.randint(3, size=200)
    bins = bins_of(probs, labels)
    assert sum(row['n'] for row in bins) == 200
    total = sum(row['n'] * abs(row['sure'] - row['right']) for row in bins) / 200
    assert total == pytest.approx(calibration_error(reliability(probs, labels)))


@pytest.fixture(scope='module')
def measured(model):
    """The toy model's test set, with some labels that are wrong, and its probabilities."""
    reviews, labels = load_test_set(model, test_size=-1)
    labels = numpy.concatenate([1 - numpy.asarray(labels[:8]), labels[8:]])
    return reviews, labels, pred_sorted(model, reviews)


def test_the_most_confident_errors_are_the_surest_of_all(model, measured, monkeypatch):
    reviews, labels, probs = measured
    monkeypatch.setattr(findings, 'N_ERRORS', 5)
    found = confident_errors(model, *measured)
    wrong = [k for k in range(len(labels)) if probs[k].argmax() != labels[k]]
    assert len(found) == 5 < len(wrong)
    assert [item.probability for item in found] == sorted(
        (probs[k].max() for k in wrong), reverse=True)[:5]
    for item in found:
        assert item.answer == probs[item.number].argmax() != item.label == labels[item.number]
        text, = as_texts([reviews[item.number]])
        words, contributions = explain(model, text)
        assert item.words == words
        numpy.testing.assert_allclose(item.odds, log_odds(contributions, item.answer))


def test_errors_of_texts_are_read_from_the_texts(model, measured):
    reviews, labels, probs = measured
    texts = [text.capitalize() for text in as_texts(reviews)]
    by_text, by_index = (confident_errors(model, reviews, labels, probs, given)
                         for given in (texts, None))
    for one, other in zip(by_text, by_index):
        assert one.words == other.words and (one.odds == other.odds).all()


def test_a_word_that_the_model_does_not_know_is_a_dot(model, measured):
    _, _, probs = measured
    found, = confident_errors(model, [[1, 14]], numpy.array([0]), probs[probs[:, 1] > .5][:1])
    assert found.words == ['\u00b7', 'wordoa']


def test_telling_words_are_means_of_what_their_states_add(model, measured):
    reviews, _, _ = measured
    sums, places, there = {}, {}, {}
    for text in as_texts(reviews):
        words, contributions = explain(model, text, by='states')
        for word, odds in zip(words, log_odds(contributions, 1)):
            sums[word] = sums.get(word, 0) + odds
            places[word] = places.get(word, 0) + 1
        for word in set(words):
            there[word] = there.get(word, 0) + 1
    means = {word: sums[word] / places[word] for word in sums if there[word] >= findings.LEAST}
    negative, positive = telling(model, reviews)
    expected = sorted((word for word in means if means[word] > 0), key=lambda word: -means[word])
    assert len(positive) > 2 and [item.word for item in positive] == expected[:len(positive)]
    for item in positive + negative:
        sign = 1 if item in positive else -1
        assert item.odds == pytest.approx(sign * means[item.word])
        assert item.n_reviews == there[item.word]


def test_telling_ngrams_are_what_each_adds_on_average(toy_path, tmp_path, monkeypatch):
    paths = [str(tmp_path / ('%d.npz' % seed)) for seed in (1, 2)]
    for seed, path in enumerate(paths):
        train(toy_path, path, ngrams=2, ngrams_in=1, seed=seed, max_epochs=3)
    monkeypatch.setattr(findings, 'CHUNK', 4)  # so that some are counted in several chunks
    both = average([load_model(path) for path in paths])
    reviews, _ = load_test_set(both)
    expected, there = {}, {}
    for text in as_texts(reviews):
        ngrams, contributions = explain(both, text, by='ngrams')
        for ngram, odds in zip(ngrams[1:], log_odds(contributions, 1)[1:]):
            expected[ngram] = expected.get(ngram, 0) + odds
            there[ngram] = there.get(ngram, 0) + 1
    found = telling(both, reviews)
    assert found[0] and found[1]
    for sign, items in zip((-1, 1), found):
        for item in items:
            assert item.odds == pytest.approx(sign * expected[item.word] / there[item.word])
            assert item.n_reviews == there[item.word] >= findings.LEAST
