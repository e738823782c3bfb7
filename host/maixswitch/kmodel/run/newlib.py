"""exp, log, sin and cos as the firmware's C library computes them: newlib's float32 routines, with fused multiply-adds.

Each takes and returns float32. The functions work on arrays, and on single values in code that numba compiles (see
``float32``). So they have no branches: all cases are computed, and ``choose`` takes the right one. They gave the bits
of the firmware for every value that was compared. sin and cos above 200 were not compared.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .float32 import choose, compilable, float_of, fma, real, to_int32, word_of

F = np.float32


def _constants(*words: int) -> tuple[np.float32, ...]:
    return tuple(np.array(words, np.uint32).view(np.float32))


MAGNITUDE = np.int32(0x7FFFFFFF)
MANTISSA = np.int32(0x7FFFFF)
IMPLICIT = np.int32(0x800000)
ONE_WORD = np.int32(0x3F800000)
EXPONENT = np.int32(23)
ZERO, ONE, TWO, HALF = F(0), F(1), F(2), F(0.5)
INFINITY, NAN = F(np.inf), F(np.nan)

LN2_HIGH, LN2_LOW, LOG2_E = _constants(0x3F317180, 0x3717F7D1, 0x3FB8AA3B)
P1, P2, P3, P4, P5 = _constants(0x3E2AAAAB, 0xBB360B61, 0x388AB355, 0xB5DDEA0E, 0x3331BB4C)
TINY = F(2.0**-100)


def exp(x: Any) -> Any:
    """e ** x; 0 and infinity beyond what a float32 holds."""
    # Arguments beyond the range would overflow in cases that are not used, so they are replaced by 0.
    size = word_of(x) & MAGNITUDE
    y = choose(size <= 0x42CFF1B5, x, ZERO)
    sign = choose(y < ZERO, -ONE, ONE)
    # The multiple of ln 2 that is subtracted: none, one, or the nearest.
    nearest = choose(size < 0x3F851592, sign, real(to_int32(fma(LOG2_E, y, sign * HALF))))
    times = choose(size > 0x3EB17218, nearest, ZERO)
    # ln 2 is split in two, so that the product with the high part is exact and the low part corrects it.
    high, low = fma(-times, LN2_HIGH, y), times * LN2_LOW
    remainder = high - low
    square = remainder * remainder
    # A polynomial of the square gives the remainder, in the order of newlib's source (ef_exp.c).
    c = fma(fma(fma(fma(square, P5, P4), square, P3), square, P2), square, P1)
    c = fma(-c, square, remainder)
    part = remainder * c
    plain = ONE - (part / (c - TWO) - remainder)
    scaled = ONE - ((low - part / (TWO - c)) - high)
    # The result is multiplied by 2 ** power through its exponent, in two steps where it would become subnormal.
    power = to_int32(times)
    normal = power >= -125
    steps = power + choose(normal, np.int32(0), np.int32(100))
    moved = float_of(word_of(scaled) + steps * IMPLICIT)
    result = choose(times == ZERO, plain, choose(normal, moved, moved * TINY))
    # The special cases come last, because a later choice would overwrite them.
    result = choose(size < 0x31800000, ONE + x, result)
    result = choose((x > ZERO) & (size > 0x42B17217), INFINITY, result)
    result = choose((x < ZERO) & (size > 0x42CFF1B5), ZERO, result)
    return choose(size > 0x7F800000, NAN, result)


L1, L2, L3, L4, L5, L6, L7 = _constants(
    *(0x3F2AAAAB, 0x3ECCCCCD, 0x3E924925, 0x3E638E29, 0x3E3A3325, 0x3E1CD04F, 0x3E178897)
)
THIRD = F(1 / 3)
UP_25 = F(2.0**25)


def log(x: Any) -> Any:
    """The natural logarithm; NaN below 0."""
    # Subnormal arguments are multiplied by 2 ** 25 first; 25 is subtracted from their exponent.
    small = (word_of(x) & MAGNITUDE) < 0x00800000
    word = word_of(choose(small, x * UP_25, x))
    # The fraction is brought near 1 from both sides, so that the series below is short.
    fraction = word & MANTISSA
    carry = (fraction + np.int32(0x4AFB20)) & IMPLICIT
    f = float_of(fraction | (carry ^ ONE_WORD)) - ONE
    power = (word >> EXPONENT) - 127 + (carry >> EXPONENT) - choose(small, np.int32(25), np.int32(0))
    d, even = real(power), power == 0
    # Close to a power of two, a short series is enough.
    short = fma(-f, THIRD, HALF) * (f * f)
    near = choose(even, f - short, fma(d, LN2_HIGH, -(fma(-d, LN2_LOW, short) - f)))
    near = choose(f == ZERO, choose(even, ZERO, fma(d, LN2_HIGH, d * LN2_LOW)), near)
    # The general case is a series in s. Its even and odd terms are summed separately, as in newlib (ef_log.c).
    s = f / (TWO + f)
    z = s * s
    w = z * z
    even_terms = fma(fma(w, L6, L4), w, L2)
    odd_terms = fma(fma(fma(w, L7, L5), w, L3), w, L1) * z
    r = fma(even_terms, w, odd_terms)
    half = (f * HALF) * f
    a = (r + half) * s
    upper = choose(even, f - (half - a), fma(d, LN2_HIGH, -((half - fma(d, LN2_LOW, a)) - f)))
    b = (f - r) * s
    lower = choose(even, f - b, fma(d, LN2_HIGH, -(fma(-d, LN2_LOW, b) - f)))
    # newlib chooses between two formulas by the fraction.
    far = choose(((fraction - np.int32(0x30A3D0)) | (np.int32(0x35C288) - fraction)) > 0, upper, lower)
    result = choose(((fraction + 15) & 0x7FFFF0) == 0, near, far)
    result = choose(x < ZERO, NAN, choose(x == INFINITY, INFINITY, result))
    result = choose(x == ZERO, -INFINITY, result)
    return choose(x != x, NAN, result)


S1, S2, S3, S4, S5, S6 = _constants(0xBE2AAAAB, 0x3C088889, 0xB9500D01, 0x3638EF1B, 0xB2D72F34, 0x2F2EC9D3)
C1, C2, C3, C4, C5, C6 = _constants(0x3D2AAAAB, 0xBAB60B61, 0x37D00D01, 0xB493F27C, 0x310F74F6, 0xAD47D74E)
PI_2_1, PI_2_1T, PI_2_2, PI_2_2T, PI_2_3, PI_2_3T = _constants(
    *(0x3FC90F80, 0x37354443, 0x37354400, 0x2E85A308, 0x2E85A300, 0x248D3132)
)
INVERSE_PI_2 = _constants(0x3F22F984)[0]
MULTIPLES = (np.arange(32) * (np.pi / 2)).astype(np.float32).view(np.int32) & ~np.int32(255)
"""The upper bits of the first multiples of pi / 2. Arguments near one of them need more digits of pi."""
QUARTER = F(0.28125)


@compilable
def sine_kernel(x: Any, y: Any, full: Any) -> Any:
    """sin(x + y) for |x| up to pi / 4; ``full``: False if y is 0 and left out."""
    z = x * x
    v = x * z
    r = fma(fma(fma(fma(z, S6, S5), z, S4), z, S3), z, S2)
    q = fma(fma(y, HALF, -(v * r)), z, -y)
    # Without y the formula is shorter, and it rounds differently.
    result = choose(full, x - fma(v, -S1, q), fma(fma(z, r, S1), v, x))
    return choose((word_of(x) & MAGNITUDE) < 0x32000000, x, result)


@compilable
def cosine_kernel(x: Any, y: Any) -> Any:
    """cos(x + y) for |x| up to pi / 4."""
    size = word_of(x) & MAGNITUDE
    z = x * x
    r = fma(fma(fma(fma(fma(z, C6, C5), z, C4), z, C3), z, C2), z, C1) * z
    t = fma(z, r, -(x * y))
    h = HALF * z
    # For larger arguments, a constant is subtracted first, so that 1 - x*x/2 keeps its last digits (kf_cos.c).
    q = choose(size > 0x3F480000, QUARTER, float_of(size - np.int32(0x01000000)))
    result = choose(size <= 0x3E999999, ONE - (h - t), (ONE - q) - ((h - q) - t))
    return choose(size < 0x32000000, ONE, result)


@compilable
def _exponent(x: Any) -> Any:
    return (word_of(x) >> EXPONENT) & np.int32(0xFF)


@compilable
def reduced(x: Any) -> Any:
    """(n, y0, y1): the quadrant, and the remainder of |x| as a sum of two float32; for |x| up to 200."""
    size = word_of(x) & MAGNITUDE
    t = float_of(size)
    # Below 3 pi / 4, one quarter turn is subtracted, in two steps if the remainder is too small for one.
    close = (size & np.int32(~15)) == 0x3FC90FD0
    r1 = t - PI_2_1
    r1 = choose(close, r1 - PI_2_2, r1)
    w1 = choose(close, PI_2_2T, PI_2_1T)
    # Beyond that, the nearest number of quarter turns is subtracted, in up to three steps.
    n = to_int32(fma(choose(size <= 0x43490F80, t, ZERO), INVERSE_PI_2, HALF))
    d = real(n)
    r = fma(-d, PI_2_1, t)
    w = d * PI_2_1T
    # Near a multiple of pi / 2, most digits cancel, and the remainder needs more digits of pi.
    near = (n >= 32) | ((size & np.int32(~255)) == MULTIPLES[choose(n < 32, n, np.int32(0))])
    second = near & (_exponent(t) - _exponent(r - w) > 8)
    r2 = fma(-d, PI_2_2, r)
    w2 = fma(d, PI_2_2T, -fma(-d, PI_2_2, r - r2))
    third = second & (_exponent(t) - _exponent(r2 - w2) > 25)
    r3 = fma(-d, PI_2_3, r2)
    w3 = fma(d, PI_2_3T, -fma(-d, PI_2_3, r2 - r3))
    # newlib treats a single quarter turn separately, because it needs no division (ef_rem_pio2.c).
    one = size < 0x4016CBE4
    remainder = choose(one, r1, choose(third, r3, choose(second, r2, r)))
    lost = choose(one, w1, choose(third, w3, choose(second, w2, w)))
    first = remainder - lost
    return choose(one, np.int32(1), n), first, (remainder - first) - lost


LIMIT = 0x43490F80
"""The largest argument that was compared. Beyond it, and for NaN, the PC's own functions are used."""


