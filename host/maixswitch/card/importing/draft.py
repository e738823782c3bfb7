"""A draft of a model folder: what the files of a source say, each thing with where it stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .labels import ANCHOR_NAMES, LABEL_NAMES, anchors, strings
from .literals import Call, Script, decode, read_script
from .remark import Remark
from .source import Part

FIELDS = ("kind", "input", "labels", "anchors", "threshold", "nms", "softmax", "top")
FLOOR_NAMES = ("pmax", "max", "prob", "score", "confidence", "conf")


@dataclass(frozen=True)
class Claim:
    """One thing that one file says: ``place`` is the file's name, ``line`` 1.. in a script, else 0."""

    value: Any
    place: str
    line: int = 0

    @property
    def where(self) -> str:
        return f"{self.place}:{self.line}" if self.line else self.place

    def called(self, name: str) -> bool:
        """Does the user mean this place by that name? With or without folder, with or without line."""
        bare = self.place.rpartition("/")[2]
        return name in (self.place, bare, self.where, f"{bare}:{self.line}")


@dataclass
class Draft:
    """What is known of one model before the network itself and the user's options are asked.

    ``claims``: a field of model.json -> what the files say of it; ``title``: a proposal, ``said_title``: what is to be
    kept; ``notes``: what the user should know. Anchors that are known to be fractions of the picture stand in
    ``relative`` instead.
    """

    format: str
    part: Part
    title: str = ""
    said_title: str = ""
    claims: dict[str, list[Claim]] = field(default_factory=dict)
    relative: list[Claim] = field(default_factory=list)
    notes: list[Remark] = field(default_factory=list)

    def say(self, name: str, value: Any, place: str, line: int = 0) -> None:
        """Adds a claim; None says nothing."""
        if value is not None:
            self.claims.setdefault(name, []).append(Claim(value, place, line))

    def script(self, script: Script, place: str) -> None:
        """Adds what a script says: lists by their names, thresholds by where they are passed, the kind by its calls."""
        for value in script.values:
            name = value.name.lower()
            if name in LABEL_NAMES:
                self.say("labels", strings(value.value), place, value.line)
            elif name in ANCHOR_NAMES:
                self.say("anchors", anchors(value.value), place, value.line)
            elif name in ("input_size", "sensor_window"):
                self.say("input", _size(value.value), place, value.line)
        detects = False
        for call in script.calls:
            if call.name == "init_yolo2":
                detects = True
                self._detector(call, place)
            elif call.name == "set_windowing" and call.args:
                self.say("input", _size(call.args[0]), place, call.line)
        if detects:
            self.say("kind", "yolo2", place)
        elif any(call.name == "forward" for call in script.calls):
            self.say("kind", "classifier", place)
            for floor in script.floors:
                if floor.name.lower() in FLOOR_NAMES:
                    self.say("threshold", _share(floor.value), place, floor.line)

    def _detector(self, call: Call, place: str) -> None:
        """kpu.init_yolo2(task, threshold, nms, number, anchors), or CanMV's with keywords."""
        given = dict(zip(("task", "threshold", "nms_value", "anchor_num", "anchor"), call.args, strict=False))
        given.update(call.keywords)
        self.say("threshold", _share(given.get("threshold")), place, call.line)
        self.say("nms", _share(given.get("nms_value", given.get("nms"))), place, call.line)


def scripts(part: Part) -> list[tuple[str, Script]]:
    """The Python files beside a model, by name."""
    found = []
    for name in part.texts:
        if name.lower().endswith(".py"):
            data = part.text(name)
            text = decode(data) if data else None
            if text:
                found.append((name, read_script(text)))
    return found


def loaded(script: Script) -> list[str]:
    """Names (without folder) of the models that a script loads or names as model_addr."""
    found = [value.value for value in script.values if value.name in ("model_addr", "model_path")]
    for call in script.calls:
        if call.name in ("load", "load_kmodel") and call.args:
            found.append(call.args[0])
        found += [call.keywords[name] for name in ("model_addr", "model_path") if name in call.keywords]
    return [name.rpartition("/")[2] for name in found if isinstance(name, str)]


def _size(value: Any) -> tuple[int, int] | None:
    """Width and height in pixels."""
    if isinstance(value, (list, tuple)) and len(value) in (2, 3):
        first, second = value[0], value[1]
        if isinstance(first, int) and isinstance(second, int) and 0 < first <= 1024 and 0 < second <= 1024:
            return first, second
    return None


def _share(value: Any) -> float | None:
    """A number from 0 to 1."""
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= 1:
        return float(value)
    return None
