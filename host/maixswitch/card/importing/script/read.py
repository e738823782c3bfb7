"""Read a script: follow its paths within a budget, and collect what they pass to the firmware."""

from __future__ import annotations

import ast
from itertools import islice
from typing import Any

from maixswitch.card.importing.literals import MAX_SCRIPT

from . import broken, chains
from .lists import Lists
from .machine import Choice, OpenText, Shared
from .merge import Guesses, finished, merged, with_guesses
from .reading import ModelUse, ScriptReading
from .statements import Statements
from .syntax import parse
from .values import (
    Class,
    Frame,
    Function,
    Method,
    Module,
    OutOfSteps,
    ScriptExit,
    ScriptRaise,
    Unknown,
)

STEPS = 200_000
PATH_STEPS = 80_000
MAX_PATHS = 60
MAX_IDLE = 8
MAX_ORIGINS = 500


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
    reader.lists.add_literals(tree)
    uses = with_guesses(merged(reader.uses), reader.guesses)
    return ScriptReading(broken.commented(uses, text), *reader.lists.results(), trouble, chains.likeness(tree))


def _searched(text: str, trouble: str) -> ScriptReading:
    text = text[:MAX_SCRIPT]
    lists = Lists()
    for name, value, line in broken.assignments(text):
        lists.add(name, value, line)
    uses = tuple(ModelUse(model, line) for model, line in broken.loads(text))
    return ScriptReading(uses, *lists.results(), trouble)


class _Reader:
    """All paths through one script."""

    def __init__(self, tree: ast.Module, name: str, open_text: OpenText) -> None:
        self.tree = tree
        self.name = name
        self.shared = Shared(open_text, STEPS)
        self.uses: list[ModelUse] = []
        self.guesses: Guesses = {}
        self.known: set[ModelUse] = set()
        self.lists = Lists()

    def follow(self) -> None:
        """Follow paths until nothing new comes, or the budget is spent."""
        done: list[list[Choice]] = []
        # First each option of each branch once, then what only other programs call, then other combinations.
        for orphans in (False, True):
            fruitless = 0
            for _ in range(MAX_PATHS // 3):
                before = len(self.shared.covered)
                choices = self._path((), orphans)
                if choices is None:
                    return
                done.append(choices)
                fruitless = fruitless + 1 if len(self.shared.covered) == before else 0
                if fruitless == 2:
                    break
            if orphans or not self._orphans_left():
                break
        queue = [(prefix[-1].doubtful, prefix) for path in done for prefix in _turned(path)]
        # What no path has taken comes first, exceptions and excluded branches come last.
        covered = self.shared.covered
        queue.sort(key=lambda item: (item[0], covered[(id(item[1][-1].site), item[1][-1].chosen)]))
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
            self.guesses.setdefault((use.line, use.model), {}).update(dict.fromkeys(use.guesses))
            if learnt not in self.known:
                self.known.add(learnt)
                self.uses.append(learnt)
        for origin in islice(machine.origins.values(), MAX_ORIGINS):
            self.lists.add(origin.name, origin.value, origin.line, origin.function)
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
            if isinstance(item, ast.Call) and getattr(getattr(item.func, "value", None), "id", "self") == "self"
        }
        # Functions that others of them call come last; by then they have been called with real arguments.
        called = self.shared.called
        for function in sorted(functions, key=lambda item: item.name in named):
            if id(function.node) in called and function.name in named:
                continue
            machine.distrust()
            target: Any = function
            if function.owner is not None and function.kind == "":
                owner = machine.instances.get(id(function.owner))
                if owner is None:
                    owner = _attempt(machine, function.owner, function)
                if function.name == "__init__":
                    continue
                target = Method(owner, function)
            _attempt(machine, target, function)


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
