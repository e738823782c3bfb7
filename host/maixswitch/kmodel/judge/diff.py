"""Compares two models: header, list of layers, shapes, quantisation, addresses, weights.

Layers are paired by kind and shape, so that one inserted layer does not make all that follow look different.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields, is_dataclass
from difflib import SequenceMatcher
from typing import Any

import numpy as np

from maixswitch.kmodel.format.arrays import Array
from maixswitch.kmodel.format.layer_facts import LEARNED, conv_of, layer_title
from maixswitch.kmodel.format.program import Layer, Tensor
from maixswitch.kmodel.run.model import KModel
from maixswitch.kmodel.run.runtimes import runtime_named
from maixswitch.language import tr

from .consistency import expected

ADDRESSES = (
    *("image_src_addr", "image_dst_addr", "bwsx_base_addr", "para_start_addr", "active_addr", "send_data_out"),
    *("main_output", "layer_offset", "weights_offset", "norm_offset", "activation_offset"),
    *("input", "output", "a", "b", "row", "table", "parts"),
)
"""Fields that are addresses; they differ between two conversions of the same network."""
ZERO_POINTS = ("arg_x", "shr_x", "arg_w", "shr_w", "arg_add", "pad_value")
"""Registers that hold two zero points, in different forms in kmodel v3 and v4."""
Change = tuple[str, object, object]
"""(field, in the first file, in the second)"""
Unread = frozenset[tuple[str, str]]
"""(layer type, field) for each field that a runtime ignores."""


@dataclass(frozen=True)
class Weights:
    """The difference of two arrays of one size: ``changed`` of ``total`` values, by at most ``largest``."""

    name: str
    changed: int
    total: int
    largest: float

    def __str__(self) -> str:
        return tr(
            "{name}: {changed:,} of {total:,} differ, by at most {largest:g}",
            name=self.name,
            changed=self.changed,
            total=self.total,
            largest=self.largest,
        )


@dataclass(frozen=True)
class LayerDiff:
    """Two layers that belong together, or a single one (the other is None).

    fields: differences of the network itself.
    addresses: differences of the memory that it uses.
    weights: differences of what it has learned.
    ignored: differences of fields that the runtime never reads.
    """

    a: Layer | None
    b: Layer | None
    fields: tuple[Change, ...] = ()
    addresses: tuple[Change, ...] = ()
    weights: tuple[Weights, ...] = ()
    ignored: tuple[Change, ...] = ()

    @property
    def same(self) -> bool:
        """True if only addresses and ignored fields differ."""
        return self.a is not None and self.b is not None and not self.fields and not self.weights

    @property
    def title(self) -> str:
        layer = self.a or self.b
        assert layer is not None
        numbers = " / ".join("-" if item is None else str(item.index) for item in (self.a, self.b))
        return tr("layer {numbers} ({layer})", numbers=numbers, layer=layer_title(layer))


@dataclass(frozen=True)
class Difference:
    """The result of a comparison: ``header`` holds sizes and tensors, ``layers`` every pair in order."""

    header: tuple[Change, ...]
    layers: tuple[LayerDiff, ...] = field(default_factory=tuple)

    @property
    def same(self) -> bool:
        """True if both compute the same; the size of the file and addresses do not count."""
        # An address changes with the converter's version, and says nothing about the answers of the network.
        return not [change for change in self.header if change[0] not in NO_MATTER] and all(
            pair.same for pair in self.layers
        )


NO_MATTER = ("file size", "main memory")


def compare(a: KModel, b: KModel) -> Difference:
    """The differences from ``a`` to ``b``."""
    # The sizes are compared as well, since two conversions of one network may differ in memory alone.
    header: list[Change] = [
        ("version", a.version, b.version),
        ("file size", a.file_size, b.file_size),
        ("main memory", a.main_mem, b.main_mem),
        ("layers", len(a.layers), len(b.layers)),
    ]
    for name in ("inputs", "outputs"):
        before, after = getattr(a, name), getattr(b, name)
        header.append((name, len(before), len(after)))
        for index, (old, new) in enumerate(zip(before, after, strict=False)):
            header.append((f"{name[:-1]} {index}", _tensor(old), _tensor(new)))
    changed = tuple(change for change in header if change[1] != change[2])
    # A field is ignored only if neither runtime reads it, because it changes the results of one that does.
    return Difference(changed, tuple(_pairs(a.layers, b.layers, _unread(a) & _unread(b))))


def _unread(kmodel: KModel) -> Unread:
    """The fields that the model's runtime never reads."""
    return frozenset() if runtime_named(kmodel.runtime).dense_activation else frozenset({("fully_connected", "act")})


