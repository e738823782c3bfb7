"""A script on a firmware image for the page: the card starts it by itself, at the first and at every later power-on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from maixswitch.board.maixpy_script.card_copy import card_copy
from maixswitch.board.maixpy_script.on_firmware import Output
from maixswitch.board.maixpy_script.options import Options
from maixswitch.errors import EXIT_USAGE, MaixSwitchError
from maixswitch.k210.choice import image_path
from maixswitch.k210.contents.flavour import firmware_named
from maixswitch.k210.require import require_unicorn
from maixswitch.language import tr
from maixswitch.sim import session
from maixswitch.sim.board_options import BoardOptions, check_board
from maixswitch.sim.chip_board import ChipBoard
from maixswitch.sim.chip_readout import EXCEPTION, ChipReadout

ONLY_BOOT = "m5stickv"
"""The flavour whose images start boot.py of the card and never main.py."""


@contextmanager
def page_options(options: Options) -> Iterator[session.Options]:
    """Yield what the page needs to show a script; the card's copy exists inside the block.

    Raises MaixSwitchError (usage) without a firmware image, and what `run_script` raises for its options.
    """
    if image_path(options.firmware) is None:
        raise MaixSwitchError(tr("--web shows a script on a firmware image only: --firmware FILE"), EXIT_USAGE)
    check_board(options.board)
    require_unicorn()
    # Before the copy, so that a file that is no firmware is refused at once.
    started = "boot.py" if firmware_named(options.firmware).flavour == ONLY_BOOT else "main.py"
    with card_copy(options.card, options.write_back) as card:
        # The page reads the card as that of the app, which always has this folder.
        (card / "models").mkdir(exist_ok=True)
        (card / started).write_text(options.source, encoding="utf-8")
        yield session.Options(
            card,
            options.board,
            options.firmware,
            camera=options.camera,
            fit=options.fit,
            # Into the copy; whether the user's folder gets it is decided at the end of the block.
            write_back=options.write_back,
            quiet=True,
            sim=partial(ScriptBoard, flash=options.flash, tell=options.tell),
        )


class ScriptBoard(ChipBoard):
    """A board with contents in its flash chip, whose serial line is passed on.

    flash: address -> content.
    tell: takes what the firmware prints, piece by piece.
    """

    def __init__(
        self,
        options: BoardOptions,
        report: Callable[..., None],
        *,
        flash: dict[int, bytes],
        tell: Callable[[str], None],
    ) -> None:
        super().__init__(options, report)
        for address, content in flash.items():
            self.virtual.flash.put(address, content)
        self.readout = _TellingReadout(lambda kind, *values: report(self.now, kind, *values), Output(tell))


class _TellingReadout(ChipReadout):
    def __init__(self, report: Callable[..., None], output: Output) -> None:
        super().__init__(report)
        self._output = output

    def hear(self, data: bytes) -> None:
        self._output.take(data)
        super().hear(data)

    @property
    def last_line(self) -> str:
        # Between the traceback and its prompt the firmware prints a banner of many lines.
        lines = self._output.tail.decode("utf-8", "replace").splitlines()
        return next((line for line in reversed(lines) if EXCEPTION.match(line)), "")
