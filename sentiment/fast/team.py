"""Threads that stand ready: a compiled function shares its work among them within a microsecond.

A job is a kernel and a number of parts. Its parts are written down on a board of shared numbers;
whoever is free takes one, the caller too, who does all that nobody else takes. So nothing waits for
a thread that has taken no part. Who has found nothing to do for a while sleeps until it is woken:
see :meth:`Team.board`. A forked process has a team of its own.
"""
import atexit
import os
import threading
import time
from contextlib import suppress

import llvmlite.ir as ir
import numpy
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from sentiment.fast.threads import N_THREADS, inner, jit

# places on the board; those that several threads write lie on different lines of the cache
JOB = 0  # how many jobs there were, and behind these bits how many parts of the last are left
FUNCTION, FRAME, DONE, FAILED, BUSY, CLOSED, SIZE = 8, 9, 16, 17, 24, 32, 40
ALL = -1  # in the place of a part
LEFT = 2 ** 16 - 1  # the bits of the parts that are left
# how often one looks for work in vain: for a millisecond, as long as there is none between two
# batches; on Windows, where nobody gives way meanwhile, for some microseconds
N_LOOKS = 3000
LONG = 500000  # nanoseconds without the processor, after which one leaves it to others for a while
REST = 0.05  # seconds
ALONE = 20  # jobs that the caller does first: nobody waits for what the others need to start

# --- Numbers that threads share: read and written whole, in one order for all ---------------------

INT = ir.IntType(64)
POSIX = os.name == 'posix'
ORDER = 'seq_cst'


def place(context, builder, signature, arguments):
    """Return the address of the number of a board."""
    board = context.make_array(signature.args[0])(context, builder, arguments[0])
    return builder.gep(board.data, [arguments[1]])


@intrinsic
def look(typing_context, board, k):
    """Return the number at place k."""
    def emit(context, builder, signature, arguments):
        return builder.load_atomic(place(context, builder, signature, arguments), ORDER, 8)
    return types.int64(board, types.int64), emit


@intrinsic
def put(typing_context, board, k, value):
    """Write a number down at place k."""
    def emit(context, builder, signature, arguments):
        builder.store_atomic(arguments[2], place(context, builder, signature, arguments), ORDER, 8)
        return context.get_dummy_value()
    return types.void(board, types.int64, types.int64), emit


@intrinsic
def add(typing_context, board, k, value):
    """Add to the number at place k."""
    def emit(context, builder, signature, arguments):
        address = place(context, builder, signature, arguments)
        builder.atomic_rmw('add', address, arguments[2], ORDER)
        return context.get_dummy_value()
    return types.void(board, types.int64, types.int64), emit


@intrinsic
def swap(typing_context, board, k, old, new):
    """Write ``new`` at place k if ``old`` stands there; return whether it did."""
    def emit(context, builder, signature, arguments):
        address = place(context, builder, signature, arguments)
        answer = builder.cmpxchg(address, *arguments[2:], ORDER, ORDER)
        return builder.extract_value(answer, 1)
    return types.boolean(board, types.int64, types.int64, types.int64), emit


@intrinsic
def give_way(typing_context):
    """Let another thread have the processor, if one waits for it."""
    def emit(context, builder, signature, arguments):
        if POSIX:
            kind = ir.FunctionType(ir.IntType(32), [])
            builder.call(cgutils.get_or_insert_function(builder.module, kind, 'sched_yield'), [])
        return context.get_dummy_value()
    return types.void(), emit


@intrinsic
def nanoseconds(typing_context):
    """Return the time on a clock that only goes on; nothing but 0 where there is no such clock."""
    def emit(context, builder, signature, arguments):
        if not POSIX:
            return INT(0)
        clock, kind = ir.IntType(32), ir.LiteralStructType([INT, INT])
        now = cgutils.alloca_once(builder, kind)
        f = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(clock, [clock, kind.as_pointer()]), 'clock_gettime')
        builder.call(f, [clock(time.CLOCK_MONOTONIC), now])
        seconds, rest = cgutils.unpack_tuple(builder, builder.load(now))
        return builder.add(builder.mul(seconds, INT(10 ** 9)), rest)
    return types.int64(), emit

# --- A job: the address of a function of (frame, part), which returns 1 if it failed --------------


PART = ir.FunctionType(INT, [INT, INT])


def is_owner(kinds):
    """Whether the first of three arguments is what counts the references to an array: numba hands
    an array over as its owner, its Python object, two sizes, its data, its shape, and so on.
    """
    byte_pointer = ir.IntType(8).as_pointer()
    return kinds == [byte_pointer, byte_pointer, INT]


