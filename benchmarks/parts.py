"""Scoring parts by Dask's workers: what it costs, and that kills of workers and scheduler cost
nothing but time.

    python benchmarks/parts.py lstm_model.npz reviews.csv --kills 10 --sizes 10000 100000 1000000

A scheduler and one or two workers of one thread run on this machine, each a process; the rows of
the table are repeated. Kills are SIGKILL, at random moments of one run over 200 parts; the answers
are compared with those of a run without a cluster, byte by byte.
"""
import argparse
import csv
import os
import random
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, ROOT)

from tests.scaling import running  # noqa: E402


def write_parts(table, folder, n_parts, rows):
    """Write parts of so many rows of a CSV file each, which are repeated."""
    os.makedirs(folder)
    with open(table, newline='', encoding='utf-8') as file:
        header, *known = csv.reader(file)
    for k in range(n_parts):
        with open(os.path.join(folder, 'part-%05d.csv' % k), 'w', newline='',
                  encoding='utf-8') as file:
            writer = csv.writer(file)
            writer.writerow(header)
            writer.writerows(known[n % len(known)] for n in range(k * rows, (k + 1) * rows))
    return folder


def start(model, parts, out, cluster=None):
    """Start the process that predicts parts."""
    more = ['--cluster', cluster.file] if cluster else []
    environment = dict(os.environ, DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT='5s')
    return subprocess.Popen([sys.executable, os.path.join(ROOT, 'lstm.py'), 'predict', model, parts,
                             '--output', out + '/'] + more, env=environment)


def contents(folder):
    """Return name -> bytes of the files in a folder, half-written files included."""
    found = {}
    for name in os.listdir(folder):
        with open(os.path.join(folder, name), 'rb') as file:
            found[name] = file.read()
    return found


# --- Kills ------------------------------------------------------------------------------------


def kill_workers(cluster, client, kills, rng):
    """Kill a random worker at random moments while the client runs, and start another; return how
    often that was.
    """
    for done in range(kills):
        time.sleep(rng.uniform(0.5, 4))
        if client.poll() is not None:
            return done
        cluster.kill_worker(rng.randrange(len(cluster.workers)))
        cluster.add_worker()
    return kills


def compare_after_kills(options, folder):
    """Kill workers ``kills`` times, and the scheduler once; print what that came to."""
    rng, out = random.Random(options.seed), os.path.join(folder, 'out')
    parts = write_parts(options.table, os.path.join(folder, 'parts'), options.parts, 50)
    whole = os.path.join(folder, 'whole')
    assert start(options.model, parts, whole).wait() == 0
    with running.cluster(folder) as cluster:
        killed = 0
        while killed < options.kills or not os.path.exists(out):
            client = start(options.model, parts, out, cluster)
            killed += kill_workers(cluster, client, options.kills - killed, rng)
            if client.poll() is not None and killed < options.kills:
                print('done after %d kills; its parts are removed for more' % killed, flush=True)
                remove_parts(out)
        there = sum(name.startswith('part') for name in os.listdir(out))
        cluster.kill(cluster.scheduler)
        print('scheduler killed at %d of %d parts, status %d'
              % (there, options.parts, client.wait()), flush=True)
        cluster.start_scheduler()
        cluster.workers = [worker for worker in cluster.workers if worker.poll() is None]
        for _ in range(2):
            cluster.add_worker()
        while start(options.model, parts, out, cluster).wait():
            print('once more', flush=True)
    assert contents(out) == contents(whole)
    print('%d parts after %d kills of a worker and one of the scheduler: the same files, byte by '
          'byte' % (options.parts, killed), flush=True)


def remove_parts(folder):
    """Remove all answers but the manifest."""
    for name in os.listdir(folder):
        if name != '_manifest.json':
            os.remove(os.path.join(folder, name))


# --- Cost -------------------------------------------------------------------------------------


def peak_of(process):
    """Return the peak memory of a process that runs, MB."""
    with open('/proc/%d/status' % process.pid) as file:
        return next(int(line.split()[1]) for line in file if line.startswith('VmHWM')) // 1024


def processor_time(process):
    """Return the processor time of a process that runs, s."""
    with open('/proc/%d/stat' % process.pid) as file:
        ticks = file.read().rsplit(')', 1)[1].split()[11:13]
    return sum(map(int, ticks)) / os.sysconf('SC_CLK_TCK')


def watch(client):
    """Wait for a process to end; return its peak memory, MB."""
    peak = 0
    while client.poll() is None:
        try:
            peak = max(peak, peak_of(client))
        except (StopIteration, OSError):  # it ended meanwhile
            pass
        time.sleep(0.2)
    assert client.returncode == 0
    return peak


def measure(options, folder, size, n_workers):
    """Print what ``size`` reviews in parts of a thousand cost, the start of the workers included.
    """
    parts = os.path.join(folder, 'parts-%d' % size)
    if not os.path.exists(parts):
        write_parts(options.table, parts, size // 1000, 1000)
    with tempfile.TemporaryDirectory(dir=folder) as place, \
            running.cluster(place, n_workers) as cluster:
        started = time.time()
        peak = watch(start(options.model, parts, os.path.join(place, 'out'), cluster))
        seconds = time.time() - started
        print('%8d reviews, %d workers: %.0f s, %.0f reviews/s; processor time of the workers %s s;'
              ' peak of the client %d MB, of the workers %s MB, of the scheduler %d MB' % (
                  size, n_workers, seconds, size / seconds,
                  ', '.join('%.0f' % processor_time(worker) for worker in cluster.workers), peak,
                  ', '.join(str(peak_of(worker)) for worker in cluster.workers),
                  peak_of(cluster.scheduler)), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('model')
    parser.add_argument('table', help='a CSV file, whose rows are repeated')
    parser.add_argument('--parts', type=int, default=200)
    parser.add_argument('--kills', type=int, default=10)
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--sizes', type=int, nargs='*', default=[10 ** 4, 10 ** 5])
    parser.add_argument('--workers', type=int, nargs='+', default=[1, 2])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if options.kills:
            compare_after_kills(options, folder)
        for size in options.sizes:
            for n_workers in options.workers:
                measure(options, folder, size, n_workers)


if __name__ == '__main__':
    main()
