"""Where each stub lies in the wheel."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class StubsHook(BuildHookInterface[Any]):
    """Puts a module that Python lacks into MODULE-stubs/ (PEP 561), and the others at the top.

    Type checkers prefer their own stub of a module of Python, unless `pip install --target typings` put ours into the
    folder for stubs, where it must lie at the top.
    """

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the files to the wheel."""
        for folder in ("typings", "typings-pyright"):
            for path in sorted(Path(self.root, folder).glob("*.pyi")):
                of_python = path.stem in sys.stdlib_module_names
                build_data["force_include"][str(path)] = path.name if of_python else f"{path.stem}-stubs/__init__.pyi"
