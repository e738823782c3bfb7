"""One sync from end to end, to a folder, to a board, or to every board at once."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from maixswitch.board.failures import BoardError
from maixswitch.board.sync import inventory, plan, report
from maixswitch.board.sync.apply import apply
from maixswitch.board.sync.folder_target import FolderTarget
from maixswitch.board.sync.inventory import Source
from maixswitch.board.sync.plan import Options, Plan
from maixswitch.board.sync.progress import Bars
from maixswitch.board.sync.target import Target
from maixswitch.errors import EXIT_IO, EXIT_OK, EXIT_USAGE, MaixSwitchError
from maixswitch.language import tr

Say = Callable[[str], None]


@dataclass(frozen=True)
class Line:
    """How to send to a board.

    baud: bits a second, 0 for 115200.
    plain: send with mpremote's own commands.
    """

    baud: int = 0
    plain: bool = False


@dataclass
class Result:
    """The result for one card: its plan and the seconds that it took, or the failure."""

    name: str
    plan: Plan | None = None
    seconds: float = 0.0
    error: MaixSwitchError | None = None

    @property
    def code(self) -> int:
        return self.error.exit_code if self.error else EXIT_OK

    def document(self) -> dict[str, Any]:
        """Return the result as JSON-able values."""
        values = plan.document(self.plan) if self.plan else {}
        values["took"] = round(self.seconds, 2)
        if self.error:
            code = {"code": self.error.code} if isinstance(self.error, BoardError) else {}
            values["error"] = {**code, "text": str(self.error), "exit": self.error.exit_code}
        return {"target": self.name, **values}

    def line(self, dry: bool) -> str:
        """Return the result in one line for people."""
        if self.error:
            return f"{self.name}: {self.error}"
        if self.plan is None:
            return self.name
        text = report.summary(self.plan) if dry else report.done(self.plan, self.seconds)
        return f"{self.name}: {text}"


def gather(card: Path, scratch: Path | None, app_only: bool, bars: Bars) -> dict[str, Source]:
    """Return the files of a card's folder that are to be sent.

    scratch: a folder in which to build the app as .mpy files, which replace the card's; None to send the card's app.
    app_only: only the files of the app.
    Raises MaixSwitchError if the folder is not a card, or has no app.
    """
    if not card.is_dir():
        raise MaixSwitchError(tr("{path}: no such file or folder", path=card), EXIT_IO)
    # With --app-only, a folder without models will do, such as `maixswitch build` writes.
    if not app_only and not (card / "models").is_dir():
        raise MaixSwitchError(
            tr("{path}: not a card, it has no folder models/. A new one: maixswitch new {path}", path=card), EXIT_USAGE
        )
    # Without these files the board would not start the app, so refuse before anything is sent.
    if scratch is None:
        lacking = [name for name in ("boot.py", "main.py", "device") if not (card / name).exists()]
        if lacking:
            raise MaixSwitchError(
                tr("{path}: {names} missing; run: maixswitch build {path}", path=card, names=", ".join(lacking)),
                EXIT_USAGE,
            )
    sources = inventory.sources(card, app_only=app_only, tell=bars.start(str(card), None))
    if scratch is not None:
        from maixswitch.card.build import build

        # Built in a separate folder, so that the user's card keeps its sources.
        build(scratch, mpy=True)
        sources = inventory.with_build(sources, scratch)
    return sources


def into(
    target: Target, sources: dict[str, Source], options: Options, *, dry: bool, bars: Bars, show: Callable[[Plan], None]
) -> Result:
    """Make the plan, show it, and carry it out unless ``dry``."""
    start = time.monotonic()
    read = bars.start(tr("{name}: comparing", name=target.name), None)
    full_plan = plan.make(sources, target, options, dry=dry, tell=read)
    show(full_plan)
    if not dry:
        apply(full_plan, target, bars.start(target.name, full_plan.size))
    return Result(target.name, full_plan, time.monotonic() - start)


def folder(path: Path, card: Path, force: bool) -> FolderTarget:
    """Return the card at a folder. Raises MaixSwitchError (usage) if it does not look like one, unless ``force``."""
    if not path.is_dir():
        raise MaixSwitchError(
            tr("{path}: no such folder; insert the card and name the folder where it is mounted", path=path), EXIT_IO
        )
    # With one folder inside the other, sync would change the files that it reads.
    if path.resolve().is_relative_to(card.resolve()) or card.resolve().is_relative_to(path.resolve()):
        raise MaixSwitchError(
            tr(
                "--to {path}: one of the two folders is inside the other; name the folder where the card is mounted",
                path=path,
            ),
            EXIT_USAGE,
        )
    target = FolderTarget(path)
    # A mistyped --to can name any folder of this PC, and that must not be filled with the files of a card.
    if not force and not target.is_card():
        names = ", ".join(sorted(entry.name for entry in path.iterdir())[:6]) or tr("an empty folder")
        raise BoardError("B628", found=names, wanted="models/, device/, main.py")
    return target


def board(
    port: str, line: Line, sources: dict[str, Source], options: Options, *, dry: bool, bars: Bars, say: Say,
    show: Callable[[Plan], None],
) -> Result:  # fmt: skip
    """Sync to the card in the board at a port. Its app starts again afterwards."""
    from maixswitch.board.connection import connect
    from maixswitch.board.rate import change
    from maixswitch.board.sync.board_target import BoardTarget

    with connect(port, restart=True) as open_board:
        # A slow sync is better than a failed one, so this is only a message.
        if line.baud and not change(open_board, line.baud):
            error = BoardError("B610", port=port)
            say(f"maixswitch: {error}")
        return into(BoardTarget(open_board, plain=line.plain), sources, options, dry=dry, bars=bars, show=show)


def boards(ports: list[str], one: Callable[[str], Result], bars: Bars) -> list[Result]:
    """Sync to every board at the same time. The failure of one does not stop the others."""

    def guarded(port: str) -> Result:
        try:
            return one(port)
        except MaixSwitchError as error:
            return Result(port, error=error)

    with ThreadPoolExecutor(max_workers=len(ports)) as pool:
        jobs = [pool.submit(guarded, port) for port in ports]
        try:
            wait_for(jobs)
        except KeyboardInterrupt:
            # Only the main thread gets Ctrl-C. The others stop at their next progress, from where a sync can continue.
            bars.stop()
            wait_for(jobs)
        return [_result(port, job.result) for port, job in zip(ports, jobs, strict=True)]


def _result(port: str, get: Callable[[], Result]) -> Result:
    from maixswitch.errors import EXIT_INTERRUPTED

    try:
        return get()
    except KeyboardInterrupt:  # stopped while it was still comparing
        return Result(port, error=MaixSwitchError(tr("interrupted"), EXIT_INTERRUPTED))
