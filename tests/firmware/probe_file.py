"""The probes: what a program says to the firmware's modules, and what the firmware answers.

The files of `probes/` are the contract of the fakes. Every run of the tests puts them to the fakes, and
`make firmware FIRMWARE=DIR` puts them to real images. The format, line by line:

    # a comment
    == a name                   a group: a new board, with the card of `card.py`
    : on minimum*, >=v0.6.2-18  only for these; see `holds`
    : needs iris_v4.kmodel      only where the shared models are at hand; the file is on the card
    import image                the set-up: any statements up to the first probe
    >>> image.Image(size=(0, 0)).width()
    320                         what was printed, then the value unless it is None; ... stands for any text
    >>> image.Image(5)
    : on v0.6.2-72              only here
    : fakes differ: REASON      stubs/README.md states it; the test fails as soon as they agree
    HardFault                   the chip crashes or hangs; the set-up runs again on a new board
    >>> image.Image("x.png")
    OSError: 2                  an exception and its arguments

A statement is one line. Empty lines do not count, in the file and in an answer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path

import flavours

FOLDER = Path(__file__).parent / "probes"
CRASH = "HardFault"


@dataclass
class Probe:
    """A statement and the firmware's answer."""

    statement: str
    line: int
    on: list[str] = field(default_factory=list)
    fakes_differ: str = ""
    lines: list[str] = field(default_factory=list)

    @property
    def expected(self) -> str:
        """The answer, as `normal` returns it."""
        return normal("\n".join(self.lines))


@dataclass
class Group:
    """Probes that share a board and a set-up."""

    name: str
    file: str
    on: list[str] = field(default_factory=list)
    needs: list[str] = field(default_factory=list)
    set_up: list[str] = field(default_factory=list)
    probes: list[Probe] = field(default_factory=list)


def normal(text: str) -> str:
    """Return an answer without carriage returns, empty lines and blanks at the ends of lines."""
    lines = [line.rstrip() for line in text.replace("\r", "").split("\n")]
    return "\n".join(line for line in lines if line)


def agrees(expected: str, answer: str) -> bool:
    """Return whether an answer is the expected one, in which "..." stands for any text."""
    pattern = ".*".join(re.escape(part) for part in expected.split("..."))
    return re.fullmatch(pattern, normal(answer), re.DOTALL) is not None


def read(path: Path) -> list[Group]:
    """Read a file of probes. Raises ValueError with the number of a line that has no place in it."""
    groups: list[Group] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip() or line.startswith("# "):
            continue
        if line.startswith("== "):
            groups.append(Group(line[3:].strip(), path.stem))
            continue
        if not groups:
            raise ValueError(f"{path.name}:{number}: expected a group (== NAME), found {line!r}")
        group = groups[-1]
        if line.startswith(">>> "):
            group.probes.append(Probe(line[4:], number))
        elif line.startswith(": "):
            key, _, rest = line[2:].partition(" ")
            owner = group.probes[-1] if group.probes else group
            if key == "on":
                owner.on = [item.strip() for item in rest.split(",")]
            elif key == "needs" and owner is group:
                group.needs = rest.split()
            elif rest.startswith("differ: ") and owner is not group:
                group.probes[-1].fakes_differ = rest[8:].strip()
            else:
                raise ValueError(f"{path.name}:{number}: unknown line {line!r}")
        elif group.probes:
            group.probes[-1].lines.append(line)
        else:
            group.set_up.append(line)
    return groups


def groups() -> list[Group]:
    """Return the groups of all files, in the order of their names."""
    return [group for path in sorted(FOLDER.glob("*.txt")) for group in read(path)]


def holds(on: list[str], row: tuple) -> bool:  # type: ignore[type-arg]
    """Return whether a row of `flavours` is one of these; an empty list means all of MaixPy.

    An item is a flavour with wildcards ("minimum*", "canmv*"), a version ("v0.6.2-72"), the first or the last version
    (">=v0.6.2-18", "<v0.6.2-18"), or a column that is true ("v4", "threads", "blobs"), or false with "no-" before it.
    Flavours are alternatives, and so are versions; each other item must hold.
    """
    version = flavours.version_of(row)
    names: list[bool] = []
    versions: list[bool] = []
    rest: list[bool] = []
    for item in on:
        compared = re.fullmatch(r"(>=|<|)(v[0-9]+\..*)", item)
        column = item.removeprefix("no-").upper()
        if compared:
            of_item = flavours.parse(compared[2])
            sign = compared[1]
            if version is None:
                versions.append(False)
            elif sign:
                rest.append(version >= of_item if sign == ">=" else version < of_item)
            else:
                versions.append(version == of_item)
        elif column in ("V4", "THREADS", "IDE", "FONT", "BLOBS"):
            rest.append(bool(row[getattr(flavours, column)]) != item.startswith("no-"))
        else:
            names.append(fnmatch(row[flavours.NAME], item))
    if not names:
        names.append(version is not None)
    return any(names) and (not versions or any(versions)) and all(rest)


def program(statement: str) -> str:
    """Return a program that executes a statement and prints its answer, for the firmware and the fakes alike."""
    try:
        compile(statement, "probe", "eval")
        body = f"_ = ({statement})\n    if _ is not None:\n        print(repr(_))\n    del _"
    except SyntaxError:
        body = statement
    return (
        f"try:\n    {body}\nexcept Exception as _error:\n"
        '    print(type(_error).__name__ + ":", ", ".join([str(_part) for _part in _error.args]))\n'
    )
