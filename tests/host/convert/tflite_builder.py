"""Writes small .tflite files for the tests, and runs them: imported in onnxruntime, and in TensorFlow's own runtime."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
import onnxruntime
import pytest
import tflite
from numpy.typing import NDArray

from maixswitch.convert.read.tflite.network import model_of

Array = NDArray[Any]
Options = tuple[str, Mapping[str, Any]] | bytes
TYPES = {np.float32: 0, np.float16: 1, np.int32: 2, np.uint8: 3, np.int64: 4, np.bool_: 6, np.int16: 7, np.int8: 9}
VERSIONS = {"BROADCAST_TO": 2}
"""Of operators whose first version the reference no longer has."""


class Build:
    """Collects tensors and operators; a tensor is known by its number."""

    def __init__(self) -> None:
        self.tensors: list[dict[str, Any]] = []
        self.operators: list[tuple[str, Sequence[int], Sequence[int], Options | None]] = []
        self.inputs: list[int] = []
        self.outputs: list[int] = []

    def tensor(
        self,
        shape: Sequence[int] = (),
        kind: Any = np.float32,
        data: Array | None = None,
        name: str | None = None,
        scales: Sequence[float] = (),
        zeros: Sequence[int] = (),
        axis: int = 0,
        signature: Sequence[int] = (),
    ) -> int:
        number = len(self.tensors)
        self.tensors.append(
            {
                "shape": list(shape),
                "kind": kind if isinstance(kind, int) else TYPES[kind],
                "data": None if data is None else data.tobytes(),
                "name": f"t{number}" if name is None else name,
                "scales": list(scales),
                "zeros": list(zeros),
                "axis": axis,
                "signature": list(signature),
            }
        )
        return number

    def constant(self, value: Any, kind: Any = np.float32, **more: Any) -> int:
        array = np.asarray(value, kind)
        return self.tensor(array.shape, kind, array, **more)

    def input(self, shape: Sequence[int], kind: Any = np.float32, **more: Any) -> int:
        self.inputs.append(self.tensor(shape, kind, name="picture", **more))
        return self.inputs[-1]

    def operator(
        self, code: str, inputs: Sequence[int], options: Options | None = None, outputs: int = 1, **more: Any
    ) -> int:
        """Add an operator and return its first result."""
        first = len(self.tensors)
        results = [self.tensor(**more) for _ in range(outputs)]
        self.operators.append((code, list(inputs), results, options))
        self.outputs = results
        return first

    def file(self) -> bytes:
        """Return the bytes of the file, whose outputs are the results of the last operator."""
        b = flatbuffers.Builder(1 << 16)
        kinds = list(dict.fromkeys(kind for kind, *_ in self.operators))
        codes = [_code(b, kind) for kind in kinds]
        buffers = [_table(b, "Buffer", {})]
        tensors = []
        for tensor in self.tensors:
            buffer = 0
            if tensor["data"] is not None:
                buffer = len(buffers)
                buffers.append(_table(b, "Buffer", {"Data": b.CreateByteVector(tensor["data"])}))
            tensors.append(_tensor(b, tensor, buffer))
        operators = [
            _table(
                b,
                "Operator",
                {
                    "OpcodeIndex": kinds.index(kind),
                    "Inputs": _integers(b, inputs),
                    "Outputs": _integers(b, outputs),
                    **_options(b, options),
                },
            )
            for kind, inputs, outputs, options in self.operators
        ]
        graph = _table(
            b,
            "SubGraph",
            {
                "Tensors": _offsets(b, tensors),
                "Inputs": _integers(b, self.inputs),
                "Outputs": _integers(b, self.outputs),
                "Operators": _offsets(b, operators),
            },
        )
        parts = {"Version": 3, "OperatorCodes": _offsets(b, codes), "Subgraphs": _offsets(b, [graph])}
        b.Finish(_table(b, "Model", {**parts, "Buffers": _offsets(b, buffers)}), b"TFL3")
        return bytes(b.Output())


def _table(b: flatbuffers.Builder, name: str, fields: Mapping[str, Any]) -> int:
    getattr(tflite, f"{name}Start")(b)
    for field, value in fields.items():
        getattr(tflite, f"{name}Add{field}")(b, value)
    return int(getattr(tflite, f"{name}End")(b))


def _offsets(b: flatbuffers.Builder, offsets: Sequence[int]) -> int:
    b.StartVector(4, len(offsets), 4)
    for offset in reversed(offsets):
        b.PrependUOffsetTRelative(offset)
    return int(b.EndVector())


def _integers(b: flatbuffers.Builder, numbers: Sequence[int]) -> int:
    return int(b.CreateNumpyVector(np.asarray(numbers, np.int32)))


def _code(b: flatbuffers.Builder, kind: str) -> int:
    number = getattr(tflite.BuiltinOperator, kind, tflite.BuiltinOperator.CUSTOM)
    fields: dict[str, Any] = {
        "DeprecatedBuiltinCode": min(number, 127),
        "BuiltinCode": number,
        "Version": VERSIONS.get(kind, 1),
    }
    if number == tflite.BuiltinOperator.CUSTOM:
        fields["CustomCode"] = b.CreateString(kind)
    return _table(b, "OperatorCode", fields)


def _options(b: flatbuffers.Builder, options: Options | None) -> dict[str, Any]:
    if options is None:
        return {}
    # An operator of its author's own has options that only its author can read.
    if isinstance(options, bytes):
        return {"CustomOptions": b.CreateByteVector(options)}
    name, fields = options
    values = {field: _integers(b, value) if isinstance(value, list) else value for field, value in fields.items()}
    return {"BuiltinOptionsType": getattr(tflite.BuiltinOptions, name), "BuiltinOptions": _table(b, name, values)}


def _tensor(b: flatbuffers.Builder, tensor: Mapping[str, Any], buffer: int) -> int:
    name, shape = b.CreateString(tensor["name"]), _integers(b, tensor["shape"])
    fields = {"Shape": shape, "Type": tensor["kind"], "Buffer": buffer, "Name": name}
    if tensor["signature"]:
        fields["ShapeSignature"] = _integers(b, tensor["signature"])
    if tensor["scales"]:
        scales = b.CreateNumpyVector(np.asarray(tensor["scales"], np.float32))
        zeros = b.CreateNumpyVector(np.asarray(tensor["zeros"] or [0] * len(tensor["scales"]), np.int64))
        parts = {"Scale": scales, "ZeroPoint": zeros, "QuantizedDimension": tensor["axis"]}
        fields["Quantization"] = _table(b, "QuantizationParameters", parts)
    return _table(b, "Tensor", fields)


def picture(shape: Sequence[int], seed: int = 0) -> Array:
    """Return random numbers around 0, a few of them large, as float32."""
    return np.random.default_rng(seed).normal(0, 1.5, tuple(shape)).astype(np.float32)


def imported(data: bytes, x: Array, with_ranges: bool = False) -> list[Array]:
    """Return the outputs of the imported network in onnxruntime, in the layout of the file; ``x``: real numbers."""
    model = model_of(data, Path("net.tflite"), with_ranges)
    options = onnxruntime.SessionOptions()
    # Optimised, onnxruntime would compute pairs of QuantizeLinear and DequantizeLinear in whole numbers of its own.
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    first = x.ndim == 4 and x.shape[1] in (1, 3) and x.shape[3] not in (1, 3)
    feed = x.transpose(0, 3, 1, 2) if x.ndim == 4 and not first else x
    return [np.asarray(one) for one in session.run(None, {session.get_inputs()[0].name: np.ascontiguousarray(feed)})]


def referee(data: bytes, x: Array) -> list[Array]:
    """Return the outputs of TensorFlow's own runtime, as real numbers; skips the test if there is none."""
    name = "ai_edge_litert.interpreter"
    litert = pytest.importorskip(name, reason="ai-edge-litert, the reference, has no wheel for this system")
    resolver = litert.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    interpreter = litert.Interpreter(model_content=data, experimental_op_resolver_type=resolver)
    interpreter.allocate_tensors()
    about = interpreter.get_input_details()[0]
    interpreter.set_tensor(about["index"], _stored(about, x))
    interpreter.invoke()
    return [_real(one, interpreter.get_tensor(one["index"])) for one in interpreter.get_output_details()]


