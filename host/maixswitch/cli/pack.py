"""`maixswitch pack`: put models, and a firmware if asked, into a package for the board's flash chip."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from maixswitch import console
from maixswitch.cli.parameters import Board, Json
from maixswitch.errors import EXIT_FINDINGS, EXIT_USAGE, MaixSwitchError
from maixswitch.language import tr

if TYPE_CHECKING:
    from maixswitch.card.flash.pack import Packed

BAUD = 1_500_000


def pack(
    sources: Annotated[
        list[Path],
        typer.Argument(metavar="CARD|MODEL", help="A card, a model's folder, or a .kmodel.", show_default=False),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", metavar="FILE.kfpkg", help="File to write; default: the first source's name, here."
        ),
    ] = None,
    firmware: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A firmware image to put in, too (.bin, .kfpkg).")
    ] = None,
    at: Annotated[str, typer.Option(metavar="ADDRESS", help="Address of the first model.")] = "0x300000",
    board: Board = "",
    keep: Annotated[bool, typer.Option("--keep", help="Leave model.json as it is.")] = False,
    json: Json = False,
) -> None:
    """Put models into a package for the board's flash chip, with the firmware if asked.

    Models lie one behind the other from 0x300000 on; the file system at 0xD00000 stays as it is. Each model.json then
    names the address in the flash chip: the card needs the .kmodel no longer, and works only with a board that the
    package was burnt to. The .kmodel stays in the folder, so that the card can be packed again. maixswitch import
    FILE.kfpkg --card CARD makes files of the models again. Models with an error of maixswitch check are refused.

    The same input gives the same bytes. Burn the package with maixswitch burn, kflash or kflash_gui.
    """
    from maixswitch.card.flash import pack as packing
    from maixswitch.card.flash.package import SUFFIX

    target = out or Path(f"{sources[0].resolve().stem}{SUFFIX}")
    # kflash takes a zip of any other name for a firmware, and writes it to address 0.
    if target.suffix != SUFFIX:
        raise MaixSwitchError(
            tr("--out {path}: expected a name that ends in .kfpkg: kflash goes by the name", path=target), EXIT_USAGE
        )
    wanted = packing.Wanted(firmware, _address(at), board)
    result = packing.pack(sources, wanted)
    if result.ok:
        packing.write(result, target, keep)
    if json:
        console.emit(document(result, target))
    elif result.ok:
        for line in lines(result, target, board, keep):
            console.say(line)
    else:
        from maixswitch.findings.lines import listed

        console.show("\n".join(listed(result.findings, "")))
        console.say(tr("nothing was written"))
    if not result.ok:
        raise typer.Exit(EXIT_FINDINGS)


def lines(result: Packed, target: Path, board: str, keep: bool) -> list[str]:
    """Return what was packed, for people, with the line that burns it."""
    rows = [f"  {part.extent}  {part.size:>8}  {part.name}" for part in result.package.parts]
    changed = [] if keep or not result.texts else [
        tr("{count} model.json now name an address in the flash chip: burn the package before the card is used",
           count=len(result.texts)),
    ]  # fmt: skip
    return [
        *rows,
        tr("{path}: {count} parts; free behind them: {free} KiB", path=target, count=len(rows),
           free=result.package.free // 1024),
        *changed,
        tr("burn it: {command}", command=f"maixswitch burn {shlex.quote(str(target))} --port PORT"),
        tr("or: {command}", command=kflash_line(target, board)),
    ]  # fmt: skip


def kflash_line(target: Path, board: str) -> str:
    """Return the command of kflash that burns a package. Without -B it tries the kinds of boards one by one."""
    from maixswitch.board.lines import named

    kind = named(board)
    return f"kflash -p PORT -b {BAUD}{f' -B {kind}' if kind else ''} {shlex.quote(str(target))}"


def document(result: Packed, target: Path) -> dict[str, Any]:
    """Return the result as JSON-able values, schema 1."""
    parts = [
        {"name": part.name, "address": part.address, "bytes": part.size, "firmware": part.prefix}
        for part in result.package.parts
    ]
    return {
        "schema": 1,
        "command": "pack",
        "ok": result.ok,
        "file": str(target) if result.ok else None,
        "parts": parts,
        "free": result.package.free,
        "models": [
            {
                "model": item.place,
                "title": item.title,
                "part": item.part,
                "flash": item.address,
                "bytes": len(item.data),
            }
            for item in result.networks
        ],
        "findings": [item.document() for item in result.findings],
    }


def _address(text: str) -> int:
    try:
        return int(text, 0)
    except ValueError as error:
        raise MaixSwitchError(tr("--at {text}: expected a number such as 0x300000", text=text), EXIT_USAGE) from error
