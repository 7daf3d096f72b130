"""Using what was trained: load a model, measure it on data, ask it about words of your own."""
