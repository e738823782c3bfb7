"""Follow the calls of a script: its own functions and classes, Python's, and the firmware's."""

from __future__ import annotations

import ast
from typing import Any

from . import builtins, firmware, methods
from .expressions import Expressions
from .values import (
    MAX_ITEMS,
    MISSING,
    Class,
    Firmware,
    Frame,
    Function,
    Instance,
    Many,
    Method,
    Unknown,
)

MAX_CALLS = 14
MAX_REPEATS = 2000


class Calls(Expressions):
    """What a call does."""

    def _Call(self, node: ast.Call, frame: Frame) -> Any:
        function = self.evaluate(node.func, frame)
        if isinstance(function, Firmware) and function.path == "python.super":
            return firmware.parent_of(frame)
        args: list[Any] = []
        keywords: dict[str, Any] = {}
        complete = True
        for item in node.args:
            if not isinstance(item, ast.Starred):
                args.append(self.evaluate(item, frame))
                continue
            items = self.items(self.evaluate(item.value, frame))
            # After an unknown list of arguments nobody knows which parameter the next one belongs to.
            complete &= items is not None
            if complete:
                args.extend(items or ())
        for keyword in node.keywords:
            value = self.evaluate(keyword.value, frame)
            if keyword.arg:
                keywords[keyword.arg] = value
                self.name_list(value, keyword.arg, node.lineno)
            elif isinstance(value, dict):
                keywords.update((key, item) for key, item in value.items() if isinstance(key, str))
        self.spend(len(args) >> 3)
        self.line = node.lineno
        return self.call(function, args[:MAX_ITEMS], keywords, node)

    def call(self, function: Any, args: list[Any], keywords: dict[str, Any], node: ast.AST) -> Any:
        """See Machine."""
        if isinstance(function, Firmware):
            if function.path.startswith("python."):
                return builtins.call(self, function.path[7:], args, keywords, node)
            return firmware.call(self, function.path, args, keywords)
        if isinstance(function, Function):
            return self._run(function, args, keywords)
        if isinstance(function, Method):
            if isinstance(function.function, Function):
                return self._run(function.function, [function.value, *args], keywords)
            if firmware.has_methods(function.value) or isinstance(function.value, Many):
                return firmware.call_method(self, function.value, function.function, args, keywords)
            return methods.call(self, function.value, function.function, args, keywords, node)
        if isinstance(function, Class):
            return self.new(function, args, keywords, node)
        if isinstance(function, Instance):
            method = function.cls.find("__call__")
            return self._run(method, [function, *args], keywords) if isinstance(method, Function) else Unknown()
        # _thread.start_new_thread(main, (1, 2))
        if len(args) > 1 and isinstance(args[0], (Function, Method)) and isinstance(args[1], tuple):
            self.call(args[0], list(args[1]), {}, node)
        return Unknown()

    def new(self, cls: Class, args: list[Any], keywords: dict[str, Any], node: ast.AST) -> Any:
        """Return a new object of a class."""
        instance = Instance(cls, {})
        self.instances[id(cls)] = instance
        if cls.fields is not None:
            instance.names.update(zip(cls.fields, args, strict=False))
            instance.names.update(keywords)
            return instance
        start = cls.find("__init__")
        if isinstance(start, Function):
            self._run(start, [instance, *args], keywords)
        return instance

    def _run(self, function: Function, args: list[Any], keywords: dict[str, Any]) -> Any:
        """Follow a function of the script and return its result. Calls that are too deep or too many are unknown."""
        node = function.node
        self.shared.called.add(id(node))
        self.rounds[id(node)] += 1
        if self.calls >= MAX_CALLS or self.rounds[id(node)] > MAX_REPEATS:
            return Unknown()
        name = function.name if isinstance(node, ast.Lambda) else _qualified(function)
        frame = Frame({}, function.frame.module, function.frame, name, function.owner)
        self._bind(function, args, keywords, frame)
        where, self.where = self.where, frame.function
        self.calls += 1
        try:
            if isinstance(node, ast.Lambda):
                return self.evaluate(node.body, frame)
            if _yields(node):
                frame.yields = []
            self.run_block(node.body, frame)
            return frame.yields if frame.yields is not None else frame.result
        finally:
            self.calls -= 1
            self.where = where

    def _bind(self, function: Function, args: list[Any], keywords: dict[str, Any], frame: Frame) -> None:
        """Give the arguments to the parameters. A parameter without an argument or a default is unknown."""
        parameters = function.node.args
        names = [item.arg for item in (*parameters.posonlyargs, *parameters.args)]
        values: dict[str, Any] = dict(zip(names[len(names) - len(function.defaults) :], function.defaults, strict=True))
        values.update(function.keyword_defaults)
        for name, value in zip(names, args, strict=False):
            values[name] = value
            self.name_list(value, name, self.line)
        if parameters.vararg:
            values[parameters.vararg.arg] = tuple(args[len(names) :])
        # In their order, because the first one is what super() looks for.
        known = [*names, *(item.arg for item in parameters.kwonlyargs)]
        values.update((name, value) for name, value in keywords.items() if name in known)
        if parameters.kwarg:
            values[parameters.kwarg.arg] = {name: value for name, value in keywords.items() if name not in known}
        for name in known:
            value = values.get(name, MISSING)
            frame.names[name] = Unknown() if value is MISSING else value
        for extra in (parameters.vararg, parameters.kwarg):
            if extra:
                frame.names[extra.arg] = values[extra.arg]


def _qualified(function: Function) -> str:
    return f"{function.owner.name}.{function.name}" if function.owner else function.name


def _yields(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Does a function yield? The functions inside it do not count."""
    known = getattr(node, "maixswitch_yields", None)
    if known is None:
        known = False
        todo: list[ast.AST] = list(node.body)
        while todo and not known:
            item = todo.pop()
            known = isinstance(item, (ast.Yield, ast.YieldFrom))
            if not isinstance(item, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
                todo.extend(ast.iter_child_nodes(item))
        node.maixswitch_yields = known  # type: ignore[union-attr]
    return known
