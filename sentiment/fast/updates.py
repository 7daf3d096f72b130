"""The optimizers of ``lstm`` that read no more rows of the embedding than a batch used.

The gradient of an embedding is a scatter of some rows into zeros, which is seen in its graph. A row
that a batch leaves alone has a gradient of zero there: SGD and AdaGrad do not move it, and AdaDelta
only lets its two running means decay, which is made up for, by a power, when the row is next used.
"""
import numba
import numpy

from sentiment.fast.threads import N_THREADS, SETTINGS, cut, jit, run_parts
from sentiment.engine import Apply, Op, function, tensor, theano, unique


def is_zeros(variable):
    """Whether the graph makes ``variable`` by filling an array with a constant zero."""
    value = variable.owner.inputs[1] if variable.owner and len(variable.owner.inputs) == 2 else None
    while value is not None and value.owner and len(value.owner.inputs) == 1:
        value = value.owner.inputs[0]  # a scalar that was made a (1, 1) array
    return not numpy.any(getattr(value, 'data', 1))


def is_unique(index):
    """Whether ``index`` comes from :func:`unique`, so that no row is there twice."""
    return index.owner is not None and type(index.owner.op) is type(unique(index, True)[0].owner.op)


def rows_and_values(grad):
    """Return (rows, values): ``grad`` is ``values`` at these different rows and zero elsewhere."""
    if grad.owner and len(grad.owner.inputs) == 3 and grad.ndim == 2:
        zeros, values, index = grad.owner.inputs
        if index.ndim == 1 and is_zeros(zeros):
            if grad.owner.op == tensor.inc_subtensor(zeros[index], values).owner.op:
                if is_unique(index):
                    return index, values
                rows, place = unique(index, return_inverse=True)
                total = tensor.zeros((rows.shape[0], values.shape[1]), dtype=values.dtype)
                return rows, tensor.inc_subtensor(total[place], values)
    return tensor.arange(grad.shape[0]), grad


def compile_gradients(inputs, cost, grads, name):
    """Return (function of ``inputs`` -> cost, the rows and values that it keeps of each grad)."""
    kept, updates = [], []
    for pair in map(rows_and_values, grads):
        shared = [theano.shared(numpy.zeros((0,) * part.ndim, part.dtype)) for part in pair]
        updates += zip(shared, pair)
        kept.append(shared)
    return function(inputs, cost, updates=updates, name=name), kept


def sgd(lr, tparams, grads, x, mask, y, cost):
    """As ``lstm.sgd``: p -= lr * gradient, at the rows that have one."""
    f_grad_shared, kept = compile_gradients([x, mask, y], cost, grads, 'sgd_f_grad_shared')
    updates = [(p, tensor.inc_subtensor(p[rows], -lr * values))
               for p, (rows, values) in zip(tparams.values(), kept)]
    return f_grad_shared, function([lr], [], updates=updates, name='sgd_f_update')


@numba.njit(cache=True, **dict(SETTINGS, fastmath=False))  # to the bit what is read
def adagrad_rows(p, total_grad2, lr, rows, values):
    """Take AdaGrad's step at some rows of p (n, m), in place."""
    epsilon = p.dtype.type(1e-12)
    for r in range(len(rows)):
        row = rows[r]
        for d in range(p.shape[1]):
            grad = values[r, d]
            total_grad2[row, d] += grad * grad
            p[row, d] += -lr * grad / numpy.sqrt(total_grad2[row, d] + epsilon)


@jit
def adadelta_rows(p, mean_grad2, mean_step2, last, now, rows, values):
    """Take AdaDelta's step number ``now`` at some rows of p (n, m), in place."""
    kind = p.dtype.type
    rest, epsilon = kind(0.05), kind(1e-6)
    for r in range(len(rows)):
        row = rows[r]
        missed = kind(0.95 ** (now - last[row, 0]))
        decay = kind(0.95) * missed
        last[row, 0] = now + 1
        adadelta_row(p[row], mean_grad2[row], mean_step2[row], missed, decay, rest, epsilon,
                     values[r])


@jit
def adadelta_row(p, mean_grad2, mean_step2, missed, decay, rest, epsilon, grad):
    for d in range(len(p)):
        grad2 = decay * mean_grad2[d] + rest * grad[d] * grad[d]
        step = -numpy.sqrt(missed * mean_step2[d] + epsilon) / numpy.sqrt(grad2 + epsilon) * grad[d]
        mean_grad2[d] = grad2
        mean_step2[d] = decay * mean_step2[d] + rest * step * step
        p[d] += step


KERNELS = {'adagrad': adagrad_rows, 'adadelta': adadelta_rows}


class Step(Op):
    """One step of an optimizer, in place, at the rows that have a gradient.

    Inputs: its ``n_state`` arrays (n, ...), the parameter first; a number, the learning rate or
    that of the step; the rows and values of the gradient. Outputs: the arrays, moved on.
    """

    __props__ = ('optimizer', 'n_state')

    def __init__(self, optimizer, n_state):
        self.optimizer, self.n_state = optimizer, n_state
        self.destroy_map = {k: [k] for k in range(n_state)}

    def make_node(self, *inputs):
        return Apply(self, inputs, [variable.type() for variable in inputs[:self.n_state]])

    def perform(self, node, inputs, output_storage):
        *state, number, rows, values = inputs
        views = [array.reshape(len(array), -1) for array in state]
        grads = values.reshape(len(values), views[0].shape[1])
        parts = cut(range(len(rows) + 1), N_THREADS if values.size > 2 ** 14 else 1)
        run_parts(KERNELS[self.optimizer],
                  [(*views, number[()], rows[s], grads[s]) for s in parts])
        for storage, array in zip(output_storage, state):
            storage[0] = array


def step_updates(optimizer, state, number, gradient):
    """Return the updates of shared arrays, ``state``, by a :class:`Step`."""
    return list(zip(state, Step(optimizer, len(state))(*state, number, *gradient)))


def adagrad(lr, tparams, grads, x, mask, y, cost):
    """As ``lstm.adagrad``, at the rows that have a gradient; the sums grow in ``f_update``."""
    f_grad_shared, kept = compile_gradients([x, mask, y], cost, grads, 'adagrad_f_grad_shared')
    updates = []
    for (name, p), gradient in zip(tparams.items(), kept):
        total = theano.shared(p.get_value() * 0, name=name + '_sgrad2')
        updates += step_updates('adagrad', [p, total], lr, gradient)
    return f_grad_shared, function([lr], [], updates=updates, name='adagrad_f_update',
                                   accept_inplace=True)


def adadelta(lr, tparams, grads, x, mask, y, cost):
    """As ``lstm.adadelta``; both running means move in ``f_update``."""
    f_grad_shared, kept = compile_gradients([x, mask, y], cost, grads, 'adadelta_f_grad_shared')
    now = theano.shared(numpy.asarray(0, 'int64'), name='adadelta_step')
    updates = [(now, now + 1)]
    for (name, p), gradient in zip(tparams.items(), kept):
        means = [theano.shared(p.get_value() * 0, name=name + suffix)
                 for suffix in ('_rgrad2', '_rup2')]
        last = theano.shared(numpy.zeros(len(p.get_value()), 'int64'), name=name + '_last')
        updates += step_updates('adadelta', [p] + means + [last], now, gradient)
    f_update = function([lr], [], updates=updates, name='adadelta_f_update',
                        on_unused_input='ignore', accept_inplace=True)
    return f_grad_shared, f_update
