"""A script's text into a syntax tree. What MicroPython accepts and Python does not is corrected where that is safe."""

from __future__ import annotations

import ast
import re
import warnings

from maixswitch.card.importing.literals import BROKEN, MAX_SCRIPT, decode, deep

from .relevance import mark

MAX_REPAIRS = 12
MAX_REPAIRED = 48 << 10
BYTES = re.compile(r"\b[bB](?=[\"'])()")


def parse(source: str | bytes) -> tuple[ast.Module | None, str]:
    """Return the tree of a script and why it is not valid Python ("" if it is).

    A script with a few wrong lines loses these lines; a script that is too large or too broken has no tree.
    """
    text = source if isinstance(source, str) else decode(source)
    if text is None:
        return None, "not a text"
    # Before the parser runs: according to Python's documentation, deep nesting can crash ast.parse.
    if len(text) > MAX_SCRIPT or deep(text):
        return None, "too long or too deep"
    trouble = ""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for _ in range(MAX_REPAIRS):
        try:
            with warnings.catch_warnings():
                # "\d" in a text is no concern of this reader.
                warnings.simplefilter("ignore")
                tree = ast.parse("\n".join(lines))
            mark(tree)
            return tree, trouble
        except TabError:
            # MicroPython counts a tab as the way to the next multiple of eight and mixes it with blanks.
            expanded = [_expand(line) for line in lines]
            if expanded == lines:
                return None, trouble or "inconsistent indentation"
            lines = expanded
        except SyntaxError as error:
            # MicroPython takes b"\u4e2d" as the bytes of its UTF-8; where it is shown, that is the text.
            if "bytes can only contain ASCII" in str(error.msg):
                plain = [BYTES.sub(r"\1", line) if not line.isascii() else line for line in lines]
                if plain != lines:
                    lines = plain
                    continue
            trouble = trouble or f"line {error.lineno}: {error.msg}"
            # `print "x"` of Python 2 and a stray word spoil their own line only.
            if len(text) > MAX_REPAIRED or not _blank(lines, error.lineno):
                return None, trouble
        except BROKEN as error:
            return None, trouble or str(error) or type(error).__name__
    return None, trouble


def _expand(line: str) -> str:
    body = line.lstrip(" \t")
    return line[: len(line) - len(body)].expandtabs(8) + body


def _blank(lines: list[str], number: int | None) -> bool:
    """Replace a wrong line by `pass`. Returns whether that was possible."""
    if number is None or not 0 < number <= len(lines):
        return False
    line = lines[number - 1]
    body = line.strip()
    # A line that begins or ends a block or a bracket holds others together; without it they mean something else.
    if not body or body == "pass" or re.search(r"[:\[({,\\]\s*(#.*)?$", body) or body[0] in "])}":
        return False
    lines[number - 1] = line[: len(line) - len(line.lstrip())] + "pass"
    return True
