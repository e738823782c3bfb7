"""A board around the chip: card, flash, panel, sensor, power chip and keys, and the serial line as a person uses it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from maixswitch import board_code

from .board.fat import FatCard, Tree, make_card, read_back, write_tree
from .board.flash import Flash
from .board.panel import Panel
from .board.power import ADDRESS as POWER_ADDRESS
from .board.power import PowerChip
from .board.sdcard import SdCard
from .board.sensors import KINDS, Sensor
from .board.wiring import WIRINGS
from .chip import Camera, Chip
from .image import Image

SECOND = 403_000_000
"""Cycles of a second at MaixPy's usual clock."""
PROMPT = b">>> "
RAW_PROMPT = b"raw REPL; CTRL-B to exit\r\n>"
MOST_RESTARTS = 10
"""A firmware that reset the chip this often does not come to a prompt; some reset it once, at their first start."""


class Part(Protocol):
    """A part of the board with a state of its own."""

    def state(self) -> dict[str, Any]:
        """Return what a saved state keeps."""

    def restore(self, state: dict[str, Any]) -> None:
        """Take back what `state` returned."""


class VirtualBoard:
    """A board with a firmware image. Time passes only in `run` and the calls that use it."""

    def __init__(
        self,
        image: Image,
        board: str = "bit",
        card: Path | None = None,
        flash: bytes = b"",
        camera: Camera | None = None,
        strict: bool = False,
    ) -> None:
        row = board_code.boards().find(board)
        wiring = WIRINGS[board]
        self.board = board
        self.image = image
        self.chip = chip = Chip(image, strict)
        self.flash = Flash(flash)
        for address, content in image.parts:
            self.flash.put(address, content)
        chip.spi3.slave = self.flash
        width, height = (row.lcd[0], row.lcd[1]) if row.lcd else (320, 240)
        self.panel = Panel(
            lambda: chip.output_level(wiring.panel_data) is not False,
            width,
            height,
            wiring.panel_offset,
            bool(row.lcd and row.lcd[4]) or wiring.inverted_glass,
        )
        chip.spi0.slave = self.panel
        self.slot = SdCard(lambda: chip.output_level(wiring.card_select) is False)
        chip.spi1.slave = self.slot
        self._fat: FatCard | None = None
        self._tree: Tree = {}
        self._folder: Path | None = None
        self._written = 0
        if card is not None:
            self.insert_card(card)
        self.sensor: Sensor | None = None
        self.connect_camera(camera, wiring.sensor)
        self.power = PowerChip() if wiring.power else None
        if self.power is not None and wiring.power:
            for bus in chip.i2c:
                bus.parts[POWER_ADDRESS] = self.power
                bus.pins[POWER_ADDRESS] = wiring.power

    def connect_camera(self, camera: Camera | None, kind: str) -> None:
        """Connect a sensor whose pictures a function gives, or take it away with None."""
        chip = self.chip
        address = KINDS[kind].address
        chip.camera = camera
        if camera is None:
            self.sensor = None
            for parts in (chip.sccb, chip.i2c[2].parts):
                parts.pop(address, None)
        else:
            self.sensor = Sensor(KINDS[kind])
            chip.reset_sensor = self.sensor.reset
            chip.sccb[address] = chip.i2c[2].parts[address] = self.sensor

    # The card.

    def insert_card(self, folder: Path) -> None:
        """Put a card with the files of a folder into the slot."""
        self.pull_card()
        self._folder = folder
        self._fat = make_card(folder)
        self._tree = read_back(self._fat)
        self._written = self._fat.writes
        self.slot.insert(self._fat)

    def pull_card(self) -> None:
        """Pull the card; its folder gets what the firmware wrote."""
        self.save_card()
        self.slot.insert(None)
        self._fat = None

    def save_card(self) -> bool:
        """Write what the firmware changed on the card into its folder.

        Returns whether the card was whole; a board stopped in the middle of a write leaves the folder as it was.
        """
        if self._fat is None or self._folder is None or self._fat.writes == self._written:
            return True
        try:
            tree = read_back(self._fat)
        except ValueError:
            return False
        write_tree(tree, self._folder, self._tree)
        self._tree, self._written = tree, self._fat.writes
        return True

    @property
    def card_writes(self) -> int:
        """How many blocks of the card the firmware has written; 0 without a card."""
        return self._fat.writes if self._fat else 0

    @property
    def card(self) -> FatCard | None:
        """The card in the slot."""
        return self._fat

    def use_card(self, card: FatCard) -> None:
        """Go on with a card of a saved state, which was in the slot all the time."""
        self._fat = self.slot.blocks = card
        self._tree = read_back(card)
        self._written = card.writes

    def parts(self) -> dict[str, Part]:
        """Return the parts around the chip that have a state, by name."""
        parts: dict[str, Part | None] = {
            "flash": self.flash,
            "panel": self.panel,
            "slot": self.slot,
            "sensor": self.sensor,
            "power": self.power,
        }
        return {name: part for name, part in parts.items() if part is not None}

    # Keys and panel.

    def press(self, pin: int) -> None:
        """Press the key at a pin."""
        self.chip.set_pin(pin, False)

    def release(self, pin: int) -> None:
        """Release the key at a pin."""
        self.chip.set_pin(pin, True)

    def picture(self) -> NDArray[np.uint16]:
        """Return what the panel shows, (height, width) RGB565 words."""
        return self.panel.words()

    # The power, time and the serial line.

    def power_cycle(self) -> None:
        """Switch the power off and on: the memory is lost, flash and card keep their contents."""
        self.chip.memory.data[:] = 0
        self.chip.uarths.incoming.clear()
        self.chip.restarts = 0
        self.chip.reset()
        self.panel.switch_on()
        self.slot.insert(self.slot.blocks)

    def run(self, seconds: float, until: Callable[[], bool] | None = None) -> bool:
        """Run for some seconds of the board's time, or until a condition holds; return whether it held."""
        return self.chip.run(int(seconds * SECOND), until)

    def type(self, text: bytes) -> None:
        """Send bytes to the serial line."""
        self.chip.uarths.incoming += text

    def heard(self) -> bytes:
        """Return what the firmware sent since the last call."""
        return self.chip.uarths.take_sent()

    def wait_for(self, text: bytes, seconds: float) -> bytes:
        """Run until the firmware has sent a text; return all that it sent up to then.

        Raises TimeoutError, with what was sent, when it does not come within that many seconds of the board's time.
        """
        uarths = self.chip.uarths
        # Ask for `sent` each time: a reset of the chip, which some images do at their first start, makes a new one.
        self.run(seconds, lambda: text in uarths.sent)
        return self._take_up_to(text)

    def _take_up_to(self, text: bytes) -> bytes:
        """Return what the firmware sent up to a text and keep the rest; raise TimeoutError if the text is not in it."""
        sent = self.chip.uarths.sent
        start = sent.find(text)
        if start < 0:
            raise TimeoutError(bytes(sent).decode("utf-8", "replace"))
        taken = bytes(sent[: start + len(text)])
        del sent[: start + len(text)]
        return taken

    def boot(self, seconds: float = 60) -> bytes:
        """Run to the first prompt and return the text of the start.

        Raises TimeoutError, with what was sent, when no prompt comes within that many seconds of the board's time or
        the firmware resets the chip MOST_RESTARTS times.
        """
        chip = self.chip
        self.run(seconds, lambda: PROMPT in chip.uarths.sent or chip.restarts >= MOST_RESTARTS)
        if chip.restarts >= MOST_RESTARTS and not chip.uarths.sent:
            raise TimeoutError(chip.before_restart.decode("utf-8", "replace"))
        return self._take_up_to(PROMPT)

    def execute(self, source: str, seconds: float = 30) -> tuple[str, str]:
        """Run a program in the raw REPL; return what it printed and the text of its exception, "" for none."""
        self.type(b"\x01")
        self.wait_for(RAW_PROMPT, seconds)
        self.type(source.encode() + b"\x04")
        self.wait_for(b"OK", seconds)
        output = self.wait_for(b"\x04", seconds)[:-1]
        error = self.wait_for(b"\x04", seconds)[:-1]
        self.type(b"\x02")
        self.wait_for(PROMPT, seconds)
        return output.decode("utf-8", "replace"), error.decode("utf-8", "replace")
