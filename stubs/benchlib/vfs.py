"""Which drive a path means, as MicroPython's VFS decides it."""

import bench
from benchlib.card import ENODEV, Drive


def normal(path: str) -> str:
    """Return an absolute path without "." and "..", seen from the current directory."""
    if not path.startswith("/"):
        path = bench.cwd + "/" + path
    parts = []  # type: list
    for part in path.split("/"):
        if part == "..":
            if parts:
                parts.pop()
        elif part and part != ".":
            parts.append(part)
    return "/" + "/".join(parts)


def resolve(path: str):
    """Return (drive, path inside it); (None, "") for the root; OSError(19) for what is not mounted."""
    if not isinstance(path, str):
        raise TypeError("can't convert '%s' object to str implicitly" % type(path).__name__)
    full = normal(path)
    if full == "/":
        return (None, "")
    cut = full.find("/", 1)
    name = full[1:cut] if cut > 0 else full[1:]
    rest = full[cut + 1 :] if cut > 0 else ""
    # The list of mounts decides, not the socket: a pulled card still resolves, and its accesses fail later.
    if name == "sd" and bench.card.mounted:
        return (bench.card, rest)
    if name == "flash":
        return (bench.flash, rest)
    raise OSError(ENODEV)


def mounts():
    """Return the drives listed in "/"."""
    drives = [bench.flash]
    if bench.card.mounted:
        drives.append(bench.card)
    return drives


__all__ = ("Drive", "mounts", "normal", "resolve")
