"""What a report says of a model's answers: intervals, the most confident errors, telling words."""
from collections import namedtuple

import numpy
from tqdm import tqdm

import imdb
from sentiment.data.pickles import words_in_order
from sentiment.data.words import FIRST_WORD
from sentiment.training.batches import sorted_batches
from sentiment.training.calibration import N_BINS, reliability
from sentiment.using.ask import as_reading, read_texts
from sentiment.using.explain import explain_reading, log_odds
from sentiment.wide.ngrams import texts_of

Z = 1.959964           # of 95 %
NO_WORD = '\u00b7'     # stands for one that the model does not know
N_ERRORS = 20
N_TELLING = 15         # words of a class
LEAST, ONE_IN = 5, 1000  # reviews in which a telling word stands: so many, and one in so many
CHUNK = 500            # reviews whose n-grams are counted at once

# an answer that is wrong: its number among the reviews; label and answer, class numbers; the
# answer's probability; words and what each adds to the answer's log-odds, None where none are known
Wrong = namedtuple('Wrong', 'number label answer probability words odds')
# a word or n-gram, the number of reviews in which it stands, what it adds to the log-odds
Telling = namedtuple('Telling', 'word n_reviews odds')


def wilson(count, n):
    """Return the 95 % confidence interval (low, high) of a share count / n (Wilson, 1927)."""
    centre = (count + Z * Z / 2) / (n + Z * Z)
    half = Z / (n + Z * Z) * numpy.sqrt(count * (n - count) / n + Z * Z / 4)
    return max(0., float(centre - half)), min(1., float(centre + half))


def bins_of(probs, labels):
    """Return the bins of :func:`~sentiment.training.calibration.reliability` that hold answers:
    dicts of low, high, n, sure, right, and the interval of right.
    """
    found = reliability(probs, numpy.asarray(labels))
    return [{'low': k / N_BINS, 'high': (k + 1) / N_BINS, 'n': int(n), 'sure': sure,
             'right': right, 'interval': wilson(right * n, n)}
            for k, (n, sure, right) in enumerate(found) if n]


# --- The most confident errors ----------------------------------------------------------------


def confident_errors(model, reviews, labels, probs, texts=None, verbose=False):
    """Return the 20 errors of highest probability, or all of fewer, as :class:`Wrong`, the surest
    first.

    Their words are explained as ``predict --explain`` does: by how much the log-odds of the answer
    fall without the word.
    """
    answers = probs.argmax(axis=1)
    wrong = numpy.flatnonzero(answers != labels)
    wrong = wrong[numpy.argsort(-probs[wrong].max(axis=1), kind='stable')][:N_ERRORS]
    words = model.dictionary and {index: word for word, index in model.dictionary.items()}
    found = []
    for k in progress(wrong, verbose, 'errors'):
        reading = reading_of(model, reviews[k], words, texts and texts[k])
        odds = reading and log_odds(explain_reading(model, reading)[1], answers[k])
        found.append(Wrong(int(k), int(labels[k]), int(answers[k]), float(probs[k].max()),
                           reading and reading.words, odds))
    return found


def reading_of(model, review, words, text=None):
    """Return the :class:`~sentiment.using.ask.Reading` of a review, None if its words are unknown.

    words: index -> word, None if the model does not carry them.
    """
    if text is not None:
        return read_texts(model, [text])[0]
    if words is None:
        return None
    return as_reading([words.get(int(k), NO_WORD) for k in review], [int(k) for k in review])


# --- The most telling words -------------------------------------------------------------------


def telling(model, reviews, verbose=False):
    """Return, for each class, the :class:`Telling` words or n-grams that speak most for it.

    Of a model that reads n-grams, the odds of one are what it adds to the log-odds of the class, on
    average over the reviews in which it stands. Of another, they are the mean, over all places in
    the reviews where the word stands, of what :func:`~sentiment.using.explain.explain` gives
    by='states'.
    """
    count = count_ngrams if reads_ngrams(model) else count_words
    codes, n_reviews, shares = count(model, reviews, verbose)
    some = n_reviews >= least_of(len(reviews))
    codes, n_reviews, shares = codes[some], n_reviews[some], shares[some]
    n_words = int(model.options['n_words'])
    texts = texts_of(codes, words_in_order(model.dictionary, n_words), n_words)
    found = []
    for label in range(model.options['ydim']):
        odds = log_odds(shares, label)
        order = numpy.argsort(-odds, kind='stable')[:N_TELLING]
        found.append([Telling(texts[k], int(n_reviews[k]), float(odds[k]))
                      for k in order if odds[k] > 0])
    return found


def reads_ngrams(model):
    """Whether a model, or one of those that it is the average of, reads n-grams."""
    return any(part.options['ngrams'] for part in getattr(model, 'models', [model]))


def least_of(n_reviews):
    """Return in how many of so many reviews a telling word stands at least."""
    return max(LEAST, -(-n_reviews // ONE_IN))


def count_words(model, reviews, verbose):
    """Return the indices of known words, in how many reviews each stands, and the mean of what its
    states add to the scores, (n, C).
    """
    n_words, n_classes = int(model.options['n_words']), model.options['ydim']
    there, n_reviews = numpy.zeros((2, n_words))
    total = numpy.zeros((n_words, n_classes))
    batches = sorted_batches([len(review) for review in reviews],
                             model.options['valid_batch_size'])
    for _, batch in progress(batches, verbose, 'batches'):
        x, mask, _ = imdb.prepare_data([reviews[k] for k in batch], batch)
        places, shares = x[mask > 0], model.f_scores(x, mask)[mask > 0]
        there += numpy.bincount(places, minlength=n_words)
        for label in range(n_classes):
            total[:, label] += numpy.bincount(places, shares[:, label], n_words)
        for k in batch:
            n_reviews[numpy.unique(reviews[k])] += 1
    known = FIRST_WORD + numpy.flatnonzero(there[FIRST_WORD:])
    return known, n_reviews[known], total[known] / there[known, None]


def count_ngrams(model, reviews, verbose):
    """Return the codes of the n-grams that the model knows, in how many reviews each stands, and
    the mean of what it adds to their scores, (n, C).
    """
    known = numpy.zeros(0, 'int64'), numpy.zeros(0), numpy.zeros((0, model.options['ydim']))
    for start in progress(range(0, len(reviews), CHUNK), verbose, 'chunks'):
        found = [model.f_ngrams(review) for review in reviews[start:start + CHUNK]]
        codes, shares = map(numpy.concatenate, zip(*found))
        codes, counts, shares = map(numpy.concatenate,
                                    zip(known, (codes, numpy.ones(len(codes)), shares)))
        codes, place = numpy.unique(codes, return_inverse=True)
        total = numpy.zeros((len(codes), shares.shape[1]))
        numpy.add.at(total, place, shares)
        known = codes, numpy.bincount(place, counts, len(codes)), total
    codes, n_reviews, total = known
    return codes, n_reviews, total / n_reviews[:, None]


def progress(items, verbose, unit):
    """Show a bar over items on a terminal, nothing in a log."""
    return tqdm(items, desc='Explaining', unit=' ' + unit, leave=False,
                disable=None if verbose else True)
