"""Scripts over the kinds without items: points, outputs, and classes that a double press learns."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from maixswitch.errors import MaixSwitchError
from maixswitch.kmodel.write.samples import colour_classifier
from maixswitch.sim.script import parse
from maixswitch.sim.session import Options, Session

KINDS = ("landmark", "learner", "raw")


@pytest.fixture
def card(tmp_path: Path) -> Path:
    """A card with a model of each kind, in the order of KINDS; their network has eight outputs."""
    for at, kind in enumerate(KINDS):
        folder = tmp_path / "card" / "models" / f"{at}-{kind}"
        folder.mkdir(parents=True)
        (folder / "m.kmodel").write_bytes(colour_classifier())
        fields = {"schema": 1, "title": kind, "kind": kind, "kmodel": "m.kmodel", "input": [224, 224, 3]}
        (folder / "model.json").write_text(json.dumps(fields))
    return tmp_path / "card"


def run(card: Path, text: str) -> int:
    return Session(Options(card, script=parse(text), quiet=True)).run()


def test_points_and_outputs_can_be_expected(card: Path) -> None:
    lines = ["scores 0.1 0.2 0.9 0.3 0.1 0.2 0.3 0.4", "expect state RUNNING within 20s", "expect points 4 within 20s"]
    lines += ["select 3", "expect output 0 2 within 20s"]
    assert run(card, "\n".join(lines)) == 0
    assert run(card, "\n".join([*lines[:2], "expect points 5 within 2s"])) == 1
    assert run(card, "\n".join([*lines[:2], "select 3", "expect output 0 3 within 2s"])) == 1


def test_two_quick_presses_learn_and_survive_the_power(card: Path) -> None:
    text = "select 2\nexpect title learner\nexpect state RUNNING within 20s\nframes 3\npress\npress\n"
    text += "expect detection 1 within 5s\npower\nexpect state RUNNING within 30s\n"
    text += "select 2\nexpect detection 1 within 20s\n"
    assert run(card, text) == 0


@pytest.mark.parametrize("line", ["expect points", "expect points many", "expect output 0", "expect no points 3"])
def test_mistakes_are_named(line: str) -> None:
    with pytest.raises(MaixSwitchError, match=r"points|output"):
        parse(line)
