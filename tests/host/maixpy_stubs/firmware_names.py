"""What dir() says in firmware images (tests/data/firmware_names.json), and in which images a name is."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

DATA: dict[str, Any] = json.loads(
    (Path(__file__).resolve().parents[2] / "data" / "firmware_names.json").read_text(encoding="utf-8")
)
IMAGES: list[dict[str, Any]] = DATA["images"]
MINIMUM = (
    "minimum",
    "minimum_with_ide_support",
    "minimum_with_kmodel_v4_support",
    "minimum_speech_with_ide_support",
)
FLAVOURS = (
    *MINIMUM,
    "openmv_kmodel_v4_with_ide_support",
    "full",
    "with_lvgl",
    "m5stickv",
    "amigo_tft",
    "amigo_minimum",
    "canmv_lite",
)


def names(reference: str) -> set[str]:
    """Return the names of a list of the data."""
    return set(DATA["lists"][reference].split())


def modules() -> set[str]:
    """Return the modules of all images."""
    return {name for image in IMAGES for name in names(image["modules"])}


def owners() -> dict[str, set[str]]:
    """Return the names of each module, class and object in any image or table of the firmware's source."""
    union: dict[str, set[str]] = {}
    for lists in [*(image["names"] for image in IMAGES), DATA["tables"]]:
        for owner, reference in lists.items():
            union.setdefault(owner, set()).update(names(reference))
    return union


def where_module(name: str) -> str:
    """Return what the table says about a module: "" if all images have it."""
    return _where([(image, name in names(image["modules"])) for image in IMAGES])


def where_name(owner: str, name: str) -> str:
    """Return what the table says about a name of an owner, for the images that have the owner."""
    return _where([(image, name in names(image["names"][owner])) for image in IMAGES if owner in image["names"]])


def _number(version: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", version)))


def _short(flavours: Iterable[str]) -> str:
    flavours = list(flavours)
    if set(MINIMUM) <= set(flavours):
        flavours = ["minimum*", *(flavour for flavour in flavours if flavour not in MINIMUM)]
    return ", ".join(flavours)


def _where(seen: list[tuple[dict[str, Any], bool]]) -> str:
    """Return the flavours and the first version that have a name.

    seen: the images, and whether each has the name.
    """
    if all(has for _, has in seen):
        return ""
    if {image["flavour"] for image, has in seen if has} == {"canmv_lite"}:
        return "only canmv_lite"
    first = min((image["version"] for image, has in seen if has), key=_number)
    newest: dict[str, tuple[tuple[int, ...], bool]] = {}
    for image, has in seen:
        newest[image["flavour"]] = max(newest.get(image["flavour"], ((), False)), (_number(image["version"]), has))
    with_it = [flavour for flavour in FLAVOURS if newest.get(flavour, ((), False))[1]]
    lacking = {flavour: version for flavour, (version, has) in newest.items() if not has}
    # A flavour whose newest image is older than the name says nothing about the name.
    without = [flavour for flavour in FLAVOURS if flavour in lacking and lacking[flavour] >= _number(first)]
    came_later = len(without) < len(lacking) or any(
        not has and image["flavour"] in with_it and _number(image["version"]) < _number(first) for image, has in seen
    )
    parts = []
    if without:
        parts.append(f"only {_short(with_it)}" if len(with_it) <= len(without) else f"not {_short(without)}")
    if came_later:
        parts.append(f"since {first}")
    if parts:
        return "; ".join(parts)
    # The name went and came back.
    gone = sorted(
        {image["version"] for image, has in seen if not has and image["flavour"] != "canmv_lite"}, key=_number
    )
    return f"not in {gone[0]}" + (f" to {gone[-1]}" if len(gone) > 1 else "")
