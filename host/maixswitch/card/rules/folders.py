"""The folders of models/: every problem that the board's own reader finds in model.json, and unused files."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from maixswitch.card.options import Options
from maixswitch.card.reading import KMODEL_ENDS, MODELS, Card, Model
from maixswitch.findings.finding import Finding, finding

FIELDS = {
    "schema": "C104",
    "kind": "C106",
    "input": "C107",
    "labels": "C108",
    "anchors": "C109",
    "threshold": "C110",
    "nms": "C111",
    "top": "C112",
    "softmax": "C113",
    "outputs": "C114",
    "kmodel": "C115",
}


def look(card: Card, options: Options) -> Iterator[Finding]:
    """Yield the mistakes in every model.json; nothing for a bare file."""
    if card.kind == "kmodel":
        return
    # An empty models/ is legal for the reader, but a board without models shows nothing useful.
    if not card.models:
        yield finding("C100", MODELS, card=card.shell)
    for model in card.models:
        for problem in model.spec.problems:
            yield from mistakes(model, problem)
    yield from unused(card)


def mistakes(model: Model, problem: tuple[str, str, str, str]) -> Iterator[Finding]:
    """Yield the finding for one problem of device/once/model_json.py; none if the rules of `kmodel` find the same."""
    _, field, value, expected = problem
    named = code(field, value, expected)
    if named:
        file = model.place if named == "C117" else model.json
        yield finding(named, file, field, value, expected, input=value)


def code(field: str, value: str, expected: str) -> str:
    """Return the code of a problem of device/once/model_json.py; "" if the contents of the kmodel are wrong.

    The last cases are warnings: model.json contradicts the head of the kmodel.
    """
    if not field:
        if expected != "a JSON object":
            return "C117"
        return "C101" if value == "missing" else "C102"
    if value == "unknown":
        return "C103"
    # Two titles that collide need another remedy than a title that is wrong by itself.
    if field == "title":
        return "C116" if expected.startswith("another than ") else "C105"
    if field == "anchors" and "this firmware" in expected:
        return "C121"
    # The rules of `kmodel` read the whole file and say more about it.
    if field == "kmodel" and expected == "kmodel v3 or v4":
        return ""
    if field == "labels" and value.endswith(" labels"):
        return "C118"
    if field == "input" and expected.startswith("[") and expected != "[width, height, 1 or 3]":
        return "C119"
    if field == "outputs" and not expected.startswith("[["):
        return "C120"
    return FIELDS.get(field, "C199")


def unused(card: Card) -> Iterator[Finding]:
    """Yield model files that no model.json names."""
    places = {model.place: model for model in card.models}
    used = {model.file for model in card.models}
    for name in sorted(card.sizes):
        if not name.lower().endswith(KMODEL_ENDS) or name in used:
            continue
        folder, _, base = name.rpartition("/")
        # macOS leaves a shadow ._name.kmodel beside each file. It has the suffix, but it is not a model.
        if base.startswith("."):
            continue
        if folder in places:
            # If model.json names a missing file, this one may be it under another name. Then C115 is enough.
            if places[folder].file:
                yield finding("C122", name)
        elif card.kind == "card":
            yield finding("C123", name, card=card.shell, source=shlex.quote(str(card.path / name)))
