"""The wide part: n-grams that the classifier reads beside the LSTM's states."""
from sentiment.wide.layer import join, stretch, trained, wide_scores  # noqa: F401
from sentiment.wide.ngrams import begin as begin_wide, count_ngrams  # noqa: F401
