"""An import from start to end: sources, their models, the decisions about each, the card. It imports all or none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from maixswitch.card import folders
from maixswitch.errors import EXIT_USAGE
from maixswitch.language import tr

from . import writing
from .formats import read_evidence
from .imported import ImportedModel
from .messages import ImportMessage, Refusal, refused_as
from .options import ImportOptions
from .resolve import resolve
from .source import open_source, parts

SCHEMA = 1
Entry = tuple[Path, ImportedModel]


@dataclass
class ImportResult:
    """The result of an import.

    entries: every model, with the path of its source.
    refused: a message for each model file that cannot be used, although others of its source can.
    folders: the names of the new folders, in the order of `entries`.
    renames: (old name, new name) of folders that made room.
    written: whether the models are on the card.
    """

    entries: list[Entry]
    refused: list[ImportMessage]
    folders: list[str] = field(default_factory=list)
    renames: list[tuple[str, str]] = field(default_factory=list)
    written: bool = False

    @property
    def clean(self) -> bool:
        """Is the import free of problems?"""
        return not any(item.problems for _, item in self.entries)

    def document(self, card: Path) -> dict[str, Any]:
        """Return the result as JSON-able values."""
        models = []
        for at, (path, item) in enumerate(self.entries):
            models.append(
                {
                    "source": str(path),
                    "file": item.evidence.part.kmodel,
                    "format": item.evidence.format,
                    "folder": self.folders[at] if self.folders else None,
                    "model": item.model,
                    "notes": [message.document() for message in item.notes],
                    "problems": [message.document() for message in item.problems],
                }
            )
        return {
            "schema": SCHEMA,
            "command": "import",
            "card": str(card),
            "written": self.written,
            "models": models,
            "renamed": [list(pair) for pair in self.renames],
            "refused": [message.document() for message in self.refused],
        }


def import_models(
    sources: Sequence[Path], card: Path, options: ImportOptions, position: int = 0, dry_run: bool = False
) -> ImportResult:
    """Put every model of the sources onto the card.

    If a model has a problem, its ``problems`` say why, and nothing is written.

    position: the position of the first model in the button's order, from 1; 0 for behind all others.
    dry_run: judge the models, but do not write.
    Raises Refusal if a source or the card cannot be used at all.
    """
    options.check()
    with refused_as("C542"):
        existing = folders.existing(card)

    # Decide about every model before anything is written.
    entries: list[Entry] = []
    refused: list[ImportMessage] = []
    for path in sources:
        source = open_source(path)
        usable, unusable = parts(source)
        refused += unusable
        refused += [
            ImportMessage("C506", tr("{file}: a link that leads out of the folder; it was skipped", file=name))
            for name in source.links
        ]
        entries += [(path, resolve(read_evidence(part), options)) for part in usable]

    # A title names one model of the card.
    if options.title and len(entries) > 1:
        raise Refusal("C541", tr("--title names one model, these are {count}", count=len(entries)), EXIT_USAGE)
    if options.title and options.title in [title for _, title in existing]:
        raise Refusal(
            "C540", tr("--title {title}: a model of the card has this title", title=options.title), EXIT_USAGE
        )

    result = ImportResult(entries, refused)
    imported = [item for _, item in entries]
    with refused_as("C541"):
        plan = writing.plan(existing, imported, position)
    # The plan is needed even with problems: it makes the titles unique, and the JSON report shows them.
    if not result.clean:
        return result
    result.folders, result.renames = plan.folders, plan.renames
    with refused_as("C543"):
        if dry_run:
            # A dry run asks the board's parser, too. Otherwise it might accept a model that the real import refuses.
            writing.try_out(imported, plan.folders)
        else:
            writing.put(card, imported, plan)
            result.written = result.clean
    return result


def report(result: ImportResult, card: Path, dry_run: bool) -> list[str]:
    """Return the lines that tell people about an import, model by model."""
    lines: list[str] = []
    for at, (path, item) in enumerate(result.entries):
        evidence = item.evidence
        lines.append(
            tr("{source}: {file}, format: {format}", source=path, file=evidence.part.kmodel, format=evidence.format)
        )
        lines += [tr("  problem {code}: {text}", **vars(message)) for message in item.problems]
        lines += [tr("  note {code}: {text}", **vars(message)) for message in item.notes]
        if result.folders and not item.problems:
            lines.append(_summary(item, result.folders[at]))
    lines += [tr("not imported, {code}: {text}", **vars(message)) for message in result.refused]
    # With problems the renames stay a plan, so they are not reported.
    for old, new in result.renames if result.clean else []:
        lines.append(tr("renamed {old} to {new}", old=old, new=new))
    if not result.clean:
        lines.append(tr("nothing was written"))
    elif dry_run:
        lines.append(tr("dry run: nothing was written"))
    else:
        count = len(result.folders)
        lines.append(tr("imported: {count}. Next: maixswitch check {card}", count=count, card=card))
    return lines


def _summary(item: ImportedModel, folder: str) -> str:
    verdicts = item.network.judged(str(item.model["kind"]))
    return tr(
        "  models/{folder}: {title}, {kind}, {size}, labels: {labels}; fits {fits} of {all} firmwares",
        folder=folder,
        title=item.title,
        kind=item.model["kind"],
        size="x".join(map(str, item.model["input"])),
        labels=item.labels,
        fits=sum(verdict.verdict.fits for verdict in verdicts),
        all=len(verdicts),
    )
