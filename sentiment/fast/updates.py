"""The optimizers of ``lstm`` that read no more rows of the embedding than a batch used.

The gradient of an embedding is a scatter of some rows into zeros, which is seen in its graph. A row
that a batch leaves alone has a gradient of zero there: SGD and AdaGrad do not move it, and AdaDelta
only lets its two running means decay, which is made up for, by a power, when the row is next used.
"""
import numba
import numpy

from sentiment.engine import Apply, Op, config, function, tensor, theano
from sentiment.fast import ahead, layer
from sentiment.fast.different import different
from sentiment.fast.rows import sum_rows
from sentiment.fast.team import ALL, job, run_parts, share
from sentiment.fast.threads import N_THREADS, SETTINGS, inner, jit


def is_zeros(variable):
    """Whether the graph makes ``variable`` by filling an array with a constant zero."""
    value = variable.owner.inputs[1] if variable.owner and len(variable.owner.inputs) == 2 else None
    while value is not None and value.owner and len(value.owner.inputs) == 1:
        value = value.owner.inputs[0]  # a scalar that was made a (1, 1) array
    return not numpy.any(getattr(value, 'data', 1))


def is_different(index):
    """Whether ``index`` comes from :data:`different`, so that no row is there twice."""
    return (index.owner is not None and index.owner.op == different
            and index is index.owner.outputs[0])


def rows_and_values(grad):
    """Return (rows, values): ``grad`` is ``values`` at these different rows and zero elsewhere; at
    all rows where that is None.
    """
    if grad.owner and len(grad.owner.inputs) == 3 and grad.ndim == 2:
        zeros, values, index = grad.owner.inputs
        if index.ndim == 1 and is_zeros(zeros):
            if grad.owner.op == tensor.inc_subtensor(zeros[index], values).owner.op:
                if is_different(index):
                    return index, values
                rows, place = different(index)
                return rows, sum_rows(values, place, rows.shape[0])
    return None, grad


def compile_gradients(inputs, cost, tparams, grads, optimizer):
    """Return (function of ``inputs`` -> cost, the rows and values that it keeps of each grad)."""
    kept, updates = [], []
    for p, (rows, values) in zip(tparams.values(), map(rows_and_values, grads)):
        if rows is None:
            rows = tensor.constant(numpy.arange(len(p.get_value(borrow=True)), dtype='int64'))
        shared = [theano.shared(numpy.zeros((0,) * part.ndim, part.dtype))
                  for part in (rows, values)]
        updates += zip(shared, (rows, values))
        kept.append(shared)
    return function(inputs, cost, updates=updates, name=optimizer + '_f_grad_shared'), kept


def compile_ahead(optimizer, ngrams):
    """Begin to compile what a training calls, with n-grams or without; see ``ahead``."""
    kernels = [layer.read_back] + [KERNELS[name] for name in KERNELS if name == optimizer]
    ahead.begin(kernels, compile_all, config.floatX, optimizer, ngrams)


def compile_all(dtype, optimizer, ngrams):
    """Compile that, by doing each once, to next to nothing."""
    layer.compile_backward(dtype)
    if optimizer in KERNELS:
        compile_step(dtype, optimizer)
    ahead.say_ready()
    if ngrams:
        from sentiment.fast.ngrams import compile_find
        compile_find(dtype)
    layer.compile_forward(dtype)


def compile_step(dtype, optimizer):
    """Compile what a :class:`Step` calls, by a call of it: a row of one number."""
    table, number = numpy.zeros((1, 1), dtype), numpy.zeros((1, 1), 'int64')
    state, now = ((table,) * 2, table[0, 0]) if optimizer == 'adagrad' else (
        (table,) * 3 + (number,), number[0, 0])
    run_parts(KERNELS[optimizer], 1, now, state, number[0], table)


def sgd(lr, tparams, grads, x, mask, y, cost):
    """As ``lstm.sgd``: p -= lr * gradient, at the rows that have one."""
    f_grad_shared, kept = compile_gradients([x, mask, y], cost, tparams, grads, 'sgd')
    updates = [(p, tensor.inc_subtensor(p[rows], -lr * values))
               for p, (rows, values) in zip(tparams.values(), kept)]
    return f_grad_shared, function([lr], [], updates=updates, name='sgd_f_update')


