"""Everything that a report of a conversion says, before it is put into words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from maixswitch.convert.lower.layers import Quantised
from maixswitch.convert.lower.lower import Lowered
from maixswitch.kmodel.run.model import KModel

from .agreement import Agreement
from .answers import Answer, total
from .compare import Nearness
from .pixel_formulas import Formula, FormulaTrial


@dataclass
class Facts:
    """Everything that a report needs.

    nearness: of every float tensor, as the model's runtime computes it.
    other_runtimes: nearness of the outputs as other runtimes compute them; empty if only last digits can differ.
    answers: of both networks to the pictures that are compared.
    labels: names of the classes; may be empty.
    folders: names of the class folders of the pictures, sorted.
    skipped: number of files that are no pictures.
    calibrated, held_back: numbers of pictures.
    formula: of the pixels. formula_trial: of the usual formulas; None if no picture has a known class.
    noise, made_up: are the pictures noise, or made up because the file states its ranges?
    seconds: duration of the conversion.
    """

    network: Path
    output: Path
    quantised: Quantised
    lowered: Lowered
    model: KModel
    nearness: Mapping[str, Nearness]
    formula: Formula
    formula_trial: FormulaTrial | None = None
    answers: Sequence[Answer] = ()
    labels: Sequence[str] = ()
    folders: Sequence[str] = ()
    skipped: int = 0
    other_runtimes: Mapping[str, Mapping[str, Nearness]] = field(default_factory=dict)
    kind: str = ""
    calibrated: int = 0
    held_back: int = 0
    noise: bool = False
    made_up: bool = False
    seconds: float = 0.0
    notes: tuple[str, ...] = ()

    @property
    def agreement(self) -> Agreement | None:
        """How often both networks agree; None if no answer can be right or wrong."""
        return total(self.answers)

    @property
    def judged(self) -> bool:
        """Do the figures say anything about real pictures?"""
        return not (self.noise or self.made_up)

    def label(self, number: int) -> str:
        """Returns the name of a class: its label, or the name of the folder that stands for it, or its number."""
        names = self.labels or self.folders
        sure = bool(self.labels) or any(answer.truth is not None for answer in self.answers)
        return names[number] if sure and number < len(names) else str(number)
