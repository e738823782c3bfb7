"""Scripts that run networks on the boxes of a detector become one entry with stages; also grey digits and features."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from maixswitch.card.check import Options, check
from maixswitch.card.importing.importer import import_models, report
from maixswitch.card.importing.options import ImportOptions
from maixswitch.kmodel import load
from maixswitch.kmodel.judge.memory import memory
from tests.host.card import finding_files as files
from tests.host.card.import_sources import Files, fields, imported, put
from tests.host.kmodel.judge.test_nature import network

DETECTOR = files.picture_network(320, 240, 30, 4)
POINTS = network((3, 128, 128), (10,))
MARKS = network((3, 128, 128), (136,))
TRAITS = network((3, 128, 128), (4,))
FEATURES = network((3, 64, 64), (192,))
SMALL = network((3, 64, 64), (3,))
ODD = network((3, 64, 208), (224, 4, 13))
DIGITS = network((1, 28, 28), (10,))
ANCHOR = "anchor = (1.0, 1.0, 2.0, 2.0, 3.0, 3.0, 4.0, 4.0, 5.0, 5.0)\n"

# The newer interface of CanMV, as its examples use it.
CANMV = (
    "import sensor, image\nfrom maix import KPU\nsensor.reset()\n"
    + ANCHOR
    + """
found = KPU()
found.load("/sd/KPU/faces/seen.kmodel")
yolo = found.Yolo2()
yolo.init(anchor, 0.6, 0.2)
marks = KPU()
marks.load("/sd/KPU/x/five.kmodel")
last = KPU()
LOAD
target = image.Image(size=(64, 64), copy_to_fb=False)
GROW = 0.08
def around(x, y, w, h, scale):
    left = x - scale * w
    top = y - scale * h
    return int(left) if left > 1 else 1, int(top), w, h
known = []
LIMIT = 80.5
while True:
    img = sensor.snapshot()
    found.run(img)
    boxes = yolo.run()
    if len(boxes) > 0:
        for box in boxes:
            x, y, w, h = around(box[0], box[1], box[2], box[3], scale=GROW)
            part = img.cut(x, y, w, h).resize(128, 128)
            part.pix_to_ai()
            marks.run(part)
            out = marks.get_outputs()
            points = []
            for j in range(5):
                points.append((int(KPU.Act.sigmoid(out[2 * j]) * w + x), int(KPU.Act.sigmoid(out[2 * j + 1]) * h + y)))
            T = image.get_affine_transform(points, [(1, 1)] * 5)
"""
)
FACES = (
    CANMV.replace("LOAD", '# last.load("/sd/KPU/x/numbers.kmodel")\nlast.load(0x300000)')
    + """
            image.warp_affine_ai(img, target, T)
            last.run(target)
            feature = last.Feat.calculate(last)
            scores = [last.Feat.compare(one, feature) for one in known]
            if len(scores):
                best = max(scores)
                if best > LIMIT:
                    img.draw_string(0, 0, "person %d" % scores.index(best))
            known.append(feature)
"""
)
ATTRIBUTES = (
    CANMV.replace("LOAD", 'last.load("/sd/KPU/x/traits.kmodel")')
    + """
            image.warp_affine_ai(img, part, T)
            last.run(part)
            out = last.get_outputs()
            for i in range(4):
                value = KPU.Act.sigmoid(out[i])
                if value >= 0.7:
                    img.draw_string(0, 0, yes[i])
                else:
                    img.draw_string(0, 0, no[i])
"""
)
ATTRIBUTES = "yes = ['man', 'open', 'smile', 'glasses']\nno = ['woman', 'shut', 'grave', 'none']\n" + ATTRIBUTES

# MaixPy, as Sipeed's demonstration uses it: everything from the flash.
MAIXPY = (
    "import sensor, image\nimport KPU as kpu\n"
    + ANCHOR
    + """
find = kpu.load(0x300000)
mark = kpu.load(0x400000)
face = kpu.load(0x500000)
kpu.init_yolo2(find, 0.5, 0.3, 5, anchor)
img_face = image.Image(size=(128, 128))
ACCURACY = 85
known = []
while True:
    img = sensor.snapshot()
    code = kpu.run_yolo2(find, img)
    if code:
        for i in code:
            part = img.cut(i.x(), i.y(), i.w(), i.h()).resize(128, 128)
            part.pix_to_ai()
            p = kpu.forward(mark, part)[:]
            points = [(i.x() + int(p[2 * n] * i.w()), i.y() + int(p[2 * n + 1] * i.h())) for n in range(5)]
            T = image.get_affine_transform(points, [(44, 59)] * 5)
            image.warp_affine_ai(img, img_face, T)
            img_face.ai_to_pix()
            feature = kpu.face_encode(kpu.forward(face, img_face)[:])
            scores = [kpu.face_compare(one, feature) for one in known]
            if max(scores) > ACCURACY:
                img.draw_string(i.x(), i.y(), "known")
