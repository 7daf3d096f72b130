"""What stands behind the three scripts of the tutorial, in rooms; and how to use a trained model.

    from sentiment import load_model, predict, evaluate, explain
    from sentiment import SentimentClassifier  # which needs scikit-learn
"""
import importlib

__version__ = '0.2.3'

ROOMS = {'load_model': 'using.model', 'average': 'using.model', 'evaluate': 'using.measure',
         'load_test_set': 'using.measure', 'predict': 'using.ask', 'index_texts': 'using.ask',
         'explain': 'using.explain', 'embed': 'using.embed', 'SentimentClassifier': 'estimator'}
__all__ = tuple(name for name in ROOMS if name != 'SentimentClassifier')  # an extra: by name alone


def __getattr__(name):
    """Import what is asked for when it is asked for: the engine takes a second to load."""
    if name not in ROOMS:
        raise AttributeError('module %r has no attribute %r' % (__name__, name))
    return getattr(importlib.import_module('sentiment.' + ROOMS[name]), name)
