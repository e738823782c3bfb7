"""`check`, `ls` and `import` with stages, detectors that the app decodes itself, and the other kinds of network."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from maixswitch.card import inventory
from maixswitch.card.check import Options, check
from maixswitch.card.importing.options import ImportOptions
from maixswitch.kmodel import load
from maixswitch.kmodel.judge.memory import memory
from tests.host.card import finding_files as files
from tests.host.card.import_sources import ANCHORS, Files, fields, imported, put
from tests.host.kmodel.judge.test_nature import network

NINE = [*ANCHORS, 6.0, 6.0, 7.0, 7.0, 7.5, 7.5, 8.0, 8.0]
DETECTOR = files.picture_network(128, 128, 30, 4)  # five anchors, one class
HEADS = files.picture_network(128, 128, 54, 4)  # nine anchors, one class
PLATES = files.picture_network(128, 128, 25, 4)  # five anchors, no class
POINTS = files.picture_network(64, 64, 10, 3, "mean")
FEATURES = files.picture_network(64, 64, 256, 3, "mean")


def card(tmp_path: Path, kmodel: bytes, more: Files | None = None, **changes: Any) -> Path:
    """Makes a card with one model, a detector unless `changes` says otherwise."""
    folder = tmp_path / "card/models/10-x"
    folder.mkdir(parents=True)
    model = {"schema": 1, "title": "X", "kind": "yolo2", "kmodel": "m.kmodel", "input": [128, 128, 3]}
    model |= {"labels": ["one"], "anchors": ANCHORS, **changes}
    model = {name: value for name, value in model.items() if value is not None}
    for name, data in {"m.kmodel": kmodel, **(more or {})}.items():
        (folder / name).write_bytes(data)
    (folder / "model.json").write_text(json.dumps(model))
    return tmp_path / "card"


def stages(**changes: Any) -> list[dict[str, Any]]:
    point = {"kind": "landmark", "kmodel": "points.kmodel", "input": [64, 64, 3], **changes}
    return [point, {"kind": "face", "kmodel": "face.kmodel", "input": [64, 64, 3]}]


def judged(path: Path, firmware: str = "full") -> list[tuple[str, str]]:
    """The codes and fields of the findings about model folders, without notes on the size of the picture."""
    findings = check(path, Options(firmware=(firmware,))).findings
    return [(item.code, item.field) for item in findings if item.file.startswith("models") and item.code[:2] != "C3"]


def test_memory_of_an_entry_is_the_sum_of_its_networks(tmp_path: Path) -> None:
    path = card(tmp_path, DETECTOR, {"points.kmodel": POINTS, "face.kmodel": FEATURES}, stages=stages())
    assert judged(path) == []
    parts = [load(data) for data in (DETECTOR, POINTS, FEATURES)]
    alone = [memory(part, "full", panel=None) for part in parts]
    report = check(path, Options(firmware=("full",))).models[0]
    assert sum(report.need.values()) == sum(sum(item.parts.values()) for item in alone)
    (row,) = inventory.rows(path, Options(firmware=("full",)))
    assert row["need"] >= sum(len(data) for data in (DETECTOR, POINTS, FEATURES))


def test_networks_that_fit_alone_may_not_fit_together(tmp_path: Path) -> None:
    large = files.with_main_memory(1_200_000)
    stage = [{"kind": "classifier", "kmodel": "c.kmodel", "input": [224, 224, 3], "labels": list("abcdefgh")}]
    both = card(tmp_path, DETECTOR, {"c.kmodel": large}, stages=stage * 2)
    assert "C206" in dict(judged(both)) or "C212" in dict(judged(both))
    one = json.loads((both / "models/10-x/model.json").read_text())
    (both / "models/10-x/model.json").write_text(json.dumps(one | {"stages": stage}))
    assert not {"C206", "C212"} & set(dict(judged(both)))


@pytest.mark.parametrize(
    ("more", "changes", "expected"),
    [
        ({"points.kmodel": POINTS}, {}, ("C115", "stages[1].kmodel")),
        ({"points.kmodel": POINTS, "face.kmodel": FEATURES}, {"input": [32, 32, 3]}, ("C119", "stages[0].input")),
        ({"points.kmodel": POINTS, "face.kmodel": FEATURES}, {"kind": "raw"}, ("C106", "stages[0].kind")),
        ({"points.kmodel": POINTS, "face.kmodel": FEATURES, "z.kmodel": POINTS}, {}, ("C122", "")),
    ],
)
def test_findings_name_the_stage(tmp_path: Path, more: Files, changes: dict[str, Any], expected: Any) -> None:
    assert expected in judged(card(tmp_path, DETECTOR, more, stages=stages(**changes)))


@pytest.mark.parametrize(
    ("kmodel", "changes"), [(HEADS, {"anchors": NINE}), (PLATES, {"labels": None})], ids=["nine anchors", "no classes"]
)
def test_the_app_decodes_what_maixpy_does_not(tmp_path: Path, kmodel: bytes, changes: dict[str, Any]) -> None:
    path = card(tmp_path, kmodel, **changes)
    assert judged(path) == [("C121", "anchors")]
    assert judged(path, "canmv") == []


@pytest.mark.parametrize(
    ("kmodel", "kind", "more"),
    [
        (POINTS, "landmark", {}),
        (FEATURES, "learner", {"limit": 20, "top": 3}),
        (PLATES, "raw", {}),
        (HEADS, "yolo3", {"anchors": [30, 30] * 9, "labels": ["one"], "threshold": 0.5, "nms": 0.3}),
        (HEADS, "yolo2", {"anchors": NINE, "labels": ["one"], "threshold": 0.5, "nms": 0.3}),
        (PLATES, "yolo2", {"anchors": ANCHORS, "threshold": 0.5, "nms": 0.3}),
    ],
)
def test_kinds_by_hand(tmp_path: Path, kmodel: bytes, kind: str, more: dict[str, Any]) -> None:
    names = tmp_path / "names.txt"
    names.write_text("one\n")
    options = ImportOptions(
        kind=kind,
        anchors=", ".join(map(str, more.get("anchors", ()))),
        labels=str(names) if "labels" in more else "",
        fields={"limit": 20} if kind == "learner" else {},
    )
    (model,) = fields(imported(put({"x.kmodel": kmodel}, tmp_path / "x"), options)).values()
    assert model["problems"] == set()
    assert {name: model.get(name) for name in ("kind", *more)} == {"kind": kind, **more}


def test_a_script_that_learns_makes_a_learner(tmp_path: Path) -> None:
    script = b"""import sensor, KPU as kpu
task = kpu.load("/sd/x.kmodel")
learner = kpu.classifier(task, 3, 15, fea_len=256)
while True:
    learner.add_class_img(sensor.snapshot())
"""
    (model,) = fields(
        imported(put({"x.kmodel": FEATURES, "main.py": script}, tmp_path / "x"), ImportOptions())
    ).values()
    assert (model["kind"], model["problems"]) == ("learner", set())


@pytest.mark.parametrize(
    ("kmodel", "option"),
    [
        (FEATURES, "--kind learner"),
        (files.picture_network(128, 128, 136, 4, "mean"), "--kind landmark"),
        (PLATES, "--kind raw"),
        (network((3, 64, 64), (18, 8, 8), (18, 4, 4)), "--kind yolo3"),
    ],
)
def test_a_refusal_proposes_a_kind(tmp_path: Path, kmodel: bytes, option: str) -> None:
    ((_, item),) = imported(put({"x.kmodel": kmodel}, tmp_path / "x"), ImportOptions()).entries
    assert [message.option for message in item.problems] == [option]
