"""Put probes to a firmware image on the virtual K210.

To write new probes: python -m tests.firmware.on_image IMAGE FILE prints the statements of a file with the answers.
"""

from __future__ import annotations

import hashlib
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import flavours
from tests.firmware import card
from tests.firmware.probe_file import CRASH, holds, normal, program, read

if TYPE_CHECKING:
    from maixswitch.k210.virtual_board import VirtualBoard

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
    """Boards with an image, the card of the probes and a camera: one boots, the others start behind its boot."""

    def __init__(self, image: Path, row: tuple) -> None:  # type: ignore[type-arg]
        from maixswitch.k210 import image as images
        from maixswitch.k210 import saved_state

        self._folder = tempfile.TemporaryDirectory()
        self._card = Path(self._folder.name) / "card"
        self._state = Path(self._folder.name) / "state"
        self._image = images.read_image(image)
        self._name = BOARDS.get(row[flavours.NAME], "bit")
        card.write(self._card)
        first = self._new()
        first.boot()
        # Some builds start with programs of their own; their objects must not print when they are collected later.
        first.execute("import gc\ngc.collect()")
        saved_state.save(first, self._state)

    def _new(self) -> VirtualBoard:
        from maixswitch.k210 import virtual_board

        board = virtual_board.VirtualBoard(self._image, self._name, self._card)
        # The probes ask an OV2640, whichever sensor the board is sold with.
        board.connect_camera(card.picture, "OV2640")
        return board

    def answers(self, set_up: list[str], statements: list[str]) -> list[str]:
        """Return what the firmware answers to each statement; after a crash the next one finds a new board."""
        from maixswitch.k210 import saved_state

        texts: list[str] = []
        while len(texts) < len(statements):
            self._board = self._new()
            saved_state.load(self._board, self._state)
            texts += self._ask(set_up, statements[len(texts) :])
        return texts

    def _ask(self, set_up: list[str], statements: list[str]) -> list[str]:
        texts: list[str] = []
        error = self._execute("\n".join(set_up))[1]
        if error:
            raise AssertionError(f"the set-up failed: {error}")
        for statement in statements:
            try:
                texts.append("".join(self._execute(program(statement))))
            # The chip raises ValueError where a DMA reads from where there is nothing.
            except (Crash, ValueError):
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


def row_of(image: Path) -> tuple | None:  # type: ignore[type-arg]
    """Return the row of `flavours` of an image file, or None when the table does not know it."""
    digest = hashlib.sha256(image.read_bytes()).hexdigest()[:12]
    return next((row for row in flavours.images() if row[flavours.IMAGE] == digest), None)


def main() -> None:
    image, probes = Path(sys.argv[1]), Path(sys.argv[2])
    row = row_of(image)
    if row is None:
        sys.exit(f"{image} is not an image of stubs/flavours.py")
    board = RealBoard(image, row)
    for group in read(probes):
        chosen = [probe for probe in group.probes if holds(group.on + probe.on, row)]
        print(f"\n== {group.name}", *group.set_up, sep="\n")
        for probe, answer in zip(
            chosen, board.answers(group.set_up, [probe.statement for probe in chosen]), strict=True
        ):
            print(f">>> {probe.statement}", *normal(answer).splitlines(), sep="\n", flush=True)


if __name__ == "__main__":
    main()
