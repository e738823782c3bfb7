"""Labels of loops such as `for name, number in CLASSES.items(): if number == box.classid()`."""

from __future__ import annotations

from typing import Any

from .values import Use


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
