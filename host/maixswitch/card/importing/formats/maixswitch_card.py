"""A model's folder of another MaixSwitch card, or a package of `maixswitch pack`: model.json states everything."""

from __future__ import annotations

from typing import Any

from maixswitch import board_code
from maixswitch.card.flash.flash_list import files_at
from maixswitch.card.importing.evidence import FIELDS, Evidence, fraction
from maixswitch.card.importing.labels import anchors, read_labels, strings
from maixswitch.card.importing.literals import decode, from_json
from maixswitch.card.importing.messages import for_flash
from maixswitch.card.importing.parts import Part

NAME = "model.json"
SOURCE = "another MaixSwitch card, a folder of its models, or a package of `maixswitch pack`"
SIGNS = "`model.json`"
TAKEN = "all of it"


def read_evidence(part: Part) -> Evidence | None:
    """See ImportFormat."""
    for file in part.texts:
        if file.rpartition("/")[2] == NAME:
            model = _read(part, file)
            # Other tools write a model.json, too. MaixSwitch's has a schema and names this file.
            if model.get("schema") == 1 and model.get("kmodel") == part.kmodel.rpartition("/")[2]:
                return _evidence(part, file, model)
            if model.get("schema") == 1 and _in_package(part, model.get("kmodel")):
                evidence = _evidence(part, file, model)
                evidence.notes.append(for_flash(part.kmodel, hex(model["kmodel"]["flash"])))
                return evidence
    return None


def stages(part: Part) -> list[tuple[dict[str, Any], str]]:
    """Return the stages in the model.json of a network: each object, and the file in the source that it names."""
    for file in part.texts:
        if file.rpartition("/")[2] == NAME:
            model = _read(part, file)
            rows = model.get("stages") if model.get("kmodel") == part.kmodel.rpartition("/")[2] else None
            folder = part.kmodel.rpartition("/")[0]
            names = [row.get("kmodel") if isinstance(row, dict) else None for row in rows or ()]
            # The board's parser judges the objects before the import ends.
            if names and all(isinstance(name, str) for name in names):
                return [(row, f"{folder}/{name}".lstrip("/")) for row, name in zip(rows or (), names, strict=True)]
    return []


def _in_package(part: Part, where: Any) -> bool:
    """Does model.json name the address at which the source's list puts this file?"""
    address = where.get("flash") if isinstance(where, dict) else None
    # True is an integer in Python.
    return type(address) is int and address >= 0 and part.kmodel in files_at(part.source, address)


def _read(part: Part, file: str) -> dict[str, Any]:
    try:
        value = from_json(decode(part.text(file) or b"") or "")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _evidence(part: Part, file: str, model: dict[str, Any]) -> Evidence:
    evidence = Evidence("MaixSwitch", part, complete=True)
    title, ascii_title = model.get("title"), model.get("ascii_title")
    evidence.add("ascii_title", ascii_title if isinstance(ascii_title, str) else None, file)
    evidence.exact_title = title if isinstance(title, str) else ""
    kinds = board_code.kinds()
    # Search a list and not the dict, because the value may have a type that cannot be a key.
    kind = model.get("kind") if model.get("kind") in list(kinds) else None
    evidence.add("kind", kind, file)

    # Labels are a list, or the name of a file in the same folder.
    for field in ("labels", "ascii_labels"):
        names = model.get(field)
        if isinstance(names, str):
            beside = file.removesuffix(NAME) + names
            if beside in part.texts:
                evidence.add(field, read_labels(part.text(beside) or b""), beside)
        else:
            evidence.add(field, strings(names), file)

    pixels = model.get("pixels")
    evidence.add("pixels", pixels if isinstance(pixels, list) else None, file)
    # Leave out values that the board would refuse, so that a default or an option replaces them.
    evidence.add("anchors", anchors(model.get("anchors")), file)
    for name in ("threshold", "nms"):
        evidence.add(name, fraction(model.get(name)), file)
    softmax, top = model.get("softmax"), model.get("top")
    evidence.add("softmax", softmax if isinstance(softmax, bool) else None, file)
    evidence.add("top", top if isinstance(top, int) and 1 <= top <= 10 else None, file)
    # Pass on fields that only the kind has as they are: the board's parser judges them before the import ends.
    for name, _, _ in kinds[kind].FIELDS if kind else ():
        if name not in FIELDS:
            evidence.add(name, model.get(name), file)
    return evidence
