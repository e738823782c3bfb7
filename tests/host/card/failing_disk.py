"""A disk that fails once, at the n-th operation."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


class FailingDisk:
    """Makes the ``at``-th rename fail, from 1; with ``flushes`` fsync counts as well. ``targets``: the new names."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, at: int, error: OSError, flushes: bool = False) -> None:
        self._at, self._error = at, error
        self._rename, self._fsync = Path.rename, os.fsync
        self.count = 0
        self.targets: list[Path] = []
        monkeypatch.setattr(Path, "rename", lambda path, target: self.rename(path, target))
        if flushes:
            monkeypatch.setattr(os, "fsync", self.fsync)

    def act(self) -> None:
        self.count += 1
        if self.count == self._at:
            raise self._error

    def rename(self, path: Path, target: Path) -> Path:
        self.targets.append(target)
        self.act()
        return self._rename(path, target)

    def fsync(self, handle: int) -> None:
        self.act()
        self._fsync(handle)
