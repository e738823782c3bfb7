"""Runs a conversion: network file -> graph -> integer layers -> kmodel -> report. It writes no file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maixswitch import board_code, console
from maixswitch.errors import EXIT_USAGE, MaixSwitchError
from maixswitch.kmodel.judge.memory import YOLO_ANCHORS
from maixswitch.kmodel.run.model import KModel, load
from maixswitch.kmodel.run.runtimes import DEFAULT_RUNTIME, RUNTIMES
from maixswitch.language import tr

from .fitting import check_lists, check_size, kind_of, several_outputs, yolo_classes
from .graph.graph import Graph
from .graph.pixels import in_pixels
from .lower.layers import Quantised, Quantize
from .lower.lower import AUTO, Lowered, lower
from .quantise import images
from .quantise.picture_sets import PictureSets, divided
from .quantise.quantiser import quantise
from .quantise.scales import without_range
from .quantise.sketch import sketch
from .read.onnx_reader import read
from .report import emulate
from .report.answers import Answer, compare_answers
from .report.compare import Comparison
from .report.facts import Facts
from .report.float_net import FloatNet
from .report.pixel_formulas import FormulaTrial, formula_of, try_formulas
from .report.truth import Truth, truth_of

Pictures = NDArray[np.uint8]
NOISE = 16
"""Pictures of noise, or made up, where there is no folder of pictures."""


@dataclass(frozen=True)
class Options:
    """The options of a conversion.

    network, output: paths of the ONNX or TensorFlow Lite file and of the kmodel.
    folder: of pictures or of a folder for each class, or None.
    noise: without a folder, measure noise; else the file has to state its ranges.
    kind, anchors: "" and () if the network tells them.
    calibrate: the largest number of pictures that measure the ranges.
    hold_back: share (0..0.9) of all pictures that are only compared.
    labels: names of the classes, to which the names of class folders are matched; () for none.
    any_size: convert a network for which no firmware has room, too.
    accept: gets a kmodel of the right sizes before any picture is read; it may raise MaixSwitchError.
    scale, mean, std: the network gets ``(pixel * scale - mean) / std`` of pixels 0..255, see ``onnx_reader.read``.
    runtime: whose arithmetic judges the kmodel (kmodel.runtimes).
    version: of the kmodel, 3 or 4, or AUTO for 3 if it has all layers.
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
    labels: tuple[str, ...] = ()
    any_size: bool = False
    noise: bool = True
    accept: Callable[[bytes], None] | None = None
    runtime: str = DEFAULT_RUNTIME
    version: int = AUTO


class PicturesNeeded(MaixSwitchError):
    """The error for a network whose ranges only pictures can tell."""