"""
)
CLASSIFIES = (
    "import sensor\nimport KPU as kpu\nnames = ['angry', 'happy', 'sad']\n"
    + ANCHOR
    + """
find = kpu.load('/sd/seen.kmodel')
mood = kpu.load('/sd/mood.kmodel')
kpu.init_yolo2(find, 0.5, 0.3, 5, anchor)
while True:
    img = sensor.snapshot()
    for i in kpu.run_yolo2(find, img):
        part = img.cut(i.x(), i.y(), i.w(), i.h()).resize(64, 64)
        part.pix_to_ai()
        out = kpu.forward(mood, part)[:]
        print(names[out.index(max(out))])
"""
)
SHOWS = CLASSIFIES.split("        part = ")[0].replace("mood = kpu.load('/sd/mood.kmodel')\n", "")
SHOWS = SHOWS.replace("names = ['angry', 'happy', 'sad']\n", "")
PLATES = CLASSIFIES.replace("mood.kmodel", "odd.kmodel").replace("64, 64", "208, 64").split("        out = ")[0] + (
    "        print(kpu.forward(mood, part))\n"
)


def entries(files_: Files, tmp_path: Path, options: ImportOptions | None = None) -> dict[str, dict[str, Any]]:
    return fields(imported(put(files_, tmp_path / "source"), options or ImportOptions()))


def source(script: str, **models: bytes) -> Files:
    return {"x/run.py": script.encode(), **{f"x/{name}.kmodel": data for name, data in models.items()}}


def chain(files_: Files, tmp_path: Path) -> dict[str, Any]:
    (model,) = entries(files_, tmp_path).values()
    assert model["problems"] == set()
    return model


def test_faces_of_canmv(tmp_path: Path) -> None:
    model = chain(source(FACES, seen=DETECTOR, five=POINTS, numbers=FEATURES), tmp_path)
    assert (model["kind"], model["threshold"], model["nms"]) == ("yolo2", 0.6, 0.2)
    mark = {"kind": "landmark", "kmodel": "five.kmodel", "input": [128, 128, 3], "enlarge": 1.16, "sigmoid": True}
    face = {"kind": "face", "kmodel": "numbers.kmodel", "input": [64, 64, 3], "accept": 80.5, "normalise": True}
    assert model["stages"] == [mark, face]


def test_faces_of_maixpy_by_their_addresses(tmp_path: Path) -> None:
    flash = {f"x/a_0x{at}00000.kmodel": data for at, data in ((3, DETECTOR), (4, POINTS), (5, FEATURES))}
    model = chain({"x/demo_faces.py": MAIXPY.encode(), **flash}, tmp_path)
    assert model["title"] == "faces"
    mark, face = model["stages"]
    assert (mark["kind"], mark["sigmoid"], "enlarge" in mark) == ("landmark", False, False)
    assert (face["kind"], face["accept"], face["normalise"]) == ("face", 85, False)


def test_attributes(tmp_path: Path) -> None:
    model = chain(source(ATTRIBUTES, seen=DETECTOR, five=POINTS, traits=TRAITS), tmp_path)
    assert model["stages"][1] == {
        "kind": "attributes", "kmodel": "traits.kmodel", "input": [128, 128, 3], "sigmoid": True, "upright": True,
        "threshold": 0.7, "labels": ["man", "open", "smile", "glasses"],
    }  # fmt: skip


def test_a_class_for_each_box(tmp_path: Path) -> None:
    model = chain(source(CLASSIFIES, seen=DETECTOR, mood=SMALL), tmp_path)
    (stage,) = model["stages"]
    assert (stage["kind"], stage["labels"], stage["softmax"]) == ("classifier", ["angry", "happy", "sad"], False)


def test_a_network_that_no_stage_can_be_is_left_out(tmp_path: Path) -> None:
    models = entries(source(PLATES, seen=DETECTOR, odd=ODD), tmp_path)
    assert "stages" not in models["x/seen.kmodel"]
    assert "C661" in models["x/seen.kmodel"]["notes"]
    assert models["x/odd.kmodel"]["problems"] == {"C547"}


def test_the_detector_lies_elsewhere(tmp_path: Path) -> None:
    """As in CanMV's examples, whose scripts load the detector of another folder."""
    script = source(FACES, five=POINTS, numbers=FEATURES)
    alone = entries(script, tmp_path / "a")
    assert {name: model["problems"] for name, model in alone.items()} == {
        "x/five.kmodel": {"C662"}, "x/numbers.kmodel": {"C662"},
    }  # fmt: skip
    model = chain({**script, "faces/seen.kmodel": DETECTOR}, tmp_path / "b")
    assert len(model["stages"]) == 2


