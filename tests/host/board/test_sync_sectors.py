"""A power cut after any sector written by sync, or by the repair in boot.py, leaves the old card or the new one.

MicroPython's own FatFs decides the order of the writes; the programs that sync sends to the board run on it.
"""

from __future__ import annotations

import ast
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from maixswitch.board.sync.plan import Options
from tests.host.board.fat_helpers import ROOT, FatBoard, Tree, fill, sync, tree_crc, write_tree

NIGHTLY = pytest.mark.nightly
FINISHER = (ROOT / "boot.py").read_bytes()
OTHER = b'"""Safety only."""\n'
DEVICE = [path.relative_to(ROOT).as_posix() for path in sorted((ROOT / "device").rglob("*.py"))]


def cards() -> tuple[Tree, Tree]:
    """Returns an old card with as many app files as ours has, and a new one with added, changed and removed files."""
    random_source = random.Random(1)

    def random_files(names: list[str]) -> Tree:
        return {name: random_source.randbytes(random_source.randrange(100, 5000)) for name in names}

    old = {"boot.py": FINISHER + b"# old\n", "main.py": b"old main", "notes.txt": b"kept", **random_files(DEVICE)}
    old |= random_files([f"device/a module of an older app, number {number}, that goes.py" for number in range(3)])
    # a long name takes several entries; with this many names the entries of some lie in two sectors
    models = ["10-a", *(f"1{number} of the same kind" for number in range(1, 5)), "20 that will be gone"]
    old |= {f"models/{name}/model.json": b"{}" for name in models}
    old |= random_files(
        ["models/10-a/m.kmodel", *(f"models/20 that will be gone/labels in file {number}.txt" for number in range(6))]
    )
    new = {name: data for name, data in old.items() if "gone" not in name and "goes" not in name}
    new |= {"boot.py": FINISHER, "main.py": b"new main", **random_files(DEVICE[::6])}
    new |= random_files(["device/kinds/another_new_kind.py", "models/10-a/m.kmodel", "models/30 that comes/m.kmodel"])
    new |= random_files(["models/30 that comes/deep/labels of some length.txt"])
    return old, new | {"models/10-a/model.json": b"{ }", "models/30 that comes/model.json": b"{}", "empty.txt": b""}


OLD, NEW = cards()


@pytest.fixture
def board() -> Iterator[FatBoard]:
    fat_board = FatBoard()
    yield fat_board
    fat_board.end()


class Cuts:
    """A recorded sync from `old` to `new`, and the cards that power cuts within it leave.

    foreign: files of the user. With them, sync itself put the old card there, and the new sync is without --delete.
    """

    def __init__(
        self, board: FatBoard, folder: Path, old: Tree, new: Tree, cluster: int = 8, foreign: Tree | None = None
    ) -> None:
        self.board = board
        self.card = write_tree(folder / "card", new)
        self.options = Options(delete=foreign is None)
        if foreign is None:
            self.old = old
            self.new = {name: data for name, data in old.items() if not name.startswith(("models/", "device/"))} | new
            fill(board, old, cluster)
        else:
            self.old, self.new = old | foreign, new | foreign
            fill(board, {}, cluster)
            sync(write_tree(folder / "first", old), board)
            for name, data in foreign.items():
                board.run(f"with open('/sd/{name}', 'wb') as file: file.write({data!r})")
        board.run("recorded = fat_disk.Disk(socket.disk)\nsocket.use(recorded)")
        self.plan = sync(self.card, board, self.options)
        self.writes = board.number("len(recorded.log)")
        board.run("socket.use(fat_disk.Disk(recorded))")
        assert self.outcome() == "new"
        self.cuts = 0

    def name(self, crc: int, crc_without_boot: int, fault: str) -> str:
        """Returns "old", "new", either with "boot.py cut", or "mixed"; a fault of the file system follows the name."""
        trees = {"new": self.new, "old": self.old}
        named = {tree_crc(tree): name for name, tree in trees.items()}
        for name, tree in trees.items():
            without = tree_crc({path: data for path, data in tree.items() if path != "boot.py"})
            if crc_without_boot == without:
                named.setdefault(crc, f"{name}, boot.py cut")
        return f"{named.get(crc, 'mixed')} {fault}".strip()

    def outcome(self) -> str:
        return self.name(*ast.literal_eval(self.board.run("print(outcome())")))

    def tally(self, first: int = 0, skip: int = 1, again: int = 0, again_skip: int = 1) -> Counter[str]:
        """Counts the cards after cuts at every skip-th write, then `again` times at every again_skip-th of a repair."""
        call = f"tally(recorded, range({first}, {self.writes}, {skip}), {again}, {again_skip})"
        counts: Counter[str] = Counter()
        for key, number in ast.literal_eval(self.board.run(f"print({call})")).items():
            counts[self.name(*key)] += number
        self.cuts += sum(counts.values())
        return counts

    def next_syncs(self, first: int = 0, skip: int = 1) -> None:
        """Checks that the next sync after a cut completes the new card, with or without a start of the board before."""
        for count in range(first, self.writes, skip):
            self.board.run(f"socket.use(recorded.at({count}))" if count % 2 else f"start(recorded.at({count}))")
            sync(self.card, self.board, self.options)
            assert self.outcome() == "new", count
            assert sync(self.card, self.board, self.options).empty, count
            left = self.board.run("print(sorted([row[0] for row in os.ilistdir('/sd/SYNC')]))")
            assert ast.literal_eval(left) == ["SUMS"], count
            self.cuts += 1


