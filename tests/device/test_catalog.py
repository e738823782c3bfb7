"""models/*/model.json on a fake card: good ones are read, every mistake is named. Runs under both interpreters."""

# ruff: noqa: UP031, RUF005, C419, E402
import gc
import json
import sys

import bench
from tests.device.sample_models import DIGITS, FACE, FACE_ANCHORS
from tests.device.test_kmodel_head import v3, v4
from tests.device.unit_helpers import raises

bench.install()

import device
from device import catalog
from device.kinds import KINDS
from device.spec import say


def card(files, pull=None):
    """Start a board with these files on its card; a dict stands for JSON text. pull: the operation that pulls it."""
    bench.reset()
    kept = {}
    for path in files:
        data = files[path]
        kept[path] = json.dumps(data) if isinstance(data, dict) else data
    bench.card.insert(bench.MemoryCard(kept))
    if pull:
        bench.card.pull_at(pull)


def changed(base, **fields):
    """Return a copy of base with other values in some fields; None removes a field."""
    data = dict(base)
    data.update(fields)
    return {key: data[key] for key in data if data[key] is not None}


def read_one(model, files=None, pairs=5):
    """Return the ModelSpec of models/m with this model.json, a digits.kmodel and a face.kmodel."""
    kept = {"models/m/model.json": model, "models/m/digits.kmodel": v3(), "models/m/face.kmodel": v3(((9000, 36000),))}
    for name in files or {}:
        kept["models/m/" + name] = files[name]
    card(kept)
    return catalog.read("/sd", pairs)[0]


def problems(model, files=None, pairs=5):
    """Return the problems without their file, which is always the folder's model.json."""
    spec = read_one(model, files, pairs)
    assert {problem[0] for problem in spec.problems} <= {"m/model.json"}
    assert spec.loadable or spec.title == "m"
    return [problem[1:] for problem in spec.problems]


def test_a_classifier():
    spec = read_one(changed(DIGITS, top=5, softmax=True))
    assert spec.problems == ()
    assert (spec.folder, spec.title, spec.kind) == ("m", "Digits", "classifier")
    assert spec.kmodel == "/sd/models/m/digits.kmodel"
    assert (spec.width, spec.height, spec.channels, spec.top, spec.softmax) == (28, 28, 1, 5, True)
    assert (spec.size, spec.outputs, spec.grid, spec.anchors) == (len(v3()), None, None, None)
    assert [spec.label(i) for i in range(11)] == ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "#10"]
    assert len(spec.labels) == 10
    assert spec.threshold == 0
    spec = read_one(DIGITS)
    assert (spec.top, spec.softmax) == (3, False)


def test_a_model_that_is_still_arriving_is_skipped():
    """Until sync has written model.json; a folder without it and without the mark has a problem."""
    marked = {"models/b/ARRIVING": "", "models/b/m.kmodel": v3()}
    card(dict({"models/a/model.json": DIGITS, "models/a/digits.kmodel": v3(), "models/c/labels.txt": "0"}, **marked))
    bench.card.backend.mkdir("models/d")
    assert [spec.folder for spec in catalog.read("/sd")] == ["a", "c"]
    card(dict({"models/b/model.json": changed(DIGITS, kmodel="m.kmodel")}, **marked))
    assert [spec.problems for spec in catalog.read("/sd")] == [()]


def test_a_detector():
    spec = read_one(changed(FACE, threshold=0.25, nms=1))
    assert spec.problems == ()
    assert spec.grid == (20, 15)
    assert len(spec.anchors) == 10
    assert all([abs(a - b) < 1e-5 for a, b in zip(spec.anchors, FACE_ANCHORS)])  # noqa: B905
    assert (spec.threshold, spec.nms) == (0.25, 1)
    spec = read_one(FACE)
    assert spec.threshold == 0.5
    assert abs(spec.nms - 0.3) < 1e-6


