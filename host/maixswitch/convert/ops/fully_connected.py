"""Operators with a window, a matrix or several tensors."""

from __future__ import annotations

import numpy as np

from maixswitch.convert.graph.graph import Pad, RawConv, RawPool
from maixswitch.convert.graph.importer import Walk
from maixswitch.convert.graph.node import Array, Concat, FullyConnected, GlobalMean, Op, Resize, Shape, Softmax
from maixswitch.convert.graph.value import Value, channels_last, is_channels_last, is_map, view
from maixswitch.convert.read.constants import reshaped, squeezed, unsqueezed
from maixswitch.convert.read.onnx_file import Node
from maixswitch.convert.refusals import refuse, refuse_operator
from maixswitch.language import tr, word

AGAIN = "export the network again"


def _pair(node: Node, name: str, default: int = 1) -> tuple[int, int]:
    found = node.attributes.get(name) or [default, default]
    if len(found) != 2:
        raise refuse(node, tr("it has {count} dimensions", count=len(found)), word("use layers of two dimensions"))
    if min(found) < 1:
        raise refuse(node, tr("its {name} is {found}", name=name, found=list(found)), word(AGAIN))
    return int(found[0]), int(found[1])


def _pads(
    node: Node, size: tuple[int, int], kernel: tuple[int, int], strides: tuple[int, int], dilations: tuple[int, int]
) -> tuple[int, int, int, int]:
    """Top, left, bottom, right."""
    auto = str(node.attributes.get("auto_pad", "NOTSET"))
    if auto in ("SAME_UPPER", "SAME_LOWER"):
        before, behind = [], []
        for s, k, step, d in zip(size, kernel, strides, dilations, strict=True):
            total = max((-(-s // step) - 1) * step + (k - 1) * d + 1 - s, 0)
            small, large = total // 2, total - total // 2
            before.append(small if auto == "SAME_UPPER" else large)
            behind.append(large if auto == "SAME_UPPER" else small)
        return before[0], before[1], behind[0], behind[1]
    if auto == "VALID":
        return 0, 0, 0, 0
    found = [int(p) for p in node.attributes.get("pads") or [0] * 4]
    if len(found) != 4 or min(found) < 0:
        raise refuse(node, tr("its padding is {pads}", pads=found), word(AGAIN))
    return found[0], found[1], found[2], found[3]


def _size(
    node: Node, size: Shape, op: RawConv | RawPool, kernel: tuple[int, int], dilations: tuple[int, int]
) -> tuple[int, int]:
    """Height and width of the result, rounded down."""
    found = tuple(
        (size[i] + op.pads[i] + op.pads[i + 2] - (kernel[i] - 1) * dilations[i] - 1) // op.strides[i] + 1
        for i in range(2)
    )
    if min(found) < 1:
        why = tr("its input, {h} x {w}, is smaller than its window", h=size[0], w=size[1])
        raise refuse(node, why, word("use a larger picture, or fewer pools"))
    return found[0], found[1]


def conv(walk: Walk, node: Node) -> None:
    """A convolution; on a flat value, and where it sees all at once, it is a fully connected layer."""
    weights = walk.weights(node, 1)
    if weights.ndim != 4:
        why = tr("it has {count} dimensions", count=weights.ndim - 2)
        raise refuse(node, why, word("use layers of two dimensions"))
    bias = np.zeros(len(weights)) if walk.argument(node, 2) is None else walk.weights(node, 2)
    group = int(node.attributes.get("group", 1))
    source = walk.value(node)
    shape = walk.shape(source)
    if len(shape) == 1 and source.shape == (1, shape[0], 1, 1) and source.order is None:
        shape = (*shape, 1, 1)
    else:
        source = walk.map(node)
    kernel = (weights.shape[2], weights.shape[3])
    strides, dilations = _pair(node, "strides"), _pair(node, "dilations")
    if group < 1 or weights.shape[1] * group != shape[0] or len(weights) % group or bias.shape != (len(weights),):
        why = tr("weights {weights} do not fit {channels} channels", weights=weights.shape, channels=shape[0])
        raise refuse(node, why, word(AGAIN))
    pads = _pads(node, (shape[1], shape[2]), kernel, strides, dilations)
    op = RawConv((node.name,), (source.tensor,), node.outputs[0], weights, bias, group, strides, pads, dilations)
    out = (len(weights), *_size(node, shape[1:], op, kernel, dilations))
    if out[1:] == (1, 1) and int(np.prod(shape)) * out[0] <= 1 << 24:
        _connect(walk, node, op, shape)
    else:
        walk.give(node, op, out)


def _connect(walk: Walk, node: Node, op: RawConv, shape: Shape) -> None:
    """A convolution with one result for each channel, as a matrix."""
    out, per = len(op.weights), op.weights.shape[1]
    matrix = np.zeros((out, *shape))
    each = out // op.group
    for g in range(op.group):
        for ky in range(op.weights.shape[2]):
            for kx in range(op.weights.shape[3]):
                y, x = ky * op.dilations[0] - op.pads[0], kx * op.dilations[1] - op.pads[1]
                if 0 <= y < shape[1] and 0 <= x < shape[2]:
                    rows = slice(g * each, (g + 1) * each)
                    matrix[rows, g * per : (g + 1) * per, y, x] = op.weights[rows, :, ky, kx]
    _full(walk, node, matrix.reshape(out, -1), op.bias, (1, out, 1, 1))


def _full(walk: Walk, node: Node, matrix: Array, bias: Array, shape: Shape) -> None:
    """A fully connected layer, whose columns stand in the order of the ONNX tensor."""
    source = walk.flat(node)
    columns = np.empty_like(matrix)
    columns[:, source.places().ravel()] = matrix
    op = FullyConnected((node.name,), (source.tensor,), node.outputs[0], columns, bias)
    walk.add(op, (len(matrix),))
    walk.values[node.outputs[0]] = Value(node.outputs[0], node.outputs[0], shape)


def gemm(walk: Walk, node: Node) -> None:
    """A fully connected layer."""
    source, matrix = walk.value(node), walk.weights(node, 1)
    if not node.attributes.get("transB", 0):
        matrix = matrix.T
    if node.attributes.get("transA", 0) or len(source.shape) != 2 or source.shape[0] != 1:
        why = tr("its input has shape {shape}, not (1, n)", shape=source.shape)
        raise refuse(node, why, word("flatten the tensor first"))
    _check_matrix(node, matrix, source.shape[1])
    matrix = matrix * float(node.attributes.get("alpha", 1.0))
    bias = np.zeros(len(matrix))
    if walk.argument(node, 2) is not None:
        numbers = walk.weights(node, 2) * float(node.attributes.get("beta", 1.0))
        if numbers.size not in (1, len(matrix)):
            raise refuse(node, tr("its bias has shape {shape}", shape=numbers.shape), word(AGAIN))
        bias = bias + numbers.ravel()
    _full(walk, node, matrix, bias, (1, len(matrix)))


def matmul(walk: Walk, node: Node) -> None:
    """A product with a constant matrix: fully connected, or along the channels a 1x1 convolution."""
    source, matrix = walk.value(node), walk.weights(node, 1)
    if matrix.ndim != 2:
        raise refuse(node, tr("its matrix has shape {shape}", shape=matrix.shape), word("use Gemm"))
    _check_matrix(node, matrix.T, source.shape[-1])
    out, shape = matrix.shape[1], walk.shape(source)
    if int(np.prod(source.shape)) == source.shape[-1]:
        _full(walk, node, matrix.T, np.zeros(out), (*source.shape[:-1], out))
    elif is_channels_last(source, shape):
        weights = matrix.T[:, :, None, None]
        op = RawConv(
            (node.name,), (source.tensor,), node.outputs[0], weights, np.zeros(out), 1, (1, 1), (0, 0, 0, 0), (1, 1)
        )
        size = (out, *shape[1:])
        walk.give(node, op, size, view("", Value("", "", (1, *size)), channels_last(size)))
    else:
        why = tr("its input has shape {shape}, not (1, n)", shape=source.shape)
        raise refuse(node, why, word("flatten the tensor first"))


def _check_matrix(node: Node, matrix: Array, columns: int) -> None:
    if matrix.ndim != 2 or matrix.shape[1] != columns:
        why = tr("its matrix has shape {shape}", shape=matrix.shape)
        raise refuse(node, why, word(AGAIN))


def pool(walk: Walk, node: Node) -> None:
    """MaxPool, AveragePool; one over the whole map is a global one."""
    source = walk.map(node)
    shape = walk.shape(source)
    kernel, strides, dilations = _pair(node, "kernel_shape"), _pair(node, "strides"), _pair(node, "dilations")
    if dilations != (1, 1) or len(node.outputs) > 1:
        raise refuse(node, tr("it has gaps in its window, or gives indices"), word("use a plain 2x2 pool"))
    pads = _pads(node, (shape[1], shape[2]), kernel, strides, dilations)
    kind = "max" if node.kind == "MaxPool" else "mean"
    whole = bool(node.attributes.get("count_include_pad", 0))
    if kind == "mean" and kernel == shape[1:] and not any(pads):
        _global(walk, node, source, (1, shape[0], 1, 1))
        return
    op = RawPool((node.name,), (source.tensor,), node.outputs[0], kind, kernel, strides, pads, whole)
    size = _size(node, shape[1:], op, kernel, (1, 1))
    if node.attributes.get("ceil_mode", 0):
        up = tuple(-(-(shape[i + 1] + pads[i] + pads[i + 2] - kernel[i]) // strides[i]) + 1 for i in range(2))
        if up != size:
            why = tr("it rounds {h} x {w} up", h=shape[1], w=shape[2])
            raise refuse(node, why, word("use ceil_mode=False, or a picture whose sides divide by 32"))
    walk.give(node, op, (shape[0], *size))


def _global(walk: Walk, node: Node, source: Value, shape: Shape) -> None:
    op = GlobalMean((node.name,), (source.tensor,), node.outputs[0])
    walk.add(op, (walk.shape(source)[0],))
    walk.values[node.outputs[0]] = Value(node.outputs[0], node.outputs[0], shape)


def global_mean(walk: Walk, node: Node) -> None:
    """GlobalAveragePool, and ReduceMean over both sides of a map."""
    source = walk.value(node)
    shape, rank = walk.shape(source), len(source.shape)
    if node.kind == "GlobalAveragePool" and source.shape == (1, *shape, 1, 1):  # of one pixel: nothing to do
        walk.look(node, source, source.places())
        return
    sides: tuple[int, ...] = (2, 3)
    if node.kind == "ReduceMean":
        given = walk.constant(node, 1)
        axes = node.attributes.get("axes", []) if given is None else np.ravel(given)
        sides = tuple(sorted(int(axis) % rank for axis in axes))
    first = is_map(source, shape) and sides == (2, 3)
    if not first and not (is_channels_last(source, shape) and sides == (1, 2)):
        why = tr("it takes the mean over axes {axes} of shape {shape}", axes=sides, shape=source.shape)
        raise refuse(node, why, word("take it over height and width"))
    kept: tuple[int, ...] = (1, shape[0], 1, 1) if first else (1, 1, 1, shape[0])
    if node.kind == "ReduceMean" and not node.attributes.get("keepdims", 1):
        kept = (1, shape[0])
    _global(walk, node, source, kept)


def concat(walk: Walk, node: Node) -> None:
    """Tensors one after another along their channels."""
    values = [walk.value(node, place) for place in range(len(node.inputs))]
    axis = int(node.attributes.get("axis", 1)) % len(values[0].shape)
    shapes = [walk.shape(value) for value in values]
    first = all(map(is_map, values, shapes)) and axis == 1
    last = all(map(is_channels_last, values, shapes)) and axis == 3
    if len({shape[1:] for shape in shapes}) == 1 and (first or last):
        shape = (sum(shape[0] for shape in shapes), *shapes[0][1:])
        like = None if first else view("", Value("", "", (1, *shape)), channels_last(shape))
    elif all(int(np.prod(v.shape)) == v.shape[axis] and v.order is None for v in values):
        values = [walk.flat(node, place) for place in range(len(node.inputs))]
        total = sum(value.shape[axis] for value in values)
        shape = (total,)
        like = Value("", "", tuple(total if i == axis else 1 for i in range(len(values[0].shape))))
    else:
        why = tr("it joins shapes {shapes} along axis {axis}", shapes=[v.shape for v in values], axis=axis)
        raise refuse(node, why, word("join maps of one size along their channels"))
    if len(values) == 1:
        walk.values[node.outputs[0]] = values[0]
        return
    walk.give(node, Concat((node.name,), tuple(v.tensor for v in values), node.outputs[0]), shape, like)


def softmax(walk: Walk, node: Node) -> None:
    """Over all elements of a flat tensor."""
    source = walk.value(node)
    axis = int(node.attributes.get("axis", -1)) % len(source.shape)
    if int(np.prod(source.shape)) != source.shape[axis]:
        why = tr("it goes along axis {axis} of shape {shape}", axis=axis, shape=source.shape)
        raise refuse(node, why, word("end the network with the convolution: the board's programs do this themselves"))
    source = walk.flat(node)
    op = Softmax((node.name,), (source.tensor,), node.outputs[0])
    walk.give(node, op, walk.shape(source), source)


def resize(walk: Walk, node: Node) -> None:
    """Nearest neighbour by a power of two."""
    source = walk.map(node)
    c, h, w = walk.shape(source)
    scales, sizes = walk.constant(node, 2), walk.constant(node, 3)
    if sizes is not None and sizes.size == 4:
        target = [int(size) for size in sizes.ravel()[2:]]
    elif scales is not None and scales.size == 4:
        target = [int(size * float(scale)) for size, scale in zip((h, w), scales.ravel()[2:], strict=True)]
    else:
        raise refuse(node, tr("its size is not given for four axes"), word(AGAIN))
    times = target[0] // h
    mode = str(node.attributes.get("mode", "nearest"))
    good = times in (2, 4, 8) and target == [h * times, w * times] and mode == "nearest"
    if not good or not all(_is_plain(node, side, times) for side in (h, w)):
        why = tr("it is {mode} from {h} x {w} to {th} x {tw}", mode=mode, h=h, w=w, th=target[0], tw=target[1])
        raise refuse(node, why, word("use nearest neighbour, twice the size, asymmetric, floor"))
    name = source.tensor
    while times > 1:
        times //= 2
        h, w = 2 * h, 2 * w
        output = node.outputs[0] if times == 1 else walk.draft.name(node.outputs[0], f"{h}x{w}")
        op: Op = Resize((node.name,), (name,), output)
        walk.give(node, op, (c, h, w))
        name = output


def _is_plain(node: Node, side: int, times: int) -> bool:
    """Does each pixel become times x times equal ones, by the formulas of ONNX for this node?"""
    out = np.arange(side * times)
    way = str(node.attributes.get("coordinate_transformation_mode", "half_pixel"))
    if way in ("half_pixel", "pytorch_half_pixel", "half_pixel_symmetric"):
        at = (out + 0.5) / times - 0.5
    elif way == "asymmetric":
        at = out / times
    elif way == "align_corners":
        at = out * (side - 1) / (side * times - 1)
    else:
        return False
    rounding = str(node.attributes.get("nearest_mode", "round_prefer_floor"))
    ways = {
        "round_prefer_floor": np.ceil(at - 0.5),
        "round_prefer_ceil": np.floor(at + 0.5),
        "floor": np.floor(at),
        "ceil": np.ceil(at),
    }
    found = ways.get(rounding)
    return found is not None and bool(np.array_equal(np.clip(found, 0, side - 1), out // times))


def pad(walk: Walk, node: Node) -> None:
    """A border, for the next convolution or pool to take in."""
    source = walk.map(node)
    shape = walk.shape(source)
    given, number, axes = walk.constant(node, 1), walk.constant(node, 2), walk.constant(node, 3)
    widths = [int(width) for width in np.ravel(given if given is not None else node.attributes.get("pads", []))]
    if axes is not None and len(widths) == 2 * axes.size:
        wide = [0] * 8
        for i, axis in enumerate(np.ravel(axes)):
            wide[int(axis) % 4], wide[int(axis) % 4 + 4] = widths[i], widths[i + axes.size]
        widths = wide
    mode = str(node.attributes.get("mode", "constant"))
    if len(widths) != 8 or widths[0] or widths[1] or widths[4] or widths[5] or min(widths) < 0:
        raise refuse(node, tr("its padding is {pads}", pads=widths), word("pad height and width alone"))
    if mode not in ("constant", "edge"):
        raise refuse(node, tr("its mode is {mode}", mode=mode), word("pad with zeros"))
    value = None if mode == "edge" else float(np.ravel(number)[0]) if number is not None and number.size else 0.0
    pads = (widths[2], widths[3], widths[6], widths[7])
    if not any(pads):
        walk.values[node.outputs[0]] = source
        return
    op = Pad((node.name,), (source.tensor,), node.outputs[0], pads, value)
    walk.give(node, op, (shape[0], shape[1] + pads[0] + pads[2], shape[2] + pads[1] + pads[3]))


def move(walk: Walk, node: Node) -> None:
    """Reshape, Transpose, Squeeze, Unsqueeze, Flatten: another view of the same tensor."""
    source = walk.value(node)
    order, shape = source.places(), source.shape
    try:
        if node.kind == "Transpose":
            order = order.transpose(node.attributes.get("perm"))
        elif node.kind == "Flatten":
            axis = int(node.attributes.get("axis", 1))
            axis += len(shape) if axis < 0 else 0
            order = order.reshape(int(np.prod(shape[:axis])), -1)
        elif node.kind == "Reshape":
            target = walk.constant(node, 1)
            order = order.reshape(reshaped(shape, target, bool(node.attributes.get("allowzero", 0))))
        else:
            given = walk.constant(node, 1)
            axes = node.attributes.get("axes") if given is None else given
            order = order.reshape((squeezed if node.kind == "Squeeze" else unsqueezed)(shape, axes))
    except (ValueError, IndexError, TypeError, StopIteration, RuntimeError) as error:
        raise refuse(node, tr("it does not fit shape {shape}", shape=shape), word(AGAIN)) from error
    walk.look(node, source, order)


def same(walk: Walk, node: Node) -> None:
    """Identity, Dropout: nothing."""
    walk.values[node.outputs[0]] = walk.argument(node, 0)  # type: ignore[assignment]


def cast(walk: Walk, node: Node) -> None:
    """A change of type that changes nothing."""
    if int(node.attributes.get("to", 0)) != 1:
        raise refuse_operator(node)
    same(walk, node)
