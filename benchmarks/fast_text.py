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


def write_lines(path, texts, labels=None):
    """Write texts, and their labels, as fastText reads them."""
    with open(path, 'w', encoding='utf-8') as file:
        file.writelines(texts[k] + '\n' if labels is None else
                        '__label__%d %s\n' % (labels[k], texts[k]) for k in range(len(texts)))


def answer(texts, labels, setting, others):
    """Return the probabilities (n, 2) of other texts; setting: words of an n-gram, learning rate.
    """
    with tempfile.TemporaryDirectory() as folder:
        train, test, probs = (os.path.join(folder, name) for name in
                              ('train.txt', 'test.txt', 'probs.npy'))
        write_lines(train, texts, labels)
        write_lines(test, others)
        subprocess.run([sys.executable, __file__, train, test, *map(str, setting), probs],
                       check=True)
        return numpy.load(probs)


def main(train, test, order, rate, probs):
    import fasttext
    model = fasttext.train_supervised(train, wordNgrams=int(order), lr=float(rate), **SETTINGS)
    with open(test, encoding='utf-8') as file:
        found = [{name: p for p, name in model.f.predict(line, 2, 0., 'strict')} for line in file]
    numpy.save(probs, [[row.get('__label__%d' % k, 0.) for k in (0, 1)] for row in found])


if __name__ == '__main__':
    main(*sys.argv[1:])
