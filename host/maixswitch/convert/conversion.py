"""The way of a conversion: ONNX file -> graph -> integer steps -> kmodel -> report; nothing is written on the way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maixswitch import board_code, console
from maixswitch.errors import EXIT_USAGE, MaixSwitchError
from maixswitch.kmodel.judge.memory import region
from maixswitch.kmodel.run.model import KModel, load
from maixswitch.kmodel.run.runtimes import DEFAULT_RUNTIME, RUNTIMES
from maixswitch.language import tr

from . import emulate, images
from .agreement import Agreement
from .compare import Comparison
from .float_net import FloatNet
from .ir import Graph
from .lower import Lowered, lower
from .onnx_reader import read
from .pixels import in_pixels
from .quantise import quantise
from .report import Facts
from .steps import Quantised, Quantize

Pictures = NDArray[np.uint8]
NOISE = 16
"""Pictures of noise for a trial without any."""


@dataclass(frozen=True)
class Wishes:
    """``folder`` of pictures, or None for noise; ``kind`` and ``anchors`` "" and () where the network tells.

    The file is judged as ``runtime`` (kmodel.runtimes) computes it.
    The network wants ``(pixel * scale - mean) / std`` of pixels 0..255, see ``onnx_reader.read``; ``calibrate``: at
    most so many pictures measure the ranges; ``hold_back``: share (0..0.9) of all that only compare.
    """

    network: Path
    output: Path
    folder: Path | None = None
    kind: str = ""
    anchors: tuple[float, ...] = ()
    calibrate: int = images.MOST
    hold_back: float = 0.2
    scale: float | None = None
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    runtime: str = DEFAULT_RUNTIME


def convert(wishes: Wishes) -> Facts:
    """The kmodel of an ONNX network and all that a report tells of it.

    MaixSwitchError for what cannot be read, mapped or held by the chip, with what to change.
    """
    began = perf_counter()
    graph = read(wishes.network, wishes.scale, wishes.mean, wishes.std)
    shape = graph.shapes[graph.input]
    chosen, others = _pictures(wishes, shape)
    network = FloatNet(wishes.network)
    with console.progress(tr("measuring and quantising")):
        quantised = quantise(in_pixels(graph), chosen)
    lowered = lower(quantised)
    model = load(lowered.data, runtime=wishes.runtime)
    kind = _kind(wishes, model)
    seen = others if len(others) else chosen
    classes = kind in board_code.kinds() and board_code.kinds()[kind].SHAPE == board_code.shapes().BARS
    agreement = Agreement(kind) if classes or wishes.anchors else None
    comparison, elsewhere = Comparison(), _elsewhere(quantised, lowered, wishes.runtime)
    with console.progress(tr("comparing"), len(seen)) as advance:
        for picture in seen:
            wanted = _wanted(graph, network, quantised, picture)
            found = emulate.run(model, lowered, quantised, picture)
            comparison.add(quantised, found, wanted)
            for other, answers in elsewhere:
                answers.add(quantised, dict(zip(quantised.outputs, other.run(picture), strict=True)), wanted)
            _agree(agreement, quantised, found, wanted, wishes.anchors)
            advance()
    return Facts(
        network=wishes.network,
        output=wishes.output,
        quantised=quantised,
        lowered=lowered,
        model=model,
        nearness=comparison.tensors,
        elsewhere={other.runtime: answers.tensors for other, answers in elsewhere},
        agreement=agreement,
        kind=kind,
        calibrated=len(chosen),
        held_back=len(others),
        noise=wishes.folder is None,
        seconds=perf_counter() - began,
        notes=graph.notes,
    )


def check_labels(facts: Facts, labels: Sequence[str]) -> None:
    """MaixSwitchError (usage) when there are labels, but not one for every class of the network."""
    if facts.kind in board_code.kinds() and board_code.kinds()[facts.kind].LABELS != "needed":
        return
    grid = region(facts.model)
    classes = grid.classes if facts.kind == "yolo2" and grid else facts.model.outputs[0].elements
    if labels and facts.kind and len(labels) != classes:
        raise MaixSwitchError(
            tr("--labels: {found} names, the network has {wanted} classes", found=len(labels), wanted=classes),
            EXIT_USAGE,
        )


def _pictures(wishes: Wishes, shape: Sequence[int]) -> tuple[Pictures, Pictures]:
    """(those that measure the ranges, those held back); every so manieth is held back."""
    if len(shape) != 3:
        raise MaixSwitchError(tr("the network takes no picture (input {shape})", shape="x".join(map(str, shape))))
    if wishes.folder is None:
        found = np.random.default_rng(0).integers(0, 256, (NOISE, *shape)).astype(np.uint8)
    else:
        most = round(wishes.calibrate / (1 - wishes.hold_back))
        found = images.load(wishes.folder, shape, max(most, 1))
    held = min(round(len(found) * wishes.hold_back), len(found) - 1)
    places = np.linspace(0, len(found) - 1, held + 2).round().astype(int)[1:-1] if held else np.zeros(0, int)
    return np.delete(found, places, axis=0), found[places]


def _kind(wishes: Wishes, model: KModel) -> str:
    kinds = board_code.kinds()
    if wishes.kind and wishes.kind not in kinds:
        raise MaixSwitchError(
            tr("--kind {kind}: wanted one of {kinds}", kind=wishes.kind, kinds=", ".join(kinds)), EXIT_USAGE
        )
    if wishes.kind == "yolo2" and region(model) is None:
        raise MaixSwitchError(
            tr(
                "--kind yolo2: the network has no output of (classes + 5) x 5 channels, found {found}",
                found=_ends(model),
            ),
            EXIT_USAGE,
        )
    if wishes.kind:
        return wishes.kind
    if region(model) is not None:
        return "yolo2"
    return "classifier" if len(model.outputs) == 1 and _is_flat(model) else ""


def _is_flat(model: KModel) -> bool:
    shape = model.outputs[0].shape
    return shape is None or int(np.prod(shape)) == max(shape)


def _ends(model: KModel) -> str:
    return ", ".join("x".join(map(str, tensor.shape or (tensor.elements,))) for tensor in model.outputs)


def _elsewhere(quantised: Quantised, lowered: Lowered, runtime: str) -> list[tuple[KModel, Comparison]]:
    """The file as the other runtimes compute it, if it has a layer that they do not compute alike but for last digits.

    That is QUANTIZE: dense layers are written without an activation.
    """
    if not any(isinstance(step, Quantize) for step in quantised.steps):
        return []
    return [(load(lowered.data, runtime=name), Comparison()) for name in RUNTIMES if name != runtime]


def _wanted(graph: Graph, network: FloatNet, quantised: Quantised, picture: Pictures) -> dict[str, Any]:
    """The tensors of the float network for one picture."""
    names = sorted({name for name in quantised.origin.values() if name != graph.input})
    factor, offset = np.array(graph.pixels, np.float32).T.reshape(2, 1, -1, 1, 1)
    units = picture[None].astype(np.float32) * factor + offset
    wanted = {name: values[0] for name, values in network.run(units, names).items()}
    return emulate.reordered(wanted, graph.orders)


def _agree(
    agreement: Agreement | None,
    quantised: Quantised,
    found: dict[str, Any],
    wanted: dict[str, Any],
    anchors: Sequence[float],
) -> None:
    name = quantised.outputs[0]
    original = quantised.origin.get(name, name)
    if agreement is None or original not in wanted:
        return
    if agreement.kind == "yolo2":
        shape = quantised.shapes[name]
        agreement.add_boxes(wanted[original].reshape(shape), found[name].reshape(shape), anchors)
    else:
        agreement.add_classes(wanted[original].reshape(-1), found[name].reshape(-1))
