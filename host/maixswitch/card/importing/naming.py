"""Names that an import makes: the title on the panel, ASCII forms for the panel, the name of the file on the card."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from .labels import MAX_LABEL, apart
from .options import MAX_TITLE

GENERIC = ("m", "model", "det", "cls", "yolov2", "yolo", "kmodel", "detector", "classifier", "best", "final")
MEANINGLESS = re.compile(r"model-\d+$|[0-9a-f]{12,}(_|$)|YOLO_best|maixhub_.*result", re.IGNORECASE)


def telling_name(*names: str, generic: Sequence[str] = GENERIC) -> str:
    """Return the first name that says something about a model, "" if none does."""
    return next((name for name in names if name and name.lower() not in generic and not MEANINGLESS.match(name)), "")


def clean_title(text: str) -> str:
    """Turn a file's name into a title: blanks for underscores, printable, at most 32 characters."""
    text = "".join(c if c.isprintable() else " " for c in text.replace("_", " "))
    return " ".join(text.split())[:MAX_TITLE].strip() or "Model"


def kmodel_name(stem: str) -> str:
    """Return a name for the model's file that a card can hold: ASCII, at most 40 characters before the suffix."""
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", stem).strip("-")[:40]
    return f"{plain or 'model'}.kmodel"


def is_plain(text: str) -> bool:
    """Can the font of the panel draw every character of the text?"""
    return text.isascii() and text.isprintable()


def ascii_form(text: str, most: int = MAX_LABEL) -> str:
    """Return a text in printable ASCII, such as "PingGuo" for "\u82f9\u679c"; "" if no character has such a form.

    most: the most characters; longer forms are cut.
    """
    if is_plain(text):
        return text[:most].strip()
    from anyascii import anyascii

    form = "".join(c if is_plain(c) else " " for c in anyascii(text))
    return " ".join(form.split())[:most].strip()


def ascii_labels(labels: Sequence[str]) -> list[str] | None:
    """Return an ASCII form of each label, all different where the labels are; None if all are plain already."""
    if all(is_plain(label) for label in labels):
        return None
    # Different Chinese words may have one sound, and a plain label may be spelled like another one's form.
    plain = {label for label in labels if is_plain(label)}
    forms: dict[str, str] = {label: label for label in plain}
    for at, label in enumerate(labels):
        if label not in forms:
            form = ascii_form(label) or f"#{at}"
            forms[label] = apart(form, set(forms.values())) if form in forms.values() else form
    return [forms[label] for label in labels]


def set_ascii_title(model: dict[str, Any], given: str = "") -> None:
    """Give a model.json an "ascii_title" behind its title if the title needs one.

    given: the form that the model had before; used while it fits.
    """
    title = str(model["title"])
    model.pop("ascii_title", None)
    if is_plain(title):
        return
    form = given if given and is_plain(given) and len(given) <= MAX_TITLE else ascii_form(title, MAX_TITLE)
    # The order of the fields is that of the file, which people read.
    rest = {name: model.pop(name) for name in list(model) if name not in ("schema", "title")}
    model.update({"ascii_title": form or "Model", **rest})
