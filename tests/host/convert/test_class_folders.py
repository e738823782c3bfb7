"""Pictures in a folder for each class: used evenly, matched to the classes, and the true accuracy of both networks."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from maixswitch.convert.conversion import Options, convert
from maixswitch.convert.quantise import images
from maixswitch.convert.quantise.picture_files import PictureFile, picture_files, spread_over_classes
from maixswitch.convert.report import document as report
from maixswitch.convert.report.truth import truth_of
from maixswitch.errors import EXIT_IO, MaixSwitchError
from tests.host.convert.colour_network import COLOURS, class_folders, colour_network, paint, save

PICTURES = 10


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return class_folders(tmp_path_factory.mktemp("classes") / "photos", COLOURS, PICTURES)


def of_classes(**counts: int) -> list[PictureFile]:
    return [PictureFile(Path(name, f"{n:03}.png"), name) for name, count in counts.items() for n in range(count)]


def counted(pictures: list[PictureFile]) -> dict[str, int]:
    folders = [picture.folder for picture in pictures]
    return {name: folders.count(name) for name in sorted(set(folders))}


@pytest.mark.parametrize(
    ("counts", "most", "expected"),
    [
        ({"a": 100, "b": 100, "c": 100}, 30, {"a": 10, "b": 10, "c": 10}),
        ({"a": 1000, "b": 3}, 20, {"a": 17, "b": 3}),
        ({"a": 2, "b": 2}, 50, {"a": 2, "b": 2}),
        ({"a": 5, "b": 5, "c": 5, "d": 5}, 2, {"a": 1, "c": 1}),
        ({"": 10}, 4, {"": 4}),
    ],
)
def test_classes_give_as_many_pictures_as_possible(counts: dict[str, int], most: int, expected: dict[str, int]) -> None:
    assert counted(spread_over_classes(of_classes(**counts), most)) == expected


def test_pictures_are_spread_over_a_class() -> None:
    chosen = spread_over_classes(of_classes(a=100, b=10), 10)
    assert [picture.path.stem for picture in chosen if picture.folder == "a"] == ["000", "020", "040", "060", "080"]


def test_layouts_of_data_sets(tmp_path: Path) -> None:
    for name in ("train/cat/1.png", "val/cat/2.png", "train/dog/day one/3.png"):
        paint(tmp_path / name, (9, 9, 9))
    for name in (".cache/4.png", "__MACOSX/cat/5.png"):
        paint(tmp_path / name, (9, 9, 9))
    listed = picture_files(tmp_path)
    assert sorted((item.folder, item.path.name) for item in listed.pictures) == [
        ("cat", "1.png"),
        ("cat", "2.png"),
        ("dog", "3.png"),
    ]
    assert listed.folders == ["cat", "dog"]


def test_pictures_beside_folders_are_used_alone(tmp_path: Path) -> None:
    paint(tmp_path / "a.png", (9, 9, 9))
    class_folders(tmp_path, COLOURS, 2)
    loaded = images.load(tmp_path, (3, 8, 8))
    assert [item.path.name for item in loaded.files] == ["a.png"]
    assert loaded.folders == ()
    assert loaded.notes() == ["pictures in sub-folders are not used, because others lie beside them: 6"]


@pytest.mark.parametrize("below", ["", "cat"])
def test_damaged_pictures_and_doubles_of_macos_are_skipped(below: str, tmp_path: Path) -> None:
    folder = tmp_path / below
    for number in range(3):
        paint(folder / f"{number}.png", (60 * number, 0, 0))
    whole = (folder / "2.png").read_bytes()
    (folder / "1.png").write_bytes(whole[: len(whole) // 2])
    (folder / "3.jpg").write_bytes(b"")
    (folder / "._0.png").write_bytes(b"\0\5\x16\7")
    loaded = images.load(tmp_path, (3, 8, 8))
    assert [item.path.name for item in loaded.files] == ["0.png", "2.png"]
    assert len(loaded.pixels) == 2
    assert loaded.skipped == 3
    assert loaded.notes() == [
        f"damaged pictures that were skipped: 2, such as {folder / '1.png'}",
        "files of macOS (._NAME) that were skipped: 1",
    ]


def test_a_folder_with_nothing_but_damaged_pictures_is_refused(tmp_path: Path) -> None:
    for name in ("a/1.png", "b/2.png"):
        paint(tmp_path / name, (9, 9, 9)).write_bytes(b"GIF89a")
    with pytest.raises(MaixSwitchError, match=r"1\.png: not a picture") as refused:
        images.load(tmp_path, (3, 8, 8))
    assert refused.value.exit_code == EXIT_IO


@pytest.mark.parametrize(
    ("folders", "labels", "classes", "expected"),
    [
        (["cat", "dog"], [], 2, {"cat": 0, "dog": 1}),
        (["cat", "dog"], ["dog", "cat"], 2, {"cat": 1, "dog": 0}),
        (["Fire Truck", "sea-lion"], ["sea_lion", "fire truck"], 2, {"Fire Truck": 1, "sea-lion": 0}),
        (["0", "1", "10", "2"], [], 4, {"0": 0, "1": 1, "10": 2, "2": 3}),
        (["猫", "狗"], ["狗", "猫"], 2, {"猫": 1, "狗": 0}),
        ([], ["a"], 1, {}),
        (["all"], [], 7, {}),
        (["all"], [], 1, {}),
    ],
)
def test_folders_and_classes(folders: list[str], labels: list[str], classes: int, expected: dict[str, int]) -> None:
    truth = truth_of(folders, labels, classes)
    assert dict(truth.classes) == expected
    assert truth.notes == ()


def test_folders_without_a_class_are_named() -> None:
    truth = truth_of(["cat", "cow", "crane"], ["cat", "crane", "dog", "crane"], 4)
    assert dict(truth.classes) == {"cat": 0}
    assert truth.notes == ("class folders that match no label, left out of the accuracy: cow, crane",)
    truth = truth_of(["cat", "dog"], [], 7)
    assert dict(truth.classes) == {}
    assert truth.notes[0].startswith("2 class folders, but the network has 7 classes")


def test_both_networks_are_measured_against_the_folders(photos: Path, tmp_path: Path) -> None:
    # The network's order is red, green, blue; in sorted order, blue and red would be exchanged.
    network = save(colour_network(("red", "green", "blue")), tmp_path / "net.onnx")
    labels = ("Red", "Green", "Blue")
    for names, right, by in ((labels, 6, "labels"), ((), 2, "order")):
        facts = convert(Options(network, tmp_path / "n.kmodel", photos, labels=names))
        result = report.document(facts)
        assert (result["images"]["calibrated"], result["images"]["held_back"]) == (24, 6)
        figures = result["accuracy"]
        assert (figures["pictures"], figures["float"], figures["kmodel"], figures["classes_by"]) == (
            6,
            right,
            right,
            by,
        )
        share = 100 * right / 6
        line = f"right answers in 6 pictures: float network {share:.1f} %, kmodel {share:.1f} %"
        assert any(text.startswith(line) for text in report.summary(result))
        held = [item["truth"] for item in result["answers"]]
        assert sorted(held) == sorted([*(names or COLOURS)] * 2), "two pictures of each class are held back"


def test_pictures_without_folders_have_no_accuracy(tmp_path: Path) -> None:
    for number in range(5):
        paint(tmp_path / "photos" / f"{number}.png", (50 * number, 9, 9))
    network = save(colour_network(), tmp_path / "net.onnx")
    facts = convert(Options(network, tmp_path / "n.kmodel", tmp_path / "photos"))
    assert report.document(facts)["accuracy"] is None
    assert not [line for line in report.summary(report.document(facts)) if "right answers" in line]


def test_the_command_shows_both_accuracies(photos: Path, command, tmp_path: Path) -> None:
    save(colour_network(), tmp_path / "net.onnx")
    Path(tmp_path, "labels.txt").write_text("blue\ngreen\nred\n")
    words = ("convert", "net.onnx", "--images", photos, "--labels", "labels.txt", "--report", "r.html")
    ended = command(*words)
    assert ended.returncode == 0, ended.stderr
    text = "right answers in 6 pictures: float network 100.0 %, kmodel 100.0 % (classes by the names of their folders)"
    assert text in ended.stdout
    assert text in Path(tmp_path, "r.html").read_text(encoding="utf-8")
    figures = json.loads(command(*words, "--json").stdout)["accuracy"]
    assert np.isclose(figures["kmodel_share"], 1.0)
