"""A graph of ONNX, written down as one writes an expression."""
import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper

import sentiment

# the oldest that has all we use, for old runtimes
OPSETS = {'': 17, 'ai.onnx.ml': 2}
IR_VERSION = 8
WORDS, PROBABILITIES = 'words', 'probabilities'  # the input and the output of our file

FLOAT32, INT32, INT64 = TensorProto.FLOAT, TensorProto.INT32, TensorProto.INT64


class Graph:
    """Nodes and their constants; ``graph('Add', a, b)`` adds a node and returns its output's name.
    """

    def __init__(self):
        self.nodes, self.constants = [], []

    def __call__(self, kind, *inputs, domain='', name=None, n_outputs=1, **attributes):
        """Add a node; inputs are names or arrays. Its name tells what it is for, and a number.
        """
        name = name if name == PROBABILITIES else '%s_%d' % (name or kind, len(self.nodes))
        outputs = [name] + ['%s_%d' % (name, k) for k in range(1, n_outputs)]
        self.nodes.append(helper.make_node(kind, [self.named(item) for item in inputs], outputs,
                                           name, domain=domain, **attributes))
        return outputs[0]

    def named(self, item):
        """Return the name of an input: of an array, that of the constant that it becomes."""
        return item if isinstance(item, str) else self.constant('constant', item)

    def constant(self, name, array):
        """Keep an array, float32 if it holds fractions, under this name and a number; return both.
        """
        array = numpy.asarray(array)
        array = array.astype('float32') if array.dtype.kind == 'f' else array
        self.constants.append(numpy_helper.from_array(array, '%s_%d' % (name, len(self.constants))))
        return self.constants[-1].name

    def model(self, given, answer, metadata):
        """Return the checked ModelProto of (name, shape) of an int64 input and a float32 output."""
        body = helper.make_graph(
            self.nodes, 'sentiment', [helper.make_tensor_value_info(given[0], INT64, given[1])],
            [helper.make_tensor_value_info(answer[0], FLOAT32, answer[1])], self.constants)
        used = {node.domain for node in self.nodes}
        opsets = [helper.make_opsetid(*pair) for pair in OPSETS.items() if pair[0] in used]
        made = helper.make_model(body, opset_imports=opsets, ir_version=IR_VERSION,
                                 producer_name='lstm-sentiment',
                                 producer_version=sentiment.__version__)
        helper.set_model_props(made, metadata)
        onnx.checker.check_model(made)
        return made


def find(graph, keys, known, values, otherwise):
    """Add the value of each of the int64 keys: of those that are known, int too; else another."""
    return graph('LabelEncoder', keys, domain='ai.onnx.ml', keys_int64s=known, values_int64s=values,
                 default_int64=otherwise)
