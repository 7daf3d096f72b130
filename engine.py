"""The one place that knows which engine is installed: Theano 1.0.5, or PyTensor, its continuation.

Everything else imports from here ``theano``, ``tensor`` and ``config``, whichever engine stands
behind them, and the few names that the two spell differently: ``sigmoid``, ``softmax``, ``scan``
and ``RandomStreams``. ``THEANO_FLAGS`` is read before the engine is imported, as Theano does.

It is also the one place that knows about devices. On PyTensor, ``device=cuda`` (or ``gpu``; with a
number, ``cuda1``, for another one than the first) and ``device=jax``, whatever JAX finds, compile
through JAX, by ``engine_jax``: ``function`` then compiles for each shape of the arguments,
``padded`` keeps the shapes few, ``ASYNCHRONOUS`` says that answers are returned before they are
computed, and there is no ``Op``. On Theano the flag is its own.
"""
import os
import re
import shlex
import sys
import warnings
from functools import partial

import numpy

NAME = 'PyTensor' if sys.version_info >= (3, 11) else 'Theano'  # as in requirements.txt


def fail(message):
    """Print one line and leave with status 2: flags belong to the command, as its options do."""
    print('error: %s' % message, file=sys.stderr)
    raise SystemExit(2)


def parse_flags(text):
    """Split ``'floatX=float32,device=cpu'`` into a dict; values may be quoted, as in a shell."""
    lexer = shlex.shlex(text, posix=True)
    lexer.whitespace, lexer.whitespace_split, lexer.commenters = ',', True, ''
    try:
        items = [item.strip() for item in lexer if item.strip()]
    except ValueError as error:
        fail('THEANO_FLAGS: %s in %r' % (error, text))
    for item in items:
        if '=' not in item:
            fail('THEANO_FLAGS: %r has no value; write name=value' % item)
    return dict(item.split('=', 1) for item in items)


def import_pytensor():
    """Import PyTensor under the user's ``THEANO_FLAGS``; name the flags that it does not know."""
    flags = parse_flags(os.environ.get('THEANO_FLAGS', ''))
    device = flags.pop('device', 'cpu')
    if device != 'cpu':
        check_device(device, flags)
        flags['mode'] = 'JAX'

    spelling = {name: name.replace('.', '__') for name in flags}
    translated = ['%s=%s' % (spelling[name], shlex.quote(flags[name])) for name in flags]
    inherited = [flag for flag in [os.environ.get('PYTENSOR_FLAGS')] if flag]
    os.environ['PYTENSOR_FLAGS'] = ','.join(inherited + translated)
    warnings.filterwarnings('ignore', message='PyTensor does not recognise this flag')
    import pytensor

    unknown = [name for name in flags if not hasattr(pytensor.config, spelling[name])]
    if unknown:
        print('THEANO_FLAGS: ignored, unknown to PyTensor: %s' % ', '.join(unknown),
              file=sys.stderr)
    return pytensor, device


def check_device(device, flags):
    """Leave with one line if ``device`` is none of JAX's or another flag contradicts it."""
    if not re.fullmatch(r'jax|(cuda|gpu)\d*', device):
        fail('THEANO_FLAGS: device=%s is none of cpu, cuda, cuda0, cuda1 and so on, gpu and jax'
             % device)
    for name in {'mode', 'linker'} & set(flags):
        fail('THEANO_FLAGS: device=%s compiles through JAX; leave out %s=%s'
             % (device, name, flags[name]))


def import_jax(device):
    """Import the part that computes through JAX, on ``device``; in one line, why it cannot."""
    advice = 'run: pip install -r requirements-gpu.txt'
    try:
        import engine_jax
        engine_jax.start(device)
        return engine_jax
    except (ImportError, RuntimeError) as error:  # the latter if its parts do not fit together
        fail('THEANO_FLAGS: device=%s needs JAX, which cannot be imported (%s); %s'
             % (device, error, advice))
    except LookupError as error:
        fail('THEANO_FLAGS: device=%s: %s; if this machine has it, %s'
             % (device, error, advice))


def pytensor_scan(step, sequences, outputs_info, name):
    """Loop ``step`` over the leading axis of ``sequences``; return every step's outputs."""
    return theano.scan(step, sequences, outputs_info, name=name, return_updates=False)


def theano_unique(x, return_inverse):
    return Unique(return_inverse=return_inverse)(x)


def theano_scan(step, sequences, outputs_info, name):
    outputs, _ = theano.scan(step, sequences, outputs_info, name=name)
    return outputs


def pytensor_draw(seed, distribution, *parameters, size):
    """Return (shared generator, its next state, numbers drawn from it)."""
    rng = theano.shared(numpy.random.default_rng(seed))
    next_rng, sample = getattr(tensor.random, distribution)(*parameters, rng=rng, size=size,
                                                            return_next_rng=True)
    return rng, next_rng, sample


class PyTensorRandomStreams:
    """Theano's ``RandomStreams`` for PyTensor: a shared state behind every variable drawn."""

    def __init__(self, seed):
        self.seeds = numpy.random.SeedSequence(seed)
        self.state_updates = []

    def draw(self, distribution, *parameters, size):
        rng, next_rng, sample = draw(self.seeds.spawn(1)[0], distribution, *parameters, size=size)
        with warnings.catch_warnings():  # deprecated, but Theano's way: the caller needs no updates
            warnings.simplefilter('ignore', DeprecationWarning)
            rng.default_update = next_rng
        self.state_updates.append((rng, next_rng))
        return sample

    def binomial(self, size, p, dtype):
        """0 or 1, the latter with probability ``p``."""
        zero, one = numpy.asarray([0, 1], dtype)
        return tensor.switch(self.draw('uniform', size=size) < p, one, zero)

    def normal(self, size, std):
        """Gaussian of mean 0 and standard deviation ``std``, as floatX."""
        return tensor.cast(self.draw('normal', 0., std, size=size), config.floatX)


