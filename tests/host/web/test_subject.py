"""What lies on the drawn desk suits the model, so that a first look sees something; a person may choose otherwise."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from maixswitch.sim import demo, scene
from maixswitch.sim.session import Options
from maixswitch.web.simulation import Simulation
from maixswitch.web.subject import suiting
from tests.host.web.web_helpers import turn_until

SURE = 0.6
KNOWN = {"Shapes": "shapes", "Digits": "digits", "Colours": "colours"}


@pytest.fixture(scope="module")
def demo_card(tmp_path_factory: pytest.TempPathFactory) -> Path:
    card = tmp_path_factory.mktemp("demo") / "card"
    demo.write_card(card)
    return card


@pytest.fixture
def simulation(demo_card: Path) -> Iterator[Simulation]:
    board = Simulation(Options(demo_card), lambda event: None)
    board.begin()
    yield board
    board.close()


def running(simulation: Simulation, title: str) -> None:
    turn_until(simulation, lambda: simulation.sim.title == title and simulation.sim.state == "RUNNING")
    frames = simulation.sim.frames
    turn_until(simulation, lambda: simulation.sim.frames > frames + 1)


def test_a_first_look_of_each_model_sees_something_of_its_own(simulation: Simulation) -> None:
    running(simulation, "Shapes")
    for index, title in enumerate(("Shapes", "Digits", "Colours")):
        if index:
            simulation.act(f"select {index + 1}")
            turn_until(simulation, lambda: simulation.sim.state != "RUNNING")
            running(simulation, title)
        # Not only at the first look: nothing that the model does not know follows.
        for _ in range(3):
            things = {label for label, score in simulation.sim.detections() if score >= SURE}
            assert things & set(scene.SUBJECTS[KNOWN[title]][1]), (title, simulation.sim.detections())
            until = simulation.sim.now + 900
            turn_until(simulation, lambda until=until: simulation.sim.now >= until)  # type: ignore[misc]


def test_a_person_may_lay_something_else_there(simulation: Simulation) -> None:
    running(simulation, "Shapes")
    simulation.camera_view.desk = "digits"
    simulation.turn()
    picture = simulation.sim.chip.picture(320, 240)
    assert (picture[60:140, 130:190] > 200).mean() > 0.3  # white paper in the middle
    assert simulation.camera_view.document()["desk"] == "digits"
    simulation.camera_view.desk = "all"
    simulation.turn()
    now = simulation.sim.now
    assert (simulation.sim.chip.picture(320, 240) == scene.draw(now, 320, 240)).all()


@pytest.mark.parametrize(
    ("document", "subject"),
    [
        ({"labels": ["red", "green", "blue"]}, "colours"),
        ({"labels": [str(digit) for digit in range(10)]}, "digits"),
        ({"labels": ["circle", "square", "triangle", "star", "cross"]}, "shapes"),
        ({"labels": ["red", "cat"]}, ""),
        ({"labels": "labels.txt"}, ""),
        ({"kind": "learner"}, "digits"),
        ([], ""),
        ({"labels": [[], {}]}, ""),
    ],
)
def test_the_subject_follows_the_labels(tmp_path: Path, document: Any, subject: str) -> None:
    (tmp_path / "models/one").mkdir(parents=True)
    (tmp_path / "models/one/model.json").write_text(json.dumps(document))
    assert suiting(tmp_path, "one") == subject


def test_a_model_that_cannot_be_read_gets_everything(tmp_path: Path) -> None:
    assert suiting(tmp_path, "one") == ""
    (tmp_path / "models/one").mkdir(parents=True)
    (tmp_path / "models/one/model.json").write_text("[" * 30_000)
    assert suiting(tmp_path, "one") == ""
