"""The wide part: n-grams that the classifier reads beside the LSTM's states."""
