"""Entries of several networks: a detector, and what a script or another card runs on each of its boxes."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from maixswitch import board_code
from maixswitch.kmodel.judge.nature import POINTS
from maixswitch.language import tr

from .evidence import Claim, Evidence
from .formats import maixswitch_card, read_evidence
from .imported import ImportedModel
from .matching import Match
from .messages import ImportMessage
from .naming import GENERIC, clean_title, kmodel_name, telling_name
from .options import ImportOptions
from .panel_names import write_ascii_title, write_labels
from .parts import Part
from .resolve import resolve
from .script.chains import FEATURES
from .source import MAX_MODEL, folder_of

UNNAMED = (*GENERIC, "main", "boot", "app", "demo", "test", "run", "code")
"""Names of scripts that say nothing about what they do."""


@dataclass(frozen=True)
class Stage:
    """A network that runs on each box. given: its object in the model.json of another card, None for a script's."""

    part: Part
    match: Match | None = None
    given: dict[str, Any] | None = None


@dataclass
class Chain:
    """A detector with its stages.

    match: what the script does with the detector; None for the entry of another card.
    lacking: the paths of the networks that the script runs and the source does not have.
    """

    part: Part
    match: Match | None
    stages: list[Stage] = field(default_factory=list)
    lacking: list[str] = field(default_factory=list)


@dataclass
class Chains:
    """The chains of a source.

    whole: those whose networks are all there.
    consumed: the files of networks that are nothing but stages of these.
    broken: for each network whose detector is not in the source, what to tell the user.
    alone: for each detector on whose boxes a script runs nothing but what no stage can do, what to tell the user.
    """

    whole: list[Chain] = field(default_factory=list)
    consumed: set[str] = field(default_factory=set)
    broken: dict[str, str] = field(default_factory=dict)
    alone: dict[str, ImportMessage] = field(default_factory=dict)

    def of(self, part: Part) -> list[Chain]:
        """Return the whole chains that begin with this network."""
        return [chain for chain in self.whole if chain.part is part]

    def covers(self, part: Part) -> bool:
        """Do the chains of a detector show all that the scripts do with it, so that it needs no entry of its own?"""
        chains = self.of(part)
        seen = {(chain.match.script.file, chain.match.use.line) for chain in chains if chain.match}
        uses = {(match.script.file, match.use.line) for match in part.matches}
        return bool(chains) and (any(chain.match is None for chain in chains) or uses <= seen)


def find_chains(parts: Sequence[Part]) -> Chains:
    """Find the chains among the networks of one source."""
    found = Chains()
    for part in parts:
        given = maixswitch_card.stages(part)
        if given:
            chain = Chain(part, None)
            for item, name in given:
                stage = next((other for other in parts if other.kmodel == name), None)
                if stage is None:
                    chain.lacking.append(name)
                else:
                    chain.stages.append(Stage(stage, given=item))
            _add(found, chain)
    for part in parts:
        for match in part.matches:
            _add(found, _of_script(parts, part, match))
    matched = [(part, match) for part in parts for match in part.matches]
    for part, match in matched:
        detector = _use_at(match, match.use.behind)
        there = any(other.use == detector and other.script.file == match.script.file for _, other in matched)
        if detector is not None and not there and part.kmodel not in found.consumed:
            where, name = match.script.file, _named(detector.model)
            text = tr("{file}:{line} runs it on the boxes of {detector}, which the source lacks: import the folder "
                      "with both", file=where, line=match.use.line, detector=name)  # fmt: skip
            found.broken.setdefault(part.kmodel, text)
    # A network that a script also runs on the whole picture keeps its own entry.
    alone = {part.kmodel for part in parts for match in part.matches if not match.use.behind}
    found.consumed -= alone
    return found


def _add(found: Chains, chain: Chain | None) -> None:
    if chain is None or any(_same(chain, other) for other in found.whole) or (chain.match is None and chain.lacking):
        return
    if not chain.stages:
        found.alone.setdefault(chain.part.kmodel, _lacking(chain)) if chain.lacking else None
        return
    found.whole.append(chain)
    found.consumed |= {stage.part.kmodel for stage in chain.stages}


def _same(one: Chain, other: Chain) -> bool:
    """Are two chains the same networks, used in the same way?"""
    if one.part is not other.part or [item.part for item in one.stages] != [item.part for item in other.stages]:
        return False
    return [item.match and kind_of(item) for item in one.stages] == [
        item.match and kind_of(item) for item in other.stages
    ]


def _lacking(chain: Chain) -> ImportMessage:
    """Return the note about networks that were left out of an entry."""
    file = chain.match.script.file if chain.match else chain.part.kmodel
    text = tr("{file} also runs {models} on each box, which no stage can do or the source lacks; it was left out",
              file=file, models=", ".join(chain.lacking))  # fmt: skip
    return ImportMessage("C661", text)


def _use_at(match: Match, line: int) -> Any:
    return next((use for use in match.script.uses if line and use.line == line), None)


def _named(model: str | int | None) -> str:
    return hex(model) if isinstance(model, int) else model or tr("a model")


