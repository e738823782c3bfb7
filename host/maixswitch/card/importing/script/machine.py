"""The state of one path through a script: its budget, its choices, what it loaded, and the files that it opens."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from .values import (
    MAX_PLAIN,
    SCALARS,
    Frame,
    Function,
    Module,
    OutOfSteps,
    ScriptRaise,
    Unknown,
    Use,
    plain_size,
)

MAX_CHOICES = 400
MAX_USES = 64
MAX_FILES = 40

OpenText = Callable[[str], "bytes | None"]


@dataclass
class Choice:
    """A branch of a path. chosen: the option, from 0. doubtful: every other option is unlikely."""

    site: ast.AST
    count: int
    chosen: int
    doubtful: bool


@dataclass(frozen=True)
class Origin:
    """Where a list comes from. `value` keeps the list alive, because its identity is the key."""

    name: str
    line: int
    function: str
    value: Any


@dataclass
class Shared:
    """What all paths through a script share.

    steps: the steps that are left for all paths.
    covered: how often each option of each site was chosen.
    called: the functions that some path has called.
    """

    open_text: OpenText
    steps: int
    covered: Counter[tuple[int, int]] = field(default_factory=Counter)
    called: set[int] = field(default_factory=set)
    files: dict[str, bytes | None] = field(default_factory=dict)
    trees: dict[str, ast.Module | None] = field(default_factory=dict)

    def read(self, path: str) -> bytes | None:
        """Return the bytes of a file of the source, None if it has none of this name."""
        if path not in self.files:
            if len(self.files) >= MAX_FILES or not 0 < len(path) < 256 or "\0" in path:
                return None
            self.files[path] = self.open_text(path)
        return self.files[path]


class Machine:
    """One path through a script. The subclasses follow expressions, calls and statements.

    prefix: the options of the first choices; later choices take the option that was taken least.
    """

    def __init__(self, shared: Shared, steps: int, prefix: tuple[int, ...] = ()) -> None:
        self.shared = shared
        self.steps = min(steps, shared.steps)
        self.prefix = prefix
        self.choices: list[Choice] = []
        self.doubtful = False
        self.depth = 0
        self.calls = 0
        self.guards = 0
        self.line = 0
        self.where = ""
        # Loops go on as long as these numbers grow: models loaded, lines read from files.
        self.progress = 0
        self.lines_read = 0
        self.pictures = 0
        self.seen: set[tuple[int, Any]] = set()
        self.uses: list[Use] = []
        self.origins: dict[int, Origin] = {}
        self.modules: dict[str, Module] = {}
        self.functions: list[Function] = []
        self.instances: dict[int, Any] = {}
        self.rounds: Counter[int] = Counter()
        self.camera: dict[str, Any] = {}
        # The known values that the condition of a loop has compared.
        self.compared: list[Any] = []
        # The detector whose box was looked at last.
        self.box: Use | None = None
        # The last comparison of a task's class with a number.
        self.class_test: tuple[Use, Any] | None = None

    def spend(self, steps: int = 1) -> None:
        """Take steps from the budget. Raises OutOfSteps if it is spent."""
        self.steps -= steps
        self.shared.steps -= steps
        if self.steps < 0 or self.shared.steps < 0:
            raise OutOfSteps

    def plain(self, value: Any, room: int = MAX_PLAIN) -> bool:
        """Does a value consist of at most `room` texts and numbers, lists and dictionaries of them included?"""
        if isinstance(value, SCALARS):
            return True
        size = plain_size(value, room)
        self.spend((size if size > 0 else room) >> 4)
        return size > 0

    def choose(self, site: ast.AST, count: int, doubtful: bool = False) -> int:
        """Return which of `count` options this path takes at a place of the script.

        doubtful: every option but 0 is unlikely, so only a prefix takes it.
        """
        at = len(self.choices)
        if at >= MAX_CHOICES or count < 2:
            return 0
        if at < len(self.prefix):
            chosen = min(self.prefix[at], count - 1)
        elif doubtful:
            chosen = 0
        else:
            chosen = min(range(count), key=lambda option: self.shared.covered[(id(site), option)])
        # An excluded branch and an unknown condition may meet at the same place.
        if not doubtful:
            self.shared.covered[(id(site), chosen)] += 1
        self.choices.append(Choice(site, count, chosen, doubtful))
        self.doubtful |= doubtful and chosen > 0
        return chosen

    def add_use(self, model: Any, line: int, function: str) -> Use:
        """Return a new use of a model, which kpu.load got as `model`."""
        known: str | int | None = model if isinstance(model, str) else None
        if isinstance(model, int) and not isinstance(model, bool):
            known = int(model)
        use = Use(known, line, function)
        if len(self.uses) < MAX_USES:
            self.uses.append(use)
        # A loop that loads the same model again and again makes no progress.
        if (line, known) not in self.seen:
            self.seen.add((line, known))
            self.progress += 1
        return use

    def distrust(self) -> None:
        """From here on the path is one that the board may never take; what it says about the uses so far is a guess."""
        for use in self.uses:
            use.trusted = False

    def name_list(self, value: Any, name: str, line: int) -> None:
        """Remember where a list, tuple or dictionary comes from. The first name stays."""
        if isinstance(value, (list, tuple, dict)) and value:
            known = self.origins.get(id(value))
            if known is None or (not known.name and name):
                self.origins[id(value)] = Origin(name, known.line if known else line, self.where, value)

    def evaluate(self, node: ast.AST, frame: Frame) -> Any:
        """Return the value of an expression."""
        raise NotImplementedError

    def call(self, function: Any, args: list[Any], keywords: dict[str, Any], node: ast.AST) -> Any:
        """Return what a call returns."""
        raise NotImplementedError

    def items(self, value: Any) -> Iterable[Any] | None:
        """Return the items of a known value, None for an unknown one."""
        raise NotImplementedError

    def attribute(self, value: Any, name: str) -> Any:
        """Return `value.name`."""
        raise NotImplementedError

    def run_block(self, body: list[ast.stmt], frame: Frame) -> str:
        """Follow statements. Returns "", "break", "continue" or "return"."""
        raise NotImplementedError

    def truth(self, value: Any, site: ast.AST) -> bool:
        """Return whether a value is true on this path."""
        raise NotImplementedError

    def fail(self, name: str) -> Any:
        """Raise an exception of the script where the script would catch it; elsewhere return an unknown value."""
        if self.guards:
            raise ScriptRaise(name)
        return Unknown()
