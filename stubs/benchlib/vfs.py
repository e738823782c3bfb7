"""The drive of a path, as the VFS of MicroPython chooses it."""

import bench
from benchlib.card import ENODEV, Drive


def normal(path: str) -> str:
    """Return a path as an absolute one without "." and "..". A relative path counts from the current directory."""
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
    """Return (drive, path on it), or (None, "") for the root. Raises OSError(19) for a drive that is not mounted."""
    # Bytes are a path as well (mp_obj_str_get_str).
    if isinstance(path, bytes):
        path = path.decode()
    if not isinstance(path, str):
        raise TypeError("can't convert '%s' object to str implicitly" % type(path).__name__)
    full = normal(path)
    if full == "/":
        return (None, "")
    cut = full.find("/", 1)
    name = full[1:cut] if cut > 0 else full[1:]
    inside = full[cut + 1 :] if cut > 0 else ""
    # A card that was pulled is still mounted, so its path resolves and the access fails later.
    if name == "sd" and bench.card.mounted:
        return (bench.card, inside)
    if name == "flash":
        return (bench.flash, inside)
    raise OSError(ENODEV)


def mounts():
    """Return the mounted drives, which are the entries of "/"."""
    drives = [bench.flash]
    if bench.card.mounted:
        drives.append(bench.card)
    return drives


__all__ = ("Drive", "mounts", "normal", "resolve")
