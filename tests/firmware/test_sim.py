"""`maixswitch sim --firmware FILE`: one tour through the app in real images, compared with the fakes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchlib import font
from maixswitch.k210.contents.flavour import build_of
from tests.firmware import tour
from tests.firmware.boards import FACTS, IMAGES, board_name, with_each

STEPS = ["shapes", "digits", "held", "no-card", "card-again", "damaged", "colours", "too-large", "remembered"]


WITH_GLYPHS = ["boxes", "loading", "bars", "fault"]


@pytest.mark.parametrize("glyphs", [False, True], ids=["tour", "glyphs"])
@with_each(IMAGES)
def test_every_panel_of_the_tour_equals_that_of_the_fakes(
    image: Path, glyphs: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To the pixel, with the letters of the image in place of the fakes' own, which have another shape."""
    write, script, steps = (
        (tour.write_glyphs, tour.GLYPHS_SCRIPT, WITH_GLYPHS) if glyphs else (tour.write_files, tour.SCRIPT, STEPS)
    )
    write(tmp_path)
    board = board_name(image)
    item = FACTS[image]
    remounts = "machine.SDCard" not in item.lacking
    real = tour.panels(tmp_path, str(image), board, remounts, script)
    assert list(real) == steps
    assert all(panel.max() > 200 for panel in real.values())
    different = steps if glyphs else ("shapes", "digits", "no-card", "damaged", "colours", "too-large")
    assert len({real[name].tobytes() for name in different}) == len(different)

    if item.api == "canmv":
        return  # the fakes of CanMV need a process of their own; tests/host/sim/test_firmwares.py runs them
    build = build_of(item)
    flavour = f"{build.row.flavour}@{build.row.version}" if build.row else build.like[0]
    monkeypatch.setattr(font, "GLYPHS", tour.letters(image))
    for name, value in (("ROWS", 12), ("BITS", 8), ("LEFT", 0), ("TOP", 0)):
        monkeypatch.setattr(font, name, value)
    fakes = tour.panels(tmp_path, flavour, board, remounts, script)
    assert list(fakes) == steps
    for name in steps:
        assert np.array_equal(real[name], fakes[name]), (name, np.argwhere((real[name] != fakes[name]).any(2))[:5])
