"""The commands of `maixswitch monitor`: from options and keys, and what the board answered."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from maixswitch.language import tr
from maixswitch.link.serial_commands import command

ANSWER_S = 5.0
"""Seconds for an answer; a board that loads a model answers later than one that runs."""
LOADING = ("select", "next", "previous", "reload", "tune")
"""Commands after which a model is loaded; what follows is meant for that one."""
LOAD_S = 10.0
"""Seconds that the next command waits for that at most."""
KEYS = "n next   p previous   1-9 select   r reload   + - threshold   s snapshot   q quit"
THRESHOLD = 0.5  # of a model that has not been told another
STEP = 0.05

Order = tuple[str, dict[str, Any]]
"""Name and fields of a command."""


@dataclass
class Commands:
    """Commands for the board, sent one after the other once it is heard: before that, nobody might be listening.

    failed: was a command refused or not answered?
    """

    waiting: list[Order] = field(default_factory=list)
    failed: bool = False
    threshold: float = THRESHOLD
    _number: int = 0
    _sent: dict[int, tuple[str, float]] = field(default_factory=dict)
    _loads: float = 0.0  # until when the next command waits for a model to load

    def take(self) -> bytes:
        """Return the line to send now, b"" for none."""
        if not self.waiting or self._sent or time.monotonic() < self._loads:
            return b""
        name, fields = self.waiting.pop(0)
        self._number += 1
        self._sent[self._number] = (name, time.monotonic() + ANSWER_S)
        return command(self._number, name, **fields)

    def hear(self, message: dict[str, Any]) -> str:
        """Take a message of the board; return what it answers, in words, "" for nothing."""
        if message.get("event") in ("load", "fault"):
            self._loads = 0.0
        if message.get("event") != "answer" or message.get("id") not in self._sent:
            return ""
        name, _ = self._sent.pop(message["id"])
        if not message["ok"]:
            self.failed = True
            return tr("{name}: refused: {error}", name=name, error=message.get("error", ""))
        if name in LOADING and self.waiting:
            self._loads = time.monotonic() + LOAD_S
        if "file" in message:
            return tr("{name}: saved as {file} on the card", name=name, file=message["file"])
        return tr("{name}: done", name=name)

    def late(self) -> str:
        """Return what to say about a command whose answer is late, once for each; "" for none."""
        now = time.monotonic()
        for number, (name, end) in self._sent.items():
            if now > end:
                del self._sent[number]
                self.failed = True
                return tr(
                    '{name}: no answer; a link with "uart" takes commands only with "rx" in its settings, and an older '
                    "app takes none",
                    name=name,
                )
        return ""

    @property
    def pending(self) -> bool:
        """Is a command not sent or not answered yet?"""
        return bool(self.waiting or self._sent)

    def key(self, key: str) -> bool:
        """Take a key; return True to end."""
        if key in ("+", "-"):
            self.threshold = round(min(max(self.threshold + (STEP if key == "+" else -STEP), 0.0), 1.0), 2)
            self.waiting.append(("tune", {"threshold": self.threshold}))
        elif key.isdigit() and key != "0":
            self.waiting.append(("select", {"index": int(key) - 1}))
        elif key in (plain := {"n": "next", "p": "previous", "r": "reload", "s": "snapshot"}):
            self.waiting.append((plain[key], {}))
        return key == "q"


def orders(
    *,
    models: bool = False,
    select: str = "",
    step: str = "",
    threshold: float | None = None,
    nms: float | None = None,
    keep: bool = False,
    rate: int | None = None,
    results: bool = False,
    snapshot: str = "",
    status: bool = False,
) -> list[Order]:
    """Return the commands of the options, in the order in which they make sense.

    select: a number from 1, or a title. step: "next", "previous" or "reload". snapshot: "camera" or "screen".
    """
    wanted: list[Order] = [("models", {})] if models else []
    if select:
        wanted.append(("select", {"index": int(select) - 1} if select.isdecimal() else {"title": select}))
    if step:
        wanted.append((step, {}))
    if threshold is not None or nms is not None or keep:
        wanted.append(("tune", {"threshold": threshold, "nms": nms, "keep": keep or None}))
    if rate is not None:
        wanted.append(("subscribe", {"rate": rate}))
    if results:
        wanted.append(("results", {}))
    if snapshot:
        wanted.append(("snapshot", {"screen": True} if snapshot == "screen" else {}))
    if status:
        wanted.append(("status", {}))
    return wanted
