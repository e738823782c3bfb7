"""The scripts of a source: each is read at most once, and finds the files that it opens in the source."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from .literals import decode
from .script.read import read_script
from .script.reading import ModelUse, ScriptReading
from .source import Source, common, distance, folder_of

MAX_SCRIPTS = 200
LOADS = re.compile(rb"\bkpu\b|load_kmodel|\.kmodel", re.IGNORECASE)
CARD = re.compile(r"^(?:/(?:sd|flash)(?=/)|\.)?/+|^(?:\./+)+")


MENTIONED = re.compile(r"[\"']([^\"'\n]{1,200}\.kmodel)[\"']", re.IGNORECASE)


@dataclass(frozen=True)
class Script:
    """A script of a source: its file's name, what was read from it, and the models that it loads."""

    file: str
    reading: ScriptReading
    uses: tuple[ModelUse, ...]


class Scripts:
    """The scripts of a source."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self._read: dict[str, Script] = {}
        self._by_name: dict[str, list[str]] = {}
        for name in source.files:
            self._by_name.setdefault(PurePosixPath(name).name.lower(), []).append(name)

    def names(self) -> list[str]:
        """Return the names of all scripts."""
        return [name for name in self.source.files if name.lower().endswith(".py")]

    def read(self, name: str) -> Script:
        """Return one script. It is read, never run."""
        if name not in self._read:
            text = decode(self.source.text(name) or b"") or ""
            reading = read_script(text, PurePosixPath(name).name, lambda path: self._opened(name, path))
            # A file of settings names the model that some other program loads.
            lines = text.splitlines() if not reading.uses else []
            named = [(path, at) for at, line in enumerate(lines, 1) for path in MENTIONED.findall(line)]
            uses = reading.uses or tuple(ModelUse(path, at) for path, at in named)
            self._read[name] = Script(name, reading, uses)
        return self._read[name]

    def that_load(self) -> list[Script]:
        """Return the scripts that load a model, at most 200."""
        named = [name for name in self.names() if LOADS.search(self.source.text(name) or b"")]
        return [script for script in map(self.read, named[:MAX_SCRIPTS]) if script.uses]

    def _opened(self, script: str, path: str) -> bytes | None:
        """Return the bytes of a file that a script opens; None if the source does not have it.

        That is the one beside the script; else the one whose folders agree best with the path, then the nearest.
        """
        beside = posixpath.normpath((folder_of(script) / bare(path)).as_posix())
        if beside in self.source.files:
            return self.source.text(beside)
        names = self._by_name.get(PurePosixPath(bare(path)).name.lower(), [])
        ranked = sorted(names, key=lambda name: (-common_tail(path, name), distance(script, name), name))
        return self.source.text(ranked[0]) if ranked else None


def bare(path: str) -> str:
    """Return a path of the board without the card or the current folder in front."""
    return CARD.sub("", path.replace("\\", "/"))


def common_tail(one: str, other: str) -> int:
    """Return how many parts two paths have in common at their ends, capitals ignored."""
    ends = [reversed(PurePosixPath(bare(path).lower()).parts) for path in (one, other)]
    return common(*ends)
