"""The ASCII forms of a title and of labels: the panel shows them, everything else has the originals."""

# ruff: noqa: UP031

from tests.device.sample_models import DIGITS
from tests.device.test_catalog import changed, problems, read_one
from tests.device.test_kmodel_head import v3

TEN = ["零", "一", "二", "三", "四", "五", "六", "七", "八", "九"]
PINYIN = ["Ling", "Yi", "Er", "San", "Si", "Wu", "Liu", "Qi", "Ba", "Jiu"]


def test_the_panel_shows_the_ascii_forms():
    spec = read_one(changed(DIGITS, title="数字", ascii_title="ShuZi", labels=TEN, ascii_labels=PINYIN))
    assert spec.problems == ()
    assert (spec.title, spec.panel_title()) == ("数字", "ShuZi")
    assert [(spec.label(at), spec.panel_label(at)) for at in (0, 9, 10)] == [
        ("零", "Ling"),
        ("九", "Jiu"),
        ("#10", "#10"),
    ]


def test_without_ascii_forms_the_panel_gets_the_originals():
    spec = read_one(changed(DIGITS, title="数字", labels=TEN))
    assert (spec.panel_title(), spec.panel_label(3), spec.ascii_labels) == ("数字", "三", None)


def test_ascii_labels_in_a_file_beside_the_labels():
    lines = ["label %d" % i for i in range(1000)]
    files = {
        "labels.txt": "\n".join(["类别 %d" % i for i in range(1000)]),
        "ascii.txt": "\ufeff" + "\r\n".join(lines) + "\r\n",
        "digits.kmodel": v3(((0, 4000),)),
    }
    spec = read_one(changed(DIGITS, labels="labels.txt", ascii_labels="ascii.txt"), files)
    assert spec.problems == ()
    for at in (0, 15, 16, 999):
        assert (spec.label(at), spec.panel_label(at)) == ("类别 %d" % at, lines[at])


def test_wrong_ascii_forms():
    long = "x" * 33
    for title in ("数字", "", " ", long, 5, "a\tb", "caf\xe9"):
        rows = problems(changed(DIGITS, ascii_title=title))
        assert [(row[0], row[2]) for row in rows] == [("ascii_title", "an ASCII text, length 1 to 32")], title
    for names, expected in (
        (PINYIN[:9], "10 names, one for each label"),
        ([*PINYIN, "Shi"], "10 names, one for each label"),
        (TEN, "a list of ASCII names, or a file's name"),
        ([], "a list of ASCII names, or a file's name"),
        ([*PINYIN[:9], "x" * 65], "a list of ASCII names, or a file's name"),
        ("../a.txt", "a list of ASCII names, or a file's name"),
        ("none.txt", "a file of at most 65535 bytes"),
        ("zh.txt", "a name in every line, ASCII"),
    ):
        files = {"zh.txt": "\n".join(TEN)}
        rows = problems(changed(DIGITS, labels=TEN, ascii_labels=names), files)
        assert [(row[0], row[2]) for row in rows] == [("ascii_labels", expected)], names


def test_a_mistake_of_the_labels_is_reported_once():
    rows = problems(changed(DIGITS, labels=[], ascii_labels=PINYIN))
    assert [row[0] for row in rows] == ["labels"]
