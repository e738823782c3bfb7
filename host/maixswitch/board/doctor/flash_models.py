"""The models in a board's flash chip: whether it holds what the model.json on the card expects there."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping
from typing import Any
from zlib import crc32

from maixswitch import board_code
from maixswitch.board.doctor.firmware import Firmware
from maixswitch.board.doctor.models import CardModel, unloadable
from maixswitch.board.doctor.questions import Askable, ask, one
from maixswitch.board.doctor.storage import SD, Storage
from maixswitch.board.doctor.subject import SubjectReport
from maixswitch.card.flash.flash_map import SIZE, Extent
from maixswitch.card.json_text import BOM
from maixswitch.card.reading import KMODEL_ENDS
from maixswitch.findings.finding import finding
from maixswitch.kmodel.format.sniff import V3, V4, file_kind
from maixswitch.language import tr

LARGEST = 0x600000
"""Bytes of the largest model that a firmware loads."""
LABELS_LIMIT = 65535
SECONDS = 60.0
"""For the CRC32 of the largest model, during which the board says nothing."""


@dataclasses.dataclass(frozen=True)
class FlashModel:
    """A network that model.json expects in the flash chip.

    path: of its model.json on the board. field: that names the address.
    address, size: what model.json states.
    read: whether the firmware can read its flash chip.
    head, crc: the first bytes there, and the CRC32 of `size` bytes.
    wanted: the CRC32 of what should be there, by where that is known from; {} if it is not known.
    problems: what the app's own reader finds if it takes the head together with model.json.
    """

    path: str
    field: str
    address: int
    size: int
    read: bool = False
    head: bytes = b""
    crc: int = 0
    wanted: Mapping[str, int] = dataclasses.field(default_factory=dict)
    problems: tuple[str, ...] = ()

    @property
    def extent(self) -> Extent:
        """Where it is expected."""
        return Extent(self.path.removeprefix(f"{SD}/"), self.address, self.address + self.size)


def probe(board: Askable, listed: Storage, models: list[CardModel], contents: Mapping[int, bytes]) -> list[FlashModel]:
    """Read the flash chip at each address that a model.json of the card names.

    contents: what the user says that the chip should hold, by address.
    """
    models_read = []
    for model in models:
        try:
            data = board_code.firmware_json().loads(model.json.removeprefix(BOM))
        except ValueError:
            continue
        for name, entry in _entries(data):
            where = entry.get("kmodel")
            address, size = (where.get("flash"), where.get("bytes")) if isinstance(where, dict) else (None, None)
            # Numbers that the board's reader refuses as well; True is an integer in Python.
            if type(address) is not int or type(size) is not int or not 0 < size <= LARGEST or not 0 < address <= SIZE:
                continue
            answer = one(board, f"chip({address}, {size})", SECONDS)
            if not isinstance(answer, tuple) or len(answer) != 2:
                models_read.append(FlashModel(model.path, name, address, size))
                continue
            wanted = _wanted(board, listed, model.path, address, size, contents)
            head = bytes(answer[0])
            problems = () if name != "kmodel" else _problems(board, listed, model.path, data, address, head)
            models_read.append(
                FlashModel(model.path, name, address, size, True, head, int(answer[1]), wanted, problems)
            )
    return models_read


def judge(models: list[FlashModel], firmware: Firmware, port: str) -> SubjectReport:
    """Return how many models in the flash chip are as expected, and a finding for each that is not."""
    report = SubjectReport()
    good = 0
    for model in models:
        file = model.extent.name
        if not model.read:
            report.findings.append(finding("B678", file, model.field, found=model.extent))
            continue
        bad = list(_reasons(model, firmware))
        good += not bad
        for code, found, wanted in bad:
            extent = f"{model.extent}: {found}"
            report.findings.append(finding(code, file, model.field, found=extent, wanted=wanted, port=port))
    looked = [model for model in models if model.read]
    if looked:
        text = tr("{good} of {all} as the card expects", good=good, all=len(looked))
        report.fact("flash_models", tr("models in the flash chip"), text)
    return report


def _reasons(model: FlashModel, firmware: Firmware) -> Iterator[tuple[str, str, str]]:
    """Yield code, found and expected for what is wrong with a model in the flash chip."""
    kind = file_kind(model.head)
    if kind.name not in (V3, V4):
        erased = not model.head.strip(b"\xff")
        yield "B676", tr("nothing, the chip is erased there") if erased else kind.message, tr("a kmodel v3 or v4")
        return
    other = [name for name, crc in model.wanted.items() if crc != model.crc]
    if other:
        found = tr("{kind} with the CRC32 {crc}", kind=kind.name, crc=f"{model.crc:08x}")
        names = ", ".join(f"{name}: {model.wanted[name]:08x}" for name in other)
        yield "B677", found, names
        return
    for problem in model.problems:
        yield "B677", problem, tr("what model.json says")
        return
    for found, wanted in unloadable(model.head, model.size, firmware):
        yield "B653", found, wanted


def _entries(data: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the entries of a model.json with a kmodel, with the name of their field."""
    if isinstance(data, dict):
        yield "kmodel", data
        stages = data.get("stages")
        for at, stage in enumerate(stages if isinstance(stages, list) else []):
            if isinstance(stage, dict):
                yield f"stages[{at}].kmodel", stage


def _wanted(
    board: Askable, listed: Storage, path: str, address: int, size: int, contents: Mapping[int, bytes]
) -> dict[str, int]:
    """Return the CRC32 of what should be there: by the user's package, else by the file that lies beside model.json."""
    if address in contents:
        return {tr("the package"): crc32(contents[address][:size])}
    folder = path.rpartition("/")[0]
    beside = [
        name
        for name, length in listed.files.items()
        if name.startswith(f"{folder}/") and name.lower().endswith(KMODEL_ENDS) and length == size
    ]
    if len(beside) != 1:
        return {}
    answer = one(board, f"file_crc({beside[0]!r})", SECONDS)
    return {beside[0].removeprefix(f"{SD}/"): answer} if isinstance(answer, int) else {}


def _problems(
    board: Askable, listed: Storage, path: str, data: dict[str, Any], address: int, head: bytes
) -> tuple[str, ...]:
    """Return what the app's own reader says of this model.json with this head in the flash chip."""
    folder = path.rpartition("/")[0]
    files = {"models/m/model.json": json.dumps(data).encode()}
    for key in ("labels", "ascii_labels"):
        name = f"{folder}/{data.get(key)}"
        if isinstance(data.get(key), str) and name in listed.files:
            content = next((item for item in ask(board, f"text({name!r}, {LABELS_LIMIT})")), None)
            if isinstance(content, bytes):
                files[f"models/m/{data[key]}"] = content
    fake = board_code.bench()
    fake.install()
    fake.reset()
    fake.card.insert(fake.MemoryCard(files))
    # Without a head the same reader says what else is wrong, which is the business of check.
    before = {problem[1:3] for spec in board_code.catalog().read("/sd", None) for problem in spec.problems}
    fake.kpu.flash[address] = head
    after = [problem for spec in board_code.catalog().read("/sd", None) for problem in spec.problems]
    return tuple(f"{name}: {found}; {wanted}" for _, name, found, wanted in after if (name, found) not in before)
