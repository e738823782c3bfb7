"""`maixswitch sim CARD --web`: checks what goes with it, and starts the server."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from maixswitch import console
from maixswitch.errors import EXIT_USAGE, MaixSwitchError
from maixswitch.language import tr

if TYPE_CHECKING:
    from maixswitch.sim.session import Options

NEEDED = ("starlette", "uvicorn", "websockets")
INSTALL = "pip install 'maixswitch[web]'"
LOCAL = "127.0.0.1"


def refuse_others(given: Mapping[str, object]) -> None:
    """Raises MaixSwitchError (usage) for options, by name, that have a value and make no sense with --web."""
    wrong = ", ".join(name for name, value in given.items() if value)
    if wrong:
        raise MaixSwitchError(tr("--web runs until Ctrl-C; leave out {options}", options=wrong), EXIT_USAGE)


def check_parts() -> None:
    """Raises MaixSwitchError (usage), with what to install, unless the server's packages are there."""
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        text = tr("--web needs {missing}: {command}", missing=", ".join(missing), command=INSTALL)
        raise MaixSwitchError(text, EXIT_USAGE)


def run(options: Options, *, host: str, port: int, open_page: bool, speed: float, record: Path | None) -> int:
    """Serves the simulator of a card until Ctrl-C; `record`: where the first run is recorded. Returns the exit code."""
    check_parts()
    from maixswitch.web.hub import Hub
    from maixswitch.web.runner import Runner
    from maixswitch.web.server import serve

    def make(hub: Hub) -> Runner:
        return Runner(options, hub, speed, record)

    code = serve(make, host or LOCAL, port, open_page)
    if record is not None and record.is_file():
        console.say(tr("{file}: recorded; maixswitch replay {file}", file=record))
    return code
