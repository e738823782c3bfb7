"""Hostile archives are refused with the reason, before anything is written."""

from __future__ import annotations

import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from maixswitch.card.importing import archive, importer
from maixswitch.card.importing.options import ImportOptions
from maixswitch.card.importing.source import open_source
from maixswitch.errors import MaixSwitchError
from tests.host.card import exports


def member(name: str, kind: int = stat.S_IFREG) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo("x")
    info.filename = name
    info.external_attr = (kind | 0o644) << 16
    return info


def link(zip_file: zipfile.ZipFile) -> None:
    zip_file.writestr(member("m.kmodel", stat.S_IFLNK), "/etc/passwd")


def bomb(zip_file: zipfile.ZipFile) -> None:
    zip_file.writestr("m.kmodel", bytes(8 << 20), zipfile.ZIP_DEFLATED)


def many(zip_file: zipfile.ZipFile) -> None:
    for number in range(archive.MAX_MEMBERS + 1):
        zip_file.writestr(f"{number}.txt", "")


def huge(zip_file: zipfile.ZipFile) -> None:
    zip_file.writestr("m.kmodel", bytes(archive.MAX_MEMBER + 1), zipfile.ZIP_DEFLATED)


def twice(zip_file: zipfile.ZipFile) -> None:
    zip_file.writestr("labels.txt", "a")
    zip_file.writestr("LABELS.TXT", "b")


CASES: list[tuple[Callable[[zipfile.ZipFile], None], str]] = [
    (lambda zip_file: zip_file.writestr(member("../m.kmodel"), "x"), "leads out"),
    (lambda zip_file: zip_file.writestr(member("a/..\\..\\m.kmodel"), "x"), "leads out"),
    (lambda zip_file: zip_file.writestr(member("/etc/m.kmodel"), "x"), "absolute name"),
    (lambda zip_file: zip_file.writestr(member("C:\\m.kmodel"), "x"), "absolute name"),
    (link, "a link or a device"),
    (bomb, "a zip bomb"),
    (many, "2002 files; expected at most 2000"),
    (huge, "expected at most"),
    (twice, "two files of the name LABELS.TXT"),
    (lambda zip_file: zip_file.writestr("m.kmodel", bytes(99), zipfile.ZIP_LZMA), "unusual way"),
]


@pytest.mark.parametrize(("fill", "text"), CASES)
def test_hostile_archive(tmp_path: Path, fill: Callable[[zipfile.ZipFile], None], text: str) -> None:
    (tmp_path / "card" / "models").mkdir(parents=True)
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as zip_file:
        zip_file.writestr("fish.kmodel", exports.classifier(3))
        fill(zip_file)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(MaixSwitchError, match=text) as caught:
        importer.import_models([tmp_path / "x.zip"], tmp_path / "card", ImportOptions())
    assert "refused" in caught.value.message
    assert caught.value.exit_code == 1
    assert sorted(tmp_path.rglob("*")) == before


def test_encrypted_member(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as zip_file:
        zip_file.writestr("m.kmodel", b"secret")
    data = bytearray((tmp_path / "x.zip").read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "x.zip").write_bytes(data)
    with pytest.raises(MaixSwitchError, match="encrypted"):
        open_source(tmp_path / "x.zip")


def test_a_wrong_size_in_the_directory(tmp_path: Path) -> None:
    """The directory says ten bytes but the data are longer; no more than ten are unpacked, and the checksum fails."""
    with zipfile.ZipFile(tmp_path / "x.zip", "w", zipfile.ZIP_DEFLATED) as zip_file:
        zip_file.writestr("labels.txt", bytes(1 << 20))
    data = bytearray((tmp_path / "x.zip").read_bytes())
    at = data.index(b"PK\x01\x02")
    data[at + 24 : at + 28] = (10).to_bytes(4, "little")
    (tmp_path / "x.zip").write_bytes(data)
    source = open_source(tmp_path / "x.zip")
    with pytest.raises(MaixSwitchError, match="cannot be unpacked"):
        source.read("labels.txt", 100)


@pytest.mark.parametrize("cut", [4, 30, 200, -30, -4])
def test_damaged_zip(tmp_path: Path, cut: int) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as zip_file:
        zip_file.writestr("m.kmodel", exports.classifier(3))
    (tmp_path / "x.zip").write_bytes((tmp_path / "x.zip").read_bytes()[:cut])
    with pytest.raises(MaixSwitchError, match="damaged zip"):
        open_source(tmp_path / "x.zip")


def test_files_of_the_operating_system_are_ignored(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as zip_file:
        for name in ("__MACOSX/._fish.kmodel", ".DS_Store", "in/fish.kmodel", "in/"):
            zip_file.writestr(name, b"")
    assert list(open_source(tmp_path / "x.zip").files) == ["in/fish.kmodel"]


def test_links_of_a_folder_never_lead_out(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "far.txt").write_text("secret")
    export = tmp_path / "export"
    export.mkdir()
    (export / "fish.kmodel").write_bytes(exports.classifier(3))
    (export / "labels.txt").symlink_to(tmp_path / "secret.txt")
    (export / "inner").symlink_to(tmp_path / "outside")
    source = open_source(export)
    assert list(source.files) == ["fish.kmodel"]
    assert source.links == ("labels.txt",)
