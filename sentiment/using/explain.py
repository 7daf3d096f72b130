"""Explain an answer: how it changes without a word; or what the states of the words add to it."""
import numpy

import imdb
from sentiment.data.safe_io import BadInput, shown
from sentiment.data.pickles import words_in_order
from sentiment.log import logger
from sentiment.training.calibration import LEAST
from sentiment.using.ask import as_reading, class_shares, probabilities, read_texts
from sentiment.wide.ngrams import ends_of, texts_of

WAYS = ('words', 'states', 'ngrams')
LONG = 300        # words of a text that are left out one by one; longer ones go by sentence first
BUDGET = 2 ** 19  # words that are read at most, in each of the two steps of a longer text
NETWORK = 'the network'
PIECE = 50        # words of a sentence at most; a longer one is cut
ENDS = frozenset('.!?')


def explain(model, text, by='words'):
    """Return (words, contributions): of each word, to each class, an array (n, C).

    by='words': how the answer changes without the word, log p_c(text) - log p_c(text without it),
    p as :func:`~sentiment.using.ask.predict` gives it; without its only word, a text has the
    ``class_shares``. Of a text of more than 300 words, each sentence is left out as a whole, its
    words share that change equally, and then, of the sentences that change the answer most, up to
    300 words are left out one by one (fewer beyond some 1,700 words). The log says so, 'by
    sentence'.

    by='states': what the state after each word adds to the scores, and the n-grams that end there
    for the first time, where the model reads some. Their sum and ``model.bias`` are the scores,
    whose softmax is the prediction; but a state has read what stands before it too.

    by='ngrams', of a model that reads some: each n-gram in the place of the words, in alphabetical
    order, behind ``NETWORK``, what all the states add. The sum is the same.

    Raises BadInput for what is no text, or has no word.
    """
    if not isinstance(text, str):
        raise BadInput('text: a %s was given (%s), not a str' % (type(text).__name__, shown(text)))
    if by not in WAYS:
        raise BadInput('by: %s is not one of %s' % (shown(by), ', '.join(WAYS)))
    reading, = read_texts(model, [text])
    explained = explain_reading(model, reading, by)
    if by == 'words' and is_long(reading):
        logger.info('a text of %d words is explained by sentence', len(reading.words))
    return explained


def explain_reading(model, reading, by='words'):
    """Return (words, contributions) of a reading: see :func:`explain`."""
    if not reading.words:
        raise BadInput('a text without a word cannot be explained')
    if by == 'ngrams':
        return by_ngram(model, reading)
    way = by_state if by == 'states' else by_sentence if is_long(reading) else by_word
    return reading.words, way(model, reading)


def log_odds(contributions, label):
    """Return what is contributed to the log-odds of a class, (n,), of what is to each, (n, C)."""
    return contributions[:, label] - numpy.delete(contributions, label, axis=1).mean(axis=1)


def explain_readings(model, readings):
    """Yield (words, contributions) of each reading, explained by words; of those short enough,
    several are read at once, BUDGET words at most.
    """
    waiting, cost = [], 0
    for reading in readings:
        n_words = len(reading.words)
        if is_long(reading) or cost + n_words ** 2 > BUDGET:
            yield from by_words(model, waiting)
            waiting, cost = [], 0
        if is_long(reading):
            yield explain_reading(model, reading)
        else:
            waiting.append(reading)
            cost += n_words ** 2
    yield from by_words(model, waiting)


def by_state(model, reading):
    """Return what the state after each word adds, and the n-grams that end there: (n, C)."""
    x, mask, _ = imdb.prepare_data([reading.indices], [0])
    contributions = model.f_scores(x, mask)[:, 0].astype('float64')
    ends = ends_of(reading.indices, model.options['n_words'], model.options['ngrams'] or 0)
    for code, share in zip(*model.f_ngrams(reading.indices)):
        contributions[ends[code]] += share
    return contributions


def by_ngram(model, reading):
    """Return (n-grams as texts, contributions (n, C)), those of the network first."""
    if not model.options['ngrams']:
        raise BadInput('this model reads no n-grams')
    codes, shares = model.f_ngrams(reading.indices)
    x, mask, _ = imdb.prepare_data([reading.indices], [0])
    texts = texts_of(codes, words_in_order(model.dictionary, model.options['n_words']),
                     model.options['n_words'])
    order = sorted(range(len(texts)), key=texts.__getitem__)
    network = model.f_scores(x, mask)[:, 0].sum(axis=0)
    return [NETWORK] + [texts[k] for k in order], numpy.concatenate([network[None], shares[order]])


def is_long(reading):
    """Whether a reading is explained by sentence first."""
    return len(reading.words) > LONG


def by_word(model, reading):
    """Return how the answer changes without each word, (n, C)."""
    return changes(model, reading, each_word(reading))


def by_words(model, readings):
    """Yield (words, contributions) of each of several readings, in one call of the model."""
    changed = changes_of_all(model, [(reading, each_word(reading)) for reading in readings])
    return zip([reading.words for reading in readings], changed)


def each_word(reading):
    """Return the slices of the words one by one."""
    return [slice(t, t + 1) for t in range(len(reading.words))]


def by_sentence(model, reading):
    """Return the same of a long text: of words where it matters, else shares of a sentence's."""
    most = max(1, min(LONG, BUDGET // len(reading.words)))
    parts = cut_sentences(reading.words, most)
    lengths = numpy.array([part.stop - part.start for part in parts])
    changed = changes(model, reading, parts)
    contributions = numpy.repeat(changed / lengths[:, None], lengths, axis=0)
    chosen = []
    for k in numpy.argsort(-abs(changed).max(axis=1), kind='stable'):
        if len(chosen) + lengths[k] <= most:
            chosen += range(parts[k].start, parts[k].stop)
    if chosen:
        contributions[chosen] = changes(model, reading, [slice(t, t + 1) for t in chosen])
    return contributions


def changes(model, reading, parts):
    """Return log p_c(reading) - log p_c(reading without the part), (parts, C)."""
    changed, = changes_of_all(model, [(reading, parts)])
    return changed


def changes_of_all(model, pairs):
    """Return :func:`changes` of each of several pairs (reading, parts), a list."""
    variants = [[reading] + [without(reading, part) for part in parts] for reading, parts in pairs]
    probs = probabilities(model, [one for some in variants for one in some])
    logs = numpy.log(numpy.maximum(
        numpy.where(numpy.isnan(probs), class_shares(model), probs), LEAST))
    pieces = numpy.split(logs, numpy.cumsum([len(some) for some in variants])[:-1])
    return [piece[0] - piece[1:] for piece in pieces[:len(pairs)]]


def without(reading, part):
    """Return a reading without one of its parts, a slice."""
    return as_reading(*(values[:part.start] + values[part.stop:]
                        for values in (reading.words, reading.indices)))


def cut_sentences(words, most):
    """Return the slices of at most ``most`` stretches: sentences, or several where there are more.
    """
    ends, start = [], 0
    for end, word in enumerate(words, 1):
        if ENDS.issuperset(word) or end - start == PIECE or end == len(words):
            ends.append(end)
            start = end
    step = -(-len(ends) // most)
    ends = sorted(set(ends[step - 1::step] + ends[-1:]))
    return [slice(*pair) for pair in zip([0] + ends[:-1], ends)]