def _stored(about: Mapping[str, Any], x: Array) -> Array:
    if about["dtype"] is np.float32:
        return x
    scale, zero = about["quantization"]
    limits = np.iinfo(about["dtype"])
    return np.clip(np.round(x / scale) + zero, limits.min, limits.max).astype(about["dtype"])


def _real(about: Mapping[str, Any], array: Array) -> Array:
    scale, zero = about["quantization"]
    return (array.astype(np.float32) - zero) * np.float32(scale) if scale else array


def in_layout(output: Array, expected: Array) -> Array:
    """Return an output of four axes channels last, unless it is so already."""
    if output.ndim == 4:
        turned = output.transpose(0, 2, 3, 1)
        # Where both layouts have the expected shape, the nearer one is meant; the other would be far off.
        fits = [one for one in (turned, output) if one.shape == expected.shape]
        return min(fits, key=lambda one: float(np.abs(one - expected).max()), default=output)
    return output


def assert_equal(data: bytes, x: Array, tolerance: float = 1e-5) -> list[Array]:
    """Compare both, relative to the largest number of each output; return the reference's outputs."""
    expected, outputs = referee(data, x), imported(data, x)
    assert len(outputs) == len(expected)
    for output, reference in zip(outputs, expected, strict=True):
        turned = in_layout(output, reference)
        assert turned.shape == reference.shape
        np.testing.assert_allclose(turned, reference, tolerance, tolerance * float(np.abs(reference).max(initial=0)))
    return expected
