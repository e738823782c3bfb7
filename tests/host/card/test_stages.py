"""`check` on the stages of a model, and on the pictures that must fit into Python's heap; the fakes confirm it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from maixswitch.card.check import Options, check
from maixswitch.card.trial import run_one
from maixswitch.kmodel import load
from maixswitch.kmodel.judge.memory import memory
from tests.host.card import finding_files as files
from tests.host.card.import_sources import Files
from tests.host.card.test_kinds import DETECTOR, FEATURES, POINTS, card
from tests.host.kmodel.judge.test_nature import network

TWO = files.picture_network(64, 64, 2, 3, "mean")
Command = Callable[..., "subprocess.CompletedProcess[str]"]
MANY = files.picture_network(64, 64, 600, 3, "mean")
SIXTY_EIGHT = files.picture_network(64, 64, 136, 3, "mean")
GREY = network((1, 64, 64), (10,))
LIKELY = files.crowd(0.9)  # finds boxes in any picture
POINT = {"kind": "landmark", "kmodel": "points.kmodel", "input": [64, 64, 3]}
FACE = {"kind": "face", "kmodel": "face.kmodel", "input": [64, 64, 3]}
CLASSES = {"kind": "classifier", "kmodel": "classes.kmodel", "input": [64, 64, 3], "labels": ["a", "b"]}
TRAITS = {**CLASSES, "kind": "attributes"}
ALL: Files = {"points.kmodel": POINTS, "face.kmodel": FEATURES, "classes.kmodel": TWO}


def made(tmp_path: Path, stages: list[dict[str, Any]], more: Files | None = None, **changes: Any) -> Path:
    """A card whose detector has these stages; only the files that they name lie on it."""
    named = {
        str(stage["kmodel"]): (more or {}).get(str(stage["kmodel"]), ALL[str(stage["kmodel"])]) for stage in stages
    }
    return card(tmp_path, changes.pop("kmodel_data", DETECTOR), named, stages=stages, **changes)


def found(path: Path, firmware: str = "minimum_with_kmodel_v4_support") -> set[tuple[str, str]]:
    """The codes of this subject and their fields."""
    findings = check(path, Options(firmware=(firmware,))).findings
    return {(item.code, item.field) for item in findings if item.code.startswith(("C65", "C302"))}


@pytest.mark.parametrize(
    ("stages", "more", "expected"),
    [
        ([POINT, FACE], {}, set()),
        ([FACE], {}, {("C650", "stages[0].kind")}),
        ([FACE, POINT], {}, {("C650", "stages[0].kind")}),
        ([POINT, FACE], {"points.kmodel": SIXTY_EIGHT}, {("C650", "stages[1].kind")}),
        ([TRAITS], {}, set()),
        ([{**TRAITS, "upright": True}], {}, {("C650", "stages[0].kind")}),
        ([POINT, {**TRAITS, "upright": True}], {}, set()),
        ([{**POINT, "input": [64, 64, 1]}], {"points.kmodel": GREY}, set()),
        ([POINT, {**FACE, "input": [64, 64, 1]}], {"face.kmodel": GREY}, {("C651", "stages[1].input")}),
        ([POINT, FACE], {"face.kmodel": MANY}, {("C654", "")}),
        ([CLASSES, TRAITS], {}, {("C653", "stages[0].kind")}),
        ([POINT, {**FACE, "enlarge": 1.2}], {}, {("C655", "stages[1].enlarge")}),
        ([{**POINT, "enlarge": 1.2}], {}, set()),
    ],
)
def test_what_a_stage_needs(tmp_path: Path, stages: Any, more: Files, expected: set[tuple[str, str]]) -> None:
    assert found(made(tmp_path, stages, more)) == expected


def test_colours_that_a_grey_picture_has_not(tmp_path: Path) -> None:
    grey = network((1, 128, 128), (30, 8, 8))
    path = made(tmp_path, [POINT], kmodel_data=grey, input=[128, 128, 1])
    assert ("C651", "stages[0].input") in found(path)


def test_canmv_packs_no_faces(tmp_path: Path) -> None:
    assert found(made(tmp_path, [POINT, FACE], {"face.kmodel": MANY}), "canmv") == set()


def test_a_caption_is_all_labels_that_hold(tmp_path: Path) -> None:
    long = {**TRAITS, "labels": ["wears glasses"] * 2}
    assert found(made(tmp_path / "a", [long])) == {("C652", "stages[0].labels")}
    plain = [{**CLASSES, "labels": ["wears glasses"] * 2}]
    assert found(made(tmp_path / "b", plain)) == set()


@pytest.mark.parametrize(
    ("stages", "more", "code", "fault"),
    [
        ([FACE], {}, "C650", "a stage of five landmarks"),
        ([POINT, FACE], {"face.kmodel": MANY}, "C654", "feature dim"),
        ([POINT, FACE], {}, "", ""),
    ],
)
def test_the_board_stops_where_check_says_error(
    tmp_path: Path, stages: Any, more: Files, code: str, fault: str
) -> None:
    path = made(tmp_path, stages, more, kmodel_data=LIKELY, input=[64, 64, 3], nms=0.01, threshold=0.8,
                anchors=[8.0] * 10)  # fmt: skip
    assert {name for name, _ in found(path)} == ({code} if code else set())
    text, _ = run_one(path, "", "minimum_with_kmodel_v4_support")
    assert (fault in text) if fault else text == "", text


def sized(tmp_path: Path, width: int, height: int, **changes: Any) -> Path:
    channels = changes.pop("channels", 3)
    kmodel = network((channels, height, width), (4,))
    fields = {"kind": "classifier", "anchors": None, "labels": list("abcd"), "softmax": True}
    return card(tmp_path, kmodel, input=[width, height, channels], **{**fields, **changes})


@pytest.mark.parametrize(
    ("width", "height", "changes", "fits"),
    [
        (320, 240, {}, True),
        (320, 256, {}, False),
        (256, 256, {}, True),
        (304, 256, {}, False),  # rows of 304 pixels take as much as rows of 320
        (320, 240, {"pixels": ["invert"]}, True),
        (264, 256, {"channels": 1}, False),
        (240, 240, {"channels": 1}, True),
    ],
)
def test_check_and_the_fakes_agree_on_the_heap(
    tmp_path: Path, width: int, height: int, changes: dict[str, Any], fits: bool
) -> None:
    path = sized(tmp_path, width, height, **changes)
    assert ("C302" not in {code for code, _ in found(path)}) == fits
    fault, _ = run_one(path, "", "minimum_with_kmodel_v4_support")
    assert fault.startswith("106 ") == (not fits), fault


def test_a_larger_heap_is_the_advice_and_it_is_enough(tmp_path: Path) -> None:
    path = sized(tmp_path, 320, 256)
    (item,) = [item for item in check(path).findings if item.code == "C302"]
    kib = int(item.values["kib"])  # type: ignore[call-overload]
    assert f"--gc {kib}" in item.remedy
    assert "C302" in {one.code for one in check(path, Options(gc_kib=kib - 16)).findings}
    assert "C302" not in {one.code for one in check(path, Options(gc_kib=kib)).findings}


def test_the_pictures_of_the_stages_count(tmp_path: Path) -> None:
    """The frame alone would fit; with the box that is cut out of it, it does not."""
    path = made(tmp_path, [CLASSES], kmodel_data=network((3, 256, 256), (30, 8, 8)),
                input=[256, 256, 3])  # fmt: skip
    assert ("C302", "input") in found(path)
    (model,) = (path / "models").iterdir()
    data = json.loads((model / "model.json").read_text())
    del data["stages"]
    (model / "model.json").write_text(json.dumps(data))
    assert found(path) == set()


def test_kmodel_info_of_a_card_sums_the_networks_of_an_entry(tmp_path: Path, command: Command) -> None:
    path = made(tmp_path, [POINT, FACE])
    for folder in (path, path / "models/10-x"):
        done = command("kmodel", "info", folder, "--firmware", "full", "--json")
        assert done.returncode == 0
        (model,) = json.loads(done.stdout)["models"]
        assert [item["field"] for item in model["networks"]] == ["kmodel", "stages[0].kmodel", "stages[1].kmodel"]
        assert [item["bytes"] for item in model["networks"]] == [len(DETECTOR), len(POINTS), len(FEATURES)]
        (row,) = model["firmware"]
        first, *rest = (load(data) for data in (DETECTOR, POINTS, FEATURES))
        assert row["need"] == memory(first, "full", stages=rest).need > memory(first, "full").need
        assert sum(model["load"].values()) > len(DETECTOR) + len(POINTS) + len(FEATURES)
    text = command("kmodel", "info", path).stdout
    assert "stages[1].kmodel: face.kmodel, face, kmodel v3" in text


def test_kmodel_info_names_the_network_that_is_damaged_or_missing(tmp_path: Path, command: Command) -> None:
    path = made(tmp_path, [POINT, FACE])
    (path / "models/10-x/points.kmodel").write_bytes(POINTS[:200])
    (path / "models/10-x/face.kmodel").unlink()
    done = command("kmodel", "info", path, "--json")
    (model,) = json.loads(done.stdout)["models"]
    assert (done.returncode, model["usable"], model["firmware"]) == (1, False, [])
    assert [item["usable"] for item in model["networks"]] == [True, False, False]


def test_kmodel_info_ends_with_1_where_the_sum_does_not_fit(tmp_path: Path, command: Command) -> None:
    large = files.with_main_memory(1_200_000)
    stage = {"kind": "classifier", "kmodel": "c.kmodel", "input": [224, 224, 3], "labels": list("abcdefgh")}
    assert command("kmodel", "info", card(tmp_path / "a", DETECTOR, {"c.kmodel": large}, stages=[stage]),
                   "--firmware", "full").returncode == 0  # fmt: skip
    assert command("kmodel", "info", card(tmp_path / "b", DETECTOR, {"c.kmodel": large}, stages=[stage] * 2),
                   "--firmware", "full").returncode == 1  # fmt: skip
