"""A script on the fakes: in the interpreter of the virtual board, which reaches no file but those of the card."""

from __future__ import annotations

import json
import select
import struct
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np

from maixswitch import board_code
from maixswitch.board.maixpy_script.film import Film
from maixswitch.board.maixpy_script.options import CRASHED, ENDED, RAISED, RESET, TIME, Options, Outcome
from maixswitch.board.virtual.child import Child
from maixswitch.board.virtual.handle import find_interpreter
from maixswitch.errors import EXIT_USAGE, KModelError, MaixSwitchError
from maixswitch.kmodel.judge.firmware import Firmware, find
from maixswitch.language import tr
from maixswitch.sim.camera import ChipCamera, open_source
from maixswitch.sim.emulator import Emulator, LoadedModel
from maixswitch.sim.engine import Failures

DEFAULT_FLAVOUR = "full"
PANEL, CAMERA, LOAD, RUN, FLASH, OPTIONS, SOURCE, END, TURN, WRITE = b"PCLXFOSEUW"
"""Requests of stubs/virtual/wire.py. The others need no more than an empty answer."""
HOWS = (ENDED, RAISED, TIME, RESET, CRASHED)
"""How the script ended, in the order of stubs/virtual/script.py."""
LOAD_FAILED, RUN_FAILED = 2015, 2008
CARD_SPEED = 1000
"""Bytes that the card reads in a ms, as in stubs/benchlib/card.py."""
LEAST_SECONDS = 60.0
"""Seconds of this PC that a run may take at least."""


def fakes_firmware(options: Options) -> Firmware:
    """Return the firmware that the fakes imitate for a script.

    Raises MaixSwitchError (usage) if they do not imitate the one of the options, or cannot run here.
    """
    if sys.platform == "win32":
        raise MaixSwitchError(tr("a script on the fakes needs Linux or macOS; use --firmware FILE"), EXIT_USAGE)
    firmware = find(options.firmware or DEFAULT_FLAVOUR)
    if firmware.api != "maixpy":
        raise MaixSwitchError(
            tr("--firmware {name}: the fakes run scripts for MaixPy only; use an image file", name=firmware.name),
            EXIT_USAGE,
        )
    find_interpreter()
    return firmware


def run_on_fakes(options: Options, card: Path, film: Film) -> Outcome:
    """Run the script in the second interpreter until it ends or its time is over.

    card: the folder that is the card.
    Raises MaixSwitchError (usage) as `fakes_firmware` does.
    """
    with started(options, card) as script:
        script.show = film.show
        # A script that calls no fake lets no board time pass.
        limit = time.monotonic() + min(max(LEAST_SECONDS, 6 * options.seconds), options.pc_seconds)
        while script.outcome is None and time.monotonic() <= limit:
            script.hear(1.0)
    return script.outcome or Outcome(TIME, "", script.now / 1000)


@contextmanager
def started(options: Options, card: Path) -> Iterator[RunningScript]:
    """Yield a script whose interpreter has started, and end the interpreter with the block.

    Raises MaixSwitchError (usage) as `fakes_firmware` does.
    """
    firmware = fakes_firmware(options)
    with tempfile.TemporaryDirectory(prefix="maixswitch-flash-") as flash, tempfile.TemporaryFile() as log:
        if options.config is not None:
            Path(flash, "config.json").write_text(json.dumps(options.config), encoding="utf-8")
        child = Child(
            {
                "stubs": str(board_code.board_root() / "stubs"),
                "card": str(card),
                "flash": flash,
                "flavour": firmware.name,
                "interpreter": find_interpreter(),
                "log": log,
            },
            "script",
            0,
        )
        # Also after Ctrl-C: an interpreter that goes on would wait for answers forever.
        try:
            yield RunningScript(child, options, firmware.runtime, log)
        finally:
            child.end(kill=True)


