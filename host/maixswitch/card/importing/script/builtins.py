"""Python's own functions, with limits. A result that would be too large or depends on unknown values is unknown."""

from __future__ import annotations

import ast
from typing import Any

from maixswitch.card.importing.literals import literal

from . import firmware, operators
from .machine import Machine
from .names import ERRORS
from .values import (
    MAX_ITEMS,
    SCALARS,
    Class,
    ClassIndex,
    Count,
    Detection,
    Firmware,
    Function,
    Instance,
    Many,
    Method,
    Position,
    Score,
    ScriptExit,
    Unknown,
    is_key,
)

WRONG = (ValueError, TypeError, OverflowError, ArithmeticError, RecursionError)
CONVERSIONS: dict[str, Any] = {
    "int": int,
    "float": float,
    "bool": bool,
    "abs": abs,
    "chr": chr,
    "ord": ord,
    "hex": hex,
    "pow": None,
}


def call(machine: Machine, name: str, args: list[Any], keywords: dict[str, Any], node: ast.AST) -> Any:
    """Return what one of Python's functions returns."""
    if name in ERRORS:
        return Firmware("python." + name)
    if name in ("exit", "quit"):
        raise ScriptExit
    function = FUNCTIONS.get(name)
    if function is None:
        return Unknown()
    return function(machine, args, keywords, node)


