"""Another board and another firmware, chosen on the page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from maixswitch.errors import MaixSwitchError
from maixswitch.sim.session import Options
from maixswitch.web.choices import choices
from maixswitch.web.publisher import hello
from maixswitch.web.simulation import Simulation
from tests.host.web.browser_helpers import Simulation as Served
from tests.host.web.browser_helpers import eventually, state


@pytest.fixture
def begun(card: Path) -> Simulation:
    simulation = Simulation(Options(card), lambda event: None)
    simulation.begin()
    return simulation


def test_a_board_brings_its_usual_firmware(begun: Simulation) -> None:
    begun.change("amigo_tft", "")
    while begun.sim.state != "RUNNING":
        begun.turn()
    message = hello(begun.sim)
    assert (message["board"], message["firmware"], message["unpowered"]) == ("amigo_tft", message["usual"], "")
    assert len(message["keys"]) == 3
    assert begun.sim.panel()[1:] == (480, 320)
    begun.change("amigo_tft", "minimum")
    assert hello(begun.sim)["unpowered"], "this firmware leaves the Amigo's panel dark"
    begun.close()


@pytest.mark.parametrize(("board", "firmware"), [("dok", ""), ("dock", "fulll")])
def test_an_unknown_name_leaves_the_board_as_it_is(begun: Simulation, board: str, firmware: str) -> None:
    before, sim = begun.options, begun.sim
    with pytest.raises(MaixSwitchError, match=board if board != "dock" else firmware):
        begun.change(board, firmware)
    assert (begun.options, begun.sim) == (before, sim)
    begun.turn()
    begun.close()


def test_a_recording_keeps_its_board(begun: Simulation) -> None:
    begun.start_recording()
    with pytest.raises(MaixSwitchError, match="recording"):
        begun.change("cube", "")
    begun.stop_recording()
    begun.change("cube", "")
    assert begun.sim.board == "cube"
    begun.close()


def test_every_board_that_can_be_chosen_runs(begun: Simulation) -> None:
    for name in choices(begun.sim)["boards"]:
        begun.change(name, "")
        begun.turn()
        assert (begun.sim.board, begun.stopped) == (name, "")
    begun.close()


def test_page(page: Any, simulation: Served) -> None:
    """The board that a person chooses starts, with its keys and panel, and the checks are made for it."""
    page.select_option("#choose-board", "amigo_tft")
    eventually(lambda: page.locator("#keys button").count() == 3, page)
    state(page, "RUNNING")
    assert page.input_value("#choose-board") == "amigo_tft"
    assert "amigo_tft" in page.inner_text("#choose-firmware option:checked")
    assert "amigo_tft" in page.inner_text("#about")
    page.select_option("#choose-board", "dock")
    eventually(lambda: page.locator("#keys button").count() == 1, page)
    state(page, "RUNNING")
