"""Put probes to the fakes, in a process of their own: python -m tests.firmware.on_fakes FLAVOUR < groups > answers.

Groups are JSON: [[[set-up lines], [statements]], ...]. Answers: a list of texts for each group.
"""

from __future__ import annotations

import contextlib
import gc
import io
import json
import sys
from pathlib import Path
from typing import Any

STUBS = Path(__file__).parents[2] / "stubs"


def board(flavour: str, set_up: list[str]) -> dict[str, Any]:
    """Power on a board, run the set-up and return the names that it left."""
    import bench
    from maixswitch.sim.emulator import Emulator
    from tests.firmware import card

    gc.collect()
    bench.reset(flavour)
    bench.kpu.engine = Emulator()
    bench.card.insert(bench.MemoryCard(card.files()))
    names: dict[str, Any] = {"__name__": "__main__"}
    exec("\n".join(set_up), names)
    return names


def answers(flavour: str, set_up: list[str], statements: list[str]) -> list[str]:
    """Return what the fakes answer to each statement."""
    import bench
    from tests.firmware.probe_file import CRASH, program

    texts = []
    names: dict[str, Any] = {}
    for statement in statements:
        names = names or board(flavour, set_up)
        out = io.StringIO()
        bench.uart.echo = lambda line, out=out: print(line, file=out)
        try:
            with contextlib.redirect_stdout(out):
                exec(program(statement), names)
            texts.append(out.getvalue())
        except bench.HardFault:
            texts.append(CRASH)
            names = {}
    return texts


def main() -> None:
    flavour = sys.argv[1]
    if flavour.startswith("canmv"):
        sys.path.insert(0, str(STUBS / "canmv"))
    with contextlib.redirect_stdout(sys.stderr):
        texts = [answers(flavour, *group) for group in json.load(sys.stdin)]
    json.dump(texts, sys.stdout)


if __name__ == "__main__":
    main()