def test_a_detector_that_another_script_shows_alone_has_an_entry_of_its_own(tmp_path: Path) -> None:
    plain = (
        CLASSIFIES.split("        part = ")[0].replace("mood = kpu.load('/sd/mood.kmodel')\n", "")
        + "        print(i)\n"
    )
    result = imported(put({**source(CLASSIFIES, seen=DETECTOR, mood=SMALL), "x/b.py": plain.encode()}, tmp_path / "s"),
                      ImportOptions())  # fmt: skip
    assert [len(item.model.get("stages", ())) for _, item in result.entries] == [1, 0]
    assert len({item.title for _, item in result.entries}) == 2


def test_a_stage_that_the_user_names_is_imported_by_itself(tmp_path: Path) -> None:
    files_ = source(FACES, seen=DETECTOR, five=POINTS, numbers=FEATURES)
    models = entries(files_, tmp_path, ImportOptions(only=("five",), kind="landmark"))
    assert [model["kind"] for model in models.values()] == ["landmark"]


def test_a_title_means_the_entry_and_not_its_stages(tmp_path: Path) -> None:
    files_ = source(FACES, seen=DETECTOR, five=POINTS, numbers=FEATURES)
    models = entries(files_, tmp_path, ImportOptions(title="Us"))
    assert [(model["title"], len(model["stages"])) for model in models.values()] == [("Us", 2)]


def test_the_memory_note_is_about_the_sum(tmp_path: Path) -> None:
    files_ = source(CLASSIFIES, seen=DETECTOR, mood=SMALL + bytes(1_700_000))
    result = imported(put(files_, tmp_path / "s"), ImportOptions())
    ((_, item),) = result.entries
    parts = [load(item.files[name]) for name in (item.model["kmodel"], item.model["stages"][0]["kmodel"])]
    expected = [memory(parts[0], row.firmware, stages=parts[1:]).need for row in item.judged]
    assert [row.need for row in item.judged] == expected
    fits = sum(row.verdict.fits for row in item.judged)
    assert fits < sum(row.verdict.fits for row in item.network.judged(forward=False))
    assert any(f"fits {fits} of {len(item.judged)}" in line for line in report(result, tmp_path, False))


def test_stages_of_another_card_come_with_it(tmp_path: Path) -> None:
    labels = [f"a long enough name {at}" for at in range(30)]
    stages = [
        {"kind": "landmark", "kmodel": "five.kmodel", "input": [128, 128, 3], "order": "yx", "pixels": ["invert"]},
        {"kind": "classifier", "kmodel": "c.kmodel", "input": [64, 64, 3], "labels": "c.txt"},
    ]
    model = {"schema": 1, "title": "Us", "kind": "yolo2", "kmodel": "seen.kmodel", "input": [320, 240, 3],
             "labels": ["face"], "anchors": [1.0] * 10, "pixels": ["invert"], "stages": stages}  # fmt: skip
    folder = {"model.json": json.dumps(model).encode(), "seen.kmodel": DETECTOR, "five.kmodel": POINTS,
              "c.kmodel": network((3, 64, 64), (30,)), "c.txt": "\n".join(labels).encode()}  # fmt: skip
    copied = chain({f"models/10-us/{name}": data for name, data in folder.items()}, tmp_path)
    assert (copied["stages"], copied["pixels"], copied["title"]) == (stages, ["invert"], "Us")


DIGIT = """import sensor
import KPU as kpu
task = kpu.load('/sd/digits.kmodel')
while True:
    img = sensor.snapshot().to_grayscale(1).resize(28, 28)
    CHANGES
    img.pix_to_ai()
    out = kpu.forward(task, img)[:]
    SHOW
"""


