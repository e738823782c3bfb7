"""The board's view is what the simulator shows; the paper's view and the sweep are what their definitions say."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from maixswitch import board_code, models_shipped
from maixswitch.evaluate import figures, sweep
from maixswitch.evaluate.job import BOARD, FLOAT, FRAME, PAPER, SWEEP, WINDOW
from maixswitch.evaluate.measured import Document, Measured
from maixswitch.evaluate.remarks import remarks
from maixswitch.evaluate.run import Options, evaluate
from maixswitch.evaluate.views.camera import placed
from maixswitch.evaluate.views.decode import decoded, suppressed
from maixswitch.sim.board_options import BoardOptions
from maixswitch.sim.camera import fit_picture
from maixswitch.sim.simulated_board import SimulatedBoard
from tests.host.evaluate import data_makers, hand_models

SHAPES = models_shipped.FOLDER / "shapes"


@pytest.fixture(scope="module")
def shapes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shapes")
    data_makers.write_coco(folder, data_makers.shapes(6))
    return folder


@pytest.fixture
def model(tmp_path: Path) -> Callable[..., Path]:
    """A function that makes a model's folder like that of the shapes, with other fields."""

    def make(name: str = "10-shapes", **fields: object) -> Path:
        folder = tmp_path / "card" / "models" / name
        folder.mkdir(parents=True)
        shutil.copyfile(SHAPES / "shapes.kmodel", folder / "shapes.kmodel")
        document = json.loads((SHAPES / "model.json").read_text())
        (folder / "model.json").write_text(json.dumps({**document, **fields}))
        return folder

    return make


def measure(folder: Path, data: Path, **options: object) -> tuple[Measured, Document]:
    measured, _ = evaluate(Options((folder,), data, workers=1, **options))  # type: ignore[arg-type]
    return measured, figures.document(measured)


@pytest.mark.parametrize("fit", ["stretch", "cover", "contain"])
def test_the_board_sees_what_the_simulator_shows(fit: str, shapes: Path, model: Callable[..., Path]) -> None:
    folder = model()
    measured, _ = measure(folder, shapes, onto=FRAME, fit=fit, limit=3, views=(BOARD,))
    for sample, _, answer in measured.answers(0):
        # The sensor's frame is 320x240; the model sees the middle 224 lines.
        options = BoardOptions(folder.parents[1], camera=shapes / sample.key, fit=fit, flavour="full")
        board = SimulatedBoard(options, lambda *_: None)
        board.power_on()
        while not board.looked:
            board.step()
        results = board.app.results
        shown = [
            (item.class_id, item.score, [item.x, item.y, item.x + item.w, item.y + item.h])
            for item in results.items[: results.count]
        ]
        board.stop()
        assert shown
        assert shown == [(int(row["name"]), round(1000 * row["score"]), row["sides"].tolist()) for row in answer.rows]
        assert (answer.width, answer.height) == (320, 224)


@pytest.mark.parametrize("onto", [WINDOW, FRAME])
@pytest.mark.parametrize("fit", ["stretch", "cover", "contain"])
@pytest.mark.parametrize("size", [(400, 300), (300, 400), (96, 500), (224, 224)])
def test_where_a_picture_is_in_the_view(onto: str, fit: str, size: tuple[int, int]) -> None:
    view = (240, 200)
    pixels = np.zeros((size[1], size[0], 3), np.uint8)
    left, top = size[0] * 4 // 10, size[1] * 45 // 100
    right, low = size[0] * 6 // 10, size[1] * 55 // 100
    pixels[top:low, left:right] = 255
    target = (320, 240) if onto == FRAME else view
    seen = fit_picture(Image.fromarray(pixels), *target, fit)
    if onto == FRAME:
        seen = seen[20:220, 40:280]
    rows, columns = np.nonzero(seen[..., 0] > 127)
    scale_x, x, scale_y, y = placed(size, view, onto, fit)
    wanted = [left * scale_x + x, top * scale_y + y, right * scale_x + x, low * scale_y + y]
    found = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
    assert np.abs(np.array(found) - np.clip(wanted, 0, [*view, *view])).max() <= 1


