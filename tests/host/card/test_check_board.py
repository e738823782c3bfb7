"""What check says about a board: its firmware, its power chip, the flash chip, CanMV, and runs that crash the chip."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from maixswitch import board_code
from maixswitch.card.check import Options, check
from maixswitch.card.check import document as report_document
from maixswitch.card.sarif import sarif
from maixswitch.findings.finding import Finding
from maixswitch.k210.board_firmware import dark, suitable, usual
from maixswitch.kmodel.judge.firmware import find
from tests.host.card import finding_files as files
from tests.host.k210.synthetic_image import image
from tests.host.sim_helpers import Command, Play

BOARDS = sorted(board_code.boards().names())


def model(card: Path, name: str, data: bytes | None = None, **fields: Any) -> Path:
    """Write a model's folder: a classifier, unless the fields say something else."""
    folder = card / "models" / name
    folder.mkdir(parents=True)
    values = {"schema": 1, "title": name, "kind": "classifier", "kmodel": "m.kmodel", "input": [64, 64, 3]}
    (folder / "model.json").write_text(json.dumps({**values, "labels": ["a", "b", "c"], **fields}))
    if data is not None:
        (folder / "m.kmodel").write_bytes(data)
    return folder


def in_flash(card: Path, name: str, address: int, size: int) -> Path:
    return model(card, name, kmodel={"flash": address, "bytes": size})


def found(card: Path, code: str, **options: Any) -> list[Finding]:
    return [item for item in check(card, Options(**options)).findings if item.code == code]


# The flash chip.


@pytest.mark.parametrize(
    ("address", "firmware", "code"),
    [
        (0x180000, "full", "C225"),
        (0x204000, "full", "C225"),
        (0x23F000, "with_lvgl", "C225"),
        (0x1000, "minimum", "C225"),
        (0x180000, "minimum", "C228"),
        (0x2FFFFF, "full", "C228"),
        (0x180000, "canmv", "C228"),
        (0x300000, "full", ""),
        (0xCF0000, "full", ""),
    ],
)
def test_a_model_against_the_firmware(tmp_path: Path, address: int, firmware: str, code: str) -> None:
    """An error inside the firmware, a warning below the usual place; both name the ends."""
    in_flash(tmp_path, "10-a", address, 0x10000)
    findings = [item for item in check(tmp_path, Options(firmware=(firmware,))).findings if item.code in FLASH]
    assert [item.code for item in findings] == [code] * bool(code)
    for item in findings:
        assert item.found == f"0x{address:06X} to 0x{address + 0x10000:06X}"
        assert (f"{firmware} ends at 0x{find(firmware).flash_end:06X}" in item.wanted) == (code == "C225")


FLASH = ("C225", "C226", "C227", "C228")


def test_the_end_of_the_firmware_counts_what_the_flasher_adds(tmp_path: Path) -> None:
    size = find("full").bytes
    for at, code in ((size, "C225"), (size + 36, "C225"), (size + 37, "C228")):
        shutil.rmtree(tmp_path / "models", ignore_errors=True)
        in_flash(tmp_path, "10-a", at, 10)
        assert len(found(tmp_path, code, firmware=("full",))) == 1


def test_an_image_file_has_its_own_size(tmp_path: Path) -> None:
    path = tmp_path / "mine.bin"
    path.write_bytes(image() + bytes(0x200000))
    card = tmp_path / "card"
    in_flash(card, "10-a", 0x200000, 1000)
    (item,) = found(card, "C225", firmware=(str(path),))
    assert item.wanted == f"{path} ends at 0x{path.stat().st_size + 37:06X}"
    # With a second firmware in question that is smaller, the board may have room.
    assert found(card, "C228", firmware=(str(path), "minimum"))


@pytest.mark.parametrize(
    ("address", "size", "is_wrong"),
    [
        (0xCFF000, 0x1000, False),
        (0xCFF000, 0x1001, True),
        (0xD00000, 100, True),
        (0xE00000, 0x300000, True),
        (0x600000, 0x600000, False),
    ],
)
def test_a_model_against_the_file_system(tmp_path: Path, address: int, size: int, is_wrong: bool) -> None:
    in_flash(tmp_path, "10-a", address, size)
    findings = found(tmp_path, "C226")
    assert len(findings) == is_wrong
    assert all("0xD00000" in item.wanted and f"0x{address + size:06X}" in item.found for item in findings)


