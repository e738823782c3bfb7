"""A story: actions of the script language, run on a simulated board one by one, with all checks after each step.

A story that fails prints its own text, which `maixswitch sim --script` replays.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flavours import REMOUNT
from maixswitch.errors import MaixSwitchError
from maixswitch.sim.board_options import BoardOptions
from maixswitch.sim.player import Player
from maixswitch.sim.recorder import Recorder
from maixswitch.sim.script import Script, parse
from maixswitch.sim.simulated_board import SimulatedBoard
from tests.device.stories.story_watch import FIGURES, GLASS, Watch, left_behind

DEFAULT = "minimum_with_kmodel_v4_support"


class StoryRig(SimulatedBoard):
    """A simulated board without painting, which takes time and on which the app does not depend."""

    def __init__(self, options: BoardOptions, report: Callable[..., None]) -> None:
        super().__init__(options, report)
        error = self.engine._error

        def failed(code: int, reason: str) -> Exception:
            FIGURES["failures"] += 1
            return error(code, reason)

        self.engine._error = failed

    def _lose_power(self) -> None:
        super()._lose_power()
        FIGURES["power cuts"] += 1

    def _reset(self) -> None:
        super()._reset()
        adapter = sys.modules.get("device.kpu_canmv")
        if adapter:  # the objects of the newer KPU class, in a heap that is empty now
            adapter._idle.clear()
        GLASS.clear()
        self.bench.camera.source = None
        self.bench.screen.capture = self.bench.screen.draw = False

    def _close(self, error: BaseException) -> None:
        super()._close(error)
        left_behind()  # before a soft reboot sweeps the heap


class Story:
    """One board from power-on to the end. `log`: (ms, kind, ...) of the app's reports; `lines`: the actions."""

    def __init__(self, cards: Path, card: str = "good", board: str = "", flavour: str = DEFAULT) -> None:
        self.cards = cards
        self.card = self.first = card  # the one in the socket now, and at power-on
        self.lines: list[str] = []
        self.starting = True
        self.dead = False
        self.unexpected = ""  # a fault 199 that no action asked for
        self.log: list[tuple[Any, ...]] = []
        self.options = {"--board": board, "--firmware": flavour}
        self.sim = StoryRig(BoardOptions(cards / card, board, flavour, scripted=True), self._report)
        self.bench = self.sim.bench
        self.player = Player(Script(""), self.sim, Recorder(None), cards)
        self.watch = Watch()
        FIGURES["boards"] += 1

    def _report(self, now: int, kind: str, *values: Any) -> None:
        self.log.append((now, kind, *values))
        if kind == "fault" and values[0] == 199:
            text = values[2].split(": ", 1)[-1]
            if not any(text in line for line in self.lines):  # _look() raises, outside the app
                self.unexpected = values[2]
        if kind == "load":
            self.watch.load(self.card, self.sim.app.slot.loaded.folder if self.sim.app else "")

    @property
    def state(self) -> str:
        return self.sim.state

    def power_on(self) -> Story:
        self._try(lambda: self._checked(self.sim.power_on))
        return self.do("boxes")  # also tells the simulator not to emulate networks

    def do(self, *texts: str) -> Story:
        """Run actions of the script language."""
        for text in texts:
            self.lines.append(text)
            self._try(lambda text=text: self._do(text))
        return self

    def _do(self, text: str) -> None:
        words = text.split()
        self.starting = words[0] in ("power", "restart")
        if words[0] == "raise" and words[1].startswith("lcd."):
            self.watch.honest = False
        self.watch.unclosed += text.startswith("raise file.close")
        for _ in self.player.do(parse(text).lines[0]):
            self._checked(self.sim.step)
        if words[0] == "insert" and len(words) > 1:
            self.card = words[1]
        self.watch.begin()
        self._look()

    def _checked(self, act: Any) -> None:
        self.watch.begin()
        act()
        FIGURES["steps"] += 1
        self._look()

    def _look(self) -> None:
        assert not self.unexpected, f"unexpected fault: {self.unexpected}"
        ended = self.sim.ended
        if ended and ended != "Exception: IDE interrupt":
            # Only a full heap before the keys work may end the app.
            assert self.starting or self.dead, f"the app ended: {ended}"
            assert ended.startswith("MemoryError"), f"the app ended: {ended}"
        self.dead = bool(ended)
        if self.sim.powered:
            self.watch.look(self.sim.app)

    def _try(self, act: Any) -> None:
        try:
            act()
        except (AssertionError, MaixSwitchError, self.bench.HardFault, self.bench.Reset) as error:
            raise AssertionError(f"{type(error).__name__}: {error}\n\n{self.text()}") from error

    def recover(self, pause: str = "3s") -> Story:
        """End all faults and put a good card in; then the board must run within bounded time, and the key must work.

        pause: how long to wait until the app has missed the old card and all keys are released.
        """
        if self.state in ("OFF", "STOPPED"):
            self.do("restart" if self.sim.powered else "power")
        if self.sim.app is None:  # the restart itself was told to fail
            self.do("heal", "restart")
        # An old firmware looks for a card only when it starts; the newer CanMV keeps the main memory of every load.
        late = ["power"] if not self.bench.has(REMOUNT) or self.bench.kpu.leaked else []
        self.do("heal", "insert plain", *late, f"wait {pause}", "expect state RUNNING within 90s")
        other = "One" if self.sim.title == "Two" else "Two"
        self.do("press", f"expect title {other} within 2s", "expect state RUNNING within 5s", "frames 3")
        return self

    def end(self) -> None:
        """Stop the app; nothing may be left behind."""

        def stop() -> None:
            if self.sim.app is not None:
                self.sim.app.stop()
                assert self.sim.app.step() is False, "step() goes on after stop()"
            left_behind()

        self._try(stop)

    def text(self) -> str:
        """Return the story as a script, with the command line that replays it."""
        options = " ".join(f"{name} {value}" for name, value in self.options.items() if value)
        head = [
            "# python -m tests.device.stories.story_cards CARDS",
            f"# maixswitch sim CARDS/{self.first} {options} --script CARDS/story.txt   (this text)",
        ]
        return "\n".join([*head, *self.lines]) + "\n"


def words(text: str) -> list[str]:
    """Return the arguments of the command line in a story's text: [card, --board, ...]."""
    line = next(line for line in text.splitlines() if line.startswith("# maixswitch sim "))
    parts = shlex.split(line.split("--script")[0].removeprefix("# maixswitch sim CARDS/"))
    return parts
