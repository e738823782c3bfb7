"""The command `maixswitch`: thin commands over the package, one way to fail, heavy imports inside."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from maixswitch import __version__, console, language
from maixswitch.cli import board, card, check, convert, doctor, kmodel, monitor, replay, reset, screenshot, sync
from maixswitch.errors import EXIT_INTERRUPTED, EXIT_USAGE, MaixSwitchError
from maixswitch.language import tr

# The emulator's matrices are small: a second BLAS thread gains nothing, and on a busy machine the two wait for each
# other, fifty times longer than they compute. Read when numpy is imported, which every command does for itself.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

app = typer.Typer(
    name="maixswitch",
    help="Swap neural networks on Sipeed Maix boards (K210) at the press of a button; simulate it on a PC.",
    epilog="Exit codes: 0 ok, 1 findings, 2 usage, 3 device fault, 4 input or output, 130 interrupted.",
    no_args_is_help=True,
    rich_markup_mode=None,  # plain help starts twice as fast and needs no escapes
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

app.add_typer(kmodel.app)
app.command(help=check.CHECK_HELP, short_help="Look for every mistake on a card or in a model.")(check.check)
app.command(short_help="Say what a code or an error text of the board means.")(check.explain)
app.command()(card.new)
app.command(short_help="List a card's models and whether they fit.")(card.ls)
app.command("import", short_help="Bring models of any common export onto a card.")(card.import_)
app.command(short_help="Change the order of a card's models.")(card.order)
app.command()(card.remove)
app.command(help=convert.CONVERT_HELP, short_help="Convert an ONNX network into a .kmodel.")(convert.convert)
app.command(help=monitor.MONITOR_HELP, short_help="Show live what a board's app sees and does.")(monitor.monitor)
app.command(help=reset.RESET_HELP, short_help="Restart a board over its cable.")(reset.reset)
app.command(help=doctor.DOCTOR_HELP, short_help="Look for what is wrong with a board on its cable.")(doctor.doctor)
app.command(help=sync.SYNC_HELP, short_help="Bring a card's folder onto the card of a board.")(sync.sync)
app.command(help=screenshot.SCREENSHOT_HELP, short_help="Make pictures of the panel, on several boards.")(
    screenshot.screenshot
)
app.command(help=replay.REPLAY_HELP, short_help="Repeat a recorded run and say where it differs.")(replay.replay)
app.command(help=board.BOARD_HELP, short_help="Run a virtual board behind a serial port of this PC.")(board.board)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"maixswitch {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and end.")
    ] = False,
    lang: Annotated[
        str,
        typer.Option("--lang", metavar="en|zh", help="Language; default: MAIXSWITCH_LANG, then the locale."),
    ] = "",
) -> None:
    pass  # `main` has taken --lang away, wherever it stood: it counts for help pages, too


SIM_HELP = """Run the app of the board on this PC with a card: a folder with models/ in it.

The folder is never changed unless --write-back. Without --camera the lens sees a drawn moving scene; a folder of photos
shows each for 3 s of board time, in name order, until a script chooses one (`camera NAME`).

With --fit stretch, the default, the whole photo fills the 320x240 frame: a network then sees what it sees in a test on
the PC that resizes the photo, and places keep their share of the photo. `cover` cuts, `contain` adds black.

\b
A script has one action a line:
  wait 2s   frames 30   press [KEY]   hold [KEY]   eject   insert
         [for 120ms] [after 50ms] [bounce 2ms 5ms]   (after: the script does not wait for the finger)
  fail load 2006   fail run 2008   fail camera   heal
  damage PATH   slow 10   heal camera   heal PATH   down [KEY]   up [KEY]   select 2
  screenshot NAME   camera PATH   say TEXT
  expect state RUNNING | title Face | fault 2006 | no fault
  expect detection face >= 0.9 | no detection face
         [within 20s] [for 2s]     (it may take 15 s of board time unless told)
  insert FOLDER   eject at 3   power   power cut 12   restart   skip 60s
  raise sensor.snapshot 2 RuntimeError 'Sensor timeout!'   raise KPU.init_yolo2 MemoryError
  boxes 10,20,60,60,0,0.9   scores 0.1 0.7
