"""After the plug is pulled in the middle of a sync, the old card or the new one starts; the next sync completes it.

main.py on the card records the files that it sees, so that the tests judge the card that has really started.
"""

from __future__ import annotations

import contextlib
import random
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from maixswitch.board.failures import BoardError
from maixswitch.board.sync import journal, manifest, plan
from maixswitch.board.sync.board_target import BoardTarget
from maixswitch.board.sync.folder_target import FolderTarget
from maixswitch.board.virtual import Faults, VirtualBoard
from tests.host.board.sync_helpers import Tree, sums, sync, write_tree

ROOT = Path(__file__).resolve().parents[3]
LIMIT = 60.0
MAIN = b"""# %s
import uio, uos
from binascii import crc32

def look(folder, out):
    rows = list(uos.ilistdir("/sd" + folder))
    for row in rows if "ARRIVING" not in [row[0] for row in rows] else []:
        path = folder + "/" + row[0]
        if row[0][0] == "." or path == "/SYNC":
            continue
        if row[1] == 0x4000:
            look(path, out)
        else:
            with uio.open("/sd" + path, "rb") as file:
                out.write("%%s %%d\\n" %% (path[1:], crc32(file.read())))

with uio.open("/sd/.seen", "w") as out:
    look("", out)
    out.write("all")
"""


def random_bytes(size: int, seed: int) -> bytes:
    return random.Random(seed).randbytes(size)


FINISHER = (ROOT / "boot.py").read_bytes()
OLD: Tree = {
    "boot.py": FINISHER + b"# old\n",
    "main.py": MAIN % b"old",
    "device/app.py": b"old app",
    "models/10-a/m.kmodel": random_bytes(20_000, 1),
    "models/10-a/model.json": b"{}",
    "models/20-gone/m.kmodel": b"gone",
}
NEW: Tree = {
    "boot.py": FINISHER,
    "main.py": MAIN % b"new",
    "device/app.mpy": b"new app",
    "models/10-a/m.kmodel": random_bytes(20_000, 2),
    "models/10-a/model.json": b"{ }",
    "models/30-new/m.kmodel": bytes(range(32)) * 300,
}


def started(board: VirtualBoard, sd: Path) -> dict[str, int]:
    """Restarts the board; returns the CRC of each file that main.py sees."""
    board.power_cut()
    board.plug()
    (sd / ".seen").unlink(missing_ok=True)
    board.power_cycle()
    end = time.monotonic() + LIMIT
    while True:
        with contextlib.suppress(FileNotFoundError):
            *lines, last = (sd / ".seen").read_text().split("\n")
            if last == "all":
                return {name: int(crc) for name, crc in (line.split() for line in lines)}
        assert time.monotonic() < end, "main.py has not started"
        time.sleep(0.01)


MOVED: Tree = {
    "boot.py": FINISHER + b"# old\n",
    "main.py": MAIN % b"old",
    "device/app.py": b"old app",
    "models/20-a/m.kmodel": OLD["models/10-a/m.kmodel"],
    "models/20-a/model.json": b"{}",
    "models/10-gone/m.kmodel": b"gone",
}
"""OLD with other names of its folders."""


def card_after_start(board: VirtualBoard, sd: Path, card: Path, cut: object, new: Tree = NEW) -> str:
    """Returns which card starts, "old" or "new"; checks that the next sync completes the new one."""
    seen = started(board, sd)
    assert seen in (sums(OLD), sums(new)), cut
    again = sync(board.port, card)
    assert started(board, sd) == sums(new), cut
    assert [path.name for path in (sd / "SYNC").iterdir()] == ["SUMS"], cut
    assert sync(board.port, card).empty
    return "old" if seen == sums(OLD) and not again.empty else "new"


def kills(virtual_board: Callable[..., VirtualBoard], tmp_path: Path, count: int, seed: int) -> set[str]:
    """Pulls the plug `count` times, each at a random byte of a sync; returns which cards started afterwards."""
    random_source = random.Random(seed)
    sd, card = write_tree(tmp_path / "sd", OLD), write_tree(tmp_path / "card", NEW)
    board = virtual_board(sd)
    started(board, sd)
    before = board.wire
    sync(board.port, card)
    total = board.wire.to_board - before.to_board
    seen = set()
    for _ in range(count):
        write_tree(sd, OLD)
        board.power_cycle()
        started(board, sd)
        at = random_source.randrange(1, total)
        board.order(Faults(unplug=at, power_cut=at))
        code = "B608"  # stays if sync succeeds, because only the last bytes, which restart the board, were lost
        try:
            sync(board.port, card)
        except BoardError as error:
            code = error.code
        assert code in {"B601", "B605", "B608", "B611", "B614"}, at
        board.order(Faults())
        seen.add(card_after_start(board, sd, card, at))
    return seen


def test_the_plug_is_pulled_at_random(virtual_board: Callable[..., VirtualBoard], tmp_path: Path) -> None:
    kills(virtual_board, tmp_path, 2, 1)


@pytest.mark.nightly
def test_the_plug_is_pulled_200_times(virtual_board: Callable[..., VirtualBoard], tmp_path: Path) -> None:
    assert kills(virtual_board, tmp_path, 200, 2) == {"old", "new"}


