"""How long a person waits for the program to start: for the first update, the first answer, --help.

Cold is a fresh copy of the project: no bytecode of ours, nothing compiled yet by numba or by the
engine; warm is the same command once more. The data is at hand, and packages are as pip leaves
them, with their bytecode. Prints the medians of seconds on the clock and of processor time.
"""
import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from statistics import median

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
OURS = ('lstm.py', 'imdb.py', 'imdb_preprocess.py', 'sentiment', 'setup.cfg')
TRAIN = ['--dataset', 'snippets', '--recipe', 'sentences', '--dispFreq', '1', '--saveto']
TEXT = b'A film that is as good as its first hour, and that has two of them .\n'
COMMANDS = {'first update': (TRAIN + ['none'], b'  update 1  '),
            'first update, scan': (TRAIN + ['none', '--fast', 'false'], b'  update 1  '),
            'predict': (['predict', 'model.npz'], None), 'help': (['--help'], None),
            'help of predict': (['predict', '--help'], None)}  # arguments; what ends the wait


def copy_project(folder):
    """Copy what runs, without any cache, into ``folder``."""
    for name in OURS:
        source, target = os.path.join(ROOT, name), os.path.join(folder, name)
        if os.path.isdir(source):
            shutil.copytree(source, target, ignore=shutil.ignore_patterns('__pycache__'))
        else:
            shutil.copy(source, target)


def environment(folder):
    """Return the environment of a run: every cache below ``folder``, where it starts empty."""
    own = dict(os.environ, SENTIMENT_DATA=data_folder(),
               PYTHONUNBUFFERED='1', NUMBA_CACHE_DIR=os.path.join(folder, 'numba'))
    own.pop('PYTHONDONTWRITEBYTECODE', None)
    flags = os.environ.get('THEANO_FLAGS') or 'floatX=float32'
    own['THEANO_FLAGS'] = '%s,base_compiledir=%s' % (flags, os.path.join(folder, 'engine'))
    return own


def data_folder():
    """Return where the data is kept: that of the project, not of its copies."""
    return os.path.abspath(os.environ.get('SENTIMENT_DATA') or os.path.join(ROOT, 'data'))


def wait(folder, arguments, last, stop=signal.SIGKILL):
    """Run lstm.py in ``folder`` until it says ``last`` on stderr, or to its end; return (seconds on
    the clock, seconds of processor time of it and its children).
    """
    started = time.perf_counter()
    process = subprocess.Popen([sys.executable, 'lstm.py'] + arguments, cwd=folder,
                               env=environment(folder), stdin=subprocess.PIPE,
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    process.stdin.write(TEXT)
    process.stdin.close()
    said = b''
    for line in process.stderr:
        said += line
        if last and last in line:
            process.send_signal(stop)
            break
    clock = time.perf_counter() - started
    process.stderr.close()
    _, status, usage = os.wait4(process.pid, 0)
    if (last or status) and not (last and last in said):
        raise SystemExit('error: lstm.py %s: %s' % (' '.join(arguments), said.decode()))
    return clock, usage.ru_utime + usage.ru_stime


def measure(name, model):
    """Return the pairs (clock, processor) of a cold and of a warm run."""
    with tempfile.TemporaryDirectory(prefix='start-') as folder:
        copy_project(folder)
        shutil.copy(model, os.path.join(folder, 'model.npz'))
        return [wait(folder, *COMMANDS[name]) for _ in ('cold', 'warm')]


def make_model(folder):
    """Return the path of a model of the recipe sentences, saved after its first update."""
    copy_project(folder)
    path = os.path.join(folder, 'model.npz')
    wait(folder, TRAIN + [path], COMMANDS['first update'][1], stop=signal.SIGINT)  # which saves
    return path


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--rounds', type=int, default=3, help='runs of each (default: 3)')
    parser.add_argument('--only', nargs='*', default=list(COMMANDS), choices=list(COMMANDS),
                        help='what to wait for (default: all)')
    options = parser.parse_args()
    print('| seconds (of the processor) | cold | warm |\n|---|---|---|')
    with tempfile.TemporaryDirectory(prefix='start-') as folder:
        model = make_model(folder)
        for name in options.only:
            rounds = [measure(name, model) for _ in range(options.rounds)]
            cells = ['%.2f (%.2f)' % tuple(median([run[k][part] for run in rounds])
                                           for part in range(2)) for k in range(2)]
            print('| %s | %s |' % (name, ' | '.join(cells)), flush=True)


if __name__ == '__main__':
    main()
