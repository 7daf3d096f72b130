"""The part of ``engine`` that is there under ``device=cuda`` and ``device=jax``: JAX on PyTensor.

JAX compiles for arrays of known shapes, so that every function is compiled once for each shape it
meets. :func:`padded` keeps these few. Nothing else imports this module.
"""
import warnings
from contextlib import nullcontext
from threading import Lock

import jax
import numpy
import pooch
import pytensor
from pytensor import tensor
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Apply
from pytensor.graph.op import Op
from pytensor.graph.replace import clone_replace
from pytensor.graph.traversal import ancestors
from pytensor.link.jax.dispatch import jax_funcify

from sentiment.engine.devices import Lying
from sentiment.log import logger

for text in ('Skipping .* Op', 'Explicitly requested dtype'):  # assertions; int64 beside float32
    warnings.filterwarnings('ignore', message=text)

# --- The device -------------------------------------------------------------------------------


def start(device):
    """Let JAX compute on ``device``: cuda or gpu, all of them or that of a number, or jax, whatever
    it finds. Several devices share each batch.

    Raises LookupError if there is no such GPU, RuntimeError if JAX cannot use any device.
    """
    devices = jax.devices()
    if device != 'jax':
        gpus, number = list_gpus(), device.strip('cudagp')
        if int(number or 0) >= len(gpus):
            raise LookupError('no such GPU; JAX %s finds %d' % (jax.__version__, len(gpus)))
        devices = [gpus[int(number)]] if number else gpus
        jax.config.update('jax_default_device', devices[0])
    if len(devices) > 1:
        logger.info('%d devices share each batch: %s', len(devices), devices[0].device_kind)
        StaticFunction.n_devices, StaticFunction.mode = len(devices), Lying(devices).mode()
        StaticFunction.turn = Lock()
    if jax.config.jax_default_matmul_precision is None:  # JAX would have float32 be TF32 on a GPU
        jax.config.update('jax_default_matmul_precision', 'highest')
    if jax.config.jax_compilation_cache_dir is None:
        jax.config.update('jax_compilation_cache_dir', str(pooch.os_cache('lstm-sentiment')))
    jax.config.update('jax_persistent_cache_min_compile_time_secs', 0.)


def list_gpus():
    """Return the GPUs that JAX can use."""
    try:
        return jax.devices('gpu')
    except RuntimeError:  # its word for none
        return []


def version():
    """Return JAX's version and the kind of device it computes on; of several, how many."""
    device, = jax.numpy.zeros(0).devices()
    several = '%d x ' % StaticFunction.n_devices if StaticFunction.n_devices > 1 else ''
    return 'JAX %s on %s%s' % (jax.__version__, several, device.device_kind)


# --- Functions --------------------------------------------------------------------------------


class StaticFunction:
    """As ``theano.function``, compiled at the first call with arguments of each new shape.

    Its shared variables must keep the shapes that they have now.
    """

    n_devices, mode = 1, None  # PyTensor's own mode, unless several devices share a batch
    turn = nullcontext()  # they must begin calls in one order, or wait for each other's sums

    def __init__(self, inputs, outputs, updates=(), givens=(), **keywords):
        is_list = isinstance(outputs, (list, tuple))
        graph = clone_replace([new for _, new in updates]
                              + (list(outputs) if is_list else [outputs]), replace=dict(givens))
        self.shared = list_shared(graph + [variable for variable, _ in updates])
        twins = {v: of_known_shape(v) for v in self.shared if v.default_update is None}
        graph = clone_replace(graph, replace=twins)
        self.updates = [(twins[variable], new) for (variable, _), new in zip(updates, graph)]
        self.outputs = graph[len(updates):] if is_list else graph[-1]
        self.inputs, self.keywords = inputs, keywords
        self.compiled = {}  # shapes -> function

    def __call__(self, *values):
        shapes = tuple(map(numpy.shape, values))
        if shapes not in self.compiled:
            self.compiled[shapes] = self.compile(shapes)
        with self.turn:
            return self.compiled[shapes](*values)

    def compile(self, shapes):
        """Return the function of arguments of these shapes."""
        inputs = [variable.type.clone(shape=shape)(name=variable.name)
                  for variable, shape in zip(self.inputs, shapes)]
        with warnings.catch_warnings():  # PyTensor deprecates no_default_updates, as in engine
            warnings.simplefilter('ignore', DeprecationWarning)
            return pytensor.function(inputs, self.outputs, updates=self.updates,
                                     givens=list(zip(self.inputs, inputs)), mode=self.mode,
                                     **self.keywords)

    def get_shared(self):
        """Return the shared variables that it reads or writes."""
        return self.shared


