"""Burn a package: it is judged, written anew in the form that kflash reads, and given to kflash in another process."""

from __future__ import annotations

import importlib.util
import json
import queue
import re
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from maixswitch.board.burning import kflash_child
from maixswitch.board.failures import LONGEST, BoardError
from maixswitch.card.flash.package import SUFFIX, Package, Part, judge, package_bytes, package_of
from maixswitch.errors import EXIT_USAGE, MaixSwitchError
from maixswitch.findings.finding import Finding
from maixswitch.findings.serial_words import serial_finding
from maixswitch.findings.table import ERROR
from maixswitch.language import tr

SILENCE = 60.0
"""Seconds without a word of kflash. The longest wait of a board that works is for 64 KiB at 115200: 6 s and erasing."""
STUB = "ISP"
"""What kflash calls the program that it sends first."""
LOST = "Data checksum error"
FAILURES = (
    (r"inappropriate ioctl|Errno 25\b", "B617"),
    (r"no valid kendryte k210|greeting fail", "B670"),
    (r"stub|fast mode|has been disconnected|failed to communication", "B671"),
    (r"initialize flash", "B672"),
    (r"to k210'?s flash|error count exceeded", "B673"),
)
"""What kflash 1.1.6 says when it fails, and the finding for it, in this order."""

Progress = Callable[[str, int, int], None]


def refused(package: Package) -> list[Finding]:
    """Return why a package must not be burnt; warnings are no reason."""
    return [item for item in judge(package) if item.severity == ERROR]


def check_parts() -> None:
    """Raise MaixSwitchError (usage), which says what to install, unless kflash is installed."""
    if importlib.util.find_spec("kflash") is None:
        command = "pip install 'maixswitch[burn]'"
        raise MaixSwitchError(tr("burning needs kflash: {command}", command=command), EXIT_USAGE)


def burn(
    package: Package,
    port: str,
    kind: str,
    baud: int,
    progress: Progress,
    say: Callable[[str], None],
    silence: float = SILENCE,
) -> None:
    """Burn a package that `refused` accepts.

    kind: of the board, see board.lines; "" to let kflash try them.
    progress: called with the name of a part, the bytes that are written of it, and its size.
    say: called with each line of kflash.
    silence: how many seconds kflash may say nothing.
    Raises BoardError, whose row says what failed.
    """
    with tempfile.TemporaryDirectory(prefix="maixswitch-burn-") as folder:
        # Foreign packages may have a list that kflash cannot read, and names that it would write anywhere.
        path = Path(folder, f"package{SUFFIX}")
        path.write_bytes(package_bytes(renamed(package)))
        names = {part.name: old.name for part, old in zip(renamed(package).parts, package.parts, strict=True)}
        _run([port, str(baud), kind, str(path)], port, names, progress, say, silence)


def renamed(package: Package) -> Package:
    """Return the package with plain names of our own, and with its listed files only."""
    parts = [
        Part(f"part{at}.bin", part.address, part.prefix, part.size, part.data) for at, part in enumerate(package.parts)
    ]
    return package_of(tuple(parts))


def failure(text: str, port: str, writing: bool) -> BoardError:
    """Return the row for what kflash says of a failure.

    writing: whether a part was already being written.
    """
    line = " ".join(re.sub(r"\x1b\[\d*m", "", text).replace("[ERROR]", "").split())[:LONGEST]
    code = next((code for pattern, code in FAILURES if re.search(pattern, line, re.IGNORECASE)), "")
    # The words of a serial port say more than the step in which it failed.
    if code in ("", "B670"):
        code = serial_finding(line) or code
    if writing and code in ("", "B608"):
        code = "B673"
    return BoardError(code or "B675", port=port, found=line)


def _run(
    arguments: list[str],
    port: str,
    names: dict[str, str],
    progress: Progress,
    say: Callable[[str], None],
    silence: float,
) -> None:
    writing = False
    with _child(arguments) as rows:
        while True:
            try:
                row = rows.get(timeout=silence)
            except queue.Empty:
                raise BoardError("B674" if writing else "B670", port=port) from None
            if row[0] == "line":
                say(row[1])
                # kflash says that it tries again, but goes on with the next 64 KiB, and in the end that all is well.
                if LOST in row[1]:
                    raise BoardError("B673", port=port, found=row[1])
            elif row[0] == "part":
                writing = writing or row[1] != STUB
                progress(names.get(row[1], ""), row[2], row[3])
            elif row[0] == "done":
                return
            else:
                raise failure(row[1], port, writing)


@contextmanager
def _child(arguments: list[str]) -> Iterator[queue.Queue[list[Any]]]:
    """Run kflash's process during the block; yield its rows. It is killed at the end of the block."""
    command = [sys.executable, kflash_child.__file__, *arguments]
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    rows: queue.Queue[list[Any]] = queue.Queue()
    errors: list[bytes] = []
    assert child.stdout is not None
    assert child.stderr is not None
    # kflash's own last words, if it ends in a way that it does not expect.
    reader = threading.Thread(target=_read_errors, args=(child.stderr, errors), daemon=True)
    reader.start()
    threading.Thread(target=_read, args=(child.stdout, rows, reader, errors), daemon=True).start()
    try:
        yield rows
    finally:
        child.kill()
        child.wait()


def _read_errors(stream: IO[bytes], errors: list[bytes]) -> None:
    errors.append(stream.read()[-2000:])


def _read(stream: IO[bytes], rows: queue.Queue[list[Any]], reader: threading.Thread, errors: list[bytes]) -> None:
    for line in stream:
        rows.put(json.loads(line))
    reader.join()
    last = b"".join(errors).decode(errors="replace").strip().splitlines()
    rows.put(["failed", last[-1] if last else "kflash ended without a word"])
