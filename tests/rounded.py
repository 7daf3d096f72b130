"""The model in numbers that know how far off they are: what the tests' tolerances follow from.

A running error analysis (Higham, Accuracy and Stability, 2002, section 3.3): beside each value
stands how far any computation of it may be from the exact one, in the order of operations at hand
or in another. Two computations are then at most twice that apart, and no luck is involved.

Sizes in the comments: T time steps, B samples, D units, C classes.
"""
import numpy

# half ulps that tanh, exp, log and the like may be off by: test_layer measures ours, and those of
# NumPy and XLA stay below 6
FUNCTION = 8
ROUNDINGS = 4  # where one is counted here: what is compared may be written otherwise


class Rounded:
    """An array of float64, and how far it, or a computation of it in ``kind``, may be off."""

    __array_ufunc__ = None  # a NumPy array on the left leaves the operation to us

    def __init__(self, value, kind, error=0.):
        self.value, self.kind = numpy.asarray(value, 'float64'), numpy.dtype(kind)
        self.error = numpy.broadcast_to(error, self.value.shape)
        self.size = numpy.abs(self.value) + 2 * self.error  # of any computation, at most

    def result(self, value, error, size, n=1):
        """Return what operands that are off make off by ``error``, and ``n`` roundings further."""
        info = numpy.finfo(self.kind)
        nu = (n - 1 + ROUNDINGS) * info.eps / 2
        return Rounded(value, self.kind, error + nu / (1 - nu) * size + n * info.tiny)

    def exact(self, other):
        """Take a plain number or array for exact."""
        return other if isinstance(other, Rounded) else Rounded(other, self.kind)

    def __add__(self, other):
        other = self.exact(other)
        return self.result(self.value + other.value, self.error + other.error,
                           self.size + other.size)

    def __mul__(self, other):
        other = self.exact(other)
        return self.result(self.value * other.value,
                           self.size * other.error + self.error * other.size,
                           self.size * other.size)

    def __matmul__(self, other):
        other = self.exact(other)
        return self.result(self.value @ other.value,
                           self.size @ other.error + self.error @ other.size,
                           self.size @ other.size, len(other.value))

    def __rmatmul__(self, other):
        return self.exact(other) @ self

    def __neg__(self):
        return Rounded(-self.value, self.kind, self.error)

    def __sub__(self, other):
        return self + -self.exact(other)

    def __rsub__(self, other):
        return -self + other

    def __truediv__(self, other):
        return self * self.exact(other).function(lambda x: 1 / x, lambda x: 1 / x ** 2)

    __radd__, __rmul__ = __add__, __mul__

    def function(self, f, slope, steepest=None):
        """Return f of this; ``slope`` is that of f, steepest where x is nearest to zero."""
        if steepest is None:
            steepest = numpy.maximum(numpy.abs(self.value) - 2 * self.error, 1e-30)
        value, error = f(self.value), slope(steepest) * self.error
        return self.result(value, error, numpy.abs(value) + 2 * error, FUNCTION)

    def tanh(self):
        return self.function(numpy.tanh, lambda x: 1 - numpy.tanh(x) ** 2)

    def sigmoid(self):
        return 0.5 * (0.5 * self).tanh() + 0.5

    def exp(self):
        return self.function(numpy.exp, numpy.exp, self.value + 2 * self.error)

    def log(self):
        return self.function(numpy.log, lambda x: 1 / x)

    def sqrt(self):
        return self.function(numpy.sqrt, lambda x: 0.5 / numpy.sqrt(x))

    def sum(self, axis):
        return self.result(self.value.sum(axis), self.error.sum(axis), self.size.sum(axis),
                           self.value.shape[axis])

    def max(self, axis):
        return Rounded(self.value.max(axis), self.kind, self.error.max(axis))

    def __getitem__(self, place):
        return Rounded(self.value[place], self.kind, self.error[place])

    def rows(self):
        """All rows, one below the other."""
        shape = -1, self.value.shape[-1]
        return Rounded(self.value.reshape(shape), self.kind, self.error.reshape(shape))

    @property
    def T(self):
        return Rounded(self.value.T, self.kind, self.error.T)

    def assert_close(self, *computed):
        """Assert that these arrays are as near as computations of this must be."""
        for values in computed:
            apart = numpy.abs(numpy.asarray(values, 'float64') - self.value)
            assert apart.shape == self.value.shape and (apart <= 2 * self.error).all(), (
                '%g where %g is allowed' % (apart.max(), 2 * self.error.max()))


def join(f, parts, axis):
    """Return numpy.stack or numpy.concatenate of Rounded arrays."""
    return Rounded(f([part.value for part in parts], axis), parts[0].kind,
                   f([part.error for part in parts], axis))


