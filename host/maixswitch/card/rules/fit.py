"""Rules that compare a model with the firmwares: the kmodel versions that they load, the memory that they leave."""

from __future__ import annotations

from collections.abc import Iterator

from maixswitch.card.options import Options
from maixswitch.card.reading import Card, Model
from maixswitch.findings.finding import Finding, finding
from maixswitch.k210.board_firmware import powering, unpowered
from maixswitch.kmodel.judge.firmware import Firmware
from maixswitch.kmodel.judge.memory import QVGA, Memory, kib, memory
from maixswitch.language import tr


def look(card: Card, options: Options) -> Iterator[Finding]:
    """Yield what a firmware lacks, and for each model that does not fit, one finding."""
    if options.firmware:
        for name, item in zip(options.firmware, options.flavours, strict=True):
            # Without a version, the board may have a firmware that is newer than all known ones.
            if item.file or "@" in name:
                yield from versions(item, options)
    board = options.row
    for item in options.flavours:
        chip = unpowered(board, item.power_chip) if board is not None else ""
        if board is not None and chip:
            yield finding("C229", wanted=chip, firmware=item.name, images=", ".join(powering(board)))
    for model in card.models:
        yield from fit(model, options)


def versions(item: Firmware, options: Options) -> Iterator[Finding]:
    """Yield what the app needs and this version of the firmware does not have."""
    for code, needed in (("C222", True), ("C223", False)):
        lacking = item.lacks(needed, options.lcd_type)
        if lacking:
            yield finding(code, found=", ".join(lacking), wanted=tr("v0.6.2-78 or later"), firmware=item.name)


def verdicts(model: Model, options: Options) -> list[Memory]:
    """Return the memory that the model and its stages need on each chosen firmware; [] without a kmodel."""
    kmodel = model.kmodel
    parts = [part.kmodel for part in model.stages if part.kmodel is not None]
    # Without one of its networks the app does not load the entry, and another rule reports why.
    if kmodel is None or len(parts) < len(model.stages):
        return []
    return [
        memory(kmodel, item, QVGA, options.panel, options.gc_kib, forward=model.forward, stages=parts)
        for item in options.flavours
    ]


def fit(model: Model, options: Options) -> Iterator[Finding]:
    """Yield an error if the model fits no chosen firmware, or a note if it fits only some."""
    kmodel = model.kmodel
    # The memory of an unknown layer cannot be computed; C210 reports the layer.
    judged = verdicts(model, options)
    if kmodel is None or not judged or any(item.verdict.kind == "layer" for item in judged):
        return
    fitting = [item.firmware.name for item in judged if item.verdict.fits]
    names = ", ".join(item.firmware.name for item in judged)
    # The card works with one fitting firmware, so the others are worth a note, not an error.
    if fitting:
        too_small = [item.firmware.name for item in judged if not item.verdict.fits]
        if too_small:
            yield finding(
                "C207", model.file, found=tr("not {names}", names=", ".join(too_small)), fits=", ".join(fitting)
            )  # fmt: skip
        return
    # The loader refuses an unknown version before it allocates memory, so the version comes first.
    newest = max(part.kmodel.version for part in (model, *model.stages) if part.kmodel is not None)
    version = f"kmodel v{newest}"
    able = [item for item in judged if item.verdict.kind != "version"]
    if not able:
        yield finding("C208", model.file, found=version, wanted="kmodel v3", firmware=names)
        return
    # Memory does not help where the model loads and every picture is refused.
    running = [item for item in able if item.verdict.kind != "forward"]
    if not running:
        refusing = ", ".join(item.firmware.name for item in able)
        yield finding("C231", model.file, found=version, wanted="kmodel v3", firmware=refusing)
        return
    # Give the advice that costs least: a smaller Python heap takes one command, another firmware or network much work.
    best = max(running, key=lambda item: (item.verdict.kind == "gc", item.left))
    heap = best.verdict.gc_kib
    if heap is not None:
        yield finding("C212", model.file, found=f"{best.firmware.name}: {best.account}", bytes=heap * 1024, kib=heap)
    else:
        yield finding(
            "C206", model.file, found=f"{best.firmware.name}: {best.account}", wanted=room(best), firmware=names
        )


def room(item: Memory) -> str:
    """Return the KiB by which the model must become smaller, as a text."""
    return tr("{missing} KiB less", missing=kib(-item.left))
