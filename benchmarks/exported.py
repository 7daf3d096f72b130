"""An export beside predict: time from the start of a process to its answer, and how near it is.

    python benchmarks/exported.py lstm_model.npz --path aclImdb_v1.tar.gz

Whole processes are measured in turns: `lstm.py predict`, and the Python of docs/onnx.md, each asked
the same two texts. Then an equal number of test reviews of each class, or the model's own test set
without --path, is read by all, in this process.
"""
import argparse
import os
import re
import subprocess
import sys
import tempfile
import time

import numpy

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, ROOT)

from sentiment import load_test_set  # noqa: E402
from sentiment.commands.common import load, verb_parser  # noqa: E402
from sentiment.portable.compare import open_session, run  # noqa: E402
from sentiment.reporting.findings import reading_of  # noqa: E402
from sentiment.using.ask import pred_sorted, probabilities  # noqa: E402

TEXTS = ['What a wonderful film!', 'A waste of time.']  # as in docs/onnx.md


def export(model, folder, *flags):
    """Export a model as model.onnx into a folder of its own; return the file's path."""
    os.makedirs(folder)
    path = os.path.join(folder, 'model.onnx')
    subprocess.run([sys.executable, 'lstm.py', 'export', model, path] + list(flags), cwd=ROOT,
                   check=True, stdout=subprocess.DEVNULL)
    return path


def seconds(command, folder, given=''):
    """Return how long a process takes, start included, and what it answers."""
    started = time.perf_counter()
    done = subprocess.run(command, cwd=folder, input=given.encode(), check=True,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return time.perf_counter() - started, done.stdout.decode().split()[:2]


def first_answers(model, paths, rounds):
    """Return name -> seconds (rounds,) until a new process has answered, in turns."""
    with open(os.path.join(ROOT, 'docs', 'onnx.md'), encoding='utf-8') as file:
        page = re.search('```python\n(.*?)```', file.read(), re.DOTALL).group(1)
    commands = {'predict': ([sys.executable, 'lstm.py', 'predict', model, '-'], ROOT)}
    commands.update((name, ([sys.executable, '-c', page], os.path.dirname(path)))
                    for name, path in paths.items())
    taken, said = {name: [] for name in commands}, {}
    for _ in range(rounds + 1):  # the first finds nothing in the disk's cache
        for name, (command, folder) in commands.items():
            time_taken, said[name] = seconds(command, folder, '\n'.join(TEXTS))
            taken[name].append(time_taken)
    print('answers:', said)
    return {name: numpy.array(times[1:]) for name, times in taken.items()}


def test_reviews(model, path, count):
    """Return word indices of test reviews, as many of the one class as of the other."""
    reviews, labels = load_test_set(model, path=path, test_size=-1)
    labels = numpy.asarray(labels)
    chosen = [numpy.flatnonzero(labels == label)[:-(-count // len(set(labels.tolist())))]
              for label in numpy.unique(labels)]
    return [list(map(int, reviews[k])) for k in numpy.concatenate(chosen)[:count]]


def readings_of(model, reviews):
    """Return what predict would have read, had it been given the words of these indices."""
    words = {index: word for word, index in model.dictionary.items()}
    return [reading_of(model, review, words) for review in reviews]


def answers(session, reviews):
    """Return the probabilities of an export, one review at a time, and seconds for each."""
    started = time.perf_counter()
    probs = numpy.concatenate([run(session, [review]) for review in reviews])
    return probs, (time.perf_counter() - started) / len(reviews)


def main():
    parser = verb_parser('exported.py', __doc__.splitlines()[0])
    parser.formatter_class = argparse.HelpFormatter
    parser.add_argument('--path', help='reviews, as evaluate takes them')
    parser.add_argument('--count', type=int, default=2000, help='of reviews')
    parser.add_argument('--rounds', type=int, default=5)
    options = parser.parse_args()
    model, given = load(options), os.path.abspath(options.model)
    with tempfile.TemporaryDirectory() as folder:
        paths = {name: export(given, os.path.join(folder, name), *flags)
                 for name, flags in (('float32', []), ('int8', ['--int8']))}
        times = first_answers(given, paths, options.rounds)
        for name, taken in times.items():
            print('%-8s first answer %.2f s (%.2f to %.2f), predict / it %.1f' % (
                name, numpy.median(taken), taken.min(), taken.max(),
                numpy.median(times['predict'] / taken)))
        reviews = test_reviews(model, options.path, options.count)
        wanted = probabilities(model, readings_of(model, reviews))
        started = time.perf_counter()
        some = reviews[:200]
        for review in some:
            pred_sorted(model, [review])
        print('predict  %.2f ms a review' % (1000 * (time.perf_counter() - started) / len(some)))
        for name, path in paths.items():
            probs, taken = answers(open_session(path), reviews)
            other = (probs.argmax(axis=1) != wanted.argmax(axis=1)).mean()
            print('%-8s %.3f MB; %.2f ms a review; %d reviews: largest difference %.2g, other '
                  'labels %.2f %%' % (name, os.path.getsize(path) / 1e6, 1000 * taken, len(reviews),
                                      abs(probs - wanted).max(), 100 * other))


if __name__ == '__main__':
    main()
