"""Dask's workers: what they need is sent to each once, then they take item after item.

The one file that knows Dask. Client, scheduler and workers have this program, in one version, and
see the same files; the scheduler imports nothing of it but this room.
"""
import contextlib
import logging
import os
import pickle
import threading
import uuid

import distributed
from distributed.scheduler import KilledWorker

from sentiment import __version__
from sentiment.data.errors import BadInput, reason
from sentiment.data.words import count_cores
from sentiment.scaling.result import Result, attempt

LOCAL = 'local'
WAIT = 30  # s, for a first worker to be there
JOBS = {}  # a worker's own: name -> Job


class Job(distributed.WorkerPlugin):
    """What the workers do with each item, sent to each once, also to those that come later."""

    def __init__(self, work):
        self.name, self.version = 'lstm-%s' % uuid.uuid4().hex, __version__
        self.pickled, self.work = pickle.dumps(work), None

    def setup(self, worker):
        """Be found by the tasks of this worker."""
        self.lock = threading.Lock()
        JOBS[self.name] = self

    def teardown(self, worker):
        """Leave the worker's memory."""
        JOBS.pop(self.name, None)

    def opened(self):
        """Return the work, opened when the first item of this worker comes."""
        if self.version != __version__:
            raise BadInput('this worker has version %s of the program, the client has %s'
                           % (__version__, self.version))
        with self.lock:
            if self.work is None:
                self.work = pickle.loads(self.pickled)
                self.pickled = None  # a model is large
        return self.work


def do(name, item):
    """Do the job of that name with an item, on a worker; return its Result."""
    return attempt(lambda item: JOBS[name].opened()(item), item)


def each_result(address, work, items):
    """Yield (place, Result) of ``work`` for each item, as they come.

    work: a picklable function of an item, which must be the same whenever it is done again: the
    items of a worker that dies are given to others. Raises BadInput if there is no cluster.
    """
    job = Job(work)
    with joined(address) as client, registered(client, address, job):
        futures = client.map(do, [job.name] * len(items), items, pure=False,
                             key=['%s-%d' % (job.name, k) for k in range(len(items))])
        places = {future.key: place for place, future in enumerate(futures)}
        waiting = distributed.as_completed(futures, loop=client.loop)
        del futures  # each lives until it is done, and its answer no longer
        for future in waiting:
            place = places[future.key]
            yield place, outcome(address, future, name_of(items[place]))


def name_of(item):
    """Return what an item is called: the path of a part, the name of a trial, or itself."""
    return str(getattr(item, 'path', getattr(item, 'name', item)))


def outcome(address, future, name):
    """Return the Result of a task that has ended, also of one that its workers did not survive."""
    try:
        return future.result()
    except KilledWorker:
        return Result(None, '%s: the workers that took it died, one after the other, for want of '
                      'memory perhaps' % name, [])
    except (distributed.CancelledError, distributed.comm.CommClosedError) as error:
        raise BadInput('%s: the scheduler has gone; what is done stays, and the same command goes '
                       'on' % address) from error


# --- The cluster ------------------------------------------------------------------------------


@contextlib.contextmanager
def at(address):
    """Give the address of a cluster that runs for the time of the block: of local, one that is made
    on this machine, a worker a core; else the one given. Raises BadInput where none can be made.
    """
    for name in list(logging.root.manager.loggerDict):
        if name.split('.')[0] == 'distributed':  # what matters is said in a line
            logging.getLogger(name).setLevel(logging.CRITICAL)
    if address != LOCAL:
        yield address
        return
    try:
        cluster = distributed.LocalCluster(n_workers=count_cores(), threads_per_worker=1,
                                           dashboard_address='127.0.0.1:0',
                                           silence_logs=logging.CRITICAL)
    except (OSError, RuntimeError, TimeoutError, distributed.TimeoutError) as error:
        raise BadInput('--cluster local: its processes do not start: %s'
                       % reason(error)) from error
    with cluster:
        yield cluster.scheduler_address


@contextlib.contextmanager
def joined(address):
    """Give a client of the cluster at a tcp:// address, in a scheduler's file, or local; raises
    BadInput if none answers.
    """
    with at(address) as place, contextlib.ExitStack() as stack:
        where = {'scheduler_file' if os.path.isfile(place) else 'address': place}
        try:
            client = stack.enter_context(distributed.Client(set_as_default=False, **where))
            client.wait_for_workers(1, timeout=WAIT)
        except (OSError, ValueError, TimeoutError, distributed.TimeoutError) as error:
            raise BadInput('--cluster %s: no scheduler with a worker answers: %s'
                           % (address, reason(error))) from error
        yield client


@contextlib.contextmanager
def registered(client, address, job):
    """Have a job on all workers for the time of the block."""
    try:
        client.register_plugin(job, name=job.name)
    except Exception as error:  # of any kind: what unpickling there raised
        raise BadInput('%s: its scheduler and workers need this program, in the same version; '
                       'install it there: %s' % (address, reason(error))) from error
    try:
        yield
    finally:
        with contextlib.suppress(Exception):  # a scheduler that has gone has no jobs
            client.unregister_worker_plugin(job.name)
