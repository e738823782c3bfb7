"""The way of an import: sources -> parts -> drafts -> decided models -> the card, all of them or none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from maixswitch.card import write
from maixswitch.errors import EXIT_USAGE
from maixswitch.language import tr

from .formats import recognise
from .remark import Refusal, Remark, refused_as
from .resolve import KINDS, MAX_TITLE, Ready, Wishes, resolve
from .source import open_source, parts

SCHEMA = 1
Entry = tuple[Path, Ready]


@dataclass
class Intake:
    """What an import found.

    ``folders``: the new ones; ``renames``: of old ones, (old, new); ``refused``: a remark for every model file that
    cannot be used beside others that can; ``written``: whether it is on the card.
    """

    entries: list[Entry]
    refused: list[Remark]
    folders: list[str] = field(default_factory=list)
    renames: list[tuple[str, str]] = field(default_factory=list)
    written: bool = False

    @property
    def clean(self) -> bool:
        return not any(ready.problems for _, ready in self.entries)

    def document(self, card: Path) -> dict[str, Any]:
        """For programs."""
        models = []
        for at, (path, ready) in enumerate(self.entries):
            models.append(
                {
                    "source": str(path),
                    "file": ready.draft.part.kmodel,
                    "format": ready.draft.format,
                    "folder": self.folders[at] if self.folders else None,
                    "model": ready.model,
                    "notes": [remark.document() for remark in ready.notes],
                    "problems": [remark.document() for remark in ready.problems],
                }
            )
        return {
            "schema": SCHEMA,
            "command": "import",
            "card": str(card),
            "written": self.written,
            "models": models,
            "renamed": [list(pair) for pair in self.renames],
            "refused": [remark.document() for remark in self.refused],
        }


def bring(sources: Sequence[Path], card: Path, wishes: Wishes, position: int = 0, dry_run: bool = False) -> Intake:
    """Brings every model of the sources onto the card, or says in ``problems`` what stands in the way of which.

    With a problem in one, none is written. Refusal when a source or the card cannot be used at all.
    """
    check(wishes)
    with refused_as("C542"):
        models = write.existing(card)
    entries: list[Entry] = []
    refused: list[Remark] = []
    for path in sources:
        source = open_source(path)
        found, unusable = parts(source)
        refused += unusable
        refused += [
            Remark("C506", tr("{file}: a link that leads out of the folder; passed over", file=name))
            for name in source.links
        ]
        entries += [(path, resolve(recognise(part), wishes)) for part in found]
    if wishes.title and len(entries) > 1:
        raise Refusal("C541", tr("--title names one model, these are {count}", count=len(entries)), EXIT_USAGE)
    if wishes.title and wishes.title in [title for _, title in models]:
        raise Refusal("C540", tr("--title {title}: a model of the card has it", title=wishes.title), EXIT_USAGE)
    made = Intake(entries, refused)
    readies = [ready for _, ready in entries]
    with refused_as("C541"):
        plan = write.plan(models, readies, position)
    if not made.clean:
        return made
    made.folders, made.renames = plan.folders, plan.renames
    with refused_as("C543"):
        if dry_run:
            write.try_out(readies, plan.folders)
        else:
            write.put(card, readies, plan)
            made.written = made.clean
    return made


def check(wishes: Wishes) -> None:
    """Refusal (usage) for an option that no model could have."""
    if wishes.kind and wishes.kind not in KINDS:
        raise Refusal(
            "C541", tr("--kind {kind}: wanted one of {kinds}", kind=wishes.kind, kinds=", ".join(KINDS)), EXIT_USAGE
        )
    if wishes.title and not (len(wishes.title) <= MAX_TITLE and wishes.title.strip() and wishes.title.isprintable()):
        raise Refusal(
            "C541",
            tr("--title {title}: wanted 1 to {limit} characters", title=ascii(wishes.title), limit=MAX_TITLE),
            EXIT_USAGE,
        )


def report(made: Intake, card: Path, dry_run: bool) -> list[str]:
    """An import in words, model by model."""
    lines: list[str] = []
    for at, (path, ready) in enumerate(made.entries):
        draft = ready.draft
        lines.append(
            tr("{source}: {file}, recognised as {format}", source=path, file=draft.part.kmodel, format=draft.format)
        )
        lines += [tr("  problem {code}: {text}", **vars(remark)) for remark in ready.problems]
        lines += [tr("  note {code}: {text}", **vars(remark)) for remark in ready.notes]
        if made.folders and not ready.problems:
            lines.append(_summary(ready, made.folders[at]))
    lines += [tr("not imported, {code}: {text}", **vars(remark)) for remark in made.refused]
    for old, new in made.renames if made.clean else []:
        lines.append(tr("renamed {old} to {new}", old=old, new=new))
    if not made.clean:
        lines.append(tr("nothing was written"))
    elif dry_run:
        lines.append(tr("dry run: nothing was written"))
    else:
        count = len(made.folders)
        lines.append(tr("imported: {count}. Next: maixswitch check {card}", count=count, card=card))
    return lines


def _summary(ready: Ready, folder: str) -> str:
    verdicts = ready.network.judged()
    return tr(
        "  models/{folder}: {title}, {kind}, {size}, labels: {labels}; fits {fits} of {all} firmwares",
        folder=folder,
        title=ready.title,
        kind=ready.model["kind"],
        size="x".join(map(str, ready.model["input"])),
        labels=ready.labels,
        fits=sum(item.verdict.fits for item in verdicts),
        all=len(verdicts),
    )
