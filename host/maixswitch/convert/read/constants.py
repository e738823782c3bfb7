"""Evaluates nodes of constants and shapes once with onnx.reference, instead of on the board.

A file may ask for any amount of work and memory. So only operators are evaluated whose work depends on the size of
their inputs and their result, and the size of the result is inferred before it is computed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maixswitch.convert.graph.importer import LARGEST
from maixswitch.convert.graph.onnx_node import OnnxNode
from maixswitch.convert.refusals import AGAIN
from maixswitch.language import tr, word

Data = NDArray[Any]
MOST_READ = 1 << 16
"""Elements of a constant whose values may decide a shape. Larger ones are weights."""
EVALUATED = frozenset(
    (
        *("Constant", "ConstantOfShape", "Identity", "Dropout", "Cast", "Shape", "Size", "Range"),
        *("Gather", "GatherElements", "GatherND", "Slice", "Concat", "Split", "Expand", "Tile", "Pad", "Where"),
        *("Reshape", "Transpose", "Squeeze", "Unsqueeze", "Flatten"),
        *("Add", "Sub", "Mul", "Div", "Pow", "Mod", "Min", "Max", "Clip"),
        *("Neg", "Abs", "Sign", "Sqrt", "Exp", "Log", "Reciprocal", "Floor", "Ceil", "Round"),
        *("And", "Or", "Not", "Xor", "Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual"),
        *("ReduceProd", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceMean", "ArgMax", "ArgMin"),
    )
)


def evaluate(node: OnnxNode, arguments: Sequence[Data | None], opset: int) -> tuple[Data, ...] | None:
    """Returns the node's results; None if it is not one of ``EVALUATED``.

    arguments: arrays, None for an input that is left out.
    opset: version of the operators.
    MaixSwitchError if the arguments do not fit the node, or anything is too large.
    """
    if node.kind not in EVALUATED:
        return None
    # The inputs are checked first, because even the inference of sizes reads some of them.
    if sum(array.size for array in arguments if array is not None) > LARGEST:
        raise node.refused(tr("it does not fit its inputs: {error}", error="too large"), word(AGAIN))
    try:
        # The result is bounded before it exists: a ConstantOfShape of a few bytes may ask for terabytes.
        if any(size > LARGEST for size in _sizes(node, arguments, opset)):
            raise ValueError("too large")
        return _results(node, arguments, opset)
    except Exception as error:  # onnx raises its own and numpy's exceptions, depending on the file
        # The first line tells the reason. The following lines are traces of a library.
        why = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise node.refused(tr("it does not fit its inputs: {error}", error=why), word(AGAIN)) from error


def _named(node: OnnxNode, arguments: Sequence[Data | None]) -> dict[str, Data]:
    return {name: array for name, array in zip(node.inputs, arguments, strict=True) if array is not None}


def inferred_shapes(node: OnnxNode, arguments: Sequence[Data | None], opset: int) -> list[tuple[int, ...] | None]:
    """Returns the shape of each result, None for one that onnx cannot infer; the arguments are as in ``evaluate``."""
    try:
        return _shapes(node, arguments, opset)
    except Exception:  # onnx raises its own exceptions, depending on the file; then nothing is known
        return [None for name in node.outputs if name]


def _sizes(node: OnnxNode, arguments: Sequence[Data | None], opset: int) -> list[float]:
    """The number of elements of each result, by onnx's inference. ValueError if it cannot infer one."""
    shapes = _shapes(node, arguments, opset)
    # A size that onnx cannot infer may be any size, so the node is refused.
    if None in shapes:
        raise ValueError("the size of its result is unknown")
    return [float(np.prod([float(side) for side in shape or ()])) for shape in shapes]


def _shapes(node: OnnxNode, arguments: Sequence[Data | None], opset: int) -> list[tuple[int, ...] | None]:
    from onnx import defs, helper, numpy_helper, shape_inference

    arrays = _named(node, arguments)
    types = {
        name: helper.make_tensor_type_proto(helper.np_dtype_to_tensor_dtype(array.dtype), array.shape)
        for name, array in arrays.items()
    }
    # The inference gets the values as well as the types, because the size of a Reshape or Range depends on them.
    tensors = {name: numpy_helper.from_array(array, name) for name, array in arrays.items() if array.size <= MOST_READ}
    schema = defs.get_schema(node.kind, opset, "")
    inferred = shape_inference.infer_node_outputs(
        schema, node.proto, types, tensors, opset_imports=[helper.make_opsetid("", opset)]
    )
    shapes: list[tuple[int, ...] | None] = []
    for name in filter(None, node.outputs):
        dims = inferred[name].tensor_type.shape.dim if name in inferred else []
        known = name in inferred and inferred[name].tensor_type.HasField("shape")
        known = known and all(dim.HasField("dim_value") for dim in dims)
        shapes.append(tuple(int(dim.dim_value) for dim in dims) if known else None)
    return shapes


def _results(node: OnnxNode, arguments: Sequence[Data | None], opset: int) -> tuple[Data, ...]:
    from onnx import TypeProto, helper
    from onnx.reference import ReferenceEvaluator

    arrays = _named(node, arguments)
    inputs = [helper.make_value_info(name, TypeProto()) for name in arrays]
    outputs = [helper.make_value_info(name, TypeProto()) for name in node.outputs if name]
    graph = helper.make_graph([node.proto], "constant", inputs, outputs)
    with np.errstate(all="ignore"):  # weights that are not finite are refused where they are used
        results = iter(ReferenceEvaluator(graph, opsets={"": opset}).run(None, arrays))
    return tuple(np.asarray(next(results)) if name else np.zeros(0) for name in node.outputs)
