"""What the compiled parts share: numba's settings, the number of threads, and cuts into parts."""
import os

import numba
import numpy

# numba keeps what it compiled beside the file of a jit function, until that file changes: after a
# change of an inner function in another file, __pycache__ is to be removed
SETTINGS = {'nogil': True, 'error_model': 'numpy', 'no_cfunc_wrapper': True,
            'fastmath': {'contract', 'nsz', 'arcp'}}  # NaN and infinity keep their meaning
jit = numba.njit(cache=True, **SETTINGS)
MOST = 1024  # threads: more than any machine has use for
inner = numba.njit(no_cpython_wrapper=True, **SETTINGS)  # called by such alone, and kept in them


def count_threads():
    """Return how many threads to use, at most MOST: OMP_NUM_THREADS, else the processors that we
    may use.
    """
    if 'OMP_NUM_THREADS' in os.environ:  # a number: the seam has seen to that
        return min(MOST, int(os.environ['OMP_NUM_THREADS']))
    return len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count()


N_THREADS = count_threads()


def cut(work, n_parts):
    """Cut a range into parts of nearly equal work; ``work[k]`` is that of its first k.

    Returns where each part begins, and the end of the last: (n_parts + 1,).
    """
    return numpy.searchsorted(work, [work[-1] * k // n_parts for k in range(n_parts + 1)])
