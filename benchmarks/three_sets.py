"""Error, log loss and calibration of the recipes, beside what a user would pick instead.

    THEANO_FLAGS="floatX=float32" python benchmarks/three_sets.py --path aclImdb_v1.tar.gz

Three sets: IMDB's 25,000 test reviews, all 2,000 test sentences of the rated ones, 3,000 Chinese
shop reviews. Of the peers, the constants are chosen on training reviews that are held out,
stretches of neighbours and the reviews most like them, which in IMDB share few films with the rest;
settings of ours were chosen in the same way (--held-out measures there). The test set is read once
for each line. A line of JSON for each is written to stdout, the table at the end to stderr.
"""
import argparse
import itertools
import json
import os
import sys
import tempfile
import time

import numpy
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import imdb  # noqa: E402
import lstm  # noqa: E402
from benchmarks import chinese  # noqa: E402
from benchmarks.fast_text import fast_text  # noqa: E402
from sentiment import load_model, load_test_set  # noqa: E402
from sentiment.data import snippets  # noqa: E402
from sentiment.data.about import read_about  # noqa: E402
from sentiment.data.pickles import (read_dictionary, read_sets, words_in_order,  # noqa: E402
                                    write_sets)
from sentiment.training.calibration import calibration_error, reliability  # noqa: E402
from sentiment.using.ask import pred_sorted  # noqa: E402
from sentiment.using.measure import check_data  # noqa: E402

N_STRETCHES, VALID_PORTION, LEAST = 10, 0.05, 1e-15
RECIPES = {'imdb': ('tutorial', 'full', 'max', 'wide'),
           'sentences': ('tutorial', 'full', 'sentences'),
           'chinese': ('full', 'wide', 'characters')}
TITLES = {'imdb': 'IMDB', 'sentences': 'rated sentences', 'chinese': 'Chinese shop reviews'}
FIGURES = ('error', 'log_loss', 'calibration_error', 'least_calibration_error', 'seconds', 'ms')

# --- Data: name -> path of imdb.pkl ------------------------------------------------------------


def locate_chinese(folder):
    """Return the path of the Chinese reviews as characters, preprocessed."""
    train, test = chinese.split(folder)
    paths = [chinese.write(folder, name, *part) for name, part in
             (('train', train), ('test', test))]
    return imdb.locate(paths[0], test_path=paths[1], tokenizer='characters')


def hold_out(path, folder):
    """Write an imdb.pkl whose test reviews are stretches of the training reviews; its path."""
    sets = imdb.split(read_sets(path)[0], 0.25, numpy.random.RandomState(7), 50)
    write_sets(*[([review.tolist() for review in reviews], labels.tolist())
                 for reviews, labels in sets],
               read_dictionary(path.replace('.pkl', '.dict.pkl')), folder, 'imdb',
               *read_about(path, 2))
    return os.path.join(folder, 'imdb.pkl')


class Texts:
    """The words of a pickle's reviews, for the peers: training, held-out and test reviews."""

    def __init__(self, path):
        train, test = read_sets(path)
        vocabulary = words_in_order(read_dictionary(path.replace('.pkl', '.dict.pkl')), 2 ** 31)
        self.words = numpy.concatenate([['', ''], vocabulary]).astype(object)
        rest, valid = imdb.split(train, VALID_PORTION, numpy.random.RandomState(123), N_STRETCHES)
        self.sets = [(self.texts(part[0]), numpy.asarray(part[1])) for part in (rest, valid, test)]

    def texts(self, reviews):
        return [' '.join(self.words[review]) for review in reviews]


# --- Peers: (training texts, labels, constant) -> function of texts -> probabilities (n, 2) ----


def tf_idf(texts, labels, strength, by='word'):
    """tf-idf of words and bigrams, or of 1 to 3 characters, and logistic regression."""
    vectorizer = TfidfVectorizer(
        analyzer=by, ngram_range=(1, 2) if by == 'word' else (1, 3), min_df=2, sublinear_tf=True,
        preprocessor=None if by == 'word' else lambda text: text.replace(' ', ''))
    model = LogisticRegression(C=strength, max_iter=1000).fit(
        vectorizer.fit_transform(texts), labels)
    return lambda others: model.predict_proba(vectorizer.transform(others))


