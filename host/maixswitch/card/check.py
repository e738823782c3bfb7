"""`maixswitch check`: apply all rules to a card, a model's folder, a .kmodel, a .kfpkg or the image of a card."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from maixswitch.card.medium.image import is_image, read_image
from maixswitch.card.medium.mount import read_mount
from maixswitch.card.options import Options
from maixswitch.card.reading import MODELS, Card, Model
from maixswitch.card.rules import LOOKS
from maixswitch.card.rules.fit import verdicts
from maixswitch.card.rules.medium import folder_names, judge_image, judge_mount, judge_names
from maixswitch.errors import MaixSwitchError
from maixswitch.findings.finding import Finding, Judged, finding
from maixswitch.findings.table import ERROR
from maixswitch.kmodel.judge.describe import shape_text
from maixswitch.sim.card import board_of_card

__all__ = ["ModelReport", "Options", "Report", "check"]


@dataclass(frozen=True)
class ModelReport:
    """What a check knows about one model.

    place: the path of its folder on the card, or the name of a bare file.
    input: the size of the network's input; "" if it cannot be read.
    fits: for each firmware, the verdict ("fits", "gc", "large", "version"...).
    room: the same as text, with the KiB that are left or missing and the account of the memory.
    need: the bytes of the blocks that the loader allocates, by name, in the loader's order.
    """

    place: str
    title: str
    kind: str
    kmodel: str
    version: int
    bytes: int
    input: str
    fits: dict[str, str]
    room: dict[str, str]
    need: dict[str, int]


@dataclass(frozen=True)
class Report(Judged):
    """The result of a check.

    kind: "card", "model", "kmodel", "package" or "image".
    findings: errors first, then in the order of their files.
    """

    path: Path
    kind: str
    options: Options
    findings: tuple[Finding, ...]
    models: tuple[ModelReport, ...]

    def of(self, model_path: str) -> list[Finding]:
        """Return the findings of the model with this path on the card; for "", those that belong to no model."""
        return [item for item in self.findings if self.owner(item) == model_path]

    def owner(self, item: Finding) -> str:
        """Return the `place` of the model that a finding is about, "" for none."""
        for model in self.models:
            if item.file == model.place or item.file.startswith(model.place + "/"):
                return model.place
        return ""


def check(path: Path, options: Options | None = None) -> Report:
    """Check a card, a model's folder, a .kmodel, a .kfpkg, or the image or device of a card.

    Raises MaixSwitchError if the path is none of these (usage), if it cannot be read (input or output), or if the board
    or a firmware is unknown.
    """
    target = options or Options()
    target.check()
    # An image is checked for its partition table and file system only; its files can be checked when it is mounted.
    if is_image(path):
        return Report(path, "image", target, _sorted(judge_image(read_image(path))), ())
    try:
        return _look(path, target)
    except MaixSwitchError:
        # A mounted card may still be empty. Any other folder without models/ is a mistake of the user.
        mount = None if (path / MODELS).exists() else read_mount(path)
        if mount is None:
            raise
    findings = [*judge_mount(mount), *judge_names(folder_names(path)), finding("C100", MODELS, card=path)]
    return Report(path, "card", target, _sorted(findings), ())


def _look(path: Path, options: Options) -> Report:
    """Return the report of a folder or a .kmodel."""
    target = options
    card = Card(path, target.anchor_pairs)
    board = board_of_card(path) if card.kind == "card" and not target.board else ""
    # The board comes from the command line, then from the card's settings. It decides how many anchors are allowed.
    if board:
        # Options cache what they derive from the board, so another board needs a new object.
        target = Options(board, target.firmware, target.gc_kib, target.run)
        if target.anchor_pairs != options.anchor_pairs:
            card = Card(path, target.anchor_pairs)
    findings = [item for look in LOOKS for item in look(card, target)]
    # The import is here because the emulator loads slowly and most checks do not run models. A model with an error is
    # left out: the run would only report the same error again.
    if target.run:
        from maixswitch.card.trial import run_all

        findings += run_all(card, target, {item.file.rpartition("/")[0] for item in findings if item.severity == ERROR})
    return Report(path, card.kind, target, _sorted(findings), tuple(_model(model, target) for model in card.models))


def _sorted(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=lambda item: (item.rank, item.file, item.code)))


def _model(model: Model, options: Options) -> ModelReport:
    kmodel, spec = model.kmodel, model.spec
    judged = verdicts(model, options)
    return ModelReport(
        place=model.place or model.file,
        title=model.title,
        kind=str(spec.kind or "") if spec is not None else "",
        kmodel=model.file,
        version=kmodel.version if kmodel else 0,
        bytes=model.size,
        # The text is "WxHxC type"; the report has room for the size only.
        input=shape_text(kmodel.inputs[0]).split()[0] if kmodel else "",
        fits={item.firmware.name: item.verdict.kind for item in judged},
        room={item.firmware.name: f"{item.verdict.text} ({item.account})" for item in judged},
        need=judged[0].parts if judged else {},
    )


def document(report: Report) -> dict[str, Any]:
    """Return the report as JSON-able values, schema 1. Texts are in the user's language, codes and names are not."""
    return {
        "schema": 1,
        "command": "check",
        "path": str(report.path),
        "kind": report.kind,
        "board": report.options.board,
        "firmware": [item.name for item in report.options.flavours],
        "ok": report.ok,
        "counts": report.counts,
        "models": [vars(model) for model in report.models],
        "findings": [item.document() for item in report.findings],
    }
