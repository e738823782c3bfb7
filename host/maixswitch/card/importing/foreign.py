"""Networks of other tools: what they are, and the commands that turn them into a kmodel on the card."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from maixswitch.language import tr

from .formats.plain_files import LABEL_WORDS
from .labels import read_anchors, read_labels
from .messages import ImportMessage
from .options import ImportOptions
from .source import TEXTS, Source, distance

KERAS = "python -m tf2onnx.convert --keras {file} --output {onnx}"
TORCH = "torch.onnx.export(model, torch.zeros(1, 3, HEIGHT, WIDTH), {onnx})"
TO_ONNX = {
    ".onnx": "",
    ".tflite": "",
    ".h5": KERAS,
    ".keras": KERAS,
    ".pb": "python -m tf2onnx.convert --graphdef {file} --inputs INPUT:0 --outputs OUTPUT:0 --output {onnx}",
    ".pt": TORCH,
    ".pth": TORCH,
}
"""For each ending, the command or the Python that makes an ONNX network of such a file; "" if `convert` reads it."""
LISTED = 8  # names in a message


def nothing_usable(source: Source, refused: list[ImportMessage], card: Path, options: ImportOptions) -> ImportMessage:
    """Return the message for a source without a model that can be used: what it has, and what to do with it."""
    foreign = [name for name in source.files if PurePosixPath(name).suffix.lower() in TO_ONNX]
    foreign = [name for name in foreign if name == (source.only or name)]
    if foreign and (not refused or source.only):
        return ImportMessage("C508", _offer(source, foreign[0], card, options))
    if refused:
        reasons = "; ".join(message.text for message in refused)
        text = tr("{source}: no model that can be used: {reasons}", source=source.name, reasons=reasons)
        return ImportMessage(refused[0].code, text)
    names = sorted(source.files)
    listed = ", ".join(names[:LISTED]) + (", ..." if len(names) > LISTED else "")
    if not names:
        return ImportMessage("C501", tr("{source}: empty; expected an export with a .kmodel in it", source=source.name))
    return ImportMessage("C501", tr("{source}: no .kmodel; found {names}", source=source.name, names=listed))


def _offer(source: Source, file: str, card: Path, options: ImportOptions) -> str:
    """Return what a network of another tool is, and the commands that convert it, with what is known of it."""
    here = Path(source.name) if Path(source.name).is_dir() else Path(source.name).parent
    path = Path(source.name) if source.only else here / file
    ending = path.suffix.lower()
    onnx = path.with_suffix(".onnx")
    words = ["maixswitch", "convert", str(onnx if TO_ONNX[ending] else path), "--images", "DIR", "--card", str(card)]
    for name, read, marks in (("labels", read_labels, LABEL_WORDS), ("anchors", read_anchors, ("anchor",))):
        value = getattr(options, name) or _beside(source, file, here, read, marks)
        words += [f"--{name}", value] if value else []
    words += ["--kind", options.kind] if options.kind else []
    quoted = {
        "file": shlex.quote(str(path)),
        "onnx": repr(str(onnx)) if TO_ONNX[ending] == TORCH else shlex.quote(str(onnx)),
    }
    what = {
        ".onnx": tr("an ONNX network"),
        ".tflite": tr("a TensorFlow Lite network"),
        ".pb": tr("a TensorFlow graph"),
        ".pt": tr("a PyTorch network"),
        ".pth": tr("a PyTorch network"),
    }.get(ending, tr("a Keras network"))
    if not TO_ONNX[ending]:
        return tr(
            "{file}: {what}, not a kmodel. Convert it: {convert}", file=file, what=what, convert=shlex.join(words)
        )
    return tr(
        "{file}: {what}, not a kmodel. Make an ONNX network of it first: {first}. Then: {convert}",
        file=file,
        what=what,
        first=TO_ONNX[ending].format(**quoted),
        convert=shlex.join(words),
    )


def _beside(source: Source, file: str, here: Path, read: Callable[[bytes], object], marks: tuple[str, ...]) -> str:
    """Return the path of the nearest list of labels or anchors, "" if there is none or it lies in a package."""
    named = [name for name in source.files if PurePosixPath(name).suffix.lower() in TEXTS]
    named = [name for name in named if any(mark in PurePosixPath(name).name.lower() for mark in marks)]
    named = [name for name in named if not name.endswith(".py") and (here / name).is_file()]
    for name in sorted(named, key=lambda name: distance(name, file)):
        if read(source.text(name) or b""):
            return str(here / name)
    return ""
