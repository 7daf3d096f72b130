"""A quarter of the size: the weights of the words and of the LSTM in 8 bits."""
import os
import tempfile

import onnx
from onnx import helper
from onnxruntime.quantization import quantize_dynamic

KINDS = ('Gather', 'LSTM')  # what holds nearly all weights
READY = {'onnx.quant.pre_process': 'onnxruntime.quant'}  # there is nothing to simplify, nor to say


def quantize(made):
    """Return a ModelProto with 8 bits a weight, one scale a matrix; the LSTM's input is quantized
    as it comes ("dynamic quantization").

    What n-grams add stays in float32: a review's answer is a sum of hundreds of them.
    """
    metadata = {item.key: item.value for item in made.metadata_props}
    ready = onnx.ModelProto()
    ready.CopyFrom(made)
    helper.set_model_props(ready, READY)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, 'model.onnx')
        quantize_dynamic(ready, path, op_types_to_quantize=KINDS, nodes_to_exclude=[
            node.name for node in ready.graph.node if node.name.startswith('ngrams_')])
        small = onnx.load(path)
    helper.set_model_props(small, metadata)
    return small
