"""An import from start to end: sources, their models, the decisions about each, the card."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from maixswitch.card import folders
from maixswitch.card.glyphs.renewing import Renewed, renew
from maixswitch.errors import EXIT_USAGE
from maixswitch.findings.table import rule
from maixswitch.language import tr

from . import writing
from .chains import Chains, find_chains, resolve_chain
from .evidence import Evidence
from .foreign import nothing_usable
from .formats import read_evidence
from .imported import ImportedModel
from .messages import ImportMessage, Refusal, refused_as
from .options import OF_ONE_MODEL, ImportOptions
from .parts import Part, find_parts
from .resolve import resolve
from .source import open_source

SCHEMA = 1
Entry = tuple[Path, ImportedModel]


@dataclass
class ImportResult:
    """The result of an import.

    entries: every model, with the path of its source.
    refused: a message for each model file that cannot be used, although others of the sources can.
    folders: the names of the new folders, in the order of `entries` without those that were left out.
    renames: (old name, new name) of folders that made room.
    written: whether models were put onto the card.
    commands: for each entry that was left out and that options can finish, the command that does so.
    glyphs: what became of the card's glyphs.
    """

    entries: list[Entry]
    refused: list[ImportMessage]
    folders: list[str] = field(default_factory=list)
    renames: list[tuple[str, str]] = field(default_factory=list)
    written: bool = False
    commands: dict[int, str] = field(default_factory=dict)
    glyphs: Renewed = field(default_factory=lambda: Renewed(0))

    @property
    def clean(self) -> bool:
        """Was nothing left out?"""
        left_out = any(rule(message.code).severity == "error" for message in self.refused)
        return not left_out and not any(item.problems for _, item in self.entries)

    def document(self, card: Path) -> dict[str, Any]:
        """Return the result as JSON-able values."""
        models = []
        for at, (path, item) in enumerate(self.entries):
            models.append(
                {
                    "source": str(path),
                    "file": item.evidence.part.kmodel,
                    "format": item.evidence.format,
                    "stages": [str(stage["kmodel"]) for stage in item.model.get("stages", ())],
                    "folder": item.folder or None,
                    "model": item.model,
                    "notes": [message.document() for message in item.notes],
                    "problems": [message.document() for message in item.problems],
                    "command": self.commands.get(at),
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
    """Put the models of the sources onto the card. A model with a problem is left out; its ``problems`` say why.

    position: the position of the first model in the button's order, from 1; 0 for behind all others.
    dry_run: judge the models, but do not write.
    Raises Refusal if a source or the card cannot be used at all.
    """
    options.check()
    with refused_as("C542"):
        existing = folders.existing(card)

    # Decide about every model before anything is written.
    opened, refused = _find(sources, card, options)
    chains = {id(part.source): find_chains([other for _, other in opened if other.source is part.source])
              for _, part in opened}  # fmt: skip
    chosen = _choices([(part, chains[id(part.source)]) for _, part in opened], options)
    decided = [
        (path, item, choice)
        for (path, part), choice in zip(opened, chosen, strict=True)
        if choice is not None
        for item in _entries(part, chains[id(part.source)], choice)
    ]
    entries = [(path, item) for path, item, _ in decided]
    if any(item.title in [title for _, title in existing] for _, item in entries if options.title):
        raise Refusal(
            "C540", tr("--title {title}: a model of the card has this title", title=options.title), EXIT_USAGE
        )

    result = ImportResult(entries, refused)
    good = [item for _, item in entries if not item.problems]
    if good:
        with refused_as("C541"):
            plan = writing.plan(existing, good, position)
        for item, folder in zip(good, plan.folders, strict=True):
            item.folder = folder
        with refused_as("C543"):
            # A dry run asks the board's parser, too. Otherwise it might accept a model that the real import refuses.
            writing.try_out(good) if dry_run else writing.put(card, good, plan)
        for item in good:
            item.folder = "" if item.problems else item.folder
        result.folders = [item.folder for item in good if item.folder]
        result.renames = plan.renames if result.folders else []
        result.written = bool(result.folders) and not dry_run
        if result.written:
            with refused_as("C543"):
                result.glyphs = renew(card)
    for at, (path, item, choice) in enumerate(decided):
        if item.problems and all(message.option for message in item.problems):
            result.commands[at] = _command(path, card, item, choice)
    return result


def _find(
    sources: Sequence[Path], card: Path, options: ImportOptions
) -> tuple[list[tuple[Path, Part]], list[ImportMessage]]:
    """Return the models of all sources, and messages for what cannot be used.

    Raises Refusal for a source without a model.
    """
    opened: list[tuple[Path, Part]] = []
    refused: list[ImportMessage] = []
    for path in sources:
        source = open_source(path)
        usable, unusable = find_parts(source)
        refused += unusable if usable else [nothing_usable(source, unusable, card, options)]
        refused += [
            ImportMessage("C506", tr("{file}: a link that leads out of the folder; it was skipped", file=name))
            for name in source.links
        ]
        opened += [(path, part) for part in usable]
    if not opened:
        raise Refusal(refused[0].code, "; ".join(message.text for message in refused))
    return opened, refused


def _entries(part: Part, chains: Chains, choice: ImportOptions) -> list[ImportedModel]:
    """Return the entries that begin with a network: those with stages, and the one without if anything uses it so."""
    items = [] if choice.kind else [resolve_chain(chain, choice) for chain in chains.of(part)]
    if items and chains.covers(part):
        return items
    item = resolve(_evidence(part), choice)
    broken = chains.broken.get(part.kmodel)
    if broken and not choice.kind:
        item.problems[:] = [ImportMessage("C662", broken)]
    if part.kmodel in chains.alone:
        item.notes.append(chains.alone[part.kmodel])
    return [*items, item]


def _choices(opened: Sequence[tuple[Part, Chains]], options: ImportOptions) -> list[ImportOptions | None]:
    """Return the user's choices for each model, None for one that the user does not want, or that is only a stage.

    Raises Refusal (usage) for an option that names no model, and for one that could mean several.
    """
    parts = [part for part, _ in opened]
    for name in (*options.only, *options.models):
        called = [part.kmodel for part in parts if part.is_called(name)]
        if len(called) != 1:
            text = (
                tr("{name}: several models have this name: {models}", name=name, models=", ".join(called))
                if called
                else tr(
                    "{name}: no model of that name; the source has: {models}",
                    name=name,
                    models=", ".join(part.kmodel for part in parts),
                )
            )
            raise Refusal("C541", text, EXIT_USAGE)
    # A stage that the user names is wanted by itself.
    named_ones = [any(part.is_called(name) for name in (*options.only, *options.models)) for part in parts]
    selected = [
        named and (not options.only or any(part.is_called(name) for name in options.only))
        if part.kmodel in chains.consumed or options.only
        else True
        for (part, chains), named in zip(opened, named_ones, strict=True)
    ]
    for name in OF_ONE_MODEL if sum(selected) > 1 else ():
        if getattr(options, name):
            model = next(part.kmodel for part, want in zip(parts, selected, strict=True) if want)
            raise Refusal(
                "C541",
                tr(
                    "--{option} names one model, these are {count}: write --{option} {model}={value}, or add "
                    "--only {model}",
                    option=name,
                    count=sum(selected),
                    model=model,
                    value=getattr(options, name),
                ),
                EXIT_USAGE,
            )
    named = [[name for name in options.models if part.is_called(name)] for part in parts]
    return [options.for_model(names) if want else None for names, want in zip(named, selected, strict=True)]


def _evidence(part: Part) -> Evidence:
    """Return what the files say about a model, with a note about files around a .kmodel that was named alone."""
    evidence = read_evidence(part)
    used = [claim.file for claims in evidence.claims.values() for claim in claims if claim.file != part.kmodel]
    if part.source.only and used:
        listed = ", ".join(dict.fromkeys(used))
        evidence.notes.append(ImportMessage("C555", tr("files around {file} that were used: {files}",
                                                       file=part.source.name, files=listed)))  # fmt: skip
    return evidence


def _command(path: Path, card: Path, item: ImportedModel, choice: ImportOptions) -> str:
    """Return the command that imports a model that was left out; words in capitals are for the user to fill in."""
    part = item.evidence.part
    needed = list(dict.fromkeys(message.option for message in item.problems))
    kept = [word for word in choice.words() if not any(word.startswith(option.split()[0]) for option in needed)]
    only = [f"--only={part.kmodel}"] if part.rivals and not part.source.only else []
    command = ["maixswitch", "import", str(path), *only, *[word for option in needed for word in option.split(" ", 1)]]
    return shlex.join([*command, *kept, "--card", str(card)])


def report(result: ImportResult, card: Path, dry_run: bool) -> list[str]:
    """Return the lines that tell people about an import, model by model."""
    lines: list[str] = []
    for at, (path, item) in enumerate(result.entries):
        evidence = item.evidence
        lines.append(
            tr("{source}: {file}, format: {format}", source=path, file=evidence.part.kmodel, format=evidence.format)
        )
        lines += [tr("  problem {code}: {text}", code=message.code, text=message.text) for message in item.problems]
        lines += [tr("  note {code}: {text}", code=message.code, text=message.text) for message in item.notes]
        if at in result.commands:
            lines.append(tr("  left out. To import it: {command}", command=result.commands[at]))
        elif item.folder:
            lines.append(_summary(item, item.folder))
    lines += [tr("not imported, {code}: {text}", code=message.code, text=message.text) for message in result.refused]
    for old, new in result.renames:
        lines.append(tr("renamed {old} to {new}", old=old, new=new))
    left_out = sum(bool(item.problems) for _, item in result.entries)
    if left_out:
        lines.append(tr("left out: {count}", count=left_out))
    if dry_run:
        lines.append(tr("dry run: nothing was written"))
    elif not result.written:
        lines.append(tr("nothing was written"))
    else:
        count = len(result.folders)
        lines += result.glyphs.lines(card)
        lines.append(tr("imported: {count}. Next: maixswitch check {card}", count=count, card=card))
    return lines


def _summary(item: ImportedModel, folder: str) -> str:
    verdicts = item.judged
    return tr(
        "  models/{folder}: {title}, {kind}, {size}, labels: {labels}; fits {fits} of {all} firmwares",
        folder=folder,
        title=item.title,
        kind=" + ".join([item.model["kind"], *(stage["kind"] for stage in item.model.get("stages", ()))]),
        size="x".join(map(str, item.model["input"])),
        labels=item.labels,
        fits=sum(verdict.verdict.fits for verdict in verdicts),
        all=len(verdicts),
    )
