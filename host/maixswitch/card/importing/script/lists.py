"""The lists of texts and of numbers in a script, for when its uses do not tell the labels or the anchors."""

from __future__ import annotations

import ast
from typing import Any

from maixswitch.card.importing.literals import BROKEN

from .firmware import flat
from .reading import NamedList, NamedNumbers
from .values import texts

MAX_LISTS = 200
MAX_LIST_ITEMS = 50_000
MIN_NUMBERS = 4


class Lists:
    """A collection of lists, each once."""

    def __init__(self) -> None:
        self.texts: dict[tuple[str, int, tuple[str, ...]], str] = {}
        self.numbers: dict[tuple[str, int, tuple[float, ...]], str] = {}
        self.lines: set[tuple[str, int]] = set()
        self.room = MAX_LIST_ITEMS

    def add(self, name: str, value: Any, line: int, function: str = "") -> None:
        """Add a value if it is a list of texts, or of four or more numbers in pairs."""
        if self.full():
            return
        self.lines.add((name, line))
        labels = texts(value)
        if labels is not None and len(labels) <= self.room and (name, line, labels) not in self.texts:
            self.room -= len(labels)
            self.texts[(name, line, labels)] = function
        values = flat(value) if labels is None else None
        if values is not None and len(values) >= MIN_NUMBERS and len(values) % 2 == 0:
            self.numbers.setdefault((name, line, values), function)

    def add_literals(self, tree: ast.Module) -> None:
        """Add the literals that a script assigns, also in parts that no path reaches."""
        for node in ast.walk(tree):
            if self.full():
                break
            if isinstance(node, ast.Assign) and isinstance(node.value, (ast.List, ast.Tuple, ast.Dict)):
                name = getattr(node.targets[0], "id", getattr(node.targets[0], "attr", ""))
                if not name or (name, node.value.lineno) in self.lines:
                    continue
                try:
                    self.add(name, ast.literal_eval(node.value), node.value.lineno)
                except BROKEN:
                    continue

    def full(self) -> bool:
        """Are there as many lists as are kept?"""
        return len(self.texts) + len(self.numbers) >= MAX_LISTS

    def results(self) -> tuple[tuple[NamedList, ...], tuple[NamedNumbers, ...]]:
        """Return the lists of texts and those of numbers, by their lines."""
        lists = [NamedList(name, value, line, function) for (name, line, value), function in self.texts.items()]
        numbers = [NamedNumbers(name, value, line, function) for (name, line, value), function in self.numbers.items()]
        return tuple(sorted(lists, key=lambda item: item.line)), tuple(sorted(numbers, key=lambda item: item.line))