def document(difference: Difference) -> dict[str, Any]:
    """The result as a document that JSON can hold."""
    return {
        "schema": 1,
        "command": "kmodel diff",
        "same": difference.same,
        "header": [_change(change) for change in difference.header],
        "layers": [
            {
                "a": None if pair.a is None else pair.a.index,
                "b": None if pair.b is None else pair.b.index,
                "title": pair.title,
                "same": pair.same,
                "fields": [_change(change) for change in pair.fields],
                "places": [_change(change) for change in pair.addresses],
                "ignored": [_change(change) for change in pair.ignored],
                "weights": [
                    {"name": item.name, "changed": item.changed, "total": item.total, "largest": item.largest}
                    for item in pair.weights
                ],
            }
            for pair in difference.layers
            if not pair.same or pair.addresses or pair.ignored
        ],
    }


def text(difference: Difference) -> Iterator[str]:
    """The result as text, line by line."""
    for name, before, after in difference.header:
        yield f"{name}: {before} -> {after}"
    moved = sum(1 for pair in difference.layers if pair.addresses)
    for pair in difference.layers:
        # Layers that are the same would hide the few that differ.
        if pair.same and not pair.ignored:
            continue
        # A layer without a partner has nothing to compare. Its title says enough.
        if pair.a is None or pair.b is None:
            if pair.a is None:
                yield tr("{layer}: only in the second file", layer=pair.title)
            else:
                yield tr("{layer}: only in the first file", layer=pair.title)
            continue
        yield f"{pair.title}:"
        for name, before, after in pair.fields:
            yield f"  {name}: {_word(before)} -> {_word(after)}"
        for name, before, after in pair.ignored:
            note = tr("{name}: {before} -> {after}, ignored", name=name, before=before, after=after)
            yield f"  {note}"
        for weights in pair.weights:
            yield f"  {weights}"
    equal = sum(1 for pair in difference.layers if pair.same)
    if moved:
        yield tr(
            "{equal} of {layers} layers are the same, {moved} lie elsewhere in memory",
            equal=equal,
            layers=len(difference.layers),
            moved=moved,
        )
    else:
        yield tr("{equal} of {layers} layers are the same", equal=equal, layers=len(difference.layers))


def _word(value: object) -> str:
    return tr("(none)") if value is None else str(value)


def _change(change: Change) -> dict[str, object]:
    name, before, after = change
    return {"field": name, "a": before, "b": after}


def _tensor(tensor: Tensor) -> str:
    shape = "x".join(map(str, tensor.shape)) if tensor.shape else f"{tensor.elements} values"
    return f"{shape} {tensor.dtype} in {tensor.memory}"


def _signature(layer: Layer) -> tuple[object, ...]:
    conv = conv_of(layer)
    if conv is None:
        written = tuple((use.shape, use.size, use.dtype) for use in layer.written())
        return ("cpu", layer.name.removeprefix("quantized_"), written)
    return ("kpu", conv.depthwise, conv.kernel, conv.pool, conv.input, conv.output)


