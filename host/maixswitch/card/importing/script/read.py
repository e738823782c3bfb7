"""Read a script: follow its paths within a budget, and collect what they pass to the firmware."""

from __future__ import annotations

import ast
from typing import Any

from maixswitch.card.importing.literals import BROKEN, literal

from . import broken
from .firmware import flat
from .machine import Choice, OpenText, Shared
from .merge import finished, merged
from .reading import ModelUse, NamedList, NamedNumbers, ScriptReading
from .statements import Statements
from .syntax import parse
from .values import (
    Class,
    Frame,
    Function,
    Instance,
    Method,
    Module,
    OutOfSteps,
    ScriptExit,
    ScriptRaise,
    Unknown,
    texts,
)

STEPS = 250_000
PATH_STEPS = 80_000
MAX_PATHS = 60
MAX_IDLE = 8
MAX_LISTS = 200
MAX_LIST_ITEMS = 50_000


def read_script(text: str, name: str = "main.py", open_text: OpenText = lambda path: None) -> ScriptReading:
    """Read what a script passes to the firmware. The script is never run.

    name: its file name.
    open_text: returns the bytes of a file that the script opens or imports, None if the source has no such file.
    Returns what was read; a script that is not valid Python is searched for lists and loads.
    """
    tree, trouble = parse(text)
    if tree is None:
        return _searched(text, trouble)
    reader = _Reader(tree, name, open_text)
    reader.follow()
    lists, numbers = reader.lists()
    return ScriptReading(merged(reader.uses), lists, numbers, trouble)


def _searched(text: str, trouble: str) -> ScriptReading:
    text = text[: 2 * broken.MAX_LIST * 4]
    found: list[tuple[str, Any, int, str]] = [(*item, "") for item in broken.assignments(text)]
    uses = tuple(ModelUse(model, line) for model, line in broken.loads(text))
    return ScriptReading(uses, *_sorted_lists(found), trouble)


