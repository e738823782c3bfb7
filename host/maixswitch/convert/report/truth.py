"""Tells which class of the network each class folder of pictures stands for."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from maixswitch.language import tr

MOST_NAMED = 5


@dataclass(frozen=True)
class Truth:
    """The class of each folder.

    classes: number of the class by name of the folder; empty if it is not known.
    notes: what the user should know, such as folders that match no label.
    """

    classes: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def truth_of(folders: Sequence[str], labels: Sequence[str], classes: int) -> Truth:
    """Returns the class of each folder: the label of its name, or without labels its number in sorted order.

    folders: names, sorted. labels: may be empty. classes: of the network.
    """
    if not folders:
        return Truth()
    if labels:
        return _by_name(folders, labels)
    # A single folder only holds the pictures; it is no class.
    if len(folders) == 1:
        return Truth()
    # torchvision's ImageFolder and Keras number the classes in this order.
    if len(folders) == classes:
        return Truth({name: index for index, name in enumerate(folders)})
    note = tr(
        "{count} class folders, but the network has {classes} classes: with --labels FILE, folders are matched by name "
        "and the accuracy is shown",
        count=len(folders),
        classes=classes,
    )
    return Truth(notes=(note,))


def _by_name(folders: Sequence[str], labels: Sequence[str]) -> Truth:
    numbers: dict[str, list[int]] = {}
    for index, label in enumerate(labels):
        numbers.setdefault(plain(label), []).append(index)
    # A name that two labels share says nothing about the class.
    classes = {name: numbers[plain(name)][0] for name in folders if len(numbers.get(plain(name), [])) == 1}
    others = [name for name in folders if name not in classes]
    if not others:
        return Truth(classes)
    names = ", ".join(others[:MOST_NAMED]) + (" ..." if len(others) > MOST_NAMED else "")
    return Truth(classes, (tr("class folders that match no label, left out of the accuracy: {names}", names=names),))


def plain(name: str) -> str:
    """Returns a name without what differs between a folder and a label: case, blanks, underscores, hyphens."""
    return re.sub(r"[\s_-]+", "", name).casefold()
