"""Arithmetic, comparisons and formatting with limits: a result that would be too large is unknown."""

from __future__ import annotations

import ast
import operator
import re
from typing import Any

from . import chains
from .machine import Machine
from .reading import Floor
from .values import (
    MAX_BITS,
    MAX_ITEMS,
    MAX_TEXT,
    SCALARS,
    ClassIndex,
    Comparison,
    Many,
    Picked,
    Score,
    Unknown,
    by_number,
    is_key,
    texts,
)

ARITHMETIC = (ValueError, TypeError, ArithmeticError, OverflowError, KeyError, IndexError, RecursionError)
OPERATORS: dict[type, Any] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
    ast.LShift: operator.lshift,
    ast.RShift: operator.rshift,
    ast.BitOr: operator.or_,
    ast.BitAnd: operator.and_,
    ast.BitXor: operator.xor,
}
COMPARISONS: dict[type, Any] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
WIDTH = re.compile(r"%[-#0 +]*\d{4,}|%[^%]*\*|%[-#0 +\d]*\.\d{4,}")
FIELD = re.compile(r"\{\{|\}\}|\{(\d*|[A-Za-z_]\w*)(?:!([rs]))?(?::([^{}]{0,12}))?\}")
SPEC = re.compile(r"[^\d]?[<>=^]?[-+ ]?#?0?\d{0,3},?(?:\.\d{1,2})?[bcdeEfFgGnosxX%]?")


def binary(machine: Machine, kind: type, left: Any, right: Any) -> Any:
    """Return `left OP right`."""
    # A score times 100 is compared with per cent, so the factor has to be known.
    if isinstance(left, Score) and isinstance(right, (int, float)) and kind in (ast.Mult, ast.Div) and right > 0:
        return Score(left.use, left.factor * right if kind is ast.Mult else left.factor / right)
    if isinstance(right, Score) and isinstance(left, (int, float)) and kind is ast.Mult and left > 0:
        return Score(right.use, right.factor * left)
    if kind is ast.Mod and isinstance(left, str):
        numbered(right)
        return percent(machine, left, right)
    part = chains.arithmetic(kind, left, right)
    if part is not None:
        return part
    # A list keeps its known items next to an unknown one, so only the operands themselves must be known.
    if isinstance(left, (Unknown, Many)) or isinstance(right, (Unknown, Many)):
        return Unknown()
    if not (isinstance(left, (list, tuple, set, *SCALARS)) and isinstance(right, (list, tuple, set, *SCALARS))):
        return Unknown()
    if kind in (ast.Mult, ast.Add) and not _fits(machine, kind, left, right):
        return Unknown()
    if kind in (ast.Pow, ast.LShift) and not _small(kind, left, right):
        return Unknown()
    function = OPERATORS.get(kind)
    try:
        result = function(left, right) if function else Unknown()
    except ARITHMETIC:
        return Unknown()
    if isinstance(result, int) and result.bit_length() > MAX_BITS:
        return Unknown()
    return result


def _fits(machine: Machine, kind: type, left: Any, right: Any) -> bool:
    """May two operands be added or multiplied? Takes the steps for it."""
    sized = [item for item in (left, right) if isinstance(item, (str, bytes, list, tuple))]
    if not sized:
        return True
    if kind is ast.Add:
        length = sum(len(item) for item in sized)
    else:
        other = right if sized[0] is left else left
        length = len(sized[0]) * max(0, other) if isinstance(other, int) else 0
    if length > (MAX_TEXT if isinstance(sized[0], (str, bytes)) else MAX_ITEMS):
        return False
    machine.spend(length >> 3)
    return True


def _small(kind: type, left: Any, right: Any) -> bool:
    """Is a power or a shift of two numbers small?"""
    if not isinstance(left, int) or not isinstance(right, int):
        return kind is ast.Pow and isinstance(left, (int, float)) and isinstance(right, (int, float))
    bits = left.bit_length() * abs(right) if kind is ast.Pow else left.bit_length() + abs(right)
    return bits <= MAX_BITS


