"""The LSTM layer as one compiled operation: what ``lstm.lstm_layer`` means, without its waste.

No work is done on padding. Samples are ordered by length, so that the words of one time step are
the first rows of the step before; the words of all steps lie one step after the other, "packed",
and every step is one product over its live rows. A word that stands in a batch many times is
projected by W once. The batch is dealt to the threads, sample by sample.

Sizes in the comments: T time steps, B samples, D units, V different words, N packed rows, P parts.
"""
import numpy

from sentiment.engine import Apply, Op, config, grad_undefined, rewrites, tensor
from sentiment.fast import ahead
from sentiment.fast.different import different
from sentiment.fast.products import DEPTH, add_packed, add_product, pack
from sentiment.fast.tanh import tanh
from sentiment.fast.team import ALL, job, run_parts, share
from sentiment.fast.threads import N_THREADS, exact, inner, jit

MOST = 2 ** 24  # numbers of the z of all words: 64 MB in float32
BLOCK = 64  # words that are projected at once: their z stays in the cache

# --- Kernels: numba -------------------------------------------------------------------------


# parts of a row are slices: an index that is a sum may be negative, and keeps LLVM from vectorizing
@inner
def split(row):
    """Return the four parts (D,) of a row (4 D,)."""
    D = len(row) // 4
    return row[:D], row[D:2 * D], row[2 * D:3 * D], row[3 * D:]


@inner
def open_gates(z):
    """Turn one row of z (4 D,) into the gates i, f, o and the candidate g."""
    half, D = z.dtype.type(0.5), len(z) // 4
    gates, candidate = z[:3 * D], z[3 * D:]
    for d in range(3 * D):
        gates[d] = half * tanh(half * gates[d]) + half
    for d in range(D):
        candidate[d] = tanh(candidate[d])


@inner
def remember(gates, m, h, c):
    """Step one sample's state (D,) and memory (D,) under its gates; m is the mask, 1 or less."""
    D, rest = len(h), h.dtype.type(1) - m
    i, f, o, g = split(gates)
    for d in range(D):
        c_new = f[d] * c[d] + i[d] * g[d]
        h_new = o[d] * tanh(c_new)
        c[d] = m * c_new + rest * c[d]
        h[d] = m * h_new + rest * h[d]


# whole rows are copied and summed by loops: numba compiles NumPy's broadcasting for seconds
@inner
def copy(x, out):
    """Copy x into out, (D,) each."""
    for d in range(len(out)):
        out[d] = x[d]


@inner
def fill(out, value):
    """Fill the rows of out (n, D) with a value."""
    for k in range(len(out)):
        for d in range(out.shape[1]):
            out[k, d] = value


@inner
def add(m, x, total):
    """Add m x to total, (D,) each."""
    for d in range(len(total)):
        total[d] += m * x[d]


@inner
def count_words(mask, sample):
    """Return the sum of a sample's mask, at least 1e-6: the mean of no words is 0."""
    total = 0.
    for t in range(len(mask)):
        total += mask[t, sample]
    return max(total, 1e-6)


@exact
def divide(x, n, out):
    """Let out be x / n, (D,) each, n rounded as they are."""
    for d in range(len(out)):
        out[d] = x[d] / out.dtype.type(n)


@jit
def read(part, board, n_parts, order, n_live, first, index, mask, z_words, U, pooled, kept, gates,
         h_before, c_before, out):
    """Read the samples of one part; if ``kept``, fill its packed rows with what the way back needs.

    out: the state after each step, (T, B, D); if ``pooled``, its mean over the words, (1, B, D).
    """
    if part == ALL:
        return share(board, n_parts, *job())
    D, samples, row = len(U), order[part::len(n_live)], first[part]
    U_packed = pack(U[:, :])
    h = numpy.zeros((len(samples), D), U.dtype)
    c = numpy.zeros((len(samples), D), U.dtype)
    scratch = numpy.empty((len(samples), 4 * D), U.dtype)
    for t in range(len(index)):
        n = n_live[part, t]
        z = gates[row:row + n] if kept else scratch[:n]
        for j in range(n):
            copy(z_words[index[t, samples[j]]], z[j])
            if kept:
                copy(h[j], h_before[row + j])
                copy(c[j], c_before[row + j])
        add_packed(h[:n, :], U_packed, z)
        for j in range(n):
            m = mask[t, samples[j]]
            open_gates(z[j])
            remember(z[j], m, h[j], c[j])
            if pooled:
                add(m, h[j], out[0, samples[j]])
        if not pooled:
            for j in range(len(samples)):
                copy(h[j], out[t, samples[j]])
        row += n
    if pooled:
        for sample in samples:
            divide(out[0, sample], count_words(mask, sample), out[0, sample])
    return 0


