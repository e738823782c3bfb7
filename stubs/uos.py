"""Fake of MaixPy's uos module: the VFS with FatFs on /sd and SPIFFS on /flash (moduos.c, vfs_fat.c, vfs_spiffs.c)."""

from collections import namedtuple

import bench
import flavours
from benchlib import vfs
from benchlib.card import EIO, ENOENT

_DIR = 0x4000
_FILE = 0x8000
_EPERM = 1
_ENOTDIR = 20
_NEVER_SET = 1893456000
uname_result = namedtuple("uname_result", ("sysname", "nodename", "release", "version", "machine"))


def _drive_of(path, only_looks=False):
    drive, inside = vfs.resolve(path)
    if drive is not None:
        drive.touch(inside if only_looks else None)
    return (drive, inside)


def ilistdir(_path: str = "."):
    """Return an iterator of (name, type, inode, size), on /flash over all its files."""
    bench.enter("uos.ilistdir")
    return iter(_list(_path))


def listdir(_path: str = ".") -> list:
    """Return the names in a folder.

    Raises OSError: 2 for a missing folder, 5 for a card that was pulled, 19 without a card.
    """
    bench.enter("uos.listdir")
    names = [row[0] for row in _list(_path)]
    # A path of bytes gives names of bytes.
    return [name.encode() for name in names] if isinstance(_path, bytes) else names


def _list(path):
    drive, inside = _drive_of(path, True)
    if drive is None:
        return [(mount.name, _DIR, 0, 0) for mount in vfs.mounts()]
    # SPIFFS has no folders, so the path does not matter and every name is listed.
    if drive.flat:
        return [(name, _FILE, 0, size) for name, _, size in drive.entries()]
    return [(name, _DIR if is_dir else _FILE, 0, size) for name, is_dir, size in drive.listdir(inside)]


