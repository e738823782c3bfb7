"""The camera, the panel and the keys of a board. A panel cannot be asked: its driver starts without one, too."""

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
from maixswitch.language import tr

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


def board_of(storage: Storage) -> Any:
    """Return the row of device/once/boards.py that the app uses: by maixswitch.json, config.json, or the default."""
    boards = board_code.boards()
    # The card's settings come first: with them a user corrects what the firmware's config.json says.
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
    listed = _json(storage.texts.get("/sd/maixswitch.json")).get("keys")
    rows: list[tuple[int, str]] = []
    for key in listed if isinstance(listed, list) else []:
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
        case (str(step), str(why)):
            report.fact("camera", tr("camera"), tr("no picture") if step == "picture" else tr("does not answer"))
            report.findings.append(finding("B660" if step == "reset" else "B661", found=why))
        case _:
            report.findings.append(finding("B660", found=str(answer)[:80]))
    return report


def panel(board: Askable, kind: int = 1) -> SubjectReport:
    """Start the panel's driver with `kind` as lcd.init takes it."""
    return judge_panel(one(board, f"panel({int(kind)})", 10.0))


def judge_panel(answer: object) -> SubjectReport:
    """Return the panel's size, or the finding, from the answer of the probe."""
    report = SubjectReport()
    match answer:
        case ("ok", int(width), int(height)):
            size = f"{width}x{height}"
            report.fact(
                "panel", tr("panel"), tr("driver runs, {size}; whether a panel is there cannot be asked", size=size)
            )
        case (str(), str(why)):
            report.fact("panel", tr("panel"), tr("does not start"))
            report.findings.append(finding("B662", found=why))
        case _:
            report.findings.append(finding("B662", found=str(answer)[:80]))
    return report


def keys(
    board: Askable, rows: list[tuple[int, str]], say: Callable[[str], None], seconds: int = KEY_SECONDS
) -> SubjectReport:
    """Ask the user to press each key, one after the other.

    say: tells the user which key.
    A key that is held down the whole time counts as not felt.
    """
    report = SubjectReport()
    for pin, role in rows:
        say(tr("Press the key IO{pin} ({role}) within {seconds} s.", pin=pin, role=role, seconds=seconds))
        try:
            # The board's own wait ends first, so that a key that was not pressed is an answer and not a failure of the
            # line.
            answer = one(board, f"key({pin}, {seconds * 1000})", seconds + 5.0)
        except BoardError as error:
            # A pin that cannot be asked must not keep the other keys from being tried.
            answer = ("failed", str(error.finding.found))
        report.take(judge_key(answer, pin, role))
    return report


def judge_key(answer: object, pin: int, role: str) -> SubjectReport:
    """Return when a key was felt, or the finding, from the answer of the probe."""
    report = SubjectReport()
    name = tr("key IO{pin} ({role})", pin=pin, role=role)
    match answer:
        case ("pressed", int(ms)):
            report.fact(f"key_{pin}", name, tr("felt after {seconds} s", seconds=f"{ms / 1000:.1f}"))
        case ("held", _):
            report.fact(f"key_{pin}", name, tr("down all the time"))
            report.findings.append(finding("B664", field=f"IO{pin}"))
        case ("failed", str(why)):
            report.fact(f"key_{pin}", name, tr("cannot be asked"))
            report.findings.append(finding("B665", field=f"IO{pin}", found=why))
        case _:
            report.fact(f"key_{pin}", name, tr("not felt"))
            report.findings.append(finding("B663", field=f"IO{pin}"))
    return report


def _json(data: bytes | None) -> dict[str, Any]:
    """Return the JSON object in a file, {} if there is none that can be used."""
    try:
        # Some editors of Windows put a byte order mark before the text.
        value = json.loads((data or b"{}").decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
