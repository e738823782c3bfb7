"""What a page may send: names, sizes and answers of strangers stay harmless."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from maixswitch.errors import MaixSwitchError
from maixswitch.web.intake import dropped, upload
from tests.host.card.exports import classifier
from tests.host.web.web_helpers import draw_spot, photo_bytes, upload_body


def received(body: bytes, folder: Path, block: int = 7) -> upload.Upload:
    async def stream() -> AsyncIterator[bytes]:
        for at in range(0, len(body), block):
            yield body[at : at + block]

    return asyncio.run(upload.receive(stream(), folder))


def test_files_arrive_in_their_folders_whatever_the_blocks_are(tmp_path: Path) -> None:
    files = {"export/a.kmodel": b"one", "export/labels.txt": b"", "b.txt": bytes(range(256))}
    for block in (1, 7, 10_000):
        folder = tmp_path / str(block)
        assert received(upload_body(files), folder, block).names == list(files)
        assert {name: (folder / name).read_bytes() for name in files} == files


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("../../etc/passwd", "etc/passwd"),
        ("/etc/passwd", "etc/passwd"),
        ("C:\\Windows\\win.ini", "C_/Windows/win.ini"),
        ("a/./b/../c.txt", "a/b/c.txt"),
        ("", "file"),
        ("...", "file"),
        ("con", "_con"),
        ("LPT1.txt", "_LPT1.txt"),
        ("a\0b\x1b[31m\u202e.kmodel", "a_b_[31m_.kmodel"),
        ("\ud800.txt", "_.txt"),
        ("-rf.kmodel. ", "-rf.kmodel"),
        ("\u6a21\u578b.kmodel", "\u6a21\u578b.kmodel"),
        ("1/2/3/4/5/6/7/8.txt", "3/4/5/6/7/8.txt"),
        (".git/config", ""),
        ("__MACOSX/a.kmodel", ""),
    ],
)
def test_a_name_becomes_harmless(name: str, written: str) -> None:
    assert upload.harmless([name]) == [written]


def test_names_stay_different_and_short() -> None:
    names = ["a.txt", "A.TXT", "a.txt", "a.txt/b", "b/c", "b", "\u6a21" * 300 + ".kmodel", "x" * 300]
    result = upload.harmless(names)
    assert result[:6] == ["a.txt", "A 2.TXT", "a 3.txt", "b", "c", "b 2"]
    assert all(len(name.encode()) <= upload.LONGEST for name in result)
    assert result[6].endswith("\u6a21.kmodel")


def head(**fields: Any) -> dict[str, Any]:
    return {"files": [["a", 1]], **fields}


@pytest.mark.parametrize(
    "document",
    [
        [],
        {},
        {"files": []},
        {"files": [["a", -1]]},
        {"files": [["a", 1.5]]},
        {"files": [["a", True]]},
        {"files": [[1, 1]]},
        {"files": [["a"]]},
        head(pictures="/etc"),
        head(partly=1),
        head(answers=[{}]),
        head(answers=[{"model": "a", "option": "card", "choice": "x"}]),
        head(answers=[{"model": "a", "option": "kind", "choice": "other"}]),
        head(answers=[{"model": 1, "option": "kind", "choice": "raw"}]),
        head(answers=[{"model": "a", "option": "labels"}]),
        head(answers=[{"model": "a", "option": "labels", "choice": "/etc/passwd"}]),
        head(answers=[{"model": "a", "option": "labels", "choice": "../../labels.txt"}]),
        head(answers=[{"model": "a", "option": "labels", "choice": "C:\\labels.txt"}]),
        head(answers=[{"model": "a", "option": "anchors", "choice": "x.txt:12:3"}]),
        head(answers=[{"model": "a", "option": "labels", "choice": "b.txt", "text": "c"}]),
    ],
)
def test_a_head_that_no_page_sends_is_refused(document: Any) -> None:
    with pytest.raises(MaixSwitchError, match="did not arrive completely"):
        upload.read_head(json.dumps(document).encode())


def test_a_head_of_the_page_is_read() -> None:
    answers = [
        {"model": "a", "option": "labels", "choice": "b/main.py:13"},
        {"model": "a", "option": "anchors", "text": "1"},
    ]
    read = upload.read_head(json.dumps(head(answers=answers, pictures="noise", partly=True)).encode())
    assert read.files == (("a", 1),)
    assert [answer.choice or answer.text for answer in read.answers] == ["b/main.py:13", "1"]


@pytest.mark.parametrize("rows", [[["a", upload.MOST_BYTES + 1]], [["a", 0]] * (upload.MOST_FILES + 1)])
def test_too_much_is_refused_before_it_comes(rows: list[Any], tmp_path: Path) -> None:
    text = json.dumps({"files": rows}).encode()
    with pytest.raises(upload.TooLarge):
        received(len(text).to_bytes(4, "little") + text, tmp_path, 1000)
    with pytest.raises(upload.TooLarge):
        received(b"\xff\xff\xff\x7f", tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("cut", [0, 3, 10, -1])
def test_half_an_upload_is_refused(cut: int, tmp_path: Path) -> None:
    body = upload_body({"a.txt": b"text"})
    with pytest.raises(MaixSwitchError, match="did not arrive completely"):
        received(body[:cut], tmp_path)
    with pytest.raises(MaixSwitchError, match="did not arrive completely"):
        received(body + b"more", tmp_path / "more")


def order(files: dict[str, bytes], folder: Path, **fields: Any) -> list[str]:
    (folder / dropped.FILES).mkdir()
    return list(dropped.order(received(upload_body(files, **fields), folder / dropped.FILES, 10_000), folder).words)


ONNX, TFLITE, ZIP = b"\x08\x07\x12\x07pytorch", b"\x1c\0\0\0TFL3", b"PK\x03\x04"
PHOTO = photo_bytes(draw_spot())


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"m.kmodel": classifier()}, "import dropped/m.kmodel"),
        ({"m": classifier(), "labels.txt": b"a"}, "import dropped/m"),
        ({"m.kmodel": classifier(), "n.kmodel": classifier(), "labels.txt": b"a"}, "import dropped"),
        ({"export/m.kmodel": classifier(), "export/a/labels.txt": b"a"}, "import dropped/export"),
        ({"export": ZIP}, "import dropped/export"),
        ({"notes.txt": b"text"}, "import dropped/notes.txt"),
        ({"photo.kmodel": PHOTO}, "import dropped/photo.kmodel"),
        ({"net": ONNX}, "convert dropped/net"),
        ({"net.bin": TFLITE, "x/a": PHOTO, "x/b.jpg": PHOTO}, "convert dropped/net.bin --images pictures"),
        ({"net.onnx": ONNX, "labels.txt": b"a\nb"}, "convert dropped/net.onnx --labels=dropped/labels.txt"),
        ({"net.pt": ZIP}, "convert dropped/net.pt"),
    ],
)  # fmt: skip
def test_contents_choose_the_command(files: dict[str, bytes], words: str, tmp_path: Path) -> None:
    command = order(files, tmp_path)
    assert [word for word in words.split() if word not in command] == []
    assert ("--images" in command) == ("--images" in words)


def test_pictures_keep_the_folders_of_their_classes(tmp_path: Path) -> None:
    order({"net.onnx": ONNX, "data/cat/1.png": PHOTO, "data/dog/1.png": PHOTO}, tmp_path)
    pictures = sorted(
        path.relative_to(tmp_path / dropped.PICTURES) for path in (tmp_path / dropped.PICTURES).rglob("*.png")
    )
    assert [PurePosixPath(path) for path in pictures] == [PurePosixPath("cat/1.png"), PurePosixPath("dog/1.png")]


def test_written_answers_become_files_and_two_networks_are_refused(tmp_path: Path) -> None:
    answers = [
        {"model": "m.kmodel", "option": "labels", "text": "a\nb"},
        {"model": "m.kmodel", "option": "kind", "choice": "raw"},
    ]
    command = order({"m.kmodel": classifier()}, tmp_path, answers=answers)
    assert command[-2:] == ["--labels=m.kmodel=answers/0.txt", "--kind=m.kmodel=raw"]
    assert (tmp_path / "answers/0.txt").read_text() == "a\nb"
    (tmp_path / "two").mkdir()
    with pytest.raises(MaixSwitchError, match=r"2 networks: .*; drop one at a time"):
        order({"a.onnx": ONNX, "b.tflite": TFLITE}, tmp_path / "two")
