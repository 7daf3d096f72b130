"""Models to export, with random parameters, of words that no rule of Moses' takes apart."""
import numpy

import lstm
from sentiment.training.model_file import as_json
from sentiment.using.model import read_model
from sentiment.wide.ngrams import codes_of

WORDS = ['.', 'the', 'über', 'naïve', '电影', 'фильм', 'film', '\U0001f600', "'s", 'great', '!'] + [
    'word' + letter for letter in 'abcdefghijklmno']
N_WORDS = len(WORDS) + 2


def make(pooling='mean', ngrams=None, classes=2, temperature=0.7, seed=0, tokenizer='whitespace',
         **keywords):
    """Return a :class:`Model`; further keywords are arrays of its file, or None for none."""
    return read_model('m.npz', arrays(pooling, ngrams, classes, temperature, seed, tokenizer,
                                      **keywords))


def arrays(pooling='mean', ngrams=None, classes=2, temperature=0.7, seed=0, tokenizer='whitespace',
           **keywords):
    """Return the arrays of its file."""
    rng = numpy.random.RandomState(seed)
    options = dict(pooling=pooling, ngrams=ngrams, n_words=N_WORDS, dim_proj=5, ydim=classes,
                   encoder='lstm', tokenizer=tokenizer, use_dropout=seed % 2 == 0)
    params = lstm.init_params(options, rng)
    saved = {name: value + rng.normal(size=value.shape) for name, value in params.items()}
    shares = rng.rand(classes)
    saved.update(options=as_json(options), temperature=numpy.array(temperature),
                 vocabulary=numpy.array(WORDS), class_shares=shares / shares.sum())
    if ngrams:
        saved.update(wide_part(ngrams, classes, rng))
    saved.update(keywords)
    return {name: numpy.asarray(value) for name, value in saved.items() if value is not None}


def wide_part(order, classes, rng):
    """Return the arrays of n-grams, of which a good part stands in :func:`texts`."""
    codes = numpy.unique(numpy.concatenate([codes_of(rng.randint(2, 9, 30), N_WORDS, order)
                                            for _ in range(9)]))
    return {'ngrams': codes, 'ngrams_ratio': rng.normal(size=(len(codes), classes)),
            'ngrams_W': rng.normal(size=(len(codes), classes)),
            'ngrams_n': rng.uniform(5, 50, 1), 'ngrams_b': rng.normal(size=classes),
            'mix': numpy.array([0.4, 1.1])}


def texts(rng, count=30):
    """Return texts of 1 to 80 words; and some that are peculiar, one of them long."""
    drawn = [' '.join(rng.choice(WORDS[:9] + ['unknown', 'worda'], rng.randint(1, 81)))
             for _ in range(count)]
    return drawn + ['', ' ', 'nothing known', '. nothing !', '.', 'film film film film film',
                    '电影 über naïve', 'film ' * 600, 'unknown the film unknown the film']
