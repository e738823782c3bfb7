"""The partitions and the file system of a card: images with one fault each, and the findings about them."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from maixswitch.card.check import check
from maixswitch.card.medium.image import Image, is_image, read_image
from maixswitch.card.medium.mount import read_mount
from maixswitch.card.report import text
from maixswitch.card.rules.medium import judge_image, judge_mount
from maixswitch.errors import MaixSwitchError
from maixswitch.findings.table import rules
from tests.host.card import images

FILES = {
    "models/10-face/model.json": b'{"schema": 1}',
    "models/10-face/face.kmodel": bytes(range(256)) * 9,
    "models/10-face/a long name that takes three entries of the folder.txt": b"x" * 700,
    "main.py": b"import device\n",
    "empty.txt": b"",
}


def codes(image: Image) -> list[str]:
    return sorted({finding.code for finding in judge_image(image)})


def test_a_good_card_has_no_findings(tmp_path: Path) -> None:
    assert codes(read_image(images.write(tmp_path / "card.img", images.Fat(32, FILES)))) == []


EXFAT = b"\xeb\x76\x90EXFAT   "


def write_case(name: str, path: Path) -> Path:
    """Writes the image of one row of CASES."""
    fat = images.Fat(32, dict(FILES))
    match name:
        case "exfat":
            return images.other(path, 0, EXFAT)
        case "ntfs":
            return images.other(path, 3, b"NTFS    ")
        case "ext4":
            return images.other(path, 1024 + 56, b"\x53\xef", kind=0x83)
        case "ext4 without a table":
            return images.other(path, 1024 + 56, b"\x53\xef", table="none")
        case "exfat without a table":
            return images.other(path, 0, EXFAT, table="none")
        case "gpt":
            return images.write(path, fat, table="gpt")
        case "no table":
            return images.write(path, fat, table="none")
        case "blank":
            path.write_bytes(bytes(1 << 16))
            return path
        case "unformatted partition":
            return images.other(path, 600, b"x")
        case "type":
            return images.write(path, fat, kind=0x83)
        case "second":
            images.write(path, fat, number=2)
            entries = images.mbr({1: (0x83, 64, 100), 2: (0x0C, images.START, 68000)})
            with path.open("r+b") as file:
                file.write(entries)
            return path
        case "several":
            images.write(path, fat)
            with path.open("r+b") as file:
                file.write(images.mbr({1: (0x0C, images.START, 68000), 2: (0x83, 64, 100)}))
            return path
        case "sectors of 4096":
            fat.sector = 4096
        case "fat16":
            fat.bits = 16
        case "fat12":
            fat.bits = 12
        case "dirty":
            fat.dirty = True
        case "wrong count":
            fat.free = 7
        case "full":
            fat.full = True
        case "truncated":
            return images.write(path, fat, cut=SECTORS_CUT)
    return images.write(path, fat)


SECTORS_CUT = 10 * 512
CASES = {
    "exfat": ["C410"],
    "ntfs": ["C411"],
    "ext4": ["C411"],
    "ext4 without a table": ["C411", "C413"],
    "exfat without a table": ["C410", "C413"],
    "gpt": ["C412"],
    "no table": ["C413"],
    "blank": ["C414"],
    "unformatted partition": ["C414"],
    "sectors of 4096": ["C415"],
    "type": ["C416"],
    "fat16": ["C417"],
    "fat12": ["C417"],
    "dirty": ["C418"],
    "full": ["C420"],
    "wrong count": ["C423"],
    "second": ["C424"],
    "truncated": ["C426"],
    "several": ["C427"],
}


@pytest.mark.parametrize("name", CASES)
def test_each_fault_of_a_card_is_the_only_finding(tmp_path: Path, name: str) -> None:
    image = read_image(write_case(name, tmp_path / "card.img"))
    assert codes(image) == CASES[name]
    for finding in judge_image(image):
        assert finding.text()
        assert finding.remedy


def test_a_free_count_larger_than_the_card_is_ignored_as_the_firmware_ignores_it(tmp_path: Path) -> None:
    image = read_image(images.write(tmp_path / "card.img", images.Fat(free=1 << 27)))
    assert image.volume is not None
    assert image.volume.info is None
    assert codes(image) == []


def test_little_room_is_a_finding(tmp_path: Path) -> None:
    fat = images.Fat(12, {"big.bin": bytes(512 * 3000)})
    assert codes(read_image(images.write(tmp_path / "card.img", fat))) == ["C417", "C421"]


def test_paths_that_are_not_a_card_image(tmp_path: Path) -> None:
    with pytest.raises(MaixSwitchError, match="cannot read") as caught:
        read_image(tmp_path / "absent.img")
    assert caught.value.exit_code == 4
    with pytest.raises(MaixSwitchError, match="neither a card image"):
        read_image(tmp_path)
    assert not is_image(tmp_path)
    (tmp_path / "face.kmodel").write_bytes(b"\x03\0\0\0" + bytes(600))
    assert not is_image(tmp_path / "face.kmodel")
    assert is_image(images.write(tmp_path / "card.bin", images.Fat(12)))


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The first 64 KiB of a FAT12 image; they hold everything that is in use."""
    path = images.write(tmp_path_factory.mktemp("small") / "card.img", images.Fat(12, FILES), table="none")
    return path.read_bytes()[: 64 << 10]


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_random_bytes_cost_bounded_time_and_no_traceback(tmp_path: Path, small: bytes, data: st.DataObject) -> None:
    bytes_ = bytearray(data.draw(st.sampled_from([small, small[: 20 << 10], images.mbr({1: (12, 0x7FFFFFFF, 9)})])))
    for at, value in data.draw(st.lists(st.tuples(st.integers(0, len(bytes_) - 1), st.integers(0, 255)), max_size=40)):
        bytes_[at] = value
    front = data.draw(st.binary(max_size=90))
    bytes_[: len(front)] = front if data.draw(st.booleans()) else bytes_[: len(front)]
    path = tmp_path / "hostile.img"
    path.write_bytes(bytes_)
    start = time.monotonic()
    with contextlib.suppress(MaixSwitchError):
        image = read_image(path)
        for finding in judge_image(image):
            assert finding.text()
    assert time.monotonic() - start < 5


