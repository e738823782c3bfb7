"""`maixswitch pack`: models, and a firmware if asked, as a package for the flash chip; their model.json follow."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from maixswitch import board_code, files
from maixswitch.card.check import Options, check
from maixswitch.card.flash.flash_map import FILE_SYSTEM, MODELS_START, SECTOR, STEP, Extent
from maixswitch.card.flash.package import Package, Part, judge, package_bytes, package_of, unwrapped
from maixswitch.card.importing.naming import kmodel_name
from maixswitch.card.importing.writing import document
from maixswitch.card.json_text import BOM
from maixswitch.card.reading import MODELS, Card, Model
from maixswitch.errors import EXIT_USAGE, MaixSwitchError
from maixswitch.findings.finding import Finding, finding
from maixswitch.findings.table import ERROR
from maixswitch.k210.image import read_image
from maixswitch.language import tr

FIRMWARE = "firmware.bin"


@dataclass(frozen=True)
class Wanted:
    """What to pack.

    firmware: an image to put at address 0; None for none.
    at: the address of the first model.
    board: the board for which the models are judged; "" for that of the card.
    """

    firmware: Path | None = None
    at: int = MODELS_START
    board: str = ""


@dataclass
class Network:
    """A .kmodel to pack.

    json: the path of its model.json on the PC; None for a bare file.
    steps: where "kmodel" lies in model.json: () for the model itself, ("stages", 0) for its first stage.
    place: as findings name it.
    fixed: the address that model.json states already, None for a free choice.
    """

    json: Path | None
    steps: tuple[str | int, ...]
    place: str
    title: str
    file: str
    data: bytes = field(repr=False)
    fixed: int | None = None
    part: str = ""
    address: int = 0


@dataclass
class Packed:
    """The result. It holds no file yet: `write` makes them.

    findings: why nothing can be packed; then the rest is of no use.
    package: what goes into the flash chip.
    networks: the models in it.
    texts: the new model.json of each model, by its path.
    """

    findings: list[Finding] = field(default_factory=list)
    package: Package = field(default_factory=lambda: Package(()))
    networks: list[Network] = field(default_factory=list)
    texts: dict[Path, bytes] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Can the package be written?"""
        return not any(item.severity == ERROR for item in self.findings)


def pack(sources: Sequence[Path], wanted: Wanted) -> Packed:
    """Lay out the models of cards, of models' folders and of bare .kmodel files in the flash chip.

    Raises MaixSwitchError for a source or a firmware that cannot be read, and for an address that no model may have.
    """
    if wanted.at % SECTOR or not 0 < wanted.at < FILE_SYSTEM:
        raise MaixSwitchError(
            tr(
                "--at {address}: expected a multiple of {step} below {end}, such as {usual}",
                address=hex(wanted.at),
                step=SECTOR,
                end=hex(FILE_SYSTEM),
                usual=hex(MODELS_START),
            ),
            EXIT_USAGE,
        )
    result = Packed()
    firmware = None if wanted.firmware is None else _firmware(wanted.firmware, result)
    cards = [_source(path, wanted, result) for path in sources]
    for card in cards:
        result.networks += _networks(card, result)
    if not result.ok:
        return result
    parts = ([firmware] if firmware else []) + _placed(result.networks, wanted.at)
    extras: dict[str, bytes] = {}
    for card in cards:
        _add_texts(card, result, extras)
    result.package = package_of(tuple(sorted(parts, key=lambda part: (part.address or 0, part.name))), extras)
    result.findings += judge(result.package)
    return result


def write(result: Packed, out: Path, keep: bool) -> None:
    """Write the package, and each model.json unless `keep`: all of them or none."""
    contents = {} if keep else {path: text for path, text in result.texts.items() if _bytes(path) != text}
    files.write_all({**contents, out: package_bytes(result.package)})


def _bytes(path: Path) -> bytes:
    return files.read(path)


def _firmware(path: Path, result: Packed) -> Part | None:
    """Return the part of a firmware: a .bin, the .kfpkg of a firmware, or what a flashing tool wrote."""
    image = read_image(path)
    data = image.code if image.inside else unwrapped(files.read(path))
    if data is None:
        result.findings.append(
            finding("C685", str(path), found=tr("a SHA-256 that does not match"), wanted=tr("a file that is complete"))
        )
        return None
    return Part(FIRMWARE, 0, True, len(data), data)


def _source(path: Path, wanted: Wanted, result: Packed) -> Card:
    """Read a source, and take the errors that `check` finds in its models: what does not load must not be burnt."""
    try:
        options = Options(wanted.board, (str(wanted.firmware),) if wanted.firmware else ())
        report = check(path, options)
    except MaixSwitchError:
        if wanted.firmware is None:
            raise
        # Whose memory nobody knows: a firmware of other people, for which the usual ones stand.
        report = check(path, Options(wanted.board))
    whole = report.kind != "card"
    for item in report.findings:
        if item.severity == ERROR and (whole or report.owner(item) or item.code == "C100"):
            result.findings.append(item)
    if report.kind in ("image", "package"):
        raise MaixSwitchError(tr("{path}: expected a card, a model's folder or a .kmodel", path=path), EXIT_USAGE)
    card = Card(path, None)
    if not card.models:
        result.findings.append(finding("C100", MODELS, card=card.shell))
    return card


