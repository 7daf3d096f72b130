"""Kill a training process at random moments, again and again, and let it resume each time.

    python tests/kills.py --kills 500

Its checkpoint must load after every kill and never go back, and the run must end as one that was
never stopped. A checkpoint is written after every update, so that most kills hit the writing.
"""
import argparse
import inspect
import json
import os
import signal
import sys
import tempfile
import time

os.environ['OMP_NUM_THREADS'] = '1'  # threads do not outlive a fork
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from tests.conftest import write_toy_pickle  # noqa: E402  sets the engine's flags

import numpy  # noqa: E402

import lstm  # noqa: E402
from model_file import checkpoint_path  # noqa: E402
from safe_io import load_arrays  # noqa: E402


def compile_once(settings):
    """Let every run use the functions compiled here: a fork then trains at once."""
    options = lstm.check_options(dict(settings, encoder='auto'))
    sets = lstm.load_sets(options, numpy.random.RandomState(options['seed']))
    options['ydim'] = lstm.count_classes(sets)
    tparams = lstm.init_tparams(lstm.init_params(options))
    functions = lstm.compile_training(tparams, options)
    lstm.init_tparams = lambda params: lstm.zipp(params, tparams) or tparams
    lstm.compile_training = lambda *_: functions


def fork_training(settings):
    """Start a process that trains, with no word; return its number."""
    pid = os.fork()
    if not pid:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        try:
            lstm.train_lstm(**settings)
        except BaseException as error:
            print('training failed: %r' % error, file=sys.stderr)
            os._exit(1)
        os._exit(0)
    return pid


def time_to_start(settings):
    """Return how many seconds pass until a run has its first checkpoint, which stays."""
    started, pid = time.time(), fork_training(settings)
    while not os.path.exists(checkpoint_path(settings['saveto'])):
        assert not os.waitpid(pid, os.WNOHANG)[0], 'training ended without a checkpoint'
        time.sleep(0.01)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return time.time() - started


def progress_of(path):
    """Return the update at which a checkpoint stands; 0 before there is one."""
    if not os.path.exists(path):
        return 0
    return json.loads(str(load_arrays(path)['progress']))['update']


def same_arrays(first, second):
    first, second = load_arrays(first), load_arrays(second)
    return first.keys() == second.keys() and all(
        numpy.array_equal(first[name], second[name]) for name in set(first) - {'options'})


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--kills', type=int, default=50)
    parser.add_argument('--seed', type=int, default=0)
    options = parser.parse_args()
    rng = numpy.random.RandomState(options.seed)
    with tempfile.TemporaryDirectory() as folder:
        names = [os.path.join(folder, name) for name in ('broken.npz', 'unbroken.npz')]
        settings = {name: keyword.default for name, keyword in
                    inspect.signature(lstm.train_lstm).parameters.items()}
        settings.update(path=write_toy_pickle(os.path.join(folder, 'imdb.pkl')), n_words=30,
                        dim_proj=4, batch_size=4, max_epochs=2 * options.kills, patience=10 ** 6,
                        validFreq=7, saveFreq=1, dispFreq=1000, saveto=names[0],
                        optimizer='adadelta')
        compile_once(settings)
        reached, moments, longest = 0, [], 2 * time_to_start(settings)
        for _ in range(options.kills):
            pid = fork_training(dict(settings, resume=True))
            time.sleep(rng.uniform(0, longest))
            os.kill(pid, signal.SIGKILL)
            assert os.WIFSIGNALED(os.waitpid(pid, 0)[1]), 'training ended before it was killed'
            now = progress_of(checkpoint_path(names[0]))
            assert now >= reached, 'went back from update %d to %d' % (reached, now)
            moments.append(now - reached)
            reached = now
        for name in names:
            last = fork_training(dict(settings, saveto=name, saveFreq=10 ** 6,
                                      resume=name == names[0]))
            assert os.waitpid(last, 0)[1] == 0
        assert same_arrays(*names), 'the resumed run is not the unbroken one'
    print('%d kills, at update 0 to %d, %d of them after new updates: nothing lost'
          % (options.kills, reached, numpy.count_nonzero(moments)))


if __name__ == '__main__':
    main()
