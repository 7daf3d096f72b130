"""The compiled twins of functions in ``lstm``: the same names, the same meaning, less waste.

They cannot be used (``AVAILABLE`` is False) where the engine runs no operation of ours.
"""
import importlib

from sentiment.engine import OWN_OPERATIONS as AVAILABLE  # noqa: F401

PLACES = {'count_ngrams': 'counting', 'lstm_layer': 'layer', 'mean_pool': 'layer',
          'wide_scores': 'ngrams', 'adadelta': 'updates', 'adagrad': 'updates', 'sgd': 'updates'}


def __getattr__(name):
    """Import a twin when it is asked for: numba takes a while to load, and not all runs use it."""
    if name not in PLACES:
        raise AttributeError('module %r has no attribute %r' % (__name__, name))
    return getattr(importlib.import_module('sentiment.fast.' + PLACES[name]), name)
