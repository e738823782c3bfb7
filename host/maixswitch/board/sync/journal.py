"""The steps that remain after all files have arrived. The card's boot.py carries them out in the way of `finish`."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass

VERBS = {"copy": 3, "mkdir": 1, "delete": 1, "rmdir": 1}


@dataclass(frozen=True)
class Step:
    """One step. It can be repeated from its start after a power cut at any point.

    verb: copy, mkdir, delete, or rmdir, which also deletes the files in the folder.
    path: relative to the card's root. A copy's source is deleted after the copy was verified.
    name: the file that a copy writes.
    crc: the CRC32 of the bytes that are copied, as eight digits.
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
    """Return the steps of a SYNC/STEPS, None if it is incomplete or invalid."""
    body, end = data[:-13], data[-13:]
    if end != b"\nend %08x" % zlib.crc32(body):
        return None
    steps = []
    for line in body.decode().split("\n") if body else ():
        verb, *rest = line.split("\t")
        # A damaged list must not reach anything outside the card.
        if VERBS.get(verb) != len(rest) or not all(map(_inside, rest)):
            return None
        steps.append(Step(verb, *rest))
    return steps


def _inside(path: str) -> bool:
    return not path.startswith("/") and "\\" not in path and not {"", ".", ".."} & set(path.split("/"))


def finish(
    steps: Iterable[Step],
    exists: Callable[[str], bool],
    do: Callable[[Step], None],
) -> list[tuple[Step, OSError]]:
    """Carry out every step that is not done yet; return those that failed, with their errors."""
    failed = []
    for step in steps:
        try:
            # Otherwise the step was done before a power cut: the folder is there, or the file is gone.
            if exists(step.path) != (step.verb == "mkdir"):
                do(step)
        except OSError as error:
            failed.append((step, error))
    return failed