def _pairs(a: tuple[Layer, ...], b: tuple[Layer, ...], unread: Unread) -> Iterator[LayerDiff]:
    # ``autojunk`` would treat layers that occur often, such as 3x3 convolutions, as noise.
    matcher = SequenceMatcher(None, [_signature(item) for item in a], [_signature(item) for item in b], autojunk=False)
    for tag, start_a, end_a, start_b, end_b in matcher.get_opcodes():
        if tag == "equal":
            for first, second in zip(a[start_a:end_a], b[start_b:end_b], strict=True):
                yield _pair(first, second, unread)
            continue
        # In a stretch that does not match, layers of the same name are paired in order. The others stand alone.
        left, right = list(a[start_a:end_a]), list(b[start_b:end_b])
        while left and right and left[0].name == right[0].name:
            yield _pair(left.pop(0), right.pop(0), unread)
        yield from (LayerDiff(layer, None) for layer in left)
        yield from (LayerDiff(None, layer) for layer in right)


def _pair(a: Layer, b: Layer, unread: Unread) -> LayerDiff:
    before, after = dict(_values(a)), dict(_values(b))
    changed: list[Change] = []
    addresses: list[Change] = []
    weights: list[Weights] = []
    ignored: list[Change] = []
    # Other KPU layers are compared by their registers, which tell more than the type.
    if a.name != b.name and conv_of(a) is None:
        changed.append(("type", a.name, b.name))
    # The two versions of the format have different fields, so the names of both are asked.
    for name in dict.fromkeys([*before, *after]):
        old, new = before.get(name), after.get(name)
        if isinstance(old, np.ndarray) and isinstance(new, np.ndarray):
            # Arrays of different sizes cannot be subtracted, so the sizes are shown.
            if old.shape != new.shape:
                changed.append((f"shape of {name}", old.shape, new.shape))
            elif not np.array_equal(old, new):
                weights.append(_weights(name, old, new))
        elif not _equal(old, new):
            # An address says nothing about the network, and what the runtime never reads changes nothing.
            changes = changed
            if name in ADDRESSES or _is_range(old) or _is_range(new):
                changes = addresses
            elif {(a.name, name), (b.name, name)} <= unread:
                changes = ignored
            changes.append((name, _show(old), _show(new)))
    return LayerDiff(a, b, tuple(changed), tuple(addresses), tuple(weights), tuple(ignored))


def _weights(name: str, a: Array, b: Array) -> Weights:
    gap = np.abs(a.astype(np.float64) - b.astype(np.float64))
    return Weights(name, int(np.count_nonzero(a != b)), int(a.size), float(np.nanmax(gap, initial=0.0)))


def _values(layer: Layer) -> Iterator[tuple[str, Any]]:
    """Names and values of all fields of a layer; what it has learned are arrays."""
    conv = conv_of(layer)
    if conv is None:
        yield from _plain(layer.spec)
        return
    # Zero points that follow the usual rule are shown as two plain numbers, instead of six registers.
    rule = expected(conv)
    zeros = {name: rule.get(name, conv.registers[name]) == conv.registers[name] for name in ZERO_POINTS}
    for name, value in conv.registers.items():
        if not zeros.get(name, False):
            yield name, value
    yield "zero point of the input", -(conv.registers["arg_w"] >> conv.registers["shr_w"])
    yield "zero point of the weights", -(conv.registers["arg_x"] >> conv.registers["shr_x"])
    yield "weights", conv.weights
    for name, table in (("batch norm", conv.norm), ("activation", conv.activation)):
        for entry in fields(table):
            yield f"{name} {entry.name}", getattr(table, entry.name)


def _plain(spec: Any) -> Iterator[tuple[str, Any]]:
    for entry in fields(spec):
        value = getattr(spec, entry.name)
        # Lists of addresses are not learned, and they are short enough to be shown as they are.
        if isinstance(value, np.ndarray) and entry.name not in LEARNED:
            value = tuple(value.reshape(-1).tolist())
        yield entry.name, value


def _is_range(value: object) -> bool:
    return type(value).__name__ == "Range"


def _equal(a: object, b: object) -> bool:
    # NaN differs from itself, and two NaN of two files are the same setting.
    return a == b or (a != a and b != b)


def _show(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        return ", ".join(f"{entry.name} {getattr(value, entry.name)}" for entry in fields(value))
    return list(value) if isinstance(value, tuple) else value
