"""A saved model, loaded: what it knows, and the functions that it answers with."""
import inspect
import json

import numpy

import lstm
from sentiment import fast
from sentiment.data.checks import check_array
from sentiment.data.about import default_classes
from sentiment.data.pickles import read_dictionary, words_in_order
from sentiment.data.safe_io import BadInput, load_arrays
from sentiment.data.tokenizers import MOSES, check_tokenizer
from sentiment.data.words import UNKNOWN, Indexer
from sentiment.engine import (BUILDING, OWN_OPERATIONS, concurrent, config, function, numpy_floatX,
                              padded, tensor)
from sentiment.log import slow
from sentiment.training.calibration import LEAST, check_calibration, softmax, temper
from sentiment.training.model_file import (as_dictionary, classes_of, index_of_words,
                                           take_params)
from sentiment.training.options import OLD_ENCODERS, OPTIONS, check_choice, check_value
from sentiment.training.pooling import floor_padding
from sentiment.wide import ngrams

DEFAULTS = {name: getattr(keyword.default, '__name__', keyword.default)  # adadelta's
            for name, keyword in inspect.signature(lstm.train_lstm).parameters.items()}
READ = {'dataset': str, 'path': str, 'seed': int, 'test_size': int, 'valid_batch_size': int,
        'pooling': str, 'encoder': str, 'tokenizer': str, 'text_column': str,
        'label_column': str, 'encoding': str, 'test_path': str, 'ngrams': int,
        'ngrams_as': str}  # and their types


class Model:
    """A trained model, ready to answer any number of threads; it can be pickled and copied.

    options: of its training, a dict; params: name -> array; dictionary: word -> index, or None;
    saved: all arrays of its file; temperature: what its scores are divided by; classes: the list of
    their names; tokenizer: its name.
    """

    def __init__(self, options, params, dictionary=None, saved=None, classes=None):
        self.options, self.params, self.dictionary = options, params, dictionary
        self.saved, self.compiled = saved or {}, {}
        self.tokenizer = options['tokenizer'] or MOSES
        self.temperature = self.saved.get('temperature', 1.)
        self.classes = classes or default_classes(options['ydim'])

    @property
    def indexer(self):
        """The function text -> (array of word indices, whether it knows one of the words).

        What it has looked up it remembers: another vocabulary is another dict.
        """
        indexer = self.compiled.get('indexer')
        if not (indexer and indexer.tokenizer == self.tokenizer
                and indexer.dictionary is self.dictionary):
            indexer = self.compiled['indexer'] = Indexer(self.tokenizer, self.dictionary)
        return indexer

    def __getstate__(self):
        return dict(vars(self), compiled={})  # functions cannot be pickled, but compiled again

    def compile(self, name, build):
        """Return the function ``name``, compiled by ``build`` when it is first asked for."""
        if name not in self.compiled:
            with BUILDING:
                if name not in self.compiled:  # another thread may have been first
                    self.compiled[name] = build(self)
        return self.compiled[name]

    def answer(self, name, build, x, mask):
        """Return what the function ``name`` says of a batch; log that it is compiled, if it is."""
        if name not in self.compiled:
            with BUILDING, slow('compiling the model', 'compiled'):
                return self.compile(name, build)(x, mask)  # kernels are compiled at the first use
        return self.compile(name, build)(x, mask)

    def f_pred_prob(self, x, mask):
        """Return the probabilities (B, C)."""
        return temper(self.answer('f_pred_prob', build_probs, x, mask), self.temperature)

    def get_ready(self):
        """Compile what answers, by an answer to one unknown word; through JAX, there is nothing to
        be gained: it compiles for each shape.
        """
        if OWN_OPERATIONS:
            self.f_pred_prob(numpy.ones((1, 1), 'int64'), numpy_floatX(numpy.ones((1, 1))))

    def f_scores(self, x, mask):
        """Return what each state adds to each class's score (T, B, C), under the temperature."""
        return self.answer('f_scores', build_scores, x, mask) * self.share

    def f_vectors(self, x, mask):
        """Return what the classifier reads of the states (B, D)."""
        return self.answer('f_vectors', build_vectors, x, mask)

    @property
    def width(self):
        """How many numbers the classifier reads of the states: D."""
        return len(self.params['U'])

    def f_ngrams(self, review):
        """Return (codes (n,), shares (n, C)): the n-grams of a review, a list of word indices, and
        what each adds to the scores.
        """
        if not self.options['ngrams']:
            return numpy.zeros(0, int), numpy.zeros((0, self.options['ydim']))
        codes, shares = ngrams.shares_of(self.params, review, self.options)
        return codes, shares / self.temperature

    @property
    def share(self):
        """What the network's own scores are multiplied by."""
        return self.params.get('mix', [1.])[0] / self.temperature

    @property
    def bias(self):
        """What the scores (C,) are before anything is read."""
        bias = self.params['b'] * self.share
        if 'ngrams_b' in self.params:
            bias = bias + self.params['ngrams_b'] * self.params['mix'][1] / self.temperature
        return bias


