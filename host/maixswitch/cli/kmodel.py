"""`maixswitch kmodel ...`: look into a model, run it, measure, compare and draw it.

The commands import the package `kmodel` inside their functions, because it imports numpy.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from maixswitch import console, files
from maixswitch.cli import completion
from maixswitch.errors import EXIT_FINDINGS, EXIT_USAGE, KModelError, MaixSwitchError
from maixswitch.language import tr

if TYPE_CHECKING:
    from maixswitch.kmodel.judge.memory import Size
    from maixswitch.kmodel.run.model import KModel

app = typer.Typer(
    name="kmodel",
    help="Inspect a .kmodel: its memory, its speed, its answers.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
File = Annotated[Path, typer.Argument(metavar="FILE", help="A .kmodel file.", show_default=False)]
Inspected = Annotated[
    Path, typer.Argument(help="A .kmodel file, a card, or the folder of one of its models.", show_default=False)
]
Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout, and nothing else.")]
Rounding = Annotated[str, typer.Option(metavar="v0.2|v0.1", help="The vendor's rounding to follow: v0.2 or v0.1.")]
Runtime = Annotated[
    str, typer.Option(metavar="maixpy|canmv|sdk", help="Whose CPU layers to follow: maixpy, canmv or sdk.")
]


@app.command()
def info(
    file: Inspected,
    json: Json = False,
    frame: Annotated[str, typer.Option(metavar="WxH|none", help="Camera frame WxH, or none.")] = "320x240",
    panel: Annotated[
        str, typer.Option(metavar="WxH|none", help="LCD WxH, or none; default: the board's, or the firmware's own.")
    ] = "",
    gc: Annotated[int, typer.Option(min=0, max=6144, help="Python heap in KiB; 0: the firmware's own.")] = 0,
    firmware: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME|FILE",
            autocompletion=completion.firmwares,
            help="Flavour or image file to judge for; may be repeated. Default: all that suit the board.",
        ),
    ] = None,
    board: Annotated[
        str,
        typer.Option(
            metavar="BOARD", autocompletion=completion.boards, help="Board, such as cube; default: any board."
        ),
    ] = "",
) -> None:
    """Show layers, memory, estimated speed, and which firmwares can run the model.

    Of a card or a model's folder it shows the networks of each model, with its stages, and the sum of their memory.

    The exit code is 1 if the file is not a usable model, or if the model fits none of the firmwares that you name with
    --firmware or that suit the board that you name.
    """
    from maixswitch.card.options import Options
    from maixswitch.kmodel.judge.describe import describe_broken, describe_file
    from maixswitch.kmodel.judge.report import report

    options = Options(board, tuple(firmware or ()))
    options.check()
    rows = options.flavours if board or firmware else ()
    size = _size(panel, "--panel") if panel else options.panel
    if file.is_dir():
        from maixswitch.card.entries import describe_entries
        from maixswitch.card.entries import report as entries_report
        from maixswitch.kmodel.judge.firmware import firmwares

        document = describe_entries(file, _size(frame, "--frame"), size, rows or firmwares(), gc or None)
        if json:
            console.emit(document)
        else:
            console.show(entries_report(document))
        fits = [any(row["verdict"] == "fits" for row in model["firmware"]) for model in document["models"]]
        if not document["usable"] or (rows and not all(fits)):
            raise typer.Exit(EXIT_FINDINGS)
        return
    try:
        description = describe_file(file, _size(frame, "--frame"), size, rows, gc or None)
    except KModelError as error:
        if json:
            console.emit(describe_broken(file, error))
        raise _about(file, error) from error
    if json:
        console.emit(description)
    else:
        console.show(report(description))
    # Without a firmware or board the command only lists which firmwares fit, and "none" is not an error.
    if not description["usable"] or (rows and not any(item["verdict"] == "fits" for item in description["firmware"])):
        raise typer.Exit(EXIT_FINDINGS)


@app.command()
def run(
    file: File,
    input_: Annotated[
        list[Path], typer.Option("--input", "-i", help="Array (.npy) or picture; one per input of the model.")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="File for the outputs: out0, out1 ... (.npz).")],
    rounding: Rounding = "v0.2",
    runtime: Runtime = "maixpy",
    json: Json = False,
) -> None:
    """Run one inference: the CPU layers as the firmware computes them, the KPU layers as the vendor's simulator does.

    A picture is stretched to the size of the model's input. For a model of floats its values become 0 to 1.
    """
    from maixswitch.kmodel.judge.bench import read_input, run_once

    kmodel = _load(file, rounding, runtime)
    # Checked here, because the message names the option.
    if len(input_) != len(kmodel.inputs):
        expected = tr("1 input") if len(kmodel.inputs) == 1 else tr("{inputs} inputs", inputs=len(kmodel.inputs))
        raise MaixSwitchError(
            tr(
                "{file}: the model takes {expected}, but --input names {input_}",
                file=file,
                expected=expected,
                input_=len(input_),
            ),
            EXIT_USAGE,
        )
    try:
        arrays = [read_input(path, tensor) for path, tensor in zip(input_, kmodel.inputs, strict=True)]
        summary = run_once(kmodel, arrays, output)
    except KModelError as error:
        raise _about(file, error) from error
    if json:
        console.emit(summary)
        return
    for item in summary["outputs"]:
        shape = "x".join(map(str, item["shape"]))
        # If every value of a float output is NaN, there is neither a least nor a largest one.
        numbers = tr("values that are not numbers")
        if item["min"] is not None and item["max"] is not None:
            numbers = tr(
                "{min:g} to {max:g}, largest at {argmax}", min=item["min"], max=item["max"], argmax=item["argmax"]
            )
        console.show(f"{item['name']}: {shape} {item['dtype']}, {numbers}")
    console.say(tr("wrote {output}", output=output))


@app.command()
def bench(
    file: File,
    repeat: Annotated[int, typer.Option(min=1, help="Runs; the median counts.")] = 10,
    backend: Annotated[str, typer.Option(help="How the KPU layers are computed; default: the package's choice.")] = "",
    rounding: Rounding = "v0.2",
    runtime: Runtime = "maixpy",
    json: Json = False,
) -> None:
    """Measure how long the emulator takes on this PC, layer by layer."""
    from maixswitch.kmodel.judge.bench import measure, table

    try:
        figures = measure(_load(file, rounding, runtime, backend), repeat)
    except KModelError as error:
        raise _about(file, error) from error
    figures["file"] = str(file)
    if json:
        console.emit(figures)
        return
    console.show("\n".join(table(figures)))


@app.command()
def diff(first: File, second: File, runtime: Runtime = "maixpy", json: Json = False) -> None:
    """Show where two models differ: header, layers, shapes, quantisation, weights.

    The exit code is 1 if the models compute different things. Differences in memory addresses, or in fields that the
    runtime ignores, do not count.
    """
    from maixswitch.kmodel.judge.diff import compare, document, text

    comparison = compare(_load(first, runtime=runtime), _load(second, runtime=runtime))
    if json:
        console.emit({"first": str(first), "second": str(second), **document(comparison)})
    else:
        console.show("\n".join(text(comparison)))
    if not comparison.same:
        raise typer.Exit(EXIT_FINDINGS)


@app.command()
def view(
    file: File,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="File to write: .svg or .html; default: the model's name with .svg, here."),
    ] = None,
) -> None:
    """Draw the AI RAM, layer by layer: which rows hold which maps."""
    from maixswitch.kmodel.judge.picture import page, svg

    if output is None:
        output = Path(f"{file.stem}.svg")
    draw = {".svg": svg, ".html": page, ".htm": page}.get(output.suffix.lower())
    if draw is None:
        raise MaixSwitchError(
            tr("--output {output}: expected a name that ends in .svg or .html", output=output), EXIT_USAGE
        )
    files.write(output, draw(_load(file), file.name))
    console.say(tr("wrote {output}", output=output))


def _load(path: Path, rounding: str = "v0.2", runtime: str = "maixpy", backend: str = "") -> KModel:
    from maixswitch.kmodel.run.model import DEFAULT_BACKEND, load

    try:
        return load(path, rounding, runtime, backend or DEFAULT_BACKEND)
    except KModelError as error:
        raise _about(path, error) from error


def _about(path: Path, error: KModelError) -> MaixSwitchError:
    """Return the error with the name of its file, because a command may read two."""
    return MaixSwitchError(f"{path}: {error.message}", error.exit_code)


def _size(text: str, option: str) -> Size | None:
    """Return width and height of a text such as "320x240", None for "none"."""
    if text.lower() in ("none", "0x0", ""):
        return None
    width, _, height = text.lower().partition("x")
    # The limit catches typing errors, which would otherwise ask for gigabytes of the board's memory.
    if not (width.isdecimal() and height.isdecimal() and 0 < int(width) <= 4096 and 0 < int(height) <= 4096):
        raise MaixSwitchError(
            tr("{option} {text}: expected a size in pixels such as 320x240, or none", option=option, text=text),
            EXIT_USAGE,
        )
    return int(width), int(height)
