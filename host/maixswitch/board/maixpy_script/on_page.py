"""A script for the page: at every power-on a firmware image starts it from the card, or the fakes' interpreter does."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

from maixswitch.board.maixpy_script.card_copy import card_copy
from maixswitch.board.maixpy_script.on_fakes import RunningScript, fakes_firmware, started
from maixswitch.board.maixpy_script.on_firmware import Output
from maixswitch.board.maixpy_script.options import Options
from maixswitch.board.maixpy_script.summary import summary
from maixswitch.k210.choice import image_path
from maixswitch.k210.contents.flavour import firmware_named
from maixswitch.k210.require import require_unicorn
from maixswitch.language import tr
from maixswitch.sim import session
from maixswitch.sim.app_board import AppBoard
from maixswitch.sim.board_options import BoardOptions, check_board
from maixswitch.sim.chip_board import ChipBoard
from maixswitch.sim.chip_readout import EXCEPTION, ChipReadout
from maixswitch.sim.heap import Heap
from maixswitch.sim.simulated_board import SimulatedBoard

ENDLESS = 1e6
"""Seconds of board time after which a script on the page ends: 11 days."""
STEP_MS = 20
LONGEST_STEP = 0.1
"""Seconds that a step takes at most."""
ONLY_BOOT = "m5stickv"
"""The flavour whose images start boot.py of the card and never main.py."""


@contextmanager
def page_options(options: Options) -> Iterator[session.Options]:
    """Yield what the page needs to show a script; the card's copy exists inside the block.

    Raises MaixSwitchError (usage) for options that do not fit, and what `card_copy` raises.
    """
    check_board(options.board)
    # Before the copy, so that a firmware that is none is refused at once.
    if image_path(options.firmware) is None:
        flavour, program = fakes_firmware(options).name, ""
        board: Callable[..., AppBoard] = partial(FakesScriptBoard, script=replace(options, seconds=ENDLESS))
    else:
        require_unicorn()
        flavour = options.firmware
        program = "boot.py" if firmware_named(flavour).flavour == ONLY_BOOT else "main.py"
        board = partial(ChipScriptBoard, flash=options.flash, tell=options.tell)
    with card_copy(options.card, options.write_back) as card:
        # The page reads the card as that of the app, which always has this folder.
        (card / "models").mkdir(exist_ok=True)
        if program:
            (card / program).write_text(options.source, encoding="utf-8")
        yield session.Options(
            card,
            options.board,
            flavour,
            camera=options.camera,
            fit=options.fit,
            # Into the copy; whether the user's folder gets it is decided at the end of the block.
            write_back=options.write_back,
            quiet=True,
            sim=board,
        )


class _ScriptBoard(AppBoard):
    """What differs on a board on which a script runs in place of the app."""

    runs_script = True

    @property
    def state(self) -> str:
        return "SCRIPT" if self.running else "OFF"


class FakesScriptBoard(_ScriptBoard, SimulatedBoard):
    """A board on which a script runs in the second interpreter, at every power-on, in place of an app.

    The fakes of this process hold the keys, the camera and the card, and those of the interpreter follow them.
    """

    def __init__(self, options: BoardOptions, report: Callable[..., None], *, script: Options) -> None:
        super().__init__(options, report)
        self._options = script
        self._folder = options.card
        self._script: RunningScript | None = None
        self._interpreter = ExitStack()
        self._panel: tuple[bytes, int, int] = (b"", 0, 0)

    def power_on(self) -> None:
        self.stop()
        self.ended = ""
        self._panel = b"", 0, 0
        self._script = script = self._interpreter.enter_context(started(self._options, self._folder))
        script.show, script.camera, script.failures = self._show, self.chip, self.engine.failures
        script.turn = STEP_MS
        script.outside = self._outside()

    def _show(self, ms: int, pixels: bytes, width: int, height: int) -> None:
        self._panel = pixels, width, height

    def _outside(self) -> dict[str, Any]:
        bench = self.bench
        return {
            "pins": list(bench.keys.levels.items()),
            "camera": bench.camera.connected,
            "card": bench.card.inserted,
            "bytes_per_ms": bench.card.bytes_per_ms,
        }

    def step(self) -> bool:
        script = self._script
        # The base class lets time pass on a board without a program.
        if script is None:
            return super().step()
        self.steps += 1
        script.outside = self._outside()
        script.go_on()
        # A script that calls no fake ends no turn, and the page must still answer.
        end = time.monotonic() + LONGEST_STEP
        while not script.waits and script.outcome is None and (left := end - time.monotonic()) > 0:
            script.hear(left)
        self.bench.clock.advance(max(script.now - self.bench.clock.now, 0))
        if script.outcome is not None:
            self.stop()
            self.ended = summary(script.outcome, self._options)
        return True

    def stop(self) -> str:
        self._script = None
        self._interpreter.close()
        return ""

    @property
    def running(self) -> bool:
        return self._script is not None

    @property
    def ending(self) -> str:
        return self.ended

    def heap(self) -> Heap:
        # That of the other interpreter is not known here.
        return Heap(capacity=0, python=0, python_used=0, free=0, largest=0)

    def panel(self) -> tuple[bytes, int, int]:
        return self._panel


class ChipScriptBoard(_ScriptBoard, ChipBoard):
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

    def step(self) -> bool:
        alive = super().step()
        if self.ended:
            # Nobody stops a script that has ended, and what it wrote lies in the blocks of the card only.
            self._card.save()
        return alive

    @property
    def running(self) -> bool:
        return self.powered and not self.ended

    @property
    def ending(self) -> str:
        return tr("the script ended: {ended}", ended=self.ended) if self.ended else ""


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
