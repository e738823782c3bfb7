"""The README's pictures of panels show what the app shows today: the test makes them as the Makefile does."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import numpy as np
from PIL import Image

from maixswitch.models_shipped import copy_learner
from maixswitch.sim.demo import write_card
from tests.host.sim_helpers import ROOT, Command

CARD = "out/pictures-card"
IMAGES = "docs/images"


def recipe() -> list[str]:
    """Return the arguments of `maixswitch screenshot` in the Makefile."""
    lines = (ROOT / "Makefile").read_text(encoding="utf-8").replace("\\\n", " ")
    commands = re.findall(rf"maixswitch (screenshot {CARD} .*)", lines)
    assert len(commands) == 1
    return shlex.split(commands[0])


def pixels(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path).convert("RGB"))


def test_made_again_they_are_the_same(command: Command, tmp_path: Path) -> None:
    write_card(tmp_path / "card")
    copy_learner(tmp_path / "card" / "models")  # as `maixswitch new` does
    paths = {CARD: str(tmp_path / "card"), f"{IMAGES}/readme.script": str(ROOT / IMAGES / "readme.script")}
    result = command(*(paths.get(word, word) for word in recipe()))
    assert result.returncode == 0, result.stderr
    committed = {path.relative_to(ROOT) for path in (ROOT / IMAGES).rglob("*.png")}
    assert {path.relative_to(tmp_path) for path in (tmp_path / IMAGES).rglob("*.png")} == committed
    assert len(committed) == 17
    different = [
        str(name) for name in sorted(committed) if not np.array_equal(pixels(ROOT / name), pixels(tmp_path / name))
    ]
    assert not different, f"run `make pictures` to renew {', '.join(different)}, and look at them"