@inner
def forget(gates, c_before, m, dh, dc, dz):
    """Take one sample's gradients (D,) of state and memory back over a step; fill dz (4 D,)."""
    one = dh.dtype.type(1)
    i, f, o, g = split(gates)
    dz_i, dz_f, dz_o, dz_g = split(dz)
    for d in range(len(dh)):
        tanh_c = tanh(f[d] * c_before[d] + i[d] * g[d])
        dh_new = m * dh[d]
        dc_new = m * dc[d] + dh_new * o[d] * (one - tanh_c * tanh_c)
        dz_i[d] = dc_new * g[d] * i[d] * (one - i[d])
        dz_f[d] = dc_new * c_before[d] * f[d] * (one - f[d])
        dz_o[d] = dh_new * tanh_c * o[d] * (one - o[d])
        dz_g[d] = dc_new * i[d] * (one - g[d] * g[d])
        dh[d] = (one - m) * dh[d]
        dc[d] = (one - m) * dc[d] + dc_new * f[d]


@jit
def read_back(part, board, n_parts, order, n_live, first, mask, U, pooled, gates, h_before,
              c_before, dout, dz, dU):
    """Go back over one part: from the gradient of read's out to dz (N, 4 D); fill dU[part]."""
    if part == ALL:
        return share(board, n_parts, *job())
    D, samples, row = len(U), order[part::len(n_live)], first[part + 1]
    fill(dU[part], 0)
    U_T_packed = pack(U.T[:, :])
    dh = numpy.zeros((len(samples), D), dz.dtype)
    dc = numpy.zeros((len(samples), D), dz.dtype)
    dsum = numpy.empty((len(samples), D), dz.dtype)  # if pooled: that of the states' sum
    if pooled:
        for j in range(len(samples)):
            divide(dout[0, samples[j]], count_words(mask, samples[j]), dsum[j])
    end = row
    for t in range(len(mask) - 1, -1, -1):
        n = n_live[part, t]
        row -= n
        if not pooled:
            for j in range(len(samples)):
                add(U.dtype.type(1), dout[t, samples[j]], dh[j])
        for j in range(n):
            m = mask[t, samples[j]]
            if pooled:
                add(m, dsum[j], dh[j])
            forget(gates[row + j], c_before[row + j], m, dh[j], dc[j], dz[row + j])
        add_packed(dz[row:row + n, :], U_T_packed, dh[:n])
        if t == 0 or end - row + n_live[part, t - 1] > DEPTH:  # while dz is still in the cache
            add_product(h_before[row:end, :].T, dz[row:end, :], dU[part])
            end = row
    return 0


@jit
def project(part, board, n_parts, rows, W, b, z_words):
    """Fill one part of z_words (V, 4 D): the inputs' share of z for each different word."""
    if part == ALL:
        return share(board, n_parts, *job())
    low, high = len(rows) * part // n_parts, len(rows) * (part + 1) // n_parts
    W_packed = pack(W[:, :])
    for start in range(low, high, BLOCK):
        end = min(start + BLOCK, high)
        for v in range(start, end):
            copy(b, z_words[v])
        add_packed(rows[start:end, :], W_packed, z_words[start:end])
    return 0


@inner
def words_of(part, n_parts, n_words, order, n_live, index):
    """Return the bounds of the words that a part shall sum up and project: all have nearly
    equal work.
    """
    work, total = numpy.zeros(n_words, numpy.int64), 0
    for k in range(n_parts):
        for t in range(len(index)):
            for j in range(n_live[k, t]):
                work[index[t, order[k + j * n_parts]]] += 1
    for v in range(n_words):
        work[v] += 4  # a product costs as four sums
        total += work[v]
    low, high, done = 0, 0, 0
    for v in range(n_words):
        low = v + 1 if done < total * part // n_parts else low
        high = v + 1 if done < total * (part + 1) // n_parts else high
        done += work[v]
    return low, high


