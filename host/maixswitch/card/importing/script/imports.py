"""Follow imports: modules of the firmware, and files of the source beside the script."""

from __future__ import annotations

import ast
from typing import Any

from .calls import Calls
from .names import MODULES, OTHER_MODULES
from .syntax import parse
from .values import Firmware, Frame, Module, Unknown

MAX_MODULES = 12


class Imports(Calls):
    """The import statements."""

    def _Import(self, node: ast.Import, frame: Frame) -> None:
        for alias in node.names:
            if alias.asname:
                frame.names[alias.asname] = self.module(alias.name)
            else:
                # `import a.b` makes the name a; b is one of its names.
                first, *rest = alias.name.split(".")
                value = self.module(alias.name)
                for name in reversed(rest):
                    value = Module(name, {name: value})
                frame.names[first] = value if not rest or first not in MODULES else Firmware(MODULES[first])

    def _ImportFrom(self, node: ast.ImportFrom, frame: Frame) -> None:
        module = self.module(node.module or "")
        for alias in node.names:
            if alias.name == "*":
                self._all(module, frame)
                continue
            value = self.attribute(module, alias.name)
            # `from lib import detector` also imports lib/detector.py.
            if isinstance(value, Unknown) and not isinstance(module, Firmware):
                inner = self.module(f"{node.module}.{alias.name}" if node.module else alias.name)
                value = inner if isinstance(inner, (Module, Firmware)) else value
            frame.names[alias.asname or alias.name] = value

    def _all(self, module: Any, frame: Frame) -> None:
        if isinstance(module, Module):
            frame.names.update((name, value) for name, value in module.names.items() if name[0] != "_")
        elif isinstance(module, Firmware) and module.path == "KPU":
            for name in (
                "load",
                "init_yolo2",
                "run_yolo2",
                "forward",
                "deinit",
                "set_outputs",
                "get_output",
                "set_layers",
            ):
                frame.names[name] = Firmware(f"KPU.{name}")
        elif isinstance(module, Firmware) and module.path == "maix":
            frame.names["KPU"] = Firmware("KPU")

    def module(self, name: str) -> Any:
        """Return a module by its name; unknown if neither the firmware nor the source has it."""
        if name in MODULES:
            return Firmware(MODULES[name])
        if name in self.modules:
            return self.modules[name]
        if not name or name.partition(".")[0] in OTHER_MODULES or len(self.modules) >= MAX_MODULES:
            return Unknown()
        tree = self._source(name)
        if tree is None:
            return Unknown()
        module = Module(name, {"__name__": name})
        # Before its body, because modules may import each other.
        self.modules[name] = module
        known, where = len(self.functions), self.where
        self.where = ""
        self.run_block(tree.body, Frame(module.names, module))
        self.where = where
        # Only the script itself has functions that somebody else may call.
        del self.functions[known:]
        return module

    def _source(self, name: str) -> ast.Module | None:
        trees = self.shared.trees
        if name not in trees:
            trees[name] = None
            path = name.replace(".", "/")
            for file in (f"{path}.py", f"{path}/__init__.py"):
                data = self.shared.read(file)
                if data is not None:
                    self.spend(len(data) >> 4)
                    trees[name] = parse(data)[0]
                    break
        return trees[name]
