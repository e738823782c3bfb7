"""The card as the hardware layer sees it, and what only some firmwares can: mount it later, take a panel's type."""

from __future__ import annotations

import pytest

import bench
from device import hal
from device.once import boards, hal_start


@pytest.fixture(autouse=True)
def _power() -> None:
    bench.reset()


def test_card_present():
    assert not hal.present("/sd/models/x/x")
    bench.card.insert(bench.MemoryCard({"models/x/model.json": ""}))
    assert hal.present("/sd/models/x/x")
    bench.card.eject()
    assert not hal.present("/sd/models/x/x")


def test_remount_finds_a_card_put_in_later():
    bench.card.insert(bench.MemoryCard({}), mount=False)
    assert not hal.present("/sd")
    hal.remount()
    assert hal.present("/sd/x")


def test_remount_waits_after_fifty_days_too():
    """From then on a sleep without threads returns at once, and nothing may run while the card is mounted."""
    bench.card.insert(bench.MemoryCard({}), mount=False)
    bench.clock.advance(1 << 32)
    hal.sleep(300)
    assert bench.clock.now == 1 << 32
    hal.remount()
    assert bench.clock.now >= (1 << 32) + 300
    assert hal.present("/sd/x")


def test_a_pulled_card_without_folders_seems_to_be_present():
    """FatFs answers from the root folder that it keeps in memory; only a new mount asks the card."""
    bench.card.insert(bench.MemoryCard({"a.txt": ""}))
    assert hal.present("/sd/models/x/x")
    hal.remount("/sd")
    assert hal.present("/sd/models/x/x")
    bench.card.eject()
    assert hal.present("/sd/models/x/x")
    hal.remount("/sd")
    assert not hal.present("/sd/models/x/x")
    bench.card.insert(mount=False)
    hal.remount()
    assert hal.present("/sd/models/x/x")


def test_a_slow_card_is_waited_for(monkeypatch):
    """It is not yet mounted after 300 ms: the app waits for up to a second."""
    bench.card.insert(bench.MemoryCard({}))
    monkeypatch.setattr(bench.clock, "at", lambda ms, call: type(bench.clock).at(bench.clock, ms + 500, call))
    before = bench.clock.now
    hal.remount("/sd")
    assert hal.present("/sd")
    assert 600 <= bench.clock.now - before <= 1000


def test_a_firmware_that_mounts_only_at_its_start():
    bench.reset("minimum_with_kmodel_v4_support@v0.6.2-32")
    bench.card.insert(bench.MemoryCard({}), mount=False)
    hal.remount()
    hal.remount("/sd")
    assert not hal.present("/sd")
    assert "switch off and on" in hal_start.advice()
    bench.reset()
    assert hal_start.advice() == ""


def test_a_firmware_that_does_not_take_the_type_of_its_panel():
    bench.reset("amigo_minimum@v0.6.0-2")
    assert hal_start.panel(boards.find("amigo_tft"), {}) == ""
    assert (bench.screen.width, bench.screen.height, bench.screen.lcd_type) == (480, 320, 0)
    bench.reset("amigo_minimum@v0.6.2-18")
    assert hal_start.panel(boards.find("amigo_tft"), {}) == ""
    assert bench.screen.lcd_type == 1


@pytest.mark.parametrize(("version", "old"), [("v0.5.0-89", True), ("v0.5.0-107", True), ("v0.5.1-103", False)])
def test_which_firmware_is_too_old(version, old):
    bench.reset("full@" + version)
    assert hal_start.too_old() == (version + "-g0f1e2d3c4" if old else "")
