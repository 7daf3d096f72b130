"""n-grams: which ones are read, and their naive Bayes ratios (Wang & Manning, 2012).

An n-gram of the words w1, w2, ... is one number, its code: their digits in base ``n_words``. Those
of padding (0) or an unknown word (1) are none, which leaves the digit 1 for marks: "a 1 b" are a
and b around any one word, "1 a" and "1 a b" stand among the last ``LATE`` words of a text.
"""
from functools import partial

import numpy

from sentiment.data.checks import check_array
from sentiment.data.safe_io import BadInput
from sentiment.data.words import FIRST_WORD, UNKNOWN
from sentiment.engine import numpy_floatX
from sentiment.log import logger
from sentiment.wide.counting import count_by_class
from sentiment.wide.subwords import log_ratios, subword_ratios

NAMES = ('ngrams', 'ngrams_ratio', 'ngrams_n', 'ngrams_W', 'ngrams_b', 'mix')
COUNTED = NAMES[:3]  # in the training reviews, not learnt
PART, TEACHER = ROLES = 'part', 'teacher'  # of the n-grams: what ``ngrams_as`` may be
SCALE = 3.  # of the ratios in a review: with it, the network's learning rate suits the n-grams too
START = 0.05  # of the weights where subwords tell of rare words, whose own would hardly move
MAX_CODE = 2 ** 63
FEWEST = 2. ** -31  # known n-grams of an average review: of 2 ** 31 reviews, one has one
LATE = 50  # words: where a review comes to its verdict
MARK = 1   # the digit; no word has it
SHOWN, NO_WORD = '\u2026', '\0'  # in the place of a mark: for a reader; what no word can be


def check_order(order, n_words):
    """Raise BadInput where the codes of n-grams of so many words are no 64-bit integers."""
    if order and int(n_words) ** int(order) > MAX_CODE:
        raise BadInput('ngrams: %d, with n_words %d, are too many to be told apart; give fewer of '
                       'either' % (order, n_words))


def kinds_of(order):
    """Return the kinds of n-grams of up to ``order`` words: pairs (late, offsets).

    late: whether they are those among the last words; offsets of their words from the first, None
    for any word. From three words up they are marked too: whoever reads three has reviews enough
    to learn what few of them say.
    """
    plain = [(False, tuple(range(n))) for n in range(1, order + 1)]
    marked = [(False, (0, None, 2)), (True, (0,)), (True, (0, 1))]
    return plain + (marked if order > 2 else [])


def code_kinds(x, n_words, order, after):
    """Yield (codes, there, span) of each kind of n-gram, for each word x with which one may start.

    after(n): x, n words further on, 0 beyond the end. codes are as x, integers; there is true where
    there is one; span is the number of words from its first to its last.
    """
    for late, offsets in kinds_of(order):
        codes, there = (MARK + 0 * x, after(LATE) <= 0) if late else (0 * x, x > UNKNOWN)
        for offset in offsets:
            word = MARK if offset is None else after(offset)
            codes = codes * n_words + word
            if offset is not None:
                there = there & (word > UNKNOWN)
        yield codes, there, offsets[-1] + 1


def code_review(review, n_words, order):
    """Yield (codes, there, span) of each kind of n-gram of a review, as :func:`code_kinds`."""
    review = numpy.asarray(review, 'int64')
    beyond = numpy.concatenate([review, numpy.zeros(max(order, LATE), 'int64')])
    return code_kinds(review, n_words, order, lambda n: beyond[n:n + len(review)])


def codes_of(review, n_words, order):
    """Return the codes of a review's n-grams of 1 to ``order`` words, each once, sorted."""
    found = [codes[there] for codes, there, _ in code_review(review, n_words, order)]
    return numpy.unique(numpy.concatenate(found))


def texts_of(codes, vocabulary, n_words, mark=SHOWN):
    """Return the words of n-grams as texts; ``vocabulary`` has the word of each index from 2 up."""
    words = numpy.full(n_words, '', object)
    words[FIRST_WORD:FIRST_WORD + len(vocabulary)] = vocabulary
    words[MARK] = mark
    texts = [''] * len(codes)
    while numpy.any(codes):
        codes, last = numpy.divmod(codes, n_words)
        texts = [('%s %s' % (word, text)).strip() for word, text in zip(words[last], texts)]
    return texts


def count_ngrams(train, options):
    """Return (codes (G,), sorted; counts (G, C), of the reviews of each class in which each stands)
    of the n-grams in at least ``options['ngrams_in']`` reviews of ``train``.
    """
    ngrams, there = count_by_class(train, partial(
        codes_of, n_words=options['n_words'], order=options['ngrams']), options)
    some = there.sum(axis=1) >= options['ngrams_in']
    return ngrams[some], there[some]


