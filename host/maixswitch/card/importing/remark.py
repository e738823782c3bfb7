"""What an import says of a model or a source: a code of the finding table and the sentence for this very case."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from maixswitch.errors import EXIT_FINDINGS, MaixSwitchError
from maixswitch.findings.table import rule


@dataclass(frozen=True)
class Remark:
    """A problem or a note; ``text``: for people, in their language already."""

    code: str
    text: str

    def document(self) -> dict[str, str]:
        """For programs."""
        return {"code": self.code, "severity": rule(self.code).severity, "text": self.text}


class Refusal(MaixSwitchError):
    """A source, an option or a card that cannot be used at all; the message begins with the code of ``remark``."""

    def __init__(self, code: str, text: str, exit_code: int = EXIT_FINDINGS) -> None:
        super().__init__(f"{code}: {text}", exit_code)
        self.remark = Remark(code, text)


@contextmanager
def refused_as(code: str) -> Iterator[None]:
    """Gives this code to every expected failure inside that has none yet."""
    try:
        yield
    except Refusal:
        raise
    except MaixSwitchError as error:
        raise Refusal(code, error.message, error.exit_code) from error
