"""The operators: one file for each, or for a family that shares code.

The file of an operator has the function that reads an ONNX node; its type of graph node, with the evaluation in floats,
the rewriting and the quantising; its type of integer layer, if it has one; the row of docs/convert.md (``OPERATORS``);
and the operators that are refused because this one can replace them (``REFUSED``, operator to remedy).

The modules of this folder are listed when it is imported, so a new file needs no entry anywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from pkgutil import iter_modules

from maixswitch.convert.graph.importer import Importer
from maixswitch.convert.graph.onnx_node import OnnxNode

from .operator import Operator

_MODULES = [import_module(f"{__name__}.{info.name}") for info in iter_modules(__path__)]
OPERATORS: list[Operator] = [operator for module in _MODULES for operator in getattr(module, "OPERATORS", ())]
READERS: dict[str, Callable[[Importer, OnnxNode], None]] = {
    name: operator.read for operator in OPERATORS for name in operator.names
}
"""ONNX operator -> function that reads its nodes."""
ELEMENTWISE = frozenset(name for operator in OPERATORS if operator.elementwise for name in operator.names)
"""ONNX operators that may become part of a function of one tensor."""
REFUSED: Mapping[str, str] = {
    name: remedy for module in _MODULES for name, remedy in getattr(module, "REFUSED", {}).items()
}
"""ONNX operator that the board cannot run -> what to use instead."""


def rows() -> Iterator[tuple[str, str, str]]:
    """Yields (operators, what they become, limits) for docs/convert.md."""
    groups: dict[tuple[str, str], list[str]] = {}
    for operator in OPERATORS:
        groups.setdefault((operator.becomes, operator.limits), []).extend(operator.names)
    for (becomes, limits), names in groups.items():
        yield _listed(names), becomes, limits


def refused_rows() -> Iterator[tuple[str, str]]:
    """Yields (operators, what to do instead) for docs/convert.md."""
    groups: dict[str, list[str]] = {}
    for name, remedy in REFUSED.items():
        groups.setdefault(remedy, []).append(name)
    for remedy, names in groups.items():
        yield _listed(names), remedy


def _listed(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