AFTER_MERGING = 49.2  # on the engines' scale: nodes are merged at 49, in-place work is at 50


def rewrites(op_type):
    """Register a function (node, is_used) -> replacements, or None, for nodes of ``op_type``.

    ``is_used`` tells of an output of the node whether the graph reads it. The rewrite comes last of
    those that are not in place: before, a node may stand there twice, to be merged.
    """
    def register(f):
        if NAME == 'PyTensor':
            def local(fgraph, node):
                return f(node, lambda output: bool(fgraph.clients[output]))
        else:
            def local(node):  # of whatever operation
                if isinstance(node.op, op_type):
                    return f(node, lambda output: bool(output.clients))
        local.__name__ = f.__name__
        late = in2out(node_rewriter([op_type])(local), name=f.__name__)
        if NAME == 'PyTensor':
            optdb.register(f.__name__, late, 'fast_run', position=AFTER_MERGING)
        else:
            optdb.register(f.__name__, late, AFTER_MERGING, 'fast_run')
        return f
    return register


def has_scan(outputs):
    """Whether a loop stands anywhere in the graph of ``outputs``."""
    return any(v.owner and isinstance(v.owner.op, Scan) for v in ancestors(outputs))


def cpu_function(inputs, outputs, updates=(), **keywords):
    """Compile as ``theano.function`` does, but start at once where there is no loop to compile.

    A few dozen operations on whole arrays are no faster for a minute's compiling: NumPy runs them.
    A ``mode`` or ``linker`` that the user's flags name is obeyed.
    """
    chosen = config.mode != 'Mode' or config.linker not in ('auto', 'cvm')
    graph = [outputs] if not isinstance(outputs, (list, tuple)) else list(outputs)
    if not chosen and not has_scan(graph + [new for _, new in updates]):
        keywords.setdefault('mode', QUICK)
    with warnings.catch_warnings():  # PyTensor deprecates no_default_updates, and has no other
        warnings.simplefilter('ignore', DeprecationWarning)
        return theano.function(inputs, outputs, updates=list(updates), **keywords)


def cpu_padded(f, batch_size):
    """Return ``f``, a function of batches: any shape is as good as another."""
    return f


def describe():
    """Return what computes, and its version."""
    return ', '.join(['%s %s' % (NAME, theano.__version__)] + ([jax.version()] if jax else []))


try:
    jax = None
    if NAME == 'PyTensor':
        theano, device = import_pytensor()
        import pytensor.tensor as tensor
        from pytensor.compile.mode import Mode, optdb
        from pytensor.gradient import grad_undefined  # noqa: F401
        from pytensor.graph.basic import Apply  # noqa: F401
        from pytensor.graph.rewriting.basic import in2out, node_rewriter
        from pytensor.graph.traversal import ancestors
        from pytensor.link.vm import VMLinker
        from pytensor.scan.op import Scan
        from pytensor.tensor import sigmoid, unique  # noqa: F401
        from pytensor.tensor.special import softmax as softmax_over
        softmax = partial(softmax_over, axis=-1)  # over each row, as Theano's
        scan, RandomStreams = pytensor_scan, PyTensorRandomStreams
        if device == 'cpu':  # operations of our own run in Python: lstm_fused, which has some,
            from pytensor.graph.op import Op  # noqa: F401  # cannot be imported on another device
        else:
            jax = import_jax(device)
    else:
        import theano
        import theano.tensor as tensor
        from theano.compile.mode import Mode, optdb
        from theano.gof import Apply, Op, local_optimizer as node_rewriter  # noqa: F401
        from theano.gof.graph import ancestors
        from theano.gof.vm import VM_Linker as VMLinker
        from theano.gradient import grad_undefined  # noqa: F401
        from theano.scan_module.scan_op import Scan
        from theano.tensor.extra_ops import Unique
        from theano.tensor.opt import in2out
        from theano.tensor.nnet import sigmoid, softmax  # noqa: F401
        from theano.tensor.shared_randomstreams import RandomStreams  # noqa: F401
        scan, unique = theano_scan, theano_unique
    theano.config.compiledir  # made when it is first asked for: now, where its error is one line
except ImportError as error:
    fail('%s cannot be imported (%s); run: pip install -r requirements.txt' % (NAME, error))
except ValueError as error:  # what both engines raise at a flag's bad value
    fail('THEANO_FLAGS: %s' % ' '.join(str(error).split()))

config = theano.config
if config.floatX == 'float16':
    fail('THEANO_FLAGS: floatX=float16 is not supported; use float32 or float64')
ASYNCHRONOUS = jax is not None  # a function's answer may still be on its way: to read it is to wait
function = jax.StaticFunction if jax else cpu_function
padded = jax.Padded if jax else cpu_padded
draw = jax.draw if jax else pytensor_draw
# each operation by its own NumPy call: products and sums are best left as short as they stand
QUICK = Mode(VMLinker(allow_gc=False, use_cloop=False, c_thunks=False), 'fast_run').excluding(
    'fusion', 'add_mul_fusion', 'local_mul_canonizer', 'local_add_canonizer', 'BlasOpt')
