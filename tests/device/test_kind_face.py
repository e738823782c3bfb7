"""The stage `face` on the fakes: behind a detector and five landmarks it learns faces and names the boxes by them."""

from __future__ import annotations

import contextlib
import importlib
import json
import sys
from array import array
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import bench
import flavours
import sensor
from benchlib import faces as firmware
from benchlib.models import kmodel_v3
from device.once import faces
from device.once.learnt import MOST_NAMES

STUBS = Path(__file__).resolve().parents[2] / "stubs"
NUMBERS = 16
LANDMARK = {"kind": "landmark", "kmodel": "points.kmodel", "input": [16, 16, 3]}
FACE = {"kind": "face", "kmodel": "face.kmodel", "input": [16, 16, 3]}
MODEL = {
    "schema": 1,
    "title": "Faces",
    "kind": "yolo2",
    "kmodel": "m.kmodel",
    "input": [320, 240, 3],
    "labels": ["face"],
    "anchors": [1, 1, 2, 2, 3, 3, 4, 4, 5, 5],
}
# The fakes give one vector to all networks: its first ten numbers are the points, the whole of it is the face.
POINTS = [0.3, 0.4, 0.7, 0.4, 0.5, 0.6, 0.35, 0.8, 0.65, 0.8]
ANNA, BEN, NOBODY = ([*POINTS, *tail] for tail in ([20, 0, 0, 0, 0, 0], [0, 20, 0, 0, 0, 0], [0, 0, 0, 0, 0, -20]))
MIDDLE, CORNER = (120, 80, 80, 80, 0, 0.9), (0, 0, 60, 60, 0, 0.75)


class Board:
    """A card with a model of faces, and the device's modules for one of the three firmware interfaces."""

    def __init__(self, interface):
        bench.reset(flavours.DEFAULT if interface == "maixpy" else "canmv")
        self.module = importlib.import_module
        self.kpu = self.module("device.once.setup").open_kpu()
        self.slot = None

    def insert(self, *stages, labels=()):
        face = {**FACE, "labels": list(labels)} if labels else FACE
        data = {**MODEL, "stages": list(stages or (LANDMARK, face))}
        files = {
            "model.json": json.dumps(data),
            "m.kmodel": kmodel_v3(convolutions=2),
            "points.kmodel": kmodel_v3((16, 16, 3), (1, 1, 16), "softmax", classes=10),
            "face.kmodel": kmodel_v3((16, 16, 3), (1, 1, 16), "softmax", classes=NUMBERS),
        }
        bench.card.insert(bench.MemoryCard({"models/m/" + name: files[name] for name in files}))

    def load(self):
        (self.spec,) = self.module("device.catalog").read("/sd", self.kpu.ANCHOR_PAIRS)
        assert not self.spec.problems
        self.results = self.module("device.results").Results()
        eye = self.module("device.hal").Camera(self.module("device.once.boards").find("dock"), {})
        shape, prepare = self.module("device.once.stages").maker(self.spec, eye)[:2]
        self.results.reset(shape, 320, 240, 320, 240)
        self.slot = self.module("device.kpu_slot").KpuSlot(self.kpu)
        self.slot.load(self.spec, self.results, prepare)
        sensor.reset()
        sensor.set_pixformat(sensor.RGB565)
        sensor.set_framesize(sensor.QVGA)
        self.picture = sensor.snapshot()

    def power_off_and_on(self):
        card = bench.card.backend
        self.slot.unload()
        bench.kpu.check()
        bench.reset(bench.flavour[flavours.NAME])
        bench.card.insert(card)
        self.load()

    def look(self, person, *boxes, learn=False):
        """Return (name, score) of each box."""
        bench.kpu.scores = person
        bench.kpu.boxes = list(boxes or [MIDDLE])
        self.results.learn = learn
        count = self.slot.run(self.picture)
        assert not self.results.learn
        return [(self.spec.panel_label(item.class_id), item.score) for item in self.results.items[:count]]

    @property
    def note(self):
        return self.results.extra.text


@pytest.fixture(params=["maixpy", "canmv", "canmv_new"])
def interface(request):
    """The device's modules are those of one firmware interface."""
    saved, path = dict(sys.modules), list(sys.path)
    if request.param != "maixpy":
        for name in list(sys.modules):
            if name in ("KPU", "Maix", "maix") or name.split(".")[0] == "device":
                del sys.modules[name]
        sys.path.insert(0, str(STUBS / "canmv"))
        if request.param == "canmv_new":
            sys.path.insert(0, str(STUBS / "canmv_new"))
    yield request.param
    sys.path[:] = path
    sys.modules.clear()
    sys.modules.update(saved)


@pytest.fixture
def board(interface):
    new_board = Board(interface)
    assert (new_board.kpu.encode is None) == (interface != "maixpy")
    yield new_board
    if new_board.slot:
        new_board.slot.unload()
    bench.kpu.check()
    assert not bench.hardfaults


def test_a_face_that_nobody_taught_has_no_name(board):
    board.insert()
    board.load()
    assert board.note == "Press twice to learn a face"
    assert board.look(ANNA) == [("?", 900)]  # the detector's score
    assert board.results.extra.points.count == 5


