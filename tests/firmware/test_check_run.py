"""`maixswitch check --run --firmware FILE`: the models of a card run in real images."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from maixswitch.card.check import check
from maixswitch.card.options import Options
from maixswitch.sim.demo import write_card

FOLDER = os.environ.get("MAIXSWITCH_FIRMWARE", "")
IMAGES = [path for path in sorted(Path(FOLDER).glob("*.bin")) if "minimum" in path.stem] if FOLDER else []

pytestmark = pytest.mark.skipif(not IMAGES, reason="MAIXSWITCH_FIRMWARE names no folder with a minimum image (.bin)")


def test_the_models_of_a_card_run_in_the_image(tmp_path: Path) -> None:
    write_card(tmp_path)
    image = str(IMAGES[-1])
    board = "amigo_tft" if "amigo" in image else "dock"
    report = check(tmp_path, Options(board, (image,), run=True))
    ran = [item for item in report.findings if item.code == "C221"]
    assert len(ran) == 3
    assert all(image in item.title for item in ran)
