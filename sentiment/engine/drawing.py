"""Random numbers by a direct call of NumPy's generator."""
import numpy


def direct(node, thunk):
    """Return a function of no arguments that draws the very numbers of ``thunk``, sooner.

    PyTensor makes arrays of scalar parameters, and NumPy broadcasts these: its slow way. thunk: an
    engine's; its inputs are cells of the generator, the size, the parameters.
    """
    op, cells, (generator, out) = node.op, thunk.inputs, thunk.outputs
    if not op.inplace or any(op.ndims_params):  # draws from a copy, or takes vectors
        return thunk

    def call():
        rng, size, *parameters = (cell[0] for cell in cells)
        if size is None:  # which the parameters' shapes give
            return thunk()
        parameters = [value.item() if value.size == 1 else value for value in parameters]
        generator[0] = rng
        out[0] = numpy.asarray(op.rng_fn(rng, *parameters, tuple(size)), op.dtype)
    vars(call).update(vars(thunk))  # what the engine asks of it when it fails
    return call
