"""The steps that remain after all files have arrived. `finish` carries them out; the card's boot.py does the same."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass

VERBS = {"copy": 3, "mkdir": 1, "delete": 1, "rmdir": 1}


@dataclass(frozen=True)
class Step:
    """One step. After a power cut at any point, it can be repeated from its start.

    verb: copy, mkdir, delete, or rmdir, which also deletes the files in the folder.
    path: the file or folder, relative to the card's root. A copy deletes this file once it has verified the new one.
    name: the file that a copy writes.
    crc: the CRC32 of the copied bytes, as eight hexadecimal digits.
    """

    verb: str
    path: str
    name: str = ""
    crc: str = ""

    def line(self) -> str:
        return "\t".join((self.verb, self.path, self.name, self.crc)[: VERBS[self.verb] + 1])


def dump(steps: Iterable[Step]) -> bytes:
    """Return the contents of SYNC/STEPS: one line per step, then the CRC32 of these lines."""
    body = "\n".join(step.line() for step in steps).encode()
    return body + b"\nend %08x" % zlib.crc32(body)


def parse(data: bytes) -> list[Step] | None:
    """Return the steps in the contents of SYNC/STEPS; None if they are incomplete or invalid."""
    body, end = data[:-13], data[-13:]
    if end != b"\nend %08x" % zlib.crc32(body):
        return None
    steps = []
    for line in body.decode().split("\n") if body else ():
        verb, *arguments = line.split("\t")
        # A manipulated list must not reach files outside the card.
        if VERBS.get(verb) != len(arguments) or not all(map(_inside, arguments)):
            return None
        steps.append(Step(verb, *arguments))
    return steps


def _inside(path: str) -> bool:
    return not path.startswith("/") and "\\" not in path and not {"", ".", ".."} & set(path.split("/"))


def finish(
    steps: Iterable[Step],
    exists: Callable[[str], bool],
    do: Callable[[Step], None],
) -> list[tuple[Step, OSError]]:
    """Carry out every step that is not done yet; return those that failed, with their errors.

    exists: does a path exist on the card?
    do: carries out one step, or raises OSError.
    """
    failed = []
    for step in steps:
        try:
            # Otherwise the step was done before a power cut: the folder exists already, or the file is gone.
            if exists(step.path) != (step.verb == "mkdir"):
                do(step)
        except OSError as error:
            failed.append((step, error))
    return failed
