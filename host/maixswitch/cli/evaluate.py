"""`maixswitch evaluate`: measure how good a model is on labelled pictures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from maixswitch import console, files
from maixswitch.cli import completion
from maixswitch.cli.parameters import Fit, Json, numbers
from maixswitch.errors import EXIT_USAGE, MaixSwitchError
from maixswitch.language import tr

if TYPE_CHECKING:
    from maixswitch.evaluate.run import Options

VIEWS = ("board", "paper")
ONTO = ("window", "frame")
SWEPT = ("threshold", "nms")
FITS = ("stretch", "cover", "contain")


def evaluate(
    models: Annotated[
        list[Path],
        typer.Argument(
            metavar="MODEL|CARD...",
            help="A model's folder or a card; behind it .kmodel files that stand in for its own.",
            show_default=False,
        ),
    ],
    data: Annotated[Path, typer.Option(metavar="DIR", help="Folder of labelled pictures.", show_default=False)],
    model: Annotated[
        list[str] | None, typer.Option(metavar="TITLE", help="Model of the card; may be repeated.")
    ] = None,
    split: Annotated[
        str,
        typer.Option(
            metavar="test|val|train|all", help="Part of the data: test, val, train or all; default: the first there is."
        ),
    ] = "",
    same: Annotated[
        list[str] | None, typer.Option(metavar="CLASS=LABEL", help="A class of the data that is this label.")
    ] = None,
    limit: Annotated[int, typer.Option(min=0, help="The most pictures; 0: all.")] = 0,
    view: Annotated[str, typer.Option(help="board, paper or board,paper.")] = "board,paper",
    onto: Annotated[
        str,
        typer.Option(help="What a picture fills on the board: window (what the model sees) or frame (the camera's)."),
    ] = "window",
    fit: Fit = "stretch",
    firmware: Annotated[
        str,
        typer.Option(
            metavar="NAME", autocompletion=completion.firmwares, help="Flavour; default: one that the model fits."
        ),
    ] = "",
    float_: Annotated[
        Path | None, typer.Option("--float", metavar="NET", help="The float network to compare with: .onnx or .tflite.")
    ] = None,
    scale: Annotated[
        float | None, typer.Option(help="Factor of a pixel for --float; default: 1/255.", show_default=False)
    ] = None,
    mean: Annotated[str, typer.Option(help="Mean of a pixel, one number or one per channel with commas.")] = "0",
    std: Annotated[str, typer.Option(help="Deviation of a pixel, one number or one per channel.")] = "1",
    sweep: Annotated[
        str, typer.Option(metavar="threshold,nms", help="Look for the values with the best F1: threshold, nms or both.")
    ] = "",
    write: Annotated[bool, typer.Option("--write", help="Write the best values into model.json.")] = False,
    workers: Annotated[int, typer.Option(min=0, help="Processes; 0: one for each core.")] = 0,
    scheduler: Annotated[
        str, typer.Option(metavar="ADDRESS", help="dask scheduler whose workers measure, such as tcp://10.0.0.1:8786.")
    ] = "",
    send: Annotated[
        bool, typer.Option("--send", help="Send the pictures to the workers, which do not have the folder.")
    ] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on where the same command was interrupted.")] = False,
    report: Annotated[Path | None, typer.Option(metavar="FILE.html", help="Write the report as a page, too.")] = None,
    json: Json = False,
) -> None:
    """Measure how good a model is on labelled pictures, with the board's own arithmetic.

    DIR holds a folder for each class, VOC XML, YOLO txt, COCO JSON or CSV; the format is recognised. There are two
    views: board is what the app shows, with its window, threshold, nms and ten boxes; paper is all that the network
    says, as publications count it.

    The JSON has the same bytes for any number of workers. A damaged picture is skipped, named and counted; Ctrl-C keeps
    what is done for --resume. More: docs/evaluate.md.
    """
    options = _options(
        models, data, model, split, same, limit, view, onto, fit, firmware, float_, scale, mean, std, sweep, workers,
        scheduler, send, resume,
    )  # fmt: skip
    if write and not options.sweep:
        raise MaixSwitchError(tr("--write: only with --sweep"), EXIT_USAGE)
    if report is not None and report.suffix.lower() not in (".html", ".htm"):
        raise MaixSwitchError(tr("--report {report}: expected a name that ends in .html", report=report), EXIT_USAGE)
    # numpy and the emulator take a second to import, so they come after the checks of the options.
    from maixswitch.evaluate import figures
    from maixswitch.evaluate.report.page import page
    from maixswitch.evaluate.report.terminal import text
    from maixswitch.evaluate.run import evaluate as run

    measured, chosen = run(options)
    document = figures.document(measured)
    if report is not None:
        files.write(report, page(measured, document))
        console.say(tr("wrote {output}", output=report))
    if json:
        console.emit(document)
    else:
        console.show(text(document))
    if write:
        from maixswitch.evaluate.settings import write_settings

        best = document["sweep"][0]["best"]
        path = write_settings(chosen[0].folder, best["threshold"], best["nms"])
        console.say(
            tr("wrote {output}: threshold {threshold}, nms {nms}",
               output=path, threshold=best["threshold"], nms=best["nms"])
        )  # fmt: skip


def _options(
    models: list[Path], data: Path, model: list[str] | None, split: str, same: list[str] | None, limit: int, view: str,
    onto: str, fit: str, firmware: str, float_: Path | None, scale: float | None, mean: str, std: str, sweep: str,
    workers: int, scheduler: str, send: bool, resume: bool,
) -> Options:  # fmt: skip
    """Return the options. Raises MaixSwitchError (usage) for those that cannot be."""
    views = _words("--view", view, VIEWS)
    swept = _words("--sweep", sweep, SWEPT) if sweep else ()
    _words("--onto", onto, ONTO)
    _words("--fit", fit, FITS)
    formula = numbers("--mean", mean), numbers("--std", std)
    pairs = {}
    for pair in same or ():
        name, sign, label = pair.partition("=")
        if not (name and sign and label):
            raise MaixSwitchError(tr("--same {pair}: expected CLASS=LABEL", pair=pair), EXIT_USAGE)
        pairs[name] = label
    if send and not scheduler:
        raise MaixSwitchError(tr("--send: only with --scheduler"), EXIT_USAGE)
    if float_ is None and (scale is not None or mean != "0" or std != "1"):
        raise MaixSwitchError(tr("--scale, --mean, --std: only with --float"), EXIT_USAGE)
    from maixswitch.evaluate.run import Options

    return Options(
        tuple(models), data, tuple(model or ()), split, pairs, limit, views, onto, fit, firmware, float_, scale,
        *formula, swept, workers, scheduler, send, resume,
    )  # fmt: skip


def _words(option: str, text: str, known: tuple[str, ...]) -> tuple[str, ...]:
    words = tuple(word.strip() for word in text.split(","))
    if not words or not set(words) <= set(known):
        raise MaixSwitchError(
            tr("{option} {text}: expected one of {known}", option=option, text=text, known=", ".join(known)), EXIT_USAGE
        )
    return words
