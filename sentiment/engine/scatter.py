"""Rows put into a table, or added to it, by index, as NumPy does it."""
import numpy


def writes_rows(node):
    """Return whether ``node`` writes rows, one for each place of a vector, over or onto a table's.

    For a vector of places Theano and PyTensor 3.0 have an operation of its own; later ones have the
    one for any index, ``idx_list``, of which a vector for the first axis alone is ``(0,)``.
    """
    if getattr(node.op, 'idx_list', (0,)) != (0,) or getattr(node.op, 'ignore_duplicates', False):
        return False
    table, rows, index = node.inputs
    return (index.ndim == 1 and index.dtype != 'bool' and rows.ndim == table.ndim
            and not any(rows.type.broadcastable))


def direct(node, thunk):
    """Return a function of no arguments that does what ``thunk`` does for ``node``: a table
    (n, ...), rows (N, ...) and their places (N,) -> the table with them.

    PyTensor takes a single row for one that shall be repeated, and refuses it. thunk: an engine's.
    """
    if not writes_rows(node):
        return thunk
    op, cells, out = node.op, thunk.inputs, thunk.outputs[0]

    def call():
        table, rows, index = (cell[0] for cell in cells)
        if rows.shape != index.shape + table.shape[1:]:
            raise ValueError('rows of the shape %s, %d places in a table of the shape %s'
                             % (rows.shape, len(index), table.shape))
        table = table if op.inplace else table.copy()
        if op.set_instead_of_inc:
            table[index] = rows
        else:
            numpy.add.at(table, index, rows)
        out[0] = table
    vars(call).update(vars(thunk))  # what the engine asks of it when it fails
    return call
