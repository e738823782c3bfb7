"""Decide about one model: turn its files' claims, the network and the user's options into model.json, or problems."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from maixswitch import board_code
from maixswitch.language import tr

from .anchor_units import in_cells
from .evidence import Claim, Evidence
from .imported import ImportedModel
from .labels import read_anchors, read_labels
from .lists import Lists, same, short, strongest, without_guesses
from .messages import ImportMessage
from .naming import clean_title, kmodel_name, telling_name
from .network import PAIRS
from .options import MAX_TITLE, ImportOptions
from .panel_names import write_ascii_title, write_labels
from .source import folder_of


def resolve(evidence: Evidence, options: ImportOptions) -> ImportedModel:
    """Decide every field of model.json.

    A contradiction between the files is a problem, unless an option decides it. The input size and the number of
    classes always come from the network.
    """
    result = ImportedModel(evidence, evidence.part.network, notes=list(evidence.notes))
    if result.network.swapped:
        text = tr("the kmodel was word-swapped for load_flash; its byte order was corrected for the card")
        result.notes.append(ImportMessage("C507", text))
    _Resolver(result, options).run()
    return result


class _Resolver:
    def __init__(self, result: ImportedModel, options: ImportOptions) -> None:
        self.result, self.options = result, options
        self.evidence, self.network = result.evidence, result.network
        self.lists = Lists(self.evidence, result.problems)
        self.pairs = 0

    def problem(self, code: str, text: str, option: str = "", choices: Sequence[str] = ()) -> None:
        self.result.problems.append(ImportMessage(code, text, option, tuple(choices)))

    def note(self, code: str, text: str) -> None:
        self.result.notes.append(ImportMessage(code, text))

    def run(self) -> None:
        """Fill in model.json field by field. The order matters: the anchors tell the kind, the kind the labels."""
        model: dict[str, Any] = {"schema": 1, "title": self.title(), "kind": ""}
        model["kmodel"] = name = kmodel_name(self.evidence.part.stem)
        self.result.files[name] = self.network.data
        self.result.model = model
        if len(self.network.kmodel.outputs) != 1 and not self.options.kind:
            self.problem("C530", self.network.several, f"--kind {self.network.kind}")
            return
        decided = self.options.kind or self.evidence.learns or self.labelled()
        if self.network.nature and not decided and not self.evidence.plain_boxes:
            text = tr("the network is neither a classifier nor a YOLOv2 detector; it seems to be: {nature}",
                      nature=self.network.nature)  # fmt: skip
            self.problem("C547", text, f"--kind {self.network.kind}")
            return
        if self.evidence.other_use and not self.options.kind:
            self.problem("C547", self.evidence.other_use)
            return
        anchors = self.anchors()
        model["kind"] = self.kind(anchors)
        size = self.input()
        kind = board_code.kinds().get(model["kind"])
        if kind is None or size is None:
            return
        model["input"] = list(size)
        fields = {name: default for name, _, default in kind.FIELDS}
        if "anchors" in fields:
            self.detector(model, anchors)
        elif kind.LABELS == "needed" or (kind.LABELS != "none" and (self.options.labels or self.evidence.learns)):
            self.labels(self.count(), needed=kind.LABELS == "needed")
        pixels = self.evidence.claims.get("pixels", [])
        if pixels:
            model["pixels"] = pixels[0].value
        self.scores(model, fields)
        for name in fields:
            self.other(model, name)
        write_ascii_title(self.result)

    def labelled(self) -> bool:
        """Does the user or a file give one label for each value of the output? Then it is a list of scores."""
        if self.network.map:
            return False
        claims = self.evidence.claims.get("labels", [])
        return bool(self.options.labels) or any(len(claim.value) == self.network.elements for claim in claims)

    def title(self) -> str:
        """Return the user's title, that of a MaixSwitch card, or one that is made from the names of files."""
        if self.options.title:
            return self.options.title
        exact = self.evidence.exact_title.strip()
        if exact and exact.isprintable():
            return exact[:MAX_TITLE].strip()

        # Otherwise take the first name that is not generic: of the file, of the export, of its folders.
        part = self.evidence.part
        named = telling_name(part.stem, self.evidence.title, folder_of(part.kmodel).stem, part.source.stem)
        if named:
            return clean_title(named)
        kind = board_code.kinds().get(self.options.kind)
        return "Detector" if kind is not None and kind.SHAPE == board_code.shapes().BOXES else "Model"

    def choose(self, name: str) -> Claim | None:
        """Return a claim of the files about a field. A contradiction is a problem."""
        claims = strongest(self.evidence.claims.get(name, []))
        if any(not same(claim.value, claims[0].value) for claim in claims):
            self.ask(name, claims, list(dict.fromkeys(str(claim.value) for claim in claims)))
        return claims[0] if claims else None

    def ask(self, name: str, claims: list[Claim], choices: list[str], remark: str = "") -> None:
        """Report that the files contradict each other. choices: what the user may write behind the option."""
        self.problem(
            "C520",
            tr(
                "the files disagree about {field}: {listed}{expected}. Decide with --{field} {choice}",
                field=name,
                listed="; ".join(f"{claim.where}: {short(claim.value)}" for claim in claims),
                expected=remark,
                choice=tr(" or --{field} ", field=name).join(choices),
            ),
            f"--{name} {choices[0]}",
            choices,
        )

    def ask_for_list(self, name: str, claims: list[Claim]) -> None:
        """Report that the files hold different lists. The choices are the files, or the lines of a single file."""
        count = self.count()
        remark = tr("; the network needs {count}", count=count) if count and name == "labels" else ""
        files = list(dict.fromkeys(claim.file for claim in claims))
        if len(files) == 1:
            files = [claim.where for claim in claims]
        bare = [file.rpartition("/")[2] for file in files]
        self.ask(name, claims, bare if len(set(bare)) == len(bare) else files, remark)

    def count(self) -> int:
        """Return how many labels the network needs, 0 if that is unknown."""
        kind = board_code.kinds().get(self.result.model.get("kind", ""))
        if kind is None or board_code.has_field(self.result.model["kind"], "anchors"):
            return self.network.classes(self.pairs or PAIRS) or 0
        return self.network.elements if kind.LABELS == "needed" else 0

    def anchors(self) -> Claim | None:
        """Return the anchors from the command line or the files, None for none. Sets `pairs`."""
        asked = self.options.anchors
        if asked and re.fullmatch(r"[-+\d.,;\s()\[\]eE]+", asked):
            values = read_anchors(asked.encode())
            if values is None:
                self.problem(
                    "C541",
                    tr("--anchors {text}: expected pairs of numbers above 0, with commas between them", text=asked),
                )
            claims = [Claim(values or [], "--anchors", passed=True)]
        else:
            claims = strongest(self.lists.pick("anchors", asked, read_anchors, 2 * PAIRS))
        if any(not same(claim.value, claims[0].value) for claim in claims):
            self.ask_for_list("anchors", claims)
        # Each output of a YOLOv3 detector has its share of them.
        self.pairs = len(claims[0].value) // 2 // len(self.network.kmodel.outputs) if claims else 0
        return claims[0] if claims else None

    def kind(self, anchors: Claim | None) -> str:
        """Return the kind of the model, "" if the files contradict each other."""
        if self.options.kind:
            return self.options.kind

        # A file's claim counts, unless the output shows that it is wrong.
        before = len(self.result.problems)
        claim = self.choose("kind")
        if len(self.result.problems) > before:
            return ""
        if claim:
            if claim.value == "classifier" and self.network.map:
                self.note(
                    "C534", tr("{where} calls it a classifier, but its output is a grid of cells", where=claim.where)
                )
                return "yolo2"
            return str(claim.value)

        # Without a claim, the output decides. Anchors count if they fit it.
        if self.network.map or (anchors is not None and self.network.classes(self.pairs)):
            return "yolo2"
        if anchors is not None:
            self.note("C528", tr("{where}: not used, the network is not a detector", where=anchors.where))
        return "classifier"

    def input(self) -> tuple[int, int, int] | None:
        """Return the network's input, None if it is not a picture. Other sizes in options or files are reported."""
        size, asked = self.network.input, self.options.input
        if size is None or size[2] not in (1, 3):
            self.problem(
                "C531",
                tr("the network takes {input}; expected one picture of 1 or 3 channels", input=self.network.takes),
            )
            return None
        if asked and asked != size:
            self.problem(
                "C532",
                tr(
                    "--input {input}: the network takes {size}",
                    input="x".join(map(str, asked)),
                    size=self.network.takes,
                ),
            )
        for claim in self.evidence.claims.get("input", []):
            if claim.value != size[:2]:
                self.note(
                    "C533",
                    tr(
                        "{where} says {claimed}, the network takes {size}",
                        where=claim.where,
                        claimed="x".join(map(str, claim.value)),
                        size=self.network.takes,
                    ),
                )
        return size

    def labels(self, count: int, needed: bool = True) -> None:
        """Fill in the labels, in model.json or as labels.txt. `count`: how many the network needs, 0 if unknown."""
        claims = self.lists.pick("labels", self.options.labels, read_labels, count)
        # A list of the right length beats the others, which often belong to another model.
        fitting = [claim for claim in claims if len(claim.value) == count or not count]
        unused = [claim for claim in claims if claim not in fitting] if fitting else []
        if unused:
            listed = "; ".join(f"{claim.where}: {short(claim.value)}" for claim in unused)
            self.note("C551", tr("labels of another number were not used: {listed}", listed=listed))
        claims = without_guesses(fitting or claims)
        if any(not same(claim.value, claims[0].value) for claim in claims):
            self.ask_for_list("labels", claims)
            return
        if not claims:
            self.without_labels(count, needed)
            return
        claim, labels = claims[0], claims[0].value
        if labels and count and len(labels) != count:
            self.problem(
                "C522",
                tr(
                    "{where}: {labels} labels ({names}); the network needs {count}: --labels FILE",
                    where=claim.where,
                    labels=len(labels),
                    names=short(labels),
                    count=count,
                ),
                "--labels FILE",
            )
        write_labels(self.result, labels, claim.where)

    def without_labels(self, count: int, needed: bool) -> None:
        """Report that no file has labels. The only class of a network is called as the model."""
        if count == 1:
            title = self.result.title
            self.note("C552", tr("no labels found; the only class is called {title}, as the model", title=title))
            write_labels(self.result, [title], self.evidence.part.kmodel)
        elif needed and self.evidence.numbered(count) and not self.hints(count):
            self.note(
                "C660", tr("no labels found, and the script shows the numbers of the classes: they are the labels")
            )
            write_labels(self.result, [str(number) for number in range(count)], self.evidence.part.kmodel)
        elif needed:
            hints = self.hints(count)
            self.problem(
                "C521",
                tr(
                    "no labels found; expected {count}: give them with --labels FILE",
                    count=count or tr("one per class"),
                )
                + (tr(", for example {choices}", choices=", ".join(hints)) if hints else ""),
                f"--labels {hints[0]}" if len(hints) == 1 else "--labels FILE",
                hints,
            )

    def hints(self, count: int) -> list[str]:
        """Return lists of the right length in the model's scripts, of which it is not clear what they are."""
        lists = [(match.script.file, item) for match in self.evidence.part.matches for item in match.lists(count)]
        return list(dict.fromkeys(f"{file}:{item.line}" for file, item in lists))

    def detector(self, model: dict[str, Any], anchors: Claim | None) -> None:
        """Fill in the fields of a detector; report an output or anchors that do not fit."""
        count = self.network.classes(self.pairs or PAIRS) or self.stated_classes()
        if count is None and self.network.grid(self.pairs or PAIRS, 0):
            count = 0
        if count is not None and self.network.kmodel.version == 4 and not self.derived(count):
            model["outputs"] = [list(self.network.map or self.evidence.stated_output or ())]
        if count is None:
            channels = self.network.map[2] if self.network.map else self.network.elements
            self.problem(
                "C525",
                tr(
                    "the output ({channels} channels) does not fit a YOLOv2 detector with {pairs} anchor pairs: "
                    "expected {pairs} x (labels + 5)",
                    channels=channels,
                    pairs=self.pairs or PAIRS,
                ),
            )
        if anchors is None:
            self.problem(
                "C524",
                tr("a detector needs anchors: give them with --anchors 1.1,2.2,... in grid cells, or --anchors FILE"),
                "--anchors FILE",
            )
        if count != 0:
            self.labels(count or 0)
        if anchors is not None and anchors.value:
            model["anchors"] = self.cells(anchors, count)
        if self.pairs not in (0, PAIRS) and not board_code.forwards(model["kind"]):
            text = tr("{pairs} anchor pairs, not {expected}: the app decodes", pairs=self.pairs, expected=PAIRS)
            self.note("C526", text)

    def derived(self, count: int) -> bool:
        """Can the board find out the grid from the size of the output, so that model.json need not state it?"""
        width, height, _ = self.network.input or (0, 0, 0)
        pairs = self.pairs or PAIRS
        return board_code.kmodel_head().grid(width, height, self.network.elements, pairs, count) is not None

    def stated_classes(self) -> int | None:
        """Return the number of classes of the output that a script states; None if there is none or it does not fit."""
        shape, pairs = self.evidence.stated_output, self.pairs or PAIRS
        count = shape[2] // pairs - 5 if shape and shape[2] % pairs == 0 else 0
        return count if count > 0 else None

    def cells(self, anchors: Claim, count: int | None) -> list[float]:
        """Return the anchors in grid cells, which a script passes to the firmware, whatever they look like."""
        values: list[float] = anchors.value
        grid = self.network.grid(self.pairs, count) if count is not None else None
        # YOLOv3 has its anchors in pixels.
        if not grid or not self.network.input or board_code.forwards(self.result.model["kind"]):
            return values
        converted, text = in_cells(values, grid, self.network.input, anchors.where)
        if text and anchors.passed:
            self.note("C554", tr("{where}: unusual anchors, in cells from {least} to {most}; kept as they are",
                                 where=anchors.where, least=min(values), most=max(values)))  # fmt: skip
            return values
        if text:
            self.note("C527", text)
        return converted

    def scores(self, model: dict[str, Any], fields: dict[str, Any]) -> None:
        """Fill in the fields that decide which results the app shows, if the kind has them."""
        for name, asked in (("threshold", self.options.threshold), ("nms", self.options.nms)):
            if name in fields:
                value = self.number(name, asked, float(fields[name]))
                if value or fields[name]:  # 0 by default shows all
                    model[name] = value
        if "top" in fields:
            top = self.choose("top")
            model["top"] = self.options.top or (top.value if top else min(3, self.network.elements))
        if "softmax" in fields:
            model["softmax"] = self.softmax()

    def other(self, model: dict[str, Any], name: str) -> None:
        """Fill in a field that only its kind has, with the user's value or a file's. Otherwise the default applies."""
        if name in self.options.fields:
            model[name] = self.options.fields[name]
        elif name not in model:
            claim = self.choose(name)
            if claim:
                model[name] = claim.value

    def softmax(self) -> bool:
        """Return whether the app computes a softmax: from the user, a file, or the network's last layer."""
        softmax = self.options.softmax
        claim = self.choose("softmax")
        if softmax is None and claim:
            softmax = bool(claim.value)
        # The scores of a network that ends with a plain weighted sum do not add up to 1.
        if softmax is None:
            softmax = self.network.open_ended
            if softmax:
                self.note(
                    "C535",
                    tr("the network ends without a softmax, so the app computes one; --no-softmax prevents it"),
                )
        return softmax

    def number(self, name: str, asked: float | None, default: float) -> float:
        """Return the user's value of a field, a file's, or the default. The nearest file wins, then the newest."""
        claims = strongest(self.evidence.claims.get(name, []))
        if asked is not None or not claims:
            return default if asked is None else asked
        others = [claim for claim in claims if claim.value != claims[0].value]
        if others:
            listed = "; ".join(f"{claim.where}: {claim.value}" for claim in others)
            self.note(
                "C551",
                tr("{field} {value} of {where} was used, not {listed}", field=name, value=claims[0].value,
                   where=claims[0].where, listed=listed)
            )  # fmt: skip
        return float(claims[0].value)
