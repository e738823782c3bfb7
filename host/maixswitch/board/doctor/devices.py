"""The camera, the panel and the keys of a board. The panel's driver starts even if no panel is connected."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from maixswitch import board_code
from maixswitch.board.doctor.questions import Askable, one
from maixswitch.board.doctor.storage import Storage
from maixswitch.board.doctor.subject import SubjectReport
from maixswitch.board.failures import BoardError
from maixswitch.findings.finding import finding
from maixswitch.language import tr, word

SENSORS = {
    0x2642: "OV2640",
    0x7742: "OV7740",
    0x9D: "GC0328",
    0x45: "GC2145",
    0x5640: "OV5640",
    0x5642: "OV5642",
    0x3660: "OV3660",
}
KEY_SECONDS = 10
DEFAULT = "dock"
"""The board that the app assumes if neither the card nor config.json names one."""
ROLES = ("primary", "next", "prev")
"""The roles of keys (device/once/boards.py), which people read in their language."""


def board_of(storage: Storage) -> Any:
    """Return the row of device/once/boards.py that the app uses: by maixswitch.json, config.json, or the default."""
    boards = board_code.boards()
    # The card's settings come first: a user writes them to correct the firmware's config.json.
    name = _json(storage.texts.get("/sd/maixswitch.json")).get("board")
    if name in boards.names():
        return boards.find(name)
    row = None
    kind = _json(storage.texts.get("/flash/config.json")).get("type")
    if isinstance(kind, str):
        row = boards.find_by_config(kind)
    return row or boards.find(DEFAULT)


def keys_of(storage: Storage) -> list[tuple[int, str]]:
    """Return the pin and the role of each key, from the card's settings or the board's row."""
    settings = _json(storage.texts.get("/sd/maixswitch.json")).get("keys")
    rows: list[tuple[int, str]] = []
    for key in settings if isinstance(settings, list) else []:
        match key:
            case {"pin": int(pin), "role": str(role)} if 0 <= pin <= 47:
                rows.append((pin, role))
    return rows or [(pin, role) for pin, role in board_of(storage).keys]


def camera(board: Askable) -> SubjectReport:
    """Take three pictures with the camera."""
    return judge_camera(one(board, "camera()", 20.0))


def judge_camera(answer: object) -> SubjectReport:
    """Return the camera's name, or the finding, from the answer of the probe."""
    report = SubjectReport()
    match answer:
        case ("ok", int(number), int(width), int(height)):
            name = SENSORS.get(number, f"0x{number:x}")
            report.fact("camera", tr("camera"), tr("{name}, gives {size}", name=name, size=f"{width}x{height}"))
        case (str(step), str(reason)):
            report.fact("camera", tr("camera"), tr("no picture") if step == "picture" else tr("does not answer"))
            report.findings.append(finding("B660" if step == "reset" else "B661", found=reason))
        case _:
            report.findings.append(finding("B660", found=str(answer)[:80]))
    return report


def panel(board: Askable, kind: int = 1) -> SubjectReport:
    """Start the panel's driver. `kind` is the `type` argument of lcd.init."""
    return judge_panel(one(board, f"panel({int(kind)})", 10.0))


def judge_panel(answer: object) -> SubjectReport:
    """Return the panel's size, or the finding, from the answer of the probe."""
    report = SubjectReport()
    match answer:
        case ("ok", int(width), int(height)):
            size = f"{width}x{height}"
            text = tr("the driver runs, {size}; it cannot tell whether a panel is connected", size=size)
            report.fact("panel", tr("panel"), text)
        case (str(), str(reason)):
            report.fact("panel", tr("panel"), tr("does not start"))
            report.findings.append(finding("B662", found=reason))
        case _:
            report.findings.append(finding("B662", found=str(answer)[:80]))
    return report


def keys(
    board: Askable, rows: list[tuple[int, str]], say: Callable[[str], None], seconds: int = KEY_SECONDS
) -> SubjectReport:
    """Ask the user to press each key, one after the other.

    rows: the pin and the role of each key.
    say: tells the user which key.
    seconds: how long to wait for each key.
    A key that is held down all the time is a finding.
    """
    report = SubjectReport()
    for pin, role in rows:
        say(tr("Press the key IO{pin} ({role}) within {seconds} s.", pin=pin, role=word(role), seconds=seconds))
        try:
            # The board stops waiting first. A key that was not pressed is then an answer, not a failure of the line.
            answer = one(board, f"key({pin}, {seconds * 1000})", seconds + 5.0)
        except BoardError as error:
            # If one pin cannot be read, the other keys can still be tried.
            answer = ("failed", str(error.finding.found))
        report.take(judge_key(answer, pin, role))
    return report


def judge_key(answer: object, pin: int, role: str) -> SubjectReport:
    """Return how long it took to press the key, or the finding, from the answer of the probe."""
    report = SubjectReport()
    name = tr("key IO{pin} ({role})", pin=pin, role=word(role))
    match answer:
        case ("pressed", int(ms)):
            report.fact(f"key_{pin}", name, tr("pressed after {seconds} s", seconds=f"{ms / 1000:.1f}"))
        case ("held", _):
            report.fact(f"key_{pin}", name, tr("pressed all the time"))
            report.findings.append(finding("B664", field=f"IO{pin}"))
        case ("failed", str(reason)):
            report.fact(f"key_{pin}", name, tr("cannot be read"))
            report.findings.append(finding("B665", field=f"IO{pin}", found=reason))
        case _:
            report.fact(f"key_{pin}", name, tr("no press detected"))
            report.findings.append(finding("B663", field=f"IO{pin}"))
    return report


def _json(data: bytes | None) -> dict[str, Any]:
    """Return the JSON object in a file; {} if it is missing or invalid."""
    try:
        # Some Windows editors put a byte order mark before the text.
        value = json.loads((data or b"{}").decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