def _networks(card: Card, result: Packed) -> Iterator[Network]:
    for model in card.models:
        for at, network in enumerate((model, *model.stages)):
            steps: tuple[str | int, ...] = ("stages", at - 1) if at else ()
            path = None if card.kind == "kmodel" else _folder(card, model) / "model.json"
            place = network.json if path is not None else network.file
            where = network.spec.kmodel if network.spec is not None else None
            fixed, stated = where if isinstance(where, tuple) else (None, 0)
            if not network.file:
                wanted = tr("the .kmodel beside model.json, with {size} bytes", size=stated)
                result.findings.append(finding("C688", place, network.prefix + "kmodel", wanted=wanted))
                continue
            title = model.title if network is model else f"{model.title}, {network.prefix.rstrip('.')}"
            yield Network(path, steps, place, title, network.file, card.read(network.file), fixed)


def _folder(card: Card, model: Model) -> Path:
    return card.path / model.place if card.kind == "card" else card.path


def _placed(networks: list[Network], at: int) -> list[Part]:
    """Give each network its part and its address, one behind the other; those with an address keep it."""
    parts: list[Part] = []
    # What model.json states comes first, because the others can make way.
    for network in sorted(networks, key=lambda item: item.fixed is None):
        # Models may share a file, with other labels or another threshold.
        same = [part for part in parts if part.data == network.data and network.fixed in (None, part.address)]
        if not same:
            size = len(network.data)
            address = _free(parts, at, size) if network.fixed is None else network.fixed
            same = [Part(_name(network, parts), address, False, size, network.data)]
            parts += same
        network.part, network.address = same[0].name, same[0].address or 0
    return parts


def _free(parts: list[Part], at: int, size: int) -> int:
    """Return the first address from `at` on, in whole steps, where nothing lies for `size` bytes."""
    start = at
    for part in sorted(parts, key=lambda item: item.extent.start):
        if Extent("", start, start + size).overlaps(part.extent):
            start = -(-part.extent.end // STEP) * STEP
    return start


def _name(network: Network, parts: list[Part]) -> str:
    """Return a flat ASCII name for a part: that of its folder, whose number keeps the button's order, or its file's."""
    # Windows and macOS, where a flashing tool unpacks it, ignore case.
    taken = {part.name.casefold() for part in parts}
    path = PurePosixPath(network.file)
    stage = f"-stage{int(network.steps[1]) + 1}" if network.steps else ""
    name = kmodel_name((path.parent.name or path.stem) + stage)
    first, number = name.removesuffix(".kmodel"), 1
    while name.casefold() in taken:
        number += 1
        name = f"{first}-{number}.kmodel"
    return name


def _add_texts(card: Card, result: Packed, extras: dict[str, bytes]) -> None:
    """Make the new model.json of each model of a card; add it and its texts to `extras`, for `import`.

    Raises MaixSwitchError if the board's own reader refuses one.
    """
    for model in card.models if card.kind != "kmodel" else ():
        path = _folder(card, model) / "model.json"
        fields = board_code.firmware_json().loads(card.read(model.json).removeprefix(BOM))
        for network in result.networks:
            if network.json == path:
                entry = fields
                for step in network.steps:
                    entry = entry[step]
                entry["kmodel"] = {"flash": network.address, "bytes": len(network.data)}
        texts = {"model.json": document(fields)}
        texts.update((name, card.read(f"{model.place}/{name}")) for name in _named_files(fields))
        _try_out(model, texts)
        result.texts[path] = texts["model.json"]
        # The sources may have folders of one name.
        folder, number = model.place, 1
        while f"{folder}/model.json" in extras:
            number += 1
            folder = f"{model.place}-{number}"
        extras.update((f"{folder}/{name}", data) for name, data in texts.items())


def _named_files(fields: dict[str, Any]) -> Iterator[str]:
    for entry in (fields, *fields.get("stages", ())):
        yield from (entry[key] for key in ("labels", "ascii_labels") if isinstance(entry.get(key), str))


def _try_out(model: Model, texts: dict[str, bytes]) -> None:
    """Raise MaixSwitchError if the board's reader refuses a new model.json."""
    with tempfile.TemporaryDirectory(prefix="maixswitch-") as scratch:
        folder = Path(scratch, model.folder)
        folder.mkdir()
        for name, data in texts.items():
            (folder / name).write_bytes(data)
        for file, name, found, expected in Card(folder, None).models[0].spec.problems:
            raise MaixSwitchError(f"{file} {name}: {found}; {expected}")