def list_shared(graph):
    """Return the shared variables in a graph, each once, in a fixed order."""
    return [v for v in dict.fromkeys(ancestors(graph)) if isinstance(v, SharedVariable)]


def of_known_shape(variable):
    """Return a shared variable with the same value, now and later, whose type tells its shape."""
    shape = [n if n > 1 else None for n in variable.get_value(borrow=True).shape]  # 1 broadcasts
    static = variable.type.clone(shape=shape)
    return type(variable)(static, None, None, container=variable.container, name=variable.name)


FIRST_RUNG = 25  # the tutorial's reviews, of less than 100 words, fill the third


def rung(n):
    """Return the length that ``n`` steps are padded to: 25, 50, 100, 200 and so on."""
    length = FIRST_RUNG
    while length < n:
        length *= 2
    return length


class Padded:
    """A function of x (T, B), mask (T, B) or shorter, perhaps y (B,), called with few shapes.

    T is filled up to a rung and B to ``batch_size``, with samples that the mask leaves without a
    word; B to 2 at least, as a size of 1 broadcasts. Answers, (B, C) or (T, B, C), are cut to what
    is real; a scalar stays on the device.
    """

    def __init__(self, f, batch_size):
        self.f, self.batch_size, self.get_shared = f, max(2, batch_size), f.get_shared

    def __call__(self, *batch):
        answer = self.f(*map(self.pad, batch))
        real = batch[0].shape[3 - answer.ndim:]  # (B,) or (T, B)
        return numpy.asarray(answer)[tuple(map(slice, real))] if answer.ndim else answer

    def pad(self, value):
        """Fill up one argument with zeros."""
        *steps, n = value.shape
        shape = [rung(T) for T in steps] + [max(n, self.batch_size)]
        return numpy.pad(value, [(0, full - n) for full, n in zip(shape, value.shape)])


# --- Random numbers ---------------------------------------------------------------------------


class Draw(Op):
    """Random numbers of a standard distribution, of JAX's own generator (Salmon et al., 2011).

    Inputs: the key (2,), and an array of the shape and type to draw. Outputs: the next key; the
    numbers.
    """

    __props__ = ('distribution',)

    def __init__(self, distribution):
        self.distribution = distribution

    def make_node(self, key, like):
        return Apply(self, [key, like], [key.type(), like.type()])

    def connection_pattern(self, node):
        return [[False, False], [False, False]]

    def perform(self, node, inputs, output_storage):
        for storage, value in zip(output_storage, jax_draw(self)(*inputs)):
            storage[0] = numpy.asarray(value)


@jax_funcify.register(Draw)
def jax_draw(op, **_):
    """Return the function of JAX that ``op`` stands for."""
    def draw_like(key, like):
        next_key, now = jax.random.split(jax.random.wrap_key_data(key, impl='threefry2x32'))
        return (jax.random.key_data(next_key),
                getattr(jax.random, op.distribution)(now, like.shape, like.dtype))
    return draw_like


def draw(seed, distribution, start=0., scale=1., size=None):
    """Return (shared key, its next value, numbers drawn), as ``engine.pytensor_draw`` does."""
    key = pytensor.shared(seed.generate_state(2))
    next_key, sample = Draw(distribution)(key, tensor.zeros(size, dtype=pytensor.config.floatX))
    return key, next_key, start + scale * sample