def unary(kind: type, value: Any) -> Any:
    """Return `-value`, `+value` or `~value`."""
    if isinstance(value, (int, float)):
        try:
            return -value if kind is ast.USub else +value if kind is ast.UAdd else ~value  # type: ignore[operator]
        except ARITHMETIC:
            return Unknown()
    return Unknown()


def compare(machine: Machine, kind: type, left: Any, right: Any, line: int) -> Any:
    """Return `left OP right`: True, False or an unknown value. A score against a number is the task's floor."""
    for score, number in ((left, right), (right, left)):
        if isinstance(score, Score) and isinstance(number, (int, float)) and not isinstance(number, bool):
            # "best = 0" or -1 at the start of a search for the best score is no threshold.
            floor = number / score.factor
            if 0 < floor < 1 and kind in (ast.Gt, ast.GtE, ast.Lt, ast.LtE) and score.use.floor is None:
                score.use.floor = Floor(floor, line)
            return Unknown()
    if isinstance(left, chains.Distance) and isinstance(right, (int, float)) and kind in (ast.Lt, ast.LtE):
        left.use.limit = left.use.limit or Floor(right, line)
        return Unknown()
    if kind in (ast.Is, ast.IsNot):
        if isinstance(left, Unknown) or isinstance(right, Unknown):
            kind = ast.Eq if kind is ast.Is else ast.NotEq
        else:
            return (left is right or (type(left) is type(right) and isinstance(left, SCALARS) and left == right)) == (
                kind is ast.Is
            )
    if kind in (ast.In, ast.NotIn):
        result = contains(machine, right, left)
        return result if isinstance(result, Unknown) else result == (kind is ast.In)
    if isinstance(left, Unknown) or isinstance(right, Unknown):
        for index, number in ((left, right), (right, left)):
            if isinstance(index, ClassIndex) and isinstance(number, (int, str)) and kind in (ast.Eq, ast.NotEq):
                machine.class_test = (index.use, number)
        for unknown, known in ((left, right), (right, left)):
            if type(unknown) is Unknown and isinstance(known, SCALARS) and kind in (ast.Eq, ast.NotEq):
                return Comparison(unknown, known, kind is ast.Eq)
        return Unknown()
    if isinstance(left, SCALARS) and isinstance(right, SCALARS):
        if len(machine.compared) < 8:
            machine.compared.append((left, right))
    elif not (machine.plain(left) and machine.plain(right)):
        # Objects, tasks and functions are never equal to None or to a text.
        if kind in (ast.Eq, ast.NotEq) and (isinstance(left, SCALARS) or isinstance(right, SCALARS)):
            known = not isinstance(left, Many) and not isinstance(right, Many)
            return kind is ast.NotEq if known else Unknown()
        return Unknown()
    try:
        return COMPARISONS[kind](left, right)
    except ARITHMETIC:
        return Unknown()


def contains(machine: Machine, container: Any, item: Any) -> Any:
    """Return whether an item is in a container."""
    if isinstance(item, Unknown) or isinstance(container, (Unknown, Many)):
        return Unknown()
    if isinstance(container, str):
        machine.spend(len(container) >> 8)
        return item in container if isinstance(item, str) else Unknown()
    if isinstance(container, (dict, set)):
        return item in container if is_key(item) else Unknown()
    if isinstance(container, range):
        return item in container if isinstance(item, int) else Unknown()
    if not isinstance(container, (list, tuple)):
        return Unknown()
    machine.spend(len(container) >> 3)
    if not machine.plain(item, 100):
        return any(item is other for other in container) or Unknown()
    if any(machine.plain(other, 100) and other == item for other in container):
        return True
    return Unknown() if any(isinstance(other, Unknown) for other in container) else False


