"""The v4 nodes as the nested loops of the format's description, with float32 rounded at every step.

``step`` adds a product to a sum: ``separate``, or a function that rounds once.
"""

from __future__ import annotations

import math

import numpy as np

F = np.float32


def separate(a: F, b: F, c: F) -> F:
    return F(F(a * b) + c)


def out_size(size: int, pads: tuple[int, int], window: int, stride: int, dilation: int) -> int:
    return (size + sum(pads) - ((window - 1) * dilation + 1) + stride) // stride


def clamp(value: F, act: tuple[float, float]) -> F:
    if np.isnan(value):
        return value
    return min(max(value, F(act[0])), F(act[1]))


def conv2d(x, w, bias, groups, pads_h, pads_w, stride, dilation, act, step=separate):
    """x [n][c][y][x] float32."""
    n, _, h, width = x.shape
    out, inner, kh, kw = w.shape
    oh = out_size(h, pads_h, kh, stride[0], dilation[0])
    ow = out_size(width, pads_w, kw, stride[1], dilation[1])
    result = np.zeros((n, out, oh, ow), F)
    for b in range(n):
        for o in range(out):
            first = o // (out // groups) * inner
            for oy in range(oh):
                for ox in range(ow):
                    value = F(bias[o])
                    for i in range(inner):
                        for ky in range(kh):
                            for kx in range(kw):
                                y = oy * stride[0] - pads_h[0] + ky * dilation[0]
                                z = ox * stride[1] - pads_w[0] + kx * dilation[1]
                                if 0 <= y < h and 0 <= z < width:
                                    value = step(x[b, first + i, y, z], w[o, i, ky, kx], value)
                    result[b, o, oy, ox] = clamp(value, act)
    return result


def conv2d_last(x, w, bias, pads_h, pads_w, stride, dilation, act, step=separate):
    """x [n][y][x][c]; weights [out][ky][kx][c], or depthwise [c][ky][kx]."""
    n, h, width, c = x.shape
    out, kh, kw = w.shape[:3]
    oh = out_size(h, pads_h, kh, stride[0], dilation[0])
    ow = out_size(width, pads_w, kw, stride[1], dilation[1])
    result = np.zeros((n, oh, ow, out), F)
    for b in range(n):
        for oy in range(oh):
            for ox in range(ow):
                for o in range(out):
                    value = F(bias[o])
                    for ky in range(kh):
                        for kx in range(kw):
                            y = oy * stride[0] - pads_h[0] + ky * dilation[0]
                            z = ox * stride[1] - pads_w[0] + kx * dilation[1]
                            if not (0 <= y < h and 0 <= z < width):
                                continue
                            for i in range(c) if w.ndim == 4 else [o]:
                                weight = w[o, ky, kx, i] if w.ndim == 4 else w[o, ky, kx]
                                value = step(x[b, y, z, i], weight, value)
                    result[b, oy, ox, o] = clamp(value, act)
    return result


def conv2d_transpose(x, w, groups, out_shape, pads_h, pads_w, stride, dilation, step=separate):
    n, _, h, width = x.shape
    out, inner, kh, kw = w.shape
    result = np.zeros(out_shape, F)
    for b in range(n):
        for o in range(out):
            first = o // (out // groups) * inner
            for i in range(inner):
                for iy in range(h):
                    for ix in range(width):
                        for ky in range(kh):
                            for kx in range(kw):
                                y = iy * stride[0] - pads_h[0] + ky * dilation[0]
                                z = ix * stride[1] - pads_w[0] + kx * dilation[1]
                                if 0 <= y < out_shape[2] and 0 <= z < out_shape[3]:
                                    factors = x[b, first + i, iy, ix], w[o, i, ky, kx]
                                    result[b, o, y, z] = step(*factors, result[b, o, y, z])
    return result


def reduce_window(x, op, init, pads_h, pads_w, window, stride, dilation, act):
    n, c, h, width = x.shape
    oh = out_size(h, pads_h, window[0], stride[0], dilation[0])
    ow = out_size(width, pads_w, window[1], stride[1], dilation[1])
    result = np.zeros((n, c, oh, ow), F)
    for b, i, oy, ox in np.ndindex(n, c, oh, ow):
        value, count = F(init), 0
        for ky in range(window[0]):
            for kx in range(window[1]):
                y = oy * stride[0] - pads_h[0] + ky * dilation[0]
                z = ox * stride[1] - pads_w[0] + kx * dilation[1]
                if 0 <= y < h and 0 <= z < width:
                    item = x[b, i, y, z]
                    value = min(value, item) if op == 1 else max(value, item) if op == 2 else F(value + item)
                    count += 1
        if op == 0:
            value = F(value / F(count)) if count else F("nan")
        result[b, i, oy, ox] = clamp(value, act)
    return result


def reduce(x, op, out_shape, init):
    result = np.full(out_shape, init, F)
    for offset in np.ndindex(x.shape):
        target = tuple(0 if i >= size else i for i, size in zip(offset, out_shape, strict=True))
        old, item = result[target], x[offset]
        result[target] = min(old, item) if op == 1 else max(old, item) if op == 2 else F(old + item)
    return F(result * F(F(np.prod(out_shape)) / F(x.size))) if op == 0 else result


def broadcast(a, b, out_shape):
    """Yield the pair of operands for every output element."""
    for offset in np.ndindex(out_shape):
        yield (
            offset,
            a[tuple(0 if i >= s else i for i, s in zip(offset, a.shape, strict=True))],
            b[tuple(0 if i >= s else i for i, s in zip(offset, b.shape, strict=True))],
        )


def multiplied(value: int, mul: int, shift: int) -> int:
    """Return (value * mul) >> shift, half up."""
    return (value * mul + (1 << (shift - 1)) >> shift) if shift else value * mul


def clamp8(value: int) -> int:
    return min(255, max(0, value))


def round_away(value: float) -> int:
    return math.floor(abs(float(value)) + 0.5) * (1 if value >= 0 else -1)


def resize(x, oh, ow, mode, align, step=separate):
    n, c, h, w = x.shape
    result = np.zeros((n, c, oh, ow), x.dtype)
    sy, sx = F(F(h) / F(oh)), F(F(w) / F(ow))
    if mode == 0 and align:
        sy = F(F(h - 1) / F(oh - 1)) if oh > 1 else sy
        sx = F(F(w - 1) / F(ow - 1)) if ow > 1 else sx
    for b, i, oy, ox in np.ndindex(n, c, oh, ow):
        fy, fx = F(F(oy) * sy), F(F(ox) * sx)
        y0, x0 = min(math.floor(fy), h - 1), min(math.floor(fx), w - 1)
        if mode == 1:
            result[b, i, oy, ox] = x[b, i, y0, x0]
            continue
        y1, x1 = min(y0 + 1, h - 1), min(x0 + 1, w - 1)
        dy, dx = F(fy - F(y0)), F(fx - F(x0))
        total = F(F(x[b, i, y1, x0]) * F(dy * F(1 - dx)))
        total = step(F(x[b, i, y0, x0]), F(F(1 - dy) * F(1 - dx)), total)
        total = step(F(x[b, i, y0, x1]), F(F(1 - dy) * dx), total)
        total = step(F(x[b, i, y1, x1]), F(dy * dx), total)
        result[b, i, oy, ox] = total if x.dtype == F else int(total)
    return result