def _of_script(parts: Sequence[Part], part: Part, match: Match) -> Chain | None:
    """Return the chain of a script that begins with a use of a detector; None if nothing runs on its boxes."""
    if match.use.behind:
        return None
    chain = Chain(part, match)
    # What a face turned upright needs is found before it is turned.
    uses = [use for use in match.script.uses if use.behind == match.use.line]
    for use in sorted(uses, key=lambda item: (item.upright, item.line)):
        owners = [
            (other, item)
            for other in parts
            for item in other.matches
            if item.script.file == match.script.file and item.use == use
        ]
        stage = Stage(*owners[0]) if len(owners) == 1 else None
        if stage is not None and kind_of(stage):
            chain.stages.append(stage)
        else:
            chain.lacking.append(_named(use.model))
    return chain


def kind_of(stage: Stage) -> str:
    """Return the kind of a stage, "" if no kind does what the script does with the network."""
    if stage.given is not None:
        return str(stage.given.get("kind", ""))
    network, use = stage.part.network, stage.match.use if stage.match else None
    if use is None or network.input is None or network.input[2] not in (1, 3) or network.map:
        return ""
    if len(network.kmodel.outputs) != 1:
        return ""
    if use.runs & FEATURES:
        return "face" if use.upright else ""
    if use.labels is not None and len(use.labels.value) == network.elements:
        return "attributes" if use.sigmoid and use.floor else "classifier"
    return "landmark" if network.elements in POINTS else ""


def resolve_chain(chain: Chain, options: ImportOptions) -> ImportedModel:
    """Decide the fields of an entry with stages: those of the detector as usual, then those of each stage."""
    part = copy.copy(chain.part)
    # Only this script says how the detector is used here; another one may show its boxes alone.
    part.matches = [chain.match] if chain.match else part.matches
    evidence = read_evidence(part)
    if chain.match is not None:
        stem = PurePosixPath(chain.match.script.file).stem.removeprefix("demo_")
        folder = folder_of(chain.match.script.file).stem
        evidence.title = telling_name(stem, folder, generic=UNNAMED)
        if evidence.title and not options.title:
            evidence.exact_title = clean_title(evidence.title)
    item = resolve(evidence, options)
    kind = board_code.kinds().get(item.model.get("kind", ""))
    if kind is None or kind.SHAPE != board_code.shapes().BOXES:
        return item
    item.model["stages"] = [_stage(stage, item, at) for at, stage in enumerate(chain.stages)]
    item.stages = [stage.part.network for stage in chain.stages]
    if chain.lacking:
        item.notes.append(_lacking(chain))
    return item


def _stage(stage: Stage, item: ImportedModel, at: int) -> dict[str, Any]:
    """Return a stage's object for model.json; its files are added to those of the entry."""
    name = _free(item, kmodel_name(stage.part.stem))
    item.files[name] = stage.part.network.data
    if stage.given is not None:
        return {**stage.given, "kmodel": name, **_copied(stage, item)}
    kind, network, match = kind_of(stage), stage.part.network, stage.match
    assert match is not None
    use = match.use
    model: dict[str, Any] = {"kind": kind, "kmodel": name, "input": list(network.input or ())}
    words = match.pixels(network)
    if words and not use.upright:
        model["pixels"] = list(words)
    if use.growth and not use.upright:
        model["enlarge"] = round(1 + 2 * use.growth, 4)
    fields = {row[0] for row in board_code.kinds(stages=True)[kind].FIELDS}
    values: dict[str, Any] = {
        "sigmoid": use.sigmoid,
        "upright": use.upright,
        "threshold": use.floor.value if use.floor else None,
        "softmax": network.open_ended and kind == "classifier",
        "accept": match.script.reading.likeness,
        # kpu.face_encode packs the values as they are; CanMV makes their length 1 first.
        "normalise": "face_encode" not in use.runs,
    }
    model.update({name: value for name, value in values.items() if name in fields and value is not None})
    if use.labels is not None and kind in ("classifier", "attributes"):
        own = ImportedModel(Evidence("", stage.part), network)
        where = Claim(None, match.script.file, use.labels.line).where
        write_labels(own, list(use.labels.value), where)
        # A list that is too long for model.json is a file, and each stage needs its own.
        renamed = {file: f"stage{at}-{file}" for file in own.files}
        item.files.update({renamed[file]: data for file, data in own.files.items()})
        model.update({
            key: renamed.get(value, value) if isinstance(value, str) else value for key, value in own.model.items()
        })  # fmt: skip
        item.notes += own.notes
        item.problems += own.problems
        item.panel_forms += own.panel_forms
        write_ascii_title(item) if own.panel_forms else None
    return model


def _copied(stage: Stage, item: ImportedModel) -> dict[str, str]:
    """Add the files of labels that a stage of another card names; return the fields with their new names."""
    names = {}
    for key in ("labels", "ascii_labels"):
        file = (stage.given or {}).get(key)
        path = str(folder_of(stage.part.kmodel) / str(file))
        if isinstance(file, str) and path in stage.part.source.files:
            names[key] = _free(item, file)
            item.files[names[key]] = stage.part.source.read(path, MAX_MODEL)
    return names


def _free(item: ImportedModel, name: str) -> str:
    """Return the name of a file that the entry does not have yet."""
    stem, dot, ending = name.rpartition(".")
    number = 1
    while name.lower() in {known.lower() for known in item.files}:
        number += 1
        name = f"{stem}-{number}{dot}{ending}"
    return name