BOTH = [pytest.param(OLD["boot.py"], id="able"), pytest.param(OTHER, id="another-boot", marks=NIGHTLY)]
ALLOWED = {"old", "new", "new, boot.py cut", "old, boot.py cut"}


@pytest.fixture(params=BOTH)
def cuts(request: pytest.FixtureRequest, board: FatBoard, tmp_path: Path) -> Cuts:
    return Cuts(board, tmp_path, OLD | {"boot.py": request.param}, NEW)


def test_any_cut_leaves_the_old_card_or_the_new(cuts: Cuts) -> None:
    """This holds after every single write; if boot.py itself is cut it is empty, and the firmware runs main.py."""
    seen = cuts.tally()
    assert set(seen) <= ALLOWED
    assert seen["old"] > 50
    assert seen["new"] > 50
    assert sum(number for name, number in seen.items() if "cut" in name) < 20
    print(cuts.cuts, "cuts", dict(seen))


def test_cutting_the_repair_leaves_the_old_card_or_the_new(cuts: Cuts) -> None:
    """The repair is cut twice, so that three starts follow the interrupted sync."""
    seen = cuts.tally(7, 20, again=2, again_skip=17)
    assert set(seen) <= ALLOWED
    assert cuts.cuts > 200


def test_the_next_sync_completes(cuts: Cuts) -> None:
    cuts.next_syncs(3, 23)


@NIGHTLY
def test_any_cut_of_the_sync_and_then_of_the_repair(cuts: Cuts) -> None:
    seen = cuts.tally(again=1)
    seen += cuts.tally(again=2, skip=3, again_skip=13)
    assert set(seen) <= ALLOWED
    print(cuts.cuts, "cuts", dict(seen))


@NIGHTLY
def test_the_next_sync_completes_after_any_cut(cuts: Cuts) -> None:
    cuts.next_syncs()
    print(cuts.cuts, "syncs")


def ordered() -> tuple[Tree, Tree, Tree]:
    """Returns a card, the same after models were ordered, swapped, and removed, and files of the user."""
    random_source = random.Random(2)
    sizes = {"10-a": 6000, "20 with a name of some length": 3000, "30-c": 4500, "40-d": 2500, "50 that is removed": 900}
    old: Tree = {"boot.py": FINISHER, "main.py": b"main", "device/app.py": b"app"}
    for name, size in sizes.items():
        old |= {f"models/{name}/m.kmodel": random_source.randbytes(size), f"models/{name}/model.json": name.encode()}
    old["models/30-c/deep/labels of some length.txt"] = random_source.randbytes(700)
    names = {
        "10-a": "20-a",
        "20 with a name of some length": "10 with a name of some length",
        "30-c": "40-d",
        "40-d": "30-c",
    }
    new: Tree = {}
    for path, data in old.items():
        parts = path.split("/")
        if parts[0] == "models":
            parts[1] = names.get(parts[1], parts[1])
        if "removed" not in path:
            new["/".join(parts)] = data
    return old, new, {"models/10-a/notes.txt": b"mine", "todo.txt": b"mine"}


@pytest.fixture
def moves(board: FatBoard, tmp_path: Path) -> Cuts:
    old, new, foreign = ordered()
    return Cuts(board, tmp_path, old, new, foreign=foreign)


def test_any_cut_after_an_order_leaves_the_old_card_or_the_new(moves: Cuts) -> None:
    """Nothing is sent, and the power fails after every single write of the copies and deletions."""
    assert not moves.plan.size
    seen = moves.tally()
    assert set(seen) == {"old", "new"}
    assert min(seen.values()) > 50
    print(moves.cuts, "cuts", dict(seen))


def test_the_next_sync_completes_an_order(moves: Cuts) -> None:
    moves.next_syncs(3, 23)


@NIGHTLY
def test_any_cut_after_an_order_and_then_of_the_repair(moves: Cuts) -> None:
    seen = moves.tally(again=1)
    assert set(seen) == {"old", "new"}
    print(moves.cuts, "cuts", dict(seen))


@NIGHTLY
def test_the_next_sync_completes_an_order_after_any_cut(moves: Cuts) -> None:
    moves.next_syncs()
    print(moves.cuts, "syncs")
