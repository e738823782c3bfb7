"""The options of an import, as the command line gives them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from maixswitch import board_code
from maixswitch.errors import EXIT_USAGE
from maixswitch.language import tr

from .messages import Refusal

MAX_TITLE = 32


@dataclass(frozen=True)
class ImportOptions:
    """The user's choices. None and "" leave the decision to the files and the network.

    labels: a file, or the name of a file of the source.
    anchors: numbers with commas between them, a file, or the name of a file of the source.
    input: width, height and channels that the network must have.
    fields: values for the fields that a kind adds to model.json.
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

    def check(self) -> None:
        """Raise Refusal (usage) for a value that no model could have."""
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
