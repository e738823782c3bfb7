"""Labelled pictures in every format: recognised by their content, with the traps that tools and people set."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from maixswitch.errors import EXIT_USAGE, MaixSwitchError
from maixswitch.evaluate import truth
from maixswitch.evaluate.data.names import naming
from maixswitch.evaluate.data.reading import read_data
from maixswitch.evaluate.data.sample import DataSet, Sample
from maixswitch.evaluate.records import Record
from maixswitch.sim import pictures
from tests.host.evaluate import data_makers


@pytest.fixture(scope="module")
def drawn() -> data_makers.Drawn:
    return data_makers.shapes(6)


def boxes_of(data: DataSet, sample: Sample, size: tuple[int, int]) -> list[tuple[str, list[float]]]:
    """Return class and sides in pixels of each box, as the metrics get them."""
    sides = truth.true_sides(sample, Record(sample.key, width=size[0], height=size[1])).round(3).tolist()
    return sorted((box.name, row) for box, row in zip(sample.boxes, sides, strict=True))


@pytest.mark.parametrize("name", data_makers.BOX_FORMATS)
def test_every_format_gives_the_same_boxes(name: str, drawn: data_makers.Drawn, tmp_path: Path) -> None:
    data_makers.BOX_FORMATS[name](tmp_path, drawn)
    data = read_data(tmp_path)
    assert (data.format, data.labels) == (name, "boxes")
    wanted = {
        f"{at:04}.png": sorted((o.kind, [o.x, o.y, o.x + o.width, o.y + o.height]) for o in objects)
        for at, (_, objects) in enumerate(drawn)
    }
    # A table has no line for a picture without an object, so it cannot tell it from one that nobody has looked at.
    if name == "CSV":
        wanted = {key: rows for key, rows in wanted.items() if rows}
    found = {sample.key.rpartition("/")[2]: boxes_of(data, sample, drawn[0][0].size) for sample in data.samples}
    assert found == wanted


def test_the_order_of_the_classes_is_that_of_the_file(drawn: data_makers.Drawn, tmp_path: Path) -> None:
    data_makers.write_yolo(tmp_path, drawn)
    data = read_data(tmp_path)
    assert data.names == tuple(sorted(pictures.SHAPES))
    numbers = naming(data.classes, data.names, pictures.SHAPES, {}, True).numbers
    assert numbers == {kind: at for at, kind in enumerate(pictures.SHAPES)}
    # Without a file of names a number is a position in the model's labels.
    (tmp_path / "data.yaml").unlink()
    data = read_data(tmp_path)
    assert all(
        numbers == at for at, numbers in enumerate(naming(("0", "1"), (), pictures.SHAPES, {}, True).numbers.values())
    )
    assert set(data.classes) <= set("01234")


def test_only_the_test_part_is_measured(drawn: data_makers.Drawn, tmp_path: Path) -> None:
    data_makers.write_yolo(tmp_path, drawn)
    assert {sample.key.split("/")[0] for sample in read_data(tmp_path).samples} == {"test"}
    assert any("only the part test" in note for note in read_data(tmp_path).notes)
    assert len(read_data(tmp_path, "train").samples) == 1
    assert len(read_data(tmp_path, "all").samples) == 7
    with pytest.raises(MaixSwitchError, match="--split val: found test, train"):
        read_data(tmp_path, "val")


def test_the_lists_of_the_voc_challenges_name_the_parts(drawn: data_makers.Drawn, tmp_path: Path) -> None:
    data_makers.write_voc(tmp_path, drawn)
    lists = tmp_path / "ImageSets" / "Main"
    lists.mkdir(parents=True)
    (lists / "train.txt").write_text("0000\n0001\n")
    (lists / "val.txt").write_text("0002\n0003\n")
    (lists / "circle_val.txt").write_text("0004  1\n")
    assert [sample.key for sample in read_data(tmp_path).samples] == ["JPEGImages/0002.png", "JPEGImages/0003.png"]
    assert len(read_data(tmp_path, "train").samples) == 2


def test_class_folders(tmp_path: Path) -> None:
    data_makers.digits(tmp_path, 12, "images")
    (tmp_path / "images" / "3").rename(tmp_path / "images" / "three ")
    data = read_data(tmp_path)
    assert (data.format, data.labels, len(data.samples)) == ("class folders", "classes", 12)
    assert data.names == ("0", "1", "2", "4", "5", "6", "7", "8", "9", "three")


def test_a_table_of_classes_and_one_of_points(tmp_path: Path) -> None:
    data_makers.digits(tmp_path / "a", 4)
    (tmp_path / "a" / "labels.csv").write_text("0/0000,zero\n1/0001.png,one\n")
    data = read_data(tmp_path / "a")
    assert [(item.key, item.name) for item in data.samples] == [("0/0000.png", "zero"), ("1/0001.png", "one")]
    data_makers.write_points(tmp_path / "b", [[(1, 2), (30, 40)], [(5, 6), (7, 8)]], (64, 48))
    data = read_data(tmp_path / "b")
    assert (data.labels, [item.points for item in data.samples]) == ("points", [(1, 2, 30, 40), (5, 6, 7, 8)])


def test_keypoints_of_coco(tmp_path: Path) -> None:
    Image.new("RGB", (20, 10)).save(tmp_path / "a.png")
    row = {"id": 1, "image_id": 5, "category_id": 1, "bbox": [0, 0, 9, 9], "keypoints": [1, 2, 2, 3, 4, 1]}
    image = {"id": 5, "file_name": "a.png", "width": 20, "height": 10}
    document = {"images": [image], "annotations": [row], "categories": [{"id": 1, "name": "face"}]}
    (tmp_path / "a.json").write_text(json.dumps(document))
    data = read_data(tmp_path)
    assert (data.labels, data.samples[0].points) == ("points", (1, 2, 3, 4))


def test_labels_of_a_picture_that_its_exif_data_turns(tmp_path: Path) -> None:
    """The same point of a picture, labelled by a tool that turns pictures and by one that does not."""
    stored = np.zeros((40, 60, 3), np.uint8)
    stored[10:14, 50:56] = 255
    for turned in (1, 5, 6, 7, 8):
        exif = Image.Exif()
        exif[0x0112] = turned
        path = tmp_path / f"{turned}.png"
        Image.fromarray(stored).save(path, exif=exif)
        from PIL import ImageOps

        with Image.open(path) as opened:
            upright = np.asarray(ImageOps.exif_transpose(opened))
        rows, columns = np.nonzero(upright[..., 0])
        wanted = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
        size = upright.shape[1], upright.shape[0]
        record = Record("a", width=size[0], height=size[1], turned=turned)
        from maixswitch.evaluate.data.sample import TrueBox

        lying = Sample("a", boxes=(TrueBox("x", (50, 10, 56, 14)),), size=(60, 40))
        assert truth.true_sides(lying, record).tolist() == [wanted]
        standing = Sample("a", boxes=(TrueBox("x", tuple(map(float, wanted))),), size=size)
        assert truth.true_sides(standing, record).tolist() == [wanted]


def test_labels_that_were_drawn_on_a_smaller_copy() -> None:
    from maixswitch.evaluate.data.sample import TrueBox

    sample = Sample("a", boxes=(TrueBox("x", (10, 10, 20, 30)),), size=(100, 50))
    assert truth.true_sides(sample, Record("a", width=400, height=100)).tolist() == [[40, 20, 80, 60]]


def test_names_are_compared_as_people_mean_them() -> None:
    labels = ("aeroplane", "TV monitor", "dining_table")
    found = naming(("Aeroplane", "tv-monitor", "diningtable", "cow"), (), labels, {}, False)
    assert found.numbers == {"Aeroplane": 0, "tv-monitor": 1, "diningtable": 2}
    assert found.notes == ("classes that the model does not know, left out: cow",)
    assert naming(("plane",), (), labels, {"plane": "Aeroplane"}, False).numbers == {"plane": 0}
    with pytest.raises(MaixSwitchError, match="has no label boat"):
        naming(("plane",), (), labels, {"plane": "boat"}, False)
    with pytest.raises(MaixSwitchError, match="none is the same"):
        naming(("plane", "car"), (), labels, {}, True)
    # As many classes as labels, in a stated order: as torchvision and Keras number them.
    assert naming(("a", "b", "c"), ("a", "b", "c"), labels, {}, True).numbers == {"a": 0, "b": 1, "c": 2}
    assert naming(("face", "head"), (), (), {}, True).numbers == {"face": 0, "head": 0}


HOSTILE = {
    "bomb.xml": '<!DOCTYPE a [<!ENTITY b "bbbbbbbb">]><annotation><filename>0000.png</filename>&b;</annotation>',
    "cut.xml": "<annotation><object>",
    "nan.xml": "<annotation><object><name>a</name><bndbox><xmin>nan</xmin><ymin>1</ymin><xmax>1e999</xmax>"
    "<ymax>9</ymax></bndbox></object></annotation>",
    "deep.json": "[" * 100_000,
    "list.json": '{"images": [1, {}], "annotations": [[], {"image_id": {}}], "categories": [null]}',
    "0001.txt": "0 nan 0.5 inf 0.5\n",
    "wide.csv": "filename,class\n" + '"' * 50_001 + "\n",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_labels_are_refused_or_skipped(name: str, tmp_path: Path) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "0001.png")
    (tmp_path / name).write_text(HOSTILE[name])
    try:
        data = read_data(tmp_path)
    except MaixSwitchError as error:
        assert "but no labels" in error.message  # noqa: PT017
    else:
        assert all(not sample.boxes for sample in data.samples)


def test_labels_cannot_lead_out_of_the_folder(tmp_path: Path) -> None:
    secret = tmp_path / "secret.png"
    Image.new("RGB", (8, 8)).save(secret)
    folder = tmp_path / "data"
    folder.mkdir()
    Image.new("RGB", (8, 8)).save(folder / "a.png")
    (folder / "labels.csv").write_text("filename,class\n../secret.png,x\n/secret.png,x\na.png,y\na.png,y\n")
    assert [sample.key for sample in read_data(folder).samples] == ["a.png"]
    (folder / "labels.csv").unlink()
    (tmp_path / "outside.xml").write_text("<annotation/>")
    (folder / "a.xml").symlink_to(tmp_path / "outside.xml")
    with pytest.raises(MaixSwitchError, match="a link that leads out"):
        read_data(folder)


def test_a_folder_without_labels_or_pictures(tmp_path: Path) -> None:
    with pytest.raises(MaixSwitchError, match="holds no pictures") as caught:
        read_data(tmp_path)
    assert caught.value.exit_code == EXIT_USAGE
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    with pytest.raises(MaixSwitchError, match="1 pictures, but no labels"):
        read_data(tmp_path)
    shutil.rmtree(tmp_path)
    with pytest.raises(MaixSwitchError, match="expected a folder"):
        read_data(tmp_path)
