"""Words of pyserial, mpremote and the system about a serial port, and the finding that each means."""

from __future__ import annotations

import re

SERIAL_WORDS = (
    (r"PermissionError\(13|access is denied|could not exclusively lock|resource busy|in use", "B603"),
    (r"permission denied", "B604"),
    (r"no such file|FileNotFoundError|cannot find|could not find", "B601"),
    (r"could not open|failed to access", "B614"),
    (r"disconnected|not configured|input/output error|readiness to read|write failed|port that is not open", "B608"),
    (r"could not enter raw repl", "B607"),
    (r"timeout (waiting|while)|timed? ?out", "B611"),
    (r"could not exec command|unexpected (read|response)|raw repl", "B607"),
)  # fmt: skip
"""Regular expressions, whatever the case, and the code of a row. The first match counts."""


def serial_finding(text: str) -> str:
    """Return the code of the finding that a message about a serial port means, "" if no words are known."""
    return next((code for pattern, code in SERIAL_WORDS if re.search(pattern, text, re.IGNORECASE)), "")
