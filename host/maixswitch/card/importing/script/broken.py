"""Search a script that is not valid Python for assignments of lists and for calls that load a model."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from maixswitch.card.importing.literals import literal

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
