"""The options of an import, as the command line gives them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from maixswitch import board_code
from maixswitch.errors import EXIT_USAGE
from maixswitch.language import tr

from .messages import Refusal

MAX_TITLE = 32
MODEL_WORDS = ("title", "kind", "labels", "anchors", "threshold", "nms", "top")
"""The options that may name a model, as in `--labels face.kmodel=names.txt`."""
OF_ONE_MODEL = ("title", "labels", "anchors")


@dataclass(frozen=True)
class ImportOptions:
    """The user's choices. None and "" leave the decision to the files and the network.

    labels: a file, the name of a file of the source, or a line of a script there such as "main.py:13".
    anchors: numbers with commas between them, a file, or the name of a file of the source.
    input: width, height and channels that the network must have.
    fields: values for the fields that a kind adds to model.json.
    only: the models to import, as the user names them; () for all.
    models: for each model that an option names, the choices for it alone.
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
    fields: Mapping[str, Any] = field(default_factory=dict)
    only: tuple[str, ...] = ()
    models: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def for_model(self, names: Sequence[str]) -> ImportOptions:
        """Return the choices for the model that the user calls by these names, without those for other models."""
        own = {name: value for model in names for name, value in self.models[model].items()}
        return replace(self, **own, models={}, only=())

    def check(self) -> None:
        """Raise Refusal (usage) for a value that no model could have."""
        for model in self.models:
            self.for_model([model]).check()
        kinds = board_code.kinds()
        if self.kind and self.kind not in kinds:
            raise Refusal(
                "C541", tr("--kind {kind}: expected one of {kinds}", kind=self.kind, kinds=", ".join(kinds)), EXIT_USAGE
            )
        # Fields of any kind are allowed, because the kind may still come from the files.
        known = sorted({row[0] for kind in kinds.values() for row in kind.FIELDS})
        for name in self.fields:
            if name not in known:
                raise Refusal(
                    "C541", tr("--field {name}: expected one of {known}", name=name, known=", ".join(known)), EXIT_USAGE
                )
        # Check the limits of the board's reader here, so that the mistake appears before any file is read.
        if self.title and not (len(self.title) <= MAX_TITLE and self.title.strip() and self.title.isprintable()):
            raise Refusal(
                "C541",
                tr("--title {title}: expected 1 to {limit} characters", title=ascii(self.title), limit=MAX_TITLE),
                EXIT_USAGE,
            )

    def words(self) -> list[str]:
        """Return the choices as options of the command line, such as ["--kind=yolo2"]."""
        words = [f"--{name}={getattr(self, name)}" for name in MODEL_WORDS if getattr(self, name) not in ("", None)]
        if self.softmax is not None:
            words.append("--softmax" if self.softmax else "--no-softmax")
        return words


def from_words(words: Mapping[str, list[str]], **values: Any) -> ImportOptions:
    """Return the options of a command line.

    words: for each option that may name a model, its texts: "VALUE" or "MODEL=VALUE".
    values: the other fields of ImportOptions.
    Raises Refusal (usage) for a number that no model could have.
    """
    models: dict[str, dict[str, Any]] = {}
    general: dict[str, Any] = {}
    for name, texts in words.items():
        for text in texts:
            model, mark, value = text.partition("=")
            # A file may have the sign in its name.
            if not mark or not model or Path(text).is_file():
                general[name] = _value(name, text)
            else:
                models.setdefault(model, {})[name] = _value(name, value)
    return ImportOptions(**general, **values, models=models)


def _value(name: str, text: str) -> Any:
    """Return the value of an option as the type of its field."""
    types = {item.name: str(item.type) for item in fields(ImportOptions)}
    if types[name].startswith("str"):
        return text
    whole = types[name].startswith("int")
    least, most = (1, 10) if whole else (0, 1)
    try:
        value = int(text) if whole else float(text)
    except ValueError:
        value = -1
    if not least <= value <= most:
        raise Refusal(
            "C541",
            tr("--{option} {text}: expected {least} to {most}", option=name, text=text, least=least, most=most),
            EXIT_USAGE,
        )
    return value
