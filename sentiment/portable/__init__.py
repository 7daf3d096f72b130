"""A model that runs anywhere: as an ONNX file, which says itself how it is asked."""
