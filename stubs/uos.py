"""Fake of MaixPy's uos (moduos.c, the VFS, FatFs on /sd, SPIFFS on /flash)."""

from collections import namedtuple

import bench
import flavours
from benchlib import vfs
from benchlib.card import EIO, ENOENT

_DIR = 0x4000
_FILE = 0x8000
_EPERM = 1
_ENOTDIR = 20
uname_result = namedtuple("uname_result", ("sysname", "nodename", "release", "version", "machine"))


def _where(path, looks=False):
    drive, inside = vfs.resolve(path)
    if drive is not None:
        drive.touch(inside if looks else None)
    return (drive, inside)


def ilistdir(_path: str = "."):
    """Yield (name, type, inode, size); on /flash every file of every sub-path."""
    bench.enter("uos.ilistdir")
    return iter(_list(_path))


def listdir(_path: str = ".") -> list:
    """Return the names in a folder; OSError(19) without a card, OSError(5) when it was pulled, OSError(2)."""
    bench.enter("uos.listdir")
    return [row[0] for row in _list(_path)]


def _list(path):
    drive, inside = _where(path, True)
    if drive is None:
        return [(mount.name, _DIR, 0, 0) for mount in vfs.mounts()]
    # SPIFFS has no folders: its names are listed in full, whatever sub-path was asked for.
    if drive.flat:
        return [(name, _FILE, 0, size) for name, _, size in drive.entries()]
    return [(name, _DIR if is_dir else _FILE, 0, size) for name, is_dir, size in drive.listdir(inside)]


def stat(_path: str) -> tuple:
    """Return ten numbers: [0] type, [6] size; times are the unset clock's on /sd, 0 on /flash.

    Nobody asks the card about its root (fat_vfs_stat).
    """
    bench.enter("uos.stat")
    drive, inside = vfs.resolve(_path)
    # The root of the card is answered without an access, so stat("/sd") does not notice that the card was pulled.
    if drive is None or (not inside and not drive.flat):
        return (_DIR, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    drive.touch(inside)
    is_dir, size = drive.stat(inside)
    # SPIFFS keeps no times. A file of the card gets the time of power-on.
    when = 0 if drive.flat or is_dir else bench.clock.epoch
    return (_DIR if is_dir else _FILE, 0, 0, 0, 0, 0, size, when, when, when)


def statvfs(_path: str) -> tuple:
    """Return (block size, fragment, blocks, free, ...); simplified: sizes of a usual card, 128 KiB units on /flash."""
    bench.enter("uos.statvfs")
    drive, _ = _where(_path)
    # The firmware counts /flash in units of 128 KiB, so one small file takes a whole unit.
    if drive is not None and drive.flat:
        used = (sum([row[2] for row in drive.entries()]) + 131071) // 131072
        return (131072, 131072, 24, max(24 - used, 0), max(24 - used, 0), 0, 0, 0, 0, 32)
    if drive is not None and hasattr(drive.backend, "statvfs"):
        sizes = drive.backend.statvfs()
        if sizes:
            return sizes
    return (32768, 32768, 243000, 200000, 200000, 0, 0, 0, 0, 255)


def mkdir(_path: str) -> None:
    """Make a folder on /sd; NotImplementedError on /flash, OSError(17) when it exists."""
    bench.enter("uos.mkdir")
    drive, inside = _where(_path)
    if drive is None:
        raise OSError(_EPERM)
    # The exception is not an OSError here, so a program that catches only OSError fails on /flash.
    if drive.flat:
        raise NotImplementedError("SPIFFS not support")
    drive.mkdir(inside)


def rmdir(_path: str) -> None:
    """Remove an empty folder on /sd; OSError(5) on /flash."""
    bench.enter("uos.rmdir")
    drive, inside = _where(_path)
    if drive is None or drive.flat:
        raise OSError(EIO)
    # The kind is checked first: remove() of the drive would take files and folders alike.
    is_dir, _ = drive.stat(inside)
    if not is_dir:
        raise OSError(_ENOTDIR)
    drive.remove(inside)


def remove(_path: str) -> None:
    """Remove a file; OSError(2)."""
    bench.enter("uos.remove")
    drive, inside = _where(_path)
    if drive is None:
        raise OSError(_EPERM)
    is_dir, _ = drive.stat(inside)
    # Files and folders have their own calls here; the drive itself would remove an empty folder as well.
    if is_dir:
        raise OSError(21)
    drive.remove(inside)


def rename(_old: str, _new: str) -> None:
    """Rename; an existing file of the new name is replaced. OSError(1) from one mount to another."""
    bench.enter("uos.rename")
    drive, old = _where(_old)
    # Only the old name costs an access. Between two mounts nothing is copied: the VFS refuses.
    other, new = vfs.resolve(_new)
    if drive is None or other is not drive:
        raise OSError(_EPERM)
    drive.stat(old)
    # The same name changes nothing in the folder: nothing is written that a power cut could hit.
    if old != new:
        drive.rename(old, new)


def chdir(_path: str) -> None:
    """Change the current directory; OSError(2) on /sd when there is none, anything goes on /flash."""
    bench.enter("uos.chdir")
    drive, inside = _where(_path, True)
    if drive is not None and not drive.flat:
        is_dir, _ = drive.stat(inside)
        if not is_dir:
            raise OSError(ENOENT)
    # SPIFFS has no folders, so a change into one leads to its root and never fails.
    bench.cwd = "/flash" if drive is not None and drive.flat else vfs.normal(_path)


def getcwd() -> str:
    """Return the current directory."""
    return bench.cwd


def sync() -> None:
    """Do nothing, as the firmware."""
    bench.enter("uos.sync")


def uname():
    """Return the firmware's name and version; the date, and the commit behind "-g", are made up."""
    version = bench.flavour[flavours.VERSION]
    tag = version.split("-")[0]
    text = version + "-g0f1e2d3c4" if tag != version else tag
    return uname_result("MaixPy", "MaixPy", tag[1:], text + " on 2021-11-01", "Sipeed_M1 with kendryte-k210")


def urandom(_n: int) -> bytes:
    """Return n bytes; here always the same ones, so that runs repeat."""
    return bytes([(i * 73 + 41) & 255 for i in range(_n)])


def mount(_device, _path: str) -> None:
    """Accept a mount; simplified: use machine.SDCard.remount()."""
    bench.enter("uos.mount")


def umount(_path) -> None:
    """Take the card off the list; OSError(22) when it is not there."""
    bench.enter("uos.umount")
    if _path != "/sd" or not bench.card.mounted:
        raise OSError(22)
    bench.card.unmount()


def flash_format() -> None:
    """Erase /flash."""
    bench.enter("uos.flash_format")
    bench.flash.reset()


def dupterm(_stream=None, _index: int = 0) -> None:
    """Return None: the REPL's copy is not in the fake."""
    bench.enter("uos.dupterm")


def set_REPLio(_stream) -> None:
    """Move the REPL; not in the fake."""
    bench.enter("uos.set_REPLio")
