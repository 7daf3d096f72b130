"""A quarter of the size: the weights of the words and of the LSTM in 8 bits."""
import numpy
import onnx
from onnx import helper, numpy_helper

LARGE = ('Wemb_', 'lstm_W_', 'lstm_U_')  # what holds nearly all weights


def quantize(made):
    """Return a ModelProto with these weights in 8 bits; all that is computed stays in float32.

    One scale a matrix, of the words' one a unit: from -127 to 127, the largest weight.
    """
    small = onnx.ModelProto()
    small.CopyFrom(made)
    graph = small.graph
    for value in [value for value in graph.initializer if value.name.startswith(LARGE)]:
        weights, name = numpy_helper.to_array(value), value.name
        axis = 0 if name.startswith('Wemb_') else None
        scale = numpy.maximum(abs(weights).max(axis=axis) / 127, 1e-30).astype('float32')
        value.CopyFrom(numpy_helper.from_array(numpy.round(weights / scale).astype('int8'), name))
        graph.initializer.append(numpy_helper.from_array(scale, name + '_scale'))
        widen(graph, name)
    onnx.checker.check_model(small)
    return small


def widen(graph, name):
    """Let what reads these weights read them in float32: of words, those that a text has."""
    place = next(k for k, node in enumerate(graph.node) if name in node.input)
    node = graph.node[place]
    wide = name + '_float32'
    if node.op_type == 'Gather':  # after it, and under its name
        wide, node.output[0] = node.output[0], name + '_int8'
        graph.node.insert(place + 1, helper.make_node(
            'DequantizeLinear', [name + '_int8', name + '_scale'], [wide], axis=2))
    else:
        node.input[list(node.input).index(name)] = wide
        graph.node.insert(place, helper.make_node('DequantizeLinear', [name, name + '_scale'],
                                                  [wide]))