def _items(machine: Machine, value: Any) -> list[Any] | None:
    """Return the items of a known value as a list, None if it is unknown or has more than 20,000."""
    if isinstance(value, range) and value and abs((value[-1] - value[0]) // value.step) >= MAX_ITEMS:
        return None
    items = machine.items(value)
    if items is None:
        return None
    listed = list(items)
    machine.spend(len(listed) >> 3)
    return listed if len(listed) <= MAX_ITEMS else None


def _len(machine: Machine, args: list[Any], keywords: dict[str, Any], node: ast.AST) -> Any:
    value = args[0] if args else None
    if isinstance(value, Many):
        return Count(value)
    if isinstance(value, (str, bytes, list, tuple, dict, set)):
        return len(value)
    if isinstance(value, Instance):
        return machine.call(_method(value, "__len__"), [], {}, node)
    return Unknown()


def _method(value: Instance, name: str) -> Any:
    function = value.cls.find(name)
    return Method(value, function) if isinstance(function, Function) else Unknown()


def _range(machine: Machine, args: list[Any], keywords: dict[str, Any], node: ast.AST) -> Any:
    ends = [arg for arg in args if isinstance(arg, Count)]
    if ends:
        use = ends[0].of.use
        # The positions of the scores are the numbers of the classes.
        return Many(ClassIndex(use) if use is not None and ends[0].of.aligned else Unknown(), use)
    if not 0 < len(args) < 4 or not all(isinstance(arg, int) and abs(arg) < 1 << 60 for arg in args):
        return Unknown()
    try:
        return range(*args)
    except WRONG:
        return Unknown()


def _convert(name: str) -> Any:
    def convert(machine: Machine, args: list[Any], keywords: dict[str, Any], node: ast.AST) -> Any:
        value = args[0] if args else 0
        # The number of a class and a score stay what they are.
        if isinstance(value, (ClassIndex, Score)) and name in ("int", "float", "abs"):
            return value
        if isinstance(value, Position) and name == "int":
            return value
        if name == "bool":
            return machine.truth(value, node)
        if not isinstance(value, SCALARS) or not all(isinstance(arg, SCALARS) for arg in args):
            return Unknown()
        if name == "pow":
            return operators.binary(machine, ast.Pow, *args[:2]) if len(args) == 2 else Unknown()
        if isinstance(value, (str, bytes)) and len(value) > 400:
            return Unknown()
        try:
            return CONVERSIONS[name](*args)
        except WRONG as error:
            return machine.fail("ValueError" if isinstance(error, ValueError) else "TypeError")

    return convert


def _round(machine: Machine, args: list[Any], keywords: dict[str, Any], node: ast.AST) -> Any:
    value = args[0] if args else None
    if isinstance(value, Score):
        return value
    digits = args[1] if len(args) > 1 else None
    if isinstance(value, (int, float)) and (digits is None or (isinstance(digits, int) and abs(digits) < 100)):
        try:
            return round(value, digits)
        except WRONG:
            return Unknown()
    return Unknown()


def _str(machine: Machine, args: list[Any], keywords: dict[str, Any], node: ast.AST) -> Any:
    value = args[0] if args else ""
    # str(box) is JSON on the board, and str(classid) may be the key of a dictionary.
    if isinstance(value, (Detection, ClassIndex)):
        return value
    if isinstance(value, bytes) and len(args) > 1:
        return value.decode("utf-8", "replace")
    return operators.field_text(machine, value, "") if machine.plain(value, 1000) else Unknown()


def _repr(machine: Machine, args: list[Any], keywords: dict[str, Any], node: ast.AST) -> Any:
    return operators.percent(machine, "%r", (args[0],)) if args and machine.plain(args[0], 1000) else Unknown()


def _list(kind: type) -> Any:
    def make(machine: Machine, args: list[Any], keywords: dict[str, Any], node: ast.AST) -> Any:
        if not args:
            return kind()
        if isinstance(args[0], Many):
            return args[0]
        items = _items(machine, args[0])
        if items is None or (kind in (set, frozenset) and not all(map(is_key, items))):
            return Unknown()
        result = kind(items)
        machine.name_list(result, "", getattr(node, "lineno", 0))
        return result

    return make


def _dict(machine: Machine, args: list[Any], keywords: dict[str, Any], node: ast.AST) -> Any:
    result: dict[Any, Any] = {}
    if args:
        source = args[0]
        items = list(source.items()) if isinstance(source, dict) else _items(machine, source)
        if items is None:
            return Unknown()
        for pair in items:
            if isinstance(pair, (list, tuple)) and len(pair) == 2 and is_key(pair[0]):
                result[pair[0]] = pair[1]
    result.update(keywords)
    machine.name_list(result, "", getattr(node, "lineno", 0))
    return result


def _enumerate(machine: Machine, args: list[Any], keywords: dict[str, Any], node: ast.AST) -> Any:
    source = args[0] if args else None
    if isinstance(source, Many):
        index = ClassIndex(source.use) if source.aligned and source.use else Unknown()
        return Many((index, source.item), source.use)
    items = _items(machine, source)
    start = args[1] if len(args) > 1 else keywords.get("start", 0)
    if items is None or not isinstance(start, int) or abs(start) > 1 << 60:
        return Unknown()
    return list(enumerate(items, start))


def _zip(machine: Machine, args: list[Any], keywords: dict[str, Any], node: ast.AST) -> Any:
    many = next((arg for arg in args if isinstance(arg, Many)), None)
    if many is not None:
        # zip(labels, scores): each label belongs to the class of its position.
        picked: list[Any] = []
        for arg in args:
            if isinstance(arg, Many):
                picked.append(arg.item)
            elif many.aligned and many.use and isinstance(arg, (list, tuple)):
                origin = machine.origins.get(id(arg))
                name, line = (origin.name, origin.line) if origin else ("", machine.line)
                picked.append(operators.pick(arg, ClassIndex(many.use), name, line))
            else:
                picked.append(Unknown())
        return Many(tuple(picked), many.use)
    lists = [_items(machine, arg) for arg in args]
    if any(items is None for items in lists):
        return Unknown()
    return list(zip(*[items for items in lists if items is not None], strict=False))


def _ordered(name: str) -> Any:
    def order(machine: Machine, args: list[Any], keywords: dict[str, Any], node: ast.AST) -> Any:
        source = args if len(args) > 1 and name in ("max", "min") else (args[0] if args else None)
        key = keywords.get("key")
        if isinstance(source, Many):
            if key is not None and not isinstance(key, Firmware):
                machine.call(key, [source.item], {}, node)
            return Many(source.item, source.use) if name in ("sorted", "reversed") else source.item
        items = _items(machine, source)
        if not items:
            return [] if items == [] and name in ("sorted", "reversed") else Unknown()
        if name == "reversed":
            return items[::-1]
        # max([0.2, score]) and max(range(10), key=lambda i: scores[i]) are a score and the number of a class.
        keys = [machine.call(key, [item], {}, node) for item in items] if key is not None else items
        scores = [item for item in keys if isinstance(item, Score)]
        if scores:
            best = ClassIndex(scores[0].use) if all(type(item) in (int, Position) for item in items) else None
            if name == "sorted":
                return Many(best or items[0], scores[0].use)
            return best or next(item for item, value in zip(items, keys, strict=True) if value is scores[0])
        if not all(isinstance(item, (int, float)) for item in keys) and not all(isinstance(item, str) for item in keys):
            return Unknown()
        machine.spend(len(items) >> 1)
        reverse = keywords.get("reverse") is True
        pairs = sorted(zip(keys, items, strict=True), key=lambda pair: pair[0], reverse=reverse)
        if name == "sorted":
            return [item for _, item in pairs]
        return pairs[-1 if name == "max" else 0][1]

    return order


def _sum(machine: Machine, args: list[Any], keywords: dict[str, Any], node: ast.AST) -> Any:
    items = _items(machine, args[0]) if args else None
    if items is None or not all(isinstance(item, (int, float)) for item in items):
        return Unknown()
    return sum(items)


def _mapped(name: str) -> Any:
    def mapped(machine: Machine, args: list[Any], keywords: dict[str, Any], node: ast.AST) -> Any:
        if len(args) != 2:
            return Unknown()
        source = args[1]
        if isinstance(source, Many):
            item = machine.call(args[0], [source.item], {}, node)
            return Many(item, source.use, source.aligned) if name == "map" else Many(source.item, source.use)
        items = _items(machine, source)
        if items is None:
            return Unknown()
        values = [machine.call(args[0], [item], {}, node) if args[0] is not None else item for item in items]
        if name == "map":
            return values
        return [item for item, value in zip(items, values, strict=True) if isinstance(value, Unknown) or value]

    return mapped


def _eval(machine: Machine, args: list[Any], keywords: dict[str, Any], node: ast.AST) -> Any:
    """Read a text as a literal; any other expression is unknown."""
    text = args[0] if args else None
    if isinstance(text, Detection):
        return text
    if not isinstance(text, str):
        return Unknown()
    machine.spend(len(text) >> 2)
    try:
        return literal(text)
    except ValueError:
        return machine.fail("SyntaxError")


def _open(machine: Machine, args: list[Any], keywords: dict[str, Any], node: ast.AST) -> Any:
    mode = args[1] if len(args) > 1 else keywords.get("mode", "r")
    return firmware.open_file(machine, args[0] if args else None, mode)


def _next(machine: Machine, args: list[Any], keywords: dict[str, Any], node: ast.AST) -> Any:
    value = args[0] if args else None
    if isinstance(value, Many):
        return value.item
    return value[0] if isinstance(value, list) and value else Unknown()


def _isinstance(machine: Machine, args: list[Any], keywords: dict[str, Any], node: ast.AST) -> Any:
    kinds = args[1] if len(args) > 1 and isinstance(args[1], tuple) else args[1:2]
    types = {"str": str, "int": int, "float": float, "list": list, "tuple": tuple, "dict": dict, "bytes": bytes}
    known = [types.get(kind.path[7:]) if isinstance(kind, Firmware) else None for kind in kinds]
    if not known or None in known or not isinstance(args[0], (list, tuple, dict, *SCALARS)):
        return Unknown()
    return isinstance(args[0], tuple(kind for kind in known if kind))


def _getattr(machine: Machine, args: list[Any], keywords: dict[str, Any], node: ast.AST) -> Any:
    if len(args) > 1 and isinstance(args[1], str) and isinstance(args[0], (Instance, Class, Firmware)):
        return machine.attribute(args[0], args[1])
    return Unknown()


def _kind_of_method(kind: str) -> Any:
    def mark(machine: Machine, args: list[Any], keywords: dict[str, Any], node: ast.AST) -> Any:
        if args and isinstance(args[0], Function):
            args[0].kind = kind
            return args[0]
        return Unknown()

    return mark


FUNCTIONS: dict[str, Any] = {
    **{name: _convert(name) for name in CONVERSIONS},
    **{name: _ordered(name) for name in ("sorted", "reversed", "max", "min")},
    **{name: _mapped(name) for name in ("map", "filter")},
    **{name: _list(kind) for name, kind in (("list", list), ("tuple", tuple), ("set", set), ("frozenset", frozenset))},
    **{f"{name}": _kind_of_method(kind) for name, kind in (("staticmethod", "static"), ("classmethod", "class"))},
    "property": _kind_of_method("property"),
    "iter": lambda machine, args, keywords, node: args[0] if args else Unknown(),
    "len": _len,
    "range": _range,
    "round": _round,
    "str": _str,
    "repr": _repr,
    "dict": _dict,
    "enumerate": _enumerate,
    "zip": _zip,
    "sum": _sum,
    "eval": _eval,
    "open": _open,
    "next": _next,
    "isinstance": _isinstance,
    "getattr": _getattr,
    "format": lambda machine, args, keywords, node: (
        operators.field_text(machine, args[0], args[1] if len(args) > 1 else "") if args else Unknown()
    ),
}
