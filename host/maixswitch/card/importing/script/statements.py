"""Follow the statements of a script."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from typing import Any

from . import firmware, operators
from .class_names import ClassNames, branches
from .imports import Imports
from .names import PARENTS
from .relevance import changed, indexed, loads_in, matters
from .values import (
    MAX_ITEMS,
    MISSING,
    Class,
    Detection,
    Frame,
    Instance,
    Many,
    Method,
    OutOfSteps,
    Picked,
    Position,
    ScriptExit,
    ScriptRaise,
    Unknown,
    is_key,
)

MAX_STATEMENTS = 90
MAX_ROUNDS = 5000
MAX_PROGRESS = 40
ENDLESS_ROUNDS = 2
IDLE_ROUNDS = 200


class Statements(Imports):
    """One method for each kind of statement. Each returns how the block goes on: see Machine.run_block."""

    def run_block(self, body: list[ast.stmt], frame: Frame) -> str:
        """See Machine."""
        for node in body:
            self.spend()
            method: Callable[[Any, Frame], str | None] | None = getattr(self, "_" + type(node).__name__, None)
            if method is None or self.depth > MAX_STATEMENTS:
                continue
            self.line = node.lineno
            self.depth += 1
            try:
                way = method(node, frame)
            finally:
                self.depth -= 1
            if way:
                return way
        return ""

    # -- assignments

    def assign(self, target: ast.AST, value: Any, frame: Frame) -> None:
        """See Expressions."""
        if isinstance(target, ast.Name):
            self._store(target.id, value, frame)
            self.name_list(value, target.id, target.lineno)
        elif isinstance(target, ast.Attribute):
            owner = self.evaluate(target.value, frame)
            if isinstance(owner, (Instance, Class)):
                owner.names[target.attr] = value
                self.name_list(value, target.attr, target.lineno)
        elif isinstance(target, ast.Subscript):
            self._store_item(target, value, frame)
        elif isinstance(target, (ast.Tuple, ast.List)):
            self._unpack(target.elts, value, frame)
        elif isinstance(target, ast.Starred):
            self.assign(target.value, value, frame)

    def _store(self, name: str, value: Any, frame: Frame) -> None:
        if name in frame.shared:
            frame.module.names[name] = value
            return
        if name in frame.outer:
            scope = frame.parent
            while scope is not None:
                if name in scope.names and not scope.is_class:
                    scope.names[name] = value
                    return
                scope = scope.parent
        frame.names[name] = value

    def _store_item(self, target: ast.Subscript, value: Any, frame: Frame) -> None:
        owner = self.evaluate(target.value, frame)
        index = self.evaluate(target.slice, frame)
        if isinstance(owner, list) and isinstance(index, int):
            if -len(owner) <= index < len(owner):
                owner[index] = value
        elif isinstance(owner, dict) and is_key(index) and len(owner) < MAX_ITEMS:
            owner[index] = value
        elif isinstance(owner, list) and isinstance(index, slice) and isinstance(value, (list, tuple)):
            self.spend((len(owner) + len(value)) >> 3)
            if len(owner) + len(value) <= MAX_ITEMS and index.step is None:
                owner[index] = value

    def _unpack(self, targets: list[ast.expr], value: Any, frame: Frame) -> None:
        if isinstance(value, (Detection, Picked)):
            items: list[Any] = [self.item(value, number, targets[0]) for number in range(len(targets))]
        else:
            known = self.items(value)
            items = list(known) if known is not None else []
            if isinstance(value, Many):
                items = [value.item] * len(targets)
        self.spend(len(items) >> 3)
        star = next((at for at, target in enumerate(targets) if isinstance(target, ast.Starred)), None)
        if star is not None and len(items) >= len(targets) - 1:
            after = len(targets) - star - 1
            items = [*items[:star], items[star : len(items) - after], *items[len(items) - after :]]
        for at, target in enumerate(targets):
            self.assign(target, items[at] if len(items) == len(targets) else Unknown(), frame)

    def _Assign(self, node: ast.Assign, frame: Frame) -> None:
        value = self.evaluate(node.value, frame)
        for target in node.targets:
            self.assign(target, value, frame)

    def _AnnAssign(self, node: ast.AnnAssign, frame: Frame) -> None:
        if node.value is not None:
            self.assign(node.target, self.evaluate(node.value, frame), frame)

    def _AugAssign(self, node: ast.AugAssign, frame: Frame) -> None:
        before = self.evaluate(node.target, frame)
        change = self.evaluate(node.value, frame)
        # `labels += [...]` changes the list itself.
        if isinstance(before, list) and isinstance(node.op, ast.Add):
            self.call(Method(before, "extend"), [change], {}, node)
            return
        self.assign(node.target, operators.binary(self, type(node.op), before, change), frame)

    def _Expr(self, node: ast.Expr, frame: Frame) -> None:
        self.evaluate(node.value, frame)

    def _Delete(self, node: ast.Delete, frame: Frame) -> None:
        for target in node.targets:
            if isinstance(target, ast.Name):
                frame.names.pop(target.id, None)
            elif isinstance(target, ast.Subscript):
                owner, index = self.evaluate(target.value, frame), self.evaluate(target.slice, frame)
                if isinstance(owner, dict) and is_key(index):
                    owner.pop(index, None)
                elif isinstance(owner, list) and isinstance(index, int) and -len(owner) <= index < len(owner):
                    del owner[index]

    def _Global(self, node: ast.Global, frame: Frame) -> None:
        frame.shared.update(node.names)

    def _Nonlocal(self, node: ast.Nonlocal, frame: Frame) -> None:
        frame.outer.update(node.names)

    # -- branches and loops

    def _If(self, node: ast.If, frame: Frame) -> str:
        # A chain of elif is followed in a loop, because it may have thousands of them.
        while True:
            before, self.class_test = self.class_test, None
            test = self.evaluate(node.test, frame)
            branches(node, test, self.class_test)
            self.class_test = self.class_test or before
            certain = not isinstance(test, (Unknown, Many))
            chosen = self.truth(test, node)
            if certain and matters(node) and loads_in(node.orelse if chosen else node.body):
                # The other branch loads or runs a model: worth a look, though this script does not take it.
                chosen ^= self.choose(node, 2, doubtful=True) == 1
            if chosen:
                return self.run_block(node.body, frame)
            if len(node.orelse) == 1 and isinstance(node.orelse[0], ast.If):
                node = node.orelse[0]
                self.spend()
                continue
            return self.run_block(node.orelse, frame)

    def _While(self, node: ast.While, frame: Frame) -> str:
        before: Any = [True] if isinstance(node.test, ast.Constant) else None
        endless = 0
        spent_from, allowance = self.steps, self.steps // 3
        for rounds in range(MAX_ROUNDS):
            self.spend()
            self.compared = []
            test = self.evaluate(node.test, frame)
            known = not isinstance(test, (Unknown, Many))
            if not self.truth(test, node):
                return self.run_block(node.orelse, frame)
            # The condition of a loop that counts compares other values each time.
            now = [*self.compared, len(test) if isinstance(test, (list, dict, tuple)) else test]
            endless += not known or now == before
            before = now
            if spent_from - self.steps > allowance:
                break
            loads, lines, choices, pictures = self.progress, self.lines_read, len(self.choices), self.pictures
            way = self.run_block(node.body, frame)
            if way in ("break", "return"):
                return "" if way == "break" else way
            if self.lines_read > lines or (self.progress > loads and rounds < MAX_PROGRESS):
                endless = 0
            # `while True` that counts and breaks by itself; others wait for the camera or a button.
            idle = choices == len(self.choices) and pictures == self.pictures and known
            if endless >= (IDLE_ROUNDS if idle and _breaks(node) else ENDLESS_ROUNDS):
                return self._later_round(node, frame)
        # Too many or too costly rounds: what the loop would have computed is not known.
        self._forget(node, frame)
        return ""

    def _later_round(self, node: ast.While, frame: Frame) -> str:
        """Follow a round in which the counters and modes that an endless loop changes may have any value."""
        names = changed(node)
        for name in names:
            scope = frame.module.names if name in frame.shared else frame.names
            if type(scope.get(name, MISSING)) in (int, str, bool, type(None)):
                scope[name] = Unknown()
        if not names:
            return ""
        # A mode and the model that is loaded in it no longer belong together.
        self.distrust()
        way = self.run_block(node.body, frame)
        return way if way == "return" else ""

    def _For(self, node: ast.For, frame: Frame) -> str:
        source = self.evaluate(node.iter, frame)
        items = self.items(source)
        named = ClassNames()
        if items is None:
            items = self._unknown_items(source)
        elif isinstance(source, range):
            items = self._positions(node, items, frame)
        spent_from, allowance = self.steps, self.steps // 3
        for item in items:
            self.spend()
            self.rounds[id(node)] += 1
            if self.rounds[id(node)] > MAX_ROUNDS or spent_from - self.steps > allowance:
                self._forget(node, frame)
                break
            self.assign(node.target, item, frame)
            self.class_test = None
            way = self.run_block(node.body, frame)
            named.add(self.class_test, item)
            # A loop that looks for the name of a class breaks at an unknown item, so it goes on to the next one.
            if way == "break" and self.class_test is None:
                named.record(node.lineno)
                return ""
            if way == "return":
                return way
        named.record(node.lineno)
        return self.run_block(node.orelse, frame)

    _AsyncFor = _For

    def _positions(self, node: ast.For, items: Iterable[Any], frame: Frame) -> Iterable[Any]:
        """Return the numbers of a range; if the loop takes scores by them, they are numbers of classes."""
        for name in indexed(node):
            use = firmware.use_of_scores(frame.names.get(name, frame.module.names.get(name)))
            if use is not None:
                return (Position.of(number, use) for number in items)
        return items

    def _unknown_items(self, source: Any) -> Any:
        """Yield the item of an unknown list once, and again as long as the loop makes progress."""
        for _ in range(MAX_PROGRESS):
            before = self.progress
            yield source.item if isinstance(source, Many) else Unknown()
            if self.progress == before:
                return

    def _forget(self, node: ast.AST, frame: Frame) -> None:
        """Make unknown what a loop that was left too early has assigned."""
        for item in ast.walk(node):
            if isinstance(item, ast.Name) and isinstance(item.ctx, ast.Store):
                self._store(item.id, Unknown(), frame)

    def _Break(self, node: ast.Break, frame: Frame) -> str:
        return "break"

    def _Continue(self, node: ast.Continue, frame: Frame) -> str:
        return "continue"

    def _Return(self, node: ast.Return, frame: Frame) -> str:
        frame.result = self.evaluate(node.value, frame) if node.value else None
        return "return"

    # -- exceptions

    def _Try(self, node: ast.Try, frame: Frame) -> str:
        try:
            return self._guarded(node, frame)
        except OutOfSteps:
            raise
        except (ScriptRaise, ScriptExit):
            self.run_block(node.finalbody, frame)
            raise

    def _guarded(self, node: ast.Try, frame: Frame) -> str:
        caught = bool(node.handlers)
        way = ""
        if caught and any(matters(handler) for handler in node.handlers) and self.choose(node, 2, doubtful=True):
            way = self.run_block(node.handlers[0].body, frame)
            return self.run_block(node.finalbody, frame) or way
        self.guards += caught
        try:
            way = self.run_block(node.body, frame)
        except ScriptRaise as error:
            handler = next((item for item in node.handlers if _catches(item, str(error))), None)
            if handler is None:
                raise
            self.guards -= caught
            caught = False
            if handler.name:
                self._store(handler.name, Unknown(), frame)
            way = self.run_block(handler.body, frame)
        else:
            self.guards -= caught
            caught = False
            way = way or self.run_block(node.orelse, frame)
        finally:
            self.guards -= caught
        return self.run_block(node.finalbody, frame) or way

    def _Raise(self, node: ast.Raise, frame: Frame) -> None:
        value = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
        raise ScriptRaise(getattr(value, "id", "Exception"))

    def _With(self, node: ast.With, frame: Frame) -> str:
        for item in node.items:
            value = self.evaluate(item.context_expr, frame)
            if isinstance(value, Instance):
                value = self.call(self.attribute(value, "__enter__"), [], {}, node)
            if item.optional_vars is not None:
                self.assign(item.optional_vars, value, frame)
        return self.run_block(node.body, frame)

    _AsyncWith = _With

    # -- definitions

    def _FunctionDef(self, node: ast.FunctionDef, frame: Frame) -> None:
        function = self.function(node, node.name, frame)
        self.functions.append(function)
        value: Any = function
        for decorator in reversed(node.decorator_list):
            result = self.call(self.evaluate(decorator, frame), [value], {}, node)
            # @micropython.native and the like give back the same function.
            value = value if isinstance(result, Unknown) else result
        self._store(node.name, value, frame)

    _AsyncFunctionDef = _FunctionDef

    def _ClassDef(self, node: ast.ClassDef, frame: Frame) -> None:
        cls = Class(node.name, [self.evaluate(base, frame) for base in node.bases], {})
        self._store(node.name, cls, frame)
        # The names are the same dictionary, because the body may use the class that it defines.
        inner = Frame(cls.names, frame.module, frame, frame.function, cls, is_class=True)
        self.run_block(node.body, inner)


def _catches(handler: ast.ExceptHandler, name: str) -> bool:
    if handler.type is None:
        return True
    nodes = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    names = {getattr(node, "id", getattr(node, "attr", "")) for node in nodes}
    return bool(names & {"Exception", "BaseException", name, *PARENTS.get(name, ())})


def _breaks(node: ast.While) -> bool:
    return any(isinstance(item, ast.Break) for item in ast.walk(node))
