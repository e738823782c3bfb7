"""Rules about a network's outputs: the classes, grid and anchors of a detector, the scores of a classifier."""

from __future__ import annotations

from collections.abc import Iterator

from maixswitch import board_code
from maixswitch.card.options import Options
from maixswitch.card.reading import MAIXPY_PAIRS, Card, Model
from maixswitch.findings.finding import Finding, finding
from maixswitch.kmodel import KModel
from maixswitch.kmodel.judge.describe import shape_text
from maixswitch.kmodel.judge.nature import cells, nature
from maixswitch.kmodel.run.runtimes import MAIXPY
from maixswitch.language import tr


def look(card: Card, options: Options) -> Iterator[Finding]:
    """Compare each usable model.json with the layers of its network."""
    for model in card.networks:
        kmodel = model.kmodel
        # The board refuses such a model before it reads the outputs, and another rule reports why.
        if kmodel is None or model.spec is None or not model.spec.loadable:
            continue
        if model.spec.anchors:
            yield from classes(model, kmodel)
            # YOLOv3 has its anchors in pixels, so any size may be right.
            if not board_code.forwards(model.spec.kind):
                yield from decoder(model, options)
                yield from anchors(model, kmodel)
        elif board_code.has_field(model.spec.kind, "softmax"):
            yield from scores(model, kmodel)
        if expects(model):
            yield from other(model, kmodel)


def expects(model: Model) -> bool:
    """Does the model's kind take networks of one nature only: a YOLOv2 detector with classes, or a classifier?"""
    if board_code.has_field(model.spec.kind, "anchors"):
        return model.classes > 0 and not board_code.forwards(model.spec.kind)
    return board_code.has_field(model.spec.kind, "softmax")


def decoder(model: Model, options: Options) -> Iterator[Finding]:
    """Note a detector that the app itself must decode, which takes longer than the firmware's own decoder."""
    names = [item.name for item in options.flavours if item.runtime == MAIXPY.name]
    if names and model.own_decoder:
        actual = tr("{pairs} anchor pairs, {count} labels", pairs=len(model.spec.anchors) // 2, count=model.classes)
        expected = tr("{pairs} anchor pairs, and labels", pairs=MAIXPY_PAIRS)
        yield finding("C121", model.json, f"{model.prefix}anchors", actual, expected, firmware=", ".join(names))


def other(model: Model, kmodel: KModel) -> Iterator[Finding]:
    """Name a network that is neither a classifier nor a detector, although model.json says that it is one."""
    name = nature(kmodel)
    plain = len(kmodel.outputs) == 1 and cells(kmodel.outputs[0]) is None
    # One label for each value of a plain list shows that the values are scores.
    if name and not (plain and model.classes == kmodel.outputs[0].elements):
        yield finding("C230", model.file, found=name, wanted=str(model.spec.kind))


def classes(model: Model, kmodel: KModel) -> Iterator[Finding]:
    """Judge the number of labels: the output has anchor pairs x (classes + 5) channels."""
    pairs = len(model.spec.anchors) // 2
    heads = len(kmodel.outputs)
    # YOLOv3 shares its anchors out over its outputs; the board's reader has judged how.
    if board_code.forwards(model.spec.kind) and pairs % heads == 0:
        pairs //= heads
    elif heads != 1:  # YOLOv2 has one output
        yield finding("C214", model.file, found=tr("{count} outputs", count=heads), wanted=tr("1 output"))
        return
    tensor = kmodel.outputs[0]
    shape = tensor.shape[-3:] if tensor.shape and len(tensor.shape) >= 3 else ()
    if tensor.dtype != "float32":
        yield finding("C214", model.file, found=shape_text(tensor), wanted="float32")
    # Each anchor has four numbers for its box, one score, and one for each class.
    elif shape and (shape[0] % pairs or shape[0] // pairs < 5 or shape[1] * shape[2] < 2):
        expected = tr("{pairs} x (labels + 5) channels", pairs=pairs)
        yield finding("C214", model.file, found=shape_text(tensor), wanted=expected)
    elif shape and shape[0] // pairs - 5 != model.classes:
        expected = tr("{count} labels", count=shape[0] // pairs - 5)
        # The board's reader may report the same mistake, which needs only one finding.
        if not any(problem[1] == f"{model.prefix}labels" for problem in model.spec.problems):
            yield finding(
                "C213", model.json, f"{model.prefix}labels", tr("{count} labels", count=model.classes), expected
            )


def anchors(model: Model, kmodel: KModel) -> Iterator[Finding]:
    """Judge whether the anchors are in grid cells.

    The grid comes from the layers if they state it, since the board derives it from the labels, which may be wrong.
    """
    values = [float(value) for value in model.spec.anchors]
    shape = kmodel.outputs[0].shape or ()
    columns, rows = (shape[-1], shape[-2]) if len(shape) > 2 else model.spec.grid or (0, 0)
    first_values = ", ".join(f"{value:.3g}" for value in values[:4]) + ", ..."
    # No anchor is wrong by itself, so this is a guess: it gives a warning, with limits that no real training reaches.
    if columns > 1 and max(values) < 1:
        yield finding(
            "C215", model.json, f"{model.prefix}anchors", first_values, tr("grid cells"), columns=columns, rows=rows
        )
    elif columns and (max(values[::2]) > 2 * columns or max(values[1::2]) > 2 * rows):
        limits = tr("up to {columns} wide and {rows} high", columns=columns, rows=rows)
        yield finding("C216", model.json, f"{model.prefix}anchors", f"{max(values):.4g}", limits)


def scores(model: Model, kmodel: KModel) -> Iterator[Finding]:
    """Judge whether a kmodel v3 ends as "softmax" in model.json expects. (In v4 a softmax is several layers.)"""
    if kmodel.version != 3 or model.classes < 2 or kmodel.outputs[0].dtype != "float32":
        return
    # A logistic also gives scores from 0 to 1, and another softmax would flatten them.
    own = kmodel.layers[-1].name in ("softmax", "logistic")
    if own and model.spec.softmax:
        yield finding("C219", model.json, f"{model.prefix}softmax", kmodel.layers[-1].name)
    elif not own and not model.spec.softmax:
        yield finding("C218", model.json, f"{model.prefix}softmax", kmodel.layers[-1].name)
