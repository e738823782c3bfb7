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
MOST_STAGES = 4
"""Stages of a model (device/once/stages.py)."""


@dataclass(frozen=True)
class Network:
    """The file of one network on the card.

    file: its path; "" if model.json names none that is on the card.
    size: in bytes. head: its first HEAD bytes.
    """

    file: str = ""
    size: int = 0
    head: bytes = b""


@dataclass(frozen=True)
class CardModel:
    """A model's folder on the card.

    path: of its model.json.
    json: its contents, at most TEXT_LIMIT bytes.
    networks: the files of the model and of its stages, in the order of `named`.
    """

    path: str
    json: bytes
    networks: tuple[Network, ...] = ()


def probe(board: Askable, listed: Storage) -> list[CardModel]:
    """Read every model.json on the card, and the first bytes of each .kmodel that it names."""
    models = []
    # FAT ignores capitals, so the board finds a file that differs only there.
    known = {item.lower(): item for item in listed.files}
    for path in sorted(listed.files):
        if not (path.startswith(MODELS) and path.endswith("/model.json")):
            continue
        text = _bytes(board, path, TEXT_LIMIT)
        networks = []
        for _, name in named(text):
            wanted = f"{path.rpartition('/')[0]}/{name}".lower() if isinstance(name, str) else ""
            file = known.get(wanted, "")
            head = _bytes(board, file, HEAD) if file else b""
            networks.append(Network(file, listed.files.get(file, 0), head))
        models.append(CardModel(path, text, tuple(networks)))
    return models


def named(text: bytes) -> list[tuple[str, object]]:
    """Return the networks of a model.json, as the board reads it: (field, value) of each "kmodel", None without one.

    The model's own comes first, then those of its stages.
    """
    try:
        data = board_code.firmware_json().loads(text.removeprefix(BOM))
    except ValueError:
        data = None
    if not isinstance(data, dict):
        return [("", None)]
    rows: list[tuple[str, object]] = [("", data.get("kmodel"))]
    stages = data.get("stages")
    # No board loads more stages; what is longer is a mistake of model.json, which the app names.
    for at, stage in enumerate(stages[:MOST_STAGES] if isinstance(stages, list) else []):
        rows.append((f"stages[{at}].kmodel", stage.get("kmodel") if isinstance(stage, dict) else None))
    return rows


def judge(models: list[CardModel], firmware: Firmware) -> SubjectReport:
    """Return the number of models, and a finding for each network that the board cannot load."""
    report = SubjectReport()
    if models:
        report.fact("models", tr("models"), str(len(models)))
    for model in models:
        faults = 0
        rows = named(model.json)
        networks = [*model.networks, *[Network()] * (len(rows) - len(model.networks))]
        for (field, name), network in zip(rows, networks, strict=True):
            for found, wanted in _reasons(model, name, network, firmware):
                path = (network.file or model.path).removeprefix(f"{SD}/")
                report.findings.append(finding("B653", path, field, found, wanted))
                faults += 1
        # The networks of an entry are loaded together, so their sum counts.
        files = [(network.head, network.size) for network in networks if network.file]
        for found, wanted in _memory(files, firmware) if not faults else ():
            path = (networks[0].file if len(networks) == 1 else model.path).removeprefix(f"{SD}/")
            report.findings.append(finding("B653", path, "stages" if len(networks) > 1 else "", found, wanted))
    return report


def _reasons(model: CardModel, name: object, network: Network, firmware: Firmware) -> Iterator[tuple[str, str]]:
    """Yield what keeps the firmware from loading a network, and what was expected; nothing if it seems to load."""
    if name is None:
        yield str(mistake(model.json) or tr('no "kmodel"')), tr("a model.json that names a .kmodel")
        return
    # flash_models.py looks at a model in the flash chip.
    if not isinstance(name, str):
        return
    if not network.file:
        yield tr("{file}: missing", file=name), tr("the file that model.json names")
        return
    kind = file_kind(network.head)
    if kind.name not in (V3, V4):
        yield kind.message, tr("a kmodel v3 or v4")
    else:
        yield from _version(network.head, firmware)


def unloadable(head: bytes, size: int, firmware: Firmware) -> Iterator[tuple[str, str]]:
    """Yield what keeps the firmware from loading a kmodel v3 or v4 with this head, and what was expected."""
    yield from _version(head, firmware)
    yield from _memory([(head, size)], firmware)


def _version(head: bytes, firmware: Firmware) -> Iterator[tuple[str, str]]:
    if file_kind(head).name == V4 and firmware.v4 is False:
        yield "kmodel v4", tr("kmodel v3, or a firmware with v4 support")


def _memory(networks: list[tuple[bytes, int]], firmware: Firmware) -> Iterator[tuple[str, str]]:
    """Yield what the networks of one entry, (head, size) each, need together, if the firmware has less."""
    room = room_for_a_model(firmware)
    flavours = table()
    parts = []
    for head, size in networks:
        _, version, main, _, _ = board_code.kmodel_head().sniff(head)
        parts += [part for _, part in flavours.need_parts(version, size, main)]
    need = flavours.growth(parts) if parts else 0
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
