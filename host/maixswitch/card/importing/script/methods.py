"""The methods of texts, lists, dictionaries and files, with limits."""

from __future__ import annotations

import ast
from typing import Any

from . import operators
from .machine import Machine
from .values import (
    MAX_ITEMS,
    MAX_TEXT,
    SCALARS,
    ClassIndex,
    Many,
    Position,
    Score,
    Unknown,
    is_key,
)

WRONG = (ValueError, TypeError, IndexError, KeyError, AttributeError, OverflowError, LookupError, RecursionError)
TEXT = frozenset(
    (
        "strip",
        "lstrip",
        "rstrip",
        "split",
        "rsplit",
        "splitlines",
        "replace",
        "join",
        "lower",
        "upper",
        "title",
        "capitalize",
        "startswith",
        "endswith",
        "find",
        "rfind",
        "index",
        "count",
        "isdigit",
        "isalpha",
        "isspace",
        "isupper",
        "islower",
        "isalnum",
        "partition",
        "rpartition",
        "encode",
        "decode",
        "format",
        "center",
        "ljust",
        "rjust",
        "zfill",
        "swapcase",
    )
)
WIDE = frozenset(("center", "ljust", "rjust", "zfill"))


def call(machine: Machine, value: Any, name: str, args: list[Any], keywords: dict[str, Any], node: ast.AST) -> Any:
    """Return what a method of a known value returns; unknown for methods that are not here."""
    machine.spend()
    if isinstance(value, (str, bytes)):
        return _text(machine, value, name, args, keywords)
    if isinstance(value, list):
        return _list(machine, value, name, args, keywords, node)
    if isinstance(value, tuple):
        return _search(machine, value, name, args) if name in ("index", "count") else Unknown()
    if isinstance(value, dict):
        return _dict(machine, value, name, args)
    if isinstance(value, set):
        if name == "add" and args and is_key(args[0]) and len(value) < MAX_ITEMS:
            value.add(args[0])
            return None
        return Unknown()
    return Unknown()


def _text(machine: Machine, value: Any, name: str, args: list[Any], keywords: dict[str, Any]) -> Any:
    if name not in TEXT or not hasattr(value, name):
        return Unknown()
    machine.spend(len(value) >> 4)
    if name == "format":
        return operators.formatted(machine, value, args, keywords)
    if name == "join":
        return _join(machine, value, args)
    # startswith takes a tuple; everything else takes texts and numbers.
    if not all(isinstance(arg, SCALARS) or (isinstance(arg, tuple) and machine.plain(arg, 50)) for arg in args):
        return Unknown()
    if not all(isinstance(item, SCALARS) for item in keywords.values()):
        return Unknown()
    if name in WIDE and not (args and isinstance(args[0], int) and args[0] <= 4096):
        return Unknown()
    if name == "replace" and not _replaceable(value, args):
        return Unknown()
    if name in ("decode", "encode"):
        # MicroPython knows UTF-8 only.
        try:
            return value.decode("utf-8") if name == "decode" else value.encode("utf-8", "replace")
        except WRONG:
            return Unknown()
    try:
        result = getattr(value, name)(*args, **keywords)
    except WRONG as error:
        return machine.fail(type(error).__name__)
    if isinstance(result, list) and len(result) > MAX_ITEMS:
        return Unknown()
    if isinstance(result, (str, bytes, list)):
        machine.spend(len(result) >> 3)
    return result


def _replaceable(value: Any, args: list[Any]) -> bool:
    if len(args) < 2 or not all(isinstance(arg, type(value)) for arg in args[:2]):
        return False
    count: int = value.count(args[0]) if args[0] else len(value) + 1
    return len(value) + count * len(args[1]) <= MAX_TEXT


def _join(machine: Machine, value: Any, args: list[Any]) -> Any:
    items = machine.items(args[0]) if args else None
    if items is None:
        return Unknown()
    parts = list(items)
    if not all(isinstance(part, type(value)) for part in parts):
        return Unknown()
    length = sum(len(part) for part in parts) + len(value) * len(parts)
    if length > MAX_TEXT:
        return Unknown()
    machine.spend(length >> 3)
    return value.join(parts)