def naive_bayes_ngrams(texts, labels, strength):
    """Logistic regression of n-grams scaled by their naive Bayes ratios (Wang & Manning, 2012)."""
    vectorizer = TfidfVectorizer(ngram_range=(1, 3), min_df=2, use_idf=False, norm=None,
                                 binary=True, token_pattern=r'\S+')
    present = vectorizer.fit_transform(texts)
    counts = [1 + numpy.asarray(present[labels == k].sum(axis=0))[0] for k in (0, 1)]
    ratio = sparse.diags(numpy.log(counts[1] / counts[1].sum() / (counts[0] / counts[0].sum())))
    model = LogisticRegression(C=strength, solver='liblinear').fit(present @ ratio, labels)
    return lambda others: model.predict_proba(vectorizer.transform(others) @ ratio)


PEERS = {'tf-idf': (tf_idf, (1, 3, 10, 30, 100)),
         'naive Bayes n-grams': (naive_bayes_ngrams, (0.03, 0.1, 0.3, 1)),
         'fastText': (fast_text, tuple(itertools.product((1, 2, 3), (0.1, 0.5))))}


def measure_peer(name, peer, constants, texts, by):
    """Choose the constant on held-out reviews, learn all, read the test set once."""
    (rest, y_rest), (valid, y_valid), (test, y_test) = texts.sets
    more = {'by': by} if peer is tf_idf else {}
    started = time.time()
    errors = {c: (peer(rest, y_rest, c, **more)(valid).argmax(axis=1) != y_valid).mean()
              for c in constants}
    best = min(errors, key=errors.get)
    answer = peer(rest + valid, numpy.concatenate([y_rest, y_valid]), best, **more)
    seconds, started = time.time() - started, time.time()
    probs = answer(test)
    return dict(figures(probs, y_test), what=name, setting=best, seconds=seconds,
                ms=1000 * (time.time() - started) / len(test))


def figures(probs, labels):
    """Return error, log loss and calibration error of probabilities."""
    likelihood = probs[numpy.arange(len(labels)), labels].clip(LEAST)
    return {'error': float((probs.argmax(axis=1) != labels).mean()),
            'log_loss': float(-numpy.log(likelihood).mean()),
            'calibration_error': calibration_error(reliability(probs, labels)),
            'least_calibration_error': least_calibration_error(probs)}


def least_calibration_error(probs, n_draws=100):
    """Return the calibration error, on average, if the probabilities were the truth: of so many
    samples none is without one.
    """
    rng, below = numpy.random.RandomState(0), probs.cumsum(axis=1)[:, :-1]
    draws = [(rng.rand(len(probs), 1) > below).sum(axis=1) for _ in range(n_draws)]
    return float(numpy.mean([calibration_error(reliability(probs, labels)) for labels in draws]))


# --- Ours ---------------------------------------------------------------------------------------


def measure_recipe(recipe, path, seed, folder):
    """Train a recipe; measure what it saved."""
    saveto, started = os.path.join(folder, '%s-%d.npz' % (recipe, seed)), time.time()
    settings = dict(lstm.recipes[recipe], path=path, seed=seed, saveto=saveto)
    if recipe == 'tutorial':
        settings.update(max_epochs=100)
    lstm.train_lstm(**settings)
    seconds = time.time() - started
    model = load_model(saveto)
    reviews, labels = check_data(model, load_test_set(model, test_size=-1))
    pred_sorted(model, reviews[:64])  # compiles
    started = time.time()
    probs = pred_sorted(model, reviews)
    return dict(figures(probs, labels), what=recipe, seed=seed, seconds=seconds,
                ms=1000 * (time.time() - started) / len(labels))


# --- All of it ----------------------------------------------------------------------------------


def show(row):
    """Print a measurement."""
    print(json.dumps(row), flush=True)
    return row


