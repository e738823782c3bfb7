"""Which class of the model each class of a data set is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from maixswitch.convert.report.truth import plain
from maixswitch.errors import EXIT_USAGE, MaixSwitchError
from maixswitch.language import tr

MOST_NAMED = 5


@dataclass(frozen=True)
class Naming:
    """numbers: class of the data set -> index of the model's label. notes: what the user should know."""

    numbers: Mapping[str, int]
    notes: tuple[str, ...] = field(default=())


def naming(
    used: Sequence[str], order: Sequence[str], labels: Sequence[str], renamed: Mapping[str, str], numbered: bool
) -> Naming:
    """Return which label each class is.

    used: the classes of the data set. order: those that it states in an order, such as data.yaml.
    labels: of the model; () for a detector of one thing.
    renamed: class of the data set -> label, as the user said.
    numbered: whether the order of the data set may stand for that of the labels, if no name is the same.
    Raises MaixSwitchError (usage) if no class is known, or for a renaming to no label.
    """
    notes: list[str] = []
    if not labels:
        if len(used) > 1:
            notes.append(tr("the model has one class: all {count} classes of the data count as it", count=len(used)))
        return Naming(dict.fromkeys(used, 0), tuple(notes))
    known: dict[str, int] = {}
    for index, label in enumerate(labels):
        known.setdefault(plain(label), index)
    for name, label in renamed.items():
        if plain(label) not in known:
            raise MaixSwitchError(
                tr("--same {name}={label}: the model has no label {label}; it has {labels}",
                   name=name, label=label, labels=_listed(labels)),
                EXIT_USAGE,
            )  # fmt: skip
    wanted = {plain(name): label for name, label in renamed.items()}
    numbers = {
        name: known[plain(wanted.get(plain(name), name))]
        for name in used
        if plain(wanted.get(plain(name), name)) in known
    }
    # A label file may have numbers only. Then they are positions, whatever the labels are called.
    if not numbers and all(name.isdigit() and int(name) < len(labels) for name in used):
        return Naming({name: int(name) for name in used}, tuple(notes))
    if not numbers and numbered and len(order) == len(labels):
        notes.append(tr("no class of the data has the name of a label: they are taken in their order"))
        return Naming({name: index for index, name in enumerate(order)}, tuple(notes))
    if not numbers:
        raise MaixSwitchError(
            tr("the data has the classes {used}, the model {labels}: none is the same. Say which are, with "
               "--same CLASS=LABEL", used=_listed(used), labels=_listed(labels)),
            EXIT_USAGE,
        )  # fmt: skip
    others = [name for name in used if name not in numbers]
    if others:
        notes.append(tr("classes that the model does not know, left out: {names}", names=_listed(others)))
    return Naming(numbers, tuple(notes))


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:MOST_NAMED]) + (", ..." if len(names) > MOST_NAMED else "")