def test_a_v4_without_outputs_gets_them_from_its_head():
    assert read_one(FACE, {"face.kmodel": v4((36000,))}).outputs == ((20, 15, 30),)
    spec = read_one(DIGITS, {"digits.kmodel": v4((40,), ((1, 1, 28, 28),))})
    assert spec.problems == ()
    assert spec.outputs == ((1, 1, 10),)


def test_outputs_of_a_v4_must_agree_with_the_file():
    face = changed(FACE, outputs=[[20, 15, 30]])
    spec = read_one(face, {"face.kmodel": v4((36000,))})
    assert (spec.problems, spec.outputs, spec.grid) == ((), ((20, 15, 30),), (20, 15))
    wrong = changed(FACE, outputs=[[20, 15, 35]])
    assert problems(wrong, {"face.kmodel": v4((36000,))}) == [("outputs", "[[20, 15, 35]]", "w x h x ch = [9000]")]
    assert problems(face, {"face.kmodel": v4((36000, 4))}) == [("outputs", "[[20, 15, 30]]", "w x h x ch = [9000, 1]")]


def test_outputs_of_a_v3_are_ignored():
    assert read_one(changed(FACE, outputs=[[20, 15, 30]])).outputs is None


def test_the_input_of_a_v4_must_agree_with_the_file():
    assert problems(changed(FACE, input=[224, 224, 3]), {"face.kmodel": v4((36000,))})[0] == (
        "input", "[224, 224, 3]", "[320, 240, 3]",
    )  # fmt: skip


def test_a_model_in_flash():
    spec = read_one(changed(DIGITS, kmodel={"flash": 3145728, "bytes": 208072}))
    assert (spec.problems, spec.kmodel, spec.size) == ((), (3145728, 208072), 208072)
    spec = read_one(changed(FACE, kmodel={"flash": 3145728, "bytes": 388776}, outputs=[[20, 15, 30]]))
    assert (spec.problems, spec.grid) == ((), (20, 15))
    one = {"flash": 1, "bytes": 1}
    for value in (changed(one, flash=0), changed(one, bytes=None), changed(one, bytes=True), changed(one, x=1), {}):
        assert [row[0] for row in problems(changed(DIGITS, kmodel=value))] == ["kmodel"]


def in_flash(model, data):
    """Return the ModelSpec of a model at 0x300000 in a flash chip that holds these bytes there."""
    card({"models/m/model.json": changed(model, kmodel={"flash": 0x300000, "bytes": 400000})})
    bench.kpu.flash[0x300000] = data
    return catalog.read("/sd", 5)[0]


def test_the_head_of_a_model_in_flash_counts_like_that_of_a_file():
    spec = in_flash(FACE, v4((36000,)))
    assert (spec.problems, spec.outputs, spec.grid) == ((), ((20, 15, 30),), (20, 15))
    assert in_flash(changed(DIGITS, labels=["a", "b"]), v3()).problems[0][1:] == ("labels", "2 labels", "10 labels")
    # A chip that is not burnt yet is no doubt, because the loader knows it better.
    for data in (b"", bytes(128), b"PK\x03\x04" + bytes(124), b"\x00\x00\x00\x03" + bytes(124)):
        assert in_flash(FACE, data).problems == ()


def test_missing_fields_are_all_named():
    actual = problems({"kind": "yolo2"})
    assert [row[0] for row in actual] == ["schema", "title", "input", "anchors", "kmodel"]
    assert {row[1] for row in actual} == {"missing"}
    assert ("kind", "missing", "one of " + " ".join(sorted(KINDS))) in problems({})


def test_unknown_fields_list_the_known():
    known = (
        "one of schema title ascii_title kind kmodel input labels ascii_labels outputs pixels stages "
        "anchors limit nms order sigmoid softmax threshold top"
    )
    assert problems(changed(DIGITS, treshold=0.5)) == [("treshold", "unknown", known)]


def test_unknown_kind_lists_the_known():
    assert problems(changed(DIGITS, kind="yolo9")) == [("kind", '"yolo9"', "one of " + " ".join(sorted(KINDS)))]


