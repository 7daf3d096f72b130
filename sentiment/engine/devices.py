"""A batch shared out to several devices: each computes of its own samples, gradients are summed.

Nothing but ``through_jax`` imports this module, and uses it where JAX has more than one device.
"""
import jax
import numpy
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from pytensor.compile.mode import JAX, Mode, optdb
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Apply
from pytensor.graph.op import Op
from pytensor.graph.rewriting.basic import in2out, node_rewriter
from pytensor.link.jax.dispatch import jax_funcify
from pytensor.link.jax.linker import JAXLinker
from pytensor.tensor import subtensor
from pytensor.tensor.elemwise import DimShuffle
from pytensor.tensor.math import Dot
from pytensor.tensor.shape import Reshape

# --- Where arrays lie -------------------------------------------------------------------------


class Lying:
    """Where the arrays of a function lie on ``devices``.

    Its arguments, such as x (T, B), mask (T, B) and y (B,), are shared out along their last axis,
    the samples': ceil(B / devices) samples each, fewer for the last; where there are fewer samples
    than devices, each has all. Scalars, shared variables and answers lie on each device, whole.
    What is computed is the same wherever arrays lie, random numbers included, but for the order in
    which XLA sums.
    """

    def __init__(self, devices):
        self.mesh = Mesh(numpy.array(devices), ('samples',))
        self.everywhere = NamedSharding(self.mesh, PartitionSpec())

    def share_out(self, batch):
        """Let each device have its samples of an array (..., B), while a function is traced."""
        axes = PartitionSpec(*[None] * (batch.ndim - 1), 'samples')
        return jax.lax.with_sharding_constraint(batch, NamedSharding(self.mesh, axes))

    def mode(self):
        """Return the mode in which PyTensor compiles functions for all of the devices."""
        return Mode(SharingLinker(self), JAX.including(APART)._optimizer)


class SharingLinker(JAXLinker):
    """Compiles as PyTensor's own does, for arrays that lie as ``lying`` says."""

    def __init__(self, lying):
        super().__init__()
        self.lying = lying

    def jit_compile(self, fn):
        """Return the function of JAX's arrays that ``fn`` stands for."""
        share_out, everywhere = self.lying.share_out, self.lying.everywhere
        is_batch = [not isinstance(variable, SharedVariable) and variable.type.ndim > 0
                    for variable in self.fgraph.inputs]

        def shared_out(*values):
            return fn(*[share_out(value) if batch else value
                        for value, batch in zip(values, is_batch)])

        return jax.jit(shared_out, in_shardings=everywhere, out_shardings=everywhere)


# --- Products of whole batches ----------------------------------------------------------------
# Time steps and samples merged to rows, (T, B, n) to (T B, n), cannot be shared out by samples, so
# that each device would compute all of them: what is computed of such rows is so of (T, B, n).

APART = 'samples_apart'  # the rewrite, and what includes it in a mode
# of whole rows, PyTensor 3.0 has operations of their own
TAKE, ADD = ([getattr(subtensor, name) for name in (kind, kind + '1') if hasattr(subtensor, name)]
             for kind in ('AdvancedSubtensor', 'AdvancedIncSubtensor'))


class Apart(Op):
    """``function`` of the inputs of an operation, and then of those before they were merged.

    ``answer`` is the type of its output.
    """

    __props__ = ('function', 'answer')

    def __init__(self, function, answer):
        self.function, self.answer = function, answer

    def make_node(self, *inputs):
        return Apply(self, list(inputs), [self.answer()])

    def perform(self, node, inputs, output_storage):
        raise NotImplementedError('%s is computed by JAX alone' % self)


@jax_funcify.register(Apart)
def jax_apart(op, **_):
    """Return the function of JAX that ``op`` stands for."""
    return op.function


def dot(a, b, A, B):
    """Return the product of a and b, of which A and B, if they have three axes, were merged.

    Shapes tell which axes: each rule below is exact wherever its condition holds.
    """
    if B.ndim == 3 and a.shape[:1] + B.shape == A.shape + b.shape[1:]:
        return jax.numpy.tensordot(A, B, 2)  # (m, T, B) and (T, B, n): a sum over all rows
    if A.shape[-1] == b.shape[0]:
        return jax.numpy.tensordot(A, b, 1).reshape(-1, b.shape[1])  # (T, B, m): row by row
    return jax.numpy.dot(a, b)


def take(rows, apart):
    """Return the rows (n, ...) at these places (T, B): (T, B, ...)."""
    return rows[apart]


def merge(places, taken):
    """Return rows taken at places (T, B), one for each of those merged, (T B,)."""
    return taken.reshape(places.shape + taken.shape[2:])


def add(rows, values, places, apart):
    """Return the rows with the values added at these places, which are ``apart`` merged."""
    if values.shape[:1] != places.shape:  # one value for all of them
        return rows.at[places].add(values)
    return rows.at[apart].add(values.reshape(apart.shape + values.shape[1:]))


def unmerged(variable):
    """Return the array that has an axis more and was merged to this one, or None."""
    node = variable.owner
    if node and isinstance(node.op, Apart) and node.op.function is merge:
        return node.inputs[1]
    if node and isinstance(node.op, DimShuffle) and node.op.new_order == (1, 0):
        apart = unmerged(node.inputs[0])
        return None if apart is None else apart.dimshuffle(2, 0, 1)
    if node and isinstance(node.op, Reshape) and node.inputs[0].ndim == variable.ndim + 1:
        return node.inputs[0]


@node_rewriter([Dot])
def dot_apart(fgraph, node):
    """Rewrite a product of merged rows."""
    a, b = node.inputs
    A, B = unmerged(a), unmerged(b)
    if A is not None:
        return [Apart(dot, node.outputs[0].type)(a, b, A, b if B is None else B)]


def places_apart(node):
    """Return the places (T, B), before they were merged, of the whole rows that a node is about."""
    if getattr(node.op, 'idx_list', (0,)) == (0,):  # one array of places, on the first axis
        return unmerged(node.inputs[-1])


@node_rewriter(TAKE)
def take_apart(fgraph, node):
    """Rewrite what looks merged places up, such as an embedding."""
    apart, answer = places_apart(node), node.outputs[0].type
    if apart is not None:
        rows, places = node.inputs
        taken = Apart(take, answer.clone(shape=(None,) * (answer.ndim + 1)))(rows, apart)
        return [Apart(merge, answer)(places, taken)]


@node_rewriter(ADD)
def add_apart(fgraph, node):
    """Rewrite what adds values at merged places, such as an embedding's gradient."""
    apart = places_apart(node)
    if apart is not None and not node.op.set_instead_of_inc:
        return [Apart(add, node.outputs[0].type)(*node.inputs, apart)]


optdb.register(APART, in2out(take_apart, dot_apart, add_apart, name=APART),
               position=49.2)  # AFTER_MERGING of engine, which imports this room
