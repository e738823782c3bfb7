"""Hostile packages: check, import, burn's reader and --flash refuse them with a code, quickly, and write nothing."""

from __future__ import annotations

import json
import stat
import struct
import time
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from maixswitch.card.check import check
from maixswitch.card.flash.contents import flash_contents
from maixswitch.card.flash.package import judge, read_package
from maixswitch.card.importing.importer import import_models
from maixswitch.card.importing.options import ImportOptions
from maixswitch.errors import MaixSwitchError
from maixswitch.kmodel.write.samples import colour_classifier
from tests.host.k210.synthetic_image import image

SECONDS = 10
MODEL = colour_classifier()


def listing(*rows: tuple[Any, str, Any]) -> bytes:
    files = [{"address": address, "bin": name, "sha256Prefix": prefix} for address, name, prefix in rows]
    return json.dumps({"version": "0.1.0", "files": files}, indent=1).encode()


def zipped(
    files: dict[str, bytes], packing: int = zipfile.ZIP_DEFLATED, change: Callable[..., None] | None = None
) -> bytes:
    """A zip. change: called with each ZipInfo before its file is written."""
    data = BytesIO()
    with zipfile.ZipFile(data, "w", packing) as archive:
        for name, content in files.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = packing
            if change:
                change(info)
            archive.writestr(info, content)
    return data.getvalue()


def encrypted(data: bytes) -> bytes:
    """Sets the flag of encryption in every header."""
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data = b"".join(
            part if not index else mark + part[: at - 4] + struct.pack("<H", 1) + part[at - 2 :]
            for index, part in enumerate(data.split(mark))
        )
    return data


def lying(size: int) -> bytes:
    """A package whose directory states another size for the model than it unpacks to."""
    data = bytearray(zipped({"flash-list.json": listing((0x300000, "a.kmodel", False)), "a.kmodel": bytes(200_000)}))
    at = data.rindex(b"PK\x01\x02")
    struct.pack_into("<I", data, at + 24, size)
    return bytes(data)


def link(info: zipfile.ZipInfo) -> None:
    if info.filename == "a.kmodel":
        info.external_attr = (stat.S_IFLNK | 0o777) << 16


ONE = listing((0x300000, "a.kmodel", False))
REFUSED: dict[str, tuple[bytes, str]] = {
    "a name that leads out": (zipped({"flash-list.json": ONE, "../a.kmodel": MODEL}), "C510"),
    "a backslash that leads out": (zipped({"flash-list.json": ONE, "x\\..\\..\\a.kmodel": MODEL}), "C510"),
    "an absolute name": (zipped({"flash-list.json": ONE, "/etc/a.kmodel": MODEL}), "C510"),
    "a drive": (zipped({"flash-list.json": ONE, "C:a.kmodel": MODEL}), "C510"),
    "a link": (zipped({"flash-list.json": ONE, "a.kmodel": b"/etc/passwd"}, change=link), "C511"),
    "a bomb": (zipped({"flash-list.json": ONE, "a.kmodel": bytes(40 << 20)}), "C512"),
    "a file beyond the limit": (zipped({"flash-list.json": ONE, "a.bin": b"x", "b": bytes(65 << 20)}), "C512"),
    "too many files": (zipped({f"{at}.txt": b"" for at in range(2001)}), "C512"),
    "encrypted": (encrypted(zipped({"flash-list.json": ONE, "a.kmodel": MODEL})), "C513"),
    "two names": (zipped({"flash-list.json": ONE, "a.kmodel": MODEL, "A.KMODEL": MODEL}), "C514"),
    "cut off": (zipped({"flash-list.json": ONE, "a.kmodel": MODEL})[:-30], "C515"),
    "no zip": (b"PK\x03\x04" + bytes(100), "C515"),
    "bzip2": (zipped({"flash-list.json": ONE, "a.kmodel": MODEL}, zipfile.ZIP_BZIP2), "C516"),
    "a size that lies low": (lying(10), "C515"),
    "no list": (zipped({"a.kmodel": MODEL}), "C684"),
    "a list in a folder": (zipped({"x/flash-list.json": ONE, "x/a.kmodel": MODEL}), "C684"),
    "a large list": (zipped({"flash-list.json": ONE + b" " * 70_000}), "C684"),
    "a deep list": (zipped({"flash-list.json": b"[" * 5000}), "C684"),
    "a list of nothing": (zipped({"flash-list.json": b'{"files": []}'}), "C684"),
    "a list of numbers": (zipped({"flash-list.json": b'{"files": [1, null, {"bin": 3}]}'}), "C684"),
    "binary": (zipped({"flash-list.json": bytes(range(256))}), "C684"),
    "a long list": (
        zipped({"flash-list.json": listing(*((at << 12, "a", False) for at in range(65))), "a": b"1"}),
        "C684",
    ),
}


def write(tmp_path: Path, data: bytes) -> Path:
    path = tmp_path / "x.kfpkg"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(("data", "code"), REFUSED.values(), ids=REFUSED)
