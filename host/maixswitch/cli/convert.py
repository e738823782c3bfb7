"""`maixswitch convert`: convert an ONNX network into a kmodel."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from maixswitch import console, files
from maixswitch.cli.parameters import Json
from maixswitch.errors import EXIT_FINDINGS, EXIT_IO, EXIT_USAGE, MaixSwitchError
from maixswitch.language import tr, word

MOST_LABELS = 1 << 20


def convert(
    network: Annotated[Path, typer.Argument(metavar="NET.onnx", help="The network.", show_default=False)],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="File to write; default: the network's name with .kmodel, here.")
    ] = None,
    images: Annotated[Path | None, typer.Option(metavar="DIR", help="Folder of pictures.")] = None,
    random: Annotated[bool, typer.Option("--random", help="A trial with noise instead of pictures.")] = False,
    labels: Annotated[Path | None, typer.Option(metavar="FILE", help="Names of the classes.")] = None,
    kind: Annotated[str, typer.Option(help="classifier or yolo2; default: worked out.")] = "",
    anchors: Annotated[
        str, typer.Option(metavar="FILE|LIST", help="Anchors of a detector, in cells: numbers with commas, or a file.")
    ] = "",
    card: Annotated[Path | None, typer.Option(help="Put the model onto this card, too.")] = None,
    title: Annotated[str, typer.Option(help="What the screen shows; default: after the file's name.")] = "",
    scale: Annotated[float | None, typer.Option(help="Factor of a pixel; default: 1/255.", show_default=False)] = None,
    mean: Annotated[str, typer.Option(help="Mean of a pixel, one number or one per channel with commas.")] = "0",
    std: Annotated[str, typer.Option(help="Deviation of a pixel, one number or one per channel.")] = "1",
    calibrate: Annotated[int, typer.Option(min=1, help="Number of pictures that measure the ranges, at most.")] = 100,
    hold_back: Annotated[float, typer.Option(min=0, max=0.9, help="Share of the pictures that only compare.")] = 0.2,
    firmware: Annotated[
        str, typer.Option(help="Firmware whose answers are compared; default: minimum_with_kmodel_v4_support.")
    ] = "",
    report: Annotated[Path | None, typer.Option(metavar="FILE.html", help="Write the report as a page, too.")] = None,
    json: Json = False,
) -> None:
    """Convert a float32 ONNX network into a .kmodel that every firmware runs (v3, 8 bits).

    DIR holds pictures such as the camera will see, a few dozen or more. Most of them measure the range of every tensor;
    the held-back ones show how near the converted network comes to the float network. Docs: docs/convert.md.

    The network gets (pixel x scale - mean) / std of the camera's pixels 0 to 255: give the values it was trained with.
    Ends with 1 when the network cannot be converted, or fits no firmware (the file is written in that case, too).
    """
    if (images is None) == (not random):
        raise MaixSwitchError(
            tr(
                "{network}: converting needs pictures such as the camera will see, for the range of every tensor: "
                "--images DIR (or --random, for a trial with noise whose result is of no use)",
                network=network,
            )
            if images is None
            else tr("--images and --random: wanted one of the two"),
            EXIT_USAGE,
        )
    target = out or Path(f"{network.stem}.kmodel")
    pixels = (scale, _numbers("--mean", mean), _numbers("--std", std))
    names, boxes = _labels(labels), _anchors(anchors)
    _fitting_options(kind, boxes, card, title, report)
    _writable(target, *([report] if report is not None else []))
    runtime = _runtime(firmware)
    from maixswitch.convert import report as reports
    from maixswitch.convert.conversion import Wishes, check_labels
    from maixswitch.convert.conversion import convert as make

    facts = make(Wishes(network, target, images, kind, boxes, calibrate, hold_back, *pixels, runtime=runtime))
    check_labels(facts, names)
    found = reports.document(facts)
    if report is not None:
        from maixswitch.convert.page import page

        files.write(report, page(found, facts.model, target.name).encode())
    files.write(target, facts.lowered.data)
    if json:
        console.emit(found)
    else:
        print(reports.text(found))
        console.say(tr("wrote {output}", output=target))
    clean = _onto_card(card, target, title, facts.kind, labels, anchors, json) if card is not None else True
    if not found["fits"] or not clean:
        raise typer.Exit(EXIT_FINDINGS)


def _fitting_options(kind: str, anchors: tuple[float, ...], card: Path | None, title: str, report: Path | None) -> None:
    """Refuses (usage), before any work, options that contradict each other."""
    if kind == "classifier" and anchors:
        raise MaixSwitchError(tr("--anchors: a classifier has none"), EXIT_USAGE)
    if title and card is None:
        raise MaixSwitchError(tr("--title: only for a card (--card CARD)"), EXIT_USAGE)
    if report is not None and report.suffix.lower() not in (".html", ".htm"):
        raise MaixSwitchError(tr("--report {report}: wanted a name that ends in .html", report=report), EXIT_USAGE)
    if card is not None:
        from maixswitch.card import folders

        folders.existing(card)


def _runtime(firmware: str) -> str:
    """The runtime of a firmware flavour, MaixPy's where none is named; MaixSwitchError (usage) for an unknown one."""
    from maixswitch.kmodel.judge.firmware import find
    from maixswitch.kmodel.run.runtimes import DEFAULT_RUNTIME

    return find(firmware).api if firmware else DEFAULT_RUNTIME


def _writable(*paths: Path) -> None:
    """Refuses (input or output), before any work, files for which there is no folder."""
    for path in paths:
        if not path.parent.is_dir() or path.is_dir():
            why = "Is a directory" if path.is_dir() else "No such file or directory"
            raise MaixSwitchError(tr("cannot write {path}: {reason}", path=path, reason=word(why)), EXIT_IO)


def _onto_card(card: Path, target: Path, title: str, kind: str, labels: Path | None, anchors: str, json: bool) -> bool:
    from maixswitch.card.importing import importer
    from maixswitch.card.importing.options import ImportOptions

    made = importer.import_models([target], card, ImportOptions(title, kind, str(labels or ""), anchors))
    if not json:
        for line in importer.report(made, card, False):
            console.say(line)
    return made.clean


def _numbers(option: str, text: str) -> tuple[float, ...]:
    try:
        found = tuple(float(part) for part in text.split(","))
    except ValueError:
        found = ()
    if not found:
        raise MaixSwitchError(
            tr("{option} {text}: wanted one number, or one per channel with commas", option=option, text=text),
            EXIT_USAGE,
        )
    return found


def _labels(path: Path | None) -> list[str]:
    if path is None:
        return []
    from maixswitch.card.importing.labels import read_labels

    found = read_labels(files.read(path, MOST_LABELS))
    if not found:
        raise MaixSwitchError(tr("--labels {path}: no list of labels; wanted one a line", path=path), EXIT_USAGE)
    return found


def _anchors(text: str) -> tuple[float, ...]:
    if not text:
        return ()
    from maixswitch.card.importing.labels import read_anchors

    data = text.encode()
    found = read_anchors(data if set(text) <= set("0123456789.,;+- eE[]()") else files.read(Path(text), MOST_LABELS))
    if not found:
        raise MaixSwitchError(tr("--anchors {text}: wanted pairs of numbers above 0", text=text), EXIT_USAGE)
    return tuple(found)
