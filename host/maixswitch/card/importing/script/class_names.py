"""Labels that a script tells by comparing the number of a class: in loops, and in branches that draw a name each.

`for name, number in CLASSES.items(): if number == box.classid()`; `if box[4]: img.draw_string(x, y, "mask")`.
"""

from __future__ import annotations

import ast
from typing import Any

from .values import ClassIndex, Use

MOST_BRANCHES = 100
MOST_NODES = 400


def branches(node: ast.If, test: Any, compared: tuple[Use, Any] | None) -> None:
    """Make the texts that the branches of an `if` draw the labels of the use whose class they ask for.

    test: the value of the condition. compared: the use and the number that its class was just compared with.
    """
    if isinstance(test, ClassIndex) and test.order is None:
        _label(test.use, {1: _drawn(node.body), 0: _drawn(node.orelse)}, node.lineno)
    elif compared is not None and isinstance(node.test, ast.Compare):
        left = ast.dump(node.test.left)
        texts: dict[int, str] = {}
        at: ast.If | None = node
        while at is not None and len(texts) < MOST_BRANCHES:
            number = _number(at.test, left)
            if number is None:
                return
            texts[number] = _drawn(at.body)
            rest = at.orelse
            at = rest[0] if len(rest) == 1 and isinstance(rest[0], ast.If) else None
        # The last branch may have no number of its own.
        if rest and at is None and not isinstance(rest[0], ast.If):
            texts[len(texts)] = _drawn(rest)
        _label(compared[0], texts, node.lineno)


def _number(test: ast.expr, left: str) -> int | None:
    """Return the number that a condition compares the same value with, None for another condition."""
    if isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.ops[0], ast.Eq):
        number = test.comparators[0]
        if ast.dump(test.left) == left and isinstance(number, ast.Constant) and type(number.value) is int:
            return number.value
    return None


def _label(use: Use, texts: dict[int, str], line: int) -> None:
    names = [texts.get(number, "") for number in range(len(texts))]
    if len(names) > 1 and all(names) and len(set(names)) == len(names):
        use.label(tuple(names), "", line)


def _drawn(body: list[ast.stmt]) -> str:
    """Return the only text that a branch draws on the picture, "" for none or several."""
    found = set()
    nodes = (item for statement in body for item in ast.walk(statement))
    for _, item in zip(range(MOST_NODES), nodes, strict=False):
        if isinstance(item, ast.Call) and isinstance(item.func, ast.Attribute) and item.func.attr == "draw_string":
            texts = [arg.value for arg in item.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
            found |= {text.strip() for text in texts if any(c.isalpha() for c in text) and "%" not in text}
    return found.pop() if len(found) == 1 else ""


class ClassNames:
    """The texts of a loop's items, by the number of a class that the loop compares each item with."""

    def __init__(self) -> None:
        self.use: Use | None = None
        self.by_number: dict[int, str] = {}

    def add(self, test: tuple[Use, Any] | None, item: Any) -> None:
        """Add an item of the loop. test: the use and the number that its class was compared with."""
        if test is None:
            return
        use, number = test
        named = [part for part in (item if isinstance(item, tuple) else (item,)) if isinstance(part, str)]
        named = [part for part in named if part != number] or named
        if isinstance(number, str):
            number = int(number) if number.isascii() and number.isdigit() and len(number) < 6 else -1
        if len(named) == 1 and number >= 0:
            self.use = use
            self.by_number[int(number)] = named[0].strip()

    def record(self, line: int) -> None:
        """Make the texts the labels of the use if there is one for each number from 0."""
        count = len(self.by_number)
        if self.use is None or set(self.by_number) != set(range(count)):
            return
        self.use.label(tuple(self.by_number[number] for number in range(count)), "", line)