WRONG = (
    ("schema", (2, 0, True, 1.5, "1", [1])),
    ("title", ("", "  ", 5, "a\nb", "x" * 33, ["a"])),
    ("kind", (5, "", "Classifier", ["classifier"], {})),
    ("input", ([28, 28], [28, 28, 2], [28, 28, 1, 1], [0, 28, 1], [28.5, 28, 1], [True, 28, 1], [28, -1, 1], "28", 28)),
    ("labels", ([], [""], [" "], [5], ["a", None], ["a\nb"], 5, {}, True)),
    ("threshold", (-0.1, 1.1, "0.5", True, [0.5])),
    ("nms", (-1, 2, False, "x")),
    ("top", (0, 11, 3.5, True, "3")),
    ("softmax", (1, 0, "true", [])),
    ("outputs", ([], [1, 2, 3], [[1, 2]], [[1, 2, 0]], [[1, 2, True]], [[1.5, 2, 3]], "x", {}, 5)),
    ("kmodel", (5, "", "..", "a/x.kmodel", "../m/x.kmodel", "\\x.kmodel", "/x.kmodel", "C:x.kmodel", True, [])),
)


def test_wrong_values_are_named_and_nothing_else():
    for field, values in WRONG:
        for value in values:
            rows = problems(changed(DIGITS, **{field: value}))
            assert [row[0] for row in rows] == [field], (field, value, rows)
            assert len(rows[0][1]) <= 40, rows
            assert rows[0][2], rows


def test_wrong_anchors():
    for last in (0, -1, "1", True, None, [1]):
        assert [row[0] for row in problems(changed(FACE, anchors=FACE_ANCHORS[:-1] + [last]))] == ["anchors"], last
    for value in ([], [1], FACE_ANCHORS[:9], "x", {}, 5):
        assert [row[0] for row in problems(changed(FACE, anchors=value))] == ["anchors"], value
    nine = [0.1 + i for i in range(18)]
    # Any number of pairs is decoded by the app itself, so only the output tells that these are wrong.
    assert problems(changed(FACE, anchors=nine)) == [("labels", "1 labels", "45 labels")]
    spec = read_one(changed(FACE, anchors=nine), {"face.kmodel": v4((17280,))}, None)
    assert (spec.problems, spec.grid, spec.outputs) == ((), (10, 8), ((10, 8, 54),))


def test_infinity_and_nan_are_not_numbers():
    for text in ("NaN", "Infinity", "-Infinity", "1e999"):
        for field in ("threshold", "nms"):
            model = json.dumps(changed(DIGITS, **{field: 0.125})).replace("0.125", text)
            assert problems(model), (field, text)
        assert problems(json.dumps(changed(FACE, anchors=FACE_ANCHORS[:-1] + [0.125])).replace("0.125", text)), text


def test_the_number_of_labels_must_fit_the_model():
    assert problems(changed(DIGITS, labels=["a", "b"])) == [("labels", "2 labels", "10 labels")]
    assert problems(changed(FACE, labels=["a", "b"])) == [("labels", "2 labels", "1 labels")]
    voc = {"face.kmodel": v3(((8752, 35000),))}
    assert problems(FACE, voc) == [("labels", "1 labels", "20 labels")]
    odd = {"face.kmodel": v3(((8752, 4004),))}
    assert problems(FACE, odd) == [("labels", "1 labels", "5 x (labels + 5) channels")]


def test_labels_must_fit_outputs_given_for_flash():
    flash = {"flash": 3145728, "bytes": 388776}
    assert problems(changed(FACE, kmodel=flash, outputs=[[20, 15, 35]]))[0][0] == "labels"
    assert problems(changed(DIGITS, kmodel=flash, outputs=[[1, 1, 5]])) == [("labels", "10 labels", "5 labels")]