MOUNT = "36 35 8:17 / {mount_point} rw,relatime shared:1 - {system} /dev/sdb1 {options},fmask=0022\n"


def mounted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, system: str, record: str = "", options: str = "rw", real: str = ""
) -> list[str]:
    """Returns the codes for a mounted card that Linux describes with these records; a folder stands for the mount."""
    mount_point = tmp_path / "my card"
    mount_point.mkdir()
    monkeypatch.setattr(os.path, "ismount", lambda path: Path(path) == mount_point)
    mounts = tmp_path / "mountinfo"
    text = str(mount_point).replace(" ", "\\040")
    mounts.write_text(MOUNT.format(mount_point=text, system=system, options=options))
    (tmp_path / "udev").mkdir()
    if record:
        (tmp_path / "udev" / "b8:17").write_text(record)
    blocks = tmp_path / "blocks"
    blocks.mkdir()
    if real:
        (tmp_path / real).mkdir()
        (blocks / "8:17").symlink_to(tmp_path / real)
    mount = read_mount(mount_point, mounts, blocks, tmp_path / "udev")
    assert mount is not None
    return sorted({finding.code for finding in judge_mount(mount)})


GOOD = "E:ID_FS_TYPE=vfat\nE:ID_FS_VERSION=FAT32\nE:ID_PART_ENTRY_SCHEME=dos\nE:ID_PART_ENTRY_TYPE=0xc\n"


