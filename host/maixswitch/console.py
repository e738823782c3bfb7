"""Where words go: people read stderr, programs read stdout."""

from __future__ import annotations

import json
import sys
from typing import Any


def say(text: str) -> None:
    """One line for people."""
    print(text, file=sys.stderr, flush=True)


def emit(document: dict[str, Any]) -> None:
    """One JSON document on a line of stdout, for programs."""
    print(json.dumps(document, ensure_ascii=False), flush=True)


def interactive() -> bool:
    """Is a person at a terminal that can redraw itself?"""
    return sys.stderr.isatty() and sys.stdin.isatty()
