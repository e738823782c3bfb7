"""The problems and notes of an import: each has a code of the table of findings and a text about this case."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from maixswitch.errors import EXIT_FINDINGS, MaixSwitchError
from maixswitch.findings.table import rule
from maixswitch.language import tr


@dataclass(frozen=True)
class ImportMessage:
    """A problem or a note. ``text`` is in the user's language.

    option: the option that finishes the model, such as "--labels FILE"; "" if none can.
    choices: the values of the option between which the files leave the choice; () for any value.
    """

    code: str
    text: str
    option: str = ""
    choices: tuple[str, ...] = ()

    def document(self) -> dict[str, Any]:
        """Return the message as JSON-able values."""
        document = {"code": self.code, "severity": rule(self.code).severity, "text": self.text}
        if not self.option:
            return document
        return {**document, "option": self.option, "choices": list(self.choices)}


def for_flash(model: str, address: str) -> ImportMessage:
    """Return the note about a model that was made for an address in the flash chip."""
    text = tr("{model} was for flash address {address}; on the card it is a file", model=model, address=address)
    return ImportMessage("C538", text)


class Refusal(MaixSwitchError):
    """The error for a source, an option or a card that cannot be used. Its text starts with a code of the findings."""

    def __init__(self, code: str, text: str, exit_code: int = EXIT_FINDINGS) -> None:
        super().__init__(f"{code}: {text}", exit_code)
        self.import_message = ImportMessage(code, text)


@contextmanager
def refused_as(code: str) -> Iterator[None]:
    """Turn every MaixSwitchError of the block that has no code into a Refusal with this code."""
    try:
        yield
    except Refusal:
        raise
    except MaixSwitchError as error:
        raise Refusal(code, error.message, error.exit_code) from error
