"""Read texts in several encodings, literals of Python, JSON and lists of numbers, within limits."""

from __future__ import annotations

import ast
import json
import math
from typing import Any

MAX_SCRIPT = 128 << 10
MAX_DEPTH = 64
MAX_ITEMS = 5000
BROKEN = (SyntaxError, ValueError, TypeError, RecursionError, MemoryError, OverflowError)


def decode(data: bytes) -> str | None:
    """Return the text of a file in UTF-8, UTF-16 with a byte order mark, or GB 18030; None for anything else."""
    # Windows editors write UTF-16 with a mark, or GB 18030 on Chinese systems. GB 18030 accepts almost any bytes, so it
    # comes last.
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encodings: tuple[str, ...] = ("utf-16",)
    else:
        encodings = ("utf-8-sig", "gb18030")
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        # Binary data can pass as GB 18030, but text never contains a NUL.
        return None if "\0" in text else text
    return None


def literal(text: str) -> Any:
    """Return the value of one Python literal.

    Raises ValueError for anything else, and for more than 128 KiB or 64 levels.
    """
    # Check the limits before the parser runs: according to Python's documentation, deep nesting can crash ast.parse.
    if len(text) > MAX_SCRIPT or deep(text):
        raise ValueError("too long or too deep")
    try:
        return ast.literal_eval(text.strip())
    except BROKEN as error:
        raise ValueError(str(error)) from error


def from_json(text: str) -> Any:
    """Return the value of a JSON text.

    Raises ValueError for invalid text, more than 64 levels, and numbers that Python cannot read.
    """
    if deep(text):
        raise ValueError("too deep")
    try:
        return json.loads(text)
    except BROKEN as error:
        raise ValueError(str(error)) from error


def deep(text: str) -> bool:
    """Does a text nest brackets deeper than 64 levels?"""
    depth = 0
    for c in text:
        if c in "[({":
            depth += 1
            if depth > MAX_DEPTH:
                return True
        elif c in "])}":
            depth = max(0, depth - 1)
    return False


def numbers(value: Any) -> list[float] | None:
    """Return at most 5000 finite numbers from nested lists, None for anything else."""
    flat: list[float] = []
    todo = [value]
    while todo:
        item = todo.pop()
        if isinstance(item, (list, tuple)):
            if len(item) > MAX_ITEMS:
                return None
            # A stack, because the file decides how deep its lists are. `reversed` keeps their order.
            todo.extend(reversed(item))
        # 1e999 is read as infinity, and an integer of 400 digits does not fit into a float.
        elif isinstance(item, (int, float)) and not isinstance(item, bool):
            try:
                flat.append(float(item))
            except OverflowError:
                return None
            if not math.isfinite(flat[-1]) or len(flat) > MAX_ITEMS:
                return None
        else:
            return None
    return flat or None
