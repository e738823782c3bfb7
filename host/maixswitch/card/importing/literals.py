"""Read the literals that a Python script assigns or passes to calls. The script is never run."""

from __future__ import annotations

import ast
import json
import math
import re
from dataclasses import dataclass, field
from typing import Any

MAX_SCRIPT = 128 << 10
MAX_DEPTH = 64
MAX_ITEMS = 5000
MAX_LIST = 16 << 10
MAX_TRIES = 500
"""Limits of the search in a script that is not valid Python: bytes up to a closing bracket, and assignments."""
BROKEN = (SyntaxError, ValueError, TypeError, RecursionError, MemoryError, OverflowError)
ASSIGNMENT = re.compile(r"^[ \t]*([A-Za-z_]\w*)[ \t]*=[ \t]*(?=[\[(\"'\d.-])", re.MULTILINE)
CALL = re.compile(r"\b(load|load_kmodel)\([ \t]*([\"'])([^\"'\n]{1,200})\2")


@dataclass(frozen=True)
class Value:
    """A literal, its line from 1, and the name that it is assigned to or compared with."""

    name: str
    value: Any
    line: int


@dataclass(frozen=True)
class Call:
    """A call. `name` is the last part of the function's name. Arguments that are not literals are None."""

    name: str
    args: tuple[Any, ...]
    keywords: dict[str, Any]
    line: int


@dataclass
class Script:
    """The literals of a script, in the order of its lines.

    floors: numbers that a name is compared with by ">" or ">=".
    trouble: why the script is not valid Python, "" if it is valid.
    """

    values: list[Value] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    floors: list[Value] = field(default_factory=list)
    trouble: str = ""


def decode(data: bytes) -> str | None:
    """Return the text of a file in UTF-8, UTF-16 with a byte order mark, or GB 18030; None for anything else."""
    # Windows editors write UTF-16 with a mark, or GB 18030 on Chinese systems. GB 18030 accepts almost any bytes, so it
    # comes last.
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encodings: tuple[str, ...] = ("utf-16",)
    else:
        encodings = ("utf-8-sig", "gb18030")
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        # Binary data can pass as GB 18030, but text never contains a NUL.
        return None if "\0" in text else text
    return None


def literal(text: str) -> Any:
    """Return the value of one Python literal.

    Raises ValueError for anything else, and for more than 128 KiB or 64 levels.
    """
    # Check the limits before the parser runs: according to Python's documentation, deep nesting can crash ast.parse.
    if len(text) > MAX_SCRIPT or _deep(text):
        raise ValueError("too long or too deep")
    try:
        return ast.literal_eval(text.strip())
    except BROKEN as error:
        raise ValueError(str(error)) from error


def from_json(text: str) -> Any:
    """Return the value of a JSON text.

    Raises ValueError for invalid text, more than 64 levels, and numbers that Python cannot read.
    """
    if _deep(text):
        raise ValueError("too deep")
    try:
        return json.loads(text)
    except BROKEN as error:
        raise ValueError(str(error)) from error


def read_script(text: str) -> Script:
    """Return the literals of a script. A script that is not valid Python is searched for assignments and loads."""
    script = Script()
    if len(text) > MAX_SCRIPT or _deep(text):
        script.trouble = "too long or too deep"
        return script
    try:
        tree = ast.parse(text)
        # Sort by line, because ast.walk goes by level and a name must be known before it is used.
        nodes = sorted(
            (node for node in ast.walk(tree) if isinstance(node, (ast.stmt, ast.expr))),
            key=lambda node: (node.lineno, node.col_offset),
        )
        known: dict[str, Any] = {}
        for node in nodes:
            _look(node, script, known)
    except BROKEN as error:
        # Start with a new Script, because the first one may be half filled.
        script = Script(trouble=str(error) or type(error).__name__)
        _search(text, script)
    return script


