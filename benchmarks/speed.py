"""Words per second of training and evaluation, beside PyTorch and beside our own scan.

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

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, ROOT)

BASE = {'maxlen': 100, 'n_words': 10000, 'batch_size': 16, 'dim_proj': 128, 'bucket': False,
        'evaluate': False}
WHOLE = dict(BASE, maxlen=None)
# name -> setting; each differs from the tutorial's (BASE) as its name says
SETTINGS = {
    'tutorial': BASE,
    'whole reviews': WHOLE,
    'whole, bucketed': dict(WHOLE, bucket=True),
    '100,000 words': dict(BASE, n_words=100000),
    'batch 64': dict(BASE, batch_size=64),
    '256 units': dict(BASE, dim_proj=256),
    'whole, batch 64': dict(WHOLE, batch_size=64),
    'whole, 256 units': dict(WHOLE, dim_proj=256),
    'whole, 100,000 words': dict(WHOLE, n_words=100000),
    'evaluation': dict(WHOLE, batch_size=64, evaluate=True),
}
# contender -> (how many threads, form: of ours, whether it is fast; of PyTorch, of the sequences)
CONTENDERS = {
    'fused': (2, True), 'scan': (2, False),
    'torch': (2, 'padded'), 'torch packed': (2, 'packed'),
    'torch, 1 thread': (1, 'padded'), 'torch packed, 1 thread': (1, 'packed'),
}
CURVES = {  # what one chart each varies, from BASE or WHOLE
    'longest review, words': ('maxlen', [25, 50, 100, 200, 400, 800], BASE),
    'vocabulary, words': ('n_words', [1000, 3000, 10000, 30000, 100000], BASE),
    'batch, reviews': ('batch_size', [1, 4, 16, 64, 256], BASE),
    'dim_proj, units': ('dim_proj', [32, 64, 128, 256, 512], BASE),
}


def draw(setting, path, n_batches):
    """Return the same real batches (x, mask, y) for every contender."""
    import numpy
    import imdb
    from sentiment.training.batches import get_bucketed_minibatches_idx, get_minibatches_idx
    rng = numpy.random.RandomState(0)
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


def our_step(setting, fast):
    """Return a function of a batch: one AdaDelta update, or one evaluation."""
    import lstm
    options = dict(setting, ydim=2, encoder='lstm', fast=fast, optimizer='adadelta',
                   use_dropout=True, decay_c=0., noise_std=0., seed=123)
    use_noise, f_pred_prob, f_grad_shared, f_update = lstm.build_training(
        lstm.init_tparams(lstm.init_params(options)), options, lstm.adadelta)
    if setting['evaluate']:
        return lambda x, mask, y: f_pred_prob(x, mask)
    use_noise.set_value(lstm.numpy_floatX(1.))

    def step(x, mask, y):
        f_grad_shared(x, mask, y)
        f_update(0.)
    return step


def torch_step(setting, form):
    """The same of the same model in PyTorch: nn.LSTM, padded or packed sequences."""
    import torch
    from torch import nn
    torch.set_num_threads(int(os.environ['OMP_NUM_THREADS']))
    D = setting['dim_proj']
    embed, lstm, dropout, classify = (nn.Embedding(setting['n_words'], D), nn.LSTM(D, D),
                                      nn.Dropout(), nn.Linear(D, 2))
    modules = nn.ModuleList([embed, lstm, dropout, classify])
    optimizer = torch.optim.Adadelta(modules.parameters(), rho=0.95, eps=1e-6)

    def scores(x, mask):
        emb = embed(x)
        if form == 'packed':
            emb = nn.utils.rnn.pack_padded_sequence(emb, mask.sum(0).long(), enforce_sorted=False)
        h = lstm(emb)[0]
        if form == 'packed':
            h = nn.utils.rnn.pad_packed_sequence(h)[0]
        return classify(dropout((h * mask[:, :, None]).sum(0) / mask.sum(0)[:, None]))

    def step(x, mask, y):
        x, mask, y = torch.from_numpy(x), torch.from_numpy(mask), torch.from_numpy(y)
        if setting['evaluate']:
            modules.eval()
            with torch.no_grad():
                return scores(x, mask).argmax(1)
        optimizer.zero_grad()
        nn.functional.cross_entropy(scores(x, mask), y).backward()
        optimizer.step()
    return step


def work(n_threads, form, path, pipe):
    """In a process of its own: take (setting, n_batches), then time passes as long as asked."""
    for name in ('OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS', 'MKL_NUM_THREADS'):
        os.environ[name] = str(n_threads)
    os.environ.setdefault('THEANO_FLAGS', 'floatX=float32')
    make = torch_step if form in ('padded', 'packed') else our_step
    for setting, n_batches in iter(pipe.recv, None):
        batches = draw(setting, path, n_batches)
        step = make(setting, form)
        for batch in batches[:2]:
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
        n_threads, form = CONTENDERS[name]
        self.pipe, theirs = multiprocessing.Pipe()
        multiprocessing.Process(target=work, args=(n_threads, form, path, theirs),
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


def median(values):
    return sorted(values)[len(values) // 2]


def with_spread(values):
    """Return the median and half of the spread, in thousands."""
    return '%.1f +- %.1f' % (median(values) / 1000, (max(values) - min(values)) / 2000)


def row(name, speeds):
    """Return one line of the table, in Markdown."""
    cells = [with_spread(speeds[k]) if k in speeds else '' for k in CONTENDERS]
    fastest = max(median(v) for k, v in speeds.items() if k.startswith('torch'))
    cells.append('%.2f' % (median(speeds['fused']) / fastest))
    cells.append('%.1f' % (median(speeds['fused']) / median(speeds['scan']))
                 if 'scan' in speeds else '')
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

    contenders = {name: Contender(name, options.path) for name in CONTENDERS}
    print('| thousand words/s | %s | fused / fastest torch | fused / scan |'
          % ' | '.join(CONTENDERS))
    print('|' + '---|' * (len(CONTENDERS) + 3))
    table = {}
    for name in options.only:
        taking_part = {k: c for k, c in contenders.items()
                       if k != 'scan' or name in ('tutorial', 'whole reviews')}
        table[name] = compare(taking_part, SETTINGS[name], options.batches, options.rounds)
        print(row(name, table[name]), flush=True)

    curves = {}
    for label, (option, values, base) in (CURVES if options.curves else {}).items():
        pair = {k: contenders[k] for k in ('fused', 'torch')}
        curves[label] = [(value, compare(pair, dict(base, **{option: value}), options.batches,
                                         options.rounds)) for value in values]
        for value, speeds in curves[label]:
            print('%s %d: %s' % (label, value, json.dumps(
                {k: round(median(v)) for k, v in speeds.items()})), flush=True)
    if options.curves:
        draw_pictures(table, curves, os.path.join(ROOT, 'benchmarks'))


if __name__ == '__main__':
    main()
