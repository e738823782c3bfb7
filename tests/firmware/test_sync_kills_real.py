"""The power fails in the middle of a sync to a real firmware, whose own FatFs writes the card.

After each failure the old card or the new one starts, and the next sync completes the new one.
"""

from __future__ import annotations

import contextlib
import copy
import random
from pathlib import Path

import pytest

pytest.importorskip("unicorn", reason='the virtual K210 needs Unicorn: pip install "maixswitch[chip]"')
from maixswitch.board.failures import BoardError
from maixswitch.board.sync.board_target import BoardTarget
from maixswitch.board.virtual import Faults
from maixswitch.k210 import boot_cache, image, saved_state
from maixswitch.k210.board import fat
from maixswitch.k210.virtual_board import PROMPT, VirtualBoard
from tests.firmware.boards import board_name, real_board, smallest, with_each
from tests.firmware.protocol_chip import offer
from tests.host.board.sync_helpers import Tree, sums, sync, write_tree
from tests.host.board.virtual_helpers import Talk

ROOT = Path(__file__).resolve().parents[2]
KILLS = 20
KILLS_AT_THE_PORT = 2
SECONDS = 30
"""Of the board's time; a start takes less than three."""
MAIN = b"""# %s
import uio, uos
from binascii import crc32

def look(folder):
    rows = list(uos.ilistdir("/sd" + folder))
    for row in rows if "ARRIVING" not in [row[0] for row in rows] else []:
        path = folder + "/" + row[0]
        if row[0][0] == "." or path == "/SYNC":
            continue
        if row[1] == 0x4000:
            look(path)
        else:
            with uio.open("/sd" + path, "rb") as file:
                print("file", path[1:], crc32(file.read()) & 0xffffffff)

look("")
print("al" + "l")
"""
FINISHER = (ROOT / "boot.py").read_bytes()
OLD: Tree = {
    "boot.py": FINISHER + b"# old\n",
    "main.py": MAIN % b"old",
    "device/app.py": b"old app",
    "models/10-a/m.kmodel": random.Random(1).randbytes(6000),
    "models/10-a/model.json": b"{}",
    "models/20-gone/m.kmodel": b"gone",
}
NEW: Tree = {
    "boot.py": FINISHER,
    "main.py": MAIN % b"new",
    "device/app.mpy": b"new app",
    "models/10-a/m.kmodel": random.Random(2).randbytes(6000),
    "models/10-a/model.json": b"{ }",
    "models/30-new/m.kmodel": bytes(range(32)) * 100,
}


class Power:
    """The blocks of a card, which stay as they are once the power has failed.

    left: how many writes come before that; None for all.
    """

    def __init__(self, card: fat.FatCard, left: int | None = None) -> None:
        self.card, self.left = card, left
        self.count = card.count

    def read(self, block: int) -> bytes:
        """Return the 512 bytes of a block."""
        return self.card.read(block)

    def write(self, block: int, data: bytes) -> None:
        """Replace the 512 bytes of a block, unless the power has failed."""
        if self.left != 0:
            self.card.write(block, data)
            self.left = None if self.left is None else self.left - 1

    def failed(self) -> bool:
        """Tell whether the power has failed."""
        return self.left == 0


class Actions(BoardTarget):
    """A card in a board that notes how many blocks were written before each action that changes it."""

    def __init__(self, board: object, card: fat.FatCard, starts: list[int]) -> None:
        super().__init__(board)  # type: ignore[arg-type]
        self._card, self._starts = card, starts

    def write(self, path: str, data: bytes) -> None:
        self._starts.append(self._card.writes)
        super().write(path, data)

    def send(self, *arguments: object) -> None:  # type: ignore[override]
        self._starts.append(self._card.writes)
        super().send(*arguments)  # type: ignore[arg-type]

    def make_folder(self, path: str) -> None:
        self._starts.append(self._card.writes)
        super().make_folder(path)

    def drop(self, steps: object) -> None:  # type: ignore[override]
        self._starts.append(self._card.writes)
        super().drop(steps)  # type: ignore[arg-type]

    def finish(self, force: bool = False) -> None:
        self._starts.append(self._card.writes)
        super().finish(force)


