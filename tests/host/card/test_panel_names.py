"""Names that the panel cannot draw: the import keeps them and writes ASCII forms beside them for the panel."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maixswitch.card.check import Options, check
from maixswitch.card.importing import importer
from maixswitch.card.importing.anchor_units import in_cells
from maixswitch.card.importing.importer import ImportResult
from maixswitch.card.importing.labels import MAX_LABEL
from maixswitch.card.importing.naming import ascii_form, ascii_labels
from maixswitch.card.importing.options import ImportOptions
from maixswitch.card.reading import Card
from tests.host.card import exports
from tests.host.kmodel.judge.test_nature import network


@pytest.fixture
def card(tmp_path: Path) -> Path:
    (tmp_path / "card" / "models").mkdir(parents=True)
    return tmp_path / "card"


def put(card: Path, name: str, files: exports.Files, options: ImportOptions | None = None) -> ImportResult:
    source = card.parent / name
    source.mkdir(parents=True)
    for file, data in files.items():
        (source / file).write_bytes(data)
    return importer.import_models([source], card, options or ImportOptions())


def classifier(labels: list[str], encoding: str = "utf-8") -> exports.Files:
    return {"net.kmodel": exports.classifier(len(labels)), "labels.txt": "\n".join(labels).encode(encoding)}


def about_text(card: Path) -> set[str]:
    codes = {item.code for item in check(card, Options()).findings}
    return {code for code in codes if code.startswith("C31") or code in ("C126", "C108")}


FRUIT = {
    "Chinese": ["苹果", "香蕉", "背景"],
    "Chinese in GBK": ["苹果", "香蕉", "背景"],
    "German": ["Äpfel", "Nüsse", "groß"],
    "Russian": ["\u043a\u043e\u0448\u043a\u0430", "dog", "\u0440\u044b\u0431\u0430"],
    "mixed": ["猫 cat", "dog", "鸟"],
    "one sound": ["平果", "苹果", "PingGuo"],
    "signs": ["→", "℃", "½"],
}


@pytest.mark.parametrize("name", FRUIT)
def test_labels_keep_their_letters_and_get_an_ascii_form(card: Path, name: str) -> None:
    labels = FRUIT[name]
    result = put(card, "x", classifier(labels, "gbk" if "GBK" in name else "utf-8"))
    assert result.written
    assert [note.code for note in result.entries[0][1].notes] == ["C546"]
    model = Card(card).models[0]
    assert [model.spec.label(at) for at in range(3)] == labels
    forms = [model.spec.panel_label(at) for at in range(3)]
    assert all(form.isascii() and form.isprintable() for form in forms)
    assert len(set(forms)) == 3
    assert about_text(card) == set()


def test_plain_labels_get_none(card: Path) -> None:
    assert put(card, "x", classifier(["cat", "dog", "bird"])).written
    model = json.loads(next(card.glob("models/*/model.json")).read_text())
    assert "ascii_labels" not in model
    assert "ascii_title" not in model


def test_many_labels_have_two_files(card: Path) -> None:
    labels = [f"类别{number}" for number in range(60)]
    assert put(card, "x", classifier(labels)).written
    folder = next((card / "models").iterdir())
    model = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    assert (model["labels"], model["ascii_labels"]) == ("labels.txt", "ascii.txt")
    assert (folder / "labels.txt").read_text(encoding="utf-8").splitlines() == labels
    assert (folder / "ascii.txt").read_text(encoding="ascii").splitlines()[59] == "LeiBie59"
    assert about_text(card) == set()


@pytest.mark.parametrize("title", ["水果", "Früchte", "\u0444\u0440\u0443\u043a\u0442\u044b"])
def test_titles(card: Path, title: str) -> None:
    result = put(card, "x", classifier(["a", "b", "c"]), ImportOptions(title=title))
    assert result.written
    spec = Card(card).models[0].spec
    assert spec.title == title
    assert spec.panel_title() == ascii_form(title)
    assert result.folders[0] != "10-model"
    assert about_text(card) == set()


def test_equal_titles_differ_on_the_panel_too(card: Path) -> None:
    for number in range(3):
        assert put(card, f"{number}/水果", {"m.kmodel": exports.classifier(1), "labels.txt": b"a"}).written
    titles = [(model.spec.title, model.spec.panel_title()) for model in Card(card).models]
    assert titles == [("水果", "ShuiGuo"), ("水果 2", "ShuiGuo 2"), ("水果 3", "ShuiGuo 3")]
    assert about_text(card) == set()


def test_forms_that_somebody_wrote_by_hand_stay(card: Path, tmp_path: Path) -> None:
    assert put(card, "x", classifier(["苹果", "香蕉", "梨"]), ImportOptions(title="水果")).written
    folder = next((card / "models").iterdir())
    model = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    model.update(ascii_title="Fruit", ascii_labels=["apple", "banana", "pear"])
    (folder / "model.json").write_text(json.dumps(model), encoding="utf-8")
    other = tmp_path / "other"
    (other / "models").mkdir(parents=True)
    assert importer.import_models([folder], other, ImportOptions()).written
    spec = Card(other).models[0].spec
    assert (spec.title, spec.panel_title()) == ("水果", "Fruit")
    assert [(spec.label(at), spec.panel_label(at)) for at in (0, 2)] == [("苹果", "apple"), ("梨", "pear")]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"ascii_labels": ["a", "b"]}, "C126"),
        ({"ascii_labels": ["苹果", "b", "c"]}, "C126"),
        ({"ascii_labels": "none.txt"}, "C126"),
        ({"ascii_title": "水果"}, "C126"),
        ({"ascii_title": "x" * 33}, "C126"),
        ({"ascii_labels": ["same", "same", "c"]}, "C314"),
        ({"ascii_labels": ["a" * 60, "b", "c"]}, "C313"),
        ({"ascii_title": "a title that is too long for it"}, "C312"),
    ],
)
def test_check_judges_the_ascii_forms(card: Path, change: dict[str, object], code: str) -> None:
    assert put(card, "x", classifier(["苹果", "香蕉", "梨"])).written
    file = next(card.glob("models/*/model.json"))
    file.write_text(json.dumps({**json.loads(file.read_text(encoding="utf-8")), **change}), encoding="utf-8")
    (card / "maixswitch.fnt").unlink(missing_ok=True)  # with glyphs the panel would not need these forms
    assert about_text(card) == {code}


LONG = "great white shark, white shark, man-eater, man-eating shark, Carcharodon carcharias"


@pytest.mark.parametrize(
    ("labels", "expected", "count"),
    [
        ([LONG, "b", "c"], ["great white shark", "b", "c"], 1),
        ([LONG, "great white shark", "x" * 99], ["great white shark 2", "great white shark", "x" * 64], 2),
        (["y" * 65, "y" * 66, "c"], ["y" * 64, "y" * 62 + " 2", "c"], 2),
    ],
)
def test_long_labels_have_one_note(card: Path, labels: list[str], expected: list[str], count: int) -> None:
    result = put(card, "x", classifier(labels))
    assert result.written
    notes = [note for note in result.entries[0][1].notes if note.code == "C545"]
    assert len(notes) == 1
    assert notes[0].text.endswith(f": {count}")
    assert [Card(card).models[0].spec.label(at) for at in range(3)] == expected


@given(labels=st.lists(st.text(min_size=1, max_size=MAX_LABEL).map(str.strip).filter(bool), max_size=9))
def test_any_labels_have_plain_forms_that_differ(labels: list[str]) -> None:
    forms = ascii_labels(labels) or labels
    assert all(form.isascii() and form.isprintable() and 0 < len(form) <= MAX_LABEL for form in forms)
    assert len(set(forms)) == len(set(labels))


@pytest.mark.parametrize("shape", [(1, 1, 1, 3), (3, 1, 1), (1, 3, 1)])
def test_scores_in_any_direction_are_a_classifier(card: Path, shape: tuple[int, ...]) -> None:
    result = put(card, "x", {"x.kmodel": network((3, 8, 8), shape), "labels.txt": b"a\nb\nc"})
    assert result.written
    assert result.entries[0][1].model["kind"] == "classifier"


@pytest.mark.parametrize(
    ("outputs", "code", "name"),
    [
        ([(136,)], "C547", "68 points"),
        ([(7, 1, 512)], "C547", "speech"),
        ([(3, 128, 128)], "C547", "autoencoder"),
        ([(18, 4, 4), (18, 8, 8)], "C530", "YOLOv3"),
        ([(20,), (15,)], "C530", "steering"),
    ],
)
def test_other_networks_are_refused_by_name(card: Path, outputs: list[tuple[int, ...]], code: str, name: str) -> None:
    files = {"x.kmodel": network((3, 128, 128), *outputs), "labels.txt": b"a\nb\nc"}
    result = put(card, "x", files)
    problems = result.entries[0][1].problems
    assert [problem.code for problem in problems] == [code]
    assert name in problems[0].text


def test_labels_of_the_right_number_make_a_list_a_classifier(card: Path) -> None:
    lines = "\n".join(f"class number {number}" for number in range(128)).encode()
    assert put(card, "x", {"x.kmodel": network((3, 128, 128), (128,)), "labels.txt": lines}).written
    codes = {item.code for item in check(card, Options()).findings}
    assert "C230" not in codes


def test_check_names_another_network(card: Path) -> None:
    assert put(card, "x", classifier(["a", "b", "c"])).written
    file = next(card.glob("models/*/net.kmodel"))
    file.write_bytes(network((3, 32, 32), (3, 32, 32)))
    named = [item.found for item in check(card, Options()).findings if item.code == "C230"]
    assert named == ["autoencoder (its output is a picture)"]


PAIRS = [1.0, 1.5, 2.0, 3.0, 6.5, 6.0]


@pytest.mark.parametrize(
    ("anchors", "note"),
    [
        (PAIRS, ""),
        ([value / 7 for value in PAIRS], "fractions"),
        ([value * 32 for value in PAIRS], "pixels"),
        ([32, 48, 64, 96, 208, 192], "pixels"),
    ],
)
def test_anchors_in_every_unit_become_cells(anchors: list[float], note: str) -> None:
    cells, text = in_cells(anchors, (7, 7), (224, 224, 3), "anchors.txt")
    assert cells == pytest.approx(PAIRS, abs=1e-5)
    assert (note in text) == bool(note or not text)
