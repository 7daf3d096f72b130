"""What the compiled parts share: numba's settings, and the number of threads."""
import os

import numba

# numba keeps what it compiled beside the file of a jit function, until that file changes: after a
# change of an inner function in another file, __pycache__ is to be removed
SETTINGS = {'nogil': True, 'error_model': 'numpy', 'no_cfunc_wrapper': True,
            'fastmath': {'contract', 'nsz', 'arcp'}}  # NaN and infinity keep their meaning
jit = numba.njit(cache=True, **SETTINGS)
MOST = 1024  # threads: more than any machine has use for
inner = numba.njit(no_cpython_wrapper=True, **SETTINGS)  # called by such alone, compiled into them
exact = numba.njit(no_cpython_wrapper=True, **dict(SETTINGS, fastmath=False))  # as NumPy rounds


def count_threads():
    """Return how many threads to use, at most MOST: OMP_NUM_THREADS, else the processors that we
    may use.
    """
    if 'OMP_NUM_THREADS' in os.environ:  # a number: the seam has seen to that
        return min(MOST, int(os.environ['OMP_NUM_THREADS']))
    return len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count()


N_THREADS = count_threads()
