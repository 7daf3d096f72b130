"""Training on encoded parts against training in memory: test errors, and peak memory.

    python benchmarks/streamed.py imdb.pkl --seeds 1 2 3 --buffer 1048576 -- --max_epochs 10
    python benchmarks/streamed.py imdb.pkl --times 10 --epochs 1 --seeds 1 --only streamed

The data is written, so many times over, as encoded parts and, to train in memory, as a pickle, into
a temporary folder; each training is a process of its own. What follows -- goes to lstm.py.
"""
import argparse
import os
import re
import shutil
import statistics
import sys
import tempfile
import time

import numpy

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, ROOT)

from benchmarks import rows  # noqa: E402
from sentiment.data import encoded  # noqa: E402
from sentiment.data.pickles import read_dictionary, read_sets, write_sets  # noqa: E402
from sentiment.data.streamed import BUFFER  # noqa: E402

PART = 5000  # reviews in one part


def write_parts(folder, sets, words, times):
    """Write sets, each so many times over, as encoded parts, beside the dictionary ``words``."""
    os.makedirs(folder)
    dictionary = shutil.copy(words, os.path.join(folder, 'imdb.dict.pkl'))
    key, entries = encoded.key_of([times]), []
    for kind, (reviews, labels) in zip(('train', 'test'), sets):
        for start in range(0, times * len(reviews), PART):
            places = numpy.arange(start, min(start + PART, times * len(reviews)))
            some = places % len(reviews)
            path = os.path.join(folder, '%s-%05d%s' % (kind, start // PART, encoded.ENDING))
            entries.append(encoded.write_part(
                path, key, [reviews[k] for k in some], labels[some],
                places if kind == 'train' else -1 - places))
    encoded.write_index(os.path.join(folder, 'imdb' + encoded.INDEX), key, entries, [dictionary])


def train(path, seed, options, folder):
    """Train in a process of its own; return (test error, peak memory in MB, seconds)."""
    started = time.time()
    said, peak = rows.run(['--path', path, '--seed', str(seed), '--saveto',
                           os.path.join(folder, 'model.npz')] + options)
    return float(re.search(r'test error (\S+)', said).group(1)), peak, time.time() - started


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0],
                                     epilog='what follows -- goes to lstm.py')
    parser.add_argument('pickle', help='imdb.pkl, its dictionary beside it')
    parser.add_argument('--times', type=int, default=1, help='how often the data is repeated')
    parser.add_argument('--epochs', type=int, help='max_epochs of each training')
    parser.add_argument('--buffer', type=int, default=BUFFER, help='words (default: %(default)s)')
    parser.add_argument('--seeds', type=int, nargs='+', default=[1, 2, 3])
    parser.add_argument('--only', choices=['streamed', 'memory'], help='not the other of the two')
    at = sys.argv.index('--') if '--' in sys.argv else len(sys.argv)
    asked = parser.parse_args(sys.argv[1:at])
    options = sys.argv[at + 1:] + (['--max_epochs', str(asked.epochs)] if asked.epochs else [])
    words = asked.pickle.replace('.pkl', '.dict.pkl')
    sets, dictionary = read_sets(asked.pickle), read_dictionary(words)
    with tempfile.TemporaryDirectory() as folder:
        ways = {'memory': (os.path.join(folder, 'memory'), []),
                'streamed': (os.path.join(folder, 'streamed'), ['--buffer', str(asked.buffer)])}
        ways = {name: ways[name] for name in ways if asked.only in (None, name)}
        if 'streamed' in ways:
            write_parts(ways['streamed'][0], sets, words, asked.times)
        if 'memory' in ways:
            repeated = [(list(reviews) * asked.times, numpy.tile(labels, asked.times))
                        for reviews, labels in sets]
            write_sets(*repeated, dictionary, ways['memory'][0], 'imdb', ['negative', 'positive'],
                       'moses:en')
        for name, (path, more) in ways.items():
            errors = []
            for seed in asked.seeds:
                error, peak, seconds = train(path, seed, options + more, folder)
                errors.append(error)
                print('%-8s  seed %d  test error %.4f  peak %d MB  %.0f s'
                      % (name, seed, error, peak, seconds), flush=True)
            spread = statistics.stdev(errors) if len(errors) > 1 else float('nan')
            print('%-8s  mean %.4f, standard deviation %.4f' % (name, statistics.mean(errors),
                                                                spread), flush=True)


if __name__ == '__main__':
    main()