@jit
def project_back(part, board, n_parts, rows, W, dz, order, n_live, index, drows, dWb):
    """From dz (N, 4 D) to the gradients of some words' rows (V, D); fill dWb[part]: of W, and of b
    as one row more.
    """
    if part == ALL:
        return share(board, n_parts, *job())
    one, row = dz.dtype.type(1), 0
    low, high = words_of(part, n_parts, len(rows), order, n_live, index)
    dz_words = numpy.zeros((high - low, dz.shape[1]), dz.dtype)
    fill(drows[low:high], 0)
    fill(dWb[part], 0)
    for k in range(n_parts):
        for t in range(len(index)):
            for j in range(n_live[k, t]):
                v = index[t, order[k + j * n_parts]]
                if low <= v and v < high:
                    add(one, dz[row], dz_words[v - low])
                row += 1
    for v in range(high - low):
        add(one, dz_words[v], dWb[part, len(W)])
    add_product(dz_words[:, :], W[:, :].T, drows[low:high])
    add_product(rows[low:high, :].T, dz_words[:, :], dWb[part, :len(W)])
    return 0


@jit
def add_up(part, board, n_parts, total):
    """Add to the first of total (P, m, n) a part of the rows of all the others."""
    if part == ALL:
        return share(board, n_parts, *job())
    m = total.shape[1]
    for k in range(1, len(total)):
        for row in range(m * part // n_parts, m * (part + 1) // n_parts):
            add(total.dtype.type(1), total[k, row], total[0, row])
    return 0

# --- One batch ------------------------------------------------------------------------------


@jit
def deal_out(mask, lacks, place, order, n_live, first):
    """Fill what :func:`deal` returns, by a counting sort: samples of one length keep their order.

    lacks (B,): how many steps a sample has less than T; place (T + 2,): how many samples have less
    of them, then the place of the next that lacks as many. All arrays are zeros before.
    """
    T, B, n_parts = len(mask), len(order), len(n_live)
    for j in range(B):
        while lacks[j] < T and mask[T - 1 - lacks[j], j] == 0:
            lacks[j] += 1
        place[lacks[j] + 1] += 1
    for t in range(T):
        place[t + 1] += place[t]
    for j in range(B):
        turn, part = place[lacks[j]] // n_parts, place[lacks[j]] % n_parts
        place[lacks[j]] += 1
        if turn % 2 and (turn + 1) * n_parts <= B:  # fro; not in the last turn, if some have none
            part = n_parts - 1 - part
        order[turn * n_parts + part] = j
        first[part + 1] += T - lacks[j]
        for t in range(T - lacks[j]):
            n_live[part, t] += 1
    for part in range(n_parts):
        first[part + 1] += first[part]


def deal(mask):
    """Deal the samples of mask (T, B) to parts: the longest first, by turns, to and fro.

    Returns order (B,), part k has the samples order[k::P]; n_live (P, T), how many of them live at
    each time step; first (P + 1,), the packed row that each part starts with, and N.
    """
    T, B = mask.shape
    n_parts = max(1, min(N_THREADS, B))
    lacks, place, *dealt = (numpy.zeros(shape, 'int64') for shape in
                            (B, T + 2, B, (n_parts, T), n_parts + 1))
    deal_out(mask, lacks, place, *dealt)
    return dealt


def reuse(storage, n_rows, n_columns, dtype):
    """Return an empty array in the memory of the last call's, if it is there and large enough."""
    size, old = n_rows * n_columns, getattr(storage[0], 'base', None)
    if old is None or old.size < size or old.dtype != dtype:  # fresh pages are dear
        old = numpy.empty(size, dtype)
    storage[0] = old[:size].reshape(n_rows, n_columns)
    return storage[0]


def project_all(rows, W, b):
    """Return the inputs' share of z for each row of (V, D): (V, 4 D)."""
    rows, W, b = map(numpy.ascontiguousarray, (rows, W, b))
    z_words = numpy.empty((len(rows), len(b)), W.dtype)
    run_parts(project, max(1, min(N_THREADS, len(rows))), rows, W, b, z_words)
    return z_words


def read_all(z_words, index, mask, U, pooled, storage=()):
    """Return read's out; store what the way back needs, where there is ``storage`` for it.

    That is, in this order: gates (N, 4 D), h and c (N, D) before each step; what deal returns.
    """
    index, mask, U = map(numpy.ascontiguousarray, (index, mask, U))
    (T, B), D = mask.shape, len(U)
    order, n_live, first = deal(mask)
    n_parts = len(n_live)
    kept = bool(storage)
    steps = [reuse(place, kept * first[-1], width * D, U.dtype) for place, width
             in zip(storage or [[None], [None], [None]], (4, 1, 1))]
    for place, value in zip(storage[3:], (order, n_live, first)):
        place[0] = value
    out = numpy.zeros((1 if pooled else T, B, D), U.dtype)
    run_parts(read, n_parts, order, n_live, first, index, mask, z_words, U, pooled, kept, *steps,
              out)
    return out


def forward(rows, index, mask, W, U, b, pooled, storage):
    """Return :func:`read_all` of words whose rows of the embedding are given."""
    return read_all(project_all(rows, W, b), index, mask, U, pooled, storage)


def backward(rows, index, mask, W, U, gates, h_before, c_before, order, n_live, first, dout, pooled,
             storage):
    """Return the gradients of rows, W, U and b, given that of read's out; store that of z."""
    ahead.wait()
    rows, index, mask, W, U, dout = map(numpy.ascontiguousarray, (rows, index, mask, W, U, dout))
    n_parts = len(n_live)
    dU = numpy.empty((n_parts,) + U.shape, U.dtype)
    dz = reuse(storage, *gates.shape, dtype=U.dtype)
    run_parts(read_back, n_parts, order, n_live, first, mask, U, pooled, gates, h_before, c_before,
              dout, dz, dU)

    drows = numpy.empty_like(rows)
    dWb = numpy.empty((n_parts, len(W) + 1, W.shape[1]), W.dtype)
    run_parts(project_back, n_parts, rows, W, dz, order, n_live, index, drows, dWb)
    for total in dWb, dU:
        run_parts(add_up, n_parts, total)
    return drows, dWb[0, :-1], dU[0], dWb[0, -1]


def compile_backward(dtype):
    """Compile what :func:`backward` calls, by a call of it: one word, one unit."""
    one, gates, zero = numpy.ones((1, 1), dtype), numpy.ones((1, 4), dtype), numpy.zeros(1, 'int64')
    backward(one, zero[None], one, gates, gates, gates, one, one, zero, numpy.ones((1, 1), 'int64'),
             numpy.arange(2, dtype='int64'), one[None], pooled=True, storage=[None])


def compile_forward(dtype):
    """Compile what :func:`forward` calls, in the same way."""
    one, gates = numpy.ones((1, 1), dtype), numpy.ones((1, 4), dtype)
    forward(one, numpy.zeros((1, 1), 'int64'), one, gates, gates, gates[0], pooled=True, storage=[])

# --- The operation in the graph -------------------------------------------------------------


class FusedLSTM(Op):
    """Hidden states of an LSTM over embedded words, or their mean over the words if ``pooled``.

    Inputs: rows (V, D) of the embedding; index (T, B), the row of each word; mask (T, B);
    W and U (D, 4 D); b (4 D,). Outputs: the states (T, B, D), or their mean (B, D); and, if
    ``kept``, what the gradient needs of each step.
    """

    __props__ = ('pooled', 'kept')

    def __init__(self, pooled, kept=True):
        self.pooled, self.kept = pooled, kept

    def make_node(self, rows, index, mask, W, U, b):
        outputs = [(tensor.matrix if self.pooled else tensor.tensor3)(dtype=U.dtype)]
        if self.kept:
            outputs += [tensor.matrix(dtype=U.dtype) for _ in range(3)]
            outputs += [tensor.lvector(), tensor.lmatrix(), tensor.lvector()]
        return Apply(self, [rows, index, mask, W, U, b], outputs)

    def perform(self, node, inputs, output_storage):
        out = forward(*inputs, pooled=self.pooled, storage=output_storage[1:])
        output_storage[0][0] = out[0] if self.pooled else out

    def L_op(self, inputs, outputs, output_gradients):
        rows, index, mask, W, U, _ = inputs
        drows, dW, dU, db, _ = FusedLSTMGradient(self.pooled)(
            rows, index, mask, W, U, *outputs[1:], output_gradients[0])
        return [drows, grad_undefined(self, 1, index), grad_undefined(self, 2, mask), dW, dU, db]

    pullback = L_op  # its name in newer PyTensors


@rewrites(FusedLSTM)
def keep_nothing_in_vain(node, is_used):
    """Where no gradient is asked for, the steps need not be kept."""
    if node.op.kept and not any(map(is_used, node.outputs[1:])):
        out = FusedLSTM(node.op.pooled, kept=False)(*node.inputs)
        return {node.outputs[0]: out}


class FusedLSTMGradient(Op):
    """Gradients of :class:`FusedLSTM` with respect to rows, W, U and b; and of z, (N, 4 D)."""

    __props__ = ('pooled',)

    def __init__(self, pooled):
        self.pooled = pooled

    def make_node(self, *inputs):
        rows, _, _, W, U = inputs[:5]
        return Apply(self, inputs, [rows.type(), W.type(), U.type(), tensor.vector(dtype=U.dtype),
                                    tensor.matrix(dtype=U.dtype)])

    def perform(self, node, inputs, output_storage):
        *inputs, dout = inputs
        dout = dout[None] if self.pooled else dout
        values = backward(*inputs, dout, pooled=self.pooled, storage=output_storage[-1])
        for storage, value in zip(output_storage, values):
            storage[0] = value


class ReadWords(Op):
    """As :class:`FusedLSTM`, of words that are projected already; it has no gradient.

    Inputs: z (V, 4 D) of all words of the vocabulary; the words (T, B); mask (T, B); U (D, 4 D).
    """

    __props__ = ('pooled',)

    def __init__(self, pooled):
        self.pooled = pooled

    def make_node(self, *inputs):
        kind = tensor.matrix if self.pooled else tensor.tensor3
        return Apply(self, inputs, [kind(dtype=inputs[0].dtype)])

    def perform(self, node, inputs, output_storage):
        z_words, words = inputs[:2]
        if words.size and not 0 <= words.min() <= words.max() < len(z_words):  # kernels do not ask
            raise IndexError('words of %d to %d, in a vocabulary of %d'
                             % (words.min(), words.max(), len(z_words)))
        out = read_all(*inputs, pooled=self.pooled)
        output_storage[0][0] = out[0] if self.pooled else out


def words_of_table(emb):
    """Return (table (V, D), words (T B,)) whose ``table[words]`` is emb (T, B, D), or two Nones."""
    lookup = emb.owner.inputs[0].owner if emb.owner else None
    if lookup and len(lookup.inputs) == 2:
        table, words = lookup.inputs
        if table.ndim == 2 and words.ndim == 1 and lookup.op == table[words].owner.op:
            return table, words
    return None, None


def look_up(emb, mask):
    """Return (rows, index): ``rows[index]`` is emb (T, B, D). Each different word has one row where
    emb is taken from a table; else each position has.
    """
    table, words = words_of_table(emb)
    if table is not None:
        found, index = different(words)
        return table[found], index.reshape(mask.shape)
    return emb.reshape((mask.size, emb.shape[2])), tensor.arange(mask.size).reshape(mask.shape)


def lstm_layer(tparams, state_below, options, prefix='lstm', mask=None):
    """As ``lstm.lstm_layer``: (T, B, D) inputs and the mask (T, B) -> hidden states (T, B, D)."""
    if mask is None:
        mask = tensor.ones(state_below.shape[:2], dtype=config.floatX)
    W, U, b = (tparams['%s_%s' % (prefix, name)] for name in 'WUb')
    table, words = words_of_table(state_below)
    z_words = tparams.get(prefix + '_z_words')
    if z_words is not None and table is tparams['Wemb']:  # whose z it is
        return ReadWords(pooled=False)(z_words, words.reshape(mask.shape), mask, U)
    rows, index = look_up(state_below, mask)
    return FusedLSTM(pooled=False)(rows, index, mask, W, U, b)[0]


def project_words(params, prefix):
    """Return name -> array: z (V, 4 D) of all words, for a model whose parameters stay as they are.
    Where that is more than MOST numbers, the dict is empty.
    """
    Wemb, W, b = (params[name] for name in ('Wemb', prefix + '_W', prefix + '_b'))
    return {prefix + '_z_words': project_all(Wemb, W, b)} if len(Wemb) * len(b) <= MOST else {}


def mean_pool(h, mask):
    """As ``lstm.mean_pool``; of the states of :func:`lstm_layer`, without writing them down."""
    if h.owner and isinstance(h.owner.op, (FusedLSTM, ReadWords)) and h.owner.inputs[2] is mask:
        return type(h.owner.op)(pooled=True).make_node(*h.owner.inputs).outputs[0]
    return (h * mask[:, :, None]).sum(axis=0) / tensor.maximum(mask.sum(axis=0), 1e-6)[:, None]
