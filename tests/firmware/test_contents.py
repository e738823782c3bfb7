"""What is read from real images equals the table of flavours, and what the running firmware answers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import flavours
from maixswitch.errors import MaixSwitchError
from maixswitch.k210.contents.flavour import build_of, maixpy_image, row_of
from maixswitch.k210.image import read_image
from maixswitch.kmodel.judge.firmware import Firmware, images
from tests.firmware.boards import ALL, FACTS, VARIABLE, needs_licence, with_each

OF_THE_FILE = ("file", "lacking", "note")

MOST_MORE = 64 * 1024
"""Bytes of free heap that a build of a third party may have beyond what is computed; it must not have less."""


@with_each(ALL)
def test_the_figures_are_those_of_the_table(image: Path) -> None:
    item = FACTS[image]
    row = build_of(item).row
    if row is None:
        pytest.skip("the table does not have this image")
    computed = row_of(image, item)
    fields = [name for name in Firmware.__dataclass_fields__ if name not in OF_THE_FILE]
    assert {name: getattr(computed, name) for name in fields} == {name: getattr(row, name) for name in fields}
    # The version of a build tells the same as the names in it.
    if row.api == "maixpy":
        names = [name for name, _, _ in flavours.FEATURES]
        assert sorted(item.lacking or ()) == sorted(flavours.lacks(flavours.parse(row.version), names))


@with_each(ALL)
def test_the_modules_are_those_that_the_firmware_listed(image: Path, image_facts: Path) -> None:
    document = json.loads(image_facts.read_text())
    item = FACTS[image]
    entry = next((entry for entry in document["images"] if entry["short"] == item.id), {})
    if "modules" not in entry:
        pytest.skip("the facts do not list the modules of this image")
    lists = {key: set(text.split()) for key, text in document["lists"].items()}
    # These two are made while the firmware runs.
    assert set(item.modules) == lists[entry["modules"]] - {"__main__"}
    for module, key in entry["names"].items():
        if item.modules.get(module):
            assert item.modules[module] == lists[key] - {"__class__"}, module


@with_each(ALL)
def test_the_free_heap_is_what_the_firmware_answers(image: Path, tmp_path: Path) -> None:
    pytest.importorskip("unicorn", reason='the virtual K210 needs Unicorn: pip install "maixswitch[chip]"')
    from benchmarks.firmware_boot import free_heap, quiet_board

    item = FACTS[image]
    if not item.api:
        with pytest.raises(MaixSwitchError, match="neither MaixPy nor CanMV"):
            maixpy_image(image)
        return
    board = quiet_board(read_image(image), item, tmp_path)
    if needs_licence(image):
        with pytest.raises(TimeoutError, match="HID="):
            board.boot()
        assert board.chip.restarts
        return
    board.boot()
    assert item.free is not None
    more = free_heap(board, item) - item.free
    if build_of(item).row is None:
        assert 0 <= more <= MOST_MORE
    else:
        # On an empty flash CanMV answered one page less than the 3264 KiB of the table.
        assert more in ((0, -4096) if item.api == "canmv" else (0,))


def test_the_table_has_no_figure_that_no_image_supports() -> None:
    """Every image of the folder that the table names is in it with its own digits."""
    if not ALL:
        pytest.skip(f"no firmware images: set {VARIABLE} to a folder of them")
    known = {row.image for row in images() if row.image}
    assert {item.id for item in FACTS.values()} & known