class Average(Model):
    """Models that answer as one: see :func:`average`."""

    def __init__(self, models):
        first, shares = models[0], [model.saved.get('class_shares') for model in models]
        saved = {name: value for name, value in first.saved.items() if name != 'class_shares'}
        if all(share is not None for share in shares):
            saved['class_shares'] = numpy.mean(shares, axis=0)
        params = {'b': numpy.mean([model.bias for model in models], axis=0)}
        saved['temperature'] = 1.  # each of them has its own
        order = max(model.options['ngrams'] or 0 for model in models)  # what any of them reads
        super().__init__(dict(first.options, ngrams=order or None), params, first.dictionary, saved,
                         first.classes)
        self.models = list(models)

    def f_pred_prob(self, x, mask):
        """Return the geometric means of the models' probabilities, normalized, (B, C)."""
        return softmax(numpy.mean([numpy.log(numpy.maximum(model.f_pred_prob(x, mask), LEAST))
                                   for model in self.models], axis=0))

    def f_scores(self, x, mask):
        """Return what each state adds to each class's score, (T, B, C)."""
        return numpy.mean([model.f_scores(x, mask) for model in self.models], axis=0)

    def f_vectors(self, x, mask):
        """Return the models' vectors side by side, (B, sum of their D)."""
        return numpy.concatenate([model.f_vectors(x, mask) for model in self.models], axis=1)

    @property
    def width(self):
        """How many numbers all of them read of the states."""
        return sum(model.width for model in self.models)

    def f_ngrams(self, review):
        """Return (codes (n,), shares (n, C)) of the n-grams that one of the models knows."""
        codes, shares = map(numpy.concatenate, zip(*[m.f_ngrams(review) for m in self.models]))
        found, place = numpy.unique(codes, return_inverse=True)
        total = numpy.zeros((len(found), shares.shape[1]))
        numpy.add.at(total, place, shares / len(self.models))
        return found, total


def load_model(path, dictionary=None):
    """Return the :class:`Model` saved at ``path``, one of the tutorial's own files included.

    dictionary: path of the imdb.dict.pkl (or .gz) that it was trained with; only models that do
    not carry their vocabulary need it, and only to read text. Raises BadInput, also where the two
    contradict each other.
    """
    return read_model(path, load_arrays(path), dictionary)


def read_model(path, saved, dictionary=None):
    """Return the :class:`Model` of the arrays ``saved`` at ``path``: see :func:`load_model`."""
    options = dict(read_options(path, saved), **read_sizes(path, saved))
    params = take_params(path, saved, shapes_of(options))
    params.update(ngrams.take(path, saved, options))
    check_shares(path, saved, options['ydim'])
    saved = dict(saved, **check_calibration(path, saved))
    words = read_words(path, saved, dictionary, options['n_words'])
    return Model(options, params, words, saved, classes_of(path, saved, options['ydim']))


def average(models):
    """Return one :class:`Model` whose scores are the means of those of the models given.

    Its probabilities are their geometric means, normalized, so that what each state adds stays
    exact. Raises BadInput unless all know the same words and classes.
    """
    known = [(model.options['n_words'], model.classes, model.tokenizer, model.dictionary)
             for model in models]
    if known.count(known[0]) < len(known):
        raise BadInput('models of different words, tokenizers or classes cannot be averaged')
    return Average(models)


def read_options(path, saved):
    """Return the options of a saved model; where it has none, the tutorial's."""
    try:
        options = json.loads(str(saved.get('options', '{}')))
        known = dict(DEFAULTS, noise_std=0., use_dropout=bool(options.get('use_dropout', True)),
                     **{name: options[name] for name, kind in READ.items()
                        if isinstance(options.get(name), kind)})
        check_tokenizer(known['tokenizer'] or MOSES)
        known['encoder'] = OLD_ENCODERS.get(known['encoder'], known['encoder'])
        for name in READ:
            if OPTIONS[name].kind in (int, float):
                check_value(name, known[name])
        check_choice('encoder', known['encoder'], lstm.layers)
        check_choice('pooling', known['pooling'], lstm.POOLINGS)
        check_choice('ngrams_as', known['ngrams_as'], ngrams.ROLES)
        known['test_size'] = known['test_size'] or -1  # its training saw none, as in a sweep
        if known['ngrams_as'] == ngrams.TEACHER:
            known['ngrams'] = None  # which are not there any more
        return known
    except (ValueError, AttributeError, RecursionError, BadInput) as error:
        raise BadInput('%s: its options cannot be read (%s)' % (path, error)) from error


