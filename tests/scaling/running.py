"""Real Dask processes on loopback, and work to give them."""
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

from sentiment.data.safe_io import BadInput
from sentiment.log import logger
from tests.helpers import ROOT

RUN = [sys.executable, '-c', 'import sys; from distributed.cli import {0}; sys.argv[0] = "{0}"; '
       '{0}.main()']


class Processes:
    """A scheduler, whose address is in ``file``, and its workers, each one process."""

    def __init__(self, folder, environment):
        self.environment = dict(os.environ, PYTHONPATH=ROOT, OMP_NUM_THREADS='1', **environment)
        self.file, self.folder, self.workers = os.path.join(folder, 'scheduler.json'), folder, []
        self.start_scheduler()

    def start(self, what, *options):
        command = [part.format('dask_' + what) for part in RUN]
        with open(os.path.join(self.folder, what + '.log'), 'ab') as log:
            return subprocess.Popen(command + ['--scheduler-file', self.file, '--no-dashboard']
                                    + list(options), cwd=ROOT, stdout=log, stderr=log,
                                    env=self.environment)

    def start_scheduler(self):
        if os.path.exists(self.file):
            os.remove(self.file)
        self.scheduler = self.start('scheduler', '--host', '127.0.0.1', '--port', '0')
        while not os.path.exists(self.file):
            assert self.scheduler.poll() is None
            time.sleep(0.05)

    def add_worker(self):
        self.workers.append(self.start('worker', '--nthreads', '1', '--no-nanny', '--host',
                                       '127.0.0.1', '--local-directory', self.folder))

    def kill(self, process):
        """Kill a process as nothing can be done against."""
        process.send_signal(signal.SIGKILL)
        process.wait()

    def kill_worker(self, place):
        self.kill(self.workers.pop(place))

    def stop(self):
        for process in self.workers + [self.scheduler]:
            if process.poll() is None:
                self.kill(process)


@contextmanager
def cluster(folder, n_workers=2, **environment):
    """Give the :class:`Processes` of a cluster in a folder; they end with the block."""
    processes = Processes(str(folder), environment)
    try:
        for _ in range(n_workers):
            processes.add_worker()
        yield processes
    finally:
        processes.stop()


def slow_square(number):
    """Return a square after a while; odd numbers are said, 13 is none."""
    time.sleep(0.1)
    if number == 13:
        raise BadInput('13: unlucky')
    if number % 2:
        logger.info('%d: an odd one', number)
    return number ** 2


def kill_own_worker(number):
    """End the process that does it, but for 0."""
    if number:
        os.kill(os.getpid(), signal.SIGKILL)
    return number
