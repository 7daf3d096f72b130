"""The tutorial's model in several engines: one AdaDelta update of a batch, or its evaluation.

Each maker is given a setting (of ``speed.py``) and a form, and returns a function of a batch: x and
mask (T, B), y (B,). The model is the same everywhere: an embedding, one LSTM, the mean of its
states, dropout, logistic regression. The numbers are of ``config.floatX``.
"""
import os

import numpy

RHO, EPSILON = 0.95, 1e-6  # of AdaDelta (Zeiler, 2012)
SIDE = 1024  # of the matrix product that shows what the processor can do
STEPS = 32  # JAX compiles each length: those of its batches are padded to multiples of it


def model_options(setting):
    """Return the options of lstm.py for a setting."""
    return dict(setting, ydim=2, encoder='lstm', fast=True, optimizer='adadelta', use_dropout=True,
                decay_c=0., noise_std=0., seed=123)


def drawn_model(options):
    """Return a model as it would be loaded, of parameters that are drawn."""
    import lstm
    from sentiment.using.model import DEFAULTS, Model
    options = dict(DEFAULTS, **options)
    return Model(options, lstm.init_params(options), {})


def ours(setting, fast):
    """lstm.py, with its fast kernels or as it is read; to evaluate, a model as it is loaded."""
    import lstm
    options = dict(model_options(setting), fast=fast)
    if setting['evaluate']:
        model = drawn_model(options)
        return lambda x, mask, y: model.f_pred_prob(x, mask)
    use_noise, _, f_grad_shared, f_update = lstm.build_training(
        lstm.init_tparams(lstm.init_params(options)), options, lstm.adadelta)
    use_noise.set_value(lstm.numpy_floatX(1.))

    def step(x, mask, y):
        f_grad_shared(x, mask, y)
        f_update(0.)
    return step


def torch_step(setting, form):
    """PyTorch's nn.LSTM, of padded or packed sequences, or under torch.compile."""
    import torch
    from torch import nn
    from sentiment.engine import config
    torch.set_num_threads(int(os.environ['OMP_NUM_THREADS']))
    torch.set_default_dtype(getattr(torch, config.floatX))
    D = setting['dim_proj']
    embed, lstm, dropout, classify = (nn.Embedding(setting['n_words'], D), nn.LSTM(D, D),
                                      nn.Dropout(), nn.Linear(D, 2))
    modules = nn.ModuleList([embed, lstm, dropout, classify])
    optimizer = torch.optim.Adadelta(modules.parameters(), rho=RHO, eps=EPSILON)

    def scores(x, mask):
        emb = embed(x)
        if form == 'packed':
            emb = nn.utils.rnn.pack_padded_sequence(emb, mask.sum(0).long(), enforce_sorted=False)
        h = lstm(emb)[0]
        if form == 'packed':
            h = nn.utils.rnn.pad_packed_sequence(h)[0]
        return classify(dropout((h * mask[:, :, None]).sum(0) / mask.sum(0)[:, None]))

    def cost(x, mask, y):
        return nn.functional.cross_entropy(scores(x, mask), y)
    if form == 'compiled':
        scores, cost = (torch.compile(f, dynamic=True) for f in (scores, cost))

    def step(x, mask, y):
        x, mask, y = torch.from_numpy(x), torch.from_numpy(mask), torch.from_numpy(y)
        if setting['evaluate']:
            modules.eval()
            with torch.no_grad():
                return scores(x, mask).argmax(1)
        optimizer.zero_grad()
        cost(x, mask, y).backward()
        optimizer.step()
    return step


def jax_scores(params, x, mask, kept):
    """Return the scores (B, 2) by ``lax.scan``; kept (B, D): what dropout leaves."""
    import jax
    from jax import numpy as jnp

    def gates(state, inputs):
        h, c = state
        z, m = inputs
        i, f, o, g = jnp.split(z + h @ params['lstm_U'], 4, axis=1)
        c_new = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
        h_new = jax.nn.sigmoid(o) * jnp.tanh(c_new)
        state = tuple(jnp.where(m[:, None] > 0, new, old) for new, old in ((h_new, h), (c_new, c)))
        return state, state[0] * m[:, None]
    z = params['Wemb'][x] @ params['lstm_W'] + params['lstm_b']
    h = jnp.zeros((x.shape[1], len(params['lstm_U'])), z.dtype)
    states = jax.lax.scan(gates, (h, h), (z, mask))[1]
    return (states.sum(0) / mask.sum(0)[:, None] * kept) @ params['U'] + params['b']


