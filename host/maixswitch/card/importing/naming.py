"""Names that an import makes: the title on the panel and the name of the file on the card."""

from __future__ import annotations

import re

from .options import MAX_TITLE


def clean_title(text: str) -> str:
    """Turn a file's name into a title: blanks for underscores, printable, at most 32 characters."""
    text = "".join(c if c.isprintable() else " " for c in text.replace("_", " "))
    return " ".join(text.split())[:MAX_TITLE].strip() or "Model"


def kmodel_name(stem: str) -> str:
    """Return a name for the model's file that a card can hold: ASCII, at most 40 characters before the suffix."""
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", stem).strip("-")[:40]
    return f"{plain or 'model'}.kmodel"
