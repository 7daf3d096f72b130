"""What the tests share: toy data, a very small training, the model in plain NumPy, error bounds."""
import errno
import glob
import io
import itertools
import os
import pickle
import signal
import subprocess
import sys
import tarfile

import numpy

import lstm
from sentiment import explain, predict
from sentiment.data import encoded
from sentiment.data.safe_io import load_arrays

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
NAMES = ('Wemb', 'lstm_W', 'lstm_U', 'lstm_b', 'U', 'b')
GOLDEN = glob.glob(os.path.join(ROOT, 'tests', 'golden', '*.npz'))
POSITIVE = 'wordoa wordpa Wordra wordsa'  # words 14 to 18 stand for class 1
QUICK = ['--dim_proj', '4', '--n_words', '30', '--max_epochs', '1', '--validFreq', '2']
FAST = sorted({False, lstm.compiled.AVAILABLE})  # both ways to compute, or the only one

# --- Data -------------------------------------------------------------------------------------


def toy_reviews(n, seed, classes=2):
    """Reviews of 3 to 12 words whose class is that of their most frequent kind of word."""
    rng = numpy.random.RandomState(seed)
    labels = [i % classes for i in range(n)]
    reviews = [[2 + int(rng.randint(10)) + 10 * (y if rng.rand() < 0.9 else 0)
                for _ in range(rng.randint(3, 13))] for y in labels]
    return reviews, labels


