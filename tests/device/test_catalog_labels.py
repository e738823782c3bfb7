"""Labels from a file on a fake card: counted once, looked up when they are shown. Runs under both interpreters."""

# ruff: noqa: UP031

import bench
from device import spec as device_spec
from tests.device.sample_models import DIGITS
from tests.device.test_catalog import changed, problems, read_one
from tests.device.test_kmodel_head import v3


def test_label_files():
    ten = "zero\none\ntwo\nthree\nfour\nfive\nsix\nseven\neight\nnine"
    model = changed(DIGITS, labels="labels.txt")
    for text in (ten, ten + "\n", ten + "\n\n \n", ten.replace("\n", "\r\n") + "\r\n", "\ufeff" + ten + "\n"):
        spec = read_one(model, {"labels.txt": text})
        assert spec.problems == (), text
        assert [spec.label(i) for i in (0, 3, 9, 10, -1)] == ["zero", "three", "nine", "#10", "?"], text
    spec = read_one(model, {"labels.txt": ten.replace("zero", "Größe 猫")})
    assert spec.label(0) == "Größe 猫"


def test_wrong_label_files():
    model = changed(DIGITS, labels="labels.txt")
    for text, expected in (
        ("", "no label"),
        ("\n\n", "no label"),
        ("a\n\nb", "line 2 is blank"),
        ("\na", "line 1 is blank"),
        (b"a\nb\xe9\nc", "line 2 is not UTF-8"),
        ("a\n" + "x" * 300, "line 2 is too long"),
    ):
        rows = problems(model, {"labels.txt": text})
        assert [row[:2] for row in rows] == [("labels", expected)], rows
    assert problems(model) == [("labels", "no such file", "a file of at most 65535 bytes")]
    for name in ("../labels.txt", "a/b.txt", "..", ".hidden", "c:x", "x\\y"):
        assert [row[0] for row in problems(changed(DIGITS, labels=name), {"labels.txt": "a"})] == ["labels"]


def test_a_thousand_labels_cost_little_and_are_read_when_needed():
    lines = "\n".join(["label number %d" % i for i in range(1000)])
    files = {"labels.txt": lines, "digits.kmodel": v3(((0, 4000),))}
    spec = read_one(changed(DIGITS, labels="labels.txt"), files)
    assert (spec.problems, len(spec.labels)) == ((), 1000)
    for at in (0, 15, 16, 17, 31, 32, 500, 998, 999):
        assert spec.label(at) == "label number %d" % at
    opened = bench.calls["uio.open"]
    closed = bench.calls["file.close"]
    assert opened == closed
    for at in (998, 999, 500):
        assert spec.label(at) == "label number %d" % at
    assert bench.calls["uio.open"] == opened  # still in the cache
    assert len(spec.labels._index) * 2 + 64 * device_spec.CACHE < 2048


def test_labels_of_a_pulled_card_are_numbers():
    lines = "\n".join(["label %d" % i for i in range(10)])
    spec = read_one(changed(DIGITS, labels="labels.txt"), {"labels.txt": lines})
    assert spec.label(3) == "label 3"
    bench.card.eject()
    assert spec.label(3) == "label 3"
    assert spec.label(4) == "#4"
    bench.card.insert()
    bench.fail_next("file.readline", OSError(5))
    assert spec.label(5) == "#5"
    assert bench.calls["uio.open"] - 1 == bench.calls["file.close"]  # one open failed


def test_a_labels_file_that_was_overwritten_meanwhile_does_not_raise():
    spec = read_one(changed(DIGITS, labels="labels.txt"), {"labels.txt": "\n".join("0123456789")})
    bench.card.backend.files["models/m/labels.txt"] = bytearray(b"\xff\xfe\xff\n" * 10)
    assert spec.label(4) == "#4"


def test_no_more_labels_stay_in_memory_than_the_cache_holds():
    lines = "\n".join(["label %d" % i for i in range(device_spec.CACHE + 1)])
    files = {"labels.txt": lines, "digits.kmodel": v3(((0, 4 * (device_spec.CACHE + 1)),))}
    spec = read_one(changed(DIGITS, labels="labels.txt"), files)
    for at in range(device_spec.CACHE):
        spec.label(at)
    opened = bench.calls["uio.open"]
    assert spec.label(0) == "label 0"
    assert bench.calls["uio.open"] == opened
    spec.label(device_spec.CACHE)  # one too many: the others are dropped
    assert spec.label(0) == "label 0"
    assert bench.calls["uio.open"] == opened + 2
