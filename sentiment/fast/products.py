"""Matrix products for few rows, at which BLAS is slow: every time step of the LSTM is one.

A library packs both matrices at each call, which pays for large ones only. Here the right-hand
matrix is packed once and serves all time steps from the cache. The innermost loop, over a tile of a
few rows by two vector registers, is spelled out for LLVM, so that every sum stays in a register.
"""
import llvmlite.binding
import llvmlite.ir as ir
import numpy
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from sentiment.fast.threads import inner, jit

AVX512 = llvmlite.binding.get_host_cpu_features().get('avx512f', False)
VECTOR_BYTES = 64 if AVX512 else 32
TILE_VECTORS = 2  # a tile's width, in registers
TILE_ROWS = 8 if AVX512 else 6  # as many as the registers hold
DEPTH = 256  # rows of a panel of add_product's: it shall stay in the innermost cache


@intrinsic
def multiply_tile(typing_context, n_rows, a, panel, out):
    """Fill the first ``n_rows`` of out (TILE_ROWS, width) with the product of a and a panel.

    a (n_rows, depth), of any strides; panel (depth, width), C-contiguous as out is.
    """
    return types.void(n_rows, a, panel, out), emit_tiles


def emit_tiles(context, builder, signature, arguments):
    """Write the loop once for each number of rows, so that the number is known to LLVM."""
    arrays = [context.make_array(kind)(context, builder, value)
              for kind, value in zip(signature.args[1:], arguments[1:])]
    for n_rows in range(1, TILE_ROWS + 1):
        same = builder.icmp_signed('==', arguments[0], arguments[0].type(n_rows))
        with builder.if_then(same):
            emit_tile(context, builder, signature.args[1].dtype, n_rows, *arrays)
    return context.get_dummy_value()


def emit_tile(context, builder, dtype, n_rows, a, panel, out):
    """Write the loop over the depth: k's column of a times k's line of the panel, summed up."""
    number, n_lanes = context.get_data_type(dtype), VECTOR_BYTES * 8 // dtype.bitwidth
    vector = ir.VectorType(number, n_lanes)
    first_lane = ir.Constant(ir.VectorType(ir.IntType(32), n_lanes), None)
    row_stride, column_stride = cgutils.unpack_tuple(builder, a.strides)
    size, byte_pointer = row_stride.type, ir.IntType(8).as_pointer()
    a_bytes = builder.bitcast(a.data, byte_pointer)
    panel_start, out_start = (builder.bitcast(array.data, vector.as_pointer())
                              for array in (panel, out))

    tile = [(r, v) for r in range(n_rows) for v in range(TILE_VECTORS)]
    zeros = ir.Constant(vector, None)
    sums = {place: cgutils.alloca_once_value(builder, zeros) for place in tile}
    with cgutils.for_range(builder, cgutils.unpack_tuple(builder, a.shape)[1]) as loop:
        line = builder.gep(panel_start, [builder.mul(loop.index, size(TILE_VECTORS))])
        b = [builder.load(builder.gep(line, [size(v)]), align=4) for v in range(TILE_VECTORS)]
        column = builder.gep(a_bytes, [builder.mul(loop.index, column_stride)])
        x = []
        for r in range(n_rows):
            place = builder.gep(column, [builder.mul(row_stride, size(r))])
            lane = builder.load(builder.bitcast(place, number.as_pointer()))
            lane = builder.insert_element(zeros, lane, size(0))
            x.append(builder.shuffle_vector(lane, zeros, first_lane))
        for r, v in tile:
            term = builder.fmul(x[r], b[v], flags=['contract'])  # one instruction with its sum
            total = builder.fadd(builder.load(sums[r, v]), term, flags=['contract'])
            builder.store(total, sums[r, v])
    for r, v in tile:
        place = builder.gep(out_start, [size(r * TILE_VECTORS + v)])
        builder.store(builder.load(sums[r, v]), place, align=4)


@intrinsic
def copy_panel(typing_context, b, start, panel):
    """Fill a panel (depth, width) with columns of b (depth, n), a row of which is in one piece."""
    return types.void(b, start, panel), emit_copy


