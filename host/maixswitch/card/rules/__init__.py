"""The rules of `maixswitch check`, one module per subject. Each has look(card, options), which yields findings.

A new rule is a function in one of these modules and a row in the table of findings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from maixswitch.card.options import Options
from maixswitch.card.reading import Card
from maixswitch.card.rules import app, camera, detector, fit, flash, folders, kmodel, medium, settings, stages, text
from maixswitch.findings.finding import Finding

Look = Callable[[Card, Options], Iterator[Finding]]

LOOKS: tuple[Look, ...] = (
    app.look,
    settings.look,
    folders.look,
    kmodel.look,
    detector.look,
    fit.look,
    flash.look,
    stages.look,
    camera.look,
    text.look,
    medium.look,
)
