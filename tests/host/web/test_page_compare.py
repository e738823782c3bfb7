"""Confidence over time, the threshold of the running model, and a second model on the same pictures."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from maixswitch.errors import MaixSwitchError
from maixswitch.sim.session import Options
from maixswitch.web.simulation import Simulation
from maixswitch.web.threshold import Threshold
from tests.host.web.browser_helpers import BLOB, COLOURS, GOOD, eventually
from tests.host.web.web_helpers import draw_spot, turn_until


def test_each_row_has_its_last_seconds_in_its_colour(page: Any) -> None:
    page.wait_for_selector("#results .history")
    points = "document.querySelector('#results .history polyline').getAttribute('points').split(' ').length"
    before = page.evaluate(points)
    eventually(lambda: page.evaluate(points) > before, page)
    colour, border = page.evaluate(
        """[getComputedStyle(document.querySelector("#results polyline")).stroke,
            getComputedStyle(document.querySelector("#results span")).borderLeftColor]"""
    )
    assert colour == border
    assert BLOB in page.get_attribute("#results .history", "aria-label")


def test_the_threshold_takes_effect_at_once(page: Any) -> None:
    page.wait_for_selector("#results meter")
    assert page.is_disabled("#keep")
    page.locator("#threshold").fill("0.99")
    page.wait_for_selector("#results .none")
    assert page.inner_text("#threshold-value") == "99%"
    page.wait_for_selector("#keep:enabled")
    page.locator("#threshold").fill("0.2")
    page.wait_for_selector("#results meter")


def test_a_second_model_sees_the_same_picture(page: Any) -> None:
    assert page.locator("#second").is_hidden()
    page.select_option("#compare", str(COLOURS))
    page.wait_for_selector("#second-results meter")
    assert page.inner_text("#second-title") == "Colours sees"
    assert page.inner_text("#fact-model") == "Bright blobs"  # the first one goes on
    page.select_option("#compare", "-1")
    page.wait_for_selector("#second", state="hidden")


@pytest.fixture
def running(card: Path, tmp_path: Path) -> Any:
    """A simulation of a copy of the sample card, whose first model runs; and its folder."""
    folder = tmp_path / "card"
    shutil.copytree(card, folder)
    draw_spot().save(tmp_path / "spot.png")
    simulation = Simulation(Options(folder, camera=tmp_path / "spot.png"), lambda event: None)
    simulation.begin()
    turn_until(simulation, lambda: simulation.sim.state == "RUNNING")
    yield simulation, folder
    simulation.close()


def test_kept_in_model_json_and_after_the_power(running: Any) -> None:
    simulation, folder = running
    path = folder / "models" / simulation.sim.specs[GOOD].folder / "model.json"
    before = path.read_text()
    threshold = Threshold(folder)
    threshold.set(simulation.sim, 0.25)
    assert threshold.document(simulation.sim) == {"value": 0.25, "kept": False}
    assert path.read_text() == before
    threshold.keep(simulation.sim)
    assert json.loads(path.read_text()) == {**json.loads(before), "threshold": 0.25}
    assert len(path.read_text().splitlines()) == len(before.splitlines())  # its author's lines
    simulation.power()
    turn_until(simulation, lambda: simulation.sim.state == "RUNNING")
    assert threshold.document(simulation.sim) == {"value": 0.25, "kept": True}


def test_never_written_outside_the_card_nor_over_what_is_no_json(running: Any, tmp_path: Path) -> None:
    simulation, folder = running
    path = folder / "models" / simulation.sim.specs[GOOD].folder / "model.json"
    path.write_text("{")
    with pytest.raises(MaixSwitchError, match="JSON"):
        Threshold(folder).keep(simulation.sim)
    assert path.read_text() == "{"
    outside = tmp_path / "outside.json"
    outside.write_text("{}")
    path.unlink()
    path.symlink_to(outside)
    with pytest.raises(MaixSwitchError, match="leads out"):
        Threshold(folder).keep(simulation.sim)
    assert outside.read_text() == "{}"
