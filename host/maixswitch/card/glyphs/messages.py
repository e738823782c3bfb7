"""maixswitch.zh, the panel's messages in Chinese: a line of English, then a line of Chinese, and so on.

The translations are those that the PC prints, from the catalogue of the language.
"""

from __future__ import annotations

from maixswitch import board_code
from maixswitch.language import catalogue

NAME = "maixswitch.zh"
LINES = (
    "Loading...",
    "Going on...",
    "Stopped",
    "Press the key: next model",
    "Press the key: look again",
    "Reset the board to start again",
    "With this firmware: put it in, then switch off and on.",
)
"""What the panel shows beside the faults (device/overlay.py, device/once/hal_start.py)."""


def table() -> str:
    """Return the text of the file."""
    faults = [line for code in board_code.error_codes() for line in board_code.device_errors().describe(code)[1:]]
    words = catalogue("zh")
    return "".join(f"{line}\n{words[line]}\n" for line in dict.fromkeys([*LINES, *faults]) if line in words)