def begin(train, options, vocabulary=None, count=count_ngrams):
    """Return the wide part's parameters as they start: a dict name -> array.

    ``ngrams`` (G,), the sorted codes of the n-grams of 1 to ``options['ngrams']`` words that stand
    in ``options['ngrams_in']`` or more of the reviews of ``train``; ``ngrams_ratio`` (G, C), which
    is not trained, log P(n-gram | class) / P(n-gram | other classes), divided by the root of
    ``ngrams_n`` (1,), the number of n-grams in an average review; ``ngrams_W`` (G, C) and
    ``ngrams_b`` (C,), zeros; ``mix`` (2,), the weights of the network and of the n-grams. With
    ``options['subwords']``, the pieces of a word, which the ``vocabulary`` has from index 2 up, add
    to its ratio, and ``ngrams_W`` starts above zero. count: as ``count_ngrams``, or its twin.
    """
    ngrams, there = count(train, options)
    there = there.astype('float64')
    if not len(ngrams):
        raise BadInput('ngrams: none stands in %d training reviews, as ngrams_in asks for'
                       % options['ngrams_in'])
    logger.info('%d different n-grams of 1 to %d words', len(ngrams), options['ngrams'])
    ratio = log_ratios(1 + there)  # smoothing: one review more of each class
    if options.get('subwords'):
        add_subwords(ratio, there, ngrams, vocabulary, options['n_words'])
    average = there.sum() / len(train[0])
    start = START if options.get('subwords') else 0.
    return {'ngrams': ngrams, 'ngrams_ratio': numpy_floatX(SCALE / numpy.sqrt(average) * ratio),
            'ngrams_n': numpy_floatX([average]),
            'ngrams_W': numpy_floatX(numpy.full_like(ratio, start)),
            'ngrams_b': numpy_floatX(numpy.zeros(options['ydim'])),
            'mix': numpy_floatX(numpy.ones(2))}


def add_subwords(ratio, there, ngrams, vocabulary, n_words):
    """Add what its pieces tell of a word to its ratios; single words are the first n-grams."""
    if vocabulary is None:
        raise BadInput('subwords: the words of this data are not known')
    words = texts_of(ngrams[ngrams < n_words], vocabulary, n_words)
    ratio[:len(words)] += subword_ratios(words, there[:len(words)])


def find(codes, ngrams):
    """Return the places of those codes that stand in the sorted ``ngrams``."""
    place = numpy.searchsorted(ngrams, codes).clip(max=len(ngrams) - 1)
    return place[ngrams[place] == codes]


# --- Of a saved model -------------------------------------------------------------------------


def take(path, saved, options):
    """Return the wide part's parameters among those ``saved`` at ``path``, checked; {} if there is
    none. Raises BadInput unless they fit the options ``ngrams``, ``n_words`` and ``ydim``.
    """
    order, n_words = options['ngrams'], int(options['n_words'])
    if not order:
        return {}
    check_order(order, n_words)
    return check(path, saved, n_words ** order - 1, options['ydim'])


def check(path, saved, high, ydim):
    """Return the wide part of ``saved``, of codes up to ``high`` and ``ydim`` classes; or raise."""
    ngrams = check_array('%s: ngrams' % path, saved.get('ngrams'), 'i', (None,), low=FIRST_WORD,
                         high=high, dtype='int64')
    if not len(ngrams) or (numpy.diff(ngrams) <= 0).any():
        raise BadInput('%s: ngrams: not in order' % path)
    shape = len(ngrams), ydim
    shapes = {'ngrams_ratio': shape, 'ngrams_W': shape, 'ngrams_b': shape[1:], 'mix': (2,)}
    others = {name: check_array('%s: %s' % (path, name), saved.get(name), 'f', size)
              for name, size in shapes.items()}
    if 'ngrams_n' in saved:  # older models have none, and divide by nothing
        others['ngrams_n'] = check_array('%s: ngrams_n' % path, saved['ngrams_n'], 'f', (1,),
                                         low=FEWEST)
    return dict({name: numpy_floatX(value) for name, value in others.items()}, ngrams=ngrams)


def carry_over(path, saved, params, vocabulary, same_classes):
    """Return the wide part of ``params``, to train on from: what a saved model knows of an n-gram,
    found by its words, stands in the place of the fresh.

    same_classes: whether both have the same ones, without which all starts fresh.
    """
    ours, theirs = numpy.zeros((2, 0), int)
    fresh = {name: params[name] for name in NAMES}
    if same_classes and vocabulary is not None and {'vocabulary', 'ngrams'} <= set(saved):
        wide = check(path, saved, MAX_CODE - 1, len(saved['b']))
        place = {text: k for k, text in enumerate(texts_of(
            wide['ngrams'], saved['vocabulary'], len(saved['Wemb']), NO_WORD))}
        texts = texts_of(fresh['ngrams'], vocabulary, len(params['Wemb']), NO_WORD)
        known = [(k, place[text]) for k, text in enumerate(texts) if text in place]
        ours, theirs = numpy.array(known, int).reshape(-1, 2).T
    if len(ours):
        # each ratio was divided by the root of its own data's ngrams_n
        scale = numpy.sqrt(wide['ngrams_n'] / fresh['ngrams_n']) if 'ngrams_n' in wide else 1
        fresh['ngrams_b'] = wide['ngrams_b']
        fresh['ngrams_ratio'][ours] = scale * wide['ngrams_ratio'][theirs]
        fresh['ngrams_W'][ours] = wide['ngrams_W'][theirs]
    logger.info('%s: %d of %d n-grams take their weight from it; the others start fresh', path,
                len(ours), len(fresh['ngrams']))
    return fresh


def shares_of(params, review, options):
    """Return (codes (n,), shares (n, C)): what each known n-gram of a review adds to the scores."""
    codes = codes_of(review, options['n_words'], options['ngrams'])
    place = find(codes, params['ngrams'])
    shares = params['ngrams_ratio'][place] * params['ngrams_W'][place] * params['mix'][1]
    if 'ngrams_n' in params:
        shares = shares * numpy.sqrt(params['ngrams_n'][0] / max(1, len(place)))
    return params['ngrams'][place], shares


def ends_of(review, n_words, order):
    """Return code -> place of the last word of the n-gram, where it first stands in a review."""
    ends = {}
    for codes, there, span in code_review(review, n_words, order):
        for place in numpy.flatnonzero(there):
            ends.setdefault(int(codes[place]), int(place) + span - 1)
    return ends
