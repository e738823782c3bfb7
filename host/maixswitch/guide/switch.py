"""Chapter 0: the switch itself: one press, and what the app does."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from maixswitch import models_shipped
from maixswitch.guide.chapter import Chapter, Settings
from maixswitch.guide.many import log, pressed

PRESS = "expect state RUNNING\nwait 500ms\npress\nwait 400ms\nexpect state RUNNING\nwait 100ms\n"


def text(settings: Settings) -> str:
    return "\n".join(log(pressed(PRESS)))


def networks() -> int:
    """Return the number of networks on a card from `maixswitch new`."""
    with TemporaryDirectory() as name:
        return len([*models_shipped.copy(Path(name)), models_shipped.copy_learner(Path(name))])


def values() -> dict[str, str]:
    events = pressed(PRESS)
    unloaded = next(event["t"] for event in events if event["event"] == "unload")
    loaded = next(event for event in events if event["event"] == "load" and event["t"] > unloaded)
    return {"networks": str(networks()), "ms": str(loaded["ms"]), "between": str(loaded["t"] - unloaded)}


CHAPTER = Chapter("The switch", text, {}, values)
