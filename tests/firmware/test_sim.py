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


@with_each(IMAGES)
def test_every_panel_of_the_tour_equals_that_of_the_fakes(
    image: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To the pixel, with the letters of the image in place of the fakes' own, which have another shape."""
    tour.write_files(tmp_path)
    board = board_name(image)
    item = FACTS[image]
    remounts = "machine.SDCard" not in item.lacking
    real = tour.panels(tmp_path, str(image), board, remounts)
    assert list(real) == STEPS
    assert all(panel.max() > 200 for panel in real.values())
    assert (
        len({real[name].tobytes() for name in ("shapes", "digits", "no-card", "damaged", "colours", "too-large")}) == 6
    )

    if item.api == "canmv":
        return  # the fakes of CanMV need a process of their own; tests/host/sim/test_firmwares.py runs them
    build = build_of(item)
    flavour = f"{build.row.flavour}@{build.row.version}" if build.row else build.like[0]
    monkeypatch.setattr(font, "GLYPHS", tour.letters(image))
    for name, value in (("ROWS", 12), ("BITS", 8), ("LEFT", 0), ("TOP", 0)):
        monkeypatch.setattr(font, name, value)
    fakes = tour.panels(tmp_path, flavour, board, remounts)
    assert list(fakes) == STEPS
    for name in STEPS:
        assert np.array_equal(real[name], fakes[name]), (name, np.argwhere((real[name] != fakes[name]).any(2))[:5])
