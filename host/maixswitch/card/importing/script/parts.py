"""The parts of values: attributes, items, and whether a value is true."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from itertools import islice
from typing import Any

from . import firmware, operators
from .machine import Machine
from .values import (
    MAX_ITEMS,
    MISSING,
    Class,
    ClassIndex,
    Comparison,
    Detection,
    File,
    Firmware,
    Function,
    Instance,
    Many,
    Method,
    Module,
    Opposite,
    Parent,
    Picked,
    Position,
    Task,
    Unknown,
    is_key,
)

MAX_ALTERNATIVES = 32


class Parts(Machine):
    """What a value consists of."""

    def truth(self, value: Any, site: ast.AST) -> bool:
        """See Machine. An unknown value gets the same answer again on the same path."""
        if isinstance(value, Opposite):
            return not self.truth(value.value, site)
        if isinstance(value, Unknown):
            if value.bound is not MISSING:
                return bool(value.bound)
            if value.truth is None:
                value.truth = self.choose(site, 2) == 0
                # "if mode == 2" makes mode 2 for the rest of the path.
                if isinstance(value, Comparison) and value.truth == value.equal:
                    value.left.bound = value.right
            return value.truth
        if isinstance(value, Many):
            return self.choose(site, 2) == 0
        return (
            bool(value)
            if isinstance(value, (str, bytes, int, float, list, tuple, dict, set, range))
            else bool(value is not None)
        )

    def items(self, value: Any) -> Iterable[Any] | None:
        """Return the items of a value that is known, None for an unknown one. The reader takes the steps."""
        if isinstance(value, (list, tuple)):
            self.spend(len(value) >> 5)
            return list(value) if isinstance(value, list) else value
        if isinstance(value, (dict, set)):
            self.spend(len(value) >> 5)
            return list(value)
        if isinstance(value, (str, bytes, range)):
            return islice(value, MAX_ITEMS)
        if isinstance(value, File):
            return firmware.lines(self, value)
        return None

    def attribute(self, value: Any, name: str) -> Any:
        """Return `value.name`."""
        if isinstance(value, Firmware):
            return firmware.member(value, name)
        if isinstance(value, Module):
            return value.names.get(name, Unknown())
        if isinstance(value, Instance):
            if name in value.names:
                return value.names[name]
            return self._member(value.cls, name, value)
        if isinstance(value, Class):
            return self._member(value, name, None)
        if isinstance(value, Parent):
            for base in value.owner.bases:
                if isinstance(base, Class) and base.find(name) is not MISSING:
                    return self._member(base, name, value.instance)
            return Unknown()
        if isinstance(value, Picked):
            return operators.picked(
                value.use, [self.attribute(item, name) for item in value.values], value.name, value.line
            )
        if isinstance(value, (Task, Many, Detection, Function)) or firmware.has_methods(value):
            return Method(value, name)
        if isinstance(value, Unknown):
            return Unknown()
        return Method(value, name)

    def _member(self, cls: Class, name: str, instance: Any) -> Any:
        value = cls.find(name)
        if value is MISSING:
            return Unknown()
        if isinstance(value, Function):
            if value.kind == "property" and instance is not None:
                return self.call(Method(instance, value), [], {}, value.node)
            if value.kind == "class":
                return Method(cls, value)
            if value.kind != "static" and instance is not None:
                return Method(instance, value)
        return value

    def item(self, value: Any, index: Any, site: ast.AST, name: str = "", line: int = 0) -> Any:
        """Return `value[index]`. name, line: what the list is called and where it stands, for the labels."""
        if isinstance(value, Picked):
            return operators.picked(
                value.use, [self.item(item, index, site) for item in value.values], value.name, value.line
            )
        if isinstance(value, (Many, Detection)):
            return firmware.part(self, value, index)
        if isinstance(index, (ClassIndex, Position)) and isinstance(value, (list, tuple, dict)):
            chosen = operators.pick(value, index, name, line)
            if isinstance(index, ClassIndex):
                return chosen
        if isinstance(value, Instance):
            return self.call(self.attribute(value, "__getitem__"), [index], {}, site)
        if isinstance(value, Unknown) or not isinstance(value, (str, bytes, list, tuple, dict, range)):
            return Unknown()
        if isinstance(index, Unknown):
            return self._alternative(value, index, site)
        if isinstance(index, slice):
            if isinstance(value, dict):
                return Unknown()
            self.spend(len(value) >> 3)
        elif isinstance(value, dict) and not is_key(index):
            return Unknown()
        try:
            return value[index]
        except (KeyError, IndexError) as error:
            return self.fail(type(error).__name__)
        except (TypeError, ValueError, OverflowError):
            return Unknown()

    def _alternative(self, value: Any, index: Unknown, site: ast.AST) -> Any:
        """Return the item at an unknown index: each path takes another one, and keeps the index."""
        if isinstance(value, (str, bytes)) or type(index) is not Unknown:
            return Unknown()
        keys = list(value) if isinstance(value, dict) else list(range(min(len(value), MAX_ALTERNATIVES + 1)))
        # Texts and numbers are more often results than settings, for which every path would be followed in vain.
        if not 0 < len(keys) <= MAX_ALTERNATIVES:
            return Unknown()
        index.bound = keys[self.choose(site, len(keys))]
        return value[index.bound]
