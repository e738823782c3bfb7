"""Uses of the same load on several paths into one, as far as they do not contradict each other."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

from .reading import DetectorCall, LabelUse, ModelUse
from .values import Use

Guesses = dict[tuple[int, "str | int | None"], dict[LabelUse, None]]
"""For the line and model of a use, the lists that may be its labels."""


def finished(use: Use, doubtful: bool) -> ModelUse:
    """Return what was learnt about a use."""
    labels = sorted(use.labels, key=_named_files)
    return ModelUse(
        model=use.model,
        line=use.line,
        function=use.function,
        detector=use.detector,
        runs=frozenset(use.runs),
        outputs=tuple(use.outputs),
        layers=use.layers,
        labels=labels[0] if labels else None,
        other_labels=tuple(labels[1:]),
        floor=use.floor,
        picture=use.picture,
        doubtful=doubtful,
        behind=use.behind.line if use.behind else 0,
        upright=use.upright,
        growth=use.behind.growth if use.behind and not use.upright else 0.0,
        sigmoid=use.sigmoid,
        numbered=use.numbered,
        limit=use.limit,
    )


def _named_files(labels: LabelUse) -> bool:
    """Pictures or sounds that belong to the classes are no labels, if there are others."""
    return all("." in text[-5:] or text.startswith("/") for text in labels.value)


def merged(uses: list[ModelUse]) -> tuple[ModelUse, ...]:
    """Return the uses of all paths without those that say nothing new, in the order of their first appearance."""
    kept: list[ModelUse] = []
    # What is certain comes first, so that doubtful paths only fill its gaps.
    for use in sorted(uses, key=lambda item: item.doubtful):
        same = [n for n, other in enumerate(kept) if other.line == use.line and other.model == use.model]
        fitting = next((n for n in same if joined(kept[n], use) is not None), None)
        if fitting is not None:
            kept[fitting] = joined(kept[fitting], use) or kept[fitting]
        elif not (use.doubtful and any(not kept[n].doubtful for n in same)):
            kept.append(use)
    # A path that lost the model's name tells nothing if another path knows it.
    known = {use.line for use in kept if use.model is not None}
    kept = [use for use in kept if use.model is not None or use.line not in known]
    kept = _by_model(kept)
    # A load that is never used tells nothing if the same model is loaded and used elsewhere.
    used = {use.model for use in kept if use.detector or use.runs}
    return tuple(use for use in kept if use.detector or use.runs or use.model not in used)


def with_guesses(uses: tuple[ModelUse, ...], guesses: Guesses) -> tuple[ModelUse, ...]:
    """Return the uses, those without labels with the list that was guessed for them if no other model has it."""
    candidates: dict[int, LabelUse] = {}
    owners: dict[tuple[str, ...], set[object]] = {}
    for use in uses:
        for labels in (use.labels, *use.other_labels):
            if labels is not None:
                owners.setdefault(labels.value, set()).add(use.model)
    for number, use in enumerate(uses):
        lists = [item for key, items in guesses.items() if key[1] == use.model for item in items]
        lists = sorted({item.value: item for item in lists}.values(), key=_named_files)
        for item in lists:
            owners.setdefault(item.value, set()).add(use.model)
        if use.labels is None and lists and (len(lists) == 1 or len(uses) == 1):
            candidates[number] = lists[0]
    return tuple(
        replace(use, labels=candidates[number])
        if number in candidates and len(owners[candidates[number].value]) == 1
        else use
        for number, use in enumerate(uses)
    )


def _by_model(uses: list[ModelUse]) -> list[ModelUse]:
    """Return the uses with those of one model in one, where a script loads it at several lines with the same data."""
    kept: list[ModelUse] = []
    for use in uses:
        at = next((n for n, other in enumerate(kept) if use.model is not None and other.model == use.model), None)
        both = joined(kept[at], use) if at is not None else None
        if at is None or both is None:
            kept.append(use)
        else:
            # The load beside the detector's settings tells most.
            main = use if use.detector and not kept[at].detector else kept[at]
            doubtful = kept[at].doubtful and use.doubtful
            kept[at] = replace(both, line=main.line, function=main.function, doubtful=doubtful)
    return kept


def joined(one: ModelUse, other: ModelUse) -> ModelUse | None:
    """Return two uses of the same load as one, None if they contradict each other."""
    detector = _detectors(one.detector, other.detector)
    labels = _either(one.labels, other.labels)
    picture = _either(one.picture, other.picture)
    floor = _either(one.floor, other.floor)
    layers = _either(one.layers, other.layers)
    if one.picture and other.picture and picture is MISMATCH:
        # Another button or camera setting changes the picture only; the first path is the usual one.
        picture = one.picture
    if MISMATCH in (detector, layers):
        return None
    if labels is MISMATCH and one.labels and other.labels:
        # Two lists for one model: contradiction, unless both paths know both.
        if other.labels not in one.other_labels and one.labels not in other.other_labels:
            return None
        labels = one.labels
    others = tuple(dict.fromkeys(item for item in (*one.other_labels, *other.other_labels) if item != labels))
    return replace(
        one,
        detector=detector,
        runs=one.runs | other.runs,
        outputs=one.outputs + tuple(item for item in other.outputs if item not in one.outputs),
        layers=layers,
        labels=labels,
        other_labels=others,
        floor=one.floor if floor is MISMATCH else floor,
        picture=picture,
        behind=one.behind or other.behind,
        upright=one.upright if one.behind else other.upright,
        growth=one.growth or other.growth,
        sigmoid=one.sigmoid or other.sigmoid,
        numbered=one.numbered or other.numbered,
        limit=one.limit or other.limit,
    )


MISMATCH: Any = object()


def _either(one: Any, other: Any) -> Any:
    if one is None or other is None or one == other:
        return other if one is None else one
    return MISMATCH


def _detectors(one: DetectorCall | None, other: DetectorCall | None) -> Any:
    if one is None or other is None:
        return _either(one, other)
    values = {}
    for field in fields(DetectorCall):
        mine, theirs = getattr(one, field.name), getattr(other, field.name)
        value = _either(mine, theirs)
        if value is MISMATCH and field.name == "line":
            value = mine
        if value is MISMATCH:
            return MISMATCH
        values[field.name] = value
    return DetectorCall(**values)
