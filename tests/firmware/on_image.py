"""Put probes to a firmware image on the virtual K210."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import flavours
from tests.firmware import card
from tests.firmware.probe_file import CRASH, program

BOARDS = {
    "m5stickv": "m5stickv",
    "amigo_tft": "amigo_tft",
    "amigo_minimum": "amigo_tft",
    "canmv_lite": "canmv_k210_01studio",
}
SECONDS = 10
"""Of the board's time, in which a statement is answered unless the chip hangs."""
DUMP = b"core dump"


class Crash(Exception):
    """The chip crashed or hung."""


class RealBoard:
    """A board with an image, the card of the probes and a camera. It boots once; each group gets a copy of it."""

    def __init__(self, image: Path, row: tuple, folder: Path) -> None:  # type: ignore[type-arg]
        from maixswitch.k210.image import read_image
        from maixswitch.k210.virtual_board import VirtualBoard

        card.write(folder)
        board = BOARDS.get(row[flavours.NAME], "bit")
        self._board = VirtualBoard(read_image(image), board, folder, camera=card.picture)
        self._board.boot()

    def answers(self, set_up: list[str], statements: list[str]) -> list[str]:
        """Return what the firmware answers to each statement; after a crash the next one finds a new board."""
        texts: list[str] = []
        while len(texts) < len(statements):
            texts += self._in_a_copy(set_up, statements[len(texts) :])
        return texts

    def _in_a_copy(self, set_up: list[str], statements: list[str]) -> list[str]:
        # A fork copies the whole board in a moment, where a boot takes seconds.
        reading, writing = os.pipe()
        process = os.fork()
        if process == 0:
            status = 1
            try:
                os.write(writing, json.dumps(self._ask(set_up, statements)).encode())
                status = 0
            finally:
                os._exit(status)
        os.close(writing)
        with os.fdopen(reading, "rb") as pipe:
            data = pipe.read()
        os.waitpid(process, 0)
        texts: list[str] = json.loads(data or b"[]")
        if not texts:
            raise AssertionError("the set-up failed: " + "\n".join(set_up))
        return texts

    def _ask(self, set_up: list[str], statements: list[str]) -> list[str]:
        texts: list[str] = []
        try:
            if self._execute("\n".join(set_up))[1]:
                return []
        except Crash:
            return []
        for statement in statements:
            try:
                texts.append("".join(self._execute(program(statement))))
            except Crash:
                return [*texts, CRASH]
        return texts

    def _execute(self, source: str) -> tuple[str, str]:
        self._board.type(b"\x01")
        self._take(b"raw REPL; CTRL-B to exit\r\n>")
        self._board.type(source.encode() + b"\x04")
        self._take(b"OK")
        answer = self._take(b"\x04")[:-1], self._take(b"\x04")[:-1]
        self._board.type(b"\x02")
        self._take(b">>> ")
        return answer[0].decode("utf-8", "replace"), answer[1].decode("utf-8", "replace")

    def _take(self, text: bytes) -> bytes:
        sent: Any = self._board.chip.uarths.sent
        if not self._board.run(SECONDS, lambda: text in sent or DUMP in sent) or text not in sent:
            raise Crash
        end = sent.find(text) + len(text)
        taken = bytes(sent[:end])
        del sent[:end]
        return taken
