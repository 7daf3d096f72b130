"""The one place that knows which engine is installed: Theano 1.0.5, or PyTensor, its continuation.

Everything else imports from here ``theano``, ``tensor`` and ``config``, whichever engine stands
behind them, and the few names that the two spell differently: ``sigmoid``, ``softmax``, ``scan``
and ``RandomStreams``. ``THEANO_FLAGS`` is read before the engine is imported, as Theano does.

It is also the one place that knows about devices. On PyTensor, ``device=cuda`` (or ``gpu``; with a
number, ``cuda1``, that GPU alone) and ``device=jax``, whatever JAX finds, compile through JAX, by
``through_jax``, for several devices with ``devices``: ``function`` then compiles for each shape of
the arguments, ``padded`` keeps the shapes few, ``ASYNCHRONOUS`` says that answers are returned
before they are computed, and ``OWN_OPERATIONS`` that no ``Op`` of ours can run. On Theano the flag
is its own.
"""
import os
import re
import shlex
import sys
import warnings
from operator import attrgetter

import numpy

from sentiment.engine import drawing, elementwise, scatter
from sentiment.engine.sharing import BUILDING, Copies, OneAtATime  # noqa: F401

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


def settle_environment():
    """Let the engines read what they can: they take OMP_NUM_THREADS for one number, or fail."""
    threads = os.environ.get('OMP_NUM_THREADS')
    first = (threads or '').split(',')[0].strip()
    if threads is not None and first != threads:
        os.environ['OMP_NUM_THREADS'] = first  # a list is for nested threads, which are not used
    if first and not (first.isdigit() and int(first)):
        print('OMP_NUM_THREADS: ignored, %r is not a number of threads' % threads[:40],
              file=sys.stderr)
    if not (first.isdigit() and int(first)):
        os.environ.pop('OMP_NUM_THREADS', None)
    if os.environ.get('NUMBA_DISABLE_JIT', '0') not in ('', '0'):
        fail('NUMBA_DISABLE_JIT: what is compiled by numba cannot run without it; unset it')


def name_unknown(flags, config, spelling):
    """Say which of the flags the engine does not know."""
    unknown = []
    for name in flags:
        try:
            attrgetter(spelling(name))(config)
        except AttributeError:
            unknown.append(name)
    if unknown:
        print('THEANO_FLAGS: ignored, unknown to %s: %s' % (NAME, ', '.join(unknown)),
              file=sys.stderr)


def import_theano():
    """Import Theano; name the flags that it does not know; refuse a GPU that it cannot use."""
    flags = parse_flags(os.environ.get('THEANO_FLAGS', ''))
    warnings.filterwarnings('ignore', message='Theano does not recognise this flag')
    import theano
    name_unknown(flags, theano.config, str)
    if theano.config.device != 'cpu' and not theano.gpuarray.pygpu_activated:
        fail("THEANO_FLAGS: device=%s needs Theano's GPU library, pygpu, which is absent or finds "
             'no such device' % theano.config.device)
    return theano


def import_pytensor():
    """Import PyTensor under the user's ``THEANO_FLAGS``; name the flags that it does not know."""
    flags = parse_flags(os.environ.get('THEANO_FLAGS', ''))
    device = flags.pop('device', 'cpu')
    if device != 'cpu':
        check_device(device, flags)
        flags['mode'] = 'JAX'

    def spelling(name):
        return name.replace('.', '__')

    translated = ['%s=%s' % (spelling(name), shlex.quote(value)) for name, value in flags.items()]
    inherited = [flag for flag in [os.environ.get('PYTENSOR_FLAGS')] if flag]
    os.environ['PYTENSOR_FLAGS'] = ','.join(inherited + translated)
    warnings.filterwarnings('ignore', message='PyTensor does not recognise this flag')
    import pytensor

    name_unknown(flags, pytensor.config, spelling)
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
    advice = "run: pip install 'jax[cuda12]>=0.10,<0.11'"
    try:
        from sentiment.engine import through_jax
        through_jax.start(device)
        return through_jax
    except (ImportError, RuntimeError) as error:  # the latter if its parts do not fit together
        fail('THEANO_FLAGS: device=%s needs JAX, which cannot be imported (%s); %s'
             % (device, error, advice))
    except LookupError as error:
        fail('THEANO_FLAGS: device=%s: %s; if this machine has it, %s'
             % (device, error, advice))


def pytensor_scan(step, sequences, outputs_info, name):
    """Loop ``step`` over the leading axis of ``sequences``; return every step's outputs."""
    return theano.scan(step, sequences, outputs_info, name=name, return_updates=False)


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


def concurrent(f):
    """Return a compiled function that any number of threads may call; ``f`` itself must not be.

    What NumPy computes operation by operation is quickly copied. A loop, or whatever else has a
    function of its own inside, shares that with its copies; it holds Python's own lock most of the
    time, as a GPU does one thing at a time.
    """
    linker = None if jax else f.maker.mode.linker
    inner = linker and any(isinstance(node.op, (Scan, OpFromGraph))
                           for node in f.maker.fgraph.apply_nodes)
    numpy_alone = isinstance(linker, VMLinker) and not linker.c_thunks and not inner
    return Copies(f) if numpy_alone else OneAtATime(f)


def use_floatX(kind):
    """Compute in float32 or float64 from now on, unless the user's flags say in which.

    To be called before anything is built. Returns whether it is so.
    """
    if not FLOATX_NAMED:
        config.floatX = kind
    return config.floatX == kind


def names_floatX(*variables):
    """Whether these variables of the environment, lists of flags, name floatX."""
    return any(re.search(r'(^|,)\s*floatX\s*=', os.environ.get(name) or '') for name in variables)