@pytest.mark.parametrize(
    ("places", "wrong"),
    [
        ([(0x300000, 0x10000), (0x310000, 0x10000)], []),
        ([(0x300000, 0x10001), (0x310000, 0x10000)], ["20"]),
        ([(0x310000, 0x10000), (0x300000, 0x10001)], ["10"]),
        ([(0x300000, 0x100000), (0x310000, 0x100), (0x320000, 0x100)], ["20", "30"]),
        ([(0x300000, 0x10000), (0x300000, 0x20000)], ["20"]),
        ([(0x300000, 0x10000), (0x300000, 0x10000)], []),
    ],
)
def test_models_against_each_other(tmp_path: Path, places: list[tuple[int, int]], wrong: list[str]) -> None:
    """Two folders may share one model; any other common byte is an error that names both models."""
    for number, (address, size) in enumerate(places, 1):
        in_flash(tmp_path, f"{number}0", address, size)
    findings = found(tmp_path, "C227")
    assert [item.file for item in findings] == [f"models/{name}/model.json" for name in wrong]
    assert all(item.wanted.startswith("models/") and " to 0x" in item.wanted + item.found for item in findings)


def test_a_file_beside_model_json_that_is_larger_than_it_says(tmp_path: Path) -> None:
    folder = in_flash(tmp_path, "10", 0x300000, 100)
    in_flash(tmp_path, "20", 0x301000, 100)
    assert not found(tmp_path, "C227")
    (folder / "flashed.kmodel").write_bytes(bytes(0x1001))
    assert len(found(tmp_path, "C227")) == 1


# The power chip.


@pytest.mark.parametrize(
    ("board", "firmware", "chip"),
    [
        ("m5stickv", "minimum_with_kmodel_v4_support", "AXP192"),
        ("m5stickv", "amigo_tft", "AXP192"),
        ("amigo_tft", "full@v0.6.0", "AXP173"),
        ("amigo_ips", "m5stickv", "AXP173"),
        ("m5stickv", "m5stickv", ""),
        ("amigo_tft", "amigo_minimum", ""),
        ("amigo_ips", "", ""),
        ("bit", "full", ""),
        ("unitv", "full", ""),
    ],
)
def test_a_firmware_that_leaves_the_panel_dark(card: Path, play: Play, board: str, firmware: str, chip: str) -> None:
    """Check warns, and the simulator notes it at the start."""
    findings = found(card, "C229", board=board, firmware=(firmware,) if firmware else ())
    assert [item.wanted for item in findings] == [chip] * bool(chip)
    assert all(item.severity == "warning" and item.remedy.endswith(f": {images(board)}.") for item in findings)
    sim = play("frames 1", card=card, board=board, flavour=firmware).sim
    assert dark(sim.board, sim.power_chip) == (chip, images(board) if chip else "")


def images(board: str) -> str:
    return ", ".join(suitable(board))


def test_an_image_file_and_its_power_chip(card: Path, tmp_path: Path) -> None:
    path = tmp_path / "mine.bin"
    path.write_bytes(image())
    assert len(found(card, "C229", board="m5stickv", firmware=(str(path),))) == 1
    path.write_bytes(image() + b"\0axp192\0")
    assert not found(card, "C229", board="m5stickv", firmware=(str(path),))
    assert len(found(card, "C229", board="amigo_tft", firmware=(str(path),))) == 1


def test_the_log_of_a_run_names_the_image(command: Command, card: Path) -> None:
    words = ("sim", card, "--frames", 1, "--board", "m5stickv")
    assert "AXP192" in command(*words, "--firmware", "full").stderr
    assert "AXP192" not in command(*words).stderr
    done = command(*words, "--firmware", "full", "--lang", "zh")
    assert "电源芯片 AXP192" in done.stderr


# CanMV.


@pytest.mark.parametrize("first", ["pad", "dequantize", "transpose"])
def test_a_network_that_only_canmv_feeds(command: Command, tmp_path: Path, first: str) -> None:
    """CanMV runs it, as check and a run say; MaixPy refuses it."""
    card = tmp_path / "card"
    folder = model(card, "10-a", files.bytes_in_main_memory(first))
    canmv = check(card, Options(firmware=("canmv",)))
    assert not [item for item in canmv.findings if item.file.startswith("models/") and item.severity == "error"]
    (item,) = found(card, "C217", firmware=("full",))
    assert first in item.found
    assert "--firmware canmv" in item.wanted
    assert len(found(card, "C217")) == 1
    both = check(card, Options(firmware=("full", "canmv")))
    assert "C217" not in {item.code for item in both.findings}
    assert [item.values["fits"] for item in both.findings if item.code == "C207"] == ["canmv"]
    assert found(folder / "m.kmodel", "C217", firmware=("canmv",)) == []
    done = json.loads(command("check", card, "--run", "--json", "--firmware", "full", "--firmware", "canmv").stdout)
    assert {"C221"} == {item["code"] for item in done["findings"] if item["code"] in ("C220", "C221")}