class Bench:
    """Boards with an image that start with a card, from the state in which the firmware has not read it yet."""

    def __init__(self, path: Path, folder: Path) -> None:
        self._image, self._name = image.read_image(path), board_name(path)
        self.old = fat.make_card(write_tree(folder / "sd", OLD))
        self.new = write_tree(folder / "card", NEW)
        board = VirtualBoard(self._image, self._name)
        board.slot.insert(self.old)
        boot_cache.start(board)
        assert not board.slot.used
        self._start = saved_state.content_of(board)
        board, seen = self.started(self.old)
        assert seen == sums(OLD)
        assert self.old.writes == 0
        self._prompt = saved_state.content_of(board)

    def _board(self, blocks: fat.FatCard | Power, state: bytes) -> VirtualBoard:
        board = VirtualBoard(self._image, self._name)
        board.slot.insert(blocks)
        saved_state.restore(board, state, Path("the state"))
        return board

    def started(self, card: fat.FatCard) -> tuple[VirtualBoard, dict[str, int]]:
        """Switches the power on; returns the board at its prompt, and the CRC of each file that main.py sees."""
        board = self._board(card, self._start)
        lines = board.wait_for(b"all\r\n", SECONDS).decode().splitlines()
        board.wait_for(PROMPT, SECONDS)
        return board, {name: int(crc) for _, name, crc in (line.split() for line in lines if line.startswith("file "))}

    def synced(self, left: int | None = None) -> tuple[fat.FatCard, list[int]]:
        """Syncs the new card to a board with the old one, up to a power failure after `left` writes.

        Returns the card, and how many writes there were before each action of the sync.
        """
        card, starts = copy.copy(self.old), []
        card.blocks = dict(card.blocks)
        power = Power(card, left)
        port = offer(self._board(power, self._prompt), power.failed)
        with pytest.raises(BoardError, match=r"^B608 ") if left else contextlib.nullcontext():
            sync(port, self.new, lambda board: Actions(board, card, starts))
        assert card.writes == (left or card.writes)
        return card, starts

    def completed(self, card: fat.FatCard) -> str:
        """Starts a card after a failure and syncs again; returns which card started, "old" or "new"."""
        board, seen = self.started(card)
        assert seen in (sums(OLD), sums(NEW)), card.writes
        sync(offer(board), self.new)
        files = files_of(fat.read_back(card))
        files.pop("SYNC/SUMS")
        assert files == NEW
        return "old" if seen == sums(OLD) else "new"


def files_of(tree: fat.Tree, folder: str = "") -> Tree:
    """Returns the files of a card by their paths."""
    files: Tree = {}
    for name, entry in tree.items():
        files |= files_of(entry, f"{folder}{name}/") if isinstance(entry, dict) else {folder + name: entry}
    return files


def kill_points(starts: list[int], total: int) -> list[int]:
    """Returns writes after which the power fails: one in each action of a sync, the others in its last steps."""
    random_source = random.Random(3)
    ends = [*starts[1:], total]
    points = {random_source.randint(start + 1, end) for start, end in zip(starts, ends, strict=True) if start < end}
    longest = max(zip(starts, ends, strict=True), key=lambda span: span[1] - span[0])
    others = [point for point in range(longest[0] + 1, longest[1] + 1) if point not in points]
    return sorted(points | set(random_source.sample(others, KILLS - len(points))))


@with_each(smallest())
def test_the_power_fails(image: Path, tmp_path: Path) -> None:
    """20 times: in each action of a sync, most often while the files are put to their places."""
    bench = Bench(image, tmp_path)
    card, starts = bench.synced()
    assert bench.started(card)[1] == sums(NEW)
    points = kill_points(starts, card.writes)
    assert len(points) == KILLS
    seen = [bench.completed(bench.synced(point)[0]) for point in points]
    assert seen == sorted(seen, reverse=True)
    assert set(seen) == {"old", "new"}


@pytest.mark.nightly
@with_each(smallest())
def test_the_power_fails_after_every_write(image: Path, tmp_path: Path) -> None:
    """Up to one write the old card starts, from the next one on the new one."""
    bench = Bench(image, tmp_path)
    total = bench.synced()[0].writes
    seen = [bench.completed(bench.synced(point)[0]) for point in range(1, total + 1)]
    assert seen == sorted(seen, reverse=True)
    assert set(seen) == {"old", "new"}


@with_each(smallest())
def test_the_plug_is_pulled(image: Path, tmp_path: Path) -> None:
    """At a random byte of the line, with a port of the PC between: the tools see what they see at a board."""
    random_source = random.Random(3)
    sd, card = write_tree(tmp_path / "sd", OLD), write_tree(tmp_path / "card", NEW)
    with real_board(image, sd) as board:
        with Talk(board) as talk:
            talk.until(b"all\r\n")
        before = board.wire
        sync(board.port, card)
        total = board.wire.to_board - before.to_board
        for _ in range(KILLS_AT_THE_PORT):
            board.insert(write_tree(sd, OLD))
            at = random_source.randrange(1, total)
            board.order(Faults(unplug=at, power_cut=at))
            code = "B608"  # stays if sync succeeds, because only the last bytes, which restart the board, were lost
            try:
                sync(board.port, card)
            except BoardError as error:
                code = error.code
            assert code in {"B601", "B605", "B608", "B611", "B614"}, at
            board.order(Faults())
            board.plug()
            board.power_cycle()
            sync(board.port, card)
            board.power_cut()  # puts the card's files into its folder
            files = {path.relative_to(sd).as_posix(): path.read_bytes() for path in sd.rglob("*") if path.is_file()}
            files.pop("SYNC/SUMS")
            assert files == NEW, at
