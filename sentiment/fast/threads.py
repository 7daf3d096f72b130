"""What the compiled parts share: numba's settings, and the threads that run a kernel in parts."""
import os
from concurrent.futures import ThreadPoolExecutor

import numba
import numpy

SETTINGS = {'nogil': True, 'error_model': 'numpy', 'no_cfunc_wrapper': True,
            'fastmath': {'contract', 'nsz', 'arcp'}}  # NaN and infinity keep their meaning
jit = numba.njit(cache=True, **SETTINGS)
inner = numba.njit(no_cpython_wrapper=True, **SETTINGS)  # called by such alone, and kept in them


def count_threads():
    """Return how many threads to use: OMP_NUM_THREADS, else the processors that we may use."""
    if 'OMP_NUM_THREADS' in os.environ:  # a number: the seam has seen to that
        return int(os.environ['OMP_NUM_THREADS'])
    return len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count()


N_THREADS = count_threads()
threads = ThreadPoolExecutor(N_THREADS)


def run_parts(kernel, parts):
    """Call ``kernel`` with each part's arguments, each on a thread of its own; return its answers.
    """
    others = [threads.submit(kernel, *arguments) for arguments in parts[1:]]
    return [kernel(*parts[0])] + [other.result() for other in others]


def cut(work, n_parts):
    """Cut a range into slices of nearly equal work; ``work[k]`` is that of its first k."""
    ends = numpy.searchsorted(work, [work[-1] * k // n_parts for k in range(n_parts + 1)])
    return [slice(*pair) for pair in zip(ends[:-1], ends[1:])]