A damaged file of the card begins with a dead sector; a slow card reads ten times slower; `down` stays on the key until
`up`; `select` takes the second model, as the serial link does. The last three lines are for tests: another card; the
card goes at the third file operation; the power goes and comes back, or goes after 12 more bytes written; Ctrl-C and a
new start; time in which the board looks at nothing; the second call of a firmware function fails; what networks find,
which then are not emulated.
KEY is 1, 2, ... or the key's role, without it the one for "next"; # is a comment.

Keys of the live view: space press, h hold, 1 2 3 press that key, e card out or in, q quit.
"""


@app.command(help=SIM_HELP, short_help="Run the app of the board on this PC with a card.")
def sim(
    card: Annotated[Path, typer.Argument(metavar="CARD", help="Folder of the card.", show_default=False)],
    board: Annotated[str, typer.Option(help="Board, such as cube; default: what the card's settings say.")] = "",
    firmware: Annotated[str, typer.Option(help="Firmware flavour; default: minimum_with_kmodel_v4_support.")] = "",
    camera: Annotated[
        Path | None, typer.Option(help="Photo, animation, or folder of photos; default: a drawn scene.")
    ] = None,
    fit: Annotated[str, typer.Option(help="How a photo fills the frame: stretch, cover or contain.")] = "stretch",
    script: Annotated[Path | None, typer.Option(help="File of actions and expectations.")] = None,
    frames: Annotated[int | None, typer.Option(min=1, help="End after so many pictures.")] = None,
    seconds: Annotated[float | None, typer.Option(min=0, help="End after so much board time.")] = None,
    speed: Annotated[
        str | None,
        typer.Option(help="1 is real time, max as fast as possible; default: 1 in a terminal, max otherwise."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for events.jsonl, frames/*.png and screen.gif.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Events as JSON Lines on stdout, and nothing else.")] = False,
    rounding: Annotated[str, typer.Option(help="The vendor's rounding to follow: v0.2 or v0.1.")] = "v0.2",
    write_back: Annotated[bool, typer.Option("--write-back", help="Let the app write into the folder.")] = False,
    zoom: Annotated[int, typer.Option(min=1, max=4, help="Enlarge saved pictures.")] = 1,
    web: Annotated[bool, typer.Option("--web", help="Show the board as a page in the browser, until Ctrl-C.")] = False,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Of the page; 0 takes a free one; default: 8000.")
    ] = None,
    host: Annotated[str, typer.Option(help="Let others reach the page, at this address, with a token.")] = "",
    open_page: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
    record: Annotated[Path | None, typer.Option(metavar="FILE", help="Record the run, for maixswitch replay.")] = None,
    no_card: Annotated[bool, typer.Option("--no-card", help="Leave the card's files out of the recording.")] = False,
) -> None:
    if web:
        from maixswitch.web import command

        only = {
            "--script": script,
            "--frames": frames,
            "--seconds": seconds,
            "--out": out,
            "--json": json,
            "--no-card": no_card,
        }
        command.refuse_others(only)
        command.check_parts()
    from maixswitch.sim.script import read_script
    from maixswitch.sim.session import Options, Session

    if web:
        desk = Options(
            card, board, firmware, camera=camera, fit=fit, rounding=rounding, write_back=write_back, quiet=True
        )
        pace = _speed(speed, True)
        _end(
            command.run(
                desk, host=host, port=8000 if port is None else port, open_page=open_page, speed=pace, record=record
            ),
            "",
        )
    of_page = {"--port": port is not None, "--host": host, "--open": open_page}
    if any(of_page.values()):
        raise MaixSwitchError(
            tr("{options}: only with --web", options=", ".join(name for name, given in of_page.items() if given)),
            EXIT_USAGE,
        )
    if no_card and record is None:
        raise MaixSwitchError(tr("--no-card is for --record FILE"), EXIT_USAGE)
    live = console.interactive() and not json
    endless = script is None and frames is None and seconds is None and not live
    options = Options(
        card=card,
        board=board,
        flavour=firmware,
        camera=camera,
        fit=fit,
        script=read_script(script) if script else None,
        script_base=script.parent if script else Path(),
        frames=frames,
        seconds=10.0 if endless else seconds,
        speed=_speed(speed, live and script is None),
        out=out,
        json=json,
        rounding=rounding,
        write_back=write_back,
        zoom=zoom,
        live=live,
    )
    if endless:
        console.say(tr("no terminal, script or limit: running 10 s of board time (--seconds, --frames)"))
    if record is not None:
        _end(*replay.run_recorded(options, record, not no_card))
    session = Session(options)
    _end(session.run(), session.explain())


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="Folder for demo.gif.")] = Path("out"),
    speed: Annotated[
        str | None, typer.Option(help="1 is real time, max as fast as possible; default: 1 in a terminal.")
    ] = None,
) -> None:
    """Show it in half a minute, with no card and no board.

    Three small networks, a drawn desk before the camera, and a finger that presses the key by itself.
    """
    from maixswitch.sim.demo import run

    live = console.interactive()
    _end(*run(out, speed=_speed(speed, live), live=live))


@app.command()
def build(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to write into; made when absent.")],
    mpy: Annotated[
        bool, typer.Option("--mpy", help="Compile device/ with mpy-cross 1.11: starts faster, needs less heap.")
    ] = False,
) -> None:
    """Write the app's part of a card: boot.py, main.py and device/.

    Old .py and .mpy files in DIR/device go; models and settings in DIR stay as they are.
    """
    from maixswitch.card.build import build as make

    built = make(folder, mpy)
    files, removed = len(built.files), len(built.removed)
    if removed:
        text = tr(
            "{folder}: {files} files, {size} bytes, {removed} old files removed",
            folder=folder,
            files=files,
            size=built.size,
            removed=removed,
        )
    else:
        text = tr("{folder}: {files} files, {size} bytes", folder=folder, files=files, size=built.size)
    console.say(text)


@app.command()
def diagram() -> None:
    """Print the app's transition table as a Mermaid state diagram."""
    from maixswitch.diagram import mermaid

    print(mermaid(), end="")