def test_two_faces_are_told_apart_and_survive_a_power_cut(board):
    board.insert()
    board.load()
    assert board.look(ANNA, learn=True) == [("1", 1000)]
    assert board.note == "Learnt: 1"
    assert board.look(BEN) == [("?", 900)]
    assert board.look(BEN, learn=True) == [("2", 1000)]
    board.power_off_and_on()
    assert [board.look(person) for person in (ANNA, BEN, NOBODY)] == [[("1", 1000)], [("2", 1000)], [("?", 900)]]
    assert board.look(NOBODY, learn=True) == [("3", 1000)]
    assert [board.look(person)[0][0] for person in (ANNA, BEN, NOBODY)] == ["1", "2", "3"]


def test_the_data_are_the_firmware_s_bytes(board):
    """Whoever packs the face, the card holds the same bytes: a card may move to a board with another firmware."""
    board.insert()
    board.load()
    board.look(ANNA, learn=True)
    output = array("f", ANNA)
    length = sum(value * value for value in output) ** 0.5
    expected = firmware.encode([value / length for value in output])
    assert bytes(bench.card.backend.files["models/m/learnt.0"]) == bytes(expected)


def test_only_the_face_in_the_middle_is_learnt(board):
    board.insert()
    board.load()
    assert board.look(ANNA, CORNER, learn=True) == [("?", 750)]
    assert board.note == "Nothing in the middle"
    assert len(board.spec.names.labels) == 0
    assert board.look(ANNA, CORNER, MIDDLE, learn=True) == [("?", 750), ("1", 1000)]
    # With two faces in view, the points of both are shown.
    assert board.results.extra.points.count == 10


def test_names_of_model_json_are_given_in_order(board):
    board.insert(labels=["Anna"])
    board.load()
    assert board.look(ANNA, learn=True) == [("Anna", 1000)]
    assert board.look(BEN, learn=True) == [("2", 1000)]
    board.slot.unload()
    board.load()
    assert [board.look(person)[0][0] for person in (ANNA, BEN)] == ["Anna", "2"]


def test_a_card_that_refuses_makes_it_forget_nothing(board):
    board.insert()
    board.load()
    board.look(ANNA, learn=True)
    bench.fail_next("file.write", OSError(28), None)
    assert board.look(BEN, learn=True) == [("2", 1000)]
    assert board.note == "Learnt, not saved: 2"
    bench.heal()
    assert [board.look(person)[0][0] for person in (ANNA, BEN)] == ["1", "2"]
    # What was saved before is still there, and the next lesson saves all.
    board.power_off_and_on()
    assert [board.look(person)[0][0] for person in (ANNA, BEN)] == ["1", "?"]
    board.look(BEN, learn=True)
    board.power_off_and_on()
    assert [board.look(person)[0][0] for person in (ANNA, BEN)] == ["1", "2"]


@pytest.mark.parametrize("size", [0, 1, 7, 15, 16, 40, 1000])
def test_a_power_cut_while_learning_leaves_the_old_or_the_new_faces(board, size):
    board.insert()
    board.load()
    board.look(ANNA, learn=True)
    bench.card.power_cut_after(size)
    with contextlib.suppress(bench.PowerCut):
        board.look(BEN, learn=True)
    board.power_off_and_on()
    assert [board.look(person)[0][0] for person in (ANNA, BEN)] in (["1", "?"], ["1", "2"])


def test_no_more_faces_than_there_is_room_for(board):
    board.insert()
    board.load()
    for at in range(MOST_NAMES + 2):
        tail = [0.0] * 6
        tail[at % 6] = 20 if at < 12 else -20
        board.look([*POINTS, *tail], learn=True)
    assert len(board.spec.names.labels) == MOST_NAMES
    assert board.note == f"No more than {MOST_NAMES} faces"


def test_data_of_another_network_name_nobody(board):
    board.insert()
    board.load()
    board.look(ANNA, learn=True)
    board.slot.unload()
    wider = kmodel_v3((16, 16, 3), (1, 1, 16), "softmax", classes=NUMBERS * 2)
    bench.card.backend.files["models/m/face.kmodel"] = bytearray(wider)
    board.load()
    assert board.look(ANNA) == [("?", 900)]


def test_faces_need_five_landmarks(board):
    board.insert(FACE)
    with pytest.raises(ValueError, match="a stage of five landmarks must come before"):
        board.load()
    assert not bench.kpu.live


NUMBERS_OF_A_FACE = st.lists(st.floats(-0.5, 0.5, width=32), min_size=1, max_size=64)


@given(NUMBERS_OF_A_FACE)
def test_faces_are_packed_as_the_firmware_packs_them(numbers):
    assert faces.encode(numbers) == firmware.encode(numbers)


@given(st.data())
def test_faces_are_compared_as_the_firmware_compares_them(data):
    size = data.draw(st.integers(1, 64))
    first, second = (data.draw(st.binary(min_size=size, max_size=size)) for _ in range(2))
    expected = firmware.compare(first, second)
    if expected != expected:  # one is all zero
        assert faces.compare(first, second) == 0
    else:
        assert faces.compare(first, second) == pytest.approx(expected, rel=1e-6, abs=1e-5)
