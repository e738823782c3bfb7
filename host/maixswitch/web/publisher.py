"""Tells the pages about the board: frames, status, models, AI RAM, times and events."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from maixswitch import __version__, board_code
from maixswitch.card.text import view
from maixswitch.k210.board_firmware import dark
from maixswitch.k210.choice import image_path
from maixswitch.language import LANGUAGES, catalogue, retold, speaking, tr
from maixswitch.link.extras import NAMES, extra_lines
from maixswitch.sim.app_board import AppBoard
from maixswitch.sim.view import describe
from maixswitch.web import airam
from maixswitch.web.broadcast import Broadcast
from maixswitch.web.choices import choices
from maixswitch.web.frames import FrameWriter
from maixswitch.web.intake.upload import MOST_BYTES as DROP_BYTES
from maixswitch.web.intake.upload import MOST_FILES as DROP_FILES
from maixswitch.web.messages import MOST_BYTES, SLOWS, write_text
from maixswitch.web.pictures import MOST_PHOTOS, WEBCAM_BYTES
from maixswitch.web.simulation import Simulation
from maixswitch.web.subject import DESKS
from maixswitch.web.texts import PAGE
from maixswitch.web.verdicts import Verdicts, judge

DROP = {"bytes": DROP_BYTES, "files": DROP_FILES}


def told(make: Callable[[], str]) -> dict[str, str]:
    """Return the message that `make` writes in each language."""
    texts = {}
    for language in LANGUAGES:
        with speaking(language):
            texts[language] = make()
    return texts


def page_texts(language: str) -> dict[str, str]:
    """Return the page's texts in a language, keyed by the English ones."""
    words = {} if language == "en" else catalogue(language)
    return {text: words.get(text, text) for text in PAGE}


def hello(sim: AppBoard) -> dict[str, Any]:
    """Return the fields of the first message for a page: the board, its keys and their events, the state table."""
    boards = board_code.boards()
    # A script gives the keys its own meaning.
    rows = boards.gestures(sim.keys) if sim.keys and not sim.runs_script else ()
    gestures = {int(pin): (short, long or "") for pin, short, long in rows}
    chip, images = dark(sim.board, sim.power_chip)
    return {
        "version": __version__,
        "board": sim.board,
        "firmware": sim.flavour,
        **choices(sim),
        "unpowered": chip,
        "images": images,
        "keys": [
            {"number": number, "role": role, "pin": pin, "short": short, "long": long}
            for number, (pin, role) in enumerate(sim.keys, 1)
            for short, long in (gestures.get(pin, ("", "")),)
        ],
        "rows": [[state, event, list(actions), after] for state, event, actions, after in board_code.transitions()],
        "codes": _codes(),  # that a page may order
        "slows": SLOWS,
        "colours": [_css(word) for word in board_code.painters().COLOURS],
        "desks": DESKS,
        "languages": list(LANGUAGES),
        "limits": {"bytes": MOST_BYTES, "photos": MOST_PHOTOS, "webcam": WEBCAM_BYTES, "drop": DROP},
    }


def _css(word: int) -> str:
    """Return an RGB565 word with swapped bytes as a colour of CSS."""
    value = (word & 255) << 8 | word >> 8
    return f"rgb({(value >> 11) * 255 // 31} {(value >> 5 & 63) * 255 // 63} {(value & 31) * 255 // 31})"


def _codes() -> list[list[Any]]:
    """Return the firmware's codes that the app knows, each with its name."""
    describe = board_code.device_errors().describe
    return [[code, describe(code)[0]] for code in board_code.error_codes() if 2000 < code < 2100]


