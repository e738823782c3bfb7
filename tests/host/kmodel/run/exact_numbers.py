"""float32 arithmetic by fractions, and the firmware's exp, log, sin and cos written out with their branches."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np

F = np.float32
LARGEST = Fraction(float(np.finfo(F).max))


def rounded(value: Fraction) -> F:
    """Return the nearest float32, halves to even, infinite beyond the largest."""
    if not value:
        return F(0)
    exponent = value.numerator.bit_length() - value.denominator.bit_length()
    if abs(value) < Fraction(2) ** exponent:
        exponent -= 1
    step = Fraction(2) ** (max(exponent, -126) - 23)
    result = round(value / step) * step
    return F(float(result)) if abs(result) <= LARGEST else F(math.copysign(math.inf, value))


def fma(a: F, b: F, c: F) -> F:
    """Return a * b + c rounded once, for finite numbers; a zero has the sign that C gives it."""
    total = Fraction(float(a)) * Fraction(float(b)) + Fraction(float(c))
    if total:
        result = rounded(total)
        return result if result else F(math.copysign(0.0, total))
    product = math.copysign(1, a) * math.copysign(1, b)
    return F(-0.0) if product < 0 and math.copysign(1, c) < 0 else F(0)


def word(value: F) -> int:
    return int(np.array(value, F).view(np.uint32))


def real(bits: int) -> F:
    return F(np.array(bits & 0xFFFFFFFF, np.uint32).view(F))


def _horner(z: F, *words: int) -> F:
    total = real(words[0])
    for bits in words[1:]:
        total = fma(total, z, real(bits))
    return total


HIGH, LOW = real(0x3F317180), real(0x3717F7D1)


def exp(x: F) -> F:
    """For finite x."""
    size = word(x) & 0x7FFFFFFF
    if size > 0x42B17217 and x > 0:
        return F(np.inf)
    if size > 0x42CFF1B5 and x < 0:
        return F(0)
    k, high, low = 0, x, F(0)
    if size > 0x3EB17218:
        sign = 1 if x > 0 else -1
        k = sign if size < 0x3F851592 else int(fma(real(0x3FB8AA3B), x, F(0.5 * sign)))
        high, low = fma(F(-k), HIGH, x), F(F(k) * LOW)
        x = F(high - low)
    elif size < 0x31800000:
        return F(F(1) + x)
    t = F(x * x)
    c = _horner(t, 0x3331BB4C, 0xB5DDEA0E, 0x388AB355, 0xBB360B61, 0x3E2AAAAB)
    c = fma(-c, t, x)
    p = F(x * c)
    if not k:
        return F(F(1) - F(F(p / F(c - F(2))) - x))
    y = F(F(1) - F(F(low - F(p / F(F(2) - c))) - high))
    if k >= -125:
        return real(word(y) + (k << 23))
    return F(real(word(y) + ((k + 100) << 23)) * F(2.0**-100))


def log(x: F) -> F:
    """For finite x above 0."""
    k = 0
    if word(x) < 0x00800000:
        x, k = F(x * F(2.0**25)), -25
    bits = word(x)
    k += (bits >> 23) - 127
    bits &= 0x7FFFFF
    carry = (bits + 0x4AFB20) & 0x800000
    f = F(real(bits | (carry ^ 0x3F800000)) - F(1))
    k += carry >> 23
    d = F(k)
    if not (bits + 15) & 0x7FFFF0:
        if not f:
            return F(0) if not k else fma(d, HIGH, F(d * LOW))
        r = F(fma(-f, real(0x3EAAAAAB), F(0.5)) * F(f * f))
        return F(f - r) if not k else fma(d, HIGH, -F(fma(-d, LOW, r) - f))
    s = F(f / F(F(2) + f))
    z = F(s * s)
    w = F(z * z)
    r = fma(
        _horner(w, 0x3E1CD04F, 0x3E638E29, 0x3ECCCCCD),
        w,
        F(_horner(w, 0x3E178897, 0x3E3A3325, 0x3E924925, 0x3F2AAAAB) * z),
    )
    if (bits - 0x30A3D0) | (0x35C288 - bits) > 0:
        half = F(F(f * F(0.5)) * f)
        a = F(F(r + half) * s)
        return F(f - F(half - a)) if not k else fma(d, HIGH, -F(F(half - fma(d, LOW, a)) - f))
    a = F(F(f - r) * s)
    return F(f - a) if not k else fma(d, HIGH, -F(fma(-d, LOW, a) - f))


def _sine(x: F, y: F | None) -> F:
    if word(x) & 0x7FFFFFFF < 0x32000000:
        return x
    z = F(x * x)
    v = F(x * z)
    r = _horner(z, 0x2F2EC9D3, 0xB2D72F34, 0x3638EF1B, 0xB9500D01, 0x3C088889)
    first = real(0xBE2AAAAB)
    if y is None:
        return fma(fma(z, r, first), v, x)
    q = fma(fma(y, F(0.5), -F(v * r)), z, -y)
    return F(x - fma(v, -first, q))


def _cosine(x: F, y: F) -> F:
    size = word(x) & 0x7FFFFFFF
    if size < 0x32000000:
        return F(1)
    z = F(x * x)
    r = F(_horner(z, 0xAD47D74E, 0x310F74F6, 0xB493F27C, 0x37D00D01, 0xBAB60B61, 0x3D2AAAAB) * z)
    t = fma(z, r, -F(x * y))
    half = F(F(0.5) * z)
    if size <= 0x3E999999:
        return F(F(1) - F(half - t))
    q = F(0.28125) if size > 0x3F480000 else real(size - 0x01000000)
    return F(F(F(1) - q) - F(F(half - q) - t))


def _exponent(x: F) -> int:
    return word(x) >> 23 & 0xFF


def _reduced(x: F) -> tuple[int, F, F]:
    """Return the quadrant of x and the remainder in two parts, for |x| from pi / 4 to 200."""
    if x < 0:
        n, first, second = _reduced(-x)
        return -n, -first, -second
    size = word(x)
    if size < 0x4016CBE4:
        z = F(x - real(0x3FC90F80))
        lost = real(0x37354443)
        if size & ~15 == 0x3FC90FD0:
            z, lost = F(z - real(0x37354400)), real(0x2E85A308)
        first = F(z - lost)
        return 1, first, F(F(z - first) - lost)
    n = int(fma(x, real(0x3F22F984), F(0.5)))
    d = F(n)
    remainder = fma(-d, real(0x3FC90F80), x)
    lost = F(d * real(0x37354443))
    if n >= 32 or size & ~255 == word(F(n * math.pi / 2)) & ~255:
        for limit, large, small in ((8, 0x37354400, 0x2E85A308), (25, 0x2E85A300, 0x248D3132)):
            if _exponent(x) - _exponent(F(remainder - lost)) <= limit:
                break
            before, remainder = remainder, fma(-d, real(large), remainder)
            lost = fma(d, real(small), -fma(-d, real(large), F(before - remainder)))
    first = F(remainder - lost)
    return n, first, F(F(remainder - first) - lost)


def sin(x: F) -> F:
    """For |x| up to 200."""
    if word(x) & 0x7FFFFFFF <= 0x3F490FD8:
        return _sine(x, None)
    n, first, second = _reduced(x)
    value = _cosine(first, second) if n & 1 else _sine(first, second)
    return -value if n & 2 else value


def cos(x: F) -> F:
    """For |x| up to 200."""
    if word(x) & 0x7FFFFFFF <= 0x3F490FD8:
        return _cosine(x, F(0))
    n, first, second = _reduced(x)
    value = _sine(first, second) if n & 1 else _cosine(first, second)
    return -value if n & 3 in (1, 2) else value
