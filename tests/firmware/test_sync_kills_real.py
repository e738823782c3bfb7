"""The plug is pulled in the middle of a sync to a real firmware, whose own FatFs writes the card.

After each pull the old card or the new one starts, and the next sync completes the new one.
"""

from __future__ import annotations

import random
from pathlib import Path

from maixswitch.board.failures import BoardError
from maixswitch.board.virtual import Faults, VirtualBoard
from tests.firmware.boards import real_board, smallest, with_each
from tests.host.board.sync_helpers import Tree, sums, sync, write_tree
from tests.host.board.virtual_helpers import Talk

ROOT = Path(__file__).resolve().parents[2]
KILLS = 20
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


def started(board: VirtualBoard) -> dict[str, int]:
    """Restarts the board; returns the CRC of each file that main.py sees."""
    board.power_cut()
    board.plug()
    board.power_cycle()
    with Talk(board) as talk:
        talk.until(b"init end")
        lines = talk.until(b"all\r\n").decode().splitlines()
    return {name: int(crc) for word, name, crc in (line.split() for line in lines if line.startswith("file "))}


@with_each(smallest())
def test_the_plug_is_pulled(image: Path, tmp_path: Path) -> None:
    """20 times, each at a random byte of a sync."""
    random_source = random.Random(3)
    sd, card = write_tree(tmp_path / "sd", OLD), write_tree(tmp_path / "card", NEW)
    with real_board(image, sd) as board:
        assert started(board) == sums(OLD)
        before = board.wire
        sync(board.port, card)
        total = board.wire.to_board - before.to_board
        assert started(board) == sums(NEW)
        for _ in range(KILLS):
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
            assert started(board) in (sums(OLD), sums(NEW)), at
            sync(board.port, card)
            board.power_cut()  # puts the card's files into its folder
            files = {path.relative_to(sd).as_posix(): path.read_bytes() for path in sd.rglob("*") if path.is_file()}
            files.pop("SYNC/SUMS")
            assert files == NEW, at