def emit_copy(context, builder, signature, arguments):
    """Write the loop over the depth: a line of the panel is a few vector registers."""
    kind = signature.args[0].dtype
    vector = ir.VectorType(context.get_data_type(kind), VECTOR_BYTES * 8 // kind.bitwidth)
    b, panel = (context.make_array(signature.args[k])(context, builder, arguments[k])
                for k in (0, 2))
    (row_stride, _), size = cgutils.unpack_tuple(builder, b.strides), arguments[1].type
    first = builder.bitcast(builder.gep(b.data, [arguments[1]]), ir.IntType(8).as_pointer())
    out = builder.bitcast(panel.data, vector.as_pointer())
    with cgutils.for_range(builder, cgutils.unpack_tuple(builder, b.shape)[0]) as loop:
        line = builder.bitcast(builder.gep(first, [builder.mul(loop.index, row_stride)]),
                               vector.as_pointer())
        place = builder.gep(out, [builder.mul(loop.index, size(TILE_VECTORS))])
        for v in range(TILE_VECTORS):
            value = builder.load(builder.gep(line, [size(v)]), align=4)
            builder.store(value, builder.gep(place, [size(v)]), align=4)
    return context.get_dummy_value()


@intrinsic
def transpose_panel(typing_context, b, start, panel):
    """Fill the first lines of a panel (depth, width) with columns of b (depth, n), each of which is
    in one piece: as many lines as whole vector registers give.
    """
    return types.void(b, start, panel), emit_transpose


def emit_transpose(context, builder, signature, arguments):
    """Write the loop over the depth: of a square of numbers, each register takes a column and
    becomes a row.
    """
    kind = signature.args[0].dtype
    n_lanes = VECTOR_BYTES * 8 // kind.bitwidth
    vector = ir.VectorType(context.get_data_type(kind), n_lanes)
    b, panel = (context.make_array(signature.args[k])(context, builder, arguments[k])
                for k in (0, 2))
    (_, column_stride), size = cgutils.unpack_tuple(builder, b.strides), arguments[1].type
    first = builder.gep(builder.bitcast(b.data, ir.IntType(8).as_pointer()),
                        [builder.mul(arguments[1], column_stride)])
    out = builder.bitcast(panel.data, vector.as_pointer())
    n_squares = builder.udiv(cgutils.unpack_tuple(builder, b.shape)[0], size(n_lanes))
    with cgutils.for_range(builder, n_squares) as loop:
        top = builder.gep(first, [builder.mul(loop.index, size(VECTOR_BYTES))])
        lines = builder.gep(out, [builder.mul(loop.index, size(n_lanes * TILE_VECTORS))])
        for v in range(TILE_VECTORS):
            columns = [builder.load(builder.bitcast(
                builder.gep(top, [builder.mul(column_stride, size(v * n_lanes + k))]),
                vector.as_pointer()), align=4) for k in range(n_lanes)]
            for k, row in enumerate(transposed(builder, columns)):
                builder.store(row, builder.gep(lines, [size(k * TILE_VECTORS + v)]), align=4)
    return context.get_dummy_value()


def transposed(builder, square):
    """Return the columns of a square of numbers, given as its rows, registers of n lanes: its
    quarters change places, then those of each quarter, and so on (Eklundh, 1972).
    """
    n, half = len(square), len(square) // 2
    while half:
        low = [k + n - half if k & half else k for k in range(n)]
        high = [k + n if k & half else k + half for k in range(n)]
        masks = [ir.Constant(ir.VectorType(ir.IntType(32), n), mask) for mask in (low, high)]
        pairs = [(square[k & ~half], square[k | half]) for k in range(n)]
        square = [builder.shuffle_vector(*pairs[k], masks[bool(k & half)]) for k in range(n)]
        half //= 2
    return square


@inner
def pack(b):
    """Cut b (depth, n) into panels (n / width, depth, width), the last one filled with zeros."""
    lanes = VECTOR_BYTES // b.itemsize
    width = TILE_VECTORS * lanes
    depth, n = b.shape
    panels = numpy.empty(((n + width - 1) // width, depth, width), b.dtype)
    for p in range(len(panels)):
        start, done = p * width, 0
        if start + width <= n and b.strides[1] == b.itemsize:
            copy_panel(b, start, panels[p])
            done = depth
        elif start + width <= n and b.strides[0] == b.itemsize:
            transpose_panel(b, start, panels[p])
            done = depth // lanes * lanes
        for k in range(done, depth):
            for w in range(width):
                panels[p, k, w] = b[k, start + w] if start + w < n else 0
    return panels


@inner
def add_packed(a, panels, out):
    """Add to out (m, n) the product of a (m, depth), of any strides, and the b that was packed."""
    n_panels, _, width = panels.shape
    tile = numpy.empty((TILE_ROWS, width), out.dtype)
    for p in range(n_panels):
        start = p * width
        for row in range(0, len(a), TILE_ROWS):
            n_rows = min(TILE_ROWS, len(a) - row)
            multiply_tile(n_rows, a[row:row + n_rows], panels[p], tile)
            for r in range(n_rows):
                for w in range(min(width, out.shape[1] - start)):
                    out[row + r, start + w] += tile[r, w]


@jit
def add_product(a, b, out):
    """Add to out (m, n) the product of a (m, depth) and b (depth, n), both of any strides."""
    for k in range(0, len(b), DEPTH):
        add_packed(a[:, k:k + DEPTH], pack(b[k:k + DEPTH]), out)
