"""Kill a training process at random moments, again and again, and let it resume each time.

    python -m tests.training.kills --kills 500

Its checkpoint must load after every kill and never go back, and the run must end as one that was
never stopped. A checkpoint is written after every update, so that most kills hit the writing.
"""
import argparse
import inspect
import json
import logging
import os
import signal
import sys
import tempfile
import threading
import time

os.environ['OMP_NUM_THREADS'] = '1'  # threads do not outlive a fork
import tests.conftest  # noqa: E402, F401  sets the engine's flags

import numpy  # noqa: E402
from tqdm import tqdm  # noqa: E402

import lstm  # noqa: E402
from sentiment.data.safe_io import load_arrays  # noqa: E402
from sentiment.training.model_file import checkpoint_path  # noqa: E402
from tests.helpers import assert_same_model, write_toy_pickle  # noqa: E402


def compile_once(settings):
    """Let every run use the functions compiled here: a fork then trains at once."""
    params = lstm.init_params(dict(settings, ydim=2))
    tparams = lstm.init_tparams(params)
    compiled = lstm.build_training(tparams, dict(settings, ydim=2), lstm.adadelta)
    lstm.init_tparams = lambda params: lstm.zipp(params, tparams) or tparams
    lstm.build_training = lambda *_: compiled


def fork_training(settings):
    """Start a process that trains, with no word; return its number."""
    pid = os.fork()
    if not pid:
        logging.disable()
        tqdm.set_lock(threading.RLock())  # its own is shared with forks, and dies with its holder
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
    """Return the epoch and the update at which a checkpoint stands."""
    progress = json.loads(str(load_arrays(path)['progress']))
    return progress['epoch'], progress['update']


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
                        dim_proj=4, batch_size=4, max_epochs=10 ** 6, patience=10 ** 6,
                        validFreq=7, saveFreq=1, dispFreq=1000, saveto=names[0],
                        optimizer='adadelta')
        compile_once(settings)
        reached, moments, longest = 0, [], 1.4 * time_to_start(settings)
        for _ in range(options.kills):
            pid = fork_training(dict(settings, resume=True))
            time.sleep(rng.uniform(0, longest))
            os.kill(pid, signal.SIGKILL)
            assert os.WIFSIGNALED(os.waitpid(pid, 0)[1]), 'training ended before it was killed'
            epoch, now = progress_of(checkpoint_path(names[0]))
            assert now >= reached, 'went back from update %d to %d' % (reached, now)
            moments.append(now - reached)
            reached = now
        for name in names:
            last = fork_training(dict(settings, saveto=name, saveFreq=10 ** 6, max_epochs=epoch + 1,
                                      resume=name == names[0]))
            assert os.waitpid(last, 0)[1] == 0
        assert_same_model(*names)
    print('%d kills, at update 0 to %d, %d of them after new updates: nothing lost'
          % (options.kills, reached, numpy.count_nonzero(moments)))


if __name__ == '__main__':
    main()