class RunningScript:
    """Answers the interpreter's requests: it is the camera, the panel and the KPU of the fakes.

    now: board time in ms, as of the last request that tells it.
    outcome: how the script ended, None while it runs.
    show: gets what the panel shows: board time in ms, RGB565 words with the high byte first, width, height.
    camera: what the camera sees.
    failures: the codes with which the next load and run of a network end.
    outside: what lies outside the board, as stubs/virtual/script.py describes it. It counts from the start, and from
        each `go_on`.
    turn: ms of board time after which the script waits for `go_on` and `waits` is true; 0 for never.
    Set the last five before the first `hear`.
    """

    def __init__(self, child: Child, options: Options, runtime: str, log: IO[bytes]) -> None:
        self.now = 0
        self.outcome: Outcome | None = None
        self.show: Callable[[int, bytes, int, int], None]
        self.camera = ChipCamera(open_source(options.camera, options.fit), lambda: self.now)
        self.failures = Failures()
        self.outside: dict[str, Any] = {"pins": [], "camera": True, "card": True, "bytes_per_ms": CARD_SPEED}
        self.turn = 0
        self.waits = False
        self._child = child
        self._options = options
        self._log = log
        self._emulator = Emulator(runtime=runtime)
        self._networks: list[LoadedModel] = []
        self._answers: dict[int, Callable[[bytes], tuple[int, bytes]]] = {
            PANEL: self._panel,
            CAMERA: self._look,
            LOAD: self._load,
            RUN: self._run,
            FLASH: lambda data: (0, options.flash[int(data)]),
            OPTIONS: self._give_options,
            SOURCE: lambda data: (0, options.source.encode()),
            END: self._end,
        }

    def hear(self, seconds: float) -> None:
        """Wait for requests, at most so long, and answer them; print what the script prints."""
        child = self._child
        select.select([child.requests, child.text], [], [], seconds)
        self._print()
        try:
            while self.outcome is None and not self.waits and (request := child.request()):
                # What the script printed before the request comes first.
                self._print()
                self._answer(*request)
        except EOFError:
            self._print()
            self._log.seek(0)
            text = self._log.read().decode("utf-8", "replace").strip()
            self.outcome = Outcome(CRASHED, text[-500:], self.now / 1000)

    def go_on(self) -> None:
        """Let a script that waits run for the next turn."""
        if self.waits:
            self.waits = False
            self._child.answer(0, json.dumps(self.outside).encode())

    def _print(self) -> None:
        while text := self._child.printed(65536):
            self._options.tell(text.decode("utf-8", "replace"))

    def _answer(self, letter: int, number: int, data: bytes) -> None:
        if letter == TURN:
            self.now = struct.unpack("<I", data)[0]
            self.waits = True
            return
        answer = self._answers.get(letter)
        if answer is not None:
            self._child.answer(*answer(data))
            return
        # The line of the REPL is silent: nobody types, and what a script writes there is printed.
        if letter == WRITE:
            self._options.tell(data.decode("utf-8", "replace"))
        self._child.answer()

    def _give_options(self, data: bytes) -> tuple[int, bytes]:
        options = self._options
        document = {
            "ms": round(options.seconds * 1000),
            "turn": self.turn,
            "config": options.config,
            "outside": self.outside,
            "flash": list(options.flash),
        }
        return 0, json.dumps(document).encode()

    def _panel(self, data: bytes) -> tuple[int, bytes]:
        self.now, width, height = struct.unpack_from("<IHH", data)
        self.show(self.now, data[8:], width, height)
        return 0, b""

    def _look(self, data: bytes) -> tuple[int, bytes]:
        self.now, x, y, w, h, frame_w, frame_h, gray = struct.unpack("<IHHHHHHB", data)
        pixels, planes = self.camera.grab(x, y, w, h, frame_w, frame_h, bool(gray))
        return len(pixels), pixels + planes

    def _load(self, data: bytes) -> tuple[int, bytes]:
        code, self.failures.load = self.failures.load, None
        if code:
            return -code, b"ordered"
        try:
            network = self._emulator.load(data)
        except KModelError as error:
            return -LOAD_FAILED, error.message.encode()
        self._networks.append(network)
        facts: dict[str, Any] = {
            name: getattr(network, name)
            for name in (
                *("version", "input_shape", "first_is_conv", "outputs", "grid"),
                *("layers", "main_mem", "run_ms", "netinfo"),
            )
        }
        return len(self._networks) - 1, json.dumps(facts).encode()

    def _run(self, data: bytes) -> tuple[int, bytes]:
        code, self.failures.run = self.failures.run, None
        if code:
            return code, b"ordered"
        number, is_floats = struct.unpack_from("<HB", data)
        network = self._networks[number]
        values: Any = np.frombuffer(data[3:], np.float32) if is_floats else data[3:]
        try:
            results = network.run(values)
        except KModelError as error:
            return RUN_FAILED, error.message.encode()
        # Each result takes exactly the bytes that its output has, as the other side cuts them apart by these.
        packed = (np.ascontiguousarray(result).tobytes() for result in results)
        return 0, b"".join(
            part[:size].ljust(size, b"\0") for part, (size, _, _) in zip(packed, network.outputs, strict=True)
        )

    def _end(self, data: bytes) -> tuple[int, bytes]:
        self.now = struct.unpack_from("<I", data, 1)[0]
        self.outcome = Outcome(HOWS[data[0]], data[5:].decode("utf-8", "replace"), self.now / 1000)
        if self.outcome.how == RAISED:
            self._options.tell(self.outcome.reason)
        return 0, b""
