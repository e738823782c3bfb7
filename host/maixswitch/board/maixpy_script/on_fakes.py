"""A script on the fakes: in the interpreter of the virtual board, which reaches no file but those of the card."""

from __future__ import annotations

import json
import select
import struct
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from maixswitch import board_code
from maixswitch.board.maixpy_script.film import Film
from maixswitch.board.maixpy_script.options import CRASHED, ENDED, RAISED, RESET, TIME, Options, Outcome
from maixswitch.board.virtual.child import Child
from maixswitch.board.virtual.handle import find_interpreter
from maixswitch.errors import EXIT_USAGE, KModelError, MaixSwitchError
from maixswitch.kmodel.judge import firmware as firmwares
from maixswitch.language import tr
from maixswitch.sim.camera import ChipCamera, open_source
from maixswitch.sim.emulator import Emulator, LoadedModel

DEFAULT_FLAVOUR = "full"
PANEL, CAMERA, LOAD, RUN, FLASH, OPTIONS, SOURCE, END, ANY, READ, WRITE = b"PCLXFOSEARW"
"""Requests of stubs/virtual/wire.py. The others need no more than an empty answer."""
HOWS = (ENDED, RAISED, TIME, RESET, CRASHED)
"""How the script ended, in the order of stubs/virtual/script.py."""
LOAD_FAILED, RUN_FAILED = 2015, 2008
LEAST_SECONDS = 60.0
"""Seconds of this PC that a run may take at least: a script that calls no fake lets no board time pass."""


def run_on_fakes(options: Options, card: Path, film: Film) -> Outcome:
    """Run the script in the second interpreter until it ends or its time is over.

    card: the folder that is the card.
    Raises MaixSwitchError (usage) if the interpreter is missing, or the fakes do not imitate the firmware.
    """
    if sys.platform == "win32":
        raise MaixSwitchError(tr("a script on the fakes needs Linux or macOS; use --firmware FILE"), EXIT_USAGE)
    firmware = firmwares.find(options.firmware or DEFAULT_FLAVOUR)
    if firmware.api != "maixpy":
        raise MaixSwitchError(
            tr("--firmware {name}: the fakes run scripts for MaixPy only; use an image file", name=firmware.name),
            EXIT_USAGE,
        )
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
            outcome = _Partner(child, options, film, firmware.runtime).serve()
        finally:
            child.end(kill=True)
        log.seek(0)
        if outcome is None:
            return Outcome(CRASHED, log.read().decode("utf-8", "replace").strip()[-500:])
    return outcome


class _Partner:
    """Answers the interpreter's requests: it is the camera, the panel and the KPU of the fakes."""

    def __init__(self, child: Child, options: Options, film: Film, runtime: str) -> None:
        self._child = child
        self._options = options
        self._film = film
        self._now = 0
        self._camera = ChipCamera(open_source(options.camera, options.fit), lambda: self._now)
        self._emulator = Emulator(runtime=runtime)
        self._networks: list[LoadedModel] = []
        self._outcome: Outcome | None = None
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

    def serve(self) -> Outcome | None:
        """Return how the script ended, None if the interpreter ended by itself."""
        child = self._child
        limit = time.monotonic() + min(max(LEAST_SECONDS, 6 * self._options.seconds), self._options.pc_seconds)
        while self._outcome is None:
            if time.monotonic() > limit:
                return Outcome(TIME, "", self._now / 1000)
            select.select([child.requests, child.text], [], [], 1.0)
            self._print()
            try:
                while self._outcome is None and (request := child.request()):
                    # What the script printed before the request comes first.
                    self._print()
                    self._answer(*request)
            except EOFError:
                self._print()
                return None
        self._print()
        if self._outcome.how == RAISED:
            self._options.tell(self._outcome.reason)
        return self._outcome

    def _print(self) -> None:
        while text := self._child.printed(65536):
            self._options.tell(text.decode("utf-8", "replace"))

    def _answer(self, letter: int, number: int, data: bytes) -> None:
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
            "config": options.config,
            "camera": True,
            "flash": list(options.flash),
        }
        return 0, json.dumps(document).encode()

    def _panel(self, data: bytes) -> tuple[int, bytes]:
        self._now, width, height = struct.unpack_from("<IHH", data)
        self._film.show(self._now, data[8:], width, height)
        return 0, b""

    def _look(self, data: bytes) -> tuple[int, bytes]:
        self._now, x, y, w, h, frame_w, frame_h, gray = struct.unpack("<IHHHHHHB", data)
        pixels, planes = self._camera.grab(x, y, w, h, frame_w, frame_h, bool(gray))
        return len(pixels), pixels + planes

    def _load(self, data: bytes) -> tuple[int, bytes]:
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
        self._now = struct.unpack_from("<I", data, 1)[0]
        self._outcome = Outcome(HOWS[data[0]], data[5:].decode("utf-8", "replace"), self._now / 1000)
        return 0, b""
