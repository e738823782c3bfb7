"""Which rows of the AI RAM are alive: by hand, by the converter's own figure, and by the memory itself."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from maixswitch.kmodel import KModel, load
from maixswitch.kmodel.format.airam import ROW, ROWS
from maixswitch.kmodel.format.liveness import INPUT, ai_ram
from maixswitch.kmodel.format.program import AI_RAM
from maixswitch.kmodel.write.writer import KModelWriter
from tests.host.kmodel.small_networks import Choice, part


def test_mnist_by_hand(kmodels) -> None:
    """28x28x1 takes 28 rows; 16 of 14x14, four in a row, 4 x 14 rows; 32 of 7x7 take 8 x 7 rows."""
    ram = ai_ram(load(kmodels / "mnist_v3.kmodel").program)
    assert ram.live == (28 + 56, 56 + 56, 0, 0, 0, 0, 32, 32 + 12, 0, 0, 0)
    assert (ram.peak_rows, ram.peak_layer, ram.peak_bytes) == (112, 1, 7168)
    assert [(item.row, item.rows, item.born, item.last) for item in ram.maps] == [
        (32740, 28, INPUT, 0),
        (32684, 56, 0, 1),
        (32628, 56, 1, 1),
        (32736, 32, 6, 7),
        (32724, 12, 7, 7),
    ]


def test_face_by_hand(kmodels) -> None:
    """Layer 5 reads and writes 64 maps of 60x80: a line of 80 takes two rows, so 2 x (2 x 60 x 64) rows."""
    path = kmodels / "face_yolov2_v3.kmodel"
    ram = ai_ram(load(path).program)
    assert (ram.peak_rows, ram.peak_layer) == (2 * 2 * 60 * 64, 5)
    max_start = struct.unpack_from("<I", path.read_bytes(), 16)[0]
    assert ram.peak_rows == ROWS - max_start
    assert ram.fits


def test_yolov3_by_hand(kmodels) -> None:
    """Layer 3 reads and writes 48 maps of 112x160, three rows a line: all but 32 KiB of the 2 MiB."""
    ram = ai_ram(load(kmodels / "yolov3_two_heads_v3.kmodel").program)
    assert (ram.peak_rows, ram.peak_layer) == (2 * 3 * 112 * 48, 3)
    reused = next(item for item in ram.maps if item.born == 26)
    assert reused.last == 30, "two heads read the map of layer 26"


def test_batches(kmodels) -> None:
    """A model that never touches the AI RAM, and one with upload nodes."""
    assert ai_ram(load(kmodels / "iris_v4.kmodel").program).maps == ()
    ram = ai_ram(load(kmodels / "iris_v3.kmodel").program)
    assert (ram.live, ram.peak_layer) == ((0, 0), 0)
    uploads = ai_ram(load(kmodels / "face_yolov2_9anchors_v4.kmodel").program)
    assert uploads.maps[0].born == 1
    assert uploads.maps[0].title == "layer 1: 3x256x320"


def branch() -> bytes:
    """input -> a -> b, then c reads a again, so a must live longer than b."""
    rng = np.random.default_rng(5)
    net = KModelWriter(3, 8, 40)
    a = net.conv(net.input, part(rng, 3, Choice(out=8)))
    b = net.conv(a, part(rng, 8, Choice(out=4)), to_main=True)
    c = net.conv(a, part(rng, 8, Choice(kernel=1, out=2)), to_main=True)
    net.output(b)
    net.output(c)
    return net.build()


def test_written_branch() -> None:
    """Lines of 40 take a row: input 24 rows, a 64, b 32, c 16."""
    ram = ai_ram(load(branch()).program)
    assert [(item.rows, item.born, item.last) for item in ram.maps] == [(24, -1, 0), (64, 0, 2), (32, 1, 1), (16, 2, 2)]
    assert ram.live == (24 + 64, 64 + 32, 64 + 16)
    assert len(ram.during(1)) == 2


def spoiled(kmodel: KModel, layer: int, ram_rows: set[int], seed: int) -> list[np.ndarray]:
    """Run the model with noise in every row that is not alive after this layer."""
    rng = np.random.default_rng(seed)
    feed = [
        rng.integers(0, 256, tensor.shape or (tensor.elements,), np.uint8)
        if tensor.dtype == "uint8"
        else rng.random(tensor.elements, np.float32).reshape(tensor.shape or -1)
        for tensor in kmodel.inputs
    ]
    dead = np.array(sorted(set(range(ROWS)) - ram_rows))
    kmodel.reset()
    for tensor, values in zip(kmodel.inputs, feed, strict=True):
        kmodel.machine.put(tensor, values)
    for step in kmodel.machine.steps():
        if step.index == layer:
            kmodel.machine.ram.reshape(-1, ROW)[dead] = rng.integers(0, 256, (dead.size, ROW), np.uint8)
    return [kmodel.machine.get(tensor) for tensor in kmodel.outputs]


@pytest.mark.parametrize("name", ["mnist_v3", "voc20_yolov2_v4", "ultraface_slim_v4", "yolov3_two_heads_v3", "branch"])
def test_dead_rows_are_dead(name: str, request: pytest.FixtureRequest) -> None:
    """Noise in the rows that are not alive changes no output; noise in the living ones does."""
    source = branch() if name == "branch" else request.getfixturevalue("kmodels") / f"{name}.kmodel"
    kmodel = load(source)
    ram = ai_ram(kmodel.program)
    last = len(kmodel.layers) - 1
    clean = spoiled(kmodel, last, set(), 3)
    layers = sorted({1, last // 2} & set(range(last)))
    for layer in layers:
        later = [item for item in ram.maps if item.born <= layer < item.last]
        alive = {row for item in later for row in range(item.row, item.row + item.rows)}
        for a, b in zip(clean, spoiled(kmodel, layer, alive, 3), strict=True):
            np.testing.assert_array_equal(a, b, err_msg=f"layer {layer}")
        if alive:
            broken = spoiled(kmodel, layer, set(), 3)
            assert any(not np.array_equal(a, b) for a, b in zip(clean, broken, strict=True)), layer


def test_corpus_is_sound(kmodels) -> None:
    """Every map is inside the 2 MiB, and every KPU layer has input and output alive at the same time."""
    for path in sorted(kmodels.glob("*_v[34].kmodel")):
        kmodel = load(path)
        ram = ai_ram(kmodel.program)
        assert ram.fits, path.name
        assert len(ram.live) == len(kmodel.layers)
        for layer in kmodel.layers:
            spans = {(use.start // ROW, use.size // ROW) for use in layer.uses() if use.memory == AI_RAM}
            rows = {row for start, count in spans for row in range(start, start + count)}
            alive = {row for item in ram.during(layer.index) for row in range(item.row, item.row + item.rows)}
            assert rows <= alive, (path.name, layer.index)
            assert ram.live[layer.index] == len(alive)
