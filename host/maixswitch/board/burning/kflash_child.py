"""Runs kflash in a process of its own: kflash_child.py PORT BAUD KIND FILE. KIND is "" to try the kinds of boards.

It prints a JSON array a line: ["line", text] for what kflash says, ["part", name, bytes written, bytes in all], and at
the end ["done"] or ["failed", text]. A process of its own, because kflash waits without end for a board that falls
silent while it writes, and because it says everything in prints.
"""

from __future__ import annotations

import json
import sys
from typing import Any


def tell(*values: Any) -> None:
    """Print a row for the parent."""
    sys.__stdout__.write(json.dumps(values) + "\n")  # type: ignore[union-attr]
    sys.__stdout__.flush()  # type: ignore[union-attr]


def main() -> None:
    """Burn the file; every failure of kflash is an Exception with a text."""
    from kflash import KFlash

    port, baud, kind, file = sys.argv[1:5]

    def say(*values: Any, **_: Any) -> None:
        text = " ".join(map(str, values)).strip()
        # The bar is drawn anew for each frame; `step` has its numbers.
        if text and not text.startswith(("Programming BIN:", "Downloading ISP:")):
            tell("line", text)

    def step(name: str, done: int, total: int, _: str) -> None:
        tell("part", name, done, total)

    # kflash's constructor keeps the callback in the object, and its log looks for it in the class.
    KFlash.print_callback = staticmethod(say)
    try:
        KFlash().process(
            terminal=False, dev=port, baudrate=int(baud), board=kind or None, file=file, callback=step, noansi=True
        )
    except Exception as error:
        tell("failed", str(error) or type(error).__name__)
    else:
        tell("done")


if __name__ == "__main__":
    main()
