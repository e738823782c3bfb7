"""`maixswitch run`: run any MaixPy script on this PC."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from maixswitch import console, files
from maixswitch.cli import completion
from maixswitch.cli.parameters import Camera, Fit, FlashContents
from maixswitch.errors import EXIT_DEVICE, EXIT_FINDINGS, EXIT_OK, EXIT_USAGE, MaixSwitchError
from maixswitch.language import tr

if TYPE_CHECKING:
    from maixswitch.board.maixpy_script import Options, Outcome

LARGEST_SCRIPT = 1 << 20
LARGEST_CONFIG = 16 << 10
SECONDS = 10.0


def run(
    script: Annotated[Path, typer.Argument(metavar="SCRIPT.py", help="The MaixPy script.", show_default=False)],
    firmware: Annotated[
        str,
        typer.Option(
            metavar="NAME|FILE",
            autocompletion=completion.firmwares,
            help="Firmware image (.bin, .kfpkg), or a flavour for the fakes; default: full.",
        ),
    ] = "",
    board: Annotated[
        str, typer.Option(metavar="BOARD", autocompletion=completion.boards, help="Board, such as cube.")
    ] = "bit",
    card: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder of the card; default: an empty card.")
    ] = None,
    flash: FlashContents = None,
    config: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A config.json for /flash, which board_info and lcd read.")
    ] = None,
    camera: Camera = None,
    fit: Fit = "stretch",
    seconds: Annotated[
        float | None, typer.Option(min=0.001, help="End after this many seconds of board time; default: 10.")
    ] = None,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Folder for frames/*.png and screen.gif.")] = None,
    write_back: Annotated[
        bool, typer.Option("--write-back", help="Let the script write into the card's folder.")
    ] = False,
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
) -> None:
    """Run any MaixPy script on this PC, on real firmware or on the fakes.

    If --firmware is an image file, a virtual K210 boots the firmware and pastes the script into its prompt. The script
    can use everything that the firmware has. Otherwise the script runs on the fakes, which have only the part of MaixPy
    that networks need. There it runs in a separate interpreter, which can open only the files of the card.

    Neither starts the card's boot.py or main.py. The script gets a copy of the card; with --write-back, the folder gets
    what the script wrote. The script's output goes to stdout. With --out, each change of the panel is saved as a
    picture in DIR/frames, and all of them as DIR/screen.gif.

    With --web, the page of `maixswitch sim --web` shows the panel, and you press the keys and choose what the camera
    sees. The script starts again when you switch the power off and on; an image starts it as the main.py of the card.

    \b
    With a model for kpu.load(0x300000):
      maixswitch run face.py --firmware F.bin --flash 0x300000=face.kmodel --camera photo.jpg

    Exit codes: 0 the script ended, or its time did; 1 it raised an exception; 3 it restarted or crashed the chip.
    """
    from maixswitch.board.maixpy_script import Options, run_script
    from maixswitch.board.maixpy_script.summary import summary
    from maixswitch.card.flash.contents import flash_contents
    from maixswitch.k210.choice import image_path
    from maixswitch.web import command

    if web:
        # An image could read it from the flash chip only after a first start, which the page would show.
        is_image = image_path(firmware) is not None
        command.refuse_others({"--seconds": seconds, "--out": out, "--config": config if is_image else None})
        command.check_parts(share)
    else:
        command.refuse_without_page(
            {"--port": port is not None, "--host": bool(host), "--share": bool(share), "--open": open_page}
        )
    options = Options(
        source=_source(script),
        firmware=firmware,
        board=board,
        card=card,
        write_back=write_back,
        flash=flash_contents(flash or []),
        config=_config(config) if config else None,
        camera=camera,
        fit=fit,
        seconds=SECONDS if seconds is None else seconds,
        out=out,
        zoom=zoom,
        tell=_tell,
    )
    if web:
        raise typer.Exit(_show_page(options, host, command.PORT if port is None else port, open_page, share))
    outcome, saved = run_script(options)
    console.say(summary(outcome, options))
    if saved:
        console.say(tr("{out}: {count} files with what the panel showed", out=out, count=len(saved)))
    raise typer.Exit(_exit_code(outcome))


def _show_page(options: Options, host: str, port: int, open_page: bool, share: str) -> int:
    from maixswitch.board.maixpy_script.on_page import page_options
    from maixswitch.web import command

    with page_options(options) as board_options:
        return command.run(
            board_options, host=host, port=port, open_page=open_page, speed=1.0, record=None, share=share
        )


def _source(path: Path) -> str:
    data = files.read(path, LARGEST_SCRIPT + 1)
    if len(data) > LARGEST_SCRIPT:
        raise MaixSwitchError(
            tr("{path}: larger than {most} bytes, which no board can hold", path=path, most=LARGEST_SCRIPT),
            EXIT_USAGE,
        )
    try:
        # An editor on Windows may have put a mark at the start and two characters at each line's end.
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise MaixSwitchError(tr("{path}: not a text in UTF-8", path=path), EXIT_USAGE) from error


def _config(path: Path) -> dict[str, Any]:
    data = files.read(path, LARGEST_CONFIG + 1, "--config")
    try:
        config = json.loads(data) if len(data) <= LARGEST_CONFIG else None
    except (ValueError, RecursionError):
        config = None
    if not isinstance(config, dict):
        raise MaixSwitchError(
            tr(
                "--config {path}: expected a JSON object of at most {most} bytes, such as {example}",
                path=path,
                most=LARGEST_CONFIG,
                example='{"board_info": {"LED_R": 13}}',
            ),
            EXIT_USAGE,
        )
    return config


def _tell(text: str) -> None:
    sys.stdout.write(console.visible(text.replace("\t", "    ")))
    sys.stdout.flush()


def _exit_code(outcome: Outcome) -> int:
    from maixswitch.board.maixpy_script.options import CRASHED, RAISED, RESET

    if outcome.how == RAISED:
        return EXIT_FINDINGS
    return EXIT_DEVICE if outcome.how in (CRASHED, RESET) else EXIT_OK
