"""The kind `raw` on the fakes: the extremes of every output, on the panel and over the link."""

from __future__ import annotations

import json

import pytest

import bench
from benchlib.models import kmodel_v3
from device import catalog, kind, kpu_maixpy
from device.kpu_slot import KpuSlot
from device.link import Link
from device.results import EXTRA, Results

MODEL = {"schema": 1, "title": "Depth", "kind": "raw", "kmodel": "m.kmodel", "input": [320, 240, 3]}


@pytest.fixture
def slot():
    bench.reset()
    kpu_slot = KpuSlot(kpu_maixpy)
    yield kpu_slot
    kpu_slot.unload()
    bench.kpu.check()


def load(slot, kmodel):
    data = json.dumps(MODEL)
    bench.card.insert(bench.MemoryCard({"models/m/model.json": data, "models/m/m.kmodel": kmodel}))
    (spec,) = catalog.read("/sd", kpu_maixpy.ANCHOR_PAIRS)
    assert not spec.problems
    results = Results()
    results.reset(EXTRA, 320, 240, 320, 240)
    slot.load(spec, results, kind("raw").prepare)
    return results


def picture():
    import sensor

    sensor.reset()
    sensor.set_pixformat(sensor.RGB565)
    sensor.set_framesize(sensor.QVGA)
    return sensor.snapshot()


def rows(results):
    return [(row[0], row[1] / 65536, row[2] / 65536, row[3]) for row in results.extra.rows]


def test_the_extremes_of_floats(slot):
    results = load(slot, kmodel_v3(last="softmax", classes=4))
    bench.kpu.scores = [0.25, -1.5, 3.75, 0]
    assert slot.run(picture()) == 0
    assert rows(results) == [(4, -1.5, 3.75, 2)]
    assert results.extra.rows[0][4] == "0: 4 -1.500..3.750 @2"


def test_bytes_of_a_convolution_stand_for_0_to_1(slot):
    results = load(slot, kmodel_v3(grid=(2, 2, 1), last="conv"))
    bench.kpu.scores = [51, 255, 0, 7]
    slot.run(picture())
    ((count, low, high, where),) = rows(results)
    assert (count, low, where) == (4, 0, 1)
    assert high == pytest.approx(1, abs=1e-4)


def test_every_output_has_a_row(slot):
    results = load(slot, kmodel_v3(last="softmax", classes=3, outputs=2))
    bench.kpu.scores = [[1, 2, 3], [6, 5, 4]]
    slot.run(picture())
    assert rows(results) == [(3, 1, 3, 2), (3, 4, 6, 0)]


def test_the_outputs_are_read_twice_a_second_only(slot):
    results = load(slot, kmodel_v3(last="softmax", classes=2))
    image = picture()
    seen = []
    begun = bench.clock.read()
    for at in range(40):
        bench.kpu.scores = [at, 0]
        slot.run(image)
        seen.append(results.extra.rows[0][2] / 65536)
        bench.clock.advance(50)
    seconds = (bench.clock.read() - begun) / 1000
    assert seconds < len(set(seen)) <= 2 * seconds + 1


def test_the_rows_stand_on_the_picture_as_far_as_there_is_room(slot):
    results = load(slot, kmodel_v3(last="softmax", classes=2, outputs=3))
    slot.run(picture())
    drawn = []

    class Picture:
        def draw_rectangle(self, *args):
            pass

        def draw_string(self, x, y, text, colour):
            drawn.append((x, y, text))

    results.extra.draw(Picture(), (8, 14, 80, 30))
    assert [row[:2] for row in drawn] == [(8, 14), (8, 26)]
    assert all(len(row[2]) <= 10 for row in drawn)


class LineOnly(Link):
    """A link without an app, for one line."""

    def __init__(self):
        self._line = bytearray(768)
        self._at = 0

    def text(self):
        return bytes(self._line[: self._at]).decode()


@pytest.mark.parametrize("outputs", [1, 2, 12])
def test_the_link_gets_the_numbers(slot, outputs):
    results = load(slot, kmodel_v3(last="softmax", classes=3, outputs=outputs))
    bench.kpu.scores = [[-0.5, 2, 1]] * outputs
    slot.run(picture())
    line = LineOnly()
    results.extra.send(line)
    sent = json.loads("{" + line.text()[1:] + "}")["outputs"]
    assert sent == [[3, -0.5, 2, 1]] * len(sent)
    assert len(sent) == min(outputs, 12)
