"""`check --run` on a firmware image: the model runs in the image, and the finding says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from maixswitch.card.trial import run_one
from tests.host.sim.talking_image import APP, write_crash, write_image

pytest.importorskip("unicorn", reason="the virtual K210 needs Unicorn (pip install 'maixswitch[chip]')")


def test_the_answers_are_those_of_the_image(tmp_path: Path) -> None:
    image = write_image(tmp_path / "firmware.bin", APP)
    (tmp_path / "card" / "models").mkdir(parents=True)
    assert run_one(tmp_path / "card", "dock", str(image)) == ("", "blob 0.93")


def test_a_crash_of_the_image_is_the_fault(tmp_path: Path) -> None:
    image = write_crash(tmp_path / "firmware.bin")
    (tmp_path / "card" / "models").mkdir(parents=True)
    fault, answers = run_one(tmp_path / "card", "dock", str(image))
    assert fault.startswith("ChipFault")
    assert answers == ""
