"""`maixswitch replay`: repeat a recorded run, or write a test that repeats it."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from maixswitch import console, files
from maixswitch.cli.parameters import Json
from maixswitch.errors import EXIT_FINDINGS, EXIT_INTERRUPTED, EXIT_OK, EXIT_USAGE, MaixSwitchError
from maixswitch.language import tr

if TYPE_CHECKING:
    from maixswitch.sim.replay import Outcome, Until

MARK = "Made by `maixswitch replay --as-test`"
_TEST = '''"""{mark}: the app does what it did when {name} was recorded."""

import subprocess
import sys
from pathlib import Path

RECORDING = Path(__file__).resolve().parent / {path!r}


def test_{function}():
    words = [sys.executable, "-m", "maixswitch", "replay", str(RECORDING)]
    ended = subprocess.run(words, capture_output=True, encoding="utf-8", errors="replace", check=False)
    assert ended.returncode == 0, ended.stderr
'''


def replay(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The recording.", show_default=False)],
    until: Annotated[
        str, typer.Option(metavar="TIME|FRAME", help="Stop there: 2s or 500ms of board time, or a number of pictures.")
    ] = "",
    card: Annotated[
        Path | None, typer.Option(help="Replay with this card instead of the one in the recording.")
    ] = None,
    firmware: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where the recorded firmware image is now.")
    ] = None,
    as_test: Annotated[
        Path | None, typer.Option("--as-test", metavar="OUT.py", help="Write a pytest case that replays it.")
    ] = None,
    json: Json = False,
) -> None:
    """Repeat a recorded run exactly, and tell whether the app still behaves the same.

    FILE comes from `maixswitch sim CARD --record FILE`. It holds the camera's pictures, the keys, the script and, if it
    is small, the card. A firmware image is not in it: the replay needs the same image. The exit code is 0 if the event
    log is the same; otherwise it is 1, and the command shows the first difference.
    """
    limit = _until(until)
    # The test runs a plain `maixswitch replay FILE`, which would ignore these options.
    if as_test is not None and (until or card is not None or firmware is not None or json):
        raise MaixSwitchError(tr("--as-test stands alone: it replays the whole file on its own card"), EXIT_USAGE)
    from maixswitch.sim.recording import read
    from maixswitch.sim.replay import Replay

    with read(file) as recording:
        if as_test is not None:
            # A test must not depend on a card that lies somewhere else.
            if not recording.cards[""].complete:
                text = tr("--as-test: the card was left out of {path}; record it without --no-card", path=file)
                raise MaixSwitchError(text, EXIT_USAGE)
            write_test(as_test, file)
            console.say(tr("{path}: replays {file}; run it with pytest", path=as_test, file=file))
            return
        outcome = Replay(recording, card, limit, firmware).run()
        version = recording.version
    # Only a part was compared, so neither "the same" nor "different" would be right.
    if outcome.interrupted:
        raise MaixSwitchError(tr("interrupted"), EXIT_INTERRUPTED)
    if json:
        console.emit(_document(file, outcome, version))
    else:
        _tell(file, outcome, version)
    raise typer.Exit(EXIT_FINDINGS if outcome.difference else EXIT_OK)


def _until(text: str) -> Until:
    from maixswitch.sim.replay import Until
    from maixswitch.sim.script_words import duration_ms

    if not text:
        return Until()
    try:
        # isdigit alone accepts characters such as a superscript 2, which int refuses.
        if text.isascii() and text.isdigit() and int(text):
            return Until(frames=int(text))
        return Until(ms=duration_ms(text))
    except (ValueError, OverflowError) as error:
        message = tr("--until {text}: expected a time such as 2s or 500ms, or a number of pictures", text=text[:40])
        raise MaixSwitchError(message, EXIT_USAGE) from error


def _tell(file: Path, outcome: Outcome, version: str) -> None:
    from maixswitch import __version__

    # A changed card may explain a difference. Without a difference it is reported, too, because the run proves less.
    if outcome.changed:
        names = ", ".join(outcome.changed[:5]) + (", ..." if len(outcome.changed) > 5 else "")
        console.say(tr("note: the card is not the recorded one: {names}", names=names))
    if outcome.difference is not None:
        # Another version is the likeliest reason for a difference, so it is reported first.
        if version != __version__:
            console.say(
                tr("note: recorded with maixswitch {version}, this is {this}", version=version[:40], this=__version__)
            )
        console.say(f"{file}: {outcome.difference.text()}")
        return
    console.say(
        tr(
            "{file}: the same up to {seconds:.2f} s, {events} events",
            file=file,
            seconds=outcome.ms / 1000,
            events=outcome.events,
        )
    )


def _document(file: Path, outcome: Outcome, version: str) -> dict[str, Any]:
    difference = outcome.difference
    return {
        "schema": 1,
        "command": "replay",
        "file": str(file),
        "recorded_with": version,
        "same": difference is None,
        "stopped": outcome.stopped,
        "events": outcome.events,
        "frames": outcome.frames,
        "ms": outcome.ms,
        "card_changed": outcome.changed,
        "difference": difference
        and {
            "number": difference.number,
            "t": difference.t,
            "recorded": difference.recorded,
            "found": difference.actual,
        },
    }


def write_test(out: Path, recording: Path) -> None:
    """Write a pytest case beside a recording; raises MaixSwitchError for a file that this command did not write."""
    if out.suffix != ".py":
        raise MaixSwitchError(tr("--as-test {out}: expected a name that ends in .py", out=out), EXIT_USAGE)
    with files.writing(out, "--as-test"):
        # A test of this kind may be written again; any other file is the user's own work.
        if out.exists() and MARK not in out.read_text(encoding="utf-8", errors="replace")[:200]:
            text = tr("--as-test {out}: this file exists and is not a test of this kind; choose another name", out=out)
            raise MaixSwitchError(text, EXIT_USAGE)
        try:
            path = os.path.relpath(recording.resolve(), out.resolve().parent)
        except ValueError:  # another drive of the PC
            path = str(recording.resolve())
        # The stem may contain any characters, a function's name only a few.
        function = re.sub(r"\W", "_", recording.stem, flags=re.ASCII).strip("_").lower() or "recording"
        safe = re.sub(r"[^\w. -]", "_", recording.name)
        text = _TEST.format(mark=MARK, name=safe, path=Path(path).as_posix(), function=function)
    files.write(out, text, "--as-test")
