"""What stands behind the three scripts of the tutorial, in rooms; and how to use a trained model.

    from sentiment import load_model, predict, evaluate, explain
"""
import importlib

__version__ = '0.1.0'

ROOMS = {'load_model': 'model', 'average': 'model', 'evaluate': 'measure',
         'load_test_set': 'measure', 'predict': 'ask', 'index_texts': 'ask',
         'explain': 'explain'}  # of sentiment.using
__all__ = tuple(ROOMS)


def __getattr__(name):
    """Import what is asked for when it is asked for: the engine takes a second to load."""
    if name not in ROOMS:
        raise AttributeError('module %r has no attribute %r' % (__name__, name))
    return getattr(importlib.import_module('sentiment.using.' + ROOMS[name]), name)
