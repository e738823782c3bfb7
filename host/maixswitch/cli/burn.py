"""`maixswitch burn`: write a package into the flash chip of a board."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from maixswitch import console
from maixswitch.errors import EXIT_FINDINGS, EXIT_USAGE, MaixSwitchError
from maixswitch.language import tr


def burn(
    package: Annotated[Path, typer.Argument(metavar="FILE.kfpkg", help="The package.", show_default=False)],
    port: Annotated[
        str, typer.Option("--port", "-p", metavar="PORT", help="Serial port; default: that of the only board.")
    ] = "",
    kind: Annotated[
        str, typer.Option(help="Kind of board: dan, goE or goD, or a board such as bit or cube; default: try them.")
    ] = "",
    baud: Annotated[int, typer.Option(min=9600, max=4_500_000, help="Rate of the line.")] = 1_500_000,
    verbose: Annotated[bool, typer.Option("--verbose", help="Show what kflash says.")] = False,
) -> None:
    """Burn a package into the flash chip of a board, over its cable, with the program kflash.

    The package is judged first, as by maixswitch check: one whose parts overlap, or reach into the file system, is
    refused. What lies at the addresses of its parts is overwritten. The board restarts at the end.

    This command has never been tried on a real board, only with kflash against a stand-in for the boot loader.
    """
    from maixswitch.board import lines, ports
    from maixswitch.board.burning import burn as burning
    from maixswitch.board.sync.progress import bars
    from maixswitch.card.flash.package import SUFFIX, read_package
    from maixswitch.findings.lines import listed

    burning.check_parts()
    chosen = lines.kind(kind).name if kind else ""
    if package.suffix != SUFFIX:
        raise MaixSwitchError(
            tr("{path}: expected a .kfpkg, as maixswitch pack makes it from models and a firmware", path=package),
            EXIT_USAGE,
        )
    content = read_package(package)
    findings = burning.refused(content)
    if findings:
        console.show("\n".join(listed(findings, "")))
        console.say(tr("nothing was burnt"))
        raise typer.Exit(EXIT_FINDINGS)
    device = ports.choose(port, kind)
    total = sum(len(part.data) for part in content.parts)
    with bars() as drawn:
        advance = drawn.start(device, total)
        written: dict[str, int] = {}

        def progress(name: str, done: int, _: int) -> None:
            if name:
                advance(done - written.get(name, 0))
                written[name] = done

        burning.burn(content, device, chosen, baud, progress, console.say if verbose else lambda _: None)
    for part in content.parts:
        console.say(f"  {part.extent}  {part.name}")
    console.say(tr("{port}: burnt; the board starts anew", port=device))
