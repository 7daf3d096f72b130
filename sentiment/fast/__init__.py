"""The compiled twins of functions in ``lstm``: the same names, the same meaning, less waste.

There are none (``AVAILABLE`` is False) where the engine runs no operation of ours.
"""
from sentiment.engine import OWN_OPERATIONS as AVAILABLE

if AVAILABLE:
    from sentiment.fast.counting import count_ngrams  # noqa: F401
    from sentiment.fast.layer import lstm_layer, mean_pool  # noqa: F401
    from sentiment.fast.ngrams import wide_scores  # noqa: F401
    from sentiment.fast.updates import adadelta, adagrad, sgd  # noqa: F401
