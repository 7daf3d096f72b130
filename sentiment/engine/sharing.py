"""Compiled functions for any number of threads: each call computes in memory of its own.

What the engines compile computes in memory that the function keeps, so that two threads that call
it at the same time get each other's numbers.
"""
import threading

BUILDING = threading.RLock()  # the engines build graphs, and compile, in one thread at a time


class Copies:
    """A compiled function with as many copies as threads have called it at the same time.

    A call takes a copy that is free, or makes one, of what never runs itself.
    """

    def __init__(self, f):
        self.original, self.free, self.get_shared = f, [], f.get_shared

    def __call__(self, *values):
        f = self.take()
        answer = f(*values)
        self.free.append(f)  # not after an error: who knows what it holds
        return answer

    def take(self):
        """Return a copy that no other call has; lists pop and append as a whole."""
        try:
            return self.free.pop()
        except IndexError:
            with BUILDING:
                f = self.original.copy()
            f.unpack_single = self.original.unpack_single  # Theano forgets it
            return f


class OneAtATime:
    """A compiled function whose calls wait for each other, where they could not overlap anyway."""

    def __init__(self, f):
        self.f, self.lock, self.get_shared = f, threading.Lock(), f.get_shared

    def __call__(self, *values):
        with self.lock:
            return self.f(*values)
