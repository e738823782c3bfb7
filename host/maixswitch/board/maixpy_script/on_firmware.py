"""A script on a firmware image: pasted into the raw REPL after the boot, as mpremote does it with a real board."""

from __future__ import annotations

import codecs
import io
import json
import time
from collections.abc import Callable
from pathlib import Path

from maixswitch.board.maixpy_script.film import Film
from maixswitch.board.maixpy_script.options import CRASHED, ENDED, RAISED, RESET, TIME, Options, Outcome
from maixswitch.errors import EXIT_DEVICE, MaixSwitchError
from maixswitch.k210 import boot_cache
from maixswitch.k210.contents.flavour import maixpy_image
from maixswitch.k210.virtual_board import MOST_RESTARTS, RAW_PROMPT, VirtualBoard
from maixswitch.language import tr
from maixswitch.sim.camera import Picture, open_source

STEP = 0.02
"""Board seconds between two looks at the panel and the serial line."""
CYCLES_PER_MS = 403_000
END = b"\x04"
BOOTED = b"[MAIXPY] Pll0:freq:"
DUMP = b"core dump"
WRITE_CONFIG = """
file = open("/flash/config.json", "w")
file.write({text!r})
file.close()
"""


def start(options: Options, image: Path, card: Path) -> VirtualBoard:
    """Return a board with the prompt of the firmware.

    card: the folder of the card; it gets what the firmware writes when the card is saved.
    Raises MaixSwitchError (device) if the firmware shows no prompt, and what `maixpy_image` raises.
    """
    board = VirtualBoard(maixpy_image(image), options.board, card)
    for address, content in options.flash.items():
        board.flash.put(address, content)
    boot_cache.start(board)
    try:
        board.boot()
        if options.config is not None:
            # The firmware reads this file once, when it starts.
            board.execute(WRITE_CONFIG.format(text=json.dumps(options.config)))
            board.power_cycle()
            board.boot()
    except TimeoutError as error:
        text = str(error)[-300:]
        # Some builds of third parties restart until the flash holds a licence for this very chip.
        if board.chip.restarts >= MOST_RESTARTS:
            message = tr(
                "{image}: the firmware restarts the chip instead of a prompt; it printed: {text}",
                image=image,
                text=text,
            )
        else:
            message = tr("{image}: the firmware shows no prompt; it printed: {text}", image=image, text=text)
        raise MaixSwitchError(message, EXIT_DEVICE) from error
    return board


def connect_camera(board: VirtualBoard, options: Options) -> None:
    """Let the board's camera see what the options say, from now on."""
    from maixswitch.k210.board.wiring import WIRINGS

    source, begin = open_source(options.camera, options.fit), board.chip.clock.cycles

    def look(width: int, height: int) -> Picture:
        ms = (board.chip.clock.cycles - begin) // CYCLES_PER_MS
        return source.view(ms, width, height)[1]()

    board.connect_camera(look, WIRINGS[options.board].sensor)


def run_on(board: VirtualBoard, options: Options, film: Film) -> Outcome:
    """Run the script on a board at its prompt until it ends or its time is over; the card is saved afterwards.

    Raises MaixSwitchError (device) if the prompt does not answer.
    """
    try:
        board.type(b"\x01")
        board.wait_for(RAW_PROMPT, 10)
        board.type(options.source.encode() + END)
        # The line takes some 20,000 bytes a second.
        board.wait_for(b"OK", 10 + len(options.source) / 1000)
    except TimeoutError as error:
        raise MaixSwitchError(tr("the firmware's prompt does not answer"), EXIT_DEVICE) from error
    outcome = _follow(board, options, film)
    board.save_card()
    return outcome


def _follow(board: VirtualBoard, options: Options, film: Film) -> Outcome:
    begin, limit = board.chip.clock.cycles, time.process_time() + options.pc_seconds
    output = Output(options.tell)
    shown = board.panel.writes
    ended = False
    ms = 0
    while not ended and ms < options.seconds * 1000 and time.process_time() < limit:
        ended = board.run(STEP, lambda: END in board.chip.uarths.sent)
        ms = (board.chip.clock.cycles - begin) // CYCLES_PER_MS
        if board.panel.writes != shown:
            shown = board.panel.writes
            words = board.picture()
            film.show(ms, words.astype(">u2").tobytes(), words.shape[1], words.shape[0])
        if not ended:
            output.take(board.heard())
        if BOOTED in output.tail:
            return Outcome(RESET, "", ms / 1000)
        if DUMP in output.tail:
            return Outcome(CRASHED, output.text_from(DUMP), ms / 1000)
    if not ended:
        return Outcome(TIME, "", ms / 1000)
    output.take(board.wait_for(END, 1)[:-1])
    traceback = board.wait_for(END, 10)[:-1].decode("utf-8", "replace").replace("\r\n", "\n")
    if not traceback or traceback.rstrip().endswith("SystemExit:"):
        return Outcome(ENDED, "", ms / 1000)
    options.tell(traceback)
    return Outcome(RAISED, traceback, ms / 1000)


class Output:
    """Passes on what the firmware prints, and keeps the last part of it."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        # A line end or a character may be cut by the end of a piece.
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._decoder = io.IncrementalNewlineDecoder(decoder, translate=True)
        self.tail = b""

    def take(self, data: bytes) -> None:
        self.tail = (self.tail + data)[-2000:]
        text = self._decoder.decode(data)
        if text:
            self._tell(text)

    def text_from(self, mark: bytes) -> str:
        return self.tail[self.tail.find(mark) :].decode("utf-8", "replace").strip()