def test_files_that_are_not_a_kmodel():
    for data, expected in (
        (b"", "0 bytes"),
        (b"PK\x03\x04" + bytes(60), "zip"),
        (b"<!DOCTYPE html>" + bytes(60), "no kmodel"),
        (v4(version=5), "v5"),
        (b"\x00\x00\x00\x03" + bytes(60), "word-swapped v3"),
        (b"\x03\x00\x00\x00", "too short"),
    ):
        rows = problems(DIGITS, {"digits.kmodel": data})
        assert [row[:2] for row in rows] == [("kmodel", expected)], rows
    assert problems(changed(DIGITS, kmodel="other.kmodel")) == [("kmodel", "no such file", "1 to 6291456 bytes")]
    assert problems(changed(DIGITS, kmodel="digits.bin"))[0][2] == "the name of a .kmodel file beside it"
    assert problems(changed(DIGITS, kmodel="x.kmodel"), {"x.kmodel/y": b"a folder"})[0][1] == "no such file"
    big = bench.SparseFile(v3(), 0x600001)
    assert problems(DIGITS, {"digits.kmodel": big}) == [("kmodel", "6291457 bytes", "1 to 6291456 bytes")]


def test_an_encrypted_model_is_left_to_the_firmware():
    assert problems(changed(DIGITS, kmodel="m.smodel"), {"m.smodel": b"\x13\x27\x00\x00" + bytes(60)}) == []


def test_files_that_are_not_json():
    for text, expected in (
        ("", "broken text"),
        ("hello", "broken text"),
        ("[]", "[]"),
        ("5", "5"),
        ('"x"', '"x"'),
        ("{", "cut off"),
        ('{"schema": 1', "cut off"),
        ('{"title": "Fac', "cut off"),
        (b'{"title": "\xff\xfe"}', "broken text"),
        ("[" * 200 + "]" * 200, "nested too deep"),
        ('{"a": ' * 60 + "1" + "}" * 60, "nested too deep"),
        (" " * 9000 + "{}", "over 8192 bytes"),
    ):
        assert problems(text) == [("", expected, "a JSON object")], text[:20]


def test_brackets_inside_texts_do_not_count():
    title = 'a "[{\\" b]'
    assert read_one(changed(DIGITS, title=title)).title == title


def test_a_byte_order_mark_is_tolerated():
    assert read_one(b"\xef\xbb\xbf" + json.dumps(DIGITS).encode()).problems == ()


def test_any_cut_of_a_good_file_is_a_problem_and_does_not_raise():
    text = json.dumps(FACE)
    for n in range(0, len(text), 7):
        assert problems(text[:n]), n


def test_folders_in_order_and_bad_ones_in_their_place():
    files = {}
    for name, title in (("b", "B"), ("A1", "A"), ("a2", "C"), ("_", "D"), ("10", "E"), ("9", "F")):
        files["models/%s/model.json" % name] = changed(DIGITS, title=title)
        files["models/%s/digits.kmodel" % name] = v3()
    files["models/broken/model.json"] = "{"
    files["models/empty/notes.txt"] = "nothing"
    files["models/.trash/model.json"] = "{}"
    files["models/readme.txt"] = "a file"
    card(files)
    specs = catalog.read("/sd", 5)
    assert [spec.folder for spec in specs] == ["10", "9", "_", "A1", "a2", "b", "broken", "empty"]
    assert [spec.title for spec in specs] == ["E", "F", "D", "A", "C", "B", "broken", "empty"]
    assert specs[6].problems == [("broken/model.json", "", "cut off", "a JSON object")]
    assert specs[7].problems == [("empty/model.json", "", "missing", "a JSON object")]
    assert specs[7].label(2) == "#2"
    assert len(specs[7].labels) == 0


def test_equal_titles_name_both_folders():
    files = {}
    for name in ("a", "b"):
        files["models/%s/model.json" % name] = DIGITS
        files["models/%s/digits.kmodel" % name] = v3()
    card(files)
    first, second = catalog.read("/sd", 5)
    assert first.problems == ()
    assert second.problems == [("b/model.json", "title", "Digits", "another than a has")]
    assert (second.title, second.loadable) == ("b", False)


