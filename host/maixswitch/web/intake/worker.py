"""Runs one command of maixswitch for the page, in a process of its own that the server can end at any time.

The process ends by itself when the server does: then its standard input ends, too.
"""

from __future__ import annotations

import contextlib
import json
import os
import runpy
import sys
import threading

from maixswitch import console
from maixswitch.errors import EXIT_INTERRUPTED

MOST_MEMORY = 4 << 30
MOST_SECONDS = 900  # of processor time
MOST_FILE = 512 << 20


def main() -> None:
    """Run the command of the arguments behind the first one, which is the folder to work in.

    Progress comes on stderr, as lines {"progress": label, "share": 0 to 1, or null}.
    """
    folder, *words = sys.argv[1:]
    # Only now: at the start Python looks for modules in the folder, and this one holds files of a stranger.
    os.chdir(folder)
    _limit()
    threading.Thread(target=_end_with_server, daemon=True).start()
    console.report_progress(_report)
    sys.argv = ["maixswitch", *words]
    runpy.run_module("maixswitch", run_name="__main__")


def _limit() -> None:
    """Limit memory, time and files, on systems that can do this."""
    try:
        import resource
    except ImportError:  # Windows
        return
    for name, most in (("RLIMIT_DATA", MOST_MEMORY), ("RLIMIT_CPU", MOST_SECONDS), ("RLIMIT_FSIZE", MOST_FILE)):
        kind = getattr(resource, name)
        # A system may have a lower limit already, which cannot be raised.
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(kind, (most, resource.getrlimit(kind)[1]))


def _end_with_server() -> None:
    # Not through sys.stdin: Python would wait for its lock when it ends.
    with contextlib.suppress(OSError):
        while os.read(0, 1024):
            pass
    os._exit(EXIT_INTERRUPTED)


def _report(label: str, share: float | None) -> None:
    print(json.dumps({"progress": label, "share": share}), file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