def read_sizes(path, saved):
    """Return the sizes of a saved model: n_words, dim_proj and ydim."""
    try:
        (n_words, dim_proj), (_, ydim) = saved['Wemb'].shape, saved['U'].shape
    except (KeyError, ValueError):
        raise BadInput('%s: not a saved model: it has no matrices Wemb and U' % path) from None
    if min(n_words - UNKNOWN, dim_proj, ydim - 1) < 1:
        raise BadInput('%s: not a saved model: Wemb and U are too small' % path)
    return {'n_words': n_words, 'dim_proj': dim_proj, 'ydim': ydim}


def shapes_of(options):
    """Return name -> shape of the parameters that ``lstm.init_params`` draws for these options.

    None are drawn at full size: each axis grows linearly with dim_proj, and two small draws tell
    how.
    """
    small, large = (lstm.init_params(dict(options, dim_proj=D, n_words=2, ydim=2),
                                     numpy.random.RandomState(0)) for D in (16, 32))
    steps, ydim = options['dim_proj'] - 16, options['ydim']
    shapes = {name: tuple(a + steps * (b - a) // 16
                          for a, b in zip(value.shape, large[name].shape))
              for name, value in small.items()}
    return dict(shapes, Wemb=(options['n_words'], shapes['Wemb'][1]), U=(shapes['U'][0], ydim),
                b=(ydim,))


def check_shares(path, saved, ydim):
    """Raise BadInput unless the class shares of a saved model, if it has them, can be such."""
    if 'class_shares' in saved:
        shares = check_array('%s: class_shares' % path, saved['class_shares'], 'f', (ydim,), low=0)
        if abs(shares.sum() - 1) > 1e-3:
            raise BadInput('%s: class_shares: their sum is %g, not 1' % (path, shares.sum()))


def read_words(path, saved, dictionary, n_words):
    """Return word -> index of a model: its own vocabulary, else the dictionary given, else None.

    Raises BadInput if they contradict each other: the embedding has one row for each word.
    """
    own = index_of_words(path, saved, n_words) if 'vocabulary' in saved else None
    if not dictionary:
        return own
    given = as_dictionary(words_in_order(read_dictionary(dictionary), n_words))
    if own is not None and given != own:
        word = min(set(own.items()) ^ set(given.items()), key=lambda item: (item[1], item[0]))[0]
        raise BadInput('%s: contradicts the words that %s was trained with (%.40r is word %s there '
                       'and %s in the model); leave it out'
                       % (dictionary, path, word, given.get(word, 'unknown'),
                          own.get(word, 'unknown')))
    return given


def shared_variables(model):
    """Return a model's parameters as shared variables, one for all that it compiles."""
    return model.compile('tparams', lambda model: lstm.init_tparams(final_params(model)))


def final_params(model):
    """Return a model's parameters as arrays of floatX; as they do not change any more, with what
    the compiled layer would otherwise work out from them for each batch.
    """
    params = {name: numpy_floatX(value) if value.dtype.kind == 'f' else value
              for name, value in model.params.items()}
    prefix = model.options['encoder']
    layer = lstm.get_layer(prefix)[1]
    if lstm.twin(layer, model.options) is layer:  # it has none
        return params
    return dict(params, **fast.project_words(params, prefix))


def build_probs(model):
    """Compile the function of probabilities."""
    return concurrent(lstm.build_model(shared_variables(model), model.options)[4])


def symbolic_states(model):
    """Return the symbolic x (T, B), mask (T, B) and states (T, B, D) of a model."""
    x = tensor.matrix('x', dtype='int64')
    mask = tensor.matrix('mask', dtype=config.floatX)
    return x, mask, lstm.build_states(shared_variables(model), x, mask, model.options)


def build_vectors(model):
    """Compile the function (x, mask) -> the pooled states (B, D)."""
    x, mask, h = symbolic_states(model)
    pooled = lstm.pool(h, mask, model.options)
    return concurrent(padded(function([x, mask], pooled, name='f_vectors'),
                             model.options['valid_batch_size']))


def build_scores(model):
    """Compile the function (x, mask) -> what each state adds to the scores (T, B, C).

    Pooling makes that exact: a score is b + sum over t of (h_t U) / length, and each unit's maximum
    is the state after one word. Dropout halves h in prediction.
    """
    x, mask, h = symbolic_states(model)
    options = model.options
    shares = [h * (mask / mask.sum(axis=0))[:, :, None]]
    if options['pooling'] == 'mean_max':  # all of a unit's maximum is due to the word that gave it
        shares.append(h * tensor.eq(tensor.arange(h.shape[0])[:, None, None],
                                    floor_padding(h, mask).argmax(axis=0)))
    kept = numpy_floatX(0.5 if options['use_dropout'] else 1.)
    scores = tensor.dot(tensor.concatenate(shares, axis=2) * kept, shared_variables(model)['U'])
    return concurrent(padded(function([x, mask], scores, name='f_scores'), 1))
