"""Which parts of a script can change what reaches the firmware."""

from __future__ import annotations

import ast

from .names import LOADS, RUNS


def loads_in(body: list[ast.stmt]) -> bool:
    """Do statements load or run a model?"""
    return any(getattr(node, "maixswitch_loads", False) for node in body)


def matters(node: ast.AST) -> bool:
    """May a branch or a handler change what reaches the firmware?"""
    return bool(getattr(node, "maixswitch_matters", False))


def changed(loop: ast.While) -> frozenset[str]:
    """Return the names that a loop gives another value, and those that functions share as globals."""
    names: frozenset[str] | None = getattr(loop, "maixswitch_changed", None)
    if names is None:
        stored = {item.id for item in ast.walk(loop) if isinstance(item, ast.Name) and isinstance(item.ctx, ast.Store)}
        names = frozenset(stored | getattr(loop, "maixswitch_globals", frozenset()))
        loop.maixswitch_changed = names  # type: ignore[attr-defined]
    return names


def indexed(loop: ast.For) -> tuple[str, ...]:
    """Return the names of the lists that a loop takes items of by its own variable."""
    names: tuple[str, ...] | None = getattr(loop, "maixswitch_indexed", None)
    if names is None:
        names = ()
        if isinstance(loop.target, ast.Name):
            target = loop.target.id
            names = tuple(
                item.value.id
                for item in ast.walk(loop)
                if isinstance(item, ast.Subscript)
                and isinstance(item.value, ast.Name)
                and isinstance(item.slice, ast.Name)
                and item.slice.id == target
            )
        loop.maixswitch_indexed = names  # type: ignore[attr-defined]
    return names


def mark(tree: ast.Module) -> None:
    """Mark the statements that load or run models, also through functions that do, and those that may matter."""
    functions = {
        node.name: node
        for node in ast.walk(tree)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
    }
    loading = {*LOADS, *RUNS}
    for _ in range(4):
        before = len(loading)
        for name, function in functions.items():
            if name not in loading and _names(function) & loading:
                loading.add(name)
        if len(loading) == before:
            break
    own = frozenset(functions) | loading
    # A button or a timer may change a global while the main loop runs.
    shared = frozenset(name for node in ast.walk(tree) if isinstance(node, ast.Global) for name in node.names)
    for node in ast.walk(tree):
        if isinstance(node, ast.While):
            node.maixswitch_globals = shared  # type: ignore[attr-defined]
    _mark(tree, loading, own)


def _names(node: ast.AST) -> set[str]:
    known: set[str] | None = getattr(node, "maixswitch_names", None)
    if known is None:
        known = set()
        for item in ast.walk(node):
            if isinstance(item, ast.Call):
                name = getattr(item.func, "attr", getattr(item.func, "id", None))
                if name:
                    known.add(name)
        node.maixswitch_names = known  # type: ignore[attr-defined]
    return known


def _mark(tree: ast.Module, loading: set[str], own: frozenset[str]) -> None:
    # From the leaves to the root, so that each node needs its children only.
    order: list[tuple[ast.AST, ast.AST | None]] = [(tree, None)]
    for node, _ in order:
        order.extend((child, node) for child in ast.iter_child_nodes(node))
    for node, parent in reversed(order):
        loads = getattr(node, "maixswitch_loads", False)
        matter = getattr(node, "maixswitch_matters", False)
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", None))
            # json.load reads a file.
            loads |= name in loading and getattr(getattr(node.func, "value", None), "id", "") not in ("json", "ujson")
            matter |= name in own
        matter |= loads or isinstance(node, (ast.Assign, ast.AugAssign, ast.Import, ast.ImportFrom))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            # To define a function is not to call it.
            loads = False
        node.maixswitch_loads = loads  # type: ignore[attr-defined]
        node.maixswitch_matters = matter  # type: ignore[attr-defined]
        if parent is not None:
            parent.maixswitch_loads = getattr(parent, "maixswitch_loads", False) or loads  # type: ignore[attr-defined]
            parent.maixswitch_matters = getattr(parent, "maixswitch_matters", False) or matter  # type: ignore[attr-defined]
