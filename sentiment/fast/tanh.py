"""The hyperbolic tangent without a branch or a call, so that compilers vectorize it.

A test holds that of float32 and that of float64 to 8 half units in the last place.
"""
import math

import llvmlite.ir as ir
import numba
import numpy
from numba import types
from numba.extending import intrinsic, overload

from sentiment.fast.threads import SETTINGS

F = numpy.float32
LIMIT = F(7.90531110763549805)  # beyond it, tanh is +-1 in float32
TOP = (F(-2.76076847742355e-16), F(2.00018790482477e-13), F(-8.60467152213735e-11),
       F(5.12229709037114e-08), F(1.48572235717979e-05), F(6.37261928875436e-04),
       F(4.89352455891786e-03))
BOTTOM = (F(1.19825839466702e-06), F(1.18534705686654e-04), F(2.26843463243900e-03),
          F(4.89352518554385e-03))

LIMIT_64 = 22.  # beyond it, tanh is +-1 in float64
PER_LN2 = 1 / math.log(2)
# ln 2 in two numbers: small multiples of the first are exact (Cody & Waite, 1980)
LN2_HIGH, LN2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10
TERMS = tuple(1 / math.factorial(n) for n in range(13, 1, -1))  # of exp's series, below ln(2) / 2
BIAS, MANTISSA = 1023, 52  # of a float64: where its exponent starts, and the bits below that
SHIFT = 1.5 * 2. ** MANTISSA + BIAS  # added to a number, leaves it rounded in the lowest bits


def tanh(x):
    """Hyperbolic tangent, of float32 or float64."""
    return math.tanh(x)


@overload(tanh, jit_options={name: SETTINGS[name] for name in ('error_model', 'fastmath')})
def compiled_tanh(x):
    return rational if x == numba.float32 else exponential


def rational(x):
    """tanh of a float32: the quotient of two polynomials."""
    if x > LIMIT:  # written so that NaN stays NaN
        x = LIMIT
    if x < -LIMIT:
        x = -LIMIT
    square = x * x
    top = TOP[0]
    for k in range(1, 7):
        top = top * square + TOP[k]
    bottom = BOTTOM[0]
    for k in range(1, 4):
        bottom = bottom * square + BOTTOM[k]
    return x * top / bottom


def exponential(x):
    """tanh of a float64: e / (e + 2) of e = exp(2 x) - 1 = 2 ** k exp(r) - 1, |r| < ln(2) / 2."""
    if x > LIMIT_64:
        x = LIMIT_64
    if x < -LIMIT_64:
        x = -LIMIT_64
    x = 2 * x
    shifted = x * PER_LN2 + SHIFT
    k = shifted - SHIFT
    r = (x - k * LN2_HIGH) - k * LN2_LOW
    series = TERMS[0]
    for n in range(1, 12):
        series = series * r + TERMS[n]
    series = series * r * r + r  # exp(r) - 1, exact for small r
    scale = power_of_two(shifted)
    e = scale * series + (scale - 1)
    return e / (e + 2)


@intrinsic
def power_of_two(typing_context, shifted):
    """Return 2 ** k of k + SHIFT: k, and the bias, moved from its lowest bits into its exponent."""
    def emit(context, builder, signature, arguments):
        whole = ir.IntType(64)
        bits = builder.bitcast(arguments[0], whole)
        return builder.bitcast(builder.shl(bits, whole(MANTISSA)), ir.DoubleType())
    return types.float64(types.float64), emit
