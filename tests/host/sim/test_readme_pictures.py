"""The README's pictures of panels are what the app shows today: made again as the Makefile makes them, and compared."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import numpy as np
from PIL import Image

from maixswitch.sim.demo import write_card
from tests.host.sim_helpers import ROOT, Command

CARD = "out/pictures-card"
PLACE = "docs/images"


def recipe() -> list[str]:
    """The words of the Makefile's `maixswitch screenshot`."""
    lines = (ROOT / "Makefile").read_text(encoding="utf-8").replace("\\\n", " ")
    found = re.findall(rf"maixswitch (screenshot {CARD} .*)", lines)
    assert len(found) == 1
    return shlex.split(found[0])


def pixels(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path).convert("RGB"))


def test_made_again_they_are_the_same(command: Command, tmp_path: Path) -> None:
    write_card(tmp_path / "card")  # the models of `maixswitch new`
    places = {CARD: str(tmp_path / "card"), f"{PLACE}/readme.script": str(ROOT / PLACE / "readme.script")}
    made = command(*(places.get(word, word) for word in recipe()))
    assert made.returncode == 0, made.stderr
    committed = {path.relative_to(ROOT) for path in (ROOT / PLACE).rglob("*.png")}
    assert {path.relative_to(tmp_path) for path in (tmp_path / PLACE).rglob("*.png")} == committed
    assert len(committed) == 17
    other = [
        str(name) for name in sorted(committed) if not np.array_equal(pixels(ROOT / name), pixels(tmp_path / name))
    ]
    assert not other, f"run `make pictures` to renew {', '.join(other)}, and look at them"
