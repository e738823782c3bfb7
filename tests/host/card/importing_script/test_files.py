"""Files that a script opens and modules that it imports: they lie in the source, and nothing else is read."""

from __future__ import annotations

import json

import pytest

from tests.host.card.importing_script.reading import CAMERA, labels, only, read

HEAD = CAMERA + "import ujson, json\n"
TAIL = """
task = kpu.load('/sd/x.kmodel')
kpu.init_yolo2(task, 0.6, 0.3, 2, anchors)
for box in kpu.run_yolo2(task, sensor.snapshot()):
    print(names[box.classid()])
"""
NAMES = {
    "read and split": ("n.txt", b"ox,yak,emu\n", "f = open('n.txt', 'r')\nnames = f.read().split(',')\nf.close()\n"),
    "readlines": ("n.txt", b"ox\nyak\nemu\n", "names = open('/sd/n.txt').readlines()\n"),
    "with": ("n.txt", b"ox\r\nyak\r\nemu\r\n", "with open('n.txt') as f:\n    names = [s.strip() for s in f]\n"),
    "splitlines": ("n.txt", b"\xef\xbb\xbfox\nyak\nemu", "names = open('n.txt').read().split('\\n')\n"),
    "readline": (
        "n.txt",
        b"ox\nyak\nemu\n",
        "f = open('n.txt')\nnames = []\nwhile True:\n    s = f.readline()\n    if not s:\n        break\n"
        "    names.append(s.strip())\n",
    ),
    "literal": ("n.txt", b"['ox', 'yak', 'emu']", "with open('n.txt') as f:\n    names = eval(f.read())\n"),
    "json": ("n.json", b'{"names": ["ox", "yak", "emu"]}', "names = json.load(open('n.json'))['names']\n"),
    "ujson": ("n.json", b'["ox", "yak", "emu"]', "names = ujson.loads(open('n.json').read())\n"),
    "dictionary": (
        "n.json",
        b'{"0": "ox", "1": "yak", "2": "emu"}',
        "d = json.load(open('n.json'))\nnames = {int(k): v for k, v in d.items()}\n",
    ),
    "numbered": (
        "n.txt",
        b"0 ox\n1 yak\n2 emu\n",
        "names = {}\nfor line in open('n.txt'):\n    k, v = line.strip().split(' ')\n    names[int(k)] = v\n",
    ),
    "bytes": ("n.txt", b"ox yak emu", "names = open('n.txt', 'rb').read().decode().split()\n"),
    "current folder": ("n.txt", b"ox yak emu", "import os\nnames = open(os.getcwd() + '/n.txt').read().split()\n"),
    "import from": ("config.py", b"names = ['ox', 'yak', 'emu']\n", "from config import names\n"),
    "import": ("config.py", b"N = ['ox', 'yak', 'emu']\n", "import config as c\nnames = c.N\n"),
    "import all": ("config.py", b"_x = 1\nnames = 'ox yak emu'.split()\n", "from config import *\n"),
    "function of a module": (
        "config.py",
        b"def get():\n    return ('ox', 'yak', 'emu')\n",
        "import config\nnames = config.get()\n",
    ),
}


@pytest.mark.parametrize(("file", "data", "lines"), NAMES.values(), ids=list(NAMES))
def test_labels_from_a_file(file: str, data: bytes, lines: str) -> None:
    use = only(HEAD + "anchors = (1, 2, 3, 4)\n" + lines + TAIL, {file: data})
    assert labels(use) == ("ox", "yak", "emu")


ANCHORS = {
    "split": "anchors = [float(v) for v in open('a.txt').read().split(',')]\n",
    "map": "anchors = tuple(map(float, open('a.txt').readline().strip().split(',')))\n",
    "literal": "with open('a.txt') as f:\n    anchors = eval(f.read())\n",
    "literal with brackets": "anchors = eval('[' + open('a.txt').read().strip() + ']')\n",
}


@pytest.mark.parametrize("lines", ANCHORS.values(), ids=list(ANCHORS))
def test_anchors_from_a_file(lines: str) -> None:
    use = only(HEAD + lines + "names = ['ox']\n" + TAIL, {"a.txt": b"1.5,2.5,3.25,4.0\n"})
    assert use.detector is not None
    assert use.detector.anchors == (1.5, 2.5, 3.25, 4.0)


def test_a_missing_file_leaves_the_rest_known() -> None:
    use = only(HEAD + "names = open('n.txt').read().split()\nanchors = (1, 2, 3, 4)\n" + TAIL)
    assert (use.labels, use.detector and use.detector.anchors) == (None, (1, 2, 3, 4))


def test_the_names_in_the_script_stand_in_for_a_missing_file() -> None:
    lines = (
        "anchors = (1, 2)\ntry:\n    names = open('n.txt').read().split()\nexcept OSError:\n    names = ['ox', 'yak']\n"
    )
    assert labels(only(HEAD + lines + TAIL)) == ("ox", "yak")
    assert labels(only(HEAD + lines + TAIL, {"n.txt": b"emu gnu"})) == ("emu", "gnu")


def test_modules_that_import_each_other_end() -> None:
    files = {"a.py": b"import b\nnames = ['ox']\n", "b.py": b"import a\nanchors = (1, 2)\n"}
    use = only(HEAD + "from a import names\nfrom b import anchors\n" + TAIL, files)
    assert (labels(use), use.detector and use.detector.anchors) == (("ox",), (1, 2))


def test_eval_reads_literals_only() -> None:
    reading = read("import KPU\nkey = 1\nKPU.load(eval('\"/sd/\" + str(key)'))\nKPU.load(eval('\"/sd/x.kmodel\"'))\n")
    assert [use.model for use in reading.uses] == [None, "/sd/x.kmodel"]


def test_a_file_that_is_no_text_is_unknown() -> None:
    use = only(HEAD + "names = open('n.txt').read().split()\nanchors = (1, 2)\n" + TAIL, {"n.txt": b"\xff\x00\x00"})
    assert use.labels is None


def test_json_that_is_damaged_is_unknown() -> None:
    use = only(
        HEAD + "names = json.load(open('n.json'))\nanchors = (1, 2)\n" + TAIL,
        {"n.json": json.dumps(["x"]).encode()[:-1]},
    )
    assert use.labels is None
