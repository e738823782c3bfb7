"""The error class of the package for expected failures, and the exit codes of its commands."""

from __future__ import annotations

from maixswitch.language import tr

EXIT_OK = 0
EXIT_FINDINGS = 1  # findings, or an expectation that was not met
EXIT_USAGE = 2
EXIT_DEVICE = 3
EXIT_IO = 4
EXIT_BUG = 70  # an exception that nobody expected, as EX_SOFTWARE of sysexits.h
EXIT_INTERRUPTED = 130


class MaixSwitchError(Exception):
    """An expected failure.

    message: for the user, in the chosen language: what was found, what was expected, what to do.
    exit_code: of the command, one of the constants above.
    """

    def __init__(self, message: str, exit_code: int = EXIT_FINDINGS) -> None:
        super().__init__(message)
        self.message = message
        self.exit_code = exit_code


class KModelError(MaixSwitchError):
    """A .kmodel file that cannot be used.

    message: what is wrong.
    offset: byte of the file, None if the message is about all of it.
    field: name of the part of the file, "" for none.
    found, wanted: the value in the file and the expected one; "" leaves it out.
    """

    def __init__(
        self,
        message: str,
        *,
        offset: int | None = None,
        field: str = "",
        found: object = "",
        wanted: object = "",
    ) -> None:
        position = "" if offset is None else tr("byte {offset}", offset=offset)
        where = ", ".join(part for part in (position, field) if part)
        parts = []
        # 0 and False are values to show: only "" is left out.
        if str(found) != "":
            parts.append(tr("found {found}", found=found))
        if str(wanted) != "":
            parts.append(tr("expected {wanted}", wanted=wanted))
        text = message if not where else f"{message} ({where})"
        super().__init__(f"{text}: {'; '.join(parts)}" if parts else text, EXIT_FINDINGS)
        self.offset = offset
        self.field = field
        self.found = found
        self.wanted = wanted