def stat(_path: str) -> tuple:
    """Return ten numbers: [0] is the type, [6] the size, [7] to [9] the times, which are 0 on /flash."""
    bench.enter("uos.stat")
    drive, inside = vfs.resolve(_path)
    # stat("/sd") does not access the card, so it does not notice that the card was pulled (fat_vfs_stat in vfs_fat.c).
    if drive is None or (not inside and not drive.flat):
        return (_DIR, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    drive.touch(inside)
    is_dir, size = drive.stat(inside)
    # SPIFFS stores no times. Simplified: everything on the card has the time of a write before the clock was set,
    # which is in 2060: the years of the clock chip count from 2000 and those of FatFs from 1980.
    when = 0 if drive.flat else _NEVER_SET
    return (_DIR if is_dir else _FILE, 0, 0, 0, 0, 0, size, when, when, when)


def statvfs(_path: str) -> tuple:
    """Return (block size, fragment size, blocks, free blocks, ...). Simplified: the card has a usual size."""
    bench.enter("uos.statvfs")
    drive, _ = _drive_of(_path)
    # The firmware counts /flash in units of 128 KiB, and a file that is smaller takes none of them.
    if drive is not None and drive.flat:
        used = (sum([row[2] for row in drive.entries()])) // 131072
        return (131072, 131072, 21, max(21 - used, 0), max(21 - used, 0), 0, 0, 0, 0, 128)
    if drive is not None and hasattr(drive.backend, "statvfs"):
        sizes = drive.backend.statvfs()
        if sizes:
            return sizes
    return (32768, 32768, 243000, 200000, 200000, 0, 0, 0, 0, 255)


def mkdir(_path: str) -> None:
    """Make a folder on /sd. Raises OSError(17) for an existing one, NotImplementedError on /flash."""
    bench.enter("uos.mkdir")
    drive, inside = _drive_of(_path)
    if drive is None:
        raise OSError(_EPERM)
    # This is not an OSError, so a program that catches only OSError fails on /flash.
    if drive.flat:
        raise NotImplementedError("SPIFFS not support")
    drive.mkdir(inside)


def rmdir(_path: str) -> None:
    """Remove an empty folder on /sd. Raises OSError: 5 on /flash, 13 for a folder with files, 20 for a file."""
    bench.enter("uos.rmdir")
    drive, inside = _drive_of(_path)
    if drive is None or drive.flat:
        raise OSError(EIO)
    # The kind is checked first, because remove() of the drive removes files too.
    is_dir, _ = drive.stat(inside)
    if not is_dir:
        raise OSError(_ENOTDIR)
    drive.remove(inside)


def remove(_path: str) -> None:
    """Remove a file. Raises OSError: 2 for a missing file, 21 for a folder."""
    bench.enter("uos.remove")
    drive, inside = _drive_of(_path)
    if drive is None:
        raise OSError(_EPERM)
    try:
        is_dir, _ = drive.stat(inside)
    except OSError:
        if drive.flat:
            bench.uart.print("[MaixPy]:SPIFFS Error Code -10002")
        raise
    # The kind is checked first, because remove() of the drive removes empty folders too.
    if is_dir:
        raise OSError(21)
    drive.remove(inside)


def rename(_old: str, _new: str) -> None:
    """Rename a file or folder; an existing file of the new name is replaced. Raises OSError(1) between two drives."""
    bench.enter("uos.rename")
    drive, old = _drive_of(_old)
    # Only the old name costs an access. The VFS does not copy between two drives.
    other, new = vfs.resolve(_new)
    if drive is None or other is not drive:
        raise OSError(_EPERM)
    drive.stat(old)
    # For the same name nothing is written, so a power cut can do no harm.
    if old != new:
        drive.rename(old, new)


def chdir(_path: str) -> None:
    """Change the current directory. Raises OSError(2) for a missing one on /sd; on /flash every path is accepted."""
    bench.enter("uos.chdir")
    drive, inside = _drive_of(_path, True)
    if drive is not None and not drive.flat:
        is_dir, _ = drive.stat(inside)
        if not is_dir:
            raise OSError(ENOENT)
    # SPIFFS has no folders, so every path on it means its root.
    bench.cwd = "/flash" if drive is not None and drive.flat else vfs.normal(_path)


def getcwd() -> str:
    """Return the current directory."""
    return bench.cwd


def sync() -> None:
    """Do nothing, as in the firmware."""
    bench.enter("uos.sync")


def uname():
    """Return the name and the version of the firmware. Simplified: date and commit are the same for most versions."""
    version = bench.flavour[flavours.VERSION]
    tag = version.split("-")[0]
    text = version + "-g0f1e2d3c4" if tag != version else tag
    # Some images have the commit alone.
    for commit in flavours.BANNERS:
        if flavours.BANNERS[commit] == version:
            text = commit
    return uname_result("MaixPy", "MaixPy", tag[1:], text + " on 2021-11-01", "Sipeed_M1 with kendryte-k210")


def urandom(_n: int) -> bytes:
    """Return _n bytes, always the same ones, so that runs repeat."""
    return bytes([(i * 73 + 41) & 255 for i in range(_n)])


def mount(_device, _path: str) -> None:
    """Do nothing. Simplified: a card is mounted with machine.SDCard.remount() only."""
    bench.enter("uos.mount")


def umount(_path) -> None:
    """Unmount the card. Raises OSError(22) when it is not mounted, and for another path."""
    bench.enter("uos.umount")
    if _path != "/sd" or not bench.card.mounted:
        raise OSError(22)
    bench.card.unmount()


def flash_format() -> bool:
    """Erase /flash. Returns True."""
    bench.enter("uos.flash_format")
    backend = bench.flash.backend
    for row in backend.listdir(""):
        backend.remove(row[0])
    for text in ("Spiffs Unmount.", "Spiffs Formating...", "Spiffs Format successful", "Spiffs Mount successful"):
        bench.uart.print("[MAIXPY]:" + text)
    return True


def dupterm(_stream=None, _index: int = 0) -> None:
    """Do nothing. In the firmware this copies the REPL to a stream."""
    bench.enter("uos.dupterm")


def set_REPLio(_stream) -> None:
    """Do nothing. In the firmware this moves the REPL."""
    bench.enter("uos.set_REPLio")
