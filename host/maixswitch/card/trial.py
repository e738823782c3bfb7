"""`maixswitch check --run`: run each model on the fakes or on a firmware image, for one picture of the drawn scene."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from maixswitch import board_code
from maixswitch.card.json_text import BOM
from maixswitch.card.options import Options
from maixswitch.card.reading import LARGEST, MODELS, Card, Model
from maixswitch.card.rules.fit import verdicts
from maixswitch.card.rules.kmodel import takes_picture
from maixswitch.errors import MaixSwitchError
from maixswitch.findings.finding import Finding, finding
from maixswitch.k210.require import require_unicorn
from maixswitch.kmodel.judge.firmware import Firmware
from maixswitch.language import tr
from maixswitch.link.extras import extra_lines
from maixswitch.sim.board_class import board_class
from maixswitch.sim.board_options import BoardOptions

LONGEST_MS = 20_000
"""Board time: enough to load the largest file from a slow card and to run one frame of a slow network."""
CROWD = re.compile(r"found (\d+) boxes, its array holds (\d+)")
"""The fake's words when a detector finds more boxes than run_yolo2 of MaixPy has room for (stubs/KPU.py)."""
THRESHOLDS = (0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)


def run_all(card: Card, options: Options, broken: Collection[str]) -> list[Finding]:
    """Return a finding for every model that can run: its answer, or why it failed.

    Bare files are left out, because the meaning of their outputs is unknown.

    broken: the `place` of each model that has an error already; they are left out.
    Raises MaixSwitchError (usage) if a firmware is an image and Unicorn is missing.
    """
    if any(firmware.file for firmware in options.flavours):
        require_unicorn()
    results = [item for model in card.models if model.place not in broken for item in _try(card, model, options)]
    # A run may have changed to the fakes of CanMV, and the card was read with those of MaixPy.
    card.select()
    return results


def _try(card: Card, model: Model, options: Options) -> Iterator[Finding]:
    firmware = chosen(model, options)
    if model.spec is None or not model.spec.loadable or firmware is None:
        return
    with tempfile.TemporaryDirectory(prefix="maixswitch-check-") as scratch:
        # Copy this model alone: the first model starts without a press of the button, and the app writes its choice
        # onto the copy and not onto the user's card.
        folder = card.path if card.kind == "model" else card.path / model.place
        _copy(folder, Path(scratch, MODELS, model.folder))
        # A model for the flash chip has a copy beside model.json; without one there was nothing to choose by.
        flash = {
            part.spec.kmodel[0]: part.data for part in (model, *model.stages) if isinstance(part.spec.kmodel, tuple)
        }
        fault, answers = run_one(Path(scratch), options.board, firmware.name, flash)
        crowd = CROWD.search(fault)
        advice = ""
        if crowd is not None:
            fault = crowded(model, crowd)
            advice = enough(Path(scratch), model, options.board, firmware.name, flash)
    ran_on = firmware.file or tr("the fakes of {firmware}", firmware=firmware.name)
    if fault:
        yield finding("C220", model.place, found=fault, wanted=advice, ran_on=ran_on)
    else:
        yield finding("C221", model.place, found=answers or tr("nothing in it"), ran_on=ran_on)


def chosen(model: Model, options: Options) -> Firmware | None:
    """Return the first firmware that the model fits and that gives it a picture, None if there is none."""
    kmodel = model.kmodel
    if kmodel is None:
        return None
    fitting = [item.firmware for item in verdicts(model, options) if item.verdict.fits]
    return next((firmware for firmware in fitting if takes_picture(kmodel, firmware)), next(iter(fitting), None))


def crowded(model: Model, crowd: re.Match[str]) -> str:
    """Return why a detector crashes the chip, in the user's language. crowd: the match of CROWD."""
    return tr(
        "with threshold {threshold} there are {count} boxes in the drawn scene, and the firmware's array has room for "
        "{most}: the chip crashes",
        threshold=model.spec.threshold,
        count=crowd[1],
        most=crowd[2],
    )


def enough(card: Path, model: Model, board: str, firmware: str, flash: Mapping[int, bytes]) -> str:
    """Return which threshold is enough for one picture of the drawn scene, as advice.

    card: a folder with the model alone, which may be changed.
    """
    path = card / MODELS / model.folder / "model.json"
    fields = board_code.firmware_json().loads(path.read_bytes().removeprefix(BOM))
    for threshold in THRESHOLDS:
        if threshold > model.spec.threshold:
            path.write_text(json.dumps({**fields, "threshold": threshold}), encoding="utf-8")
            if not CROWD.search(run_one(card, board, firmware, flash)[0]):
                return tr('a higher "threshold", such as {threshold}', threshold=threshold)
    return tr("another network: no threshold up to {threshold} is enough", threshold=THRESHOLDS[-1])


def run_one(card: Path, board: str, firmware: str, flash: Mapping[int, bytes] | None = None) -> tuple[str, str]:
    """Return (fault, answers) of the only model on a card after one frame. The fault is "" if there was none.

    firmware: a flavour, which the fakes imitate, or the path of an image, which the virtual K210 runs.
    flash: contents of the flash chip, by address.
    """

    def ignore(*_: Any) -> None:
        """Ignore the app's reports: its state is asked for instead."""

    sim = board_class(firmware)(BoardOptions(card, board, firmware, flash=flash or {}), ignore)
    try:
        sim.power_on()
        # The limit counts board time, because a slow PC must not make a model fail.
        while not sim.looked and not sim.ended and sim.now < LONGEST_MS:
            sim.step()
            if sim.fault[0]:
                break
        fault = sim.ended or sim.fault[1]
        if not fault and not sim.looked:
            fault = tr("no answer within {seconds} s of board time", seconds=LONGEST_MS // 1000)
        # No detection is a success, too: the drawn scene may hold nothing that the network knows.
        rows = [f"{label} {score:.2f}" for label, score in sim.detections()]
        answers = ", ".join([*rows, *extra_lines(sim.extras())])
        return fault, answers
    except MaixSwitchError as error:
        return error.message, ""
    except sim.crashes as error:  # what would have crashed the chip, which is no Exception
        return f"{type(error).__name__}: {error}", ""


def _copy(source: Path, target: Path) -> None:
    """Copy the files of a model's folder that the board could read."""
    target.mkdir(parents=True)
    for path in source.iterdir():
        with suppress(OSError):  # The board could not read this file either, and will say so.
            if path.is_file() and path.stat().st_size <= LARGEST:
                shutil.copyfile(path, target / path.name)
