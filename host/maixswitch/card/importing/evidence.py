"""The claims that the files of a source make about one model, each with its file and line."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .labels import ANCHOR_NAMES, LABEL_NAMES, anchors, strings
from .literals import Call, Script, decode, read_script
from .messages import ImportMessage
from .source import Part

FIELDS = ("kind", "input", "labels", "anchors", "threshold", "nms", "softmax", "top")
FLOOR_NAMES = ("pmax", "max", "prob", "score", "confidence", "conf")
MAX_SIDE = 1024


@dataclass(frozen=True)
class Claim:
    """A value that one file states.

    file: the file's name.
    line: the line of a script, from 1; 0 for other files.
    """

    value: Any
    file: str
    line: int = 0

    @property
    def where(self) -> str:
        """The file, and the line if there is one, for messages."""
        return f"{self.file}:{self.line}" if self.line else self.file

    def called(self, name: str) -> bool:
        """Does `name`, as the user writes it, mean this claim? The folder and the line may be left out."""
        bare = self.file.rpartition("/")[2]
        return name in (self.file, bare, self.where, f"{bare}:{self.line}")


@dataclass
class Evidence:
    """What the files state about one model; the network and the user's options come later (`resolve`).

    format: the name of the source's format.
    title: a proposal for the title.
    exact_title: the title of a MaixSwitch card, which is kept as it is.
    claims: for each field of model.json, the values that the files state.
    relative: claims of anchors that are fractions of the picture instead of grid cells.
    notes: messages for the user.
    """

    format: str
    part: Part
    title: str = ""
    exact_title: str = ""
    claims: dict[str, list[Claim]] = field(default_factory=dict)
    relative: list[Claim] = field(default_factory=list)
    notes: list[ImportMessage] = field(default_factory=list)

    def add(self, name: str, value: Any, file: str, line: int = 0) -> None:
        """Add a claim about the field `name`. A value of None adds nothing."""
        if value is not None:
            self.claims.setdefault(name, []).append(Claim(value, file, line))

    def add_script(self, script: Script, file: str) -> None:
        """Add the claims of a script: lists by their names, thresholds by the calls that take them, and the kind."""
        # The name of a variable tells what its value means.
        for value in script.values:
            name = value.name.lower()
            if name in LABEL_NAMES:
                self.add("labels", strings(value.value), file, value.line)
            elif name in ANCHOR_NAMES:
                self.add("anchors", anchors(value.value), file, value.line)
            elif name in ("input_size", "sensor_window"):
                self.add("input", picture_size(value.value), file, value.line)

        # The function tells what its arguments mean: kpu.init_yolo2 belongs to a detector.
        detects = False
        for call in script.calls:
            if call.name == "init_yolo2":
                detects = True
                self._add_detector(call, file)
            elif call.name == "set_windowing" and call.args:
                self.add("input", picture_size(call.args[0]), file, call.line)

        # A script that calls only forward is a classifier, which compares its best score with a threshold.
        if detects:
            self.add("kind", "yolo2", file)
        elif any(call.name == "forward" for call in script.calls):
            self.add("kind", "classifier", file)
            for floor in script.floors:
                if floor.name.lower() in FLOOR_NAMES:
                    self.add("threshold", fraction(floor.value), file, floor.line)

    def _add_detector(self, call: Call, file: str) -> None:
        """Add the thresholds of kpu.init_yolo2(task, threshold, nms, number, anchors), or CanMV's with keywords."""
        # CanMV's scripts pass the arguments by keyword, MaixPy's by position. A keyword overrides a position.
        arguments = dict(zip(("task", "threshold", "nms_value", "anchor_num", "anchor"), call.args, strict=False))
        arguments.update(call.keywords)
        self.add("threshold", fraction(arguments.get("threshold")), file, call.line)
        self.add("nms", fraction(arguments.get("nms_value", arguments.get("nms"))), file, call.line)


def scripts(part: Part) -> list[tuple[str, Script]]:
    """Return (file name, literals) of each Python file beside a model."""
    named = []
    for name in part.texts:
        if name.lower().endswith(".py"):
            data = part.text(name)
            text = decode(data) if data else None
            if text:
                named.append((name, read_script(text)))
    return named


def loaded(script: Script) -> list[str]:
    """Return the names, without folder, of the models that a script loads or assigns to model_addr or model_path."""
    # A script uses a path on the card or an address in the flash. Only a text can be a path.
    paths = [value.value for value in script.values if value.name in ("model_addr", "model_path")]
    for call in script.calls:
        if call.name in ("load", "load_kmodel") and call.args:
            paths.append(call.args[0])
        paths += [call.keywords[name] for name in ("model_addr", "model_path") if name in call.keywords]
    return [path.rpartition("/")[2] for path in paths if isinstance(path, str)]


def picture_size(value: Any) -> tuple[int, int] | None:
    """Return (width, height) from a list of two or three numbers; None for anything else or more than 1024 pixels."""
    # A third number is the channels, which the network itself states.
    if isinstance(value, (list, tuple)) and len(value) in (2, 3):
        width, height = value[0], value[1]
        if isinstance(width, int) and isinstance(height, int) and 0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE:
            return width, height
    return None


def fraction(value: Any) -> float | None:
    """Return a number from 0 to 1, None for anything else."""
    # True and False are integers in Python, but not thresholds.
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= 1:
        return float(value)
    return None