def test_no_models_no_card_and_a_pulled_card():
    card({"readme.txt": "x"})
    assert catalog.read("/sd") == []
    bench.reset()
    assert raises(OSError, catalog.read, "/sd").args[0] == 19
    card({"models/m/model.json": DIGITS}, 1)
    assert raises(OSError, catalog.read, "/sd").args[0] == 5


def test_a_card_pulled_at_any_moment_ends_in_problems_or_an_oserror():
    files = {"models/m/model.json": changed(DIGITS, labels="l.txt"), "models/m/digits.kmodel": v3()}
    files["models/m/l.txt"] = "a\n" * 10
    ended = set()
    for nth in range(1, 40):
        card(files, nth)
        try:
            specs = catalog.read("/sd", 5)
            ended.add("bad" if specs[0].problems else "good")
        except OSError:
            ended.add("raised")
        assert bench.calls.get("uio.open", 0) - bench.calls.get("file.close", 0) in (0, 1)  # 1: it did not open
    assert ended == {"raised", "bad", "good"}


def test_an_unreadable_folder_does_not_hide_another():
    files = {}
    for name, title in (("a", "A"), ("b", "B")):
        files["models/%s/model.json" % name] = changed(DIGITS, title=title)
        files["models/%s/digits.kmodel" % name] = v3()
    card(files)
    bench.fail_next("file.read", OSError(5))
    specs = catalog.read("/sd", 5)
    assert [len(spec.problems) for spec in specs] == [1, 0]
    assert specs[0].problems[0][2] == "error 5"
    card(files)
    bench.fail_next("file.read", MemoryError("memory allocation failed, allocating 8193 bytes"))
    specs = catalog.read("/sd", 5)
    assert [(spec.folder, spec.title, spec.loadable) for spec in specs] == [("a", "a", False), ("b", "B", True)]
    assert specs[0].problems == [("a", "", "too large for this memory", "smaller files")]


def test_an_unreadable_kmodel_is_a_problem_of_its_folder_and_a_pulled_card_is_not():
    files = {"models/m/model.json": DIGITS, "models/m/digits.kmodel": v3()}
    card(files)
    bench.fail_at("file.read", 2, OSError(5))  # the first read is model.json
    (spec,) = catalog.read("/sd", 5)
    assert (spec.folder, spec.title, spec.loadable) == ("m", "m", False)
    assert spec.problems == [("m", "", "error 5", "files that can be read")]
    card(files)
    bench.fail_at("file.read", 2, OSError(19))
    assert raises(OSError, catalog.read, "/sd", 5).args[0] == 19


def test_a_problem_as_one_text():
    spec = read_one(changed(DIGITS, top=11))
    assert say(spec.problems[0]) == "m/model.json top: 11; wanted: a whole number, 1 to 10"
    spec = read_one("{")
    assert say(spec.problems[0]) == "m/model.json: cut off; wanted: a JSON object"


def test_the_modules_that_read_the_card_are_dropped_afterwards():
    read_one(DIGITS)
    assert not [name for name in sys.modules if name.startswith("device.once")]
    assert not hasattr(device, "once")  # the package would keep them in memory
    assert read_one(FACE).problems == ()


def test_a_spec_is_small():
    if not hasattr(gc, "mem_alloc"):
        return  # only MicroPython can measure it
    files = {}
    for i in range(20):
        files["models/m%d/model.json" % i] = changed(FACE, title="Title %d" % i)
        files["models/m%d/face.kmodel" % i] = v3(((9000, 36000),))
    card(files)
    catalog.read("/sd", 5)
    gc.collect()
    before = gc.mem_alloc()
    specs = catalog.read("/sd", 5)
    gc.collect()
    assert len(specs) == 20
    print("bytes of heap for a spec:", (gc.mem_alloc() - before) // 20)
    assert gc.mem_alloc() - before < 20 * 1024
