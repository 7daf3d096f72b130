"""Peak memory of predicting a table of many rows: it must not grow with them.

    python benchmarks/rows.py lstm_model.npz reviews.csv --rows 100000 1000000
"""
import argparse
import csv
import os
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PEAK = ('import resource, subprocess, sys; done = subprocess.run(sys.argv[1:]); '
        'print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024); '
        'sys.exit(done.returncode)')


def run(command):
    """Run lstm.py in a process of its own; return (what it printed, its peak memory in MB)."""
    done = subprocess.run([sys.executable, '-c', PEAK, sys.executable,
                           os.path.join(ROOT, 'lstm.py')] + command, check=True,
                          stdout=subprocess.PIPE, universal_newlines=True)
    return done.stdout, int(done.stdout.split()[-1])


def repeat(source, path, count):
    """Write the rows of a CSV file again and again, ``count`` in all."""
    with open(source, newline='', encoding='utf-8') as file:
        header, *rows = csv.reader(file)
    with open(path, 'w', newline='', encoding='utf-8') as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows[k % len(rows)] for k in range(count))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('model')
    parser.add_argument('table', help='a CSV file, whose rows are repeated')
    parser.add_argument('--rows', type=int, nargs='+', default=[10 ** 5, 10 ** 6])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for count in options.rows:
            source, out = (os.path.join(folder, name) for name in ('in.csv', 'out.csv'))
            repeat(options.table, source, count)
            started = time.time()
            peak = run(['predict', options.model, source, '--output', out])[1]
            with open(out, newline='', encoding='utf-8') as file:
                answered = sum(1 for _ in csv.reader(file)) - 1
            assert answered == count, 'a row is missing'
            print('%d rows: peak %d MB, %d s' % (count, peak, time.time() - started), flush=True)


if __name__ == '__main__':
    main()
