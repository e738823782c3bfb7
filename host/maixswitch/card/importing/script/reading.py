"""What was read from a script: the models that it loads with what it passes to the firmware for each of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Floor(NamedTuple):
    """The number that a script compares a score with by > or >= (or by < or <=, to skip it), and its line."""

    value: float
    line: int


@dataclass(frozen=True)
class DetectorCall:
    """A call of `init_yolo2`. What the script does not state is None.

    threshold, nms: usually 0 to 1, as the script passes them.
    count: the number of anchors. anchors: the numbers as the script passes them, two for each anchor.
    classes: CanMV's number of classes.
    line: the line of the call, from 1.
    """

    threshold: float | None
    nms: float | None
    count: int | None
    anchors: tuple[float, ...] | None
    line: int
    classes: int | None = None


@dataclass(frozen=True)
class LabelUse:
    """The labels in the order of the classes, without blanks around them.

    name: the variable, "" if there is none.
    line: where the list stands or is assigned, from 1.
    """

    value: tuple[str, ...]
    name: str
    line: int


@dataclass(frozen=True)
class NamedList:
    """A list of texts in a script.

    name: the variable that it is assigned to. value: in the order of the list, or of a dictionary's numbers.
    line: from 1. function: the function that assigns it, "" outside of functions.
    """

    name: str
    value: tuple[str, ...]
    line: int
    function: str = ""


@dataclass(frozen=True)
class NamedNumbers:
    """A list of four or more numbers in pairs, as anchors are; the fields are those of NamedList."""

    name: str
    value: tuple[float, ...]
    line: int
    function: str = ""


@dataclass(frozen=True)
class Preprocessing:
    """What happens to the camera's picture before the network sees it. What the script does not state is None.

    framesize: the name of the camera's size such as "QVGA", or (width, height).
    window: (width, height) or (x, y, width, height). resized: (width, height).
    canvas: the size (width, height) of an empty picture that the camera's picture is drawn on.
    cropped: (x, y, width, height). rotated: degrees.
    grey, inverted, stretched (contrast), hmirror, vflip: whether that is done.
    stretched_first: whether it is stretched before it is inverted.
    """

    framesize: str | tuple[int, ...] | None = None
    window: tuple[int, ...] | None = None
    resized: tuple[int, ...] | None = None
    canvas: tuple[int, ...] | None = None
    cropped: tuple[int, ...] | None = None
    grey: bool = False
    inverted: bool = False
    stretched: bool = False
    hmirror: bool | None = None
    vflip: bool | None = None
    rotated: float | None = None
    stretched_first: bool = False


@dataclass(frozen=True)
class ModelUse:
    """A model that a script loads, and what it passes to the firmware for this model.

    model: the path or the address in the flash that kpu.load gets; None if it is not known.
    line: the line of kpu.load, from 1. function: the function that it stands in, "" outside of functions.
    runs: the names of the firmware's functions that the task is passed to, such as "run_yolo2" or "forward".
    outputs: the numbers of each set_outputs. layers: the number of set_layers.
    labels: the list that the classes of this task's results index. other_labels: further lists that they index.
    doubtful: the script's own values exclude this use, or it needs an exception.
    behind: the line of the load of the detector on whose boxes it runs, 0 for none.
    upright: it sees the face of the box turned upright. growth: what the box is enlarged by on each side, of its own
        width and height.
    sigmoid: its values pass through a sigmoid. numbered: the script shows the number of the best class as it is.
    limit: the distance below which kpu.classifier's answer counts.
    meant: the path that a comment beside the load of an address names, "" for none.
    """

    model: str | int | None
    line: int
    function: str = ""
    detector: DetectorCall | None = None
    runs: frozenset[str] = frozenset()
    outputs: tuple[tuple[int, ...], ...] = ()
    layers: int | None = None
    labels: LabelUse | None = None
    other_labels: tuple[LabelUse, ...] = ()
    floor: Floor | None = None
    picture: Preprocessing | None = None
    doubtful: bool = False
    behind: int = 0
    upright: bool = False
    growth: float = 0.0
    sigmoid: bool = False
    numbered: bool = False
    limit: Floor | None = None
    meant: str = ""


@dataclass(frozen=True)
class ScriptReading:
    """The models that a script loads, and its lists, for when the uses do not tell the labels or anchors.

    uses: in the order of their loads.
    trouble: why the script is not valid Python or too large, "" if it is valid. What could be read is there anyway.
    likeness: the score from which on two features are taken for the same, 0 to 100; None if that is not clear.
    """

    uses: tuple[ModelUse, ...] = ()
    lists: tuple[NamedList, ...] = ()
    numbers: tuple[NamedNumbers, ...] = ()
    trouble: str = ""
    likeness: float | None = None
