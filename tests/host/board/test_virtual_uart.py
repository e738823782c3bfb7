"""The virtual board's UART 1 to 3 have ports of their own: clients talk to the app as it runs in MicroPython."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import serial

from maixswitch.board.virtual import VirtualBoard
from maixswitch.card.build import build
from maixswitch.errors import MaixSwitchError
from maixswitch.link.serial_commands import command
from maixswitch.link.serial_lines import SerialLines
from tests.host.sim.husky_card import write_card

Start = Callable[..., VirtualBoard]
LIMIT = 60.0


@pytest.fixture
def talking(virtual_board: Start, tmp_path: Path) -> Callable[..., tuple[VirtualBoard, str]]:
    """Starts a board whose link is on UART 1; returns it with the path of that UART's port, below /dev."""

    def start(settings: dict[str, Any], **options: Any) -> tuple[VirtualBoard, str]:
        card = tmp_path / "app"
        card.mkdir()
        write_card(card, 115200)
        build(card)
        (card / "maixswitch.json").write_text(json.dumps({"link": {"uart": 1, "tx": 8, "rx": 9, **settings}}))
        board = virtual_board(card, uarts={1: tmp_path / "uart1"}, **options)
        return board, os.path.realpath(tmp_path / "uart1")

    return start


def test_a_huskylens_client(talking: Callable[..., tuple[VirtualBoard, str]]) -> None:
    from pyhuskylens import HuskyLens

    _, port = talking({"protocol": "husky"}, rate=115200)
    end = time.monotonic() + LIMIT
    lens = HuskyLens(port)
    while not lens.connected:  # the app starts
        assert time.monotonic() < end
        lens = HuskyLens(port)
    blocks: list[Any] = []
    while not blocks:
        assert time.monotonic() < end
        blocks = lens.get()["blocks"]
    for _ in range(20):
        assert lens.set_alg(0)
        (block,) = lens.get()["blocks"]
        assert (block.width, block.height, block.ID) == (80, 80, 1)
    assert lens.show_text("hello", x=300, y=20)
    assert len(lens.get()["blocks"]) == 1
    assert lens.set_alg(2)
    while not lens.get()["blocks"]:
        assert time.monotonic() < end
    assert lens.uart.in_waiting == 0


def test_commands_in_json(talking: Callable[..., tuple[VirtualBoard, str]]) -> None:
    _, path = talking({})
    lines = SerialLines()
    messages: list[dict[str, Any]] = []
    port = serial.Serial(path, 115200, timeout=0.1)

    def until(**fields: object) -> dict[str, Any]:
        end = time.monotonic() + LIMIT
        while True:
            for message in messages:
                if fields.items() <= message.items():
                    return message
            assert time.monotonic() < end, messages[-5:]
            messages.extend(lines.feed(port.read(4096)))

    until(event="status", state="RUNNING")
    port.write(command(5, "select", title="Twelve") + command(6, "models"))
    assert until(event="answer", id=5)["ok"]
    assert until(event="answer", id=6)["total"] == 3
    until(event="model", id=6, index=2)
    until(event="load", title="Twelve")
    port.write(b"nonsense\n")
    assert until(event="answer", id=0)["error"] == "not a JSON object"
    assert lines.broken <= 1
    port.close()


def test_a_file_in_the_place_of_the_port_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(MaixSwitchError, match="there is a file already"):
        VirtualBoard(tmp_path, uarts={2: tmp_path / "file"})
    assert (tmp_path / "file").read_text() == "mine"
