"""The way of a conversion: ONNX file -> graph -> integer layers -> kmodel -> report. Nothing is written on the way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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

from .graph.graph import Graph
from .graph.pixels import in_pixels
from .lower.layers import Quantised, Quantize
from .lower.lower import Lowered, lower
from .quantise import images
from .quantise.quantiser import quantise
from .read.onnx_reader import read
from .report import emulate
from .report.agreement import Agreement
from .report.compare import Comparison
from .report.document import Facts
from .report.float_net import FloatNet

Pictures = NDArray[np.uint8]
NOISE = 16
"""Pictures of noise for a trial without any."""


@dataclass(frozen=True)
class Options:
    """What the user asks for.

    network, output: the files.
    folder: of pictures, or None for noise.
    kind, anchors: "" and () where the network tells.
    calibrate: at most so many pictures measure the ranges.
    hold_back: share (0..0.9) of all pictures that only compare.
    scale, mean, std: the network gets ``(pixel * scale - mean) / std`` of pixels 0..255, see ``onnx_reader.read``.
    runtime: whose arithmetic judges the file (kmodel.runtimes).
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


def convert(options: Options) -> Facts:
    """Returns the kmodel of an ONNX network and all that a report says about it.

    MaixSwitchError for what cannot be read or mapped, or is beyond the chip, with what to change.
    """
    began = perf_counter()
    graph = read(options.network, options.scale, options.mean, options.std)
    shape = graph.shapes[graph.input]
    calibration, held_back = _pictures(options, shape)
    network = FloatNet(options.network)
    with console.progress(tr("measuring and quantising")):
        quantised = quantise(in_pixels(graph), calibration)
    lowered = lower(quantised)
    model = load(lowered.data, runtime=options.runtime)
    kind = _kind(options, model)
    # Pictures that measured the ranges flatter the result, but where too few are there, they are better than nothing.
    pictures = held_back if len(held_back) else calibration
    classes = kind in board_code.kinds() and board_code.kinds()[kind].SHAPE == board_code.shapes().BARS
    agreement = Agreement(kind) if classes or options.anchors else None
    comparison, elsewhere = Comparison(), _elsewhere(quantised, lowered, options.runtime)
    with console.progress(tr("comparing"), len(pictures)) as advance:
        for picture in pictures:
            exact = _float_tensors(graph, network, quantised, picture)
            tensors = emulate.run(model, lowered, quantised, picture)
            comparison.add(quantised, tensors, exact)
            for other, answers in elsewhere:
                answers.add(quantised, dict(zip(quantised.outputs, other.run(picture), strict=True)), exact)
            _agree(agreement, quantised, tensors, exact, options.anchors)
            advance()
    return Facts(
        network=options.network,
        output=options.output,
        quantised=quantised,
        lowered=lowered,
        model=model,
        nearness=comparison.tensors,
        elsewhere={other.runtime: answers.tensors for other, answers in elsewhere},
        agreement=agreement,
        kind=kind,
        calibrated=len(calibration),
        held_back=len(held_back),
        noise=options.folder is None,
        seconds=perf_counter() - began,
        notes=tuple(graph.notes),
    )


def check_labels(facts: Facts, labels: Sequence[str]) -> None:
    """Raises MaixSwitchError (usage) when there are labels, but not one for every class of the network."""
    if facts.kind in board_code.kinds() and board_code.kinds()[facts.kind].LABELS != "needed":
        return
    grid = region(facts.model)
    classes = grid.classes if facts.kind == "yolo2" and grid else facts.model.outputs[0].elements
    if labels and facts.kind and len(labels) != classes:
        raise MaixSwitchError(
            tr("--labels: {found} names, the network has {wanted} classes", found=len(labels), wanted=classes),
            EXIT_USAGE,
        )


def _pictures(options: Options, shape: Sequence[int]) -> tuple[Pictures, Pictures]:
    """Returns those that measure the ranges, and those held back, which are spread evenly over all."""
    if len(shape) != 3:
        raise MaixSwitchError(tr("the network's input {shape} is not a picture", shape="x".join(map(str, shape))))
    if options.folder is None:
        pictures = np.random.default_rng(0).integers(0, 256, (NOISE, *shape)).astype(np.uint8)
    else:
        most = round(options.calibrate / (1 - options.hold_back))
        pictures = images.load(options.folder, shape, max(most, 1))
    held = min(round(len(pictures) * options.hold_back), len(pictures) - 1)
    numbers = np.linspace(0, len(pictures) - 1, held + 2).round().astype(int)[1:-1] if held else np.zeros(0, int)
    return np.delete(pictures, numbers, axis=0), pictures[numbers]


def _kind(options: Options, model: KModel) -> str:
    """Returns the kind that the user or the network says; "" if the network fits none."""
    kinds = board_code.kinds()
    if options.kind and options.kind not in kinds:
        raise MaixSwitchError(
            tr("--kind {kind}: wanted one of {kinds}", kind=options.kind, kinds=", ".join(kinds)), EXIT_USAGE
        )
    if options.kind == "yolo2" and region(model) is None:
        raise MaixSwitchError(
            tr(
                "--kind yolo2: the network has no output of (classes + 5) x 5 channels, found {found}",
                found=", ".join("x".join(map(str, tensor.shape or (tensor.elements,))) for tensor in model.outputs),
            ),
            EXIT_USAGE,
        )
    if options.kind:
        return options.kind
    if region(model) is not None:
        return "yolo2"
    return "classifier" if len(model.outputs) == 1 and _is_flat(model) else ""


def _is_flat(model: KModel) -> bool:
    shape = model.outputs[0].shape
    return shape is None or int(np.prod(shape)) == max(shape)


def _elsewhere(quantised: Quantised, lowered: Lowered, runtime: str) -> list[tuple[KModel, Comparison]]:
    """Returns the file as the other runtimes compute it, if they disagree about one of its layers.

    That is QUANTIZE, by more than last digits. Dense layers are written without an activation.
    """
    if not any(isinstance(layer, Quantize) for layer in quantised.layers):
        return []
    return [(load(lowered.data, runtime=name), Comparison()) for name in RUNTIMES if name != runtime]


def _float_tensors(graph: Graph, network: FloatNet, quantised: Quantised, picture: Pictures) -> dict[str, Any]:
    """Returns the tensors of the float network for one picture."""
    names = sorted({name for name in quantised.origin.values() if name != graph.input})
    factor, offset = np.array(graph.pixels, np.float32).T.reshape(2, 1, -1, 1, 1)
    units = picture[None].astype(np.float32) * factor + offset
    tensors = {name: values[0] for name, values in network.run(units, names).items()}
    return emulate.reordered(tensors, graph.orders)


def _agree(
    agreement: Agreement | None,
    quantised: Quantised,
    tensors: Mapping[str, Any],
    exact: Mapping[str, Any],
    anchors: Sequence[float],
) -> None:
    """Counts what the first outputs of both networks say about one picture."""
    name = quantised.outputs[0]
    original = quantised.origin.get(name, name)
    if agreement is None or original not in exact:
        return
    if agreement.kind == "yolo2":
        shape = quantised.shapes[name]
        agreement.add_boxes(exact[original].reshape(shape), tensors[name].reshape(shape), anchors)
    else:
        agreement.add_classes(exact[original].reshape(-1), tensors[name].reshape(-1))
