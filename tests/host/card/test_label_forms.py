"""Labels and anchors of any shape are read rightly or refused: no file gives labels of brackets, quotes or numbers."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from maixswitch.card.importing.labels import MAX_LABEL, fit_labels, read_anchors, read_labels

CATS = ["cat", "dog", "red bird"]

FORMS = {
    "Python dictionary by name": "{'red bird': 2, 'cat': 0, 'dog': 1}",
    "Python dictionary by number": "{1: 'dog', 0: 'cat', 2: 'red bird'}",
    "dictionary that counts from 1": "{1: 'cat', 2: 'dog', 3: 'red bird'}",
    "numbers as texts": "{'0': 'cat', '1': 'dog', '2': 'red bird'}",
    "tuple": "('cat', 'dog', 'red bird')",
    "pairs": "[('cat', 0), ('red bird', 2), ('dog', 1)]",
    "ordered dictionary": "OrderedDict([('cat', 0), ('dog', 1), ('red bird', 2)])",
    "numpy": "['cat' 'dog'\n 'red bird']",
    "numpy call": "array(['cat', 'dog', 'red bird'], dtype='<U8')",
    "keys": "dict_keys(['cat', 'dog', 'red bird'])",
    "variable": "labels = {'dog': 1, 'cat': 0, 'red bird': 2}  # as Keras prints them",
    "JavaScript": 'const labels = ["cat", "dog", "red bird"];',
    "JSON list": '["cat", "dog", "red bird"]',
    "JSON by number": '{"2": "red bird", "0": "cat", "1": "dog"}',
    "JSON by name": '{"red bird": 2, "dog": 1, "cat": 0}',
    "ImageNet index": '{"0": ["n01", "cat"], "1": ["n02", "dog"], "2": ["n03", "red bird"]}',
    "records": '[{"id": 2, "name": "dog"}, {"id": 1, "name": "cat"}, {"id": 3, "name": "red bird"}]',
    "COCO": '{"images": [], "categories": [{"id": 0, "name": "cat"}, {"id": 2, "name": "red bird"}, '
    '{"id": 1, "name": "dog"}]}',
    "Roboflow": '{"categories": [{"id": 0, "name": "pets", "supercategory": "none"}, '
    '{"id": 1, "name": "cat", "supercategory": "pets"}, {"id": 2, "name": "dog", "supercategory": "pets"}, '
    '{"id": 3, "name": "red bird", "supercategory": "pets"}]}',
    "JSON lines": '{"id": 0, "name": "cat"}\n{"id": 1, "name": "dog"}\n{"id": 2, "name": "red bird"}\n',
    "Hugging Face": '{"id2label": {"0": "cat", "1": "dog", "2": "red bird"}, '
    '"label2id": {"cat": 0, "dog": 1, "red bird": 2}}',
    "aXeleRate": '{"model": {"type": "Classifier", "labels": ["cat", "dog", "red bird"]}}',
    "CSV with a head": "id,name\n1,dog\n0,cat\n2,red bird\n",
    "CSV, names first": "label,index\nred bird,2\ncat,0\ndog,1\n",
    "CSV without a head": "0,cat\n1,dog\n2,red bird",
    "CSV with semicolons": "id;name\n0;cat\n1;dog\n2;red bird",
    "CSV of pandas": ",label\n0,cat\n1,dog\n2,red bird",
    "one column": "name\ncat\ndog\nred bird",
    "tabs": "0\tcat\n1\tdog\n2\tred bird",
    "numbers and blanks": "0 cat\n1 dog\n2 red bird",
    "colons": "0: cat\n1: dog\n2: red bird",
    "colons, other order": "2: red bird\n0: cat\n1: dog",
    "brackets": "1) cat\n2) dog\n3) red bird",
    "square brackets": "[0] cat\n[1] dog\n[2] red bird",
    "dots": "1. cat\n2. dog\n3. red bird",
    "numbers behind": "cat 0\ndog 1\nred bird 2",
    "equal signs": "dog=1\ncat=0\nred bird=2",
    "one line of numbers": "0: cat, 1: dog, 2: red bird",
    "quoted lines": '"cat"\n"dog"\n"red bird"',
    "quoted lines with commas": "'cat',\n'dog',\n'red bird',\n",
    "one line": "cat, dog, red bird",
    "one line of Chinese commas": "cat\u3001dog\u3001red bird",
    "wide blanks": "\u3000cat\u3000\ndog\nred\u00a0bird\n",
    "comments": "# classes\ncat\ndog\nred bird",
    "synsets": "n01440764 cat\nn01443537 dog\nn01484850 red bird",
    "YAML list": "train: a\nval: b\nnc: 3\nnames: [cat, 'dog', \"red bird\"]  # classes",
    "YAML list of lines": "names:\n  - cat\n  - 'dog'\n  - red bird # with a comment\nnc: 3\n",
    "YAML list in the column": "names:\n- cat\n- dog\n- red bird\npath: x",
    "YAML dictionary": "path: x\nnames:\n  0: cat\n  1: dog\n  2: red bird\n",
    "YAML dictionary in brackets": "names: {0: cat, 1: dog, 2: 'red bird'}",
    "YAML over lines": "names: [cat,\n  dog,\n  red bird]\n",
    "YAML only a list": "---\n- cat\n- dog\n- red bird",
    "pbtxt": "item {\n  id: 1\n  name: 'cat'\n}\nitem {\n  id: 2\n  name: 'dog'\n}\n"
    'item {\n  name: "red bird"\n  id: 3\n}\n',
    "pbtxt with names for people": 'item { name: "/m/1" id: 1 display_name: "cat" } item { name: "/m/2" id: 2 '
    'display_name: "dog" } item { name: "/m/3" id: 3 display_name: "red bird" }',
}

ENCODINGS = {
    "UTF-8": lambda text: text.encode(),
    "mark": lambda text: text.encode("utf-8-sig"),
    "CRLF": lambda text: text.replace("\n", "\r\n").encode(),
    "UTF-16": lambda text: text.encode("utf-16"),
    "UTF-16 without a mark": lambda text: text.encode("utf-16-le"),
    "UTF-16, high bytes first": lambda text: text.encode("utf-16-be"),
}


@pytest.mark.parametrize("name", FORMS)
def test_every_form_in_every_encoding(name: str) -> None:
    for encoding, encode in ENCODINGS.items():
        assert read_labels(encode(FORMS[name])) == CATS, encoding


REFUSED = {
    "gap": "{0: 'cat', 2: 'dog'}",
    "double number": "{'cat': 0, 'dog': 0}",
    "double key": '{"cat": 0, "cat": 1}',
    "from 5": '{"5": "cat", "6": "dog"}',
    "two readings": '{"0": 1, "1": 2, "2": 0}',
    "no comma": "['cat' 'dog', 'bird']",
    "cut off": "{0: 'cat', 1: 'dog'",
    "values of other types": '{"accuracy": 0.5, "loss": 0.1}',
    "records with gaps": '[{"id": 1, "name": "cat"}, {"id": 5, "name": "dog"}]',
    "records, one without a number": '[{"id": 0, "name": "cat"}, {"name": "dog"}]',
    "two lists": '{"labels": ["cat"], "classes": ["dog"]}',
    "CSV with gaps": "id,name\n0,cat\n2,dog",
    "CSV of pictures": "filename,label\na.jpg,cat\nb.jpg,cat\nc.jpg,dog",
    "CSV of three columns": "0,cat,animal\n1,dog,animal",
    "numbers with gaps": "0: cat\n2: dog",
    "YAML of another count": "nc: 3\nnames: [cat, dog]",
    "YAML without names": "train: ../images\nval: ../images",
    "YAML that is nested": "names:\n  - [cat, dog]\n  - bird",
    "Darknet data": "classes = 2\ntrain = x\nnames = obj.names",
    "pbtxt with gaps": "item { id: 1 name: 'cat' } item { id: 3 name: 'dog' }",
    "pbtxt with more": "item { id: 1 name: 'cat' } thing { id: 2 name: 'dog' }",
    "C": '#include "x.h"\nstatic const char *labels[] = {"cat", "dog"};',
    "script without labels": "import sensor\nsensor.reset()\nwhile True:\n    pass",
    "XML": '<?xml version="1.0"?>\n<labels>\n<label>cat</label>\n</labels>',
    "a page": "<!DOCTYPE html>\n<html><body>404</body></html>",
    "a long line": "x" * 500,
    "a note with a ruled line": "====================\ntrain warnings\n====================",
    "a note with an address": "tiny-yolo v2 20 class model\nhttps://bbs.sipeed.com/t/topic/683",
    "a sentence": "The model was trained with pictures of the internet.",
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_leaves_a_doubt_is_refused(name: str) -> None:
    assert read_labels(REFUSED[name].encode()) is None


KEPT = [
    ["2 euro", "5 euro"],
    ["1 euro", "2 euro"],
    ["class 1", "class 2"],
    ["10:30", "11:20"],
    ["bird, small", "bird, large"],
    ["0", "1", "2"],
    ["3.5mm jack", "2.5D"],
    ["it's", "don't"],
    ["<unk>", "yes"],
    ["1-5 years", "6-10 years"],
    ["cat (big)", "dog [small]"],
]


@pytest.mark.parametrize("labels", KEPT)
def test_lines_that_only_look_like_another_form_stay_as_they_are(labels: list[str]) -> None:
    assert read_labels("\n".join(labels).encode()) == labels


@pytest.mark.parametrize("encoding", ["gbk", "gb18030", "utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("labels", [["苹果", "香蕉", "背景"], ["有害垃圾", "厨余"], ["猫 cat", "狗"]])
def test_chinese_labels(labels: list[str], encoding: str) -> None:
    for text in ("\n".join(labels), "\r\n".join(labels), str(labels), json.dumps(labels, ensure_ascii=False)):
        assert read_labels(text.encode(encoding)) == labels


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Größe\nÜber", "latin-1"),
        ("\u043a\u043e\u0448\u043a\u0430\n\u043f\u0451\u0441", "cp1251"),
        ("蘋果\n香蕉", "big5"),
        ("りんご\nバナナ", "shift-jis"),
    ],
)
def test_other_encodings_are_refused(text: str, encoding: str) -> None:
    assert read_labels(text.encode(encoding)) is None


def _csv(labels: list[str], head: bool) -> str:
    file = io.StringIO()
    writer = csv.writer(file)
    if head:
        writer.writerow(["id", "name"])
    writer.writerows(enumerate(labels))
    return file.getvalue()


def _pbtxt(labels: list[str]) -> str:
    return "".join(
        f"item {{\n  id: {at + 1}\n  name: {json.dumps(label, ensure_ascii=False)}\n}}\n"
        for at, label in enumerate(labels)
    )


def _yaml(labels: list[str]) -> str:
    quoted = [f"  - '{label.replace(chr(39), chr(39) * 2)}'\n" for label in labels]
    return f"nc: {len(labels)}\nnames:\n" + "".join(quoted)


WRITERS: dict[str, Callable[[list[str]], str]] = {
    "JSON list": lambda labels: json.dumps(labels),
    "JSON list as written": lambda labels: json.dumps(labels, ensure_ascii=False, indent=1),
    "JSON by number": lambda labels: json.dumps(dict(enumerate(labels))),
    "records": lambda labels: json.dumps([{"id": at, "name": label} for at, label in enumerate(labels)]),
    "COCO": lambda labels: json.dumps({"categories": [{"id": at + 1, "name": x} for at, x in enumerate(labels)]}),
    "JSON lines": lambda labels: "\n".join(json.dumps({"id": at, "name": x}) for at, x in enumerate(labels)),
    "Python list": str,
    "Python tuple": lambda labels: str(tuple(labels)),
    "Python dictionary": lambda labels: str(dict(enumerate(labels))),
    "variable": lambda labels: f"labels = {labels}\n",
    "CSV": lambda labels: _csv(labels, True),
    "CSV without a head": lambda labels: _csv(labels, False),
    "YAML": _yaml,
    "YAML in brackets": lambda labels: "names: " + json.dumps(labels, ensure_ascii=False),
    "pbtxt": _pbtxt,
    "colons": lambda labels: "".join(f"{at}: {label}\n" for at, label in enumerate(labels)),
}
LETTERS = st.sampled_from("abcXYZ0123456789 ,.'\"-_()&苹果香蕉中文字éü")
LABEL = st.text(LETTERS, min_size=1, max_size=12).map(str.strip).filter(bool)


@given(labels=st.lists(LABEL, min_size=1, max_size=12, unique=True), name=st.sampled_from(sorted(WRITERS)))
def test_random_labels_come_back_from_every_writer(labels: list[str], name: str) -> None:
    reading = read_labels(WRITERS[name](labels).encode())
    # These forms have no rules for commas, quotation marks and digits, so some labels leave a doubt.
    doubtful = name in ("colons", "CSV without a head") or (name == "JSON lines" and len(labels) == 1)
    assume(name != "CSV without a head" or len(labels) > 1)
    assert reading == labels or (doubtful and reading is None)


@given(labels=st.lists(LABEL, min_size=2, max_size=12, unique=True))
def test_random_labels_by_name(labels: list[str]) -> None:
    numbered = {label: at for at, label in enumerate(labels)}
    for text in (str(numbered), json.dumps(numbered)):
        reading = read_labels(text.encode())
        # Names of digits may leave a doubt about the direction.
        assert reading == labels or (reading is None and all(label.isdigit() for label in labels))


WORD = st.text(st.sampled_from("abcdeXYZ'&苹果香蕉中文字éü"), min_size=1, max_size=8)
LINE = st.lists(st.one_of(WORD, WORD.map(lambda word: word + ",")), min_size=1, max_size=4).map(
    lambda words: "a" + " ".join(words).rstrip(",") + "z"
)


@given(labels=st.lists(LINE, min_size=2, max_size=12, unique=True))
def test_random_lines_come_back(labels: list[str]) -> None:
    for text in ("\n".join(labels), "\r\n".join(labels) + "\r\n", "\n\n".join(labels)):
        assert read_labels(text.encode()) == labels
        assert read_labels(text.encode("utf-16")) == labels


@given(data=st.binary(max_size=200))
def test_any_bytes_give_labels_or_nothing(data: bytes) -> None:
    labels = read_labels(data)
    assert labels is None or all(label and label.strip() == label for label in labels)
    assert read_anchors(data) is None or len(read_anchors(data) or ()) % 2 == 0


@given(text=st.text(st.sampled_from("[]{}()'\",:=\n0 1ab#-;<item id name"), max_size=60))
def test_any_text_gives_labels_or_nothing(text: str) -> None:
    labels = read_labels(text.encode())
    assert labels is None or all(label and "\n" not in label for label in labels)


ANCHORS = {
    "JSON object": '{"anchors": [[1, 2], [3.5, 4]]}',
    "nested object": "{'model': {'anchors': (1, 2, 3.5, 4)}}",
    "YAML": "anchors: [1, 2, 3.5, 4]",
    "YAML of pairs": "anchors:\n  - [1, 2]\n  - [3.5, 4]\nstride: 32\n",
    "YAML of numbers": "anchors:\n- 1\n- 2.0\n- 3.5\n- 4\n",
    "Darknet": "[region]\nanchors = 1,2, 3.5,4\nclasses=2\n",
    "variable": "anchor = (1, 2, 3.5, 4)\ntask = None",
    "numpy": "[[1.  2. ]\n [3.5 4. ]]",
    "CSV": "1,2\n3.5,4\n",
    "CSV with a head": "w,h\n1,2\n3.5,4\n",
    "semicolons": "1;2;3.5;4",
    "quoted": '"1","2","3.5","4"',
}


@pytest.mark.parametrize("name", ANCHORS)
def test_every_form_of_anchors_in_every_encoding(name: str) -> None:
    for encoding, encode in ENCODINGS.items():
        assert read_anchors(encode(ANCHORS[name])) == [1, 2, 3.5, 4], encoding


@pytest.mark.parametrize(
    "text",
    [
        "anchor = [1, 2]\nanchors = [3, 4]",
        "Accuracy: 84\nBoxes: [1, 2]",
        "{'anchors': [1, 2, 3]}",
        "a,b\n1,2",
        "1,5; x",
    ],
)
def test_doubtful_anchors_are_refused(text: str) -> None:
    assert read_anchors(text.encode()) is None


LONG = [
    ("great white shark, white shark, man-eater, man-eating shark, Carcharodon carcharias", "great white shark"),
    ("x" * 70, "x" * 64),
    ("word " * 20, "word word word word word word word word word word word word word"),
    ("苹果\uff0c红色的那种" * 10, "苹果"),
    ("plain", "plain"),
]


@pytest.mark.parametrize(("label", "expected"), LONG)
def test_a_long_label_is_shortened(label: str, expected: str) -> None:
    assert fit_labels([label.strip()]) == ([expected], int(label != expected))


def test_labels_that_become_equal_stay_apart() -> None:
    long = "a crane, " + "a large bird with long legs and a long neck that lives near water"
    other = "a crane, " + "a machine that lifts heavy things and stands on a building site"
    assert fit_labels(["a crane", long, other, long]) == (["a crane", "a crane 2", "a crane 3", "a crane 2"], 3)
    ends = ["x" * 70 + str(number) for number in range(12)]
    fitted, count = fit_labels(ends)
    assert (count, len(set(fitted)), max(map(len, fitted))) == (12, 12, MAX_LABEL)


@given(labels=st.lists(st.text(st.sampled_from("ab, 苹"), min_size=1, max_size=90).map(str.strip).filter(bool)))
def test_shortened_labels_differ_where_the_labels_do(labels: list[str]) -> None:
    fitted, _ = fit_labels(labels)
    assert all(0 < len(label) <= MAX_LABEL for label in fitted)
    assert len(set(fitted)) == len(set(labels))
