"""What a user would pick instead: tf-idf of words and bigrams, logistic regression (scikit-learn).

    python benchmarks/bigrams.py --path aclImdb_v1.tar.gz

The strength of regularization is chosen on 1,250 training reviews that are held out, as many as
the recipes of lstm.py hold out; then all training reviews are learnt.
"""
import argparse
import os
import sys
import time

import numpy
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from sentiment.reviews.read import read_sets  # noqa: E402

STRENGTHS = (1, 3, 10, 30, 100)  # scikit-learn's C
N_VALID = 1250


def learn(texts, labels, strength):
    """Return a pipeline that has learnt these reviews."""
    vectorizer = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
    return make_pipeline(vectorizer, LogisticRegression(C=strength, max_iter=1000)).fit(
        texts, labels)


def choose(texts, labels):
    """Return the strength with the least error on reviews that were held out."""
    order = numpy.random.RandomState(123).permutation(len(texts))
    valid, train = order[:N_VALID], order[N_VALID:]
    errors = {strength: error(learn([texts[i] for i in train], labels[train], strength),
                              [texts[i] for i in valid], labels[valid]) for strength in STRENGTHS}
    print('error on held-out reviews for each C: %s' % errors, flush=True)
    return min(errors, key=errors.get)


def error(pipeline, texts, labels):
    """Return the fraction of texts that are classified wrongly."""
    return round(1 - pipeline.score(texts, labels), 4)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--path', required=True, help='the aclImdb archive, or a folder like it')
    sets = read_sets(parser.parse_args().path)
    (texts, labels), (test_texts, test_labels) = sets['train'], sets['test']
    labels, started = numpy.array(labels), time.process_time()
    strength = choose(texts, labels)
    chosen = time.process_time()
    pipeline = learn(texts, labels, strength)
    learnt = time.process_time()
    print('C %d: test error %.4f; %d s of processor time to choose C, %d to learn'
          % (strength, error(pipeline, test_texts, test_labels), chosen - started, learnt - chosen))


if __name__ == '__main__':
    main()