def jax_step(setting, form):
    """JAX, under jit; the arrays of parameters and running means are given up for the new ones."""
    import jax
    import lstm
    from jax import numpy as jnp
    params = jax.tree.map(jnp.asarray, lstm.init_params(model_options(setting)))
    state = [params, jax.tree.map(jnp.zeros_like, params), jax.tree.map(jnp.zeros_like, params),
             jax.random.key(123)]

    def cost(params, x, mask, y, kept):
        log_p = jax.nn.log_softmax(jax_scores(params, x, mask, kept))
        return -log_p[jnp.arange(len(y)), y].mean()

    def update(state, x, mask, y):
        params, grad2, step2, key = state
        key, now = jax.random.split(key)
        kept = jax.random.bernoulli(now, 0.5, (x.shape[1], setting['dim_proj'])) * 2
        grads = jax.grad(cost)(params, x, mask, y, kept.astype(mask.dtype))
        grad2 = jax.tree.map(lambda old, g: RHO * old + (1 - RHO) * g * g, grad2, grads)
        steps = jax.tree.map(lambda s2, g2, g: -jnp.sqrt((s2 + EPSILON) / (g2 + EPSILON)) * g,
                             step2, grad2, grads)
        step2 = jax.tree.map(lambda old, step: RHO * old + (1 - RHO) * step * step, step2, steps)
        return [jax.tree.map(jnp.add, params, steps), grad2, step2, key]
    compiled = jax.jit(update, donate_argnums=0)
    answer = jax.jit(lambda x, mask: jax_scores(params, x, mask, 1.).argmax(axis=1))

    def step(x, mask, y):
        nonlocal state
        more = [(0, -len(x) % STEPS), (0, 0)]
        x, mask = numpy.pad(x, more), numpy.pad(mask, more)
        if setting['evaluate']:
            return numpy.asarray(answer(x, mask))
        state = jax.block_until_ready(compiled(state, x, mask, y))
    return step


def onnx_step(setting, form):
    """ONNX Runtime, of what lstm.py export writes; evaluation only."""
    import onnxruntime
    from sentiment.portable.graph import build
    from sentiment.portable.nodes import WORDS
    content = build(drawn_model(model_options(setting)), {}).SerializeToString()
    how = onnxruntime.SessionOptions()
    how.intra_op_num_threads = int(os.environ['OMP_NUM_THREADS'])
    session = onnxruntime.InferenceSession(content, how, providers=['CPUExecutionProvider'])
    return lambda x, mask, y: session.run(None, {WORDS: numpy.ascontiguousarray(x.T)})


def arithmetic(setting):
    """Return the multiplications and additions that a word needs, as the model is written: with its
    way back, three products by W and three by U, each (D, 4 D).
    """
    return (16 if setting['evaluate'] else 48) * setting['dim_proj'] ** 2


def product(setting, form):
    """No model: as much arithmetic in one large product, the most that the processor does."""
    from sentiment.engine import config
    right = numpy.ones((SIDE, SIDE), config.floatX)

    def step(x, mask, y):
        rows = round(mask.sum() * arithmetic(setting) / (2 * SIDE ** 2))
        return numpy.ones((rows, SIDE), config.floatX) @ right
    return step


# contender -> (how many threads, its maker, the form that it takes)
CONTENDERS = {
    'fused': (2, ours, True), 'scan': (2, ours, False),
    'torch': (2, torch_step, 'padded'), 'torch packed': (2, torch_step, 'packed'),
    'torch compiled': (2, torch_step, 'compiled'),
    'torch, 1 thread': (1, torch_step, 'padded'),
    'torch packed, 1 thread': (1, torch_step, 'packed'),
    'jax': (2, jax_step, None), 'onnx': (2, onnx_step, None), 'product': (2, product, None),
}
