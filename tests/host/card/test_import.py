"""Every known export becomes a folder that the board's own parser accepts, or is refused with the reason."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from maixswitch.card.importing import importer
from maixswitch.card.importing.options import ImportOptions
from maixswitch.card.reading import Card
from maixswitch.errors import MaixSwitchError
from tests.host.card import exports

ANCHORS = [float(value) for value in exports.ANCHORS]
THREE = ["a", "b", "c"]


@pytest.fixture
def card(tmp_path: Path) -> Path:
    (tmp_path / "card" / "models").mkdir(parents=True)
    return tmp_path / "card"


def folder(files: exports.Files, path: Path) -> Path:
    for name, data in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(data)
    return path


def packed(files: exports.Files, path: Path) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def tree(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def labels(model: Any) -> list[str]:
    return [model.spec.label(at) for at in range(model.classes)]


CASES: list[tuple[str, Callable[[], exports.Files], str, dict[str, Any]]] = [
    ("old MaixHub", exports.maixhub_old, "MaixHub (old)", {"labels": ["blob"], "threshold": 0.6, "nms": 0.35}),
    ("MaixHub", exports.maixhub_now, "MaixHub", {"labels": ["blob"], "anchors": ANCHORS}),
    ("M5", exports.m5, "M5Stack V-Training", {"labels": ["1", "2", "3"], "threshold": 0.95, "kind": "classifier"}),
    ("M5 by hand", exports.m5_hand_edited, "M5Stack V-Training", {"labels": ["1", "2", "3"]}),
    ("aXeleRate", exports.axelerate, "aXeleRate", {"labels": ["raccoon"], "title": "raccoon detector", "nms": 0.5}),
    ("old aXeleRate", exports.axelerate_flat, "aXeleRate", {"anchors": ANCHORS}),
    ("Kendryte detector", exports.kendryte_detector, "Kendryte training", {"anchors": ANCHORS, "labels": ["blob"]}),
    ("Kendryte classifier", exports.kendryte_classifier, "Kendryte training", {"labels": ["cat", "dog", "bird"]}),
    ("fans_share", exports.fans_share, "anchors.txt and classes.txt", {"anchors": ANCHORS, "kind": "yolo2"}),
    ("loose", exports.loose, "kmodel with labels", {"title": "fish", "softmax": False, "input": [32, 32, 3]}),
    ("kfpkg", exports.kfpkg, "kfpkg", {"labels": THREE, "kind": "classifier"}),
]


@pytest.mark.parametrize("pack", [True, False], ids=["zip", "folder"])
@pytest.mark.parametrize(("name", "files", "format_name", "expected"), CASES, ids=[case[0] for case in CASES])
def test_an_export_becomes_a_folder_that_the_board_accepts(
    card: Path, tmp_path: Path, name: str, files: Any, format_name: str, expected: dict[str, Any], pack: bool
) -> None:
    source = packed(files(), tmp_path / "an export.zip") if pack else folder(files(), tmp_path / "an export")
    before = tree(source) if source.is_dir() else {}
    result = importer.import_models([source], card, ImportOptions())
    assert [imported.problems for _, imported in result.entries] == [[]]
    assert result.written
    assert result.entries[0][1].evidence.format == format_name
    (model,) = Card(card, 5).models
    assert not model.spec.problems
    written = json.loads((card / model.json).read_text())
    assert {key: written.get(key) for key in expected} == expected
    assert sorted(path.name for path in card.iterdir()) == ["models"]
    assert (tree(source) if source.is_dir() else {}) == before


def test_relative_anchors_become_cells_with_a_note(card: Path, tmp_path: Path) -> None:
    result = importer.import_models([folder(exports.axelerate(), tmp_path / "x")], card, ImportOptions())
    imported = result.entries[0][1]
    assert imported.model["anchors"][:4] == [1.0, 0.9375, 3.0, 3.0]
    assert any("20x15 cells" in note.text for note in imported.notes)


def test_the_second_line_of_kendryte_anchors_counts(card: Path, tmp_path: Path) -> None:
    result = importer.import_models([folder(exports.kendryte_detector(), tmp_path / "x")], card, ImportOptions())
    assert any("second" in note.text for note in result.entries[0][1].notes)


@pytest.mark.parametrize("flash_list", exports.FLASH_LISTS.values(), ids=exports.FLASH_LISTS)
def test_every_spelling_of_a_flash_list(card: Path, tmp_path: Path, flash_list: str) -> None:
    result = importer.import_models([packed(exports.kfpkg(flash_list), tmp_path / "fish.kfpkg")], card, ImportOptions())
    imported = result.entries[0][1]
    assert result.written
    assert any("0x300000" in note.text for note in imported.notes), imported.notes
    assert any("swapped" in note.text for note in imported.notes)
    assert (card / "models" / result.folders[0] / str(imported.model["kmodel"])).read_bytes() == exports.classifier(3)
    assert result.folders == ["10-fish"]


class TestContradiction:
    """labels.txt has three labels and boot.py three others, while the network has three outputs."""

    @pytest.fixture
    def source(self, tmp_path: Path) -> Path:
        return folder(exports.maixhub_classifier('["a", "b", "c"]'), tmp_path / "Mobilenet")

    def test_names_both_files_and_writes_nothing(self, card: Path, source: Path) -> None:
        result = importer.import_models([source], card, ImportOptions())
        problem = result.entries[0][1].problems[0].text
        for part in ("labels.txt: 3 (plastic, env, bag)", "boot.py:14: 3 (a, b, c)", "the network needs 3"):
            assert part in problem
        assert "--labels boot.py or --labels labels.txt" in problem
        assert not result.written
        assert not result.clean
        assert tree(card) == {}

    @pytest.mark.parametrize(
        ("asked", "expected"),
        [
            ("labels.txt", ["plastic", "env", "bag"]),
            ("boot.py", ["a", "b", "c"]),
            ("boot.py:14", ["a", "b", "c"]),
        ],
    )
    def test_is_decided_by_naming_a_file(self, card: Path, source: Path, asked: str, expected: list[str]) -> None:
        assert importer.import_models([source], card, ImportOptions(labels=asked)).written
        assert labels(Card(card).models[0]) == expected

    def test_a_list_of_another_length_is_not_used(self, card: Path, tmp_path: Path) -> None:
        result = importer.import_models(
            [folder(exports.maixhub_classifier(), tmp_path / "five")], card, ImportOptions()
        )
        assert labels(Card(card).models[0]) == ["plastic", "env", "bag"]
        assert [note.text for note in result.entries[0][1].notes] == [
            "labels of another number were not used: boot.py:14: 5 (a, b, c, d, ...)"
        ]

    def test_a_choice_that_the_network_contradicts_is_refused(self, card: Path, tmp_path: Path) -> None:
        source = folder(exports.maixhub_classifier(), tmp_path / "five")
        result = importer.import_models([source], card, ImportOptions(labels="boot.py"))
        assert [problem.text for problem in result.entries[0][1].problems] == [
            "boot.py:14: 5 labels (5 (a, b, c, d, ...)); the network needs 3: --labels FILE"
        ]

    def test_labels_of_another_file(self, card: Path, source: Path, tmp_path: Path) -> None:
        (tmp_path / "own.txt").write_text("x, y, z")
        assert importer.import_models([source], card, ImportOptions(labels=str(tmp_path / "own.txt"))).written
        assert labels(Card(card).models[0]) == ["x", "y", "z"]

    def test_an_unknown_name_lists_the_files_of_the_source(self, card: Path, source: Path) -> None:
        problem = (
            importer.import_models([source], card, ImportOptions(labels="nothing.txt")).entries[0][1].problems[0].text
        )
        assert "the source has no file of that name (it has: boot.py:14, labels.txt)" in problem

    def test_agreeing_files_are_no_contradiction(self, card: Path, tmp_path: Path) -> None:
        files = exports.maixhub_classifier('["Plastic", "ENV", "bag"]')
        assert importer.import_models([folder(files, tmp_path / "same")], card, ImportOptions()).written
        assert labels(Card(card).models[0]) == ["Plastic", "ENV", "bag"]


def test_two_models_of_one_folder_become_two(card: Path, tmp_path: Path) -> None:
    result = importer.import_models([folder(exports.two_loose(), tmp_path / "x")], card, ImportOptions())
    assert result.written
    assert result.folders == ["10-blobs", "20-fish"]
    assert [imported.notes for _, imported in result.entries] == [[], []]
    assert [(model.title, labels(model)) for model in Card(card).models] == [("blobs", ["blob"]), ("fish", THREE)]


def test_a_problem_in_one_of_two_leaves_only_this_one_out(card: Path, tmp_path: Path) -> None:
    files = exports.two_loose()
    files["fish_labels.txt"] = b"a\nb\n"
    result = importer.import_models([folder(files, tmp_path / "x")], card, ImportOptions())
    assert [bool(imported.problems) for _, imported in result.entries] == [False, True]
    assert [model.title for model in Card(card).models] == ["blobs"]
    assert not result.clean


def test_a_bare_kmodel_needs_its_options(card: Path, tmp_path: Path) -> None:
    (tmp_path / "blob.kmodel").write_bytes(exports.detector())
    item = importer.import_models([tmp_path / "blob.kmodel"], card, ImportOptions()).entries[0][1]
    assert ["--anchors" in problem.text for problem in item.problems] == [True]
    assert [note.text for note in item.notes] == ["no labels found; the only class is called blob, as the model"]
    (tmp_path / "names").write_text("blob\r\n")
    text = ",".join(map(str, ANCHORS))
    options = ImportOptions(title="Blobs", labels=str(tmp_path / "names"), anchors=text, threshold=0.7, nms=0.2)
    assert importer.import_models([tmp_path / "blob.kmodel"], card, options).written
    spec = Card(card).models[0].spec
    assert (spec.title, spec.threshold, spec.nms, spec.kind) == ("Blobs", 0.7, 0.2, "yolo2")


def test_a_network_without_softmax_gets_one_by_default(card: Path, tmp_path: Path) -> None:
    files = {"m.kmodel": exports.classifier(3, softmax=False), "labels.txt": b"a\nb\nc"}
    source = folder(files, tmp_path / "plain")
    assert importer.import_models([source], card, ImportOptions()).entries[0][1].model["softmax"] is True
    assert importer.import_models([source], card, ImportOptions(softmax=False)).entries[0][1].model["softmax"] is False
    assert [model.title for model in Card(card).models] == ["plain", "plain 2"]


def test_many_labels_go_into_a_file(card: Path, tmp_path: Path) -> None:
    names = [f"class {number}" for number in range(100)]
    source = folder({"m.kmodel": exports.classifier(100), "labels.json": json.dumps(names).encode()}, tmp_path / "x")
    assert importer.import_models([source], card, ImportOptions()).written
    assert labels(Card(card).models[0]) == names


def test_a_model_of_another_card_keeps_all_its_fields(card: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    (other / "models").mkdir(parents=True)
    source = folder(exports.two_loose(), tmp_path / "x")
    importer.import_models([source], other, ImportOptions(threshold=0.25))
    model = json.loads((other / "models" / "20-fish" / "model.json").read_text())
    model.update(title="Fish_of prey", softmax=True, top=2)
    (other / "models" / "20-fish" / "model.json").write_text(json.dumps(model))
    assert importer.import_models([other], card, ImportOptions()).folders == ["10-blobs", "20-fish-of-prey"]
    written = [json.loads((card / model.json).read_text()) for model in Card(card).models]
    assert [item["threshold"] for item in written] == [0.25, 0.25]
    assert (written[1]["title"], written[1]["softmax"], written[1]["top"]) == ("Fish_of prey", True, 2)


def test_a_dry_run_writes_nothing_and_names_the_folder(card: Path, tmp_path: Path) -> None:
    result = importer.import_models([folder(exports.loose(), tmp_path / "x")], card, ImportOptions(), dry_run=True)
    assert result.clean
    assert result.folders == ["10-fish"]
    assert list(card.rglob("*")) == [card / "models"]


def test_position_renames_other_models_only_if_it_must(card: Path, tmp_path: Path) -> None:
    source = folder(exports.loose(), tmp_path / "x")
    for title in ("one", "two", "three"):
        importer.import_models([source], card, ImportOptions(title=title))
    result = importer.import_models([source], card, ImportOptions(title="half"), position=2)
    assert (result.folders, result.renames) == (["15-half"], [])
    (card / "models" / "15-half").rename(card / "models" / "11-half")
    result = importer.import_models([source], card, ImportOptions(title="tight"), position=2)
    assert [model.title for model in Card(card).models] == ["one", "tight", "half", "two", "three"]
    assert not any(model.spec.problems for model in Card(card).models)


@pytest.mark.parametrize(
    ("files", "text"),
    [
        ({"m.smodel": b"LDMS" + bytes(100), "boot.py": b""}, "encrypted model"),
        ({"m.kmodel": b"LDMK\x05\0\0\0" + bytes(100)}, "kmodel v5"),
        ({"m.kmodel": b"version https://git-lfs.github.com/spec/v1\n"}, "Git LFS pointer"),
        ({"a.tflite": b"\x1c\0\0\0TFL3", "readme.md": b"x"}, "a TensorFlow Lite network"),
        ({"m.kmodel": b"DUDE" + bytes(100)}, "CorgiDude"),
        ({"inner.kfpkg": b"PK\x03\x04", "readme.md": b"x"}, "inner.kfpkg: refused: a damaged zip"),
        ({"a.txt": b"1", "b.txt": b"2"}, "no .kmodel; found a.txt, b.txt"),
        ({}, "empty"),
    ],
)
def test_an_unusable_source_is_refused_with_the_reason(
    card: Path, tmp_path: Path, files: exports.Files, text: str
) -> None:
    (tmp_path / "x").mkdir()
    with pytest.raises(MaixSwitchError, match=text):
        importer.import_models([folder(files, tmp_path / "x")], card, ImportOptions())
    assert tree(card) == {}


def test_usable_models_are_imported_beside_unusable_ones(card: Path, tmp_path: Path) -> None:
    files = {**exports.loose(), "old.smodel": b"LDMS" + bytes(100)}
    result = importer.import_models([folder(files, tmp_path / "x")], card, ImportOptions())
    assert result.written
    assert "old.smodel" in result.refused[0].text


def test_real_mismatch_and_real_swap(card: Path, tmp_path: Path, kmodels: Path) -> None:
    files = exports.maixhub_classifier('["a", "b", "c"]')
    files["m.kmodel"] = (kmodels / "mobilenet_3class_v3.kmodel").read_bytes()
    result = importer.import_models([folder(files, tmp_path / "x")], card, ImportOptions(labels="labels.txt"))
    assert result.written
    assert any("32x32, the network takes 224x224x3" in note.text for note in result.entries[0][1].notes)
    (tmp_path / "face.txt").write_text("face")
    options = ImportOptions(labels=str(tmp_path / "face.txt"), anchors=",".join(map(str, ANCHORS)))
    assert importer.import_models([kmodels / "face_yolov2_wordswapped.kmodel"], card, options).written
    for name, text in (
        ("ultraface_slim_v4", "2 outputs"),
        ("iris_v3", "4 float32 values"),
        ("yolov3_two_heads_v3", "2 outputs"),
    ):
        problems = importer.import_models([kmodels / f"{name}.kmodel"], card, options).entries[0][1].problems
        assert text in problems[0].text
    assert not any(model.spec.problems for model in Card(card).models)