def test_a_package_that_cannot_be_used_is_refused(tmp_path: Path, data: bytes, code: str) -> None:
    path = write(tmp_path, data)
    start = time.monotonic()
    for use in (read_package, check, lambda path: flash_contents([str(path)])):
        with pytest.raises(MaixSwitchError, match=f"^{code}: ") as caught:
            use(path)
        assert "\n" not in caught.value.message
    assert time.monotonic() - start < SECONDS
    assert [item.name for item in tmp_path.iterdir()] == ["x.kfpkg"]


WHOLE = b"\0" + len(image()).to_bytes(4, "little") + image()
FINDINGS: dict[str, tuple[dict[str, bytes], list[str]]] = {
    "overlap": ({"flash-list.json": listing((0x300000, "a", False), (0x300001, "b", False)), "a": b"12", "b": b"3"},
                ["C682", "C680"]),
    "the same address": (
        {"flash-list.json": listing((0x300000, "a", False), (0x300000, "b", False)), "a": b"1", "b": b"2"}, ["C680"]),
    "a file that is not there": (
        {"flash-list.json": listing((0x300000, "../a", False), (0x301000, "b", False)), "b": b"2"}, ["C684"]),
    "no address": ({"flash-list.json": listing((None, "a", False)), "a": b"1"}, ["C684", "C683"]),
    "a negative address": ({"flash-list.json": listing((-4096, "a", False)), "a": b"1"}, ["C684"]),
    "an address of many digits": ({"flash-list.json": listing((10**30, "a", False)), "a": b"1"}, ["C681"]),
    "True as address": ({"flash-list.json": listing((True, "a", False)), "a": b"1"}, ["C684", "C683"]),
    "larger than the chip": (
        {"flash-list.json": listing((0, "a", False)), "a": bytes(range(256)) * (17 << 12)}, ["C681"]),
    "a model with a head": ({"flash-list.json": listing((0x300000, "a", True)), "a": MODEL}, ["C686"]),
    "a wrong SHA-256": ({"flash-list.json": listing((0, "f", False)), "f": WHOLE + bytes(32)}, ["C685"]),
    "a firmware that ends early": ({"flash-list.json": listing((0, "f", False)), "f": WHOLE[:200]}, ["C685"]),
    "one line": ({"flash-list.json": listing((0x300000, "a", False)).replace(b"\n", b""), "a": MODEL}, ["C683"]),
}  # fmt: skip


@pytest.mark.parametrize(("files", "codes"), FINDINGS.values(), ids=FINDINGS)
def test_what_is_wrong_with_a_package_is_a_finding(tmp_path: Path, files: dict[str, bytes], codes: list[str]) -> None:
    path = write(tmp_path, zipped(files, zipfile.ZIP_STORED))
    assert sorted(item.code for item in judge(read_package(path))) == sorted(codes)
    assert set(codes) <= {item.code for item in check(path).findings}
    if set(codes) - {"C682", "C683"}:
        with pytest.raises(MaixSwitchError):
            flash_contents([str(path)])


def test_a_list_that_names_one_large_file_often_takes_no_memory(tmp_path: Path) -> None:
    import tracemalloc

    rows = [(0, "a", False)] * 64
    path = write(tmp_path, zipped({"flash-list.json": listing(*rows), "a": bytes(16 << 20)}, zipfile.ZIP_STORED))
    tracemalloc.start()
    package = read_package(path)
    codes = {item.code for item in judge(package)}
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "C680" in codes
    assert peak < 100 << 20


def test_import_takes_the_model_and_no_hostile_model_json(tmp_path: Path) -> None:
    """The rest of a package is the import's usual business: nothing of it reaches another place than the card."""
    models = {
        "models/x/model.json": json.dumps(
            {"schema": 1, "title": "../../evil", "kind": "classifier", "kmodel": {"flash": 0x300000, "bytes": 1},
             "input": [224, 224, 3], "labels": "../../../etc/passwd"}
        ).encode(),
    }  # fmt: skip
    path = write(tmp_path, zipped({"flash-list.json": ONE, "a.kmodel": MODEL, **models}, zipfile.ZIP_STORED))
    card = tmp_path / "card"
    (card / "models").mkdir(parents=True)
    result = import_models([path], card, ImportOptions())
    assert not result.written
    assert [message.code for message in result.entries[0][1].problems] == ["C521"]
    assert list((card / "models").iterdir()) == []


GOOD = zipped({"flash-list.json": ONE, "a.kmodel": MODEL}, zipfile.ZIP_STORED)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.lists(st.tuples(st.integers(0, len(GOOD) - 1), st.integers(0, 255)), min_size=1, max_size=6))
def test_a_damaged_package_never_ends_in_a_traceback(tmp_path: Path, changes: list[tuple[int, int]]) -> None:
    data = bytearray(GOOD)
    for at, byte in changes:
        data[at] = byte
    path = write(tmp_path, bytes(data))
    try:
        package = read_package(path)
        list(judge(package))
    except MaixSwitchError:
        pass
    else:
        # What zipfile gives out agrees with the checksums of the zip.
        assert {part.data for part in package.parts} <= {MODEL, b""}