def sin(x: Any) -> Any:
    """The sine of x in radians."""
    size = word_of(x) & MAGNITUDE
    n, y0, y1 = reduced(x)
    # The sine is odd: a negative argument turns the other way, with a negative remainder.
    turn = choose(x < ZERO, -n, n) & 3
    y0, y1 = choose(x < ZERO, -y0, y0), choose(x < ZERO, -y1, y1)
    odd = (turn & 1) == 1
    # Every other quarter turn exchanges sine and cosine, and half a turn changes the sign.
    value = choose(odd, cosine_kernel(y0, y1), sine_kernel(y0, y1, True))
    value = choose(turn >= 2, -value, value)
    result = choose(size <= 0x3F490FD8, sine_kernel(x, ZERO, False), value)
    return choose(size > LIMIT, real(np.sin(np.float64(x))), result)


def cos(x: Any) -> Any:
    """The cosine of x in radians."""
    size = word_of(x) & MAGNITUDE
    n, y0, y1 = reduced(x)
    # The quadrant is that of the sine, and the cosine changes its sign in the two in the middle.
    turn = choose(x < ZERO, -n, n) & 3
    y0, y1 = choose(x < ZERO, -y0, y0), choose(x < ZERO, -y1, y1)
    odd = (turn & 1) == 1
    value = choose(odd, sine_kernel(y0, y1, True), cosine_kernel(y0, y1))
    value = choose((turn == 1) | (turn == 2), -value, value)
    result = choose(size <= 0x3F490FD8, cosine_kernel(x, ZERO), value)
    return choose(size > LIMIT, real(np.cos(np.float64(x))), result)
