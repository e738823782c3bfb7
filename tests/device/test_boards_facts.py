"""The table of boards agrees with the research notes from which it was written, if they are available."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from device.once.boards import find, find_by_config, names

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def facts() -> dict[str, dict]:
    path = Path(os.environ.get("MAIXSWITCH_BOARDS", ROOT.parent / "shared" / "facts" / "boards.json"))
    if not path.is_file():
        pytest.skip(f"no notes on boards: {path} is absent (set MAIXSWITCH_BOARDS)")
    return {row["id"]: row for row in json.loads(path.read_text())["boards"]}


def test_the_same_boards(facts):
    assert sorted(names()) == sorted(facts)


def test_keys(facts):
    for name, row in facts.items():
        keys = [(key["pin"], key["role"]) for key in row["buttons"] if key.get("role") in ("primary", "next", "prev")]
        assert find(name).keys == tuple(keys)


def test_config_types(facts):
    for name, row in facts.items():
        assert find(name).config_type == row["config_type"]
        if row["config_type"]:
            first = next(other for other in names() if facts[other]["config_type"] == row["config_type"])
            assert find_by_config(row["config_type"]).id == first


def test_panels(facts):
    for name, row in facts.items():
        lcd = row["lcd"]
        if not lcd:
            assert find(name).lcd is None
            continue
        init = lcd["init"]
        pins = tuple(init[pin] for pin in ("rst", "dcx", "ss", "clk")) if "rst" in init else None
        rest = (init.get("freq", 15000000), init.get("invert", 0), init.get("lcd_type", 0), pins)
        assert find(name).lcd == (*lcd["size"], init["type"], *rest)
        assert find(name).direction == lcd.get("config_json", {}).get("dir")
        assert find(name).rotation == (lcd["rotation"] or 0)


def test_camera_light_and_power(facts):
    for name, row in facts.items():
        board = find(name)
        camera = row["camera"]
        assert (board.hmirror, board.vflip) == (camera.get("hmirror"), camera.get("vflip"))
        assert board.choice == (1 if "choice=1" in camera.get("select", "") else None)
        light = row["backlight"]
        assert board.backlight == ((light["pin"], light["active_level"]) if light and "pin" in light else None)
        power = row["pmu"]
        assert board.needs_pmu == (power["chip"] if power and power["required_at_boot"] else None)
