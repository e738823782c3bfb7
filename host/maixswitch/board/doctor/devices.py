"""Camera, panel and keys of a board. Nobody can ask whether a panel is there: its driver starts without one, too."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from maixswitch import board_code
from maixswitch.board.doctor.asking import Asked, one
from maixswitch.board.doctor.looks import Look
from maixswitch.board.doctor.storage import Storage
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
"""The board that the app takes it for when neither the card nor config.json names one."""


def board_of(found: Storage) -> Any:
    """The row of device/once/boards.py that the app itself takes: by maixswitch.json, config.json, or the default."""
    boards = board_code.boards()
    named = _json(found.texts.get("/sd/maixswitch.json")).get("board")
    if named in boards.names():
        return boards.find(named)
    row = None
    kind = _json(found.texts.get("/flash/config.json")).get("type")
    if isinstance(kind, str):
        row = boards.find_by_config(kind)
    return row or boards.find(DEFAULT)


def keys_of(found: Storage) -> list[tuple[int, str]]:
    """Pin and role of each key, as the card's settings or the board's row say."""
    said = _json(found.texts.get("/sd/maixswitch.json")).get("keys")
    rows: list[tuple[int, str]] = []
    for key in said if isinstance(said, list) else []:
        match key:
            case {"pin": int(pin), "role": str(role)} if 0 <= pin <= 47:
                rows.append((pin, role))
    return rows or [(pin, role) for pin, role in board_of(found).keys]


def camera(board: Asked) -> Look:
    """Three pictures of the camera."""
    return judge_camera(one(board, "camera()", 20.0))


def judge_camera(said: object) -> Look:
    """The finding, or the camera's name, of what the probe told."""
    look = Look()
    match said:
        case ("ok", int(number), int(width), int(height)):
            name = SENSORS.get(number, f"0x{number:x}")
            look.fact("camera", tr("camera"), tr("{name}, gives {size}", name=name, size=f"{width}x{height}"))
        case (str(step), str(why)):
            look.fact("camera", tr("camera"), tr("no picture") if step == "picture" else tr("does not answer"))
            look.findings.append(finding("B660" if step == "reset" else "B661", found=why))
        case _:
            look.findings.append(finding("B660", found=str(said)[:80]))
    return look


def panel(board: Asked, kind: int = 1) -> Look:
    """Starts the panel's driver; `kind` as lcd.init takes it."""
    return judge_panel(one(board, f"panel({int(kind)})", 10.0))


def judge_panel(said: object) -> Look:
    """The finding, or the panel's size, of what the probe told."""
    look = Look()
    match said:
        case ("ok", int(width), int(height)):
            size = f"{width}x{height}"
            look.fact(
                "panel", tr("panel"), tr("driver runs, {size}; whether a panel is there cannot be asked", size=size)
            )
        case (str(), str(why)):
            look.fact("panel", tr("panel"), tr("does not start"))
            look.findings.append(finding("B662", found=why))
        case _:
            look.findings.append(finding("B662", found=str(said)[:80]))
    return look


def keys(board: Asked, rows: list[tuple[int, str]], say: Callable[[str], None], seconds: int = KEY_SECONDS) -> Look:
    """Asks for each key to be pressed, one after the other; ``say`` tells the user which. A key held down counts as one
    that is not felt.
    """
    look = Look()
    for pin, role in rows:
        say(tr("Press the key IO{pin} ({role}) within {seconds} s.", pin=pin, role=role, seconds=seconds))
        try:
            said = one(board, f"key({pin}, {seconds * 1000})", seconds + 5.0)
        except BoardError as error:
            said = ("failed", str(error.finding.found))
        look.take(judge_key(said, pin, role))
    return look


def judge_key(said: object, pin: int, role: str) -> Look:
    """The finding, or when it was felt, of what the probe told of one key."""
    look = Look()
    name = tr("key IO{pin} ({role})", pin=pin, role=role)
    match said:
        case ("pressed", int(ms)):
            look.fact(f"key_{pin}", name, tr("felt after {seconds} s", seconds=f"{ms / 1000:.1f}"))
        case ("held", _):
            look.fact(f"key_{pin}", name, tr("down all the time"))
            look.findings.append(finding("B664", field=f"IO{pin}"))
        case ("failed", str(why)):
            look.fact(f"key_{pin}", name, tr("cannot be asked"))
            look.findings.append(finding("B665", field=f"IO{pin}", found=why))
        case _:
            look.fact(f"key_{pin}", name, tr("not felt"))
            look.findings.append(finding("B663", field=f"IO{pin}"))
    return look


def _json(data: bytes | None) -> dict[str, Any]:
    """A file's object, {} when there is none that can be used."""
    try:
        value = json.loads((data or b"{}").decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