def _list(
    machine: Machine, value: list[Any], name: str, args: list[Any], keywords: dict[str, Any], node: ast.AST
) -> Any:
    if name in ("index", "count"):
        return _search(machine, value, name, args)
    if len(value) >= MAX_ITEMS and name in ("append", "extend", "insert"):
        return None
    if name == "append" and args:
        value.append(args[0])
        return None
    if name == "extend" and args:
        items = machine.items(args[0])
        listed = list(items) if items is not None else [args[0].item] if isinstance(args[0], Many) else []
        machine.spend(len(listed) >> 3)
        value.extend(listed[: MAX_ITEMS - len(value)])
        return None
    if name == "insert" and len(args) == 2 and isinstance(args[0], int):
        machine.spend(len(value) >> 3)
        value.insert(max(-MAX_ITEMS, min(args[0], MAX_ITEMS)), args[1])
        return None
    if name == "pop":
        at = args[0] if args else -1
        if not isinstance(at, int) or not -len(value) <= at < len(value):
            return machine.fail("IndexError")
        return value.pop(at)
    if name in ("clear", "reverse"):
        machine.spend(len(value) >> 3)
        value.clear() if name == "clear" else value.reverse()
        return None
    if name == "remove" and args and machine.plain(args[0], 100):
        machine.spend(len(value) >> 2)
        at = next((n for n, item in enumerate(value) if machine.plain(item, 100) and item == args[0]), None)
        if at is not None:
            del value[at]
        return None
    if name == "copy":
        machine.spend(len(value) >> 3)
        return list(value)
    if name == "sort":
        # Only numbers or only texts have an order that is known.
        plain = all(isinstance(item, (int, float)) for item in value) or all(isinstance(item, str) for item in value)
        if plain and "key" not in keywords:
            machine.spend(len(value))
            value.sort(reverse=keywords.get("reverse") is True)
        return None
    return Unknown()


def _search(machine: Machine, value: Any, name: str, args: list[Any]) -> Any:
    """Return `value.index(item)` or `value.count(item)` of a list or tuple."""
    machine.spend(len(value) >> 3)
    item = args[0] if args else None
    scores = next((other for other in value if isinstance(other, Score)), None)
    if name == "index" and scores is not None:
        return ClassIndex(scores.use)
    # list(classes.values()).index(classid): a position that stands for a class.
    if name == "index" and isinstance(item, ClassIndex) and all(isinstance(other, int) for other in value):
        return ClassIndex(item.use, tuple(value))
    if name == "index" and isinstance(item, Position):
        at = list(value).index(item) if all(isinstance(other, int) for other in value) and item in value else None
        return Unknown() if at is None else at
    if isinstance(item, Unknown) or not machine.plain(item, 100):
        return Unknown()
    same = [n for n, other in enumerate(value) if machine.plain(other, 100) and other == item]
    if name == "count":
        return len(same)
    return same[0] if same else machine.fail("ValueError")


def _dict(machine: Machine, value: dict[Any, Any], name: str, args: list[Any]) -> Any:
    machine.spend(len(value) >> 3)
    if name in ("keys", "values", "items"):
        return list(getattr(value, name)())
    if name == "copy":
        return dict(value)
    if name == "clear":
        value.clear()
        return None
    if name == "update" and args:
        if isinstance(args[0], dict) and len(value) + len(args[0]) <= MAX_ITEMS:
            value.update(args[0])
        return None
    if name in ("get", "pop", "setdefault") and args:
        key = args[0]
        default = args[1] if len(args) > 1 else None
        if isinstance(key, (ClassIndex, Position)):
            origin = machine.origins.get(id(value))
            where = (origin.name, origin.line) if origin else ("", machine.line)
            return operators.pick(value, key, *where)
        if type(key) is Unknown and key.bound is Unknown:
            return Unknown()
        if isinstance(key, Unknown) or not is_key(key):
            return Unknown()
        if name == "get":
            return value.get(key, default)
        if name == "pop":
            return value.pop(key, default)
        return value.setdefault(key, default) if len(value) < MAX_ITEMS else Unknown()
    return Unknown()
