"""maixswitch burn: kflash itself, against a stand-in for the chip's boot loader on a pseudo-terminal."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from maixswitch.board.burning.burn import FAILURES, burn, failure
from maixswitch.board.failures import BoardError
from maixswitch.board.lines import kind
from maixswitch.card.flash.pack import Wanted, pack, write
from maixswitch.card.flash.package import Package, flashed, read_package
from maixswitch.findings.table import rules
from maixswitch.kmodel.write.samples import write_card
from tests.host.board import boot_loader
from tests.host.board.boot_loader import BootLoader
from tests.host.k210.synthetic_image import image

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A firmware and two models, of which the first takes several frames of 64 KiB."""
    card = tmp_path / "card"
    write_card(card)
    path = card / "models/10-blobs/model.kmodel"
    path.write_bytes(path.read_bytes() + os.urandom(150_000))
    (tmp_path / "fw.bin").write_bytes(image() + b"\xc0\xdb\xdc\xdd" * 100)
    result = pack([card], Wanted(tmp_path / "fw.bin"))
    assert result.findings == []
    write(result, tmp_path / "x.kfpkg", keep=True)
    return tmp_path / "x.kfpkg"


def run(folder: Path, *words: object, program: str = "maixswitch") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", program, *map(str, words)],
        capture_output=True,
        text=True,
        env=boot_loader.environment(folder),
        timeout=100,
        check=False,
    )


def assert_burnt(board: BootLoader, package: Package, flag: int) -> None:
    """The flash chip holds every part, a firmware with this flag, and nothing else."""
    expected = bytearray(b"\xff" * len(board.flash))
    for part in package.parts:
        data = bytearray(flashed(part))
        expected[part.address or 0 : (part.address or 0) + len(data)] = data
    if flag:
        # The published kflash tells the boot ROM to read in two lines, and the SHA-256 covers the flag.
        import hashlib

        code = package.parts[0].data
        head = bytes([flag]) + len(code).to_bytes(4, "little") + code
        expected[: len(head) + 32] = head + hashlib.sha256(head).digest()
    assert bytes(board.flash) == bytes(expected)
    assert board.wrong == []
    assert board.rebooted


def test_kflash_reads_our_package_as_it_is(package: Path, tmp_path: Path) -> None:
    """The command that pack prints: kflash's own expression and reader find the same numbers and bytes."""
    with BootLoader() as board:
        done = run(tmp_path, "-n", "-p", board.port, "-b", 1500000, package, program="kflash")
        assert done.returncode == 0, done.stdout + done.stderr
        for part in read_package(package).parts:
            assert f"Writing {part.name} into 0x{part.address:08x}" in done.stdout
        assert_burnt(board, read_package(package), 2)


def test_burn_writes_what_the_package_lists(package: Path, tmp_path: Path) -> None:
    with BootLoader() as board:
        done = run(tmp_path, "burn", package, "--port", board.port, "--kind", "dock")
        assert done.returncode == 0, done.stderr
        assert "0x300000 to 0x3269" in done.stderr
        assert "burnt" in done.stderr
        assert_burnt(board, read_package(package), 2)
        assert board.rate == 1500000
        # A part and its frames: the firmware, a model of 158,104 bytes, and a small one.
        assert board.frames == 1 + 3 + 1
    steps = [f"{dtr:d}{rts:d}" for dtr, rts in kind("dan").bootloader]
    moves = boot_loader.moves(tmp_path)
    # Opening the port, then the steps to the boot loader, DTR first and RTS second.
    assert moves[-2 * len(steps) + 1 :: 2] == steps


def test_burn_takes_a_list_that_kflash_does_not(package: Path, tmp_path: Path) -> None:
    """On one line, and with files and names that kflash must not see."""
    content = read_package(package)
    rows = [{"bin": "x/ä.bin", "sha256Prefix": False, "address": 0x400000}]
    other = tmp_path / "other.kfpkg"
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("flash-list.json", json.dumps({"": "0.1.0", "files": rows}))
        archive.writestr("x/ä.bin", content.parts[2].data)
        archive.writestr("readme.txt", "hello")
    with BootLoader() as board:
        assert run(tmp_path, "-n", "-p", board.port, other, program="kflash").returncode != 0
    with BootLoader() as board:
        done = run(tmp_path, "burn", other, "--port", board.port)
        assert done.returncode == 0, done.stderr
        assert_burnt(board, read_package(other), 0)


