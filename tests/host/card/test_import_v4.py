"""Files of kmodel v4, which state no shape of their output."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from maixswitch.card.importing import importer
from maixswitch.card.importing.options import ImportOptions
from maixswitch.card.reading import Card
from maixswitch.kmodel.format import v4_layers as body
from maixswitch.kmodel.format.v4_node import Clamp, Geometry, Padding
from tests.host.card.import_sources import OTHER, classifies, detects, fields, imported, put
from tests.host.kmodel.v4_files import BYTE, NO_CLAMP, File

NO_PADDING = Padding(0, 0)


def classifier(classes: int, size: int = 64) -> bytes:
    """A v4 classifier whose last layer has the shape (1, 1, 1, classes), as aXeleRate writes it."""
    net = File()
    values = 3 * size * size
    x = net.input((1, 3, size, size), BYTE)
    flat, scores = net.room((values,)), net.room((classes,))
    net.node(3, body.Dequantize(x, flat, 0, 255.0))
    weights = net.constant(np.linspace(-1, 1, values * classes).astype("f4"))
    clamp = Clamp(*NO_CLAMP)
    net.node(4, body.Matmul(flat, weights, scores, 1, values, classes, clamp, np.zeros(classes, "f4")))
    one = net.constant(np.ones(1, "f4"))
    result = net.output((classes,))
    net.node(0, body.Binary(scores, one, result, 0, (1, 1, 1, classes), (1, 1, 1, 1), (1, 1, 1, classes), clamp))
    return net.build()


def boxes(side: int, cells: int, classes: int) -> bytes:
    """A v4 detector of side x side pixels with a grid of cells x cells, made by a mean over each cell."""
    net = File()
    window = side // cells
    x = net.input((1, 3, side, side), BYTE)
    picture, small = net.room((3, side, side)), net.room((3, cells, cells))
    net.node(3, body.Dequantize(x, picture, 0, 255.0))
    shape, clamp = (1, 3, side, side), Clamp(*NO_CLAMP)
    kernel = Geometry(NO_PADDING, NO_PADDING, window, window, window, window, 1, 1)
    net.node(8, body.ReduceWindow(picture, small, 0, shape, kernel, 0.0, clamp))
    channels = 5 * (classes + 5)
    result = net.output((channels, cells, cells))
    single = Geometry(NO_PADDING, NO_PADDING, 1, 1, 1, 1, 1, 1)
    weights, bias = np.zeros((channels, 3, 1, 1), "f4"), np.full(channels, -3, "f4")
    net.node(2, body.Conv2d(small, result, (1, 3, cells, cells), 1, channels, single, clamp, weights, bias))
    return net.build()


@pytest.mark.parametrize("classes", [2, 5, 14])
@pytest.mark.parametrize("stated", ["", "kpu.set_outputs(task, 0, 1, 1, {n})", "kpu.set_outputs(task, 0, {n}, 1, 1)"])
def test_a_classifier_is_one(tmp_path: Path, classes: int, stated: str) -> None:
    names = [f"c{at}" for at in range(classes)]
    script = classifies(0x200000, f"names = {names}").replace(b"while", stated.format(n=classes).encode() + b"\nwhile")
    model = fields(imported(put({"x.kmodel": classifier(classes), "boot.py": script}, tmp_path / "x")))["x.kmodel"]
    assert (model["kind"], model["labels"], model["problems"]) == ("classifier", names, set())


@pytest.mark.parametrize(("side", "cells", "outputs"), [(96, 5, [[5, 5, 35]]), (64, 8, None), (70, 10, [[10, 10, 35]])])
def test_the_board_is_told_a_grid_that_it_cannot_derive(
    tmp_path: Path, side: int, cells: int, outputs: list[list[int]] | None
) -> None:
    script = detects(labels='names = ["p", "q"]', anchors=str(OTHER))
    source = put({"x.kmodel": boxes(side, cells, 2), "main.py": script}, tmp_path / "x")
    (tmp_path / "card" / "models").mkdir(parents=True)
    result = importer.import_models([source], tmp_path / "card", ImportOptions())
    assert result.clean
    (model,) = Card(tmp_path / "card", 5).models
    assert json.loads((tmp_path / "card" / model.json).read_text()).get("outputs") == outputs
    assert not model.spec.problems
    assert (tuple(model.spec.grid), model.spec.outputs) == ((cells, cells), ((cells, cells, 35),))
