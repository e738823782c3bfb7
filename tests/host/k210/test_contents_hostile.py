"""Files that only pretend to be firmware end with one message, within bounds of time and memory."""

from __future__ import annotations

import random
import time
import tracemalloc
import zipfile
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from maixswitch.errors import EXIT_IO, EXIT_USAGE, MaixSwitchError
from maixswitch.k210.contents.report import describe, text
from maixswitch.k210.image import MOST_BYTES, MOST_FLASH, read_image
from tests.host.k210.synthetic_image import HEAP_START, image, package
from tests.host.sim_helpers import Command

SECONDS = 10
MEMORY = 60 << 20
GOOD = image()
ENTRY = {"address": 0, "bin": "f.bin", "sha256Prefix": True}
MARK = b"\x01\xa8\xef\xbe\xad\xde"


def outcome(path: Path) -> str:
    """Return the text about a file, or the message of its refusal; no other exception may come."""
    try:
        return text(describe(read_image(path)))
    except MaixSwitchError as error:
        return error.message


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, len(GOOD)))
def test_a_cut_image(tmp_path: Path, size: int) -> None:
    path = tmp_path / "f.bin"
    path.write_bytes(GOOD[:size])
    outcome(path)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(6, len(GOOD) - 8), st.binary(min_size=1, max_size=8)), min_size=1, max_size=20))
def test_an_image_with_changed_bytes(tmp_path: Path, changes: list[tuple[int, bytes]]) -> None:
    code = bytearray(GOOD)
    for at, part in changes:
        code[at : at + len(part)] = part
    path = tmp_path / "f.bin"
    path.write_bytes(code)
    shown = outcome(path)
    assert all(char == "\n" or char.isprintable() for char in shown)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from([b"", MARK, b"PK\x03\x04", b"PK\x05\x06"]), st.binary(max_size=2000))
def test_random_bytes(tmp_path: Path, head: bytes, tail: bytes) -> None:
    path = tmp_path / "f.bin"
    path.write_bytes(head + tail)
    outcome(path)


def repeated(part: bytes) -> bytes:
    """Return the largest image, filled behind a whole one with copies of a part at multiples of 8."""
    part += bytes(-len(part) % 8)
    head = GOOD + bytes(-len(GOOD) % 8)
    return head + part * ((MOST_BYTES - len(head)) // len(part))


LARGE = {
    "blank": MARK + bytes(MOST_BYTES - len(MARK)),
    "heap words": repeated(HEAP_START.to_bytes(8, "little")),
    "names": repeated(b"\x0bmicropython\0"),
    "addresses": repeated((0x8000_0000).to_bytes(8, "little")),
    "keys": repeated((2).to_bytes(8, "little") + (0x8000_0100).to_bytes(8, "little")),
    "banners": repeated(b"MicroPython " + b"v" * 90),
    "frozen": repeated(b"\0_boot.py\0" + b"a.py\0" * 100),
    "own tables": repeated(GOOD[200:]),
    "noise": MARK + random.Random(1).randbytes(MOST_BYTES - len(MARK)),
}


@pytest.mark.parametrize("kind", LARGE)
def test_a_large_image_that_wastes_time(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "f.bin"
    path.write_bytes(LARGE[kind])
    start = time.monotonic()
    outcome(path)
    assert time.monotonic() - start < SECONDS


def lying(size: int) -> bytes:
    """Return a package whose firmware unpacks to `size` bytes but says that it has 1000."""
    data = bytearray(package({"f.bin": bytes(size)}, [ENTRY]))
    for mark, offset in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        at = data.rfind(mark)
        data[at + offset : at + offset + 4] = (1000).to_bytes(4, "little")
    return bytes(data)


def many_files() -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number in range(20_000):
            archive.writestr(f"{number}", b"")
    return buffer.getvalue()


def encrypted() -> bytes:
    data = bytearray(package({"f.bin": GOOD}, [ENTRY]))
    for mark, offset in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        data[data.rfind(mark) + offset] |= 1
    return bytes(data)


def with_listing(listing: bytes) -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("flash-list.json", listing)
        archive.writestr("f.bin", GOOD)
    return buffer.getvalue()


PACKAGES = {
    "bomb": lambda: package({"f.bin": bytes(100 << 20)}, [ENTRY]),
    "bomb that lies": lambda: lying(100 << 20),
    "bomb in LZMA": lambda: package({"f.bin": bytes(MEMORY)}, [ENTRY], zipfile.ZIP_LZMA),
    "bomb in bzip2": lambda: package({"f.bin": bytes(MEMORY)}, [ENTRY], zipfile.ZIP_BZIP2),
    "large list": lambda: with_listing(b'{"files": [' + b" " * (50 << 20) + b"]}"),
    "deep list": lambda: with_listing(b"[" * 60_000),
    "list of texts": lambda: with_listing(b'{"files": ["f.bin"]}'),
    "no list": lambda: with_listing(b'{"files": 3}'),
    "a list alone": lambda: with_listing(b"[]"),
    "not a text": lambda: with_listing(b"\xff\xfe"),
    "far address": lambda: package({"f.bin": GOOD, "m": b"1"}, [ENTRY, {"address": MOST_FLASH, "bin": "m"}]),
    "address below": lambda: package({"f.bin": GOOD, "m": b"1"}, [ENTRY, {"address": -1, "bin": "m"}]),
    "address of a list": lambda: package({"f.bin": GOOD, "m": b"1"}, [ENTRY, {"address": [], "bin": "m"}]),
    "missing file": lambda: package({}, [ENTRY]),
    "no firmware": lambda: package({"m": b"1"}, [{"address": 0, "bin": "m"}]),
    "the same part too often": lambda: package(
        {"f.bin": GOOD, "m": bytes(1 << 20)}, [ENTRY, *[{"address": 0, "bin": "m"}] * 17]
    ),
    "many files": many_files,
    "encrypted": encrypted,
    "cut": lambda: package({"f.bin": GOOD}, [ENTRY])[:-30],
}


@pytest.mark.parametrize("kind", PACKAGES)
def test_a_hostile_package(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "f.kfpkg"
    path.write_bytes(PACKAGES[kind]())
    tracemalloc.start()
    start = time.monotonic()
    try:
        with pytest.raises(MaixSwitchError, match=r"is not a \.kfpkg with a firmware"):
            read_image(path)
        assert tracemalloc.get_traced_memory()[1] < MEMORY
    finally:
        tracemalloc.stop()
    assert time.monotonic() - start < SECONDS


def test_the_command_refuses_with_one_line(command: Command, tmp_path: Path) -> None:
    files = {
        "none.bin": None,
        "text.bin": b"not a firmware",
        "huge.bin": MARK + bytes(20 << 20),
        "empty.bin": b"",
        "zip.kfpkg": package({"f.bin": b"no"}, [ENTRY]),
    }
    for name, content in files.items():
        path = tmp_path / name
        if content is not None:
            path.write_bytes(content)
        result = command("firmware", path)
        assert result.returncode == (EXIT_IO if content is None else EXIT_USAGE), (name, result)
        assert result.stdout == ""
        assert result.stderr.count("\n") == 1, result.stderr
        assert name in result.stderr
