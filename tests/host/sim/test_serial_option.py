"""`maixswitch sim --serial PATH`: a program talks to the simulated board; what it refuses."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import serial

from maixswitch.link.serial_commands import command
from maixswitch.link.serial_lines import SerialLines
from tests.host.sim.husky_card import write_card

COMMAND = [sys.executable, "-m", "maixswitch", "sim"]


@pytest.mark.parametrize("link", [{"uart": 1, "tx": 8, "rx": 9}, True])
def test_a_program_selects_a_model(tmp_path: Path, link: object) -> None:
    card, port = tmp_path / "card", tmp_path / "port"
    card.mkdir()
    write_card(card, 115200)
    (card / "maixswitch.json").write_text(json.dumps({"link": link}))
    script = tmp_path / "script"
    script.write_text("boxes\nexpect state RUNNING\nexpect title Twelve within 40s\nexpect state RUNNING\nwait 4s\n")
    sim = subprocess.Popen(
        [*COMMAND, str(card), "--serial", str(port), "--script", str(script)], stderr=subprocess.PIPE, text=True
    )
    try:
        end = time.monotonic() + 30
        while not port.exists():
            assert time.monotonic() < end
            time.sleep(0.05)
        lines = SerialLines()
        answered = False
        with serial.Serial(str(port), 115200, timeout=0.1) as line:
            while not answered:
                assert time.monotonic() < end
                for message in lines.feed(line.read(4096)):
                    if message["event"] == "status" and message["state"] == "RUNNING":
                        line.write(command(9, "select", title="Twelve"))
                    answered = answered or (message["event"] == "answer" and message["ok"])
        messages = sim.communicate(timeout=60)[1]
    finally:
        sim.kill()
        sim.wait()
    assert sim.returncode == 0, messages
    assert str(port) in messages
    assert not os.path.lexists(port)


@pytest.mark.parametrize(
    ("options", "words"),
    [(["--record", "run.rec"], "a recording does not hold"), ([], "there is a file already")],
)
def test_what_is_refused(tmp_path: Path, options: list[str], words: str) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "port").write_text("mine")
    done = subprocess.run(
        [*COMMAND, ".", "--serial", "port", *options], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert done.returncode == 2
    assert words in done.stderr
    assert (tmp_path / "port").read_text() == "mine"
