"""The models to measure: from a card, a model's folder, or a .kmodel that takes the place of another model's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from maixswitch.card.options import Options as CardOptions
from maixswitch.card.reading import Card, Model
from maixswitch.card.trial import chosen
from maixswitch.errors import EXIT_USAGE, MaixSwitchError
from maixswitch.kmodel.judge import firmware as firmwares
from maixswitch.kmodel.run.model import read_file
from maixswitch.language import tr

from .data import sample as data
from .job import BOXES, CLASSES, FACES, POINTS, Network
from .measured import Described

SUITED = {CLASSES: data.CLASSES, FACES: data.CLASSES, BOXES: data.BOXES, POINTS: data.POINTS}
"""Task -> the labels that it needs."""


@dataclass(frozen=True)
class Chosen:
    """A model with its task. folder: where its model.json is. named_by_stage: a stage gives the boxes their classes."""

    network: Network
    described: Described
    task: str
    folder: Path
    named_by_stage: bool = False


def task_of(model: Model) -> str:
    """Return what a model answers, "" for a kind whose answers cannot be right or wrong."""
    kind = model.spec.kind
    if kind == "classifier":
        return CLASSES
    if kind == "landmark":
        return POINTS
    if kind in ("yolo2", "yolo3"):
        return FACES if any(stage.spec.kind == "face" for stage in model.stages) else BOXES
    return ""


def choose(paths: Sequence[Path], titles: Sequence[str], labels: str, firmware: str) -> list[Chosen]:
    """Return the models to measure side by side.

    titles: of models of a card; without any, the card must have one model that suits the labels of the data.
    firmware: the flavour for all of them, "" for one that each fits.
    Raises MaixSwitchError if there is none, or if they cannot be compared.
    """
    if firmware:
        firmware = firmwares.find(firmware).row_name
    result: list[Chosen] = []
    for path in paths:
        card = Card(path)
        if card.kind == "kmodel":
            result.append(_instead(path, result))
            continue
        for model in _of_card(card, titles, labels):
            result.append(_chosen(card, model, firmware))
    first = result[0]
    if SUITED[first.task] != labels:
        wanted = {data.CLASSES: tr("classes"), data.BOXES: tr("boxes"), data.POINTS: tr("points")}
        raise MaixSwitchError(
            tr("{name} needs pictures labelled with {wanted}; these are labelled with {found}",
               name=first.described.title, wanted=wanted[SUITED[first.task]], found=wanted[labels]),
            EXIT_USAGE,
        )  # fmt: skip
    for other in result[1:]:
        if other.task != first.task or len(other.described.labels) != len(first.described.labels):
            raise MaixSwitchError(
                tr("{first} and {other} cannot be compared: they do not answer the same, or have other labels",
                   first=first.described.title, other=other.described.title),
                EXIT_USAGE,
            )  # fmt: skip
    return result


def _of_card(card: Card, titles: Sequence[str], labels: str) -> list[Model]:
    known = {name for model in card.models for name in (model.title, model.folder)}
    missing = [title for title in titles if title not in known]
    if missing and card.kind == "card":
        names = ", ".join(model.title for model in card.models)
        raise MaixSwitchError(
            tr("--model {title}: the card has {names}", title=missing[0], names=names or tr("no models")), EXIT_USAGE
        )
    if card.kind == "model":
        return card.models
    if titles:
        return [model for title in titles for model in card.models if title in (model.title, model.folder)]
    suited = [model for model in card.models if _loadable(model) and SUITED.get(task_of(model)) == labels]
    if len(suited) != 1:
        names = ", ".join(model.title for model in suited or card.models)
        raise MaixSwitchError(
            tr("{path}: {count} of its models suit these labels; choose with --model, for example one of: {names}",
               path=card.path, count=len(suited), names=names),
            EXIT_USAGE,
        )  # fmt: skip
    return suited


def _loadable(model: Model) -> bool:
    return model.spec is not None and bool(model.spec.loadable)


def _chosen(card: Card, model: Model, firmware: str) -> Chosen:
    spec = model.spec
    if not _loadable(model) or spec.problems or not model.file:
        raise MaixSwitchError(
            tr("{title}: the board cannot load it as it is; see: maixswitch check {path}",
               title=model.title, path=card.shell)
        )  # fmt: skip
    task = task_of(model)
    if not task:
        raise MaixSwitchError(
            tr("{title}: the answers of a {kind} cannot be right or wrong", title=model.title, kind=spec.kind),
            EXIT_USAGE,
        )
    flavour = firmware
    if not flavour:
        suited = chosen(model, CardOptions())
        flavour = suited.row_name if suited is not None else board_default()
    parts = [part.file.rpartition("/")[2] for part in (model, *model.stages)]
    text = card.read(model.json).decode("utf-8", "replace")
    prefix = f"{model.place}/"
    files = {
        path.removeprefix(prefix): card.read(path)
        for path in card.sizes
        # What the model has learnt on the board is beside it, too.
        if path.startswith(prefix) and (path == model.json or path.removeprefix(prefix).casefold() in text.casefold())
    }
    card.select()
    stage = next((item for item in spec.stages if task == FACES and item.kind == "face"), None)
    namer = spec.names if task == BOXES and spec.names else spec
    labels = tuple(namer.label(at) for at in range(len(namer.labels))) if task in (BOXES, CLASSES) else ()
    kmodel = parts[0]
    described = Described(
        kmodel, model.title, str(spec.kind), labels, float(getattr(spec, "threshold", 0)),
        float(getattr(spec, "nms", 0)), float(stage.accept) if stage is not None else 0.0, kmodel,
    )  # fmt: skip
    folder = card.path if card.kind == "model" else card.path / model.place
    network = Network(kmodel, model.folder, files, tuple(parts), flavour)
    return Chosen(network, described, task, folder, task == BOXES and spec.names is not None)


def _instead(path: Path, before: Sequence[Chosen]) -> Chosen:
    """Return the first model with another kmodel."""
    if not before:
        raise MaixSwitchError(
            tr("{path}: a kmodel does not say what its outputs mean. Name a card or a model's folder before it, which "
               "it stands in for, or put it onto a card: maixswitch import {path} --card CARD", path=path),
            EXIT_USAGE,
        )  # fmt: skip
    first = before[0]
    name = first.network.kmodels[0]
    network = Network(
        path.name, first.network.folder, {**first.network.files, name: read_file(path)}, first.network.kmodels,
        first.network.firmware,
    )  # fmt: skip
    old = first.described
    described = Described(
        path.name, path.name, old.kind, old.labels, old.threshold, old.nms, old.accept, path.name
    )  # fmt: skip
    return Chosen(network, described, first.task, first.folder, first.named_by_stage)


def board_default() -> str:
    """Return the flavour for a model that fits none: the board will say why it refuses."""
    from maixswitch import board_code

    return board_code.flavours().DEFAULT