def convert(options: Options) -> Facts:
    """Returns the kmodel of a network and everything that a report says about it.

    MaixSwitchError if the network cannot be read or converted, or does not fit the chip; it says what to change.
    """
    began = perf_counter()
    graph = read(options.network, options.scale, options.mean, options.std)
    # Whatever does not depend on numbers is refused here, before any picture is read.
    in_bytes = in_pixels(graph)
    kind = _before_pictures(options, graph, in_bytes)
    sets = _pictures(options, graph.shapes[graph.input])
    # The comparison needs results that share no code with this converter, so onnxruntime runs the original file.
    network = FloatNet(options.network)
    with console.progress(tr("measuring and quantising")):
        quantised = quantise(in_bytes, sets.calibration)
    lowered = lower(quantised, options.version)
    model = load(lowered.data, runtime=options.runtime)
    # Only answers that can be right or wrong are counted: a best class, or boxes if the anchors are known.
    classes = kind in board_code.kinds() and board_code.kinds()[kind].LABELS == "needed"
    detects = kind == "yolo2" and options.anchors and yolo_classes(model, len(options.anchors) // 2)
    counted = kind if classes or detects else ""
    truth = truth_of(sets.loaded.folders if sets.loaded and classes else (), options.labels, model.outputs[0].elements)
    answers = _answers(sets, truth)
    trial = _tried_formulas(graph, network, quantised, sets, truth)
    comparison, other_runtimes = Comparison(), _other_runtimes(quantised, lowered, options.runtime)
    with console.progress(tr("comparing"), len(answers)) as advance:
        for answer in answers:
            exact = _float_tensors(graph, network, quantised, answer.pixels)
            tensors = emulate.run(model, lowered, quantised, answer.pixels)
            comparison.add(quantised, tensors, exact)
            # For the other runtimes, only the outputs are compared.
            for other, nearness in other_runtimes:
                nearness.add(quantised, dict(zip(quantised.outputs, other.run(answer.pixels), strict=True)), exact)
            compare_answers(answer, quantised, tensors, exact, counted, options.anchors)
            advance()
    return Facts(
        network=options.network,
        output=options.output,
        quantised=quantised,
        lowered=lowered,
        model=model,
        nearness=comparison.tensors,
        other_runtimes={other.runtime: nearness.tensors for other, nearness in other_runtimes},
        formula=formula_of(graph.pixels),
        formula_trial=trial,
        answers=answers,
        labels=tuple(options.labels),
        folders=sets.loaded.folders if sets.loaded else (),
        skipped=sets.loaded.skipped if sets.loaded else 0,
        kind=kind,
        calibrated=len(sets.calibration),
        held_back=len(sets.held_back),
        noise=options.folder is None and options.noise,
        made_up=options.folder is None and not options.noise,
        seconds=perf_counter() - began,
        notes=(*graph.notes, *lowered.notes, *(sets.loaded.notes() if sets.loaded else ()), *truth.notes),
    )


def _before_pictures(options: Options, graph: Graph, in_bytes: Graph) -> str:
    """Checks everything that follows from shapes, and returns the kind of the model.

    graph, in_bytes: the network, and the same for bytes. MaixSwitchError for the first thing that is wrong.
    """
    _check_picture(graph.shapes[graph.input])
    if options.folder is None and not options.noise:
        _check_ranges(options.network, in_bytes)
    # The numbers of this file mean nothing, but its layers, sizes and outputs are those of the final one.
    data = lower(sketch(in_bytes), options.version).data
    # A network that is too large for the board may be too large for the emulator as well, and the first says more.
    model = load(data, runtime=options.runtime, bounded=False)
    kind = kind_of(model, options.kind, len(options.anchors) // 2 or YOLO_ANCHORS)
    check_lists(model, kind, options.labels, options.anchors)
    if not options.any_size:
        check_size(model)
    load(data, runtime=options.runtime)
    if options.accept is not None:
        options.accept(data)
    if len(model.outputs) > 1 and not kind:
        graph.notes.append(several_outputs(model))
    return kind


def _check_ranges(network: Path, graph: Graph) -> None:
    """Raises MaixSwitchError (usage) if pictures have to measure ranges, because the file does not state them."""
    missing = without_range(graph)
    if not graph.ranges:
        text = tr(
            "{network}: the conversion needs pictures such as the camera will see, for the range of every tensor: "
            "--images DIR (or --random, for a trial with noise whose result is useless)",
            network=network,
        )
        raise PicturesNeeded(text, EXIT_USAGE)
    if missing:
        text = tr(
            "{network}: the file does not state the range of {names} ({count} in all), so the conversion needs "
            "pictures such as the camera will see: --images DIR",
            network=network,
            count=len(missing),
            names=", ".join(missing[:3]) + (" ..." if len(missing) > 3 else ""),
        )
        raise PicturesNeeded(text, EXIT_USAGE)


def _check_picture(shape: Sequence[int]) -> None:
    # A single pixel is a list of numbers; the KPU starts with maps only.
    if len(shape) != 3 or shape[1:] == (1, 1):
        raise MaixSwitchError(tr("the network's input {shape} is not a picture", shape="x".join(map(str, shape))))


def _pictures(options: Options, shape: Sequence[int]) -> PictureSets:
    """Returns the pictures that measure the ranges, and those held back."""
    # The seed is fixed, because a conversion without pictures should give the same file each time.
    if options.folder is None and not options.noise:
        return divided(images.made_up(shape, NOISE), options.hold_back)
    if options.folder is None:
        noise = np.random.default_rng(0).integers(0, 256, (NOISE, *shape)).astype(np.uint8)
        return divided(noise, options.hold_back)
    # So many pictures are loaded that ``calibrate`` of them are left after some are held back.
    most = round(options.calibrate / (1 - options.hold_back))
    loaded = images.load(options.folder, shape, max(most, 1))
    return divided(loaded.pixels, options.hold_back, loaded)


def _answers(sets: PictureSets, truth: Truth) -> list[Answer]:
    """Returns an answer for each picture to compare, without anything but the picture and its true class."""
    pixels, files = sets.compared
    answers = [Answer(picture) for picture in pixels]
    for answer, file in zip(answers, files, strict=False):
        answer.file, answer.truth = file, truth.classes.get(file.folder)
    return answers


def _tried_formulas(
    graph: Graph, network: FloatNet, quantised: Quantised, sets: PictureSets, truth: Truth
) -> FormulaTrial | None:
    """Returns what the pictures of a known class say about the formula of the pixels."""
    files = (*sets.calibration_files, *sets.held_back_files)
    pixels = (*sets.calibration, *sets.held_back) if truth.classes else ()
    known = [(picture, file) for picture, file in zip(pixels, files, strict=False) if file.folder in truth.classes]
    known.sort(key=lambda pair: truth.classes[pair[1].folder])
    numbers = [truth.classes[file.folder] for _, file in known]
    name = quantised.outputs[0]
    with console.progress(tr("comparing formulas of the pixels")):
        return try_formulas(network, graph, quantised.origin.get(name, name), [item for item, _ in known], numbers)


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
    units = formula_of(graph.pixels).units(picture)
    tensors = {name: values[0] for name, values in network.run(units, names).items()}
    return emulate.reordered(tensors, graph.orders)
