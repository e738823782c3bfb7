"""The same card on every firmware flavour, CanMV's among them, each in its own process."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import flavours
from tests.host.sim_helpers import Command


@pytest.mark.parametrize("name", [row[flavours.NAME] for row in flavours.newest()])
def test_flavour(command: Command, card: Path, tmp_path: Path, name: str) -> None:
    script = tmp_path / "story.txt"
    script.write_text(
        "expect detection blob\npress\nexpect title Colours\nexpect state RUNNING\nframes 3\n"
        "fail load 2006\npress\nexpect state FAULT\npress\nexpect state RUNNING\nfail run 2008\nexpect state FAULT\n"
    )
    result = command("sim", card, "--firmware", name, "--script", script, "--json")
    assert result.returncode == 0, result.stderr + result.stdout[-2000:]
    assert json.loads(result.stdout.splitlines()[0])["firmware"] == name
