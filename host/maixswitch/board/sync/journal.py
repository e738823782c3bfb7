"""The steps that remain once all files have arrived: the card's boot.py carries them out just as `finish` does."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

END = "end"
VERBS = {"rename": 2, "delete": 1, "rmdir": 1}


@dataclass(frozen=True)
class Step:
    """``verb``: rename, delete or rmdir; ``path``, and for rename ``name``, both relative to the card's root."""

    verb: str
    path: str
    name: str = ""

    def line(self) -> str:
        return "\t".join((self.verb, self.path, self.name)[: VERBS[self.verb] + 1])


def dump(steps: Iterable[Step]) -> bytes:
    """The file sync.todo: a line a step, and the word that shows that it is whole."""
    return "\n".join([*(step.line() for step in steps), END]).encode()


def parse(data: bytes) -> list[Step] | None:
    """The steps of a sync.todo, None when it is not whole or not of this kind."""
    try:
        lines = data.decode().split("\n")
    except UnicodeDecodeError:
        return None
    if lines.pop() != END:
        return None
    steps = []
    for line in lines:
        verb, *names = line.split("\t")
        if VERBS.get(verb) != len(names) or not all(map(_inside, names)):
            return None
        steps.append(Step(verb, *names))
    return steps


def _inside(path: str) -> bool:
    return not path.startswith("/") and "\\" not in path and not {"", ".", ".."} & set(path.split("/"))


def finish(
    steps: Iterable[Step],
    exists: Callable[[str], bool],
    do: Callable[[Step], None],
) -> list[tuple[Step, OSError]]:
    """Carries out every step whose source is still there; returns those that failed."""
    failed = []
    for step in steps:
        try:
            if exists(step.path):
                do(step)
        except FileNotFoundError:
            pass
        except OSError as error:
            failed.append((step, error))
    return failed
