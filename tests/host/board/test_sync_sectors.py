"""The power fails after any write of a sector, of a sync and of boot.py's own repair: the card is the old or the new.

The card is one of MicroPython's own FatFs, whose order of writes counts; sync's programs for the board run on it.
"""

from __future__ import annotations

import ast
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.host.board.fat_helpers import ROOT, FatBoard, Tree, fill, grow, sync, told

NIGHTLY = pytest.mark.nightly
FINISHER = (ROOT / "boot.py").read_bytes()
OTHER = b'"""Safety only."""\n'
DEVICE = [path.relative_to(ROOT).as_posix() for path in sorted((ROOT / "device").rglob("*.py"))]


def cards() -> tuple[Tree, Tree]:
    """A card with an app of as many files as ours has, and what is to become of it: files come, change and go."""
    draw = random.Random(1)

    def some(names: list[str]) -> Tree:
        return {name: draw.randbytes(draw.randrange(100, 5000)) for name in names}

    old = {"boot.py": FINISHER + b"# old\n", "main.py": b"old main", "notes.txt": b"kept", **some(DEVICE)}
    old |= some([f"device/a module of an older app, number {number}, that goes.py" for number in range(3)])
    # long names have several entries; these are so many that the entries of some lie in two sectors
    models = ["10-a", *(f"1{number} of the same kind" for number in range(1, 5)), "20 that will be gone"]
    old |= {f"models/{name}/model.json": b"{}" for name in models}
    old |= some(
        ["models/10-a/m.kmodel", *(f"models/20 that will be gone/labels in file {number}.txt" for number in range(6))]
    )
    new = {name: data for name, data in old.items() if "gone" not in name and "goes" not in name}
    new |= {"boot.py": FINISHER, "main.py": b"new main", **some(DEVICE[::6])}
    new |= some(["device/kinds/another_new_kind.py", "models/10-a/m.kmodel", "models/30 that comes/m.kmodel"])
    new |= some(["models/30 that comes/deep/labels of some length.txt"])
    return old, new | {"models/10-a/model.json": b"{ }", "models/30 that comes/model.json": b"{}", "empty.txt": b""}


OLD, NEW = cards()


@pytest.fixture
def board() -> Iterator[FatBoard]:
    made = FatBoard()
    yield made
    made.end()


class Cuts:
    """A sync of `old` into `new`, write by write, and what starts when the power fails."""

    def __init__(self, board: FatBoard, place: Path, old: Tree, new: Tree, cluster: int = 8) -> None:
        self.board = board
        self.card = grow(place / "card", new)
        self.old = old
        self.new = {name: data for name, data in old.items() if not name.startswith(("models/", "device/"))} | new
        fill(board, old, cluster)
        board.run("whole = fat_disk.Disk(socket.disk)\nsocket.use(whole)")
        self.plan = sync(self.card, board)
        self.writes = board.number("len(whole.log)")
        board.run("socket.use(fat_disk.Disk(whole))")
        assert self.outcome() == "new"
        self.cuts = 0

    def name(self, full: int, rest: int, fault: str) -> str:
        """Which card it is; "mixed" for neither, and the fault where two files share a cluster, or one is cut off."""
        trees = {"new": self.new, "old": self.old}
        named = {told(tree): name for name, tree in trees.items()}
        for name, tree in trees.items():
            without = told({path: data for path, data in tree.items() if path != "boot.py"})
            if rest == without:
                named.setdefault(full, f"{name}, boot.py cut")
        return f"{named.get(full, 'mixed')} {fault}".strip()

    def outcome(self) -> str:
        return self.name(*ast.literal_eval(self.board.run("print(outcome())")))

    def tally(self, first: int = 0, skip: int = 1, again: int = 0, again_skip: int = 1) -> Counter[str]:
        """Cuts at every skip-th write from the first, then `again` times the repair at every again_skip-th."""
        call = f"tally(whole, range({first}, {self.writes}, {skip}), {again}, {again_skip})"
        counts: Counter[str] = Counter()
        for key, number in ast.literal_eval(self.board.run(f"print({call})")).items():
            counts[self.name(*key)] += number
        self.cuts += sum(counts.values())
        return counts

    def next_syncs(self, first: int = 0, skip: int = 1) -> None:
        """The next sync after each of these cuts, with or without a start between, makes the card the new one."""
        for count in range(first, self.writes, skip):
            self.board.run(f"socket.use(whole.at({count}))" if count % 2 else f"start(whole.at({count}))")
            sync(self.card, self.board)
            assert self.outcome() == "new", count
            assert sync(self.card, self.board).empty, count
            left = self.board.run("print(sorted([row[0] for row in os.ilistdir('/sd/SYNC')]))")
            assert ast.literal_eval(left) == ["SUMS"], count
            self.cuts += 1


BOTH = [pytest.param(OLD["boot.py"], id="able"), pytest.param(OTHER, id="another-boot")]
ALLOWED = {"old", "new", "new, boot.py cut", "old, boot.py cut"}


@pytest.fixture(params=BOTH)
def cuts(request: pytest.FixtureRequest, board: FatBoard, tmp_path: Path) -> Cuts:
    return Cuts(board, tmp_path, OLD | {"boot.py": request.param}, NEW)


def test_any_cut_leaves_the_old_card_or_the_new(cuts: Cuts) -> None:
    """After every single write; a boot.py that is cut itself is empty, and the firmware goes on to main.py."""
    seen = cuts.tally()
    assert set(seen) <= ALLOWED
    assert seen["old"] > 50
    assert seen["new"] > 50
    assert sum(number for name, number in seen.items() if "cut" in name) < 20
    print(cuts.cuts, "cuts", dict(seen))


def test_the_repair_is_cut_too(cuts: Cuts) -> None:
    """Twice in a row, so that three starts follow a sync that was cut."""
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