def test_progress_reaches_the_size_of_each_part(package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in boot_loader.environment(tmp_path).items():
        monkeypatch.setenv(name, value)
    steps: list[tuple[str, int, int]] = []
    said: list[str] = []
    with BootLoader() as board:
        content = read_package(package)
        burn(content, board.port, "", 1500000, lambda *step: steps.append(step), said.append)
    last = {name: (done, total) for name, done, total in steps if name}
    assert last == {part.name: (part.extent.end - part.extent.start,) * 2 for part in content.parts}
    assert len([name for name, _, _ in steps if name == "10-blobs.kmodel"]) == 3
    assert any("Greeting" in line for line in said)
    assert not any("|=" in line or "\x1b" in line for line in said)


@pytest.mark.parametrize(
    ("faults", "code"),
    [
        ({"silent": (boot_loader.NOP,)}, "B670"),
        ({"silent": (boot_loader.STUB_NOP,)}, "B671"),
        ({"answers": {boot_loader.FLASH_INIT: [boot_loader.BAD_INIT] * 12}}, "B672"),
        ({"answers": {boot_loader.FLASH_WRITE: [boot_loader.BAD_WRITE] * 12}}, "B673"),
        ({"dies_after": 2}, "B674"),
    ],
    ids=["B670", "B671", "B672", "B673", "B674"],
)
def test_what_the_board_refuses_is_a_finding(
    package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, faults: dict[str, object], code: str
) -> None:
    for name, value in boot_loader.environment(tmp_path).items():
        monkeypatch.setenv(name, value)
    with BootLoader(**faults) as board, pytest.raises(BoardError) as caught:  # type: ignore[arg-type]
        burn(read_package(package), board.port, "dan", 115200, lambda *_: None, lambda _: None, silence=8)
    assert caught.value.code == code
    assert board.port in caught.value.message
    assert "\x1b" not in caught.value.message


def test_a_frame_that_arrives_damaged_is_a_failure(package: Path, tmp_path: Path) -> None:
    """kflash 1.1.6 says that it tries again and does not: the frame is missing, and its exit code is 0."""
    damaged = {boot_loader.FLASH_WRITE: [boot_loader.BAD_CHECKSUM]}
    with BootLoader(answers=damaged) as board:
        done = run(tmp_path, "-n", "-p", board.port, package, program="kflash")
        assert done.returncode == 0
        assert bytes(board.flash[:5]) == b"\xff" * 5
    with BootLoader(answers=damaged) as board:
        done = run(tmp_path, "burn", package, "--port", board.port)
        assert done.returncode == 3
        assert "B673" in done.stderr
        assert "Data checksum error" in done.stderr


def test_a_port_without_lines_and_one_that_is_not_there(package: Path, tmp_path: Path) -> None:
    with BootLoader() as board:
        done = subprocess.run(
            [sys.executable, "-m", "maixswitch", "burn", str(package), "--port", board.port],
            capture_output=True,
            text=True,
            env={**os.environ, "MAIXSWITCH_LANG": "en"},
            timeout=60,
            check=False,
        )
        assert done.returncode == 3
        assert "B617" in done.stderr
        assert "Traceback" not in done.stderr
    done = run(tmp_path, "burn", package, "--port", tmp_path / "none")
    assert done.returncode == 3
    assert "B601" in done.stderr


def test_a_bad_package_is_not_burnt(package: Path, tmp_path: Path) -> None:
    rows = [{"address": at, "bin": "a", "sha256Prefix": False} for at in (0x300000, 0x300000)]
    bad = tmp_path / "bad.kfpkg"
    with zipfile.ZipFile(bad, "w") as archive:
        archive.writestr("flash-list.json", json.dumps({"files": rows}))
        archive.writestr("a", "123")
    with BootLoader() as board:
        done = run(tmp_path, "burn", bad, "--port", board.port)
        assert done.returncode == 1
        assert "C680" in done.stdout
        assert board.frames == 0
        done = run(tmp_path, "burn", tmp_path / "fw.bin", "--port", board.port)
        assert done.returncode == 2
        assert "expected a .kfpkg" in done.stderr


@pytest.mark.parametrize(
    ("text", "writing", "code"),
    [
        (
            "\x1b[31m\x1b[1m[ERROR]\x1b[0m No valid Kendryte K210 found in Auto Detect, Check Your Connection",
            False,
            "B670",
        ),
        ("Greeting fail, check serial port ([Errno 25] Inappropriate ioctl for device)", False, "B617"),
        ("[ERROR] Failed to Connect to K210's Stub", False, "B671"),
        ("[ERROR] Fast mode failed, please use slow mode by add parameter --Slow", False, "B671"),
        ("[ERROR] Failed to initialize flash", False, "B672"),
        ("[ERROR] Failed to write to K210's flash", True, "B673"),
        ("[Errno 13] could not open port /dev/ttyUSB0: [Errno 13] Permission denied: '/dev/ttyUSB0'", False, "B604"),
        ("[Errno 2] could not open port x: [Errno 2] No such file or directory: 'x'", False, "B601"),
        ("write failed: [Errno 5] Input/output error", False, "B608"),
        ("write failed: [Errno 5] Input/output error", True, "B673"),
        ("Cancel", False, "B675"),
    ],
)
def test_what_kflash_says(text: str, writing: bool, code: str) -> None:
    error = failure(text, "PORT", writing)
    assert error.code == code
    assert "\x1b" not in error.message
    assert {code for _, code in FAILURES} | {"B674", "B675"} <= rules().keys()