def cpu_padded(f, batch_size):
    """Return ``f``, a function of batches: any shape is as good as another."""
    return f


def describe():
    """Return what computes, and its version."""
    return ', '.join(['%s %s' % (NAME, theano.__version__)] + ([jax.version()] if jax else []))


settle_environment()
try:
    jax = None
    if NAME == 'PyTensor':
        theano, device = import_pytensor()
        import pytensor.tensor as tensor
        from pytensor.compile.builders import OpFromGraph
        from pytensor.compile.mode import Mode, optdb
        from pytensor.gradient import grad_undefined  # noqa: F401
        from pytensor.graph.basic import Apply  # noqa: F401
        from pytensor.graph.rewriting.basic import in2out, node_rewriter
        from pytensor.graph.traversal import ancestors
        from pytensor.link.vm import Loop, VMLinker
        from pytensor.scan.op import Scan
        from pytensor.tensor import sigmoid, subtensor  # noqa: F401
        from pytensor.tensor.elemwise import Elemwise
        from pytensor.tensor.extra_ops import searchsorted  # noqa: F401
        from pytensor.tensor.random.op import RandomVariable
        from pytensor.tensor.special import Softmax
        softmax = Softmax(axis=(-1,), inline=True)  # over each row, as Theano's
        scan, RandomStreams = pytensor_scan, PyTensorRandomStreams
        from pytensor.graph.op import Op  # noqa: F401
        AdvancedIncSubtensor1 = getattr(subtensor, 'AdvancedIncSubtensor1',  # PyTensor 3.0 has it
                                        subtensor.AdvancedIncSubtensor)
        if device != 'cpu':
            jax = import_jax(device)
    else:
        theano = import_theano()
        import theano.tensor as tensor
        from theano.compile.builders import OpFromGraph
        from theano.compile.mode import Mode, optdb
        from theano.gof import Apply, Op, local_optimizer as node_rewriter  # noqa: F401
        from theano.gof.graph import ancestors
        from theano.gof.vm import VM_Linker as VMLinker
        from theano.gradient import grad_undefined  # noqa: F401
        from theano.scan_module.scan_op import Scan
        from theano.tensor.elemwise import Elemwise
        from theano.tensor.extra_ops import searchsorted  # noqa: F401
        from theano.tensor.opt import in2out
        from theano.tensor.subtensor import AdvancedIncSubtensor1
        from theano.tensor.nnet import sigmoid, softmax  # noqa: F401
        from theano.tensor.shared_randomstreams import RandomStreams  # noqa: F401
        scan, RandomVariable = theano_scan, ()  # its own draw otherwise
    theano.config.compiledir  # made when it is first asked for: now, where its error is one line
except ImportError as error:
    fail('%s cannot be imported (%s); run: pip install -r requirements.txt' % (NAME, error))
except ValueError as error:  # what both engines raise at a flag's bad value
    reason = ' '.join(str(error).split())
    fail('%s; THEANO_FLAGS=base_compiledir=FOLDER names another' % reason
         if 'compiledir' in reason else 'THEANO_FLAGS: %s' % reason)

config = theano.config
if config.floatX == 'float16':
    fail('THEANO_FLAGS: floatX=float16 is not supported; use float32 or float64')
FLOATX_NAMED = names_floatX('THEANO_FLAGS', *['PYTENSOR_FLAGS'] * (NAME == 'PyTensor')) or (
    config.floatX != 'float64')  # which a file of settings may say
OWN_OPERATIONS = jax is None  # whether an Op of ours, which runs in Python, can be compiled
ASYNCHRONOUS = jax is not None  # a function's answer may still be on its way: to read it is to wait
function = jax.StaticFunction if jax else cpu_function
padded = jax.Padded if jax else cpu_padded
draw = jax.draw if jax else pytensor_draw


class PlainLinker(VMLinker):
    """Runs a loop in Python: PyTensor's own compiles one in C before it takes that in Python."""

    def make_vm(self, nodes, thunks, input_storage, output_storage, storage_map, post_thunk_clear,
                computed, compute_map, updated_vars):
        if config.profile or any(thunk.lazy for thunk in thunks):
            return super().make_vm(nodes, thunks, input_storage, output_storage, storage_map,
                                   post_thunk_clear, computed, compute_map, updated_vars)
        return Loop(self.fgraph, nodes, thunks, [storage_map[v] for v in self.no_recycling],
                    storage_map, input_storage, output_storage, updated_vars)


def direct(node, thunk):
    """Return what does the same as ``thunk`` for ``node``, by a call of NumPy where we can."""
    for kind, module in ((Elemwise, elementwise), (AdvancedIncSubtensor1, scatter),
                         (RandomVariable, drawing)):
        if isinstance(node.op, kind):
            return module.direct(node, thunk)
    return thunk


class DirectLinker(PlainLinker if NAME == 'PyTensor' else VMLinker):
    """Calls NumPy where it can, without a detour."""

    def make_vm(self, nodes, thunks, *others, **more):
        return super().make_vm(nodes, list(map(direct, nodes, thunks)), *others, **more)


# each operation by its own NumPy call: products and sums are best left as short as they stand, and
# a softmax that is seen as such would be compiled, for ten seconds, by itself
QUICK = Mode(DirectLinker(allow_gc=False, use_cloop=False, c_thunks=False), 'fast_run').excluding(
    'fusion', 'add_mul_fusion', 'local_mul_canonizer', 'local_add_canonizer', 'BlasOpt',
    'symbolic_op_recognition')


def numpy_floatX(data):
    """Return ``data`` as an array of ``floatX``."""
    return numpy.asarray(data, dtype=config.floatX)
