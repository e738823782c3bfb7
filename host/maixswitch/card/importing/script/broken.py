"""Search the text of a script: one that is not valid Python for lists and loads, any other for loads in comments."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from maixswitch.card.importing.literals import literal

from .reading import ModelUse

MAX_LIST = 16 << 10
MAX_TRIES = 300
ASSIGNMENT = re.compile(r"^[ \t]*([A-Za-z_]\w*)[ \t]*=[ \t]*(?=[\[({])", re.MULTILINE)
LOAD = re.compile(r"\b(?:load|load_kmodel|load_flash)\([ \t]*(?:([\"'])([^\"'\n]{1,200})\1|(0[xX][0-9a-fA-F]{1,8}))")


def assignments(text: str) -> Iterator[tuple[str, Any, int]]:
    """Yield the name, value and line of each list that stands in an assignment at the start of a line."""
    # Each match may cost a search for its closing bracket. Without a limit a hostile text could take hours.
    for tries, match in enumerate(ASSIGNMENT.finditer(text)):
        if tries > MAX_TRIES:
            break
        try:
            value = literal(_balanced(text, match.end()))
        except ValueError:
            continue
        yield match.group(1), value, text.count("\n", 0, match.start()) + 1


def loads(text: str) -> Iterator[tuple[str | int, int]]:
    """Yield the path or the address in the flash, and the line, of each call that loads a model."""
    for tries, match in enumerate(LOAD.finditer(text)):
        if tries > MAX_TRIES:
            break
        yield match.group(2) or int(match.group(3), 16), text.count("\n", 0, match.start()) + 1


def commented(uses: tuple[ModelUse, ...], text: str) -> tuple[ModelUse, ...]:
    """Return the uses; those of an address with the path in a comment beside it that loads the model from the card.

    Scripts do so where a file takes too much memory: `# kpu.load("/sd/a.kmodel")`, then `kpu.load(0x300000)`.
    """
    lines = text.splitlines() if any(isinstance(use.model, int) for use in uses) else []
    found = []
    for use in uses:
        near = lines[max(use.line - 3, 0) : use.line + 1] if isinstance(use.model, int) else []
        notes = [match.group(2) for line in near for match in LOAD.finditer(line[:400].partition("#")[2])]
        paths = list(dict.fromkeys(path for path in notes if path))
        found.append(replace(use, meant=paths[0]) if len(paths) == 1 else use)
    return tuple(found)


def _balanced(text: str, start: int) -> str:
    """Return the text from a bracket to the one that closes it, "" if none does within 16 KiB."""
    depth = 0
    quote = ""
    for at in range(start, min(len(text), start + MAX_LIST)):
        c = text[at]
        # A bracket inside a label must not count.
        if quote:
            quote = "" if c == quote else quote
        elif c in "\"'":
            quote = c
        elif c in "[({":
            depth += 1
        elif c in "])}":
            depth -= 1
            if not depth:
                return text[start : at + 1]
    return ""
