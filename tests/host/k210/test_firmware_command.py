"""`maixswitch firmware`, and an image file behind --firmware of the commands that judge models."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from maixswitch.errors import EXIT_FINDINGS, EXIT_USAGE
from maixswitch.kmodel.write.samples import write_card
from tests.host.card.finding_files import complete_version_4
from tests.host.k210.synthetic_image import HEAP_END, MODULES, V4_TEXT, image
from tests.host.sim_helpers import Command

SMALL_HEAP = 0x805C_0000
"""Start of a system heap in which no model fits beside the Python heap."""


@pytest.fixture
def firmware(tmp_path: Path) -> Path:
    """An image that leaves 4376 KiB at the prompt."""
    path = tmp_path / "mine.bin"
    path.write_bytes(image())
    return path


def test_the_command_shows_the_image(command: Command, firmware: Path) -> None:
    result = command("firmware", firmware)
    assert result.returncode == 0, result.stderr
    first, *lines = result.stdout.splitlines()
    assert first == "mine.bin: MaixPy v0.6.2-72-g22a8555b5, most like minimum_with_kmodel_v4_support"
    rows = {line.split()[0]: line.split()[1:] for line in lines if line.startswith("  ")}
    assert rows["320x240"] == ["4224", "4124", "3844", "3464"]
    assert rows["480x320"] == ["4072", "3972", "3692", "3312"]
    assert rows["modules"][:2] == ["KPU", "Maix"]


def test_the_document_says_the_same(command: Command, firmware: Path) -> None:
    document = json.loads(command("firmware", firmware, "--json").stdout)
    assert (document["command"], document["schema"]) == ("firmware", 1)
    assert document["kmodel"] == [3, 4]
    assert document["memory"]["free_at_prompt"] == 4376 * 1024
    wanted = {"panel": [320, 240], "camera": [320, 240], "buffers": 1, "bytes": 3844 * 1024}
    assert wanted in document["rooms"]


def test_ls_and_check_judge_by_the_image(command: Command, firmware: Path, tmp_path: Path) -> None:
    card = tmp_path / "card"
    card.mkdir()
    write_card(card)
    command("build", card)
    listed = json.loads(command("ls", card, "--firmware", firmware, "--json").stdout)
    assert [row["room"] for row in listed["models"]] == [{str(firmware): 3844 * 1024}] * len(listed["models"])
    result = command("check", card, "--firmware", firmware, "--json")
    checked = json.loads(result.stdout)
    assert (result.returncode, checked["firmware"]) == (0, [str(firmware)])
    # The same card on an image with less memory, and on one that does not start main.py.
    small = tmp_path / "small.bin"
    small.write_bytes(image(heap=(SMALL_HEAP, HEAP_END)))
    faulty = tmp_path / "faulty.bin"
    faulty.write_bytes(image(banner=b"MicroPython v0.6.2-77-g1 on 2022-01-01; Sipeed_M1 with kendryte-k210"))
    for path, code in ((small, "C206"), (faulty, "C222")):
        result = command("check", card, "--firmware", path, "--json")
        assert result.returncode == EXIT_FINDINGS
        assert code in {item["code"] for item in json.loads(result.stdout)["findings"]}


def test_an_image_that_refuses_pictures_for_kmodel_v4(command: Command, tmp_path: Path) -> None:
    card, old = tmp_path / "card", tmp_path / "old.bin"
    card.mkdir()
    write_card(card)
    (card / "models/20-colours/model.kmodel").write_bytes(complete_version_4())
    for name in ("v0.6.0-2-g972059491", "v0.6.2-72-g22a8555b5"):
        old.write_bytes(image(banner=f"MicroPython {name} on 2021-11-02; Sipeed_M1 with kendryte-k210".encode()))
        refuses = name.startswith("v0.6.0")
        faults = json.loads(command("firmware", old, "--json").stdout)["faults"]
        assert any("refuses pictures for a kmodel v4" in fault for fault in faults) is refuses
        found = json.loads(command("check", card, "--firmware", old, "--json").stdout)["findings"]
        assert ("C231" in {item["code"] for item in found}) is refuses
        (row,) = [
            row
            for row in json.loads(command("ls", card, "--firmware", old, "--json").stdout)["models"]
            if row["folder"] == "20-colours"
        ]
        assert row["fits"] == ([] if refuses else [str(old)])
    old.write_bytes(image(banner=b"MicroPython v0.6.0-2-g1 on 2021-11-02; Sipeed_M1 with kendryte-k210", texts=()))
    assert not any("kmodel" in fault for fault in json.loads(command("firmware", old, "--json").stdout)["faults"])


def test_kmodel_info_judges_by_the_image(command: Command, firmware: Path, tmp_path: Path) -> None:
    card = tmp_path / "card"
    card.mkdir()
    write_card(card)
    model = next(card.glob("models/*/*.kmodel"))
    result = command("kmodel", "info", model, "--firmware", firmware, "--firmware", "full", "--json")
    judged = json.loads(result.stdout)["firmware"]
    assert [item["name"] for item in judged] == [str(firmware), "full"]
    assert "room for a model" in command("kmodel", "info", model, "--firmware", firmware).stdout
    only_v3 = tmp_path / "v3.bin"
    only_v3.write_bytes(image(modules={**MODULES, "_thread": ["exit"]}, texts=()))
    assert json.loads(command("firmware", only_v3, "--json").stdout)["kmodel"] == [3]
    other = tmp_path / "other.bin"
    other.write_bytes(image(banner=b"", texts=(V4_TEXT,)))
    result = command("kmodel", "info", model, "--firmware", other)
    assert result.returncode == EXIT_USAGE
    assert result.stderr.count("\n") == 1
