"""`maixswitch convert`: convert an ONNX or TensorFlow Lite network into a kmodel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import typer

from maixswitch import board_code, console, files
from maixswitch.cli import completion
from maixswitch.cli.parameters import Json, numbers
from maixswitch.errors import EXIT_FINDINGS, EXIT_IO, EXIT_USAGE, MaixSwitchError
from maixswitch.language import tr, word

MOST_LABELS = 1 << 20
VERSIONS = {"auto": 0, "v3": 3, "v4": 4}


def convert(
    network: Annotated[Path, typer.Argument(metavar="NET", help="The network: .onnx or .tflite.", show_default=False)],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="File to write; default: the network's name with .kmodel, here.")
    ] = None,
    images: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder of pictures, or of a folder for each class.")
    ] = None,
    random: Annotated[bool, typer.Option("--random", help="Use noise instead of pictures, for a trial.")] = False,
    labels: Annotated[Path | None, typer.Option(metavar="FILE", help="File with the names of the classes.")] = None,
    kind: Annotated[
        str,
        typer.Option(
            metavar="KIND",
            autocompletion=completion.kinds,
            help="Kind of the model, such as classifier; default: derived from the files.",
        ),
    ] = "",
    anchors: Annotated[
        str, typer.Option(metavar="FILE|LIST", help="Anchors of a detector, in cells: numbers with commas, or a file.")
    ] = "",
    card: Annotated[Path | None, typer.Option(metavar="CARD", help="Import the model onto this card, too.")] = None,
    any_size: Annotated[
        bool, typer.Option("--any-size", help="Convert a network for which no firmware has room, too.")
    ] = False,
    title: Annotated[str, typer.Option(help="Title on the panel; default: derived from the file's name.")] = "",
    scale: Annotated[float | None, typer.Option(help="Factor of a pixel; default: 1/255.", show_default=False)] = None,
    mean: Annotated[str, typer.Option(help="Mean of a pixel, one number or one per channel with commas.")] = "0",
    std: Annotated[str, typer.Option(help="Deviation of a pixel, one number or one per channel.")] = "1",
    calibrate: Annotated[int, typer.Option(min=1, help="The most pictures that measure the ranges.")] = 100,
    hold_back: Annotated[
        float, typer.Option(min=0, max=0.9, help="Share of the pictures that is held back for the comparison.")
    ] = 0.2,
    firmware: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            autocompletion=completion.firmwares,
            help="Firmware whose answers are compared; default: minimum_with_kmodel_v4_support.",
        ),
    ] = "",
    kmodel: Annotated[
        str, typer.Option(metavar="auto|v3|v4", help="Version of the kmodel; auto: v4 only if v3 lacks a layer.")
    ] = "auto",
    report: Annotated[Path | None, typer.Option(metavar="FILE.html", help="Write the report as a page, too.")] = None,
    json: Json = False,
) -> None:
    """Convert an ONNX or TensorFlow Lite network into a .kmodel of 8 bits.

    It is a kmodel v3, which every firmware runs, or a v4, which some run, if v3 has no layer for a part of the network.

    DIR holds pictures like those that the camera will see, a few dozen or more, or a folder of them for each class;
    then the report shows how often both networks are right. Most of them measure the value range of every tensor. The
    others are held back, to show how close the converted network comes to the float network. A quantised file states
    its ranges, so that --images may be left out. More: docs/convert.md.

    The network receives (pixel x scale - mean) / std, where pixel is the camera's value from 0 to 255. Give the values
    that it was trained with. The exit code is 1 if the network cannot be converted, if no firmware has room for it, or
    if the result is poor: an output below 15 dB, or less than 80 % of at least 10 answers the same. A poor file is
    still written, and one that is too large with --any-size or where a smaller Python heap or camera frame makes room.
    """
    from maixswitch.convert.read import foreign

    # The format comes first: options are of no use for a file that is not read at all.
    foreign.refuse(network)
    if images is not None and random:
        raise MaixSwitchError(tr("choose one of --images and --random"), EXIT_USAGE)
    # The conversion takes long, so check everything that can be wrong before it starts.
    target = out or Path(f"{network.stem}.kmodel")
    pixels = (scale, numbers("--mean", mean), numbers("--std", std))
    names, boxes = _labels(labels), _anchors(anchors)
    _fitting_options(kind, boxes, card, title, report)
    _writable(target, *([report] if report is not None else []))
    runtime, version = _runtime(firmware), _version(kmodel)
    # numpy and the converter take a second to import, so they come after the checks of the options.
    from maixswitch.convert.conversion import Options, PicturesNeeded
    from maixswitch.convert.conversion import convert as make
    from maixswitch.convert.report import document as reports

    accept = None if card is None else _card_takes(card, target, title, kind, labels, anchors)
    options = Options(network, target, images, kind, boxes, calibrate, hold_back, *pixels, tuple(names))
    options = replace(options, any_size=any_size, noise=random, accept=accept, runtime=runtime, version=version)
    try:
        facts = make(options)
    # Programs read in a document what is missing, people in the message that follows.
    except PicturesNeeded:
        if json:
            console.emit({"schema": reports.SCHEMA, "command": "convert", "network": str(network), "missing": "images"})
        raise
    except _NotTaken as error:
        if json:
            console.emit(error.document)
        raise
    document = reports.document(facts)
    # Write the page first: if that fails, an older kmodel stays as it was.
    if report is not None:
        from maixswitch.convert.report.page import page

        files.write(report, page(document, facts.model, target.name, facts.answers).encode())
    files.write(target, facts.lowered.data)
    if not json:
        console.show(reports.text(document))
        console.say(tr("wrote {output}", output=target))
    # The file stays even if it fits no firmware or is poor: `kmodel info` shows what is too large, and a poor one may
    # do for a first try.
    clean, imported = True, None
    try:
        if card is not None:
            clean, imported = _onto_card(card, target, title, facts.kind, labels, anchors, json)
    finally:
        if json:
            console.emit({**document, "summary": reports.summary(document), "card": imported})
    # Noise may well have one answer. Pictures such as the camera will see may not.
    dead = document["unchanging"] and images is not None
    if not document["fits"] or document["verdict"]["poor"] or not clean or dead:
        raise typer.Exit(EXIT_FINDINGS)


def _fitting_options(kind: str, anchors: tuple[float, ...], card: Path | None, title: str, report: Path | None) -> None:
    """Raise MaixSwitchError (usage), before any work, for options that contradict each other."""
    # The kind "" is decided later, and the importer judges the anchors then.
    if anchors and kind in board_code.kinds() and not board_code.has_field(kind, "anchors"):
        raise MaixSwitchError(tr("--anchors: a {kind} has no anchors", kind=kind), EXIT_USAGE)
    if title and card is None:
        raise MaixSwitchError(tr("--title: only for a card (--card CARD)"), EXIT_USAGE)
    if report is not None and report.suffix.lower() not in (".html", ".htm"):
        raise MaixSwitchError(tr("--report {report}: expected a name that ends in .html", report=report), EXIT_USAGE)
    if card is not None:
        from maixswitch.card import folders

        folders.existing(card)


def _runtime(firmware: str) -> str:
    """Return the runtime of a flavour or an image file, MaixPy's for "".

    Raises MaixSwitchError (usage) for an unknown flavour or another file.
    """
    from maixswitch.k210.contents.flavour import firmware_named
    from maixswitch.kmodel.run.runtimes import DEFAULT_RUNTIME

    return firmware_named(firmware).runtime if firmware else DEFAULT_RUNTIME


def _version(kmodel: str) -> int:
    """Return the version of the kmodel, 0 for auto; MaixSwitchError (usage) for any other text."""
    if kmodel not in VERSIONS:
        raise MaixSwitchError(tr("--kmodel {version}: expected auto, v3 or v4", version=kmodel), EXIT_USAGE)
    return VERSIONS[kmodel]


def _writable(*paths: Path) -> None:
    """Raise MaixSwitchError (input or output), before any work, for files whose folder is missing."""
    for path in paths:
        # Check only the most frequent mistakes. A full disk or a missing permission shows when the file is written.
        if not path.parent.is_dir() or path.is_dir():
            why = "Is a directory" if path.is_dir() else "No such file or directory"
            raise MaixSwitchError(tr("cannot write {path}: {reason}", path=path, reason=word(why)), EXIT_IO)


class _NotTaken(MaixSwitchError):
    """The error for a kmodel that the card would refuse. document: that of the import."""

    def __init__(self, message: str, document: dict[str, Any]) -> None:
        super().__init__(message)
        self.document = document


def _card_takes(
    card: Path, target: Path, title: str, kind: str, labels: Path | None, anchors: str
) -> Callable[[bytes], None]:
    """Return a function that raises MaixSwitchError if the card would refuse this kmodel as the target."""

    def check(data: bytes) -> None:
        from maixswitch.card.importing import importer
        from maixswitch.card.importing.options import ImportOptions

        # The importer reads files, and the final kmodel does not exist yet.
        with TemporaryDirectory() as folder:
            path = Path(folder, target.name)
            path.write_bytes(data)
            options = ImportOptions(title, kind, str(labels or ""), anchors)
            result = importer.import_models([path], card, options, dry_run=True)
        problems = [message.text for _, item in result.entries for message in item.problems]
        if problems:
            raise _NotTaken(f"--card: {'; '.join(problems)}", result.document(card))

    return check


def _onto_card(
    card: Path, target: Path, title: str, kind: str, labels: Path | None, anchors: str, json: bool
) -> tuple[bool, dict[str, Any]]:
    """Import the kmodel; return whether nothing was left out, and the document of the import."""
    from maixswitch.card.importing import importer
    from maixswitch.card.importing.options import ImportOptions

    imported = importer.import_models([target], card, ImportOptions(title, kind, str(labels or ""), anchors))
    if not json:
        for line in importer.report(imported, card, False):
            console.say(line)
    return imported.clean, imported.document(card)


def _labels(path: Path | None) -> list[str]:
    if path is None:
        return []
    from maixswitch.card.importing.labels import read_labels

    labels = read_labels(files.read(path, MOST_LABELS))
    if not labels:
        raise MaixSwitchError(tr("--labels {path}: not a list of labels; expected one a line", path=path), EXIT_USAGE)
    return labels


def _anchors(text: str) -> tuple[float, ...]:
    if not text:
        return ()
    from maixswitch.card.importing.labels import read_anchors

    # No list contains a slash, so a file whose name looks like a list can be written as ./NAME.
    is_list = set(text) <= set("0123456789.,;+- eE[]()")
    anchors = read_anchors(text.encode() if is_list else files.read(Path(text), MOST_LABELS))
    if not anchors:
        raise MaixSwitchError(tr("--anchors {text}: expected pairs of numbers above 0", text=text), EXIT_USAGE)
    return tuple(anchors)