@pytest.mark.parametrize(
    ("system", "record", "options", "real", "expected"),
    [
        ("vfat", GOOD, "rw", "", []),
        ("vfat", GOOD, "ro", "", ["C422"]),
        ("vfat", GOOD.replace("FAT32", "FAT16"), "rw", "", ["C417"]),
        ("vfat", GOOD.replace("0xc", "0x83"), "rw", "", ["C416"]),
        ("vfat", GOOD.replace("dos", "gpt"), "rw", "", ["C412"]),
        ("vfat", "", "rw", "", ["C425"]),
        ("vfat", "", "rw", "sdb", ["C413"]),
        ("exfat", GOOD, "rw", "", ["C410"]),
        ("ext4", GOOD, "rw", "", ["C411"]),
        ("fuseblk", GOOD.replace("vfat", "ntfs"), "rw", "", ["C411"]),
    ],
)
def test_a_mounted_card_is_judged_by_the_records_of_linux(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    system: str,
    record: str,
    options: str,
    real: str,
    expected: list[str],
) -> None:
    assert mounted(tmp_path, monkeypatch, system, record, options, real) == expected


def test_a_folder_that_is_not_mounted_is_one_finding(tmp_path: Path) -> None:
    assert [finding.code for finding in judge_mount(read_mount(tmp_path))] == ["C425"]


def test_missing_records_of_linux_are_one_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os.path, "ismount", lambda path: True)
    mount = read_mount(tmp_path, mounts=tmp_path / "absent")
    assert [finding.code for finding in judge_mount(mount)] == ["C425"]


def test_an_empty_card_that_is_mounted_is_judged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(MaixSwitchError, match="neither a card"):
        check(tmp_path)
    monkeypatch.setattr(os.path, "ismount", lambda path: Path(path) == tmp_path)
    assert {item.code for item in check(tmp_path).findings} == {"C100", "C425"}


def test_check_judges_the_file_system_of_an_image_but_not_its_files(tmp_path: Path) -> None:
    files = {"models/10-face/model.json": b"{", "aux.txt": b""}
    report = check(images.write(tmp_path / "card.img", images.Fat(32, files), table="none"))
    assert (report.kind, report.models) == ("image", ())
    assert [item.code for item in report.findings] == ["C413"]
    good = check(images.write(tmp_path / "good.img", images.Fat(32, files)))
    assert good.findings == ()
    assert text(good).endswith("maixswitch check FOLDER")
    assert [item.code for item in check(write_case("exfat", tmp_path / "x.img")).findings] == ["C410"]


def test_every_row_about_media_has_a_case_here() -> None:
    tested = {code for expected in CASES.values() for code in expected} | {"C421", "C422", "C425"}
    assert {code for code in rules() if "C410" <= code < "C430"} == tested


@pytest.mark.parametrize("bits", [12, 16, 32])
def test_a_second_opinion_on_our_images(tmp_path: Path, bits: int) -> None:
    """fsck.vfat, if it is installed, finds no fault in our images."""
    fsck = shutil.which("fsck.vfat") or shutil.which("fsck.vfat", path="/usr/sbin:/sbin")
    if fsck is None:
        pytest.skip("fsck.vfat is not installed (package dosfstools)")
    path = images.write(tmp_path / "card.img", images.Fat(bits, FILES), table="none")
    done = subprocess.run([fsck, "-n", str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("bits", [12, 16, 32])
def test_images_of_mkfs_are_read(tmp_path: Path, bits: int) -> None:
    mkfs = shutil.which("mkfs.vfat", path=os.environ["PATH"] + ":/usr/sbin:/sbin")
    mcopy = shutil.which("mcopy")
    if mkfs is None or mcopy is None:
        pytest.skip("mkfs.vfat or mcopy is not installed (packages dosfstools, mtools)")
    path = tmp_path / "card.img"
    with path.open("wb") as file:
        file.truncate({12: 2 << 20, 16: 16 << 20, 32: 40 << 20}[bits])
    subprocess.run([mkfs, "-F", str(bits), "-s", "1", "-n", "CARD", str(path)], check=True, capture_output=True)
    for name in FILES:
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / name).write_bytes(FILES[name])
    parts = [str(part) for part in sorted((tmp_path / "in").iterdir())]
    subprocess.run([mcopy, "-s", "-i", str(path), *parts, "::/"], check=True, capture_output=True)
    image = read_image(path)
    assert image.volume is not None
    assert image.volume.shape.bits == bits
    assert image.volume.info in (None, image.volume.free)