def toy_word(index):
    """Return the word of an index, which no tokenizer takes apart."""
    return 'word' + chr(ord('a') + index % 26) + chr(ord('a') + index // 26)


def write_pickles(path, *objects):
    """Pickle these objects one after the other."""
    with open(str(path), 'wb') as file:
        for item in objects:
            pickle.dump(item, file, 2)
    return str(path)


def write_toy_pickle(path, n_train=60, n_test=23, classes=2):
    """Write an imdb.pkl of toy reviews: two pickles, train then test; and its dictionary."""
    write_pickles(str(path).replace('.pkl', '.dict.pkl'),
                  {toy_word(index): index for index in range(2, 12 + 10 * classes)})
    return write_pickles(path, toy_reviews(n_train, 1, classes), toy_reviews(n_test, 2, classes))


def write_toy_parts(folder, n_train=60, n_test=23, n_parts=4):
    """Write the same as encoded parts, training and test reviews in each; return their folder."""
    os.makedirs(str(folder))
    (train, y), (test, test_y) = toy_reviews(n_train, 1), toy_reviews(n_test, 2)
    reviews, labels = train + test, numpy.array(y + test_y)
    places = numpy.array(list(range(n_train)) + [-1 - k for k in range(n_test)])
    key, entries = encoded.key_of(places, labels), []
    for k in range(n_parts):
        rows = numpy.flatnonzero(numpy.arange(len(reviews)) * 7 // 11 % n_parts == k)
        entries.append(encoded.write_part(str(folder / ('%d.words' % k)), key, [
            reviews[row] for row in rows], labels[rows], places[rows]))
    words = write_pickles(folder / 'imdb.dict.pkl',
                          {toy_word(index): index for index in range(2, 32)})
    encoded.write_index(str(folder / 'imdb.parts'), key, entries, [words])
    return str(folder)


def as_texts(reviews):
    """Return the texts of toy reviews."""
    return [' '.join(map(toy_word, review)) for review in reviews]


def write_raw(folder, reviews, labels):
    """Write a folder of reviews whose training and test reviews are the same."""
    for k, (text, label) in enumerate(zip(as_texts(reviews), labels)):
        for place in ('train', 'test'):
            place = folder / place / ('pos' if label else 'neg')
            os.makedirs(str(place), exist_ok=True)
            (place / ('%d.txt' % k)).write_text(text)
    return str(folder)


REVIEWS = {'train/pos/0_9.txt': 'A fine film , a fine day.', 'train/pos/1_8.txt': "It's great!",
           'train/neg/0_2.txt': 'A poor film.<br />No.', 'train/neg/1_1.txt': 'Bad, bad, bad.',
           'test/pos/0_9.txt': 'fine wine', 'test/neg/0_1.txt': 'Überbad film'}


def write_folder(folder, files=REVIEWS):
    """Write files, the last first: their order on the disk must not matter."""
    for name in sorted(files, reverse=True):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        text = files[name]
        path.write_bytes(text if isinstance(text, bytes) else text.encode('utf-8'))
    return str(folder)


def write_archive(path, files=REVIEWS, extra=(), mode='w:gz'):
    """Write a tar of files under aclImdb/, and these further members."""
    with tarfile.open(str(path), mode) as archive:
        for name, text in files.items():
            data = text.encode('utf-8')
            member = tarfile.TarInfo('aclImdb/' + name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
        for member in extra:
            archive.addfile(member)
    return str(path)


class Evil:
    """Pickles as a call of ``function`` with ``args``, which whoever unpickles it will make."""

    def __init__(self, function, *args):
        self.call = function, args

    def __reduce__(self):
        return self.call


def full_disk(*_):
    """Fail as a full disk does."""
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


# --- Training ---------------------------------------------------------------------------------


def train(path, saveto, **keywords):
    """Train a very small model on the toy reviews."""
    settings = dict(path=path, saveto=saveto and str(saveto), dim_proj=4, n_words=30, max_epochs=2,
                    validFreq=3, dispFreq=2, saveFreq=4, optimizer=lstm.rmsprop)
    return lstm.train_lstm(**dict(settings, **keywords))


def interrupt():
    """Send this process a Ctrl-C."""
    os.kill(os.getpid(), signal.SIGINT)


class Watched:
    """An optimizer of a test's own: a built-in one, with what the test wants done on the way.

    after: number of an update, from 1 -> what to call after it; cost: (number, cost) -> the cost
    that the training is told.
    """

    def __init__(self, name, after=(), cost=lambda n, cost: cost, fast=True):
        self.after, self.cost = dict(after), cost
        self.optimizer = lstm.twin(lstm.optimizers[name], {'fast': fast})

    def __call__(self, *arguments):
        gradient, update = self.optimizer(*arguments)
        numbers = itertools.count(1), itertools.count(1)

        def f_grad_shared(x, mask, y):
            return self.cost(next(numbers[0]), gradient(x, mask, y))

        def f_update(lr):
            update(lr)
            self.after.get(next(numbers[1]), lambda: None)()

        f_grad_shared.get_shared, f_update.get_shared = gradient.get_shared, update.get_shared
        return f_grad_shared, f_update


def assert_same_model(first, second):
    """Assert that two saved models hold the same, bit for bit; saveto and resume are options."""
    first, second = load_arrays(str(first)), load_arrays(str(second))
    assert first.keys() == second.keys()
    for name in set(first) - {'options'}:
        numpy.testing.assert_array_equal(first[name], second[name], err_msg=name)


def run_python(*arguments, **keywords):
    """Run Python at the root of the project in a process of its own; ``flags``, ``environment``."""
    environment = dict(os.environ, **keywords.pop('environment', {}))
    environment.pop('PYTEST_ADDOPTS', None)  # coverage is that of the outer pytest
    if 'flags' in keywords:
        environment.update(THEANO_FLAGS=keywords.pop('flags'), PYTENSOR_FLAGS='')
    keywords = dict(dict(cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                         universal_newlines='input' not in keywords), **keywords)
    return subprocess.run([sys.executable] + list(arguments), env=environment, **keywords)


# --- The model in plain NumPy -----------------------------------------------------------------


def reference_probs(params, x, mask, temperature=1.):
    """Forward pass in plain NumPy, one time step after the other; a wide U reads maxima too."""
    def sigmoid(z):
        return 1. / (1. + numpy.exp(-z))

    dim = params['lstm_U'].shape[0]
    h, c = numpy.zeros((2, x.shape[1], dim))
    total, largest = numpy.zeros_like(h), numpy.full_like(h, -1)
    for word, m in zip(x, mask[:, :, None]):
        z = params['Wemb'][word].dot(params['lstm_W']) + h.dot(params['lstm_U']) + params['lstm_b']
        i, f, o = (sigmoid(z[:, n * dim:(n + 1) * dim]) for n in range(3))
        c_new = f * c + i * numpy.tanh(z[:, 3 * dim:])
        h = m * (o * numpy.tanh(c_new)) + (1 - m) * h
        c = m * c_new + (1 - m) * c
        total += m * h
        largest = numpy.where(m, numpy.maximum(largest, h), largest)
    pooled = numpy.concatenate([total / mask.sum(axis=0)[:, None], largest], axis=1)
    scores = (pooled[:, :len(params['U'])] * 0.5).dot(params['U']) + params['b']
    scores /= temperature
    odds = numpy.exp(scores - scores.max(axis=1, keepdims=True))
    return odds / odds.sum(axis=1, keepdims=True)


def reference_data_probs(params, data, temperature=1.):
    """The same, a review at a time: no padding, no batches."""
    return numpy.concatenate([
        reference_probs(params, numpy.reshape(x, (-1, 1)), numpy.ones((len(x), 1)), temperature)
        for x in data[0]])


def assert_contributions_are_the_scores(model):
    """Assert that what each state adds, and the bias, are the scores behind a prediction."""
    words, contributions = explain(model, POSITIVE, by='states')
    assert words == POSITIVE.lower().split() and contributions.shape == (4, 2)
    scores = contributions.sum(axis=0) + model.params['b'] / model.temperature
    odds = numpy.exp(scores)
    numpy.testing.assert_allclose(odds / odds.sum(), predict(model, [POSITIVE])[0])


# --- Error bounds -----------------------------------------------------------------------------


def product_bound(a, b, extra=0):
    """Return how far two computations of a.dot(b) may be apart, an array of its shape.

    Each is off by at most n u / (1 - n u) times |a| |b|, n terms, u half an epsilon, whatever the
    order of its sums (Higham, Accuracy and Stability, 2002, section 3.5); ``extra`` further terms.
    """
    n, u = a.shape[1] + extra, numpy.finfo(a.dtype).eps / 2
    absolute = numpy.abs(a).astype('float64').dot(numpy.abs(b).astype('float64')) + extra
    return 2 * n * u / (1 - n * u) * absolute
