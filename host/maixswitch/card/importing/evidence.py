"""The claims that the files of a source make about one model, each with its file and line."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from maixswitch.language import tr

from .matching import Match
from .messages import ImportMessage
from .parts import Part
from .script.chains import FEATURES
from .script.reading import Preprocessing

FIELDS = ("kind", "input", "labels", "anchors", "threshold", "nms", "softmax", "top")
MAX_SIDE = 1024
MOST_NUMBERS = 100
"""The most classes that are labelled with their numbers."""


@dataclass(frozen=True)
class Claim:
    """A value that one file states.

    file: the file's name.
    line: the line of a script, from 1; 0 for other files.
    passed: whether a script passes the value to the firmware, so that the board ran with it.
    """

    value: Any
    file: str
    line: int = 0
    passed: bool = False

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
    complete: whether the format states everything, so that other files do not count.
    other_use: what a script does with the model that the app cannot do; "" otherwise.
    claims: for each field of model.json, the values that the files state, the likeliest first.
    notes: messages for the user.
    """

    format: str
    part: Part
    title: str = ""
    exact_title: str = ""
    complete: bool = False
    other_use: str = ""
    claims: dict[str, list[Claim]] = field(default_factory=dict)
    notes: list[ImportMessage] = field(default_factory=list)

    def add(self, name: str, value: Any, file: str, line: int = 0, passed: bool = False) -> None:
        """Add a claim about the field `name`. A value of None adds nothing, and neither does an equal second claim."""
        claim = Claim(value, file, line, passed)
        if value is not None and claim not in self.claims.get(name, []):
            self.claims.setdefault(name, []).append(claim)

    def add_all(self, other: Evidence) -> None:
        """Add the claims of another format, except those of files that have already been read for the same field."""
        self.title = self.title or other.title
        self.notes += other.notes
        for name, claims in other.claims.items():
            known = {claim.file for claim in self.claims.get(name, [])}
            self.claims.setdefault(name, []).extend(claim for claim in claims if claim.file not in known)

    def add_scripts(self) -> None:
        """Add what the scripts pass to the firmware for this model."""
        for match in self.part.matches:
            self._add_match(match)
        # The notes are about the likeliest match; the others rarely say anything else.
        for match in self.part.matches[:1]:
            self._note_picture(match)
            if match.use.runs & {"calculate", "feature"} and not match.use.behind:
                text = tr(
                    "{file} compares features by their angle, the app by their distance: try out --field limit=NUMBER",
                    file=match.script.file,
                )
                self.notes.append(ImportMessage("C663", text))
            if match.doubt:
                text = tr("{doubt}, which was taken to be this model", doubt=match.doubt)
                self.notes.append(ImportMessage("C550", text))
        # Once for each script: two uses of one model have the same trouble.
        for script in {match.script.file: match.script for match in self.part.matches}.values():
            if script.reading.trouble:
                text = tr(
                    "{file} is not valid Python ({reason}); what could be read of it was used",
                    file=script.file,
                    reason=script.reading.trouble,
                )
                self.notes.append(ImportMessage("C536", text))

    def _add_match(self, match: Match) -> None:
        use, file = match.use, match.script.file
        self.other_use = self.other_use or self._other_use(match)
        if self.other_use:
            return
        if match.detects or use.runs:
            # Features of the whole picture are compared with those that were learnt; of a box, they are faces.
            other = "learner" if "classifier" in use.runs or use.runs & FEATURES else "classifier"
            self.add("kind", "yolo2" if match.detects else other, file, passed=True)

        # If the script has no list for the classes, or one of another length, a list of the right length counts.
        count = match.classes(self.part.network)
        if use.labels is not None:
            self.add("labels", list(use.labels.value), file, use.labels.line, passed=True)
        if count and (use.labels is None or len(use.labels.value) != count):
            lists = match.lists(count) or match.named_lists()
            for item in lists if len(lists) == 1 else []:
                self.add("labels", list(item.value), file, item.line)
        self._add_numbers(match)
        for numbers in use.outputs:
            if len(numbers) == 4 and numbers[0] == 0 and min(numbers[1:]) > 0:
                self.add("outputs", list(numbers[1:]), file, use.line, passed=True)

        if use.numbered and count and use.labels is None and not match.detects:
            self.add("numbers", count, file, use.line)
        if use.limit is not None:
            self.add("limit", use.limit.value, file, use.limit.line, passed=True)

        picture = use.picture
        size = picture and (picture.resized or (picture.window and picture.window[-2:]))
        self.add("input", picture_size(size), file, use.line)

    @property
    def learns(self) -> bool:
        """Does a script learn classes on the board with the network, as kpu.classifier does?"""
        return any(claim.value == "learner" for claim in self.claims.get("kind", []))

    def numbered(self, count: int) -> bool:
        """Does a script show the number of the best of this many classes as it is?"""
        return count <= MOST_NUMBERS and any(claim.value == count for claim in self.claims.get("numbers", []))

    @property
    def stated_output(self) -> tuple[int, int, int] | None:
        """Columns, rows and channels that a script gives to set_outputs, if the file itself has no shape."""
        network = self.part.network
        for claim in self.claims.get("outputs", []) if network.map is None else []:
            columns, rows, channels = claim.value
            if columns * rows * channels == network.elements and columns * rows > 1:
                return columns, rows, channels
        return None

    @property
    def plain_boxes(self) -> bool:
        """Does a script decode the network as a detector without classes, such as one of licence plates?"""
        return any(
            match.use.detector is not None and self.part.network.grid(match.pairs(), 0) for match in self.part.matches
        )

    def _note_picture(self, match: Match) -> None:
        """Add a note about what a script does to the picture and the app does not."""
        words = match.pixels(self.part.network)
        self.add("pixels", list(words) or None, match.script.file, match.use.line)
        changes = _changes(match.use.picture, words) if match.use.picture and not self.other_use else []
        if changes:
            text = tr(
                "{file}: the script also changes the picture ({changes}); the app does not, so its results may differ",
                file=match.script.file,
                changes=", ".join(changes),
            )
            self.notes.append(ImportMessage("C553", text))

    def _other_use(self, match: Match) -> str:
        """Return what a script does with the model that the app cannot do; "" if the app can."""
        use, file, text = match.use, match.script.file, self.part.text(match.script.file) or b""
        where = {"file": file, "line": use.line}
        if use.layers is not None:
            return tr(
                "{file}:{line} takes the features of layer {layer} (set_layers), which the app cannot show",
                layer=use.layers,
                **where,
            )
        if match.detects or not use.runs:
            return ""
        if b"set_pixel" in text and b"snapshot" not in text:
            return tr(
                "{file}:{line} feeds it with values of a sensor, drawn as a picture, not with the camera's", **where
            )
        # Attributes such as "smiles" and "has glasses" may be true together; no class is the best one.
        if self.part.network.open_ended and b"sigmoid(" in text and b"max(" not in text:
            return tr(
                "{file}:{line} takes each value by itself (sigmoid): several independent values, not a classifier",
                **where,
            )
        return ""

    def _add_numbers(self, match: Match) -> None:
        """Add the anchors and thresholds of a script."""
        use, file, call = match.use, match.script.file, match.use.detector
        if call is None and not use.runs:
            for item in match.script.reading.numbers:
                if "anchor" in item.name.lower():
                    self.add("anchors", list(item.value), file, item.line)
        if call is None:
            if use.floor is not None and not match.detects:
                self.add("threshold", fraction(use.floor.value), file, use.floor.line, passed=True)
            return
        self.add("threshold", fraction(call.threshold), file, call.line, passed=True)
        self.add("nms", fraction(call.nms), file, call.line, passed=True)
        if call.anchors:
            self.add("anchors", list(call.anchors), file, call.line, passed=True)
            return
        # The call is there, but its list could not be followed.
        lists = [item for item in match.script.reading.numbers if len(item.value) == 2 * match.pairs()]
        lists = [item for item in lists if item.function == use.function] or lists
        if len({item.value for item in lists}) == 1:
            self.add("anchors", list(lists[0].value), file, lists[0].line, passed=True)


def _changes(picture: Preprocessing, words: tuple[str, ...]) -> list[str]:
    """Return what a script does to the picture that the app does not do. words: what "pixels" does."""
    steps = {
        tr("inverted"): picture.inverted and "invert" not in words,
        tr("contrast stretched"): picture.stretched and "stretch" not in words,
        tr("rotated"): picture.rotated,
        tr("cropped"): picture.cropped,
        tr("drawn on a larger one"): picture.canvas,
    }
    return [name for name, done in steps.items() if done]


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
