"""`maixswitch sim` and `maixswitch demo`: run the app of the board on this PC."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from maixswitch import console
from maixswitch.cli.parameters import Board, Camera, CardFolder, Firmware, Fit, FlashContents
from maixswitch.errors import EXIT_USAGE, MaixSwitchError
from maixswitch.language import tr

if TYPE_CHECKING:
    from maixswitch.link.pseudo_terminal import Port
    from maixswitch.sim.session import Options

SECONDS_WITHOUT_END = 10.0
"""Board time of a run that nothing else would end."""


def sim(
    card: CardFolder,
    board: Board = "",
    firmware: Firmware = "",
    camera: Camera = None,
    fit: Fit = "stretch",
    flash: FlashContents = None,
    script: Annotated[Path | None, typer.Option(help="File of actions and expectations.")] = None,
    frames: Annotated[int | None, typer.Option(min=1, help="End after this number of pictures.")] = None,
    seconds: Annotated[float | None, typer.Option(min=0, help="End after this many seconds of board time.")] = None,
    speed: Annotated[
        str | None,
        typer.Option(help="1 is real time, max as fast as possible; default: 1 in a terminal, max otherwise."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for events.jsonl, frames/*.png and screen.gif.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Events as JSON Lines on stdout, and nothing else.")] = False,
    rounding: Annotated[
        str, typer.Option(metavar="v0.2|v0.1", help="The vendor's rounding to follow: v0.2 or v0.1.")
    ] = "v0.2",
    write_back: Annotated[bool, typer.Option("--write-back", help="Let the app write into the folder.")] = False,
    zoom: Annotated[int, typer.Option(min=1, max=4, help="Enlarge saved pictures.")] = 1,
    web: Annotated[bool, typer.Option("--web", help="Show the board as a page in the browser, until Ctrl-C.")] = False,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port of the page; 0 takes a free one; default: 8000.")
    ] = None,
    host: Annotated[str, typer.Option(help="Address at which others reach the page, with a token.")] = "",
    share: Annotated[
        str, typer.Option(metavar="watch|control", help="An address with a QR code for a class, and what it may do.")
    ] = "",
    open_page: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
    serial: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH", help="Path at which a serial port to the board's link appears; see docs/serial.md."
        ),
    ] = None,
    record: Annotated[Path | None, typer.Option(metavar="FILE", help="Record the run, for maixswitch replay.")] = None,
    no_card: Annotated[bool, typer.Option("--no-card", help="Leave the card's files out of the recording.")] = False,
) -> None:
    """Run the board's app on this PC with a card, which is a folder with models/ in it.

    The app does not change the folder unless you give --write-back. Without --camera, the camera sees a drawn moving
    scene. If --camera is a folder of photos, the camera shows each photo for 3 s of board time, in the order of their
    names, until a script chooses one (`camera NAME`).

    With --fit stretch, the default, the full photo fills the 320x240 frame. The network then sees the same as in a test
    on a PC that resizes the photo. `cover` cuts the photo to the shape of the frame, `contain` adds black bars.

    With --firmware FILE the card runs on a virtual K210 in a real firmware image, byte for byte. The app is the one on
    the card; a card without main.py gets the app of this package. Faults that only fakes can have are refused: fail
    load, fail run, raise, skip, slow, eject at, boxes and scores.

    \b
    A script has one action per line:
      wait 2s   frames 30   press [KEY]   hold [KEY]   eject   insert
             [for 120ms] [after 50ms] [bounce 2ms 5ms]   (after: the script does not wait for the finger)
      fail load 2006   fail run 2008   fail camera   heal
      send '{"do": "next"}'   (a line to the app's link, see docs/serial.md)
      damage PATH   slow 10   heal camera   heal PATH   down [KEY]   up [KEY]   select 2
      screenshot NAME   camera PATH   say TEXT
      expect state RUNNING | title Face | fault 2006 | no fault
      expect detection face >= 0.9 | no detection face
             [within 20s] [for 2s]     (without `within` it may take 15 s of board time)
      insert FOLDER   eject at 3   power   power cut 12   restart   skip 60s
      raise sensor.snapshot 2 RuntimeError 'Sensor timeout!'   raise KPU.init_yolo2 MemoryError
      boxes 10,20,60,60,0,0.9   scores 0.1 0.7
    `damage` makes the first sector of a file unreadable. With `slow 10` the card reads ten times slower. `down` keeps
    the key pressed until `up`. `select 2` chooses the second model, as the serial link does. The last three lines are
    for tests: insert another card; eject the card at the third file operation; switch the power off and on, or off
    after 12 more bytes are written; press Ctrl-C and start again; let time pass in which the board does nothing; make
    the second call of a firmware function fail; set the results of the networks instead of emulating them.
    KEY is 1, 2, ... or the role of the key; without KEY, the key for "next" is pressed. # starts a comment.

    Keys of the live view: space: press, h: hold, 1 2 3: press that key, e: eject or insert the card, q: quit.
    """
    from maixswitch.web import command

    if web:
        # Refuse what the page cannot do before the imports, which take a second.
        command.refuse_others(
            {
                "--script": script,
                "--frames": frames,
                "--seconds": seconds,
                "--out": out,
                "--json": json,
                "--no-card": no_card,
            }
        )
        command.check_parts(share)
    else:
        command.refuse_without_page(
            {"--port": port is not None, "--host": bool(host), "--share": bool(share), "--open": open_page}
        )
    from maixswitch.card.flash.contents import flash_contents
    from maixswitch.sim.card import scan
    from maixswitch.sim.script import read_script
    from maixswitch.sim.session import Options

    if serial is not None:
        _check_serial(firmware, record)
    for link in scan(card).links:
        console.say(tr("{path}: a link that leads out of the card; it is left out", path=card / link))

    # A recording would need the contents as well, and a replay a way to take them.
    if flash and record is not None:
        raise MaixSwitchError(tr("choose one of --flash and --record: a recording lacks the flash chip"), EXIT_USAGE)
    contents = flash_contents(flash or [])
    if web:
        options = Options(
            card,
            board,
            firmware,
            camera=camera,
            fit=fit,
            rounding=rounding,
            write_back=write_back,
            flash=contents,
            quiet=True,
        )
        with _port(serial) as options.serial:
            # Run in real time unless the user chooses otherwise, because a person presses the keys.
            code = command.run(
                options,
                host=host,
                port=command.PORT if port is None else port,
                open_page=open_page,
                share=share,
                speed=_speed(speed, real_time=True),
                record=record,
            )
        _end(code, "")

    # Refuse an option without effect, because the user expects something of it.
    if no_card and record is None:
        raise MaixSwitchError(tr("--no-card is for --record FILE"), EXIT_USAGE)
    # The live view and the JSON Lines would mix on the terminal.
    live = console.interactive() and not json
    # Without a person at a terminal, the run needs a limit.
    endless = script is None and frames is None and seconds is None and not live
    options = Options(
        card=card,
        board=board,
        flavour=firmware,
        camera=camera,
        fit=fit,
        flash=contents,
        script=read_script(script) if script else None,
        script_base=script.parent if script else Path(),
        frames=frames,
        seconds=SECONDS_WITHOUT_END if endless else seconds,
        speed=_speed(speed, real_time=(live and script is None) or serial is not None),
        out=out,
        json=json,
        rounding=rounding,
        write_back=write_back,
        zoom=zoom,
        live=live,
    )
    if endless:
        console.say(tr("no terminal, script or limit: running 10 s of board time (--seconds, --frames)"))
    with _port(serial) as options.serial:
        result = _run(options) if record is None else _run_recorded(options, record, not no_card)
    _end(*result)


def demo(
    out: Annotated[Path, typer.Option(help="Folder for demo.gif.")] = Path("out"),
    speed: Annotated[
        str | None, typer.Option(help="1 is real time, max as fast as possible; default: 1 in a terminal.")
    ] = None,
) -> None:
    """Show the app in half a minute, without a card and without a board.

    Three small networks look at a drawn desk, and a drawn finger presses the key.
    """
    from maixswitch.sim.demo import run

    live = console.interactive()
    _end(*run(out, speed=_speed(speed, real_time=live), live=live))


def _check_serial(firmware: str, record: Path | None) -> None:
    """Raise MaixSwitchError (usage) for what does not go with --serial."""
    from maixswitch.k210.choice import image_path

    if image_path(firmware) is not None:
        raise MaixSwitchError(tr("--serial is for the fakes; leave out the firmware image"), EXIT_USAGE)
    if record is not None:
        raise MaixSwitchError(
            tr("--serial: a recording does not hold what comes over the line; leave out --record"), EXIT_USAGE
        )


def _port(path: Path | None) -> AbstractContextManager[Port | None]:
    """Return the port at a path, which is told to the user; None for none."""
    from maixswitch.link.pseudo_terminal import Port

    if path is None:
        return nullcontext()
    port = Port(path)
    console.say(tr("the board's link is on this port: {port}", port=port.path))
    return port


def _run(options: Options) -> tuple[int, str]:
    """Run the simulator; return the exit code and why it is not 0."""
    from maixswitch.sim.session import Session

    session = Session(options)
    return session.run(), session.explain()


def _run_recorded(options: Options, path: Path, with_card: bool) -> tuple[int, str]:
    """Run the simulator and leave a recording; return the exit code and why it is not 0."""
    from maixswitch.sim.recording_writer import RecordingWriter

    with RecordingWriter(path, options, with_card=with_card) as writer:
        code = writer.session.run()
        # Inside the block, so that an exception leaves the recording marked as incomplete.
        writer.complete(code)
    if writer.full:
        console.say(tr("{file}: the recording is full; the run ends here", file=path))
    if not writer.kept and with_card:
        console.say(tr("{file}: the card is too large for the recording; a replay needs --card", file=path))
    console.say(tr("{file}: recorded; maixswitch replay {file}", file=path))
    return code, writer.session.explain()


def _end(code: int, reason: str) -> NoReturn:
    if reason:
        console.say(f"maixswitch: {reason}")
    raise typer.Exit(code)


def _speed(text: str | None, real_time: bool) -> float:
    """Return board seconds per second, 0 for as fast as possible.

    text: the option's value; None for the default.
    real_time: whether the default is 1 instead of 0.
    Raises MaixSwitchError (usage) for anything but a number of at least 0, or "max".
    """
    if text is None:
        return 1.0 if real_time else 0.0
    try:
        speed = 0.0 if text == "max" else float(text)
    except ValueError:
        speed = -1.0
    # NaN fails this comparison as well.
    if not 0 <= speed < float("inf"):
        raise MaixSwitchError(tr("--speed {text}: expected a number such as 1 or 0.5, or max", text=text), EXIT_USAGE)
    return speed
