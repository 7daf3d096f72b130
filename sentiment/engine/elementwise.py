"""Operations on each element of arrays, called as NumPy has them.

The engines' own way to NumPy, in Python, takes several times as long as NumPy takes for the arrays
of a batch: of an update of a few hundred words it was a sixth.
"""
from functools import partial

import numpy


def numpy_function(node):
    """Return the NumPy function that a node of an operation on each element stands for, or None."""
    op, dtype = node.op, numpy.dtype(node.outputs[0].dtype)
    if type(op.scalar_op).__name__ == 'Cast':
        return lambda x: x.astype(dtype)
    if not op.nfunc_spec:
        return None
    name, n_inputs, _ = op.nfunc_spec
    f = getattr(numpy, name, None)
    if n_inputs != len(node.inputs) or not (isinstance(f, numpy.ufunc) or f is numpy.where):
        return None
    of_integers = numpy.dtype(node.inputs[0].dtype).kind in 'biu'
    if of_integers and dtype.kind == 'f' and f is not numpy.where:  # for which float16 might do
        return partial(f, sig='%s->%s' % (dtype.char * n_inputs, dtype.char))
    return f


def same_axes(node):
    """Return a list of (input, its axes that are as long as those of the output); none for the one
    input that gives the output its shape.
    """
    axes = [[k for k, single in enumerate(v.type.broadcastable) if not single] for v in node.inputs]
    return [pair for pair in enumerate(axes) if pair[1]] if sum(map(bool, axes)) > 1 else []


def direct(node, thunk):
    """Return a function of no arguments that does what ``thunk`` does for ``node``, sooner.

    thunk: an engine's; it has the cells of its arrays as ``inputs`` and ``outputs``. Raises
    ValueError where an axis is one long by chance, and its likes are not.
    """
    f = numpy_function(node)
    if f is None:
        return thunk
    cells, out, dtype, same = thunk.inputs, thunk.outputs[0], node.outputs[0].dtype, same_axes(node)
    destroyed = node.op.inplace_pattern.get(0)

    def call():
        values = [cell[0] for cell in cells]
        with numpy.errstate(all='ignore'):
            answer = numpy.asarray(f(*values), dtype)
        shape = answer.shape
        for k, axes in same:
            for axis in axes:
                if values[k].shape[axis] != shape[axis]:
                    raise ValueError('arrays of the shapes %s do not fit together'
                                     % ', '.join(str(value.shape) for value in values))
        if destroyed is not None:
            values[destroyed][...] = answer
            answer = values[destroyed]
        out[0] = answer
    vars(call).update(vars(thunk))  # what the engine asks of it when it fails
    return call
