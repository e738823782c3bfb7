"""A draft, the network itself and the user's options become a model folder, or a list of what stands in the way."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from maixswitch.errors import EXIT_IO, MaixSwitchError
from maixswitch.language import tr

from .draft import Claim, Draft
from .labels import read_anchors, read_labels
from .network import PAIRS, Network, read_network
from .remark import Refusal, Remark
from .source import MAX_MODEL, MAX_TEXT

KINDS = ("classifier", "yolo2")
MAX_TITLE = 32
INLINE = 24
"""So many labels stand in model.json itself; more go into labels.txt, which costs the board less memory."""
INLINE_BYTES = 1000
SHOWN = 4
GENERIC = ("m", "model", "det", "cls", "yolov2", "yolo", "kmodel", "detector", "classifier", "best", "final")
MEANINGLESS = re.compile(r"model-\d+$|[0-9a-f]{12,}(_|$)|YOLO_best|maixhub_.*result", re.IGNORECASE)


@dataclass(frozen=True)
class Wishes:
    """The options of the command line; None and "" leave it to the files.

    ``labels``: a file, or the name of one of the source's own; ``anchors``: numbers with commas, a file, or a name.
    """

    title: str = ""
    kind: str = ""
    labels: str = ""
    anchors: str = ""
    input: tuple[int, int, int] | None = None
    threshold: float | None = None
    nms: float | None = None
    softmax: bool | None = None
    top: int | None = None


@dataclass
class Ready:
    """One model, decided: ``model`` is model.json, ``files`` what lies beside it. Not to be used while ``problems``."""

    draft: Draft
    network: Network
    model: dict[str, Any] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    notes: list[Remark] = field(default_factory=list)
    problems: list[Remark] = field(default_factory=list)

    labels: int = 0

    @property
    def title(self) -> str:
        return str(self.model["title"])


def resolve(draft: Draft, wishes: Wishes) -> Ready:
    """Decides every field of model.json; Refusal when the .kmodel itself cannot be used.

    What the files contradict each other about is a problem until an option decides it; what the network itself says
    (input, number of classes) is taken from it, whatever the files say.
    """
    part = draft.part
    data = part.source.read(part.kmodel, MAX_MODEL)
    try:
        network = read_network(data)
    except MaixSwitchError as error:
        raise Refusal("C504", tr("{file}: {reason}", file=part.kmodel, reason=error.message)) from error
    ready = Ready(draft, network, notes=list(draft.notes))
    if network.turned:
        said = tr("the words of the kmodel were swapped, for load_flash; turned round for the card")
        ready.notes.append(Remark("C507", said))
    _Resolver(ready, draft, network, wishes).run()
    return ready


class _Resolver:
    def __init__(self, ready: Ready, draft: Draft, network: Network, wishes: Wishes) -> None:
        self.ready = ready
        self.draft = draft
        self.network = network
        self.wishes = wishes
        self.pairs = 0

    def problem(self, code: str, text: str) -> None:
        self.ready.problems.append(Remark(code, text))

    def note(self, code: str, text: str) -> None:
        self.ready.notes.append(Remark(code, text))

    def run(self) -> None:
        model: dict[str, Any] = {"schema": 1, "title": self.title(), "kind": ""}
        name = kmodel_name(self.draft.part.stem)
        model["kmodel"] = name
        self.ready.files[name] = self.network.data
        self.ready.model = model
        if len(self.network.kmodel.outputs) != 1:
            count = len(self.network.kmodel.outputs)
            self.problem(
                "C530",
                tr("the network has {count} outputs; wanted one, of a classifier or YOLOv2 detector", count=count),
            )
            return
        anchors = self.anchors()
        model["kind"] = kind = self.kind(anchors)
        size = self.input()
        if kind not in KINDS or size is None:
            return
        model["input"] = list(size)
        if kind == "yolo2":
            self.detector(model, anchors)
        else:
            self.classifier(model)

    def title(self) -> str:
        if self.wishes.title:
            return self.wishes.title
        said = self.draft.said_title.strip()
        if said and said.isprintable():
            return said[:MAX_TITLE].strip()
        part = self.draft.part
        stems = [part.stem, self.draft.title, part.kmodel.rpartition("/")[0].rpartition("/")[2], part.source.stem]
        for stem in stems:
            if stem and stem.lower() not in GENERIC and not MEANINGLESS.match(stem):
                return clean_title(stem)
        return clean_title({"yolo2": "Detector"}.get(self.wishes.kind, "Model"))

    def choose(self, name: str, claims: list[Claim], wish: str = "") -> Claim | None:
        """The claim to go by: the one that the user named, or the only one that differs from no other."""
        if wish:
            claims = [claim for claim in claims if claim.called(wish)]
        if not claims:
            return None
        if any(claim.value != claims[0].value for claim in claims):
            listed = "; ".join(f"{claim.where}: {_short(claim.value)}" for claim in claims)
            wanted = self.wanted() if name == "labels" else ""
            places = list(dict.fromkeys(claim.place.rpartition("/")[2] for claim in claims))
            if len(places) == 1:
                places = [claim.where.rpartition("/")[2] for claim in claims]
            self.problem(
                "C520",
                tr(
                    "the files disagree about {field}: {listed}{wanted}. Decide with --{field} {choice}",
                    field=name,
                    listed=listed,
                    wanted=wanted,
                    choice=self.choice(name, claims, places),
                ),
            )
            return claims[0] if not self.count() else None
        return claims[0]

    def choice(self, name: str, claims: list[Claim], places: list[str]) -> str:
        if name in ("labels", "anchors"):
            return tr(" or --{field} ", field=name).join(places)
        values = list(dict.fromkeys(_short(claim.value) for claim in claims))
        return tr(" or --{field} ", field=name).join(values)

    def count(self) -> int:
        """How many labels the network wants, 0 when it cannot be told."""
        kind = self.ready.model.get("kind")
        if kind == "classifier":
            return self.network.elements
        return self.network.classes(self.pairs or PAIRS) or 0

    def wanted(self) -> str:
        count = self.count()
        return tr("; the network wants {count}", count=count) if count else ""

    def from_user(self, option: str, wish: str, read: Any) -> Claim | None:
        """The claim that a file named on the command line makes; None when there is no such file."""
        path = Path(wish)
        try:
            if not path.is_file():
                return None
            with path.open("rb") as file:
                data = file.read(MAX_TEXT + 1)
        except (OSError, ValueError) as error:
            raise Refusal("C541", tr("--{option} {path}: cannot be read", option=option, path=wish), EXIT_IO) from error
        value = read(data) if len(data) <= MAX_TEXT else None
        if value is None:
            self.problem("C541", tr("--{option} {path}: no list of {option} is in it", option=option, path=wish))
            return Claim([], wish)
        return Claim(value, wish)

    def pick(self, name: str, wish: str, claims: list[Claim], read: Any) -> Claim | None:
        """The claim for a list: of the source's file that the user named, of another file, or of the source alone."""
        if not wish or any(claim.called(wish) for claim in claims):
            return self.choose(name, claims, wish)
        found = self.from_user(name, wish, read)
        if found is None:
            places = ", ".join(claim.where for claim in claims) or tr("none")
            self.problem(
                "C541",
                tr(
                    "--{option} {path}: no such file, and no source of that name (there is: {places})",
                    option=name,
                    path=wish,
                    places=places,
                ),
            )
            return Claim([], wish)
        return found

    def anchors(self) -> Claim | None:
        claims = self.draft.claims.get("anchors", [])
        relative = self.draft.relative
        wish = self.wishes.anchors
        if wish and re.fullmatch(r"[-+\d.,;\s()\[\]eE]+", wish):
            values = read_anchors(wish.encode())
            if values is None:
                self.problem("C541", tr("--anchors {text}: wanted pairs of numbers above 0, with commas", text=wish))
            found: Claim | None = Claim(values or [], "--anchors")
        else:
            found = self.pick("anchors", wish, claims + relative, read_anchors)
        self.pairs = len(found.value) // 2 if found else 0
        return found

    def kind(self, anchors: Claim | None) -> str:
        if self.wishes.kind:
            return self.wishes.kind
        claims = self.draft.claims.get("kind", [])
        if claims:
            chosen = self.choose("kind", claims)
            said = str(chosen.value) if chosen else ""
            if said == "classifier" and self.network.map:
                self.note(
                    "C534", tr("{where} calls it a classifier, but its output is a map of cells", where=claims[0].where)
                )
                return "yolo2"
            return said
        if self.network.map or (anchors is not None and self.network.classes(self.pairs)):
            return "yolo2"
        if anchors is not None:
            self.note("C528", tr("{where}: not used, the network is no detector", where=anchors.where))
        return "classifier"

    def input(self) -> tuple[int, int, int] | None:
        size, wish = self.network.input, self.wishes.input
        if size is None or size[2] not in (1, 3):
            self.problem(
                "C531", tr("the network takes {found}; wanted one picture of 1 or 3 channels", found=self.network.takes)
            )
            return None
        if wish and wish != size:
            self.problem(
                "C532",
                tr("--input {wish}: the network takes {size}", wish="x".join(map(str, wish)), size=self.network.takes),
            )
        for claim in self.draft.claims.get("input", []):
            if claim.value != size[:2]:
                said = "x".join(map(str, claim.value))
                self.note(
                    "C533",
                    tr(
                        "{where} says {said}, the network takes {size}",
                        where=claim.where,
                        said=said,
                        size=self.network.takes,
                    ),
                )
        return size

    def labels(self, count: int) -> None:
        claim = self.pick("labels", self.wishes.labels, self.draft.claims.get("labels", []), read_labels)
        if claim is None:
            if not any("--labels" in remark.text for remark in self.ready.problems):
                wanted = count or tr("one a class")
                self.problem("C521", tr("no labels found; wanted: {count}, with --labels FILE", count=wanted))
            return
        labels = claim.value
        if labels and count and len(labels) != count:
            self.problem(
                "C522",
                tr(
                    "{where}: {found} labels ({names}); the network wants {count}: --labels FILE",
                    where=claim.where,
                    found=len(labels),
                    names=_short(labels),
                    count=count,
                ),
            )
        long = [label for label in labels if len(label) > 64 or not label.isprintable()]
        if long:
            self.problem(
                "C523",
                tr(
                    "{where}: label {label}: wanted 1 to 64 characters that can be printed",
                    where=claim.where,
                    label=ascii(long[0][:40]),
                ),
            )
        self.ready.labels = len(labels)
        text = "\n".join(labels) + "\n"
        if len(labels) <= INLINE and len(text.encode()) <= INLINE_BYTES:
            self.ready.model["labels"] = list(labels)
        else:
            self.ready.model["labels"] = "labels.txt"
            self.ready.files["labels.txt"] = text.encode()

    def detector(self, model: dict[str, Any], anchors: Claim | None) -> None:
        count = self.network.classes(self.pairs or PAIRS)
        if count is None:
            channels = self.network.map[2] if self.network.map else self.network.elements
            self.problem(
                "C525",
                tr(
                    "the output ({channels} channels) is none of a YOLOv2 detector with {pairs} anchor pairs: wanted "
                    "{pairs} x (labels + 5)",
                    channels=channels,
                    pairs=self.pairs or PAIRS,
                ),
            )
        if anchors is None:
            self.problem(
                "C524", tr("a detector without anchors; wanted: --anchors 1.1,2.2,... in grid cells, or a file")
            )
        self.labels(count or 0)
        if anchors is not None and anchors.value:
            model["anchors"] = self.cells(anchors, count)
        if self.pairs not in (0, PAIRS):
            self.note(
                "C526",
                tr("{pairs} anchor pairs: MaixPy takes exactly {wanted}, only CanMV takes others",
                   pairs=self.pairs, wanted=PAIRS)
            )  # fmt: skip
        model["threshold"] = self.number("threshold", self.wishes.threshold, 0.5)
        model["nms"] = self.number("nms", self.wishes.nms, 0.3)

    def cells(self, anchors: Claim, count: int | None) -> list[float]:
        """Anchors in grid cells; fractions of the picture, none of which is above 1, are multiplied by the grid."""
        values: list[float] = anchors.value
        grid = self.network.grid(self.pairs, count) if count else None
        if max(values) > 1 or not grid:
            return values
        turned = [round(value * grid[at % 2], 6) for at, value in enumerate(values)]
        self.note(
            "C527",
            tr(
                "{where}: anchors are fractions of the picture; multiplied by the grid of {columns}x{rows} cells",
                where=anchors.where,
                columns=grid[0],
                rows=grid[1],
            ),
        )
        return turned

    def classifier(self, model: dict[str, Any]) -> None:
        self.labels(self.network.elements)
        threshold = self.number("threshold", self.wishes.threshold, 0.0)
        if threshold:
            model["threshold"] = threshold
        top = self.choose("top", self.draft.claims.get("top", []))
        model["top"] = self.wishes.top or (top.value if top else min(3, self.network.elements))
        softmax = self.wishes.softmax
        said = self.choose("softmax", self.draft.claims.get("softmax", []))
        if softmax is None and said:
            softmax = bool(said.value)
        if softmax is None:
            softmax = self.network.open_ended
            if softmax:
                self.note(
                    "C535", tr("the network ends without a softmax, so the app takes one (--no-softmax: it does not)")
                )
        model["softmax"] = softmax

    def number(self, name: str, wish: float | None, default: float) -> float:
        if wish is not None:
            return wish
        claim = self.choose(name, self.draft.claims.get(name, []))
        return float(claim.value) if claim else default


def clean_title(text: str) -> str:
    """A title out of a file's name: blanks for underscores, printable, 32 characters at most."""
    text = "".join(c if c.isprintable() else " " for c in text.replace("_", " "))
    return " ".join(text.split())[:MAX_TITLE].strip() or "Model"


def kmodel_name(stem: str) -> str:
    """A name for the model's file that the card can hold: ASCII, 40 characters at most."""
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", stem).strip("-")[:40]
    return f"{plain or 'model'}.kmodel"


def _short(value: Any) -> str:
    """A claim's value in few words."""
    if isinstance(value, (list, tuple)):
        listed = ", ".join(str(item)[:20] for item in value[:SHOWN]) + (", ..." if len(value) > SHOWN else "")
        return f"{len(value)} ({listed})"
    return str(value)
