"""fastText's answers, in a process that has nothing else in it: in memory that other packages have
used, its own meets NaN.

    python benchmarks/fast_text.py train.txt test.txt ORDER RATE probs.npy

train.txt: ``__label__1 words`` on each line; test.txt: words. Probabilities (n, 2) go to probs.npy.
"""
import os
import subprocess
import sys
import tempfile

import numpy

SETTINGS = dict(epoch=5, dim=10, thread=2, verbose=0, bucket=2000000)  # more gained nothing on IMDB


def labelled(texts, labels):
    """Return the lines that it learns from."""
    return ['__label__%d %s' % pair for pair in zip(labels, texts)]


def write_lines(path, lines):
    """Write lines of text."""
    with open(path, 'w', encoding='utf-8') as file:
        file.writelines(line + '\n' for line in lines)


def fast_text(texts, labels, setting):
    """fastText (Joulin et al., 2017); setting: words of an n-gram, learning rate. Returns the
    function of other texts that gives their probabilities (n, 2).
    """
    def answer(others):
        with tempfile.TemporaryDirectory() as folder:
            train, test, probs = (os.path.join(folder, name) for name in
                                  ('train.txt', 'test.txt', 'probs.npy'))
            write_lines(train, labelled(texts, labels))
            write_lines(test, others)
            subprocess.run([sys.executable, __file__, train, test, *map(str, setting), probs],
                           check=True)
            return numpy.load(probs)
    return answer


def main(train, test, order, rate, probs):
    import fasttext
    model = fasttext.train_supervised(train, wordNgrams=int(order), lr=float(rate), **SETTINGS)
    with open(test, encoding='utf-8') as file:
        found = [{name: p for p, name in model.f.predict(line, 2, 0., 'strict')} for line in file]
    numpy.save(probs, [[row.get('__label__%d' % k, 0.) for k in (0, 1)] for row in found])


if __name__ == '__main__':
    main(*sys.argv[1:])
