"""Runs a conversion: network file -> graph -> integer layers -> kmodel -> report. It writes no file."""

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
    """The options of a conversion.

    network, output: paths of the ONNX or TensorFlow Lite file and of the kmodel.
    folder: of pictures, or None for noise.
    kind, anchors: "" and () if the network tells them.
    calibrate: the largest number of pictures that measure the ranges.
    hold_back: share (0..0.9) of all pictures that are only compared.
    scale, mean, std: the network gets ``(pixel * scale - mean) / std`` of pixels 0..255, see ``onnx_reader.read``.
    runtime: whose arithmetic judges the kmodel (kmodel.runtimes).
    version: of the kmodel, 3 or 4.
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
    version: int = 3


def convert(options: Options) -> Facts:
    """Returns the kmodel of a network and everything that a report says about it.

    MaixSwitchError if the network cannot be read or converted, or does not fit the chip; it says what to change.
    """
    began = perf_counter()
    graph = read(options.network, options.scale, options.mean, options.std)
    # A file that cannot be converted has been refused by now, before any picture is read.
    shape = graph.shapes[graph.input]
    calibration, held_back = _pictures(options, shape)
    # The comparison needs results that share no code with this converter, so onnxruntime runs the original file.
    network = FloatNet(options.network)
    with console.progress(tr("measuring and quantising")):
        quantised = quantise(in_pixels(graph), calibration)
    lowered = lower(quantised, options.version)
    model = load(lowered.data, runtime=options.runtime)
    # The kind depends on the outputs of the file, so it is taken from the finished kmodel and not from the graph.
    kind = _kind(options, model)
    # Pictures that measured the ranges give too good results, but they are better than none.
    pictures = held_back if len(held_back) else calibration
    # Only answers that can be right or wrong are counted: a best class, or boxes if the anchors are known.
    classes = kind in board_code.kinds() and board_code.kinds()[kind].SHAPE == board_code.shapes().BARS
    agreement = Agreement(kind) if classes or options.anchors else None
    comparison, other_runtimes = Comparison(), _other_runtimes(quantised, lowered, options.runtime)
    with console.progress(tr("comparing"), len(pictures)) as advance:
        for picture in pictures:
            exact = _float_tensors(graph, network, quantised, picture)
            tensors = emulate.run(model, lowered, quantised, picture)
            comparison.add(quantised, tensors, exact)
            # For the other runtimes, only the outputs are compared.
            for other, answers in other_runtimes:
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
        other_runtimes={other.runtime: answers.tensors for other, answers in other_runtimes},
        agreement=agreement,
        kind=kind,
        calibrated=len(calibration),
        held_back=len(held_back),
        noise=options.folder is None,
        seconds=perf_counter() - began,
        notes=tuple(graph.notes),
    )


def check_labels(facts: Facts, labels: Sequence[str]) -> None:
    """Raises MaixSwitchError (usage) if there are labels, but not one for every class of the network."""
    # A kind that has its own names, or takes any number of labels, has no number to compare with.
    if facts.kind in board_code.kinds() and board_code.kinds()[facts.kind].LABELS != "needed":
        return
    grid = region(facts.model)
    # The channels of a YOLOv2 head are (classes + 5) for each box, so its elements say nothing about the classes.
    classes = grid.classes if facts.kind == "yolo2" and grid else facts.model.outputs[0].elements
    if labels and facts.kind and len(labels) != classes:
        raise MaixSwitchError(
            tr("--labels: {count} names, but the network has {classes} classes", count=len(labels), classes=classes),
            EXIT_USAGE,
        )


def _pictures(options: Options, shape: Sequence[int]) -> tuple[Pictures, Pictures]:
    """Returns the pictures that measure the ranges, and those held back, which are spread evenly over all."""
    if len(shape) != 3:
        raise MaixSwitchError(tr("the network's input {shape} is not a picture", shape="x".join(map(str, shape))))
    # The seed is fixed, because a trial without pictures should give the same file each time.
    if options.folder is None:
        pictures = np.random.default_rng(0).integers(0, 256, (NOISE, *shape)).astype(np.uint8)
    else:
        # So many pictures are loaded that ``calibrate`` of them are left after some are held back.
        most = round(options.calibrate / (1 - options.hold_back))
        pictures = images.load(options.folder, shape, max(most, 1))
    # At least one picture has to measure the ranges, whatever share the user holds back.
    held = min(round(len(pictures) * options.hold_back), len(pictures) - 1)
    # Neighbours in a folder often look alike, so the pictures held back are spread over the folder.
    numbers = np.linspace(0, len(pictures) - 1, held + 2).round().astype(int)[1:-1] if held else np.zeros(0, int)
    return np.delete(pictures, numbers, axis=0), pictures[numbers]


def _kind(options: Options, model: KModel) -> str:
    """Returns the kind that the user names, or else the kind that fits the network; "" if no kind fits."""
    kinds = board_code.kinds()
    # A wrong kind would only be noticed on the board, where the app misreads the outputs.
    if options.kind and options.kind not in kinds:
        raise MaixSwitchError(
            tr("--kind {kind}: expected one of {kinds}", kind=options.kind, kinds=", ".join(kinds)), EXIT_USAGE
        )
    if options.kind == "yolo2" and region(model) is None:
        raise MaixSwitchError(
            tr(
                "--kind yolo2: the network has no output of (classes + 5) x 5 channels; its outputs are {shapes}",
                shapes=", ".join("x".join(map(str, tensor.shape or (tensor.elements,))) for tensor in model.outputs),
            ),
            EXIT_USAGE,
        )
    # The user's choice comes first, because a flat output may also hold measurements.
    if options.kind:
        return options.kind
    # The shape of a YOLOv2 head is so rare that other outputs hardly ever have it.
    if region(model) is not None:
        return "yolo2"
    return "classifier" if len(model.outputs) == 1 and _is_flat(model) else ""


def _is_flat(model: KModel) -> bool:
    shape = model.outputs[0].shape
    return shape is None or int(np.prod(shape)) == max(shape)


def _other_runtimes(quantised: Quantised, lowered: Lowered, runtime: str) -> list[tuple[KModel, Comparison]]:
    """Returns the model on the other runtimes, if one of its layers gives clearly different results there.

    Only QUANTIZE does, because dense layers are written without an activation.
    """
    # Without such a layer, only last digits can differ, and running all pictures again would show nothing.
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
    """Counts whether the first outputs of both networks agree on one picture."""
    name = quantised.outputs[0]
    original = quantised.origin.get(name, name)
    # A tensor that the reader added is not in the file, so there is nothing to compare with.
    if agreement is None or original not in exact:
        return
    if agreement.kind == "yolo2":
        shape = quantised.shapes[name]
        agreement.add_boxes(exact[original].reshape(shape), tensors[name].reshape(shape), anchors)
    else:
        agreement.add_classes(exact[original].reshape(-1), tensors[name].reshape(-1))
