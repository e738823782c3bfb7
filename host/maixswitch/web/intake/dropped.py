"""What dropped files are, by their contents, and the command that takes them in: `import`, or `convert`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from posixpath import commonpath

from maixswitch.card.importing.formats.plain_files import LABEL_WORDS
from maixswitch.card.importing.source import MODELS, PACKAGES, TEXTS
from maixswitch.errors import EXIT_USAGE, MaixSwitchError
from maixswitch.kmodel.format.sniff import file_kind
from maixswitch.language import tr
from maixswitch.web.intake.upload import NOISE, PAGE, Answer, Upload

FILES = "dropped"
"""The folder of the files, below that in which the command runs."""
PICTURES = "pictures"
ANSWERS = "answers"
CARD = "card"
REPORT = "report.html"
_NETWORKS = ("onnx", "tflite", "hdf5")
_NETWORK_ENDINGS = (".onnx", ".tflite", ".h5", ".keras", ".pb", ".pt", ".pth", ".weights", ".cfg")
_PICTURE_ENDINGS = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp")
MODEL, PACKAGE, NETWORK, PICTURE, OTHER = "model", "package", "network", "picture", "other"


@dataclass(frozen=True)
class Order:
    """A command for the worker. words: its arguments. converts: whether it is `convert`. name: what was dropped."""

    words: tuple[str, ...]
    converts: bool
    name: str


def kind_of(path: Path) -> str:
    """Return MODEL, PACKAGE, NETWORK, PICTURE or OTHER."""
    with path.open("rb") as file:
        head = file.read(64)
    name, ending = file_kind(head).name, path.suffix.lower()
    # PyTorch and Keras keep networks in zips, too; `convert` tells what to do with them.
    if name == "zip":
        return NETWORK if ending in _NETWORK_ENDINGS else PACKAGE
    if name in _NETWORKS:
        return NETWORK
    if name == "picture" or head[:2] == b"BM" or (head[:4] == b"RIFF" and head[8:12] == b"WEBP"):
        return PICTURE
    # For what has no mark the ending decides, so that a damaged file gets the message about its format.
    if name.startswith("kmodel") or ending in MODELS:
        return MODEL
    if ending in PACKAGES:
        return PACKAGE
    if ending in _NETWORK_ENDINGS:
        return NETWORK
    return PICTURE if ending in _PICTURE_ENDINGS else OTHER


def order(upload: Upload, folder: Path) -> Order:
    """Return the command for the files of an upload, which lie in FILES below the folder; make the folders it needs.

    Raises MaixSwitchError (usage) for files that no single command takes.
    """
    kinds = {name: kind_of(folder / FILES / name) for name in upload.names}
    if not kinds:
        raise MaixSwitchError(tr("there was no file in it"), EXIT_USAGE)
    (folder / ANSWERS).mkdir()
    networks = [name for name, kind in kinds.items() if kind == NETWORK]
    if any(kind in (MODEL, PACKAGE) for kind in kinds.values()) or not networks:
        return _import(upload, folder, kinds)
    if len(networks) > 1:
        listed = ", ".join(networks[:3]) + (", ..." if len(networks) > 3 else "")
        text = tr("{count} networks: {names}; drop one at a time", count=len(networks), names=listed)
        raise MaixSwitchError(text, EXIT_USAGE)
    return _convert(upload, folder, networks[0], kinds)


def _import(upload: Upload, folder: Path, kinds: dict[str, str]) -> Order:
    names = list(kinds)
    plain = [name for name, kind in kinds.items() if kind in (MODEL, PACKAGE)]
    # A model that was dropped together with its texts: the import looks around the file.
    if len(names) == 1 or (len(plain) == 1 and kinds[plain[0]] == MODEL and not any("/" in name for name in names)):
        source = (plain or names)[0]
    else:
        # The name of a dropped folder becomes a title.
        source = "" if any("/" not in name for name in names) else PurePosixPath(commonpath(names)).parts[0]
    words = ["import", str(PurePosixPath(FILES, source)), "--card", CARD, "--json"]
    for number, answer in enumerate(upload.head.answers):
        words.append(f"--{answer.option}={answer.model}={_value(answer, folder, number)}")
    return Order(tuple(words), False, PurePosixPath(source).name or _some(names))


def _convert(upload: Upload, folder: Path, network: str, kinds: dict[str, str]) -> Order:
    path = PurePosixPath(network)
    words = ["convert", str(PurePosixPath(FILES, network)), "--out", f"{path.stem}.kmodel", "--card", CARD]
    words += ["--report", REPORT, "--json"]
    _move_pictures(folder, [name for name, kind in kinds.items() if kind == PICTURE])
    if upload.head.pictures == NOISE:
        words.append("--random")
    elif upload.head.pictures == PAGE or (folder / PICTURES).is_dir():
        words += ["--images", PICTURES]
    answered = {answer.option: _value(answer, folder, at) for at, answer in enumerate(upload.head.answers)}
    texts = [name for name in kinds if PurePosixPath(name).suffix.lower() in TEXTS and kinds[name] == OTHER]
    for option, marks in (("labels", LABEL_WORDS), ("anchors", ("anchor",))):
        named = [name for name in texts if any(mark in PurePosixPath(name).name.lower() for mark in marks)]
        if named:
            answered.setdefault(option, str(PurePosixPath(FILES, named[0])))
    words += [f"--{option}={value}" for option, value in answered.items()]
    return Order(tuple(words), True, path.name)


def _move_pictures(folder: Path, names: list[str]) -> None:
    """Put the pictures into a folder of their own; those in folders of their class keep these."""
    above = {str(PurePosixPath(name).parent) for name in names}
    common = PurePosixPath(commonpath(above)) if above else PurePosixPath()
    for name in names:
        target = folder / PICTURES / PurePosixPath(name).relative_to(common)
        target.parent.mkdir(parents=True, exist_ok=True)
        # `convert` finds pictures by their endings.
        if target.suffix.lower() not in _PICTURE_ENDINGS:
            target = target.with_name(f"{target.name}.png")
        (folder / FILES / name).rename(target)


def _value(answer: Answer, folder: Path, number: int) -> str:
    if not answer.text:
        return answer.choice
    path = PurePosixPath(ANSWERS, f"{number}.txt")
    (folder / path).write_text(answer.text, encoding="utf-8", errors="replace")
    return str(path)


def _some(names: list[str]) -> str:
    return ", ".join(PurePosixPath(name).name for name in names[:3]) + (", ..." if len(names) > 3 else "")
