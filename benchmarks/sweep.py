"""A sweep on two workers, one of which is killed on the way: is its table the same, how much
sooner is it done?

    THEANO_FLAGS="floatX=float32" python benchmarks/sweep.py --rounds 3

12 trials on the rated sentences, recipe sentences: (a) one after the other in one process, (b) on a
scheduler with two workers of one thread each, the first of which is killed with SIGKILL after the
first checkpoint, and another started. Both in turns, of one thread each too; the data are made
ready before. Printed are whether the tables are the same byte for byte, and the ratio of the times,
with the wall time of workers that start and one that is killed included in (b).
"""
import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, ROOT)

from sentiment.data import snippets  # noqa: E402
from tests.scaling import running  # noqa: E402


def start(options, folder, *more):
    """Start the sweep of one thread, with its table in ``folder``."""
    command = [sys.executable, os.path.join(ROOT, 'lstm.py'), 'sweep', '--recipe', 'sentences',
               '--output', folder, '--dim_proj', options.dim_proj, '--seed', options.seeds,
               '--max_epochs', str(options.epochs), '--test_size', '100', '--saveFreq', '100']
    command += ['--path', options.path] if options.path else ['--dataset', 'snippets']
    return subprocess.Popen(command + list(more), env=dict(os.environ, OMP_NUM_THREADS='1'))


def ended(process):
    """Wait for a sweep to end, well."""
    if process.wait():
        sys.exit('the sweep ended with status %d' % process.returncode)


def alone(options, folder):
    """Sweep in one process; return the seconds that it took."""
    started = time.time()
    ended(start(options, folder))
    return time.time() - started


def on_two(options, folder):
    """Sweep on two workers, of which one is killed; return the seconds that it took."""
    started = time.time()
    with tempfile.TemporaryDirectory() as place, running.cluster(place, 2) as cluster:
        client = start(options, folder, '--cluster', cluster.file)
        while client.poll() is None and not some_checkpoint(folder):
            time.sleep(0.05)
        if client.poll() is None:
            cluster.kill_worker(0)
            cluster.add_worker()
            print('a worker was killed after %.0f s' % (time.time() - started), flush=True)
        ended(client)
        return time.time() - started


def some_checkpoint(folder):
    """Whether a training has got so far that another worker can go on with it."""
    return os.path.isdir(folder) and any(name.endswith('.checkpoint.npz')
                                         for name in os.listdir(folder))


def table_of(folder):
    """Return the bytes of a sweep's table."""
    with open(os.path.join(folder, 'table.csv'), 'rb') as file:
        return file.read()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('?')[0] + '?')
    parser.add_argument('--path', help='an imdb.pkl in place of the sentences')
    parser.add_argument('--dim_proj', default='96,128,160', help='the settings (default: 3)')
    parser.add_argument('--seeds', default='1,2,3,4', help='of each setting (default: 4)')
    parser.add_argument('--epochs', type=int, default=8)
    parser.add_argument('--rounds', type=int, default=3)
    options = parser.parse_args()
    if not options.path:
        snippets.locate()
    ratios, tables = [], set()
    with tempfile.TemporaryDirectory() as folder:
        for k in range(options.rounds):
            places = [os.path.join(folder, '%s-%d' % (name, k)) for name in ('alone', 'two')]
            seconds = [alone(options, places[0]), on_two(options, places[1])]
            ratios.append(seconds[0] / seconds[1])
            tables.update(map(table_of, places))
            print('round %d: alone %.1f s, on two workers %.1f s, %.2f times; tables %s' % (
                k + 1, *seconds, ratios[-1],
                'the same, byte for byte' if len(tables) == 1 else 'DIFFER'), flush=True)
    print('%d rounds: %.2f times as fast on two workers (%.2f to %.2f); tables %s' % (
        options.rounds, statistics.median(ratios), min(ratios), max(ratios),
        'the same, byte for byte' if len(tables) == 1 else 'DIFFER'))
    return len(tables) != 1


if __name__ == '__main__':
    sys.exit(main())