class _Reader:
    """All paths through one script."""

    def __init__(self, tree: ast.Module, name: str, open_text: OpenText) -> None:
        self.tree = tree
        self.name = name
        self.shared = Shared(open_text, STEPS)
        self.uses: list[ModelUse] = []
        self.known: set[ModelUse] = set()
        self.found: dict[tuple[str, int], tuple[str, Any, int, str]] = {}
        self.left_out = 0

    def follow(self) -> None:
        """Follow paths until nothing new comes, or the budget is spent."""
        done: list[list[Choice]] = []
        # First each option of each branch once, then what only other programs call, then other combinations.
        for orphans in (False, True):
            for _ in range(MAX_PATHS // 3):
                before = len(self.shared.covered)
                choices = self._path((), orphans)
                if choices is None:
                    return
                done.append(choices)
                if len(self.shared.covered) == before:
                    break
            if orphans or not self._orphans_left():
                break
        queue = [(sum(choice.doubtful for choice in prefix[-1:]), prefix) for path in done for prefix in _turned(path)]
        queue.sort(key=lambda item: item[0])
        tried = set()
        idle = 0
        for doubtful, prefix in queue[:500]:
            key = tuple((id(choice.site), choice.chosen) for choice in prefix)
            # A doubtful branch needs one path only.
            key = key[-1:] if doubtful else key
            if key in tried or (idle >= MAX_IDLE and not doubtful):
                continue
            tried.add(key)
            before = len(self.known)
            if len(tried) > MAX_PATHS or self._path(tuple(choice.chosen for choice in prefix), False) is None:
                return
            idle = 0 if len(self.known) > before else idle + 1

    def _path(self, prefix: tuple[int, ...], orphans: bool) -> list[Choice] | None:
        """Follow one path and keep its uses. Returns its choices, None if the budget of all paths is spent."""
        machine = Statements(self.shared, PATH_STEPS, prefix)
        module = Module("__main__", {"__name__": "__main__", "__file__": self.name})
        try:
            _guarded(machine, self.tree.body, Frame(module.names, module))
            if orphans:
                self._call_orphans(machine)
        except (OutOfSteps, RecursionError):
            pass
        for use in machine.uses:
            learnt = finished(use, machine.doubtful)
            if learnt not in self.known:
                self.known.add(learnt)
                self.uses.append(learnt)
        for origin in machine.origins.values():
            if len(self.found) < MAX_LISTS:
                self.found.setdefault(
                    (origin.name, origin.line), (origin.name, origin.value, origin.line, origin.function)
                )
        return machine.choices if self.shared.steps > 0 else None

    def _orphans_left(self) -> bool:
        return any(
            isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and id(node) not in self.shared.called
            for node in ast.walk(self.tree)
        )

    def _call_orphans(self, machine: Statements) -> None:
        """Call the functions that no path has called: other scripts, timers or buttons may."""
        functions = [function for function in machine.functions if id(function.node) not in self.shared.called]
        named = {
            getattr(item.func, "attr", getattr(item.func, "id", ""))
            for function in functions
            for item in ast.walk(function.node)
            if isinstance(item, ast.Call)
        }
        # Functions that others of them call come last; by then they have been called with real arguments.
        called = self.shared.called
        for function in sorted(functions, key=lambda item: item.name in named):
            if id(function.node) in called and function.name in named:
                continue
            target: Any = function
            if function.owner is not None and function.kind == "":
                owner = machine.instances.get(id(function.owner))
                if owner is None:
                    owner = _attempt(machine, function.owner, function)
                if function.name == "__init__":
                    continue
                target = Method(owner, function)
            _attempt(machine, target, function)

    def lists(self) -> tuple[tuple[NamedList, ...], tuple[NamedNumbers, ...]]:
        """Return the lists of texts and of numbers that the script holds, also those in parts that no path reaches."""
        reached = {line for _, line in self.found}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Assign) and isinstance(node.value, (ast.List, ast.Tuple, ast.Dict)):
                target = node.targets[0]
                name = getattr(target, "id", getattr(target, "attr", ""))
                if name and node.value.lineno not in reached and len(self.found) < MAX_LISTS:
                    try:
                        value = ast.literal_eval(node.value)
                    except BROKEN:
                        continue
                    self.found[(name, node.lineno)] = (name, value, node.lineno, "")
        return _sorted_lists(list(self.found.values()))


def _guarded(machine: Statements, body: list[ast.stmt], frame: Frame) -> None:
    try:
        machine.run_block(body, frame)
    except (ScriptRaise, ScriptExit):
        machine.calls = 0
        machine.guards = 0


def _attempt(machine: Statements, target: Function | Method | Class, function: Function) -> Any:
    """Call a function or class with unknown arguments, and return its result."""
    machine.where = ""
    try:
        return machine.call(target, [], {}, function.node)
    except (ScriptRaise, ScriptExit):
        machine.guards = 0
        return machine.instances.get(id(target), Unknown()) if isinstance(target, Class) else Unknown()


def _turned(path: list[Choice]) -> list[list[Choice]]:
    """Return the beginnings of a path with another option at the end."""
    beginnings = []
    for at, choice in enumerate(path[:60]):
        for option in range(choice.count):
            if option != choice.chosen:
                beginnings.append([*path[:at], Choice(choice.site, choice.count, option, choice.doubtful)])
    return beginnings


def _sorted_lists(
    found: list[tuple[str, Any, int, str]],
) -> tuple[tuple[NamedList, ...], tuple[NamedNumbers, ...]]:
    lists = []
    numbers = []
    room = MAX_LIST_ITEMS
    for name, value, line, function in sorted(found, key=lambda item: item[2]):
        labels = texts(value)
        values = flat(value)
        room -= len(labels or ()) + len(values or ())
        if room < 0:
            break
        if labels is not None:
            lists.append(NamedList(name, labels, line, function))
        elif values is not None and len(values) > 3 and len(values) % 2 == 0:
            numbers.append(NamedNumbers(name, values, line, function))
    return tuple(lists), tuple(numbers)


__all__ = ["Instance", "literal", "read_script"]
