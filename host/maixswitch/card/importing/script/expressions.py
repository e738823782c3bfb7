"""Follow the expressions of a script."""

from __future__ import annotations

import ast
from itertools import islice
from typing import Any

from . import firmware, operators
from .class_names import ClassNames
from .names import BUILTINS
from .parts import Parts
from .values import (
    MAX_BITS,
    MAX_ITEMS,
    MISSING,
    ClassIndex,
    Frame,
    Function,
    Many,
    Opposite,
    Position,
    Unknown,
    is_key,
)

MAX_DEPTH = 110


class Expressions(Parts):
    """One method for each kind of expression."""

    def evaluate(self, node: ast.AST, frame: Frame) -> Any:
        """See Machine. What is nested too deep is unknown."""
        self.spend()
        if self.depth > MAX_DEPTH:
            return Unknown()
        method = getattr(self, "_" + type(node).__name__, None)
        if method is None:
            return Unknown()
        self.depth += 1
        try:
            value = method(node, frame)
        finally:
            self.depth -= 1
        if isinstance(value, Unknown) and value.bound is not MISSING:
            return value.bound
        return value

    # -- names and constants

    def _Constant(self, node: ast.Constant, frame: Frame) -> Any:
        if isinstance(node.value, int) and node.value.bit_length() > MAX_BITS:
            return Unknown()
        return node.value

    def _Name(self, node: ast.Name, frame: Frame) -> Any:
        name = node.id
        scope: Frame | None = frame
        first = True
        while scope is not None:
            # The names of a class are seen by its body only, not by its methods.
            if (first or not scope.is_class) and name in scope.names and not (first and name in scope.shared):
                return scope.names[name]
            first = False
            scope = scope.parent
        if name in frame.module.names:
            return frame.module.names[name]
        if name == "__class__" and frame.owner:
            return frame.owner
        return BUILTINS.get(name) or Unknown()

    def _NamedExpr(self, node: ast.NamedExpr, frame: Frame) -> Any:
        value = self.evaluate(node.value, frame)
        frame.names[node.target.id] = value
        return value

    # -- lists and dictionaries

    def _listed(self, nodes: list[ast.expr], frame: Frame) -> list[Any] | None:
        values: list[Any] = []
        for node in nodes:
            if isinstance(node, ast.Starred):
                items = self.items(self.evaluate(node.value, frame))
                if items is None:
                    return None
                values.extend(items)
                self.spend(len(values) >> 3)
                if len(values) > MAX_ITEMS:
                    return None
            else:
                values.append(self.evaluate(node, frame))
        return values

    def _List(self, node: ast.List, frame: Frame) -> Any:
        values = self._listed(node.elts, frame)
        if values is None:
            return Unknown()
        self.name_list(values, "", node.lineno)
        return values

    def _Tuple(self, node: ast.Tuple, frame: Frame) -> Any:
        values = self._listed(node.elts, frame)
        if values is None:
            return Unknown()
        result = tuple(values)
        self.name_list(result, "", node.lineno)
        return result

    def _Set(self, node: ast.Set, frame: Frame) -> Any:
        values = self._listed(node.elts, frame)
        return set(values) if values is not None and all(map(is_key, values)) else Unknown()

    def _Dict(self, node: ast.Dict, frame: Frame) -> Any:
        result: dict[Any, Any] = {}
        for key_node, value_node in zip(node.keys, node.values, strict=True):
            value = self.evaluate(value_node, frame)
            if key_node is None:
                if isinstance(value, dict):
                    self.spend(len(value) >> 3)
                    result.update(value)
                continue
            key = self.evaluate(key_node, frame)
            if is_key(key):
                result[key] = value
        self.name_list(result, "", node.lineno)
        return result

    # -- operators

    def _BinOp(self, node: ast.BinOp, frame: Frame) -> Any:
        left = self.evaluate(node.left, frame)
        return operators.binary(self, type(node.op), left, self.evaluate(node.right, frame))

    def _UnaryOp(self, node: ast.UnaryOp, frame: Frame) -> Any:
        value = self.evaluate(node.operand, frame)
        if not isinstance(node.op, ast.Not):
            return operators.unary(type(node.op), value)
        if isinstance(value, Unknown) and value.truth is None:
            return Opposite(value)
        return Opposite(Unknown()) if isinstance(value, Many) else not self.truth(value, node)

    def _BoolOp(self, node: ast.BoolOp, frame: Frame) -> Any:
        for item in node.values[:-1]:
            value = self.evaluate(item, frame)
            if self.truth(value, item) != isinstance(node.op, ast.And):
                # An empty list is false for the `if` around it, too.
                return False if isinstance(value, Many) and isinstance(node.op, ast.And) else value
        return self.evaluate(node.values[-1], frame)

    def _Compare(self, node: ast.Compare, frame: Frame) -> Any:
        left = self.evaluate(node.left, frame)
        result: Any = True
        for kind, right_node in zip(node.ops, node.comparators, strict=True):
            right = self.evaluate(right_node, frame)
            for number, other, name in ((left, right, node.left), (right, left, right_node)):
                if type(number) is int and isinstance(other, ClassIndex) and isinstance(name, ast.Name):
                    # `if i == box.classid(): ... labels[i]`: from here on i is the number of a class.
                    frame.names[name.id] = Position.of(number, other.use)
            result = operators.compare(self, type(kind), left, right, node.lineno)
            if result is False:
                return False
            left = right
        return result

    def _IfExp(self, node: ast.IfExp, frame: Frame) -> Any:
        chosen = self.truth(self.evaluate(node.test, frame), node)
        return self.evaluate(node.body if chosen else node.orelse, frame)

    def _JoinedStr(self, node: ast.JoinedStr, frame: Frame) -> Any:
        parts: list[Any] = []
        unknown = False
        for item in node.values:
            if isinstance(item, ast.FormattedValue):
                spec = self.evaluate(item.format_spec, frame) if item.format_spec else ""
                value = self.evaluate(item.value, frame)
                text = operators.field_text(self, value, spec) if isinstance(spec, str) else Unknown()
            else:
                text = self.evaluate(item, frame)
            unknown |= not isinstance(text, str)
            parts.append(text)
        return Unknown() if unknown else operators.formatted(self, "{}" * len(parts), list(parts), {})

    # -- parts of values

    def _Attribute(self, node: ast.Attribute, frame: Frame) -> Any:
        self.line = node.lineno
        return self.attribute(self.evaluate(node.value, frame), node.attr)

    def _Slice(self, node: ast.Slice, frame: Frame) -> Any:
        ends = [self.evaluate(end, frame) if end else None for end in (node.lower, node.upper, node.step)]
        return slice(*ends) if all(end is None or isinstance(end, int) for end in ends) else Unknown()

    def _Subscript(self, node: ast.Subscript, frame: Frame) -> Any:
        value = self.evaluate(node.value, frame)
        index = self.evaluate(node.slice, frame)
        # `for i in range(10): ... scores[i]`: from here on i is the number of a class.
        if isinstance(node.slice, ast.Name) and type(index) in (int, Unknown):
            use = firmware.use_of_scores(value)
            if use is not None:
                index = Position.of(index, use) if isinstance(index, int) else ClassIndex(use)
                frame.names[node.slice.id] = index
        origin = self.origins.get(id(value))
        name = origin.name if origin and origin.name else getattr(node.value, "id", getattr(node.value, "attr", ""))
        return self.item(value, index, node, name, origin.line if origin else node.lineno)

    # -- functions and comprehensions

    def _Lambda(self, node: ast.Lambda, frame: Frame) -> Any:
        return self.function(node, "<lambda>", frame)

    def function(self, node: Any, name: str, frame: Frame) -> Function:
        """Return the function that a `def` or `lambda` makes."""
        defaults = [self.evaluate(item, frame) for item in node.args.defaults]
        names = [item.arg for item in (*node.args.posonlyargs, *node.args.args)]
        for parameter, value in zip(names[len(names) - len(defaults) :], defaults, strict=True):
            self.name_list(value, parameter, node.lineno)
        by_name = {
            item.arg: self.evaluate(default, frame)
            for item, default in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
            if default is not None
        }
        return Function(node, name, frame, defaults, by_name, frame.owner if frame.is_class else None)

    def _comprehended(self, node: Any, frame: Frame, parts: list[ast.expr]) -> Any:
        """Return the values of a comprehension as a list of lists, or a Many of one."""
        inner = Frame(dict(frame.names) if frame.is_class else {}, frame.module, frame, frame.function, frame.owner)
        values: list[Any] = []
        unknown: list[Many] = []
        spent_from, allowance = self.steps, self.steps // 3

        def loop(at: int) -> None:
            if at == len(node.generators):
                values.append([self.evaluate(part, inner) for part in parts])
                return
            generator = node.generators[at]
            source = self.evaluate(generator.iter, inner)
            items = self.items(source)
            if items is None:
                many = source if isinstance(source, Many) else Many(Unknown())
                unknown.append(many if not generator.ifs else Many(many.item, many.use))
                items = [many.item]
            named = ClassNames()
            for item in items:
                self.spend()
                if len(values) > MAX_ITEMS or spent_from - self.steps > allowance:
                    unknown.append(Many(Unknown()))
                    break
                self.assign(generator.target, item, inner)
                self.class_test = None
                tests = [self.evaluate(test, inner) for test in generator.ifs]
                named.add(self.class_test, item)
                if all(isinstance(test, (Unknown, Many)) or self.truth(test, node) for test in tests):
                    loop(at + 1)
            named.record(node.lineno)

        loop(0)
        if unknown:
            item = values[0] if values else [Unknown() for _ in parts]
            return Many(item, unknown[0].use, unknown[0].aligned)
        return values

    def _ListComp(self, node: ast.ListComp, frame: Frame) -> Any:
        values = self._comprehended(node, frame, [node.elt])
        if isinstance(values, Many):
            return Many(values.item[0], values.use, values.aligned)
        result = [value[0] for value in values]
        self.name_list(result, "", node.lineno)
        return result

    _GeneratorExp = _ListComp

    def _SetComp(self, node: ast.SetComp, frame: Frame) -> Any:
        values = self._comprehended(node, frame, [node.elt])
        if isinstance(values, Many) or not all(is_key(value[0]) for value in values):
            return Unknown()
        return {value[0] for value in values}

    def _DictComp(self, node: ast.DictComp, frame: Frame) -> Any:
        values = self._comprehended(node, frame, [node.key, node.value])
        if isinstance(values, Many):
            return Many(values.item[0], values.use)
        result = {key: value for key, value in values if is_key(key)}
        self.name_list(result, "", node.lineno)
        return result

    def _Yield(self, node: ast.Yield, frame: Frame) -> Any:
        value = self.evaluate(node.value, frame) if node.value else None
        if frame.yields is not None and len(frame.yields) < MAX_ITEMS:
            frame.yields.append(value)
        return Unknown()

    def _YieldFrom(self, node: ast.YieldFrom, frame: Frame) -> Any:
        items = self.items(self.evaluate(node.value, frame))
        if frame.yields is not None and items is not None:
            frame.yields.extend(islice(items, MAX_ITEMS - len(frame.yields)))
        return Unknown()

    def _Await(self, node: ast.Await, frame: Frame) -> Any:
        return self.evaluate(node.value, frame)

    def assign(self, target: ast.AST, value: Any, frame: Frame) -> None:
        """Give a value to a name, an attribute, an item or several of them."""
        raise NotImplementedError