def test_objects_that_the_board_does_not_see_are_left_out(tmp_path: Path, model: Callable[..., Path]) -> None:
    drawn = data_makers.shapes(3)
    data_makers.write_csv(tmp_path / "data", drawn)
    _, whole = measure(model(), tmp_path / "data", views=(BOARD,))
    assert whole["results"][0]["left_out"] == 0
    # Of a square picture on the frame little more than the middle is left.
    wide = [(image.resize((320, 900)), objects) for image, objects in drawn]
    scaled = [
        (image, [type(o)(o.kind, o.x, o.y * 900 // 224, o.width, o.height * 900 // 224) for o in objects])
        for image, objects in wide
    ]
    data_makers.write_csv(tmp_path / "tall", scaled)
    _, cut = measure(model("20"), tmp_path / "tall", views=(BOARD,), onto=FRAME, fit="cover")
    assert 0 < cut["results"][0]["left_out"] < whole["results"][0]["objects"]


def test_the_decoder_of_papers_finds_what_the_firmware_finds(shapes: Path) -> None:
    from maixswitch.kmodel import load

    network = load(SHAPES / "shapes.kmodel")
    document = json.loads((SHAPES / "model.json").read_text())
    region = board_code.region()
    with Image.open(shapes / "0002.png") as image:
        pixels = np.asarray(image.convert("RGB")).transpose(2, 0, 1)
    raw = network.run(np.ascontiguousarray(pixels))[0]
    exact = region.decode(raw.tolist(), 10, 7, 5, document["anchors"], 0.3, 0.3, 320, 224)
    ours = decoded([raw], [(10, 7)], document["anchors"], (320, 224), 5, True, 0.3)
    ours = ours[ours["score"] > 0.3]
    assert len(exact) >= 2
    assert sorted(row[4] for row in exact) == sorted(ours["name"].tolist())
    for x, y, w, h, name, score in exact:
        row = ours[np.abs(ours["score"] - score).argmin()]
        assert row["name"] == name
        assert row["score"] == pytest.approx(score, abs=1e-6)
        sides = row["sides"] * (320, 224, 320, 224)
        assert np.abs(sides - np.clip((x, y, x + w, y + h), 0, (320, 224, 320, 224))).max() < 2


def test_suppression_keeps_the_better_of_two_boxes_of_a_class() -> None:
    from maixswitch.evaluate.records import BOX

    rows = [(0, 0.5, (0, 0, 1, 1)), (0, 0.9, (0, 0, 1, 0.9)), (1, 0.4, (0, 0, 1, 1)), (0, 0.5, (0, 0, 0.2, 0.2))]
    kept = suppressed(np.array(rows, BOX), 0.3)
    assert [(int(row["name"]), round(float(row["score"]), 3)) for row in kept] == [(0, 0.9), (0, 0.5), (1, 0.4)]


@pytest.mark.parametrize("kind", ["yolo2", "yolo3"])
def test_the_sweep_is_what_each_setting_gives(kind: str, shapes: Path, model: Callable[..., Path]) -> None:
    """The firmware's decoder, then the app's own: a setting of the sweep against a model with that setting."""
    anchors = [20.0, 20.0, 40.0, 40.0, 60.0, 60.0, 90.0, 90.0, 120.0, 120.0]
    fields = {"kind": kind} | ({"anchors": anchors} if kind == "yolo3" else {})
    measured, document = measure(model("a", **fields), shapes, sweep=("threshold", "nms"), views=(BOARD,), limit=4)
    points = {(point.threshold, point.nms): point for point in sweep.swept(measured, 0)}
    for number, (threshold, nms) in enumerate([(0.05, 0.7), (0.3, 0.3), (0.6, 0.1)]):
        own = model(f"m{number}", threshold=threshold, nms=nms, **fields)
        _, single = measure(own, shapes, views=(BOARD,), limit=4)
        row = single["results"][0]
        counts = points[threshold, nms].counts
        assert (counts.right, counts.wrong, counts.missed) == (row["right"], row["wrong"], row["missed"])
        # The app's own decoder keeps the ten best; only the firmware's writes past its array.
        if kind == "yolo2":
            assert points[threshold, nms].crowded == row["crowded"]
    best = document["sweep"][0]["best"]
    assert best["f1"] == max(point.counts.f1 for point in points.values())
    assert {point.nms for point in points.values()} == {0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7}


def test_more_boxes_than_the_firmware_has_room_for(shapes: Path, model: Callable[..., Path]) -> None:
    measured, document = measure(model(threshold=0.005, nms=1), shapes, views=(BOARD,))
    result = document["results"][0]
    assert result["crowded"] == len(result["crowded_pictures"]) > 0
    crowded = [answer for _, _, answer in measured.answers(0) if answer.found > 10]
    assert all(len(answer.rows) <= 10 for answer in crowded)
    assert [item.code for item in remarks(document)] == ["C720"]


def test_what_is_lost_in_8_bits_and_a_better_threshold_are_remarks() -> None:
    """C722 from a loss above two of a hundred answers, C723 from an F1 that is better by more than 0.01."""

    def codes(top1: float, f1: float) -> list[str]:
        rows = [
            {"view": view, "model": 0, "top1": value, "top5": 1.0, "macro_f1": value}
            for view, value in ((FLOAT, 0.9), (PAPER, top1))
        ]
        now, best = {"threshold": 0.5, "nms": 0.3, "f1": 0.8}, {"threshold": 0.7, "nms": 0.3, "f1": f1}
        return [
            item.code
            for item in remarks(
                {
                    "data": {"damaged": 0, "damaged_pictures": [], "pictures": 9},
                    "models": [{"kmodel": "m.kmodel", "threshold": 0.5}],
                    "results": rows,
                    "sweep": [{"model": 0, "now": now, "best": best, "points": [now, best]}],
                }
            )
        ]

    assert codes(top1=0.89, f1=0.805) == []
    assert codes(top1=0.87, f1=0.805) == ["C722"]
    assert codes(top1=0.89, f1=0.82) == ["C723"]


def test_constant_landmarks_have_the_error_that_the_data_says(tmp_path: Path) -> None:
    shares = (0.25, 0.5, 0.75, 0.5, 0.5, 0.75, 0.25, 0.25, 0.75, 0.25)
    hand_models.write_landmark(tmp_path / "model", shares)
    true = [(x * 256, y * 256) for x, y in zip(shares[::2], shares[1::2], strict=True)]
    moved = [(x + 12.8, y) for x, y in true]
    data_makers.write_points(tmp_path / "data", [true, moved], (256, 256))
    _, document = measure(tmp_path / "model", tmp_path / "data")
    assert [result["view"] for result in document["results"]] == [BOARD, PAPER]
    for result in document["results"]:
        # The eyes are half of the picture apart: 12.8 of 128 pixels is a tenth, for one picture of two.
        assert result["nme"] == pytest.approx(0.05, abs=0.004)
        assert result["pictures"] == 2


def test_faces_of_two_persons(tmp_path: Path) -> None:
    hand_models.write_faces(tmp_path / "model")
    for person, colour in (("anna", (255, 235, 190)), ("ben", (190, 235, 255))):
        (tmp_path / "data" / person).mkdir(parents=True)
        for number in range(3):
            image = Image.new("RGB", (320, 240), (20, 20, 20))
            image.paste(colour, (100 + 8 * number, 60, 200 + 8 * number, 160))
            image.save(tmp_path / "data" / person / f"{number}.png")
    Image.new("RGB", (320, 240), (20, 20, 20)).save(tmp_path / "data" / "anna" / "dark.png")
    _, document = measure(tmp_path / "model", tmp_path / "data")
    board, paper = document["results"]
    # Nobody is found in the dark picture: its three pairs with Anna's others are never accepted.
    assert (board["pictures"], board["found"], board["same_pairs"], board["other_pairs"]) == (7, 6, 9, 12)
    assert board["accepted_same"] == pytest.approx(6 / 9)
    assert board["accepted_other"] == 0
    assert board["at_rates"][0]["accepted"] == pytest.approx(6 / 9)
    # The paper's view gives the picture itself to the last network.
    assert paper["found"] == 7


def test_the_float_network_beside_its_kmodel(shapes: Path, tmp_path: Path) -> None:
    measured, document = measure(SHAPES, shapes, float_file=SHAPES / "shapes.onnx", limit=4)
    assert [result["view"] for result in document["results"]] == [BOARD, PAPER, "float"]
    _, paper, exact = document["results"]
    assert exact["VOC12"] == pytest.approx(paper["VOC12"], abs=0.1)
    assert exact["precision"] > 0.8
    assert document["differences"]["pictures"] == len(document["differences"]["named"])
    _, digits = measure(
        models_shipped.FOLDER / "digits", _digits(tmp_path), float_file=models_shipped.FOLDER / "digits/digits.onnx"
    )
    assert [result["top1"] for result in digits["results"]] == [1, 1, 1]
    assert measured.column(SWEEP) is None


def _digits(folder: Path) -> Path:
    data_makers.digits(folder / "digits", 5)
    return folder / "digits"


def test_two_kmodels_side_by_side(shapes: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.kmodel"
    shutil.copyfile(SHAPES / "shapes.kmodel", other)
    measured, _ = evaluate(Options((SHAPES, other), shapes, limit=3, workers=1))
    document = figures.document(measured)
    assert [(result["model"], result["view"]) for result in document["results"]] == [
        (0, BOARD), (0, PAPER), (1, BOARD), (1, PAPER),
    ]  # fmt: skip
    first, second = document["results"][:2], document["results"][2:]
    assert [{**row, "model": 0} for row in second] == first
    assert document["models"][1]["name"] == "other.kmodel"