@intrinsic
def job(typing_context):
    """In a kernel: the addresses (function, frame) of the kernel itself, with the arguments that it
    was called with but for the first, in whose place the part is put.

    The frame lives as long as the call, as the arrays do. In it they are without an owner, or all
    threads would count references in one place, at each row that is looked at. Numba's functions
    return a code, 0 or -2 if all is well, and have two arguments more in front: where the answer
    and where an exception is put. So the part is the third.
    """
    def emit(context, builder, signature, arguments):
        kernel, module = builder.function, builder.module
        frame_type = ir.LiteralStructType([argument.type for argument in kernel.args])
        frame = cgutils.alloca_once(builder, frame_type)
        for k, argument in enumerate(kernel.args):
            owner = is_owner([other.type for other in kernel.args[k:k + 3]])
            builder.store(argument.type(None) if owner else argument,
                          cgutils.gep_inbounds(builder, frame, 0, k))
        function = ir.Function(module, PART, module.get_unique_name('part'))
        function.linkage = 'internal'
        body = ir.IRBuilder(function.append_basic_block())
        values = cgutils.unpack_tuple(body, body.load(body.inttoptr(function.args[0], frame.type)))
        places = [cgutils.alloca_once(body, argument.type.pointee) for argument in kernel.args[:2]]
        code = body.call(kernel, places + [function.args[1]] + values[3:])
        well = body.or_(*(body.icmp_signed('==', code, code.type(fine)) for fine in (0, -2)))
        body.ret(body.zext(body.not_(well), INT))
        return context.make_tuple(builder, signature.return_type,
                                  [builder.ptrtoint(value, INT) for value in (function, frame)])
    return types.UniTuple(types.int64, 2)(), emit


@intrinsic
def call(typing_context, function, frame, part):
    """Call a job's function by its address."""
    def emit(context, builder, signature, arguments):
        return builder.call(builder.inttoptr(arguments[0], PART.as_pointer()), arguments[1:])
    return types.int64(types.int64, types.int64, types.int64), emit


@inner
def take_part(board):
    """Take one part of the job and do it; return whether one was left."""
    now = look(board, JOB)
    while now & LEFT:
        function, frame = look(board, FUNCTION), look(board, FRAME)
        if swap(board, JOB, now, now - 1):  # what was read is of this very job
            add(board, FAILED, call(function, frame, (now & LEFT) - 1))
            add(board, DONE, 1)
            return True
        now = look(board, JOB)
    return False


@inner
def share(board, n_parts, function, frame):
    """Do the parts of a job, on as many threads as come; return how many failed."""
    if n_parts == 1 or not swap(board, BUSY, 0, 1):  # another caller has the others
        failed = 0
        for part in range(n_parts):
            failed += call(function, frame, part)
        return failed
    put(board, FUNCTION, function)
    put(board, FRAME, frame)
    put(board, DONE, 0)
    put(board, FAILED, 0)
    add(board, JOB, LEFT + 1 + n_parts)  # one job more, and its parts
    while take_part(board):
        pass
    while look(board, DONE) < n_parts:
        give_way()
    failed = look(board, FAILED)
    put(board, BUSY, 0)
    return failed


@jit
def help_out(board, patience):
    """Take part in jobs until there was none for ``patience`` looks, or the team is closed.

    Returns whether it is crowded here: others have had the processor for long meanwhile.
    """
    looked = 0
    while looked < patience and not look(board, CLOSED):
        if take_part(board):
            looked = 0
        else:
            looked += 1
            before = nanoseconds()
            give_way()
            if nanoseconds() - before > LONG:
                return True
    return False


class Team:
    """The threads that help a caller: one less than are to work at once."""

    def __init__(self, n_threads):
        self.shared = numpy.zeros(SIZE, 'int64')
        self.n_calls = 0  # that found them asleep
        self.wake, self.starting = threading.Event(), threading.Lock()  # not set: they sleep
        self.threads = [threading.Thread(target=self.work, daemon=True, name='team')
                        for _ in range(n_threads - 1)]

    def board(self):
        """Return the board for a job, and wake who sleeps, unless it is one of the first."""
        if not self.wake.is_set():
            self.n_calls += 1
            if self.n_calls > ALONE:
                self.wake.set()
                if self.threads and not self.threads[-1].ident:
                    self.start()
        return self.shared

    def start(self):
        """Start the threads, as many as the system lets us have."""
        with self.starting:
            if self.threads and not self.threads[0].ident:
                atexit.register(self.close)  # before what is compiled is thrown away
                with suppress(RuntimeError):
                    for thread in self.threads:
                        thread.start()
                self.threads = [thread for thread in self.threads if thread.ident]

    def work(self):
        while not self.shared[CLOSED]:
            if help_out(self.shared, N_LOOKS):
                time.sleep(REST)  # whose part must wait for a processor holds the caller up
            else:
                self.wake.clear()
                self.wake.wait()

    def close(self):
        """Send the threads home."""
        self.shared[CLOSED] = 1
        for thread in self.threads:
            while thread.is_alive():
                self.wake.set()
                thread.join(0.01)


team = Team(N_THREADS)
if hasattr(os, 'register_at_fork'):
    os.register_at_fork(after_in_child=lambda: team.__init__(N_THREADS))


def run_parts(kernel, n_parts, *arguments):
    """Call kernel(part, board, n_parts, *arguments) for the parts 0 to n_parts - 1, each once, on
    as many threads as there are, and come.

    The kernel begins with ``if part == ALL: return share(board, n_parts, *job())``. Raises
    MemoryError where it does: numba's code can fail of nothing else.
    """
    if kernel(ALL, team.board(), n_parts, *arguments):
        raise MemoryError('there is too little memory for %s' % kernel.__name__)
