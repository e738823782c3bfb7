"""The report of `maixswitch check` for people: model by model, errors first, then counts and the next step."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from maixswitch.card.check import ModelReport, Report
from maixswitch.console import visible
from maixswitch.findings.lines import listed
from maixswitch.findings.table import ERROR, NOTE, WARNING
from maixswitch.kmodel.judge.memory import rooms
from maixswitch.language import tr


def text(report: Report) -> str:
    """Return the report as one text without colour."""
    return "\n".join(visible(line).replace("\n", "\\n") for line in lines(report))


def lines(report: Report) -> Iterator[str]:
    """Yield the lines of the report."""
    general = report.of("")
    if general:
        yield tr("The card") if report.kind == "card" else str(report.path)
        yield from listed(general, "")
        yield ""
    for model in report.models:
        yield head(model, report)
        yield from listed(report.of(model.place), model.place)
        yield ""
    yield counts(report)
    yield tr("Judged for: {firmwares}", firmwares=", ".join(item.name for item in report.options.flavours))
    yield rooms(report.options.rooms)
    yield tr("Next: {what}", what=following(report))


def head(model: ModelReport, report: Report) -> str:
    """Return one line about a model: folder, title, kind, size, and where it fits."""
    parts = [model.kind, model.input]
    if model.version:
        parts.append(f"kmodel v{model.version}")
    if model.bytes:
        parts.append(f"{-(-model.bytes // 1024)} KiB")
    if model.fits:
        able = sum(kind == "fits" for kind in model.fits.values())
        parts.append(tr("fits {able} of {all} firmwares", able=able, all=len(model.fits)))
    name = model.place.removeprefix("models/")
    title = f'{name} "{model.title}"' if model.title != name else name
    return ": ".join(part for part in (title, ", ".join(part for part in parts if part)) if part)


def counts(report: Report) -> str:
    """Return how many models, errors, warnings and notes there are."""
    numbers = report.counts
    return tr(
        "Models: {models}, errors: {errors}, warnings: {warnings}, notes: {notes}",
        models=len(report.models),
        errors=numbers[ERROR],
        warnings=numbers[WARNING],
        notes=numbers[NOTE],
    )


def following(report: Report) -> str:
    """Return what to do next."""
    worst = next((item for item in report.findings if item.severity == ERROR), None)
    if worst is not None:
        # Name one step only: later errors often disappear together with the first.
        prefix = f"{worst.place}: " if worst.place else ""
        return prefix + worst.remedy + " " + tr("(maixswitch explain {code} says more)", code=worst.code)
    # Without errors the next step depends on what was checked, and leads towards a card in the board.
    if report.kind == "kmodel":
        return tr("maixswitch import {path} --card CARD", path=shlex.quote(str(report.path)))
    if report.kind == "package":
        return f"maixswitch burn {shlex.quote(str(report.path))}"
    if report.kind == "image":
        return tr("mount the card or the image, then check its files: maixswitch check FOLDER")
    if report.kind == "model":
        return tr("copy the folder into models/ of a card")
    if not report.options.run:
        return tr("try it: maixswitch check --run {path}, or maixswitch sim {path}", path=shlex.quote(str(report.path)))
    return tr("put the card into the board and switch it on")