class Pulled(BoardTarget):
    """A target that pulls the plug before the action number `life` that changes the card, counted from 0."""

    virtual: VirtualBoard
    life: int
    done: int

    def act(self) -> None:
        if self.done == self.life:
            self.virtual.order(Faults(unplug=1, power_cut=1))
        self.done += 1

    def write(self, path: str, data: bytes) -> None:
        self.act()
        super().write(path, data)

    def send(self, file: Path, path: str, offset: int, size: int, crc: int, tell: plan.Tell) -> None:
        self.act()
        super().send(file, path, offset, size, crc, tell)

    def copy(self, origin: str, path: str, size: int, crc: int) -> None:
        self.act()
        super().copy(origin, path, size, crc)

    def make_folder(self, path: str) -> None:
        self.act()
        super().make_folder(path)

    def drop(self, steps: object) -> None:
        if steps:  # an empty list sends nothing
            self.act()
        super().drop(steps)  # type: ignore[arg-type]

    def finish(self, force: bool = False) -> None:
        self.act()
        super().finish(force)


def pulled_at(board: VirtualBoard, card: Path, life: int) -> int:
    """Syncs and pulls the plug before the action number `life`; returns how many actions began."""
    targets: list[Pulled] = []

    def make(board_of_sync: object) -> Pulled:
        target = Pulled(board_of_sync)  # type: ignore[arg-type]
        target.virtual, target.life, target.done = board, life, 0
        targets.append(target)
        return target

    with contextlib.suppress(BoardError):
        sync(board.port, card, make)
    return targets[0].done


def every_step(
    virtual_board: Callable[..., VirtualBoard], tmp_path: Path, lives: Callable[[int], range], new: Tree = NEW
) -> list[str]:
    # With the manifest of the sync that brought the old card, the files that only moved are not sent.
    rows = {name: (len(data), zlib.crc32(data)) for name, data in OLD.items()}
    old = OLD if new is NEW else OLD | {"SYNC/SUMS": manifest.dump(rows)}
    sd, card = write_tree(tmp_path / "sd", old), write_tree(tmp_path / "card", new)
    board = virtual_board(sd)
    started(board, sd)
    before = board.wire.to_board
    steps = pulled_at(board, card, -1)
    assert (board.wire.to_board - before < len(OLD["models/10-a/m.kmodel"])) == (new is MOVED)
    assert started(board, sd) == sums(new)
    seen = []
    for life in lives(steps):
        write_tree(sd, old)
        board.power_cycle()
        started(board, sd)
        assert pulled_at(board, card, life) == life + 1
        board.order(Faults())
        seen.append(card_after_start(board, sd, card, life, new))
    return seen


def test_the_plug_is_pulled_around_the_commit_point(virtual_board: Callable[..., VirtualBoard], tmp_path: Path) -> None:
    """The old card starts until the list of steps is complete, afterwards the new one, through its own boot.py."""
    assert every_step(virtual_board, tmp_path, lambda steps: range(steps - 2, steps)) == ["old", "new"]


def test_the_plug_is_pulled_while_files_move(virtual_board: Callable[..., VirtualBoard], tmp_path: Path) -> None:
    """Within the copies on the card, and around the commit point."""
    seen = every_step(virtual_board, tmp_path, lambda steps: range(steps - 6, steps, 2), MOVED)
    assert seen == ["old", "old", "old"]
    assert every_step(virtual_board, tmp_path / "last", lambda steps: range(steps - 1, steps), MOVED) == ["new"]


@pytest.mark.nightly
def test_the_plug_is_pulled_at_every_step(virtual_board: Callable[..., VirtualBoard], tmp_path: Path) -> None:
    for new in (NEW, MOVED):
        seen = every_step(virtual_board, tmp_path / str(new is NEW), range, new)
        assert seen == sorted(seen, reverse=True)
        assert set(seen) == {"old", "new"}


@pytest.mark.parametrize("done", [pytest.param(0, marks=pytest.mark.nightly), 4])
def test_the_power_fails_within_the_steps(
    virtual_board: Callable[..., VirtualBoard], tmp_path: Path, done: int
) -> None:
    """boot.py on the card finishes the remaining steps, whichever have been done, on a real MicroPython."""
    sd, card = write_tree(tmp_path / "sd", OLD), write_tree(tmp_path / "card", NEW)
    board = virtual_board(sd)
    started(board, sd)

    class Decided(BoardTarget):
        def finish(self, force: bool = False) -> None:
            # Before sync ends, because it would start the board again.
            board.power_cut()
            raise KeyboardInterrupt

    with pytest.raises(Exception, match="the board uses them from its next start on"):
        sync(board.port, card, lambda connected: Decided(connected))
    steps = journal.parse((sd / "SYNC/STEPS").read_bytes())
    assert steps
    FolderTarget(sd).drop(steps[:done])
    assert started(board, sd) == sums(NEW)
    assert not (sd / "SYNC/STEPS").exists()


@pytest.mark.nightly
def test_a_sync_continues_after_the_cable_is_back(virtual_board: Callable[..., VirtualBoard], tmp_path: Path) -> None:
    """The cable is pulled but the board keeps its power; the next sync sends only the missing part of the file."""
    sd, card = (
        write_tree(tmp_path / "sd", OLD),
        write_tree(tmp_path / "card", NEW | {"models/10-a/m.kmodel": bytes(300_000)}),
    )
    board = virtual_board(sd)
    started(board, sd)
    board.order(Faults(unplug=200_000))
    with pytest.raises(BoardError, match="B608"):
        sync(board.port, card)
    board.order(Faults())
    board.plug()
    sync_plan = sync(board.port, card)
    send = next(send for send in sync_plan.sends if send.path == "models/10-a/m.kmodel")
    assert send.offset >= 65_536
    assert (sd / "models/10-a/m.kmodel").read_bytes() == bytes(300_000)
