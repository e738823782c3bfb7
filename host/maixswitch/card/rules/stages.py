"""Rules about the stages of a model: what each needs from the detector's picture and from the stages before it."""

from __future__ import annotations

from collections.abc import Iterator

from maixswitch import board_code
from maixswitch.card.options import Options
from maixswitch.card.reading import Card, Model
from maixswitch.findings.finding import Finding, finding
from maixswitch.language import tr

POINTS = 5
"""Points that turn a face upright (device/once/hal_face.py)."""
FEATURES = 512
"""Numbers that kpu.face_encode of MaixPy takes (Maix_kpu.c)."""


def look(card: Card, options: Options) -> Iterator[Finding]:
    """Judge the stages of every model that the board's reader accepts."""
    for model in card.models:
        if model.spec is None or not model.spec.loadable:
            continue
        naming: list[Model] = []
        for at, stage in enumerate(model.stages):
            yield from points(stage, model.stages[:at])
            yield from colours(stage, model)
            yield from features(stage, options)
            yield from idle(stage)
            if board_code.kinds(stages=True)[stage.spec.kind].NAMES:
                naming.append(stage)
        for stage in naming[:-1]:
            last = naming[-1]
            yield finding("C653", stage.json, f"{stage.prefix}kind", str(stage.spec.kind),
                          f"{last.prefix}kind: {last.spec.kind}")  # fmt: skip


def upright(stage: Model) -> bool:
    """Does a stage take the face upright, for which another stage must find five points?"""
    return stage.spec.kind == "face" or bool(getattr(stage.spec, "upright", False))


def points(stage: Model, before: list[Model]) -> Iterator[Finding]:
    """Yield a finding if a stage takes a face upright and the last landmarks before it are not five points."""
    if not upright(stage):
        return
    wanted = tr('a stage "landmark" of 5 points before it')
    marks = [item for item in before if item.spec.kind == "landmark"]
    if not marks:
        yield finding("C650", stage.json, f"{stage.prefix}kind", str(stage.spec.kind), wanted)
        return
    kmodel = marks[-1].kmodel
    if kmodel is not None and kmodel.outputs[0].elements != 2 * POINTS:
        found = tr("{field}: {count} points", field=f"{marks[-1].prefix}kmodel",
                   count=kmodel.outputs[0].elements // 2)  # fmt: skip
        yield finding("C650", stage.json, f"{stage.prefix}kind", found, wanted)


def colours(stage: Model, model: Model) -> Iterator[Finding]:
    """Yield a finding if a stage takes colours and its part of the picture has none, or the other way round."""
    given = model.spec.channels
    # Only a part that is cut out of a picture in colours is made grey (device/once/stages.py).
    if stage.spec.channels != given and (upright(stage) or given == 1):
        found, wanted = (tr("{count} channels", count=count) for count in (stage.spec.channels, given))
        yield finding("C651", stage.json, f"{stage.prefix}input", found, wanted)


def features(stage: Model, options: Options) -> Iterator[Finding]:
    """Yield a finding if a network of faces has more numbers than the firmware packs."""
    kmodel = stage.kmodel
    names = [item.name for item in options.flavours if item.api == "maixpy"]
    # CanMV packs nothing; there the app does it, for any number.
    if stage.spec.kind == "face" and kmodel is not None and len(names) == len(options.flavours):
        count = kmodel.outputs[0].elements
        if count > FEATURES:
            yield finding("C654", stage.file, found=tr("{count} values", count=count),
                          wanted=tr("at most {count}", count=FEATURES), firmware=", ".join(names))  # fmt: skip


def idle(stage: Model) -> Iterator[Finding]:
    """Note the fields that a stage ignores because it takes the face upright instead of the box."""
    if upright(stage):
        for name, default in (("enlarge", 1), ("pixels", ())):
            if getattr(stage.spec, name) != default:
                yield finding("C655", stage.json, f"{stage.prefix}{name}")
