"""The steps that remain once all files have arrived: the card's boot.py carries them out just as `finish` does."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass

VERBS = {"copy": 3, "mkdir": 1, "delete": 1, "rmdir": 1}


@dataclass(frozen=True)
class Step:
    """One thing to do. Each may be done again from its beginning, whatever a power cut has left of it.

    ``verb``: copy, mkdir, delete, or rmdir, which takes the files in the folder along. ``path``, and for copy the file
    ``name`` that gets its bytes, both relative to the card's root; ``crc``: CRC32 of the bytes that are copied, as
    eight digits. The source of a copy goes once the copy has been read back.
    """

    verb: str
    path: str
    name: str = ""
    crc: str = ""

    def line(self) -> str:
        return "\t".join((self.verb, self.path, self.name, self.crc)[: VERBS[self.verb] + 1])


def dump(steps: Iterable[Step]) -> bytes:
    """The file SYNC/STEPS: a line a step, and at the end the CRC32 of what stands before it."""
    body = "\n".join(step.line() for step in steps).encode()
    return body + b"\nend %08x" % zlib.crc32(body)


def parse(data: bytes) -> list[Step] | None:
    """The steps of a SYNC/STEPS, None when it is not whole or not of this kind."""
    body, end = data[:-13], data[-13:]
    if end != b"\nend %08x" % zlib.crc32(body):
        return None
    steps = []
    for line in body.decode().split("\n") if body else ():
        verb, *rest = line.split("\t")
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
    """Carries out every step that is not done yet; returns those that failed."""
    failed = []
    for step in steps:
        try:
            if exists(step.path) != (step.verb == "mkdir"):
                do(step)
        except OSError as error:
            failed.append((step, error))
    return failed
