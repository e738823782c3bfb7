"""Brings a loaded network to the form that the readers know: a recent version of the operators, and a batch of 1."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from maixswitch.errors import MaixSwitchError
from maixswitch.language import tr

if TYPE_CHECKING:
    from onnx import ModelProto, ValueInfoProto

OLDEST, LEAST = 7, 11
"""The oldest opset that onnx's converter can lift, and the oldest that the readers know."""
FUSED = ("com.microsoft", "FusedConv")
PARAMETERS = {"LeakyRelu": ("alpha",), "HardSigmoid": ("alpha", "beta"), "Elu": ("alpha",)}
"""The attributes that a joined activation states as a list of numbers."""
OWN = ("", "ai.onnx")
"""Names of ONNX's own domain."""


def lifted(model: ModelProto, path: Path) -> ModelProto:
    """Returns the network with an opset of at least ``LEAST`` and a batch of 1; ``path`` is for messages.

    MaixSwitchError if the opset is unknown, or if onnx's converter cannot lift it.
    """
    from onnx import defs

    _separate(model)
    versions = [item.version for item in model.opset_import if item.domain in OWN]
    newest = defs.onnx_opset_version()
    if not versions or not OLDEST <= versions[0] <= newest:
        text = tr(
            "{path}: opset {opset}; expected {low} to {high}: export it again with opset_version=17",
            path=path,
            opset=versions[0] if versions else "?",
            low=OLDEST,
            high=newest,
        )
        raise MaixSwitchError(text)
    if versions[0] < LEAST:
        model = _newer(model, path, versions[0])
    _set_batch(model)
    return model


def _separate(model: ModelProto) -> None:
    """Replaces the convolutions that onnxruntime's optimiser has joined with an activation by the operators they were.

    Source: contrib operator com.microsoft.FusedConv, also with a fourth input that is added before the activation.
    """
    from onnx import TensorProto, helper

    nodes = []
    for node in model.graph.node:
        if (node.domain, node.op_type) != FUSED:
            nodes.append(node)
            continue
        stated = {item.name: helper.get_attribute_value(item) for item in node.attribute}
        curve, numbers = stated.pop("activation", b"").decode(), list(stated.pop("activation_params", []))
        output, name = node.output[0], node.name or node.output[0]
        steps = [helper.make_node("Conv", list(node.input[:3]), [output], name, **stated)]
        if len(node.input) > 3 and node.input[3]:
            steps.append(helper.make_node("Add", [output, node.input[3]], [output], f"{name}/Add"))
        if curve == "Clip":
            # Its limits were attributes until opset 6, and are inputs since opset 11.
            limits = [f"{output}/{end}" for end in ("low", "high")]
            model.graph.initializer.extend(
                helper.make_tensor(limit, TensorProto.FLOAT, [], [number])
                for limit, number in zip(limits, numbers, strict=False)
            )
            steps.append(helper.make_node("Clip", [output, *limits[: len(numbers)]], [output], f"{name}/Clip"))
        elif curve:
            given = dict(zip(PARAMETERS.get(curve, ()), numbers, strict=False))
            steps.append(helper.make_node(curve, [output], [output], f"{name}/{curve}", **given))
        # Only the last step has the name of the result.
        for index, (step, following) in enumerate(pairwise(steps)):
            step.output[0] = following.input[0] = f"{output}/step{index}"
        nodes += steps
    del model.graph.node[:]
    model.graph.node.extend(nodes)


def _newer(model: ModelProto, path: Path, version: int) -> ModelProto:
    """Returns the network with the operators of opset ``LEAST``."""
    from onnx import version_converter

    try:
        return version_converter.convert_version(model, LEAST)
    except Exception as error:  # the converter raises RuntimeError and exceptions of its own library
        # The reason stands at the end of a line that begins with a position in the source code of onnx.
        why = (str(error).strip().splitlines() or [type(error).__name__])[0].rpartition("failed: ")[2]
        text = tr(
            "{path}: opset {opset} cannot be lifted to {least}: {reason}; export it again with opset_version=17",
            path=path,
            opset=version,
            least=LEAST,
            reason=why,
        )
        raise MaixSwitchError(text) from error


def _set_batch(model: ModelProto) -> None:
    """Sets a fixed batch above 1 to 1 in the input, the outputs and the shapes that reshapes contain."""
    from onnx import numpy_helper

    graph = model.graph
    weights = {tensor.name: tensor for tensor in graph.initializer}
    inputs = [value for value in graph.input if value.name not in weights]
    batch = _first_size(inputs[0]) if len(inputs) == 1 else 1
    if batch < 2:
        return
    # Only sizes of four dimensions have a batch. A picture without one may be several pixels high.
    if len(inputs[0].type.tensor_type.shape.dim) != 4:
        return
    for value in (*inputs, *graph.output):
        if _first_size(value) == batch:
            value.type.tensor_type.shape.dim[0].dim_value = 1
    # Shapes of tensors inside are hints that would contradict the new batch.
    del graph.value_info[:]
    # Exporters write the batch as a number into the shapes of their reshapes.
    makers = {node.output[0]: node for node in graph.node if node.op_type == "Constant" and node.output}
    for name in {node.input[1] for node in graph.node if node.op_type == "Reshape" and len(node.input) > 1}:
        stored = [item.t for item in makers[name].attribute if item.name == "value"] if name in makers else []
        for tensor in [weights[name]] if name in weights else stored:
            shape = np.array(numpy_helper.to_array(tensor))
            if shape.ndim == 1 and shape.size and shape[0] == batch:
                shape[0] = 1
                tensor.CopyFrom(numpy_helper.from_array(shape, tensor.name))


def _first_size(value: ValueInfoProto) -> int:
    """The fixed first size of an input or output; 0 for an open one."""
    dims = value.type.tensor_type.shape.dim
    return int(dims[0].dim_value) if dims and dims[0].HasField("dim_value") else 0
