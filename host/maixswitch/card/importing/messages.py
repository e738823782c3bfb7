"""The problems and notes of an import: each has a code of the finding table and a sentence about this very case."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from maixswitch.errors import EXIT_FINDINGS, MaixSwitchError
from maixswitch.findings.table import rule


@dataclass(frozen=True)
class ImportMessage:
    """A problem or a note. ``text`` is for people and already in their language."""

    code: str
    text: str

    def document(self) -> dict[str, str]:
        """Return the message as JSON-able values."""
        return {"code": self.code, "severity": rule(self.code).severity, "text": self.text}


class Refusal(MaixSwitchError):
    """A source, an option or a card that cannot be used at all. Its text starts with the code of ``import_message``."""

    def __init__(self, code: str, text: str, exit_code: int = EXIT_FINDINGS) -> None:
        super().__init__(f"{code}: {text}", exit_code)
        self.import_message = ImportMessage(code, text)


@contextmanager
def refused_as(code: str) -> Iterator[None]:
    """Turn every expected failure inside that has no code yet into a Refusal with this code."""
    try:
        yield
    except Refusal:
        raise
    except MaixSwitchError as error:
        raise Refusal(code, error.message, error.exit_code) from error
