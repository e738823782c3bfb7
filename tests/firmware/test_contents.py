"""What is read from real images equals the table of flavours, and what the running firmware answers."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

import flavours
from maixswitch.k210.contents.facts import facts
from maixswitch.k210.contents.flavour import build_of, row_of, usual_board
from maixswitch.k210.image import read_image
from maixswitch.kmodel.judge.firmware import Firmware, images

FOLDER = os.environ.get("MAIXSWITCH_FIRMWARE", "")
IMAGES = sorted(path for path in Path(FOLDER).iterdir() if path.suffix in (".bin", ".kfpkg")) if FOLDER else []
OF_THE_FILE = ("file", "lacking", "note")

pytestmark = pytest.mark.skipif(not IMAGES, reason="no firmware images: set MAIXSWITCH_FIRMWARE to a folder of them")


@pytest.mark.parametrize("path", IMAGES, ids=lambda path: path.name)
def test_the_figures_are_those_of_the_table(path: Path) -> None:
    item = facts(read_image(path).code)
    row = build_of(item).row
    if row is None:
        pytest.skip("the table does not have this image")
    computed = row_of(path, item)
    fields = [name for name in Firmware.__dataclass_fields__ if name not in OF_THE_FILE]
    assert {name: getattr(computed, name) for name in fields} == {name: getattr(row, name) for name in fields}
    # The version of a build tells the same as the names in it.
    if row.api == "maixpy":
        names = [name for name, _, _ in flavours.FEATURES]
        assert sorted(item.lacking or ()) == sorted(flavours.lacks(flavours.parse(row.version), names))


@pytest.mark.parametrize("path", IMAGES, ids=lambda path: path.name)
def test_the_modules_are_those_that_the_firmware_listed(path: Path, image_facts: Path) -> None:
    document = json.loads(image_facts.read_text())
    item = facts(read_image(path).code)
    entry = next((entry for entry in document["images"] if entry["short"] == item.id), {})
    if "modules" not in entry:
        pytest.skip("the facts do not list the modules of this image")
    lists = {key: set(text.split()) for key, text in document["lists"].items()}
    # These two are made while the firmware runs.
    assert set(item.modules) == lists[entry["modules"]] - {"__main__"}
    for module, key in entry["names"].items():
        if item.modules.get(module):
            assert item.modules[module] == lists[key] - {"__class__"}, module


@pytest.mark.parametrize("path", IMAGES, ids=lambda path: path.name)
def test_the_free_heap_is_what_the_firmware_answers(path: Path, tmp_path: Path) -> None:
    pytest.importorskip("unicorn", reason='the virtual K210 needs Unicorn: pip install "maixswitch[chip]"')
    from maixswitch.k210.virtual_board import VirtualBoard

    image = read_image(path)
    item = facts(image.code)
    # The firmware's own main.py starts the panel, which would take a part of the heap. The builds for the M5StickV run
    # boot.py alone, and their own one never comes to the prompt.
    (tmp_path / ("boot.py" if item.power_chip == "AXP192" else "main.py")).write_text("pass\n")
    board = VirtualBoard(image, usual_board(item), tmp_path)
    board.boot()
    module = "maix" if item.api == "canmv" else "Maix"
    output, error = board.execute(f"from {module} import utils\nprint(utils.heap_free())\n")
    assert error == ""
    assert item.free is not None
    # On an empty flash CanMV answered one page less than the 3264 KiB of the table.
    assert item.free - int(output) in ((0, 4096) if item.api == "canmv" else (0,))


def test_the_table_has_no_figure_that_no_image_supports() -> None:
    """Every image of the folder that the table names is in it with its own digits."""
    known = {row.image for row in images() if row.image}
    ids = {facts(read_image(path).code).id for path in IMAGES}
    assert ids & known
