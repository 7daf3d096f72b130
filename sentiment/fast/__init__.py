"""The fast twins of ``lstm.twins``: the same names, the same meaning, less waste; and
``project_words``, which spares a loaded model's layer what it would do for each batch.

They cannot be used (``AVAILABLE`` is False) where the engine runs no operation of ours.
"""
import importlib
import sys
from contextlib import nullcontext

from sentiment.engine import OWN_OPERATIONS as AVAILABLE  # noqa: F401
from sentiment.start import unbroken

PLACES = {'count_ngrams': 'counting', 'lstm_layer': 'layer', 'mean_pool': 'layer',
          'project_words': 'layer', 'wide_scores': 'ngrams',
          'classify': 'classifier', 'log_loss': 'classifier', 'mean_loss': 'classifier',
          'adadelta': 'updates', 'adagrad': 'updates', 'sgd': 'updates'}


def prepare(options):
    """Begin to compile what a training calls, in a second process: see ``ahead``.

    With a layer of your own something is compiled in vain.
    """
    if AVAILABLE and options['fast'] and options['encoder'] == 'lstm':
        with unbroken():
            updates = importlib.import_module('sentiment.fast.updates')
        updates.compile_ahead(options['optimizer'], bool(options['ngrams']))


def alone():
    """Have a second process pause meanwhile: see ``ahead``."""
    ahead = sys.modules.get('sentiment.fast.ahead')  # if any was begun
    return ahead.paused() if ahead else nullcontext()


def __getattr__(name):
    """Import one of PLACES when it is asked for: numba takes a while, and not all runs use it."""
    if name not in PLACES:
        raise AttributeError('module %r has no attribute %r' % (__name__, name))
    with unbroken():
        return getattr(importlib.import_module('sentiment.fast.' + PLACES[name]), name)
