"""The target of a check: board, firmwares and the size of Python's heap."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from maixswitch import board_code, device_types
from maixswitch.errors import EXIT_USAGE, MaixSwitchError
from maixswitch.k210.board_firmware import suitable
from maixswitch.k210.contents.flavour import firmware_named
from maixswitch.kmodel.judge import firmware as firmwares
from maixswitch.kmodel.judge.memory import Panel, Room, Size, room
from maixswitch.language import meant, tr


@dataclass(frozen=True)
class Options:
    """The options of the command line.

    firmware: flavours such as "full" or "full@v0.6.2-54", and image files.
    gc_kib: the size of Python's heap; None for the firmware's own.
    run: emulate one frame of each model.
    """

    board: str = ""
    firmware: tuple[str, ...] = ()
    gc_kib: int | None = None
    run: bool = False

    def check(self) -> None:
        """Raise MaixSwitchError (usage) if the board or a firmware is unknown. The message lists the known ones."""
        _ = self.flavours
        if self.board:
            _ = self.row

    @cached_property
    def flavours(self) -> tuple[firmwares.Firmware, ...]:
        """The firmwares to judge for: those of the command line, otherwise those that suit the board."""
        # The command line overrides the board: users try firmwares before they flash them.
        return tuple(firmware_named(name) for name in self.firmware or suitable(self.board))

    @property
    def anchor_pairs(self) -> int | None:
        """How many anchor pairs the firmware's detector takes, None for any number."""
        # MaixPy takes exactly five pairs, CanMV any number. One MaixPy firmware is enough for the strict rule.
        return None if all(item.api == "canmv" for item in self.flavours) else 5

    @cached_property
    def row(self) -> device_types.Board | None:
        """The board's row of device/once/boards.py, None when none was named."""
        if not self.board:
            return None
        boards = board_code.boards()
        try:
            return boards.find(self.board)
        except ValueError as error:
            names = boards.names()
            message = tr("no board {board!r}; there are {names}", board=self.board, names=", ".join(names))
            raise MaixSwitchError(message + meant(self.board, names), EXIT_USAGE) from error

    @property
    def panel(self) -> Panel:
        """Width and height of the board's panel, "own" for the firmware's own, None without a panel."""
        # A panel takes memory. Without a named board, assume the panel of the firmware image; otherwise the check would
        # promise too much.
        if self.row is None:
            return "own"
        return (int(self.row.lcd[0]), int(self.row.lcd[1])) if self.row.lcd else None

    @property
    def rooms(self) -> list[Room]:
        """What each firmware leaves for a model beside the panel and a camera."""
        return [room(item, panel=self.panel, gc_kib=self.gc_kib) for item in self.flavours]

    @property
    def screen(self) -> Size | None:
        """The size of the panel; without a named board that of the first firmware."""
        panel = self.panel
        return self.flavours[0].panel if panel == "own" else panel

    @property
    def lcd_type(self) -> bool:
        """Does the board's panel need lcd.init's argument lcd_type, which older firmwares do not have?"""
        return self.row is not None and self.row.lcd is not None and bool(self.row.lcd[5])
