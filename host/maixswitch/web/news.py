"""What the pages get to know of the board: frames, status, models, AI RAM, times and events."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from maixswitch import __version__, board_code
from maixswitch.language import LANGUAGES, catalogue, chosen, tr
from maixswitch.sim.rig import Rig
from maixswitch.sim.view import describe
from maixswitch.web import airam
from maixswitch.web.desk import Desk
from maixswitch.web.hub import Hub
from maixswitch.web.messages import MOST_BYTES, SLOWS, write_frame, write_text
from maixswitch.web.pictures import MOST_PHOTOS, WEBCAM_BYTES
from maixswitch.web.texts import PAGE
from maixswitch.web.verdicts import Verdicts, judge


def hello(rig: Rig) -> str:
    """What a page needs once: the board, its keys with what they do, the table, and every text of the page."""
    boards = board_code.boards()
    meant = {int(pin): (short, long) for pin, short, long in boards.gestures(rig.keys)} if rig.keys else {}
    chinese = catalogue("zh")
    return write_text(
        "hello",
        version=__version__,
        board=rig.board,
        firmware=rig.flavour,
        keys=[
            {"number": number, "role": role, "pin": pin, "short": meant[pin][0], "long": meant[pin][1] or ""}
            for number, (pin, role) in enumerate(rig.keys, 1)
        ],
        rows=[[state, event, list(actions), after] for state, event, actions, after in board_code.transitions()],
        codes=_codes(),
        slows=SLOWS,
        texts={"en": {text: text for text in PAGE}, "zh": {text: chinese.get(text, text) for text in PAGE}},
        languages=list(LANGUAGES),
        limits={"bytes": MOST_BYTES, "photos": MOST_PHOTOS, "webcam": WEBCAM_BYTES},
    )


def _codes() -> list[list[Any]]:
    """The firmware's codes that the app knows, each with its name."""
    describe = board_code.device_errors().describe
    return [[code, describe(code)[0]] for code in board_code.error_codes() if 2000 < code < 2100]


class News:
    """Says on the hub what has changed on the desk since it was last told; the board's thread alone calls it."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._frame: bytes | None = None  # none yet, not even "no panel"
        self._models: Any = None
        self._network: Any = self  # none yet, not even "no network"
        self._language = ""
        self._verdicts = Verdicts({})
        self._judged = 0  # number of the check that they are from, 0 for none
        self._checks = 0

    def judge(self, card: Path, board: str, firmware: str) -> None:
        """Has the card checked, beside everything else; the verdicts of the newest check come when they are there."""
        self._checks += 1
        number = self._checks

        def look() -> None:
            verdicts = judge(card, board, firmware)
            if number == self._checks:  # else the card was read anew meanwhile
                self._verdicts, self._judged = verdicts, number

        threading.Thread(target=look, name="check", daemon=True).start()

    def tell_event(self, document: dict[str, Any]) -> None:
        """One event of the log, as the terminal tells it."""
        kind = document["event"]
        line = describe(document).partition("s  ")[2]
        row = [document["old"], document["cause"], document["new"]] if kind == "state" else None
        self._hub.publish("", write_text("event", t=document["t"], kind=kind, text=line, row=row))

    def tell_error(self, text: str, client: int) -> None:
        """What went wrong with a wish, to who wished it."""
        self._hub.publish("", write_text("error", text=text), client)

    def tell_ousted(self, client: int) -> None:
        """Something took the place of that page's webcam."""
        self._hub.publish("", write_text("ousted"), client)

    def tell_frame(self, desk: Desk) -> None:
        """The panel, when it has changed."""
        pixels, width, height = desk.rig.panel()
        if pixels != self._frame:
            self._frame = pixels
            self._hub.publish("frame", write_frame(pixels, width, height, desk.rig.now))

    def tell(self, desk: Desk, **pace: Any) -> None:
        """Everything else; `pace` are fields of the status that the desk does not know."""
        rig = desk.rig
        self._tell_models(rig)
        self._tell_ram(rig)
        self._hub.publish("timing", write_text("timing", frames=desk.timeline.rows()))
        self._hub.publish("status", write_text("status", **_status(desk), **pace))
        self._language = chosen()

    def _tell_models(self, rig: Rig) -> None:
        specs = [(str(spec.title), str(spec.folder)) for spec in rig.app.catalog or ()] if rig.app else []
        known = (specs, self._judged, chosen())
        if known != self._models:
            self._models = known
            text = write_text(
                "models", rows=self._verdicts.rows(specs), note=self._verdicts.note if self._judged else ""
            )
            self._hub.publish("models", text)

    def _tell_ram(self, rig: Rig) -> None:
        network = airam.loaded(rig.bench)
        if network is not self._network or chosen() != self._language:
            self._network = network
            loaded = rig.app.slot.loaded if rig.app else None
            title = str(loaded.title) if loaded else ""
            self._hub.publish("airam", write_text("airam", **airam.document(network, title)))


def _status(desk: Desk) -> dict[str, Any]:
    rig, bench = desk.rig, desk.rig.bench
    app, memory = rig.app, bench.memory
    return {
        "now": rig.now,
        "state": "OFF" if desk.stopped else rig.state,
        "title": rig.title,
        "index": int(app.selected) if app else 0,
        "fps": int(app.fps) if app else 0,
        "frames": rig.frames,
        "results": [] if desk.stopped else rig.detections(),
        "fault": tr("{what}; switch the power off and on", what=desk.stopped) if desk.stopped else rig.fault[1],
        "card": bool(bench.card.inserted),
        "camera": bool(bench.camera.connected),
        "memory": {
            "capacity": int(memory.capacity),
            "gc": int(memory.gc_capacity),
            "gc_used": int(memory.gc_used),
            "free": int(memory.free()),
            "largest": int(memory.largest()),
            "blocks": [[str(name), int(size)] for name, size in memory.items()],
        },
        "orders": {
            "load": rig.engine.failures.load or 0,
            "run": rig.engine.failures.run or 0,
            "damaged": damaged(rig),
            "slow": rig.slow,
        },
        "source": desk.lens.document(),
        "recording": desk.recording(),
        "language": chosen(),
    }


def damaged(rig: Rig) -> list[int]:
    """Indices of the models whose file is damaged."""
    specs = rig.app.catalog or () if rig.app else ()
    return [index for index, spec in enumerate(specs) if kmodel_path(spec) in rig.card.damaged]


def kmodel_path(spec: Any) -> str:
    """Where a model's file lies on the card, "" for one that lies in flash or is not known."""
    place = spec.kmodel
    return place.partition("/sd/")[2] if isinstance(place, str) else ""


def firmware_of(flavour: str) -> str:
    """The name of a flavour as the check knows it."""
    return flavour or board_code.flavours().DEFAULT
