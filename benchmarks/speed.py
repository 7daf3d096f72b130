"""Words per second of training and evaluation, beside PyTorch, JAX, ONNX Runtime and our own scan.

    python benchmarks/speed.py --path aclImdb_v1.tar.gz

Every contender is a process of its own with its own number of threads. They take turns, batch list
by batch list, so that what else the machine does falls on all of them alike; the table gives the
median over the rounds and, behind +-, half of their spread, and ratios of the medians.
"""
import argparse
import json
import multiprocessing
import os
import sys
import time
from statistics import median

import numpy

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, ROOT)

import imdb  # noqa: E402
from benchmarks.contenders import CONTENDERS  # noqa: E402
from sentiment.data import snippets  # noqa: E402
from sentiment.training.batches import (get_bucketed_minibatches_idx,  # noqa: E402
                                        get_minibatches_idx)

BASE = {'maxlen': 100, 'n_words': 10000, 'batch_size': 16, 'dim_proj': 128, 'bucket': False,
        'evaluate': False, 'sentences': False}
WHOLE = dict(BASE, maxlen=None)
# name -> setting; each differs from the tutorial's (BASE) as its name says
SETTINGS = {
    'tutorial': BASE,
    'whole reviews': WHOLE,
    'whole, bucketed': dict(WHOLE, bucket=True),
    '100,000 words': dict(BASE, n_words=100000),
    'sentences under 25 words': dict(BASE, maxlen=25, sentences=True),
    'batch 64': dict(BASE, batch_size=64),
    '256 units': dict(BASE, dim_proj=256),
    'whole, batch 64': dict(WHOLE, batch_size=64),
    'whole, 256 units': dict(WHOLE, dim_proj=256),
    'whole, 100,000 words': dict(WHOLE, n_words=100000),
    'evaluation': dict(WHOLE, batch_size=64, evaluate=True),
}
SCANNED = ('tutorial', 'whole reviews')  # slow enough to be measured twice only
TORCH = [name for name in CONTENDERS if name.startswith('torch')]
OTHERS = TORCH + ['jax', 'onnx']
THREADS = ('OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS', 'MKL_NUM_THREADS')
CURVES = {  # what one chart each varies, from BASE
    'longest review, words': ('maxlen', [25, 50, 100, 200, 400, 800]),
    'vocabulary, words': ('n_words', [1000, 3000, 10000, 30000, 100000]),
    'batch, reviews': ('batch_size', [1, 4, 16, 64, 256]),
    'dim_proj, units': ('dim_proj', [32, 64, 128, 256, 512]),
}


