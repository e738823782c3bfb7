"""The starters: how they read folders, what a detector learns from, and that each builds, exports and converts."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchlib import region
from maixswitch.sim import pictures

ROOT = Path(__file__).resolve().parents[3]
STARTERS = ROOT / "training" / "starters"
# The starters are scripts that import each other from their own folder.
sys.path.insert(0, str(STARTERS))

import figures  # noqa: E402
import photos  # noqa: E402
import yolo2  # noqa: E402

FRAMEWORKS = {"torch": "torch", "keras": "tensorflow"}


def drawn(what: str, folder: Path, count: int) -> Path:
    subprocess.run([sys.executable, STARTERS / "draw.py", what, folder, "--count", str(count)], check=True)
    return folder


def test_the_page_has_the_results() -> None:
    text = figures.PAGE.read_text(encoding="utf-8")
    results = json.loads(figures.RESULTS.read_text(encoding="utf-8"))
    assert figures.renew(text, results) == text, "run training/starters/figures.py --table"
    assert set(results) <= set(figures.STARTERS)
    assert all(one["fits"] == one["firmwares"] and one["bytes"] < 400_000 for one in results.values())


def test_every_starter_is_a_script_and_on_the_page() -> None:
    text = figures.PAGE.read_text(encoding="utf-8")
    for name in figures.STARTERS:
        assert (STARTERS / f"{name}.py").exists()
        assert f"{name}.py" in text


def test_a_table_of_known_figures() -> None:
    one = {"pictures": 4000, "minutes": 2.25, "parameters": 1234, "bytes": 5678, "fits": 13, "firmwares": 13}
    result = {"classifier_keras": {**one, "float": {"right": 0.987}, "kmodel": {"right": 0.98}}}
    row = figures.table(result).splitlines()[2]
    assert row.endswith("| 4,000 | 2.2 | 1,234 | 5,678 bytes | 13 of 13 | right 98.7% | right 98.0% |")


def test_the_points_of_a_star_are_those_that_are_drawn() -> None:
    for seed in range(8):
        picture, points = pictures.star_picture(np.random.default_rng(seed))
        width, height, _ = pictures.STAR_INPUT
        assert picture.shape == (height, width, 3)
        assert points.shape == (5, 2)
        assert (points >= 0).all()
        assert (points <= (width, height)).all()
        # Clockwise from the uppermost: the angles around the middle grow, starting above it.
        across, down = (points - points.mean(0)).T
        assert points[:, 1].argmin() == 0
        assert (np.diff(np.unwrap(np.arctan2(down, across))) > 0).all()


def test_drawn_digits_are_read_by_class(tmp_path: Path) -> None:
    every = photos.of_classes(drawn("digits", tmp_path / "photos", 12), 64, 48)
    assert every.images.shape == (12, 48, 64, 3)
    assert every.names == sorted({path.parent.name for path in (tmp_path / "photos").rglob("*.jpg")})
    train, held_back = every.divided()
    assert (len(train.images), len(held_back.images)) == (9, 3)


def test_yolo_and_voc_say_the_same_boxes(tmp_path: Path) -> None:
    folder = drawn("shapes", tmp_path / "photos", 6)
    as_yolo = photos.of_boxes(folder, 224, 160)
    for picture in folder.glob("*.jpg"):
        rows = [line.split() for line in picture.with_suffix(".txt").read_text().splitlines()]
        items = ""
        for kind, x, y, w, h in ((row[0], *map(float, row[1:])) for row in rows):
            sides = {"xmin": x - w / 2, "xmax": x + w / 2, "ymin": y - h / 2, "ymax": y + h / 2}
            box = "".join(f"<{k}>{v * (320 if k[0] == 'x' else 224)}</{k}>" for k, v in sides.items())
            items += f"<object><name>{pictures.SHAPES[int(kind)]}</name><bndbox>{box}</bndbox></object>"
        size = "<size><width>320</width><height>224</height></size>"
        picture.with_suffix(".xml").write_text(f"<annotation>{size}{items}</annotation>")
    as_voc = photos.of_boxes(folder, 224, 160)
    assert as_voc.classes == as_yolo.classes
    for one, other in zip(as_voc.points, as_yolo.points, strict=True):
        assert one == pytest.approx(other, abs=1e-4)


def test_points_move_with_their_window(tmp_path: Path) -> None:
    """A white dot stays below its point in every batch."""
    rows = []
    for index in range(5):
        picture = np.zeros((100, 200, 3), np.uint8)
        picture[30:41, 50 + 20 * index : 61 + 20 * index] = 255
        Image.fromarray(picture).save(tmp_path / f"{index}.png")
        rows.append(f"{index}.png,{55.5 + 20 * index},35.5\n")
    (tmp_path / "points.csv").write_text("".join(rows))
    images, points, _ = next(photos.of_points(tmp_path, 128, 128).batches(seed=3))
    for image, point in zip(images, points, strict=True):
        down, across = np.nonzero(image.mean(2) > 0.4)
        assert point[0] * 128 == pytest.approx((across.mean() + 0.5, down.mean() + 0.5), abs=1.0)


def test_the_firmware_decodes_the_boxes_that_a_detector_learns(tmp_path: Path) -> None:
    every = photos.of_boxes(drawn("shapes", tmp_path / "photos", 10), 224, 160)
    columns, rows, count = 7, 5, len(every.names)
    anchors = yolo2.anchors_of(every.points, columns, rows)
    assert anchors.shape == (5, 2)
    aim = yolo2.targets(every.points, every.classes, anchors, columns, rows, count)
    for target, points, classes in zip(aim, every.points, every.classes, strict=True):
        raw = target.copy()
        shares = target[..., :2].clip(1e-4, 1 - 1e-4)
        raw[..., :2] = np.log(shares / (1 - shares))
        raw[..., 4] = np.where(target[..., 4] == 1, 9.0, -9.0)
        raw[..., 5:] *= 20
        flat = raw.transpose(2, 3, 0, 1).astype(float).ravel().tolist()
        boxes = region.decode(flat, columns, rows, count, anchors.ravel().tolist(), 0.5, 0.9, 224, 160)
        corners = points.reshape(-1, 4) * (224, 160, 224, 160)
        true_boxes = [(x, y, r - x, b - y, kind) for (x, y, r, b), kind in zip(corners, classes, strict=True)]
        # The firmware cuts to whole pixels.
        assert len(boxes) == len(true_boxes)
        for one, other in zip(sorted(b[:5] for b in boxes), sorted(true_boxes), strict=True):
            assert one == pytest.approx(other, abs=2.0)


@pytest.mark.parametrize("name", figures.STARTERS)
def test_a_starter_builds_exports_and_converts(name: str, tmp_path: Path) -> None:
    kind, _, framework = name.partition("_")
    if importlib.util.find_spec(FRAMEWORKS[framework]) is None:
        pytest.skip(f"{FRAMEWORKS[framework]} is not installed: pip install -e .[training] or .[training-keras]")
    folder = drawn(figures.DRAWN[kind], tmp_path / "photos", 30)
    subprocess.run([sys.executable, STARTERS / f"{name}.py", folder, "net", "--steps", "3"], cwd=tmp_path, check=True)
    source = tmp_path / ("net.onnx" if framework == "torch" else "net.tflite")
    boxes = ["--anchors", tmp_path / "net.anchors.txt"] if kind == "detector" else []
    command = [sys.executable, "-m", "maixswitch", "convert", source, "--random", "--out", "net.kmodel", *boxes]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "net.kmodel").stat().st_size < 400_000
