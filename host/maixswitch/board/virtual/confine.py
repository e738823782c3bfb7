"""Confines a child process to a few folders with Linux' Landlock, where the kernel has it (since 5.13)."""

from __future__ import annotations

import ctypes
import os
import struct
import sys
from collections.abc import Sequence
from glob import glob
from pathlib import Path

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
"""Numbers of the system calls, the same on all processors."""
ASK_VERSION = 1
PATH_BENEATH = 1
PR_SET_NO_NEW_PRIVS = 38
EXECUTE, READ_FILE, READ_FOLDER, REFER, TRUNCATE = 1 << 0, 1 << 2, 1 << 3, 1 << 13, 1 << 14
ALL_OF_VERSION = {1: (1 << 13) - 1, 2: (1 << 14) - 1}
ALL = (1 << 15) - 1
"""Every access to files that the third version and later ones know: reading, writing, making, removing, executing."""
TCP = 3
"""Listening and connecting, which the fourth version and later ones know."""
LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/etc/ld.so.cache")
LOADERS = ("/lib/ld-*", "/lib64/ld-*", "/lib/*/ld-*", "/usr/lib/ld-*", "/usr/lib/*/ld-*")


class Confinement:
    """Rules for a child: prepared here, in force when the child calls `enter` before it executes a program.

    program: what it executes. readable, writable: folders whose files it may read, or also change.
    `active`: whether this kernel can confine.
    """

    def __init__(self, program: str, readable: Sequence[str], writable: Sequence[str]) -> None:
        self._fd = -1
        version = _call(CREATE_RULESET, None, 0, ASK_VERSION) if sys.platform == "linux" else -1
        self.active = version >= 1
        if not self.active:
            return
        handled = ALL_OF_VERSION.get(version, ALL)
        network = struct.pack("<Q", TCP) if version >= 4 else b""
        attributes = struct.pack("<Q", handled) + network
        self._fd = _call(CREATE_RULESET, attributes, len(attributes), 0)
        # The package's interpreter is a library that Python loads.
        for path in (*LIBRARIES, sys.prefix, sys.base_prefix, *filter(None, sys.path), *readable):
            self._allow(path, READ_FILE | READ_FOLDER)
        for path in writable:
            self._allow(path, handled & ~EXECUTE)
        # The kernel runs a dynamic program through its loader, a text through the program that its first line names.
        for path in (program, *_first_line(program), *(path for pattern in LOADERS for path in glob(pattern))):
            self._allow(path, READ_FILE | EXECUTE)

    def _allow(self, path: str, access: int) -> None:
        if not os.path.exists(path):
            return
        # The rights about folders are refused for a file.
        if not Path(path).is_dir():
            access &= EXECUTE | READ_FILE
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
        try:
            _call(ADD_RULE, self._fd, PATH_BENEATH, struct.pack("<Qi", access, descriptor), 0)
        finally:
            os.close(descriptor)

    def enter(self) -> None:
        """Put the rules into force for this process and those that it starts. Raises OSError if that fails."""
        if not self.active:
            return
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or _call(RESTRICT_SELF, self._fd, 0) < 0:
            raise OSError(ctypes.get_errno(), "landlock")

    def close(self) -> None:
        """Forget the prepared rules."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def _first_line(program: str) -> list[str]:
    """Return the program that the first line of a text names, after "#!"; nothing for a binary."""
    with open(program, "rb") as file:
        line = file.readline(200)
    return line[2:].decode("utf-8", "replace").split()[:1] if line.startswith(b"#!") else []


def _call(number: int, *arguments: int | bytes | None) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    return int(libc.syscall(ctypes.c_long(number), *arguments))