def draw(setting, path, n_batches):
    """Return the same real batches (x, mask, y) for every contender."""
    rng = numpy.random.RandomState(0)
    path = snippets.locate() if setting['sentences'] else path
    n_batches = max(4, n_batches * 16 // max(16, setting['batch_size']))
    sets = imdb.load_data(path=path, n_words=setting['n_words'], maxlen=setting['maxlen'], rng=rng)
    reviews, labels = sets[2 if setting['evaluate'] else 0]
    lengths = numpy.array([len(review) for review in reviews])
    if setting['evaluate']:
        chosen = rng.permutation(len(reviews))[:2000]
        chosen = chosen[numpy.argsort(lengths[chosen], kind='stable')]
        batches = [chosen[start:start + setting['batch_size']]
                   for start in range(0, len(chosen), setting['batch_size'])]
    elif setting['bucket']:
        batches = [b for _, b in get_bucketed_minibatches_idx(lengths, setting['batch_size'],
                                                              rng)][:n_batches]
    else:
        batches = [b for _, b in get_minibatches_idx(len(reviews), setting['batch_size'], True,
                                                     rng)][:n_batches]
    return [imdb.prepare_data([reviews[i] for i in b], [labels[i] for i in b]) for b in batches]


def work(make, form, path, pipe):
    """In a process of its own: take (setting, n_batches), then time passes as long as asked."""
    for setting, n_batches in iter(pipe.recv, None):
        batches = draw(setting, path, n_batches)
        step = make(setting, form)
        for batch in batches:  # some compile for each length
            step(*batch)
        words = int(sum(mask.sum() for _, mask, _ in batches))
        pipe.send('ready')
        while pipe.recv() == 'go':
            started, n_passes = time.perf_counter(), 0
            while time.perf_counter() - started < 1.:
                n_passes += 1
                for batch in batches:
                    step(*batch)
            pipe.send(n_passes * words / (time.perf_counter() - started))


class Contender:
    """A process that measures on demand."""

    def __init__(self, name, path):
        n_threads, make, form = CONTENDERS[name]
        os.environ.update((name, str(n_threads)) for name in THREADS)  # read when it starts
        self.pipe, theirs = multiprocessing.Pipe()
        multiprocessing.Process(target=work, args=(make, form, path, theirs),
                                daemon=True).start()

    def prepare(self, setting, n_batches):
        self.pipe.send((setting, n_batches))
        self.pipe.recv()

    def measure(self):
        self.pipe.send('go')
        return self.pipe.recv()


def compare(contenders, setting, n_batches, rounds):
    """Return contender -> list of words per second, one a round, taken in turns."""
    for contender in contenders.values():
        contender.prepare(setting, n_batches)
    speeds = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, contender in contenders.items():
            time.sleep(0.3)  # let the last one's waiting threads fall asleep
            speeds[name].append(contender.measure())
    for contender in contenders.values():
        contender.pipe.send('stop')
    return speeds


def with_spread(values):
    """Return the median and half of the spread, in thousands."""
    return '%.1f +- %.1f' % (median(values) / 1000, (max(values) - min(values)) / 2000)


def row(name, speeds):
    """Return one line of the table, in Markdown."""
    cells = [with_spread(speeds[k]) if k in speeds else '' for k in CONTENDERS]
    ours = median(speeds['fused'])
    for others, form in ((TORCH, '%.2f'), (OTHERS, '%.2f'), (['scan'], '%.1f'),
                         (['product'], '%.2f')):
        fastest = max((median(speeds[k]) for k in others if k in speeds), default=None)
        cells.append(form % (ours / fastest) if fastest else '')
    return '| %s | %s |' % (name, ' | '.join(cells))


def draw_pictures(table, curves, folder):
    """Draw the table as bars and the curves as one chart each."""
    import matplotlib
    matplotlib.use('Agg')
    from matplotlib import pyplot
    figure, axes = pyplot.subplots(figsize=(9, 5), layout='constrained')
    shown = ['fused', 'torch', 'torch packed', 'scan']
    for k, contender in enumerate(shown):
        heights = [median(speeds.get(contender, [0])) / 1000 for speeds in table.values()]
        axes.bar([place + 0.2 * k - 0.3 for place in range(len(table))], heights, 0.2,
                 label=contender)
    axes.set_xticks(range(len(table)), table, rotation=30, ha='right')
    axes.set_ylabel('thousand words per second')
    axes.set_title('Training and evaluating on 2 threads, float32, AdaDelta (higher is better)')
    axes.legend()
    figure.savefig(os.path.join(folder, 'speed.svg'))

    figure, grid = pyplot.subplots(2, 2, figsize=(9, 6), layout='constrained')
    for axes, (label, points) in zip(grid.flat, curves.items()):
        for contender in ('fused', 'torch'):
            axes.plot([value for value, _ in points],
                      [median(speeds[contender]) / 1000 for _, speeds in points], 'o-',
                      label=contender)
        axes.set_xscale('log')
        axes.set_xticks([value for value, _ in points], ['%d' % value for value, _ in points])
        axes.minorticks_off()
        axes.set_ylim(bottom=0)
        axes.set_xlabel(label)
        axes.set_ylabel('thousand words per second')
        axes.legend()
    figure.suptitle('How the cost of training grows')
    figure.savefig(os.path.join(folder, 'speed_curves.svg'))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--path', required=True, help='imdb.pkl or the aclImdb archive')
    parser.add_argument('--rounds', type=int, default=7,
                        help='turns each, of a second or more (default: 7)')
    parser.add_argument('--batches', type=int, default=10, help='batches of 16 (default: 10)')
    parser.add_argument('--only', nargs='*', default=list(SETTINGS), choices=list(SETTINGS),
                        help='settings to measure (default: all)')
    parser.add_argument('--curves', action='store_true', help='measure and draw the curves too')
    options = parser.parse_args()
    multiprocessing.set_start_method('spawn')
    os.environ.setdefault('THEANO_FLAGS', 'floatX=float32')

    path = imdb.locate(options.path)  # preprocessed here: a daemon may start no other processes
    contenders = {name: Contender(name, path) for name in CONTENDERS}
    print('| thousand words/s | %s | fused / fastest torch | / fastest engine | / scan '
          '| / product |' % ' | '.join(CONTENDERS))
    print('|' + '---|' * (len(CONTENDERS) + 5))
    table = {}
    for name in options.only:
        taking_part = {k: c for k, c in contenders.items() if (k != 'scan' or name in SCANNED)
                       and (k != 'onnx' or SETTINGS[name]['evaluate'])}
        table[name] = compare(taking_part, SETTINGS[name], options.batches, options.rounds)
        print(row(name, table[name]), flush=True)

    curves = {}
    for label, (option, values) in (CURVES if options.curves else {}).items():
        pair = {k: contenders[k] for k in ('fused', 'torch')}
        curves[label] = [(value, compare(pair, dict(BASE, **{option: value}), options.batches,
                                         options.rounds)) for value in values]
        for value, speeds in curves[label]:
            print('%s %d: %s' % (label, value, json.dumps(
                {k: round(median(v)) for k, v in speeds.items()})), flush=True)
    for contender in contenders.values():
        contender.pipe.send(None)
    if options.curves:
        draw_pictures(table, curves, os.path.join(ROOT, 'benchmarks'))


if __name__ == '__main__':
    main()
