"""Rules about the folders of models/: the problems that the board's reader finds in model.json, and unused files."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from maixswitch.card.json_text import Mistake
from maixswitch.card.options import Options
from maixswitch.card.reading import BROKEN, KMODEL_ENDS, MODELS, Card, Model
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
    "stages": "C600",
    "kmodel": "C115",
    "ascii_title": "C126",
    "ascii_labels": "C126",
    "pixels": "C620",
}


def look(card: Card, options: Options) -> Iterator[Finding]:
    """Yield the mistakes in every model.json; nothing for a bare file."""
    if card.bare:
        return
    # The board's reader accepts an empty models/, but a board without models is useless.
    if not card.models:
        yield finding("C100", MODELS, card=card.shell)
    for model in card.models:
        wrong = card.json_mistake(model.json)
        for problem in model.spec.problems:
            yield from mistakes(model, problem, wrong)
        # The board's reader is more tolerant than JSON, and other programs are not.
        if wrong is not None and all(field for _, field, _, _ in model.spec.problems):
            yield finding("C125", model.json, found=wrong)
    yield from unused(card)
    for link in card.links:
        yield finding("C124", link)


def mistakes(model: Model, problem: tuple[str, str, str, str], wrong: Mistake | None = None) -> Iterator[Finding]:
    """Yield the finding for one problem of device/once/model_json.py; none if the rules of `kmodel` report it.

    wrong: where model.json is not JSON.
    """
    _, field, value, expected = problem
    prefix, field = staged(field)
    if wrong is not None and not field and value in BROKEN:
        value = str(wrong)
    finding_code = code(field, value, expected)
    if finding_code:
        file = model.place if finding_code == "C117" else model.json
        yield finding(finding_code, file, prefix + field, value, expected, input=value)


def staged(field: str) -> tuple[str, str]:
    """Return the part of a field's name that tells its stage, such as "stages[0].", and the rest; "" for no stage."""
    prefix, dot, rest = field.partition("].")
    return (prefix + dot, rest) if dot else ("", field)


def code(field: str, value: str, expected: str) -> str:
    """Return the code for a problem of device/once/model_json.py; "" if the contents of the kmodel are wrong.

    field, value, expected: the parts of the problem, in the reader's own words.
    """
    if not field:
        if expected != "a JSON object":
            return "C117"
        return "C101" if value == "missing" else "C102"
    if value == "unknown":
        return "C103"
    # A title that another model has needs another remedy than a title that is wrong by itself.
    if field == "title":
        return "C116" if expected.startswith("another than ") else "C105"
    # The rules of `kmodel` read the complete file and report more.
    if field == "kmodel" and expected == "kmodel v3 or v4":
        return ""
    # In the next three cases model.json contradicts the head of the kmodel.
    if field == "labels" and value.endswith(" labels"):
        return "C118"
    if field == "input" and expected.startswith("[") and expected != "[width, height, 1 or 3]":
        return "C119"
    if field == "outputs" and not expected.startswith("[["):
        return "C120"
    return FIELDS.get(field, "C199")


def unused(card: Card) -> Iterator[Finding]:
    """Yield model files that no model.json names."""
    models = {model.place: model for model in card.models}
    used = {part.file for part in card.networks}
    for name in sorted(card.sizes):
        if not name.lower().endswith(KMODEL_ENDS) or name in used:
            continue
        folder, _, base = name.rpartition("/")
        # macOS writes a shadow ._name.kmodel beside each file. It has the suffix, but it is not a model.
        if base.startswith("."):
            continue
        if folder in models:
            # If model.json names a missing file, this may be that file under another name, and C115 is enough.
            if models[folder].file:
                yield finding("C122", name)
        elif card.kind == "card":
            yield finding("C123", name, card=card.shell, source=shlex.quote(str(card.path / name)))
