"""The models on a board's card: which of them its firmware cannot load, judged by the first bytes of each file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from maixswitch import board_code
from maixswitch.board.doctor.firmware import Firmware, guess, table
from maixswitch.board.doctor.questions import Askable, ask
from maixswitch.board.doctor.storage import SD, TEXT_LIMIT, Storage
from maixswitch.board.doctor.subject import SubjectReport
from maixswitch.card.json_text import BOM, mistake
from maixswitch.findings.finding import finding
from maixswitch.kmodel.format.sniff import V3, V4, file_kind
from maixswitch.kmodel.judge.memory import kib
from maixswitch.language import tr

MODELS = f"{SD}/models/"
HEAD = 128
"""Bytes of a .kmodel that the app's own reader needs."""
QVGA = (320, 240)


@dataclass(frozen=True)
class CardModel:
    """A model's folder on the card.

    path: of its model.json.
    json: its contents, at most TEXT_LIMIT bytes.
    file: the path of the .kmodel that it names; "" if it names none that is on the card.
    size: of that file, in bytes.
    head: its first HEAD bytes.
    """

    path: str
    json: bytes
    file: str = ""
    size: int = 0
    head: bytes = b""


def probe(board: Askable, listed: Storage) -> list[CardModel]:
    """Read every model.json on the card, and the first bytes of the .kmodel that it names."""
    models = []
    for path in sorted(listed.files):
        if not (path.startswith(MODELS) and path.endswith("/model.json")):
            continue
        text = _bytes(board, path, TEXT_LIMIT)
        name = kmodel_name(text)
        # FAT ignores capitals, so the board finds a file that differs only there.
        wanted = f"{path.rpartition('/')[0]}/{name}".lower() if isinstance(name, str) else ""
        file = next((item for item in listed.files if item.lower() == wanted), "")
        head = _bytes(board, file, HEAD) if file else b""
        models.append(CardModel(path, text, file, listed.files.get(file, 0), head))
    return models


def kmodel_name(text: bytes) -> object:
    """Return the value of "kmodel" in a model.json, as the board reads it; None without one."""
    try:
        data = board_code.firmware_json().loads(text.removeprefix(BOM))
    except ValueError:
        return None
    return data.get("kmodel") if isinstance(data, dict) else None


def judge(models: list[CardModel], firmware: Firmware) -> SubjectReport:
    """Return the number of models, and a finding for each that the board cannot load."""
    report = SubjectReport()
    if models:
        report.fact("models", tr("models"), str(len(models)))
    for model in models:
        for found, wanted in _reasons(model, firmware):
            path = (model.file or model.path).removeprefix(f"{SD}/")
            report.findings.append(finding("B653", path, found=found, wanted=wanted))
    return report


def _reasons(model: CardModel, firmware: Firmware) -> Iterator[tuple[str, str]]:
    """Yield what keeps the firmware from loading a model, and what was expected; nothing if it seems to load."""
    name = kmodel_name(model.json)
    if name is None:
        yield str(mistake(model.json) or tr('no "kmodel"')), tr("a model.json that names a .kmodel")
        return
    # flash_models.py looks at a model in the flash chip.
    if not isinstance(name, str):
        return
    if not model.file:
        yield tr("{file}: missing", file=name), tr("the file that model.json names")
        return
    kind = file_kind(model.head)
    if kind.name not in (V3, V4):
        yield kind.message, tr("a kmodel v3 or v4")
        return
    yield from unloadable(model.head, model.size, firmware)


def unloadable(head: bytes, size: int, firmware: Firmware) -> Iterator[tuple[str, str]]:
    """Yield what keeps the firmware from loading a kmodel v3 or v4 with this head, and what was expected."""
    if file_kind(head).name == V4 and firmware.v4 is False:
        yield "kmodel v4", tr("kmodel v3, or a firmware with v4 support")
        return
    room = room_for_a_model(firmware)
    _, version, main, _, _ = board_code.kmodel_head().sniff(head)
    flavours = table()
    need = flavours.growth(part for _, part in flavours.need_parts(version, size, main))
    if room is not None and need > room:
        yield tr("it needs {need} KiB", need=kib(need)), tr("at most {room} KiB", room=room // 1024)


def room_for_a_model(firmware: Firmware) -> int | None:
    """Return the bytes that are left for a model beside panel and camera; None if the board did not say.

    Only the banner's figure counts, since a program that ran may have taken memory that never comes back. It is up to
    28 KiB higher than at the prompt, so a model that is larger certainly does not load.
    """
    if firmware.free_at_start is None:
        return None
    flavours = table()
    names = guess(firmware)
    panel = flavours.find(names[0])[flavours.PANEL] if names else QVGA
    screen = flavours.lcd_bytes(*panel)
    return firmware.free_at_start - flavours.growth([screen, *flavours.camera_parts(*QVGA)])


def _bytes(board: Askable, path: str, limit: int) -> bytes:
    """Return at most `limit` bytes of a file of the board; b"" if it cannot be read."""
    return next((data for data in ask(board, f"text({path!r}, {limit})") if isinstance(data, bytes)), b"")
