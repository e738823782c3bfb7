"""`--web` of `maixswitch sim` and `maixswitch run`: checks its options and starts the server."""

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
PORT = 8000


def refuse_others(options: Mapping[str, object]) -> None:
    """Raise MaixSwitchError (usage) if one of these options, by name, has a value: they make no sense with --web."""
    wrong = ", ".join(name for name, value in options.items() if value)
    if wrong:
        raise MaixSwitchError(tr("--web runs until Ctrl-C; leave out {options}", options=wrong), EXIT_USAGE)


def refuse_without_page(options: Mapping[str, bool]) -> None:
    """Raise MaixSwitchError (usage) if one of these options, by name, is set: they make sense with --web only."""
    names = ", ".join(name for name, is_set in options.items() if is_set)
    if names:
        raise MaixSwitchError(tr("{options}: only with --web", options=names), EXIT_USAGE)


def check_parts(share: str = "") -> None:
    """Raise MaixSwitchError (usage), which says what to install, unless the server's packages are installed.

    share: the value of --share, for which a further package draws the QR code.
    """
    needed = (*NEEDED, "segno") if share else NEEDED
    missing = [name for name in needed if importlib.util.find_spec(name) is None]
    if missing:
        text = tr("--web needs {missing}: {command}", missing=", ".join(missing), command=INSTALL)
        raise MaixSwitchError(text, EXIT_USAGE)


def run(
    options: Options, *, host: str, port: int, open_page: bool, speed: float, record: Path | None, share: str = ""
) -> int:
    """Serve the simulator of a card until Ctrl-C; return the exit code.

    host: address to listen on; "" for this PC only. port: 0 for a free one.
    open_page: whether to open the page in the browser.
    speed: board seconds per second, 0 for as fast as the PC can.
    record: the file for a recording of the first run, None for none.
    share: "", or what others may do at an address of their own: "watch" or "control".
    """
    check_parts(share)
    from maixswitch.web.broadcast import Broadcast
    from maixswitch.web.runner import Runner
    from maixswitch.web.server import LOCAL, serve
    from maixswitch.web.share import check_share

    check_share(share, host)

    def make(broadcast: Broadcast) -> Runner:
        return Runner(options, broadcast, speed, record)

    code = serve(make, host if share else host or LOCAL, port, open_page, share)
    if record is not None and record.is_file():
        console.say(tr("{file}: recorded; maixswitch replay {file}", file=record))
    return code
