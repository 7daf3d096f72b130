"""A function of NumPy arrays as one operation of the graph, with its gradient.

Where arrays are small, each node of a graph takes longer than what it computes.
"""
from sentiment.engine import Apply, Op, config, grad_undefined


class Whole(Op):
    """``f(*inputs)``, an array of floatX. Only the first ``n_smooth`` inputs have a gradient.

    kind: a maker of its type, such as ``tensor.matrix``. back: a function (*inputs, the answer, its
    gradient) -> the gradients of the smooth inputs.
    """

    __props__ = ('f', 'back', 'kind', 'n_smooth')

    def __init__(self, f, back, kind, n_smooth):
        self.f, self.back, self.kind, self.n_smooth = f, back, kind, n_smooth

    def make_node(self, *inputs):
        return Apply(self, list(inputs), [self.kind(dtype=config.floatX)])

    def perform(self, node, inputs, output_storage):
        output_storage[0][0] = self.f(*inputs)

    def L_op(self, inputs, outputs, output_gradients):
        gradients = Back(self.back, self.n_smooth)(*inputs, *outputs, *output_gradients)
        return [*gradients, *(grad_undefined(self, k, inputs[k])
                              for k in range(self.n_smooth, len(inputs)))]

    pullback = L_op  # its name in the PyTensor to come


class Back(Op):
    """The gradients of a :class:`Whole`: ``f(*inputs)``, of the types of the first inputs."""

    __props__ = ('f', 'n_outputs')

    def __init__(self, f, n_outputs):
        self.f, self.n_outputs = f, n_outputs

    def make_node(self, *inputs):
        return Apply(self, list(inputs), [v.type() for v in inputs[:self.n_outputs]])

    def perform(self, node, inputs, output_storage):
        for storage, gradient in zip(output_storage, self.f(*inputs)):
            storage[0] = gradient

    def __call__(self, *inputs):
        return super().__call__(*inputs, return_list=True)
