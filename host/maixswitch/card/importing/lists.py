"""Decide which list of labels or anchors counts: the user's, or the one on which the files agree."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from maixswitch.errors import EXIT_IO
from maixswitch.language import tr

from .evidence import Claim, Evidence
from .messages import ImportMessage, Refusal
from .source import MAX_TEXT

SHOWN = 4
PLACE = re.compile(r"(.+?)(?::(\d{1,6}))?")
Read = Callable[[bytes], list[Any] | None]


class Lists:
    """The lists for one model.

    evidence: what the files state.
    problems: takes a message for each list that is missing or ambiguous.
    """

    def __init__(self, evidence: Evidence, problems: list[ImportMessage]) -> None:
        self.evidence, self.problems = evidence, problems

    def pick(self, name: str, asked: str, read: Read, count: int) -> list[Claim]:
        """Return the claims that come into question.

        name: "labels" or "anchors". asked: the user's option, "" for none.
        read: reads a file of the user. count: how many items the network needs, 0 if that is unknown.
        """
        claims = self.evidence.claims.get(name, [])
        if not asked:
            return claims
        named = [claim for claim in claims if claim.called(asked)]
        if named:
            return named
        claim = self._from_source(name, asked, read, count) or self._from_file(name, asked, read)
        if claim is not None:
            return [claim]
        files = ", ".join(dict.fromkeys(claim.where for claim in claims)) or tr("none")
        self._problem(
            name,
            tr(
                "--{option} {path}: no such file, and the source has no file of that name (it has: {files})",
                option=name,
                path=asked,
                files=files,
            ),
        )
        return [Claim([], asked)]

    def _problem(self, name: str, text: str) -> None:
        self.problems.append(ImportMessage("C541", text, f"--{name} FILE"))

    def _from_file(self, name: str, asked: str, read: Read) -> Claim | None:
        """Return the list in a file of the user; None if the file does not exist."""
        path = Path(asked)
        try:
            if not path.is_file():
                return None
            with path.open("rb") as file:
                data = file.read(MAX_TEXT + 1)
        except (OSError, ValueError) as error:
            raise Refusal("C541", tr("--{option} {path}: cannot be read", option=name, path=asked), EXIT_IO) from error
        value = read(data) if len(data) <= MAX_TEXT else None
        if value is None:
            self._problem(name, tr("--{option} {path}: the file holds no list of {option}", option=name, path=asked))
        return Claim(value or [], asked)

    def _from_source(self, name: str, asked: str, read: Read, count: int) -> Claim | None:
        """Return the list in a text of the source, or in a script at a line; None if there is no such file."""
        match = PLACE.fullmatch(asked)
        path, line = (match[1], int(match[2] or 0)) if match else (asked, 0)
        part = self.evidence.part
        files = [file for file in part.source.files if path in (file, file.rpartition("/")[2])]
        for file in files:
            if not file.lower().endswith(".py"):
                value = read(part.text(file) or b"")
                if value is None:
                    continue
                return Claim(value, file)
            reading = part.scripts.read(file).reading
            lists = reading.lists if name == "labels" else reading.numbers
            named = [item for item in lists if line in (0, item.line)]
            fitting = [item for item in named if len(item.value) == count] or named
            if len({item.value for item in fitting}) == 1:
                return Claim(list(fitting[0].value), file, fitting[0].line, passed=True)
            if fitting:
                choices = "; ".join(f"{file}:{item.line}: {short(item.value)}" for item in fitting)
                self._problem(
                    name,
                    tr("--{option} {path}: it has several lists: {choices}", option=name, path=asked, choices=choices),
                )
                return Claim([], asked)
        return None


def same(one: Any, other: Any) -> bool:
    """Do two files mean the same? Capitals, blanks and signs in labels do not count."""
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(_plain(a) == _plain(b) for a, b in zip(one, other, strict=True))
    return bool(one == other)


def _plain(value: Any) -> Any:
    return re.sub(r"[\W_]+", "", value.casefold()) or value if isinstance(value, str) else value


def short(value: Any) -> str:
    """Return a claim's value, shortened for a message."""
    if isinstance(value, (list, tuple)):
        listed = ", ".join(str(item)[:20] for item in value[:SHOWN]) + (", ..." if len(value) > SHOWN else "")
        return f"{len(value)} ({listed})"
    return str(value)


def strongest(claims: list[Claim]) -> list[Claim]:
    """Return the claims that were passed to the firmware; all, if none was."""
    return [claim for claim in claims if claim.passed] or claims


def without_guesses(claims: list[Claim]) -> list[Claim]:
    """Return the lists that results index, and those of files; a list that only has the right length is a guess."""
    known = any(claim.passed for claim in claims)
    return [claim for claim in claims if claim.passed or not (known and claim.line)]