class Publisher:
    """Tells the pages what has changed since the last call. Only the board's thread may use it."""

    def __init__(self, broadcast: Broadcast) -> None:
        self._broadcast = broadcast
        self._frames = FrameWriter()
        self._models: Any = None
        self._network: Any = self  # no network yet compared; None would mean "no network is loaded"
        self._verdicts = Verdicts({})
        self._judged = 0  # the number of the check that the verdicts come from, 0 for none
        self._checks = 0  # asked for
        self._checking: threading.Thread | None = None

    def judge(self, card: Path, board: str, firmware: str) -> None:
        """Check the card in a thread of its own; the models are published again when it ends.

        Checks take turns, and only the last of those that wait is made: a person may put the card in many times a
        second, and each check starts two processes.
        """
        self._checks += 1
        before, number = self._checking, self._checks

        def look() -> None:
            if before is not None:
                before.join()
            if number == self._checks:
                self._verdicts, self._judged = judge(card, board, firmware), number

        self._checking = threading.Thread(target=look, name="check", daemon=True)
        self._checking.start()

    def publish_event(self, document: dict[str, Any]) -> None:
        """Publish one event of the log, in the same words as in the terminal."""
        kind = document["event"]
        row = [document["old"], document["cause"], document["new"]] if kind == "state" else None

        def write() -> str:
            line = describe(document).partition("s  ")[2]
            return write_text("event", t=document["t"], kind=kind, text=line, row=row)

        self._broadcast.publish("", told(write))

    def publish_board(self, fields: Mapping[str, Any]) -> None:
        """Tell the pages about another board, or another firmware. fields: as of `hello`."""
        # Among the events, in their order: those before it are of the last board, and the page forgets them.
        self._broadcast.publish("", write_text("board", **fields))

    def publish_error(self, text: str, client: int) -> None:
        """Tell the page that sent a command why it failed."""
        self._broadcast.publish("", told(lambda: write_text("error", text=retold(text))), client)

    def publish_ousted(self, client: int) -> None:
        """Tell a page that something replaced its webcam."""
        self._broadcast.publish("", write_text("ousted"), client)

    def publish_frame(self, simulation: Simulation) -> None:
        """Publish the panel if it has changed and somebody watches."""
        if not self._broadcast.clients:
            return
        frame = self._frames.message(*simulation.sim.panel(), simulation.sim.now, time.monotonic())
        if frame is not None:
            self._broadcast.publish("frame", frame)

    def publish(self, simulation: Simulation, **pace: Any) -> None:
        """Publish everything else. pace: further fields of the status, which the simulation does not know."""
        sim = simulation.sim
        self._publish_models(sim)
        self._publish_ram(sim)
        self._broadcast.publish("timing", write_text("timing", frames=simulation.timeline.rows()))
        self._broadcast.publish("status", told(lambda: write_text("status", **_status(simulation), **pace)))

    def _publish_models(self, sim: AppBoard) -> None:
        specs = [(str(spec.title), str(spec.folder)) for spec in sim.specs]
        known = (specs, self._judged)
        if known != self._models:
            self._models = known
            verdicts, judged = self._verdicts, self._judged
            texts = told(lambda: write_text("models", rows=verdicts.rows(specs), note=verdicts.note if judged else ""))
            self._broadcast.publish("models", texts)

    def _publish_ram(self, sim: AppBoard) -> None:
        network = sim.network
        # Drawing the RAM takes too long for every status: do it only for another network.
        if network is not self._network:
            self._network = network
            texts = told(lambda: write_text("airam", **airam.document(network, sim.title)))
            self._broadcast.publish("airam", texts)


NOTHING = {"lines": [], "points": [], "outputs": [], "view": [0, 0]}


def _extras(sim: AppBoard) -> dict[str, Any]:
    """Return what the model shows beside its results, as numbers and as lines of text, and what it has learnt."""
    fields = sim.extras()
    spec = sim.specs[sim.selected] if sim.selected < len(sim.specs) else None
    numbers = {name: fields.get(name, []) for name in NAMES}
    shown = view(spec.width, spec.height) if spec is not None and fields else (0, 0)
    return {"extras": {"lines": extra_lines(fields), **numbers, "view": list(shown)}, "learnt": sim.learnt()}


def _status(simulation: Simulation) -> dict[str, Any]:
    sim = simulation.sim
    heap, ordered = sim.heap(), sim.ordered()
    return {
        "now": sim.now,
        # A stopped board keeps its last state in memory, but a person sees it as off.
        "state": "OFF" if simulation.stopped else sim.state,
        "title": sim.title,
        "index": sim.selected,
        "fps": sim.fps,
        "frames": sim.frames,
        "results": [] if simulation.stopped else sim.detections(),
        "classes": [] if simulation.stopped else sim.classes(),
        **(_extras(sim) if not simulation.stopped else {"extras": NOTHING, "learnt": None}),
        "fault": tr("{reason}; switch the power off and on", reason=retold(simulation.stopped))
        if simulation.stopped
        else sim.fault[1],
        "code": sim.fault[0],
        "card": sim.card_inserted,
        "camera": sim.camera_connected,
        "memory": {
            "capacity": heap.capacity,
            "gc": heap.python,
            "gc_used": heap.python_used,
            "free": heap.free,
            "largest": heap.largest,
            "blocks": [list(block) for block in heap.blocks],
        },
        "orders": {
            "load": ordered["load"],
            "run": ordered["run"],
            "damaged": damaged(sim),
            "slow": sim.slow,
        },
        "source": simulation.camera_view.document(),
        "recording": simulation.recording(),
    }


def damaged(sim: AppBoard) -> list[int]:
    """Return the indices of the models whose file is damaged."""
    return [index for index, spec in enumerate(sim.specs) if kmodel_path(spec) in sim.damaged]


def kmodel_path(spec: Any) -> str:
    """Return the path of a model's file on the card, "" if it is in flash or unknown."""
    path = spec.kmodel
    return path.partition("/sd/")[2] if isinstance(path, str) else ""


def firmware_of(flavour: str) -> str:
    """Return the firmware for the check, which runs in another folder."""
    image = image_path(flavour)
    return str(image.resolve()) if image else flavour
