"""A card in a board on its cable, accessed through the board's MicroPython. Never tried on a board."""

from __future__ import annotations

import ast
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from maixswitch.board.connection import TRIES, Board, packed
from maixswitch.board.failures import BoardError
from maixswitch.board.stream import board_crcs, send, send_plain
from maixswitch.board.sync import journal
from maixswitch.board.sync.inventory import BOOT, STEPS, Tell
from maixswitch.board.sync.journal import Step
from maixswitch.board.sync.target import Listing
from maixswitch.board_code import board_root
from maixswitch.errors import EXIT_IO, MaixSwitchError
from maixswitch.language import tr

CARD_RATE = 250_000
"""The bytes per second that a card in a board can write. A guess, used only to estimate the duration."""
WIRE = 10 * 1.01
"""Bits on the line for a byte of a file, with start and stop bit, and 1 % for headers and answers."""
BATCH = 1 << 20
"""Bytes that the board reads between two calls of `tell`."""
QUICK = 8.0
"""Seconds that an answer may take, unless another limit is named."""
SLOW = 60.0
"""Seconds that a card may take for one step, such as deleting a large file."""
SLOWEST = 50_000
"""Bytes per second. A board that copies more slowly counts as hanging. A guess."""


class BoardTarget:
    """The card of a board.

    plain: send with mpremote's own commands.
    root: the card's path on the board.
    """

    def __init__(self, board: Board, *, plain: bool = False, root: str = "/sd") -> None:
        self.board = board
        self.plain = plain
        self.root = root
        self.name = board.port

    def listing(self) -> Listing:
        # The firmware lists /sd only when it has mounted a card.
        if self._rows(f"say({self.root.strip('/')!r} in uos.listdir('/'))") != [True]:
            raise BoardError("B620", port=self.name)
        listing = Listing()
        for path, size in self._rows(f"walk({self.root!r})"):
            if size < 0:
                listing.folders.add(path)
            else:
                listing.files[path] = size
        return listing

    def checksums(self, paths: Mapping[str, int], tell: Tell) -> dict[str, int]:
        known: dict[str, int] = {}
        batch: list[str] = []
        for at, path in enumerate(paths, 1):
            batch.append(path)
            size = sum(paths[name] for name in batch)
            # Small files share a call, and a large one ends its batch: the bar must move, and no call take too long.
            if size >= BATCH or at == len(paths):
                sums = board_crcs(self.board, [self._at(name) for name in batch])
                for name in batch:
                    row = sums[self._at(name)]
                    # If the size differs from the listing, the file is damaged and left out, like an unreadable one.
                    if row is not None and row[0] == paths[name]:
                        known[name] = row[1]
                tell(size)
                batch = []
        return known

    def space(self) -> tuple[int, int]:
        ((free, cluster),) = self._rows(f"space({self.root!r})")
        return int(free), int(cluster)

    def read(self, path: str) -> bytes:
        return b"".join(self._rows(f"read({self._at(path)!r})"))

    def write(self, path: str, data: bytes) -> None:
        send(self.board, data, self._at(path))

    def make_folder(self, path: str) -> None:
        self._rows(f"make({self._at(path)!r})")

    def send(self, file: Path, path: str, offset: int, size: int, crc: int, tell: Tell) -> None:
        data = file.read_bytes()
        # Offset and checksum belong to the file as it was planned. A changed file would be appended to the old part.
        if (len(data), zlib.crc32(data)) != (size, crc):
            raise MaixSwitchError(tr("{file} changed meanwhile; run the same command again", file=file), EXIT_IO)
        if self.plain:
            send_plain(self.board, data, self._at(path), progress=tell)
        else:
            send(self.board, data, self._at(path), offset=offset, progress=tell)

    def copy(self, origin: str, path: str, size: int, crc: int) -> None:
        self._rows(f"copy({self._at(origin)!r}, {self._at(path)!r})", SLOW + size / SLOWEST)
        actual = board_crcs(self.board, [self._at(path)])[self._at(path)]
        if actual != (size, crc):
            actual_text = "-" if actual is None else f"{actual[0]}, {actual[1]:08x}"
            raise BoardError("B624", port=self.name, found=f"{path}, {actual_text}", wanted=f"{size}, {crc:08x}")

    def drop(self, steps: Iterable[Step]) -> None:
        for step in steps:
            self._rows(f"drop({self._at(step.path)!r}, {step.verb == 'rmdir'})", SLOW)

    def finish(self, force: bool = False) -> None:
        steps = journal.parse(self.read(STEPS))
        if steps is None:
            self.drop([Step("delete", STEPS)])
            return
        # Run the boot.py of this installation: the card's may be another program's, or missing.
        program = (board_root() / BOOT).read_text(encoding="utf-8").replace('finish("/sd")', f"finish({self.root!r})")
        # With this name of the M5StickV's start script, boot.py starts the app, and this call would not end.
        program = "globals().pop('dirList', None)\n" + packed(program)
        sizes = self.listing().files
        output = self.board.run(program, SLOW + sum(sizes.get(step.path, 0) for step in steps) / SLOWEST).strip()
        if output and force:
            self.drop([Step("delete", STEPS)])
        # Output means a failure only if the list still exists: boot.py deletes it after its last step.
        elif output and self.read(STEPS):
            raise BoardError("B625", port=self.name, found=output.splitlines()[-1])

    def seconds(self, size: int, copied: int) -> float | None:
        return size * WIRE / self.board.baud + (size + copied) / CARD_RATE

    def full(self, need: int, free: int, gain: int) -> MaixSwitchError:
        free_text = tr("{free} KiB are free", free=free >> 10)
        if gain:
            free_text += tr("; --delete would free {gain} KiB", gain=gain >> 10)
        needed = tr(
            "{need} KiB, since old and new files are on it together until all have arrived", need=-(-need >> 10)
        )
        return BoardError("B621", port=self.name, found=free_text, wanted=needed)

    def _at(self, path: str) -> str:
        return f"{self.root}/{path}"

    def _rows(self, call: str, timeout: float = QUICK) -> list[Any]:
        """Return the literals that a call of onboard/files.py prints. Repeat the call if the line damaged them."""
        output = ""
        for _ in range(TRIES):
            self.board.load("files")
            output = self.board.run(f"rows_crc[0] = 0\n{call}\nend()", timeout)
            *lines, last = output.splitlines() or [""]
            if last == f"= {zlib.crc32(''.join(lines).encode())}":
                return [ast.literal_eval(line) for line in lines]
        raise BoardError("B609", port=self.name, found=output[-80:])