def pick(container: Any, index: Any, name: str, line: int) -> Any:
    """Return the item of a list or dictionary that a class of a task chooses, and remember the list as its labels."""
    use = index.use
    order = index.order if isinstance(index, ClassIndex) else None
    values = by_class(container, order)
    if values is None:
        return Unknown()
    return picked(use, values, name, line)


def picked(use: Any, values: list[Any], name: str, line: int) -> Any:
    """Return the item that a class of `use` chooses from `values`. Texts are its labels."""
    labels = texts(values)
    if labels is None:
        return Picked(use, tuple(values), name, line)
    use.label(labels, name, line)
    return Unknown()


def by_class(container: Any, order: tuple[int, ...] | None) -> list[Any] | None:
    """Return the items of a list or of a dictionary {0: item, ...}, in the order of the classes."""
    if isinstance(container, dict):
        # {name: 0} cannot be indexed with a number.
        if not all(isinstance(key, int) or (isinstance(key, str) and key.isdigit()) for key in container):
            return None
        values = by_number(container)
    else:
        values = list(container) if isinstance(container, (list, tuple)) else None
    if not values or order is None:
        return values or None
    if sorted(order) != list(range(len(values))):
        return None
    return [value for _, value in sorted(zip(order, values, strict=True), key=lambda pair: pair[0])]


def numbered(values: Any) -> None:
    """Remember that a script writes the number of the best class itself into a text."""
    for value in values if isinstance(values, tuple) else (values,):
        if isinstance(value, ClassIndex):
            value.use.numbered = True


def percent(machine: Machine, template: str, values: Any) -> Any:
    """Return `template % values`."""
    machine.spend(len(template) >> 4)
    if WIDTH.search(template) or not machine.plain(values, 200):
        return Unknown()
    return _text(machine, lambda: template % values, template, values)


def formatted(machine: Machine, template: str, args: list[Any], keywords: dict[str, Any]) -> Any:
    """Return `template.format(...)` for plain fields such as {}, {0}, {name} and {:.2f}."""
    # Python's own format reads attributes of the values and makes texts of any width.
    if len(template) > MAX_TEXT >> 3:
        return Unknown()
    machine.spend(len(template) >> 2)
    parts: list[str] = []
    at = 0
    automatic = 0
    for match in FIELD.finditer(template):
        parts.append(template[at : match.start()])
        at = match.end()
        if match.group() in ("{{", "}}"):
            parts.append(match.group()[0])
            continue
        name = match.group(1)
        if not name:
            name = str(automatic)
            automatic += 1
        if name.isdigit():
            value = args[int(name)] if len(name) < 4 and int(name) < len(args) else Unknown()
        else:
            value = keywords.get(name, Unknown())
        text = field_text(machine, value, match.group(3) or "")
        if not isinstance(text, str):
            return text
        parts.append(text)
    parts.append(template[at:])
    if any(c in part for part in parts[::2] for c in "{}") and "{{" not in template and "}}" not in template:
        return Unknown()
    return _text(machine, lambda: "".join(parts), template, parts)


def field_text(machine: Machine, value: Any, spec: str) -> Any:
    """Return a value as a text by a format such as ".2f"."""
    numbered(value)
    if not machine.plain(value, 200) or not isinstance(spec, str) or not SPEC.fullmatch(spec):
        return Unknown()
    return _text(machine, lambda: format(value, spec) if spec else str(value), "", value)


def _text(machine: Machine, make: Any, template: str, values: Any) -> Any:
    # The values are part of the text, so their lengths are known before it is made.
    parts = values if isinstance(values, (list, tuple)) else [values]
    length = len(template) + sum(len(part) for part in parts if isinstance(part, (str, bytes, list, tuple, dict)))
    if length > MAX_TEXT:
        return Unknown()
    try:
        text = make()
    except ARITHMETIC:
        return Unknown()
    machine.spend(len(text) >> 3)
    return text if len(text) <= MAX_TEXT else Unknown()