def grouped(rows):
    """Return (set, what) -> its rows, one for each seed."""
    return {key: [row for row in rows if (row['set'], row['what']) == key]
            for key in dict.fromkeys((row['set'], row['what']) for row in rows)}


def table(rows):
    """Return a table of measurements: the mean and the range over the seeds."""
    lines = []
    for key, some in grouped(rows).items():
        errors = [row['error'] for row in some]
        mean = {name: numpy.mean([row[name] for row in some]) for name in FIGURES}
        lines.append('| %s | %s | %.4f | %.4f to %.4f | %.3f | %.3f of %.3f | %d | %.2f |' % (
            key + (mean['error'], min(errors), max(errors), mean['log_loss'],
                   mean['calibration_error'], mean['least_calibration_error'], mean['seconds'],
                   mean['ms'])))
    return '\n'.join(lines)


def draw(rows, path):
    """Draw the errors, a panel for each set: each seed a dot, the mean a line, ours in colour."""
    from matplotlib.figure import Figure
    groups = grouped(rows)
    names = [name for name in RECIPES if any(key[0] == name for key in groups)]
    figure = Figure((4.2 * len(names), 2.6), layout='constrained')
    for axes, name in zip(figure.subplots(1, len(names), squeeze=False)[0], names):
        some = {what: [row['error'] for row in found]
                for (place, what), found in groups.items() if place == name}
        order = sorted(some, key=lambda what: -numpy.mean(some[what]))
        for y, what in enumerate(order):
            colour = 'gray' if what in PEERS else 'tab:blue'
            axes.plot(some[what], [y] * len(some[what]), 'o', color=colour, alpha=0.4)
            axes.plot([numpy.mean(some[what])] * 2, [y - 0.3, y + 0.3], color=colour, linewidth=2)
        axes.set_yticks(range(len(order)), order)
        axes.set_title(TITLES[name])
        axes.set_xlabel('test error')
        axes.locator_params(axis='x', nbins=5)
        axes.grid(axis='x', alpha=0.3)
    figure.savefig(path)


def read_rows(path):
    """Return the measurements of an earlier run: a line of JSON for each."""
    with open(path, encoding='utf-8') as file:
        return [json.loads(line) for line in file]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--path', help="IMDB's archive, or a folder like it")
    parser.add_argument('--sets', nargs='*', default=list(RECIPES), choices=list(RECIPES))
    parser.add_argument('--seeds', type=int, nargs='*', default=[123, 124, 125, 126, 127])
    parser.add_argument('--recipes', nargs='+', help='these only')
    parser.add_argument('--peers', nargs='*', default=list(PEERS), choices=list(PEERS))
    parser.add_argument('--held-out', action='store_true',
                        help='test on a quarter of the training reviews, to choose settings')
    parser.add_argument('--models', help='keep the models in this folder')
    parser.add_argument('--rows', nargs='*', default=[], help='add the lines of earlier runs')
    parser.add_argument('--picture', help='draw the errors into this file (.svg, .png)')
    options = parser.parse_args()
    rows = [row for path in options.rows for row in read_rows(path)]
    with tempfile.TemporaryDirectory() as folder:
        locate = {'imdb': lambda: imdb.locate(options.path), 'sentences': snippets.locate,
                  'chinese': lambda: locate_chinese(folder)}
        for name in options.sets:
            path = locate[name]()
            if options.held_out:
                path = hold_out(path, os.path.join(folder, name))
            place = os.path.join(options.models or folder, name + '-models')
            os.makedirs(place, exist_ok=True)
            texts = Texts(path) if options.peers else None
            for peer in options.peers:
                by = 'char' if name == 'chinese' else 'word'
                rows.append(show(dict(measure_peer(peer, *PEERS[peer], texts, by), set=name)))
            for recipe in options.recipes or RECIPES[name]:
                for seed in options.seeds:
                    rows.append(show(dict(measure_recipe(recipe, path, seed, place), set=name)))
    print(table(rows), file=sys.stderr)
    if options.picture:
        draw(rows, options.picture)


if __name__ == '__main__':
    main()
