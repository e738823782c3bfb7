"""Labels and anchors in several spellings, and scripts that are read but never run."""

from __future__ import annotations

import pytest

from maixswitch.card.importing.labels import anchor_lines, read_anchors, read_labels
from maixswitch.card.importing.literals import from_json, literal

THREE = ["cat", "dog", "red bird"]


@pytest.mark.parametrize(
    "text",
    [
        b"cat\ndog\nred bird",
        b"\xef\xbb\xbfcat\r\ndog\r\nred bird\r\n\r\n",
        b"cat, dog, red bird\n",
        b"'cat','dog','red bird'",
        b"['cat', 'dog', \"red bird\"]",
        b'["cat", "dog", "red bird"]',
        b'# classes\nlabels = ["cat", "dog",\n  "red bird"]\n',
        b'labels=["cat","dog","red bird"] // of the board',
        "cat\ndog\nred bird".encode("utf-16"),
    ],
)
def test_spellings_of_labels(text: bytes) -> None:
    assert read_labels(text) == THREE


def test_chinese_labels_in_their_old_encoding() -> None:
    assert read_labels("猫\r\n狗\r\n".encode("gb18030")) == ["猫", "狗"]
    assert read_labels("猫\r\n狗\r\n".encode()) == ["猫", "狗"]


@pytest.mark.parametrize(
    "text", [b"", b"\n \n", b"\0\0\0\0", b"[1.5, 2]", b"[[1], [2]]", b"['a', 'b'", b"\xff\xff\xff", b"x\n" * 3000]
)
def test_no_labels(text: bytes) -> None:
    assert read_labels(text) is None


@pytest.mark.parametrize(
    "text", [b"1, 2, 3.5, 4", b"1 2\r\n3.5 4", b"[1, 2, 3.5, 4]", b"[[[1, 2], [3.5, 4]]]", b"anchors = (1, 2, 3.5, 4)"]
)
def test_anchors(text: bytes) -> None:
    assert read_anchors(text) == [1.0, 2.0, 3.5, 4.0]


@pytest.mark.parametrize("text", [b"", b"1, 2, 3", b"0, 1", b"-1, 1", b"1, x", b"1e999, 2", b"anchors = [1, None]"])
def test_no_anchors(text: bytes) -> None:
    assert read_anchors(text) is None


def test_lines_of_anchors() -> None:
    assert anchor_lines(b"0.1,0.2\r\n1 2 3 4\r\n") == [[0.1, 0.2], [1.0, 2.0, 3.0, 4.0]]
    assert anchor_lines(b"1,2\nwords\n") == []


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        "labels = " + "[" * 90 + "]" * 90,
        "a = " + "-" * 100_000 + "1",
        "x" * 200_000,
        "a = " + "9" * 100_000,
        "a = 1" + "+1" * 50_000,
        "\0",
        "a = " + "not " * 30_000 + "1",
        "a=[']\n" * 20_000,
    ],
)
def test_hostile_texts_are_refused_quickly(text: str) -> None:
    for read in (literal, from_json):
        with pytest.raises(ValueError, match=r"."):
            read(text)
    assert read_anchors(text.encode()) is None
