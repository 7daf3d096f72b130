"""A function of NumPy arrays as one operation of the graph, with its gradient.

Where arrays are small, each node of a graph takes longer than what it computes.
"""
from numpy import errstate

from sentiment.engine import Apply, Op, config, grad_undefined


class Whole(Op):
    """``f(*inputs)``, an array of floatX. The first ``n_differentiable`` inputs have a gradient.

    kind: what makes the type of the output, such as ``tensor.matrix``. back: a function (*inputs,
    the output, its gradient) -> the gradients of these inputs.
    """

    __props__ = ('f', 'back', 'kind', 'n_differentiable')

    def __init__(self, f, back, kind, n_differentiable):
        self.f, self.back, self.kind, self.n_differentiable = f, back, kind, n_differentiable

    def make_node(self, *inputs):
        return Apply(self, list(inputs), [self.kind(dtype=config.floatX)])

    def perform(self, node, inputs, output_storage):
        with errstate(all='ignore'):  # as the engines compute
            output_storage[0][0] = self.f(*inputs)

    def L_op(self, inputs, outputs, output_gradients):
        gradients = WholeGradient(self.back, self.n_differentiable)(
            *inputs, *outputs, *output_gradients, return_list=True)
        return gradients + [grad_undefined(self, k, inputs[k])
                            for k in range(self.n_differentiable, len(inputs))]

    pullback = L_op  # its name in newer PyTensors


class WholeGradient(Op):
    """Gradients by a :class:`Whole`: ``back(*inputs)``, of the types of the first inputs."""

    __props__ = ('back', 'n_outputs')

    def __init__(self, back, n_outputs):
        self.back, self.n_outputs = back, n_outputs

    def make_node(self, *inputs):
        return Apply(self, list(inputs), [v.type() for v in inputs[:self.n_outputs]])

    def perform(self, node, inputs, output_storage):
        with errstate(all='ignore'):
            gradients = self.back(*inputs)
        for storage, gradient in zip(output_storage, gradients):
            storage[0] = gradient