@pytest.mark.parametrize("firmware", ["canmv", "full"])
def test_floats_are_no_picture_anywhere(tmp_path: Path, firmware: str) -> None:
    model(tmp_path, "10-a", files.floats())
    (item,) = found(tmp_path, "C217", firmware=(firmware,))
    assert item.wanted == ""


# Runs that crash the chip.

ANCHORS = [0.1, 0.1] * 5


@pytest.mark.parametrize(
    ("score", "classes", "threshold", "advice"),
    [
        (0.55, 1, 0.3, 'a higher "threshold", such as 0.6'),
        (0.75, 1, 0.5, 'a higher "threshold", such as 0.8'),
        (0.75, 2, 0.2, 'a higher "threshold", such as 0.8'),
        (0.55, 1, None, 'a higher "threshold", such as 0.6'),
        (0.99, 1, 0.6, "another network: no threshold up to 0.95 is enough"),
    ],
)
def test_more_boxes_than_the_firmware_has_room_for(
    tmp_path: Path, score: float, classes: int, threshold: float | None, advice: str
) -> None:
    """The finding names the cause and a threshold, the other models still run, and the documents are whole."""
    fields = {"kind": "yolo2", "labels": ["a", "b"][:classes], "anchors": ANCHORS}
    fields |= {} if threshold is None else {"threshold": threshold}
    model(tmp_path, "10-many", files.crowd(score, classes), **fields)
    model(tmp_path, "20-other", files.picture_network(64, 64, 3, 3, "mean"), softmax=True)
    report = check(tmp_path, Options(run=True))
    results = {item.file: item for item in report.findings if item.code in ("C220", "C221")}
    assert [item.code for _, item in sorted(results.items())] == ["C220", "C221"]
    many = results["models/10-many"]
    assert many.found.startswith(f"with threshold {0.5 if threshold is None else threshold} there are 16 boxes")
    assert "room for 10" in many.found
    assert many.wanted == advice
    assert json.loads(json.dumps(report_document(report)))["ok"] is False
    assert "C220" in {item["ruleId"] for item in sarif(report)["runs"][0]["results"]}


def test_ten_boxes_are_no_crowd(tmp_path: Path) -> None:
    fields = {"kind": "yolo2", "labels": ["a"], "anchors": ANCHORS, "threshold": 0.7}
    model(tmp_path, "10-few", files.crowd(0.55), **fields)
    assert not found(tmp_path, "C220", run=True)


def test_the_commands_documents_survive_a_crash(command: Command, tmp_path: Path) -> None:
    card = tmp_path / "card"
    fields = {"kind": "yolo2", "labels": ["a"], "anchors": ANCHORS, "threshold": 0.3}
    model(card, "10-many", files.crowd(0.9), **fields)
    for option in ("--json", "--sarif"):
        done = command("check", card, "--run", option)
        assert (done.returncode, done.stderr) == (1, "")
        assert "C220" in json.dumps(json.loads(done.stdout))


# The firmware of a board, and the room that it leaves.


@pytest.mark.parametrize("board", ["", *BOARDS])
def test_every_command_takes_the_firmware_of_the_board(card: Path, play: Play, board: str) -> None:
    """The simulator runs a firmware that check judges for."""
    names = [item.name for item in Options(board).flavours]
    assert usual(board) in names
    assert play("frames 1", board=board).sim.flavour == usual(board)


@pytest.mark.parametrize("board", ["m5stickv", "amigo_ips", "dnk210"])
def test_the_cards_settings_name_the_board(command: Command, card: Path, tmp_path: Path, board: str) -> None:
    own = tmp_path / "own"
    shutil.copytree(card, own)
    (own / "maixswitch.json").write_text(json.dumps({"board": board}))
    judged = json.loads(command("check", own, "--json").stdout)["firmware"]
    assert judged == list(suitable(board))
    start = json.loads(command("sim", own, "--frames", 1, "--json").stdout.splitlines()[0])
    assert (start["board"], start["firmware"]) == (board, judged[0])
    rows = json.loads(command("ls", own, "--json").stdout)["models"]
    assert list(rows[0]["room"]) == judged
    info = command("kmodel", "info", own / "models/20-colours/model.kmodel", "--board", board, "--json")
    assert [item["name"] for item in json.loads(info.stdout)["firmware"]] == judged


def test_two_boards_of_different_interfaces_in_one_run(command: Command, card: Path, tmp_path: Path) -> None:
    (tmp_path / "s").write_text("expect state RUNNING\nscreenshot one\n")
    words = ["screenshot", card, "--script", "s", "--out", "out"]
    for board in ("cube", "dnk210", "bit"):
        words += ["--board", board]
    done = command(*words)
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "out").iterdir())) == 3