@pytest.mark.parametrize(
    ("changes", "pixels"),
    [
        ("img.invert(); img.strech_char(1)", ["invert", "stretch"]),
        ("img.strech_char(1); img.invert()", ["stretch", "invert"]),
        ("img.invert()", ["invert"]),
        ("pass", None),
    ],
)
def test_digits_in_grey(tmp_path: Path, changes: str, pixels: Any) -> None:
    script = DIGIT.replace("CHANGES", changes).replace("SHOW", 'print("num: %d" % out.index(max(out)))')
    model = chain({"digits.kmodel": DIGITS, "main.py": script.encode()}, tmp_path)
    assert model["labels"] == [str(digit) for digit in range(10)]
    assert model.get("pixels") == pixels
    assert ("C660" in model["notes"], "C553" in model["notes"]) == (True, False)


def test_a_script_that_shows_no_number_leaves_a_question(tmp_path: Path) -> None:
    script = DIGIT.replace("CHANGES", "pass").replace("SHOW", "print(max(out))")
    (model,) = entries({"digits.kmodel": DIGITS, "main.py": script.encode()}, tmp_path).values()
    assert model["problems"] == {"C521"}


@pytest.mark.parametrize(
    ("script", "notes", "limit"),
    [
        ("task = KPU()\ntask.load('/sd/f.kmodel')\nwhile True:\n    task.run(sensor.snapshot())\n"
         "    print(task.Feat.calculate(task))\n", {"C663"}, None),
        ("task = KPU()\ntask.load_kmodel('/sd/f.kmodel')\nwhile True:\n"
         "    print(task.run_with_output(sensor.snapshot(), get_feature=True))\n", {"C663"}, None),
        ("import KPU as kpu\nnames = ['a', 'b']\ntask = kpu.load('/sd/f.kmodel')\nc = kpu.classifier(task, 2, 5)\n"
         "while True:\n    at, far = c.predict(sensor.snapshot())\n    if far < 14:\n        print(names[at])\n",
         set(), 14),
    ],
)  # fmt: skip
def test_features_of_the_whole_picture_are_a_learner(tmp_path: Path, script: str, notes: set[str], limit: Any) -> None:
    text = "import sensor\nfrom maix import KPU\n" + script
    model = chain({"f.kmodel": network((3, 224, 224), (256,)), "main.py": text.encode()}, tmp_path)
    assert (model["kind"], model.get("limit")) == ("learner", limit)
    assert model["notes"] & {"C663"} == notes
    assert model.get("labels") == (["a", "b"] if limit else None)


DRAWS = "            img.draw_string(0, 0, '{}')\n"
BRANCHES = {
    "the number itself": ("        if i[4]:\n", "        else:\n"),
    "two numbers": ("        if i.classid() == 1:\n", "        elif i.classid() == 0:\n"),
    "one number": ("        if i.classid() == 0:\n", "        else:\n"),
    "no other": ("        if i[4]:\n", ""),
}


@pytest.mark.parametrize("name", BRANCHES)
def test_a_text_in_each_branch_is_a_label(tmp_path: Path, name: str) -> None:
    first, second = BRANCHES[name]
    script = SHOWS + first + DRAWS.format("mask") + (second + DRAWS.format("face") if second else "")
    labels = {"one number": ["mask", "face"], "no other": None}.get(name, ["face", "mask"])
    two = files.picture_network(320, 240, 35, 4)
    (model,) = entries({"seen.kmodel": two, "main.py": script.encode()}, tmp_path).values()
    assert model["problems"] == (set() if labels else {"C521"})
    assert model.get("labels") == labels


def test_the_entry_passes_check_and_runs(tmp_path: Path) -> None:
    mood = files.picture_network(64, 64, 3, 3, "mean")
    # Every cell of this detector finds a box; with such anchors and so little overlap one of them is left.
    script = CLASSIFIES.replace("find, 0.5, 0.3", "find, 0.8, 0.01").replace(ANCHOR, f"anchor = {[8.0] * 10}\n")
    folder = put(source(script, seen=files.crowd(0.9), mood=mood), tmp_path / "source")
    (tmp_path / "card/models").mkdir(parents=True)
    result = import_models([folder], tmp_path / "card", ImportOptions())
    assert result.written
    findings = check(tmp_path / "card", Options(run=True)).findings
    assert {item.code for item in findings if item.file.startswith("models/")} == {"C218", "C221", "C301"}