def _end(code: int, reason: str) -> None:
    if reason:
        console.say(f"maixswitch: {reason}")
    raise typer.Exit(code)


def _speed(text: str | None, real_time: bool) -> float:
    """Board seconds per second, 0 for as fast as possible."""
    if text is None:
        return 1.0 if real_time else 0.0
    try:
        speed = 0.0 if text == "max" else float(text)
    except ValueError:
        speed = -1.0
    if not 0 <= speed < float("inf"):
        raise MaixSwitchError(tr("--speed {text}: wanted a number such as 1 or 0.5, or max", text=text), EXIT_USAGE)
    return speed


def main() -> None:
    """Entry point: expected failures end with one line on stderr and their exit code, without a traceback."""
    from . import help_pages

    console.prepare()
    try:
        lang, arguments = language.taken(sys.argv[1:])
        language.choose(lang)
        command = typer.main.get_command(app)
        help_pages.translate(command)
        sys.exit(command.main(arguments, standalone_mode=False) or 0)
    except typer.TyperException as error:
        sys.exit(help_pages.refuse(error))
    except typer.Abort:
        sys.exit(1)
    except MaixSwitchError as error:
        console.say(f"maixswitch: {error}")
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        console.say("maixswitch: " + tr("interrupted"))
        sys.exit(EXIT_INTERRUPTED)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)