@numba.njit(cache=True, **dict(SETTINGS, fastmath=False))  # to the bit what is read
def adagrad_rows(part, board, n_parts, lr, state, rows, values):
    """Take AdaGrad's step at a part of the rows of one parameter, in place.

    state: p and its sums (n, m); of its gradient, the rows (k,) and the values (k, m).
    """
    if part == ALL:
        return share(board, n_parts, *job())
    p, total_grad2 = state
    epsilon = p.dtype.type(1e-12)
    for r in range(len(rows) * part // n_parts, len(rows) * (part + 1) // n_parts):
        row = rows[r]
        for d in range(p.shape[1]):
            grad = values[r, d]
            total_grad2[row, d] += grad * grad
            p[row, d] += -lr * grad / numpy.sqrt(total_grad2[row, d] + epsilon)
    return 0


@jit
def adadelta_rows(part, board, n_parts, now, state, rows, values):
    """Take AdaDelta's step number ``now`` at a part of the rows of one parameter, in place.

    state: p and its two means (n, m), and the step after the last that used each row, (n, 1);
    rows and values as of :func:`adagrad_rows`.
    """
    if part == ALL:
        return share(board, n_parts, *job())
    p, mean_grad2, mean_step2, last = state
    kind = p.dtype.type
    for r in range(len(rows) * part // n_parts, len(rows) * (part + 1) // n_parts):
        row = rows[r]
        missed = kind(0.95 ** (now - last[row, 0]))
        last[row, 0] = now + 1
        adadelta_row(p[row], mean_grad2[row], mean_step2[row], missed, values[r])
    return 0


@inner
def adadelta_row(p, mean_grad2, mean_step2, missed, grad):
    """Take the step at one row, (m,) each; ``missed``: 0.95 to the power of the steps since."""
    kind = p.dtype.type
    rest, epsilon, decay = kind(0.05), kind(1e-6), kind(0.95) * missed
    for d in range(len(p)):
        grad2 = decay * mean_grad2[d] + rest * grad[d] * grad[d]
        step = -numpy.sqrt(missed * mean_step2[d] + epsilon) / numpy.sqrt(grad2 + epsilon) * grad[d]
        mean_grad2[d] = grad2
        mean_step2[d] = decay * mean_step2[d] + rest * step * step
        p[d] += step


KERNELS = {'adagrad': adagrad_rows, 'adadelta': adadelta_rows}
SMALL = 2 ** 12  # numbers that one thread moves on sooner than it is helped


class Step(Op):
    """One step of an optimizer for all parameters, in place, at the rows that have a gradient.

    Inputs: for each parameter its ``n_state`` arrays (n, ...), itself first; for each the rows and
    values of its gradient; a number, the learning rate or that of the step. Outputs: the arrays,
    moved on.
    """

    __props__ = ('optimizer', 'n_state', 'n_params')

    def __init__(self, optimizer, n_state, n_params):
        self.optimizer, self.n_state, self.n_params = optimizer, n_state, n_params
        self.destroy_map = {k: [k] for k in range(n_params * n_state)}

    def make_node(self, *inputs):
        return Apply(self, inputs, [v.type() for v in inputs[:self.n_params * self.n_state]])

    def perform(self, node, inputs, output_storage):
        arrays = inputs[:len(output_storage)]
        tables = [numpy.ascontiguousarray(array).reshape(len(array), -1) for array in arrays]
        gradients = zip(inputs[len(arrays):-1:2], inputs[len(arrays) + 1::2])
        ahead.wait()
        for k, (rows, values) in enumerate(gradients):
            state = tuple(tables[k * self.n_state:(k + 1) * self.n_state])
            values = numpy.ascontiguousarray(values).reshape(len(rows), state[0].shape[1])
            n_parts = N_THREADS if values.size > SMALL else 1
            run_parts(KERNELS[self.optimizer], n_parts, inputs[-1][()], state, rows, values)
        for storage, array, table in zip(output_storage, arrays, tables):
            if not array.flags.c_contiguous:  # so that the table is a copy
                array[...] = table.reshape(array.shape)
            storage[0] = array


def step_updates(optimizer, states, gradients, number):
    """Return the updates of the shared arrays of each parameter by a :class:`Step`."""
    state, gradient = sum(states, []), sum(gradients, [])
    return list(zip(state, Step(optimizer, len(states[0]), len(states))(*state, *gradient, number)))


def adagrad(lr, tparams, grads, x, mask, y, cost):
    """As ``lstm.adagrad``, at the rows that have a gradient; the sums grow in ``f_update``."""
    f_grad_shared, kept = compile_gradients([x, mask, y], cost, tparams, grads, 'adagrad')
    states = [[p, theano.shared(p.get_value() * 0, name=name + '_sgrad2')]
              for name, p in tparams.items()]
    return f_grad_shared, function([lr], [], updates=step_updates('adagrad', states, kept, lr),
                                   name='adagrad_f_update', accept_inplace=True)


def adadelta(lr, tparams, grads, x, mask, y, cost):
    """As ``lstm.adadelta``; both running means move in ``f_update``."""
    f_grad_shared, kept = compile_gradients([x, mask, y], cost, tparams, grads, 'adadelta')
    now = theano.shared(numpy.asarray(0, 'int64'), name='adadelta_step')
    states = [[p] + [theano.shared(p.get_value() * 0, name=name + suffix)
                     for suffix in ('_rgrad2', '_rup2')]
              + [theano.shared(numpy.zeros(len(p.get_value()), 'int64'), name=name + '_last')]
              for name, p in tparams.items()]
    updates = [(now, now + 1)] + step_updates('adadelta', states, kept, now)
    f_update = function([lr], [], updates=updates, name='adadelta_f_update',
                        on_unused_input='ignore', accept_inplace=True)
    return f_grad_shared, f_update