def _look(node: ast.AST, script: Script, known: dict[str, Any]) -> None:
    """Add the literals of one node to the script; `known` holds the literals that names were assigned so far."""
    if isinstance(node, ast.Assign):
        value = _value(node.value, known)
        for target in node.targets:
            if isinstance(target, ast.Name) and value is not None:
                known[target.id] = value
                script.values.append(Value(target.id, value, node.lineno))
    elif isinstance(node, ast.FunctionDef):
        # Some exports keep their labels and anchors in the defaults of main(). Defaults belong to the last parameters.
        names = [item.arg for item in node.args.args][len(node.args.args) - len(node.args.defaults) :]
        for name, default in zip(names, node.args.defaults, strict=True):
            value = _value(default, known)
            if value is not None:
                script.values.append(Value(name, value, node.lineno))
    elif isinstance(node, ast.Call):
        # Take only the last part of the name, since scripts write kpu.load, KPU.load or an alias.
        called = node.func
        name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
        keywords = {item.arg: _value(item.value, known) for item in node.keywords if item.arg}
        script.calls.append(Call(name, tuple(_value(item, known) for item in node.args), keywords, node.lineno))
    elif isinstance(node, ast.Compare) and isinstance(node.ops[0], (ast.Gt, ast.GtE)):
        left, right = node.left, _value(node.comparators[0], known)
        # A threshold is a float; comparisons with whole numbers belong to loops and counters.
        if isinstance(left, ast.Name) and isinstance(right, float):
            script.floors.append(Value(left.id, right, node.lineno))


def _value(node: ast.AST, known: dict[str, Any]) -> Any:
    if isinstance(node, ast.Name):
        return known.get(node.id)
    try:
        return ast.literal_eval(node)
    except BROKEN:
        return None


def _search(text: str, script: Script) -> None:
    """Search for assignments at the start of a line, and for calls that load a model."""
    # Each match may cost a search for its closing bracket. Without a limit a hostile text could take hours.
    for tries, match in enumerate(ASSIGNMENT.finditer(text)):
        if tries > MAX_TRIES:
            break
        try:
            value = literal(_balanced(text, match.end()))
        except ValueError:
            continue
        script.values.append(Value(match.group(1), value, text.count("\n", 0, match.start()) + 1))
    for match in CALL.finditer(text):
        script.calls.append(Call(match.group(1), (match.group(3),), {}, text.count("\n", 0, match.start()) + 1))


def _balanced(text: str, start: int) -> str:
    """Return the text from a bracket to the one that closes it; without a bracket, the rest of the line."""
    if text[start] not in "[(":
        return re.split(r"#|//|\n", text[start:], maxsplit=1)[0]
    depth = 0
    quote = ""
    for at in range(start, min(len(text), start + MAX_LIST)):
        c = text[at]
        # A bracket inside a label must not count.
        if quote:
            quote = "" if c == quote else quote
        elif c in "\"'":
            quote = c
        elif c in "[(":
            depth += 1
        elif c in "])":
            depth -= 1
            if not depth:
                return text[start : at + 1]
    return ""


def _deep(text: str) -> bool:
    depth = 0
    for c in text:
        if c in "[({":
            depth += 1
            if depth > MAX_DEPTH:
                return True
        elif c in "])}":
            depth = max(0, depth - 1)
    return False


def numbers(value: Any) -> list[float] | None:
    """Return at most 5000 finite numbers from nested lists, None for anything else."""
    flat: list[float] = []
    todo = [value]
    while todo:
        item = todo.pop()
        if isinstance(item, (list, tuple)):
            if len(item) > MAX_ITEMS:
                return None
            # A stack, because the file decides how deep its lists are. `reversed` keeps their order.
            todo.extend(reversed(item))
        # 1e999 is read as infinity, and an integer of 400 digits does not fit into a float.
        elif isinstance(item, (int, float)) and not isinstance(item, bool):
            try:
                flat.append(float(item))
            except OverflowError:
                return None
            if not math.isfinite(flat[-1]) or len(flat) > MAX_ITEMS:
                return None
        else:
            return None
    return flat or None
