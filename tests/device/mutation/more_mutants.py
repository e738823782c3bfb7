"""Mutants that mutmut does not make: of code outside functions, of whole statements and of bare conditions."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

TABLE = "TRANSITIONS"


@dataclass(frozen=True)
class Mutant:
    """One change of a module: the line before and after it, and the text of the changed module."""

    was: str
    now: str
    text: str


def of(source: str) -> Iterator[Mutant]:
    """Yield the mutants of a module."""
    tree = ast.parse(source)
    for begin, end, new in [*_statements(tree, source), *_values(tree, source), *_rows(tree, source)]:
        text = source[:begin] + new + source[end:]
        first = source.rfind("\n", 0, begin) + 1
        was = source[first : source.find("\n", begin)]
        now = text[first : text.find("\n", begin)] if new else "(removed)"
        yield Mutant(was.strip(), now.strip(), text)


Change = tuple[int, int, str]


def _span(node: ast.AST, source: str) -> tuple[int, int]:
    lines = source.splitlines(keepends=True)

    def at(line: int, column: int) -> int:  # columns of ast count bytes
        return sum(map(len, lines[: line - 1])) + len(lines[line - 1].encode()[:column].decode())

    return at(node.lineno, node.col_offset), at(node.end_lineno, node.end_col_offset)


def _statements(tree: ast.Module, source: str) -> Iterator[Change]:
    """Yield a call, del or raise removed, a bare condition negated, one caught exception less."""
    for node in ast.walk(tree):
        called = isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
        if called or isinstance(node, (ast.Delete, ast.Raise)):
            yield *_span(node, source), "pass"
        elif isinstance(node, (ast.If, ast.While)) and isinstance(node.test, (ast.Name, ast.Attribute, ast.Call)):
            begin, end = _span(node.test, source)
            yield begin, end, f"not {source[begin:end]}"
        elif isinstance(node, ast.ExceptHandler) and isinstance(node.type, ast.Tuple):
            for name in node.type.elts:
                kept = [ast.unparse(other) for other in node.type.elts if other is not name]
                yield *_span(node.type, source), f"({', '.join(kept)},)"


def _values(tree: ast.Module, source: str) -> Iterator[Change]:
    """Yield other constants of modules and classes: a number plus 1, a longer text, True for False, "" for None."""
    bodies = [tree.body, *(node.body for node in tree.body if isinstance(node, ast.ClassDef))]
    for statement in (statement for body in bodies for statement in body):
        if not isinstance(statement, ast.Assign) or ast.unparse(statement.targets[0]) == TABLE:
            continue
        for node in ast.walk(statement.value):
            if isinstance(node, ast.Constant):
                yield *_span(node, source), repr(_other(node.value))


def _other(value: object) -> object:
    if value is None or isinstance(value, bool):
        return "" if value is None else not value
    return value + (1 if isinstance(value, (int, float)) else b"x" if isinstance(value, bytes) else "x")


def _rows(tree: ast.Module, source: str) -> Iterator[Change]:
    """Yield changed rows of the state machine's table: removed, with another end, an action removed or replaced."""
    begin = source.find(f'{TABLE} = """\n')
    if begin < 0:
        return
    begin = source.find("\n", begin) + 1
    rows = source[begin : source.find('"""', begin)].splitlines(keepends=True)
    states = sorted({row.split(" ")[0] for row in rows} | {row.split(" -> ")[1].strip() for row in rows})
    actions = sorted({name for row in rows for name in row.split(": ")[1].split(" -> ")[0].split(", ")})
    for row in rows:
        head, tail = row.split(": ")
        names, end = tail.strip().split(" -> ")
        new = [""] + [f"{head}: {names} -> {state}\n" for state in states if state != end]
        for name in names.split(", "):
            others = [other for other in names.split(", ") if other != name]
            other = actions[(actions.index(name) + 1) % len(actions)]
            new.append(f"{head}: {', '.join(others or [other])} -> {end}\n")
        for text in new:
            yield begin, begin + len(row), text
        begin += len(row)