# --- The LSTM ---------------------------------------------------------------------------------


def read(W, U, b, emb, mask):
    """Return the states (T, B, D) and, for the way back, what each step met."""
    D = len(U.value)
    h = c = Rounded(numpy.zeros(emb.value.shape[1:]), emb.kind)
    states, steps = [], []
    for t, m in enumerate(mask[:, :, None]):
        z = emb[t] @ W + h @ U + b
        i, f, o = (z[:, k * D:(k + 1) * D].sigmoid() for k in range(3))
        g = z[:, 3 * D:].tanh()
        c_new = f * c + i * g
        tanh_c = c_new.tanh()
        steps.append((m, h, c, i, f, o, g, tanh_c))
        c, h = m * c_new + (1 - m) * c, m * (o * tanh_c) + (1 - m) * h
        states.append(h)
    return join(numpy.stack, states, 0), steps


def read_back(W, U, emb, steps, dstates):
    """Return the gradients of emb (T B, D), W, U and b, given that of the states (T, B, D)."""
    dz = []
    dh = dc = Rounded(numpy.zeros(emb.value.shape[1:]), emb.kind)
    for t in reversed(range(len(steps))):
        m, _, c, i, f, o, g, tanh_c = steps[t]
        dh = dh + dstates[t]
        dh_new = m * dh
        dc_new = m * dc + dh_new * o * (1 - tanh_c * tanh_c)
        dz.append(join(numpy.concatenate, [
            dc_new * g * i * (1 - i), dc_new * c * f * (1 - f), dh_new * tanh_c * o * (1 - o),
            dc_new * i * (1 - g * g)], 1))
        dh, dc = (1 - m) * dh + dz[-1] @ U.T, (1 - m) * dc + dc_new * f
    dz = join(numpy.stack, dz[::-1], 0).rows()
    h = join(numpy.stack, [step[1] for step in steps], 0).rows()
    return dz @ W.T, emb.rows().T @ dz, h.T @ dz, dz.sum(0)


def counts(mask, kind):
    """Return the words of each sample, (B, 1), as ``lstm.mean_pool`` divides by them."""
    total = Rounded(mask, kind).sum(0)
    return total.function(lambda n: numpy.maximum(n, 1e-6), numpy.ones_like)[:, None]


def scatter(x, n_words, demb):
    """Return the gradient of the embedding, given that of each word's, (T B, D)."""
    return (numpy.arange(n_words)[:, None] == x.ravel()) @ demb


def model(params, x, mask, y, pooling='mean'):
    """Return (probabilities (B, C), cost, name -> gradient), as of ``lstm.build_model``.

    params: name -> Rounded; those of the LSTM may be left out, and it with them. No dropout.
    """
    kind, mask = params['U'].kind, mask.astype('float64')
    lstm = [params['lstm_' + name] for name in 'WUb' if 'lstm_' + name in params]
    states, real, n = params['Wemb'][x], mask.max(0) > 0, counts(mask, kind)
    if lstm:
        emb = states
        states, steps = read(*lstm, emb=emb, mask=mask)
    pooled = (states * mask[:, :, None]).sum(0) / n
    if pooling == 'mean_max':
        floored = states * (mask[:, :, None] > 0) - (mask[:, :, None] == 0)
        pooled = join(numpy.concatenate, [pooled, floored.max(0)], 1)
    scores = pooled @ params['U'] + params['b']
    odds = (scores - scores.value.max(1, keepdims=True)).exp()
    probs = odds / odds.sum(1)[:, None]
    likelihood = probs[numpy.arange(len(y)), y]
    cost = -((likelihood + 1e-8).log() * real).sum(0) / real.sum()

    correct = numpy.arange(probs.value.shape[1]) == y[:, None]
    share = likelihood / (likelihood + 1e-8) * real / real.sum()
    dscores = (probs - correct) * share[:, None]
    dpooled = dscores @ params['U'].T
    D = states.value.shape[2]
    dstates = dpooled[:, :D] / n * mask[:, :, None]
    if pooling == 'mean_max':
        dstates = dstates + dpooled[:, D:] * (floored.value == floored.value.max(0))
    grads = {'U': pooled.T @ dscores, 'b': dscores.sum(0)}
    if lstm:
        demb, grads['lstm_W'], grads['lstm_U'], grads['lstm_b'] = read_back(
            *lstm[:2], emb=emb, steps=steps, dstates=dstates)
    grads['Wemb'] = scatter(x, len(params['Wemb'].value), demb if lstm else dstates.rows())
    return probs, cost, grads
