"""Labels and anchors: what a script passes is kept, bare lists are converted, and the right list is chosen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from maixswitch.card.importing.options import ImportOptions
from tests.host.card import exports
from tests.host.card.import_sources import ANCHORS, OTHER, Files, classifies, detects, fields, imported, put

TWO, FIVE, SIX = exports.boxes(2), exports.classifier(5), exports.classifier(6)
FIVE_NAMES = ["card", "glass", "metal", "paper", "rest"]


def one(files: Files, folder: Path, options: ImportOptions | None = None) -> dict[str, Any]:
    (model,) = fields(imported(put(files, folder / "x"), options or ImportOptions())).values()
    return model


@pytest.mark.parametrize("shown", ["class_labels", "class_IDs", "classset", "obj_names", "kinds", "t"])
def test_a_list_of_labels_has_any_name(tmp_path: Path, shown: str) -> None:
    model = one({"x.kmodel": FIVE, "boot.py": classifies(labels=f"{shown} = {FIVE_NAMES}", shown=shown)}, tmp_path)
    assert (model["labels"], model["problems"]) == (FIVE_NAMES, set())


@pytest.mark.parametrize(
    "labels",
    [
        f"class_labels = {FIVE_NAMES}",
        f"class_IDs = {FIVE_NAMES}\nsounds = ['/sd/%d.wav' % n for n in range(5)]",
        f"names_of_persons = ['Ann', 'Bob']\nkinds = {FIVE_NAMES}",
        f"labels = {FIVE_NAMES}\nwifi = ['ssid', 'password']\ncolours = ['r', 'g', 'b', 'y', 'm']",
    ],
)
def test_a_list_counts_by_its_length_if_nothing_indexes_it(tmp_path: Path, labels: str) -> None:
    script = f'import KPU as kpu\n{labels}\ntask = kpu.load("/sd/x.kmodel")\nfmap = kpu.forward(task, None)\n'
    assert one({"x.kmodel": FIVE, "main.py": script.encode()}, tmp_path)["labels"] == FIVE_NAMES


def test_two_lists_of_the_right_length_are_named_in_the_question(tmp_path: Path) -> None:
    lists = f"one = {FIVE_NAMES}\ntwo = list('abcde')"
    script = f'import KPU as kpu\n{lists}\ntask = kpu.load("/sd/x.kmodel")\nkpu.forward(task, 0)\n'
    files = {"x.kmodel": FIVE, "main.py": script.encode()}
    model = one(files, tmp_path)
    assert model["problems"] == {"C521"}
    assert "main.py:2, main.py:3" in model["texts"]
    assert one(files, tmp_path, ImportOptions(labels="main.py:2"))["labels"] == FIVE_NAMES


@pytest.mark.parametrize(
    ("files", "mentions"),
    [
        ({"main.py": classifies(labels=f"names = {[*FIVE_NAMES, 'unsure', 'other']}")}, "main.py:2: 7 labels"),
        ({"labels.txt": b"a\nb\n"}, "labels.txt: 2 labels"),
        ({"main.py": b'model = "/sd/x.kmodel"\nlabels = ["a", "b", "c"]\n'}, "main.py:2: 3 labels"),
    ],
)
def test_a_wrong_number_is_a_question_that_names_the_list(tmp_path: Path, files: Files, mentions: str) -> None:
    model = one({"x.kmodel": SIX, **files}, tmp_path)
    assert model["problems"] == {"C522"}
    assert mentions in model["texts"]
    assert "the network needs 6" in model["texts"]


class TestOneClass:
    """A network of one class needs no list of labels."""

    @pytest.mark.parametrize("model", ["face", "licence_plate", "net2"])
    def test_it_is_called_as_the_model(self, tmp_path: Path, model: str) -> None:
        files = {f"{model}.kmodel": exports.boxes(1), "boot.py": detects(f"/sd/{model}.kmodel", "", shown="'!'")}
        item = one(files, tmp_path)
        assert (item["labels"], item["notes"], item["problems"]) == ([item["title"]], {"C552"}, set())

    def test_its_title_is_that_of_the_user(self, tmp_path: Path) -> None:
        files = {"m.kmodel": exports.boxes(1), "boot.py": detects("/sd/m.kmodel", "", shown="'!'")}
        assert one(files, tmp_path, ImportOptions(title="Faces"))["labels"] == ["Faces"]

    def test_a_list_that_shows_it_is_used(self, tmp_path: Path) -> None:
        files = {"face.kmodel": exports.boxes(1), "boot.py": detects("/sd/face.kmodel"), "labels.txt": b"Blob\n"}
        assert one(files, tmp_path)["labels"] == ["blob"]

    def test_a_word_in_a_script_is_no_label(self, tmp_path: Path) -> None:
        script = detects("/sd/face.kmodel", 'header = ["AT+GMR"]', shown="'!'")
        assert one({"face.kmodel": exports.boxes(1), "boot.py": script}, tmp_path)["labels"] == ["face"]


class TestAnchors:
    """In a script they are what the board ran with; in a file they may be fractions or pixels."""

    @pytest.mark.parametrize(
        "anchors", [[value / 20 for value in ANCHORS], [value * 40 for value in ANCHORS], OTHER, [0.5] * 10]
    )
    def test_those_of_a_script_are_kept(self, tmp_path: Path, anchors: list[float]) -> None:
        model = one({"x.kmodel": TWO, "a.py": detects(labels='names = ["p", "q"]', anchors=str(anchors))}, tmp_path)
        assert model["anchors"] == pytest.approx(anchors)
        assert ("C554" in model["notes"]) == (anchors != OTHER)
        assert not model["notes"] & {"C527"}

    @pytest.mark.parametrize(("factor", "note"), [(1 / 8, "C527"), (8, "C527"), (1, "")])
    def test_those_of_a_file_are_converted(self, tmp_path: Path, factor: float, note: str) -> None:
        numbers = [0.7, 0.9, 2.5, 3, 3.5, 4, 4.5, 5, 5.5, 6]
        text = ", ".join(str(value * factor) for value in numbers)
        model = one({"x.kmodel": TWO, "anchors.txt": text.encode(), "labels.txt": b"p\nq\n"}, tmp_path)
        assert model["anchors"] == pytest.approx(numbers)
        assert model["notes"] == ({note} if note else set())

    @pytest.mark.parametrize("name", ["anchors.txt", "yolo_anchors.txt", "anchor.csv", "x.anchors"])
    def test_a_file_beside_a_script_that_reads_it(self, tmp_path: Path, name: str) -> None:
        script = detects(labels='names = open("classes.txt").read().split(",")', anchors=f'eval(open("{name}").read())')
        files = {"x.kmodel": TWO, "main.py": script, name: str(OTHER).encode(), "classes.txt": b"p,q"}
        model = one(files, tmp_path)
        assert (model["labels"], model["anchors"], model["problems"]) == (["p", "q"], OTHER, set())

    def test_a_file_that_the_script_opens_in_another_folder(self, tmp_path: Path) -> None:
        script = detects(
            "/sd/m/x.kmodel", 'names = open("/sd/m/classes.txt").read().split(",")', 'eval(open("/sd/m/a.txt").read())'
        )
        files = {"m/x.kmodel": TWO, "main.py": script, "m/a.txt": str(OTHER).encode(), "m/classes.txt": b"p,q"}
        assert one(files, tmp_path)["anchors"] == OTHER

    def test_those_of_a_script_beat_a_file(self, tmp_path: Path) -> None:
        files = {"x.kmodel": TWO, "a.py": detects(labels='names = ["p", "q"]'), "anchors.txt": str(OTHER).encode()}
        model = one(files, tmp_path)
        assert (model["anchors"], model["problems"]) == (ANCHORS, set())

    @pytest.mark.parametrize("stem", ["m", "yolo", "det"])
    def test_a_file_counts_whatever_the_model_is_called(self, tmp_path: Path, stem: str) -> None:
        files = {f"{stem}.kmodel": TWO, "anchors.txt": str(OTHER).encode(), "labels.txt": b"p\nq\n"}
        assert one(files, tmp_path)["anchors"] == OTHER

    def test_the_users_numbers_are_kept(self, tmp_path: Path) -> None:
        files = {"x.kmodel": TWO, "labels.txt": b"p\nq\n"}
        assert one(files, tmp_path, ImportOptions(anchors=",".join(["0.5"] * 10)))["anchors"] == [0.5] * 10


class TestUses:
    """What a script does with a model that the app cannot do is said instead of a question for labels."""

    @pytest.mark.parametrize(
        ("script", "text"),
        [
            (b'import KPU as kpu\nt = kpu.load("x.kmodel")\nkpu.set_layers(t, 29)\nkpu.forward(t, 0)\n', "layer 29"),
            (
                b'import KPU as kpu, image, math\nt = kpu.load("x.kmodel")\nimg = image.Image()\n'
                b"img.set_pixel(0, 0, 9)\nf = kpu.forward(t, img)\n",
                "values of a sensor",
            ),
            (
                b'import sensor, KPU as kpu\nt = kpu.load("x.kmodel")\nf = kpu.forward(t, sensor.snapshot())\n'
                b"for i in range(4):\n    if sigmoid(f[i]) > 0.5: print(i)\n",
                "independent values",
            ),
        ],
    )
    def test_it_is_named(self, tmp_path: Path, script: bytes, text: str) -> None:
        files = {"x.kmodel": exports.classifier(4, softmax=False), "main.py": script}
        model = one(files, tmp_path)
        assert model["problems"] == {"C547"}
        assert text in model["texts"]
        assert (
            one({**files, "labels.txt": b"a\nb\nc\nd\n"}, tmp_path, ImportOptions(kind="classifier"))["problems"]
            == set()
        )

    @pytest.mark.parametrize(
        ("change", "note"),
        [
            ("img.rotation_corr(z_rotation=90)", "rotated"),
            ("img.strech_char(1)", "contrast stretched"),
        ],
    )
    def test_changes_of_the_picture_are_a_note(self, tmp_path: Path, change: str, note: str) -> None:
        script = (
            classifies()
            .replace(b"    plist", f"    {change}\n    plist".encode())
            .replace(b"sensor.snapshot())", b"img)")
        )
        model = one(
            {
                "x.kmodel": exports.classifier(3),
                "a.py": script.replace(b"forward(task, sensor", b"forward(task, sensor"),
            },
            tmp_path,
        )
        assert model["problems"] == set()
        assert note in model["texts"]
        assert "pixels" not in model
