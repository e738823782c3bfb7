"""Files of the fakes: FatFs on the card, SPIFFS in the flash, and a missing or pulled card."""

from __future__ import annotations

from pathlib import Path
from zlib import crc32

import pytest

import bench
import machine
import uio
import uos
from benchlib.card import SparseFile

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def board() -> None:
    """A board with a card."""
    bench.reset()
    files = {"a.txt": "one\ntwo\nthree", "models/x/model.json": b"{}", "bin": bytes(range(256))}
    bench.card.insert(bench.MemoryCard(files))


def errno(call: object, *arguments: object) -> int:
    with pytest.raises(OSError) as caught:  # noqa: PT011
        call(*arguments)  # type: ignore[operator]
    number = caught.value.args[0]
    assert isinstance(number, int)
    return number


def test_reading() -> None:
    """Text and bytes are read at once, in pieces and by line."""
    with uio.open("/sd/a.txt") as file:
        assert file.readline() == "one\n"
        assert file.read(2) == "tw"
        assert file.read() == "o\nthree"
        assert file.read() == ""
        assert file.seek(0) == 0
        assert list(file) == ["one\n", "two\n", "three"]
    with uio.open("/sd/bin", "rb") as file:
        buffer = bytearray(4)
        assert file.readinto(buffer) == 4
        assert bytes(buffer) == b"\0\1\2\3"
        assert (file.tell(), file.seek(-2, 2), file.read()) == (4, 254, b"\xfe\xff")
        assert (file.seek(1, 0), file.read(1)) == (1, b"\1")
    with pytest.raises(OSError, match="22"):
        file.read()


def test_text_is_utf8() -> None:
    """read(n) of a text counts characters."""
    with uio.open("/sd/n.txt", "w") as file:
        assert file.write("Käse 猫\n") == 10
    with uio.open("/sd/n.txt") as file:
        assert (file.read(2), file.read(4), file.readline()) == ("Kä", "se 猫", "\n")
    assert uos.stat("/sd/n.txt")[6] == 10


def test_writing() -> None:
    """w truncates, a appends, r+ overwrites, x refuses."""
    with uio.open("/sd/w", "w") as file:
        file.write("abcdef")
    with uio.open("/sd/w", "a") as file:
        file.write("gh")
    with uio.open("/sd/w", "r+b") as file:
        file.seek(2)
        file.write(b"XY")
        assert file.read() == b"efgh"
    assert uio.open("/sd/w").read() == "abXYefgh"
    assert errno(uio.open, "/sd/w", "x") == 17
    assert errno(uio.open, "/sd/no/w", "w") == 2
    assert errno(uio.open("/sd/w").write, "x") == 13


def test_folders() -> None:
    """FatFs has folders."""
    assert uos.listdir("/sd/models") == ["x"]
    assert list(uos.ilistdir("/sd/models/x")) == [("model.json", 0x8000, 0, 2)]
    uos.mkdir("/sd/new")
    assert errno(uos.mkdir, "/sd/new") == 17
    assert errno(uos.mkdir, "/sd/no/new") == 2
    assert uos.stat("/sd/new")[0] == 0x4000
    assert errno(uos.rmdir, "/sd/models") == 13
    uos.rmdir("/sd/new")
    assert errno(uos.stat, "/sd/new") == 2
    uos.remove("/sd/models/x/model.json")
    assert uos.listdir("/sd/models/x") == []
    assert errno(uos.listdir, "/sd/a.txt") == 2
    assert errno(uos.remove, "/sd/models") == 21


def test_rename() -> None:
    """A rename replaces an existing file and moves a folder with its contents; between mounts it gives EPERM."""
    uos.rename("/sd/a.txt", "/sd/bin")
    assert uos.stat("/sd/bin")[6] == 13
    assert errno(uos.rename, "/sd/a.txt", "/sd/b") == 2
    uos.rename("/sd/models", "/sd/m")
    assert uos.listdir("/sd/m/x") == ["model.json"]
    assert errno(uos.rename, "/sd/bin", "/flash/bin") == 1


def test_relative_paths() -> None:
    """Relative paths start at the current folder."""
    uos.chdir("/sd")
    assert uio.open("a.txt").read(3) == "one"
    uos.chdir("models/x")
    assert uos.getcwd() == "/sd/models/x"
    assert uos.listdir() == ["model.json"]
    assert uio.open("../../a.txt").read(3) == "one"
    assert errno(uos.chdir, "/sd/nowhere") == 2
    uos.chdir("/flash/whatever")


def test_no_card() -> None:
    """The card is not in the list of mounts, and every path in /sd gives ENODEV."""
    bench.reset()
    assert uos.listdir("/") == ["flash"]
    for call, argument in ((uos.listdir, "/sd"), (uio.open, "/sd/a.txt"), (uos.stat, "/sd/a.txt"), (uos.chdir, "/sd")):
        assert errno(call, argument) == 19


def test_pulled_card() -> None:
    """It stays listed and every access gives EIO; a remount mounts a new card, or does nothing without one."""
    file = uio.open("/sd/a.txt")
    uio.open("/sd/models/x/model.json")
    bench.card.eject()
    assert uos.listdir("/") == ["flash", "sd"]
    assert errno(uos.listdir, "/sd") == 5
    assert errno(file.read) == 5
    machine.SDCard.remount()
    bench.clock.advance(200)
    assert uos.listdir("/") == ["flash", "sd"]
    uos.umount("/sd")
    assert uos.listdir("/") == ["flash"]
    assert errno(uos.umount, "/sd") == 22
    bench.card.insert(mount=False)
    assert errno(uos.listdir, "/sd") == 19
    machine.SDCard.remount()
    assert uos.listdir("/") == ["flash"]
    bench.clock.advance(200)
    assert uos.listdir("/sd") == ["a.txt", "bin", "models"]


def test_a_card_put_back_answers_after_a_remount_only() -> None:
    """It stays listed, but it is not set up again, so it gives EIO, and so does another card in the socket."""
    bench.card.eject()
    bench.card.insert(bench.MemoryCard({"b.txt": "2"}), mount=False)
    assert uos.listdir("/") == ["flash", "sd"]
    assert errno(uos.listdir, "/sd") == 5
    assert errno(uos.stat, "/sd/b.txt") == 5
    machine.SDCard.remount()
    bench.clock.advance(200)
    assert uos.listdir("/sd") == ["b.txt"]


def test_answers_from_the_root_folder_need_no_card() -> None:
    """FatFs keeps one sector: that of the root folder is not read again until another one was read."""
    assert errno(uos.stat, "/sd/nothing/x") == 2
    bench.card.eject()
    bench.card.insert(bench.MemoryCard({"nothing/x": ""}), mount=False)
    assert errno(uos.stat, "/sd/nothing/x") == 2
    assert uos.listdir("/sd") == ["a.txt", "bin", "models"]
    assert uos.stat("/sd/a.txt")[6] == 13
    assert errno(uio.open, "/sd/b.txt") == 2
    assert errno(uos.stat, "/sd/models/x") == 5
    assert errno(uos.stat, "/sd/nothing/x") == 5  # after a failed read no sector is kept
    assert uos.stat("/sd")[0] == 0x4000  # the root itself needs no read


def test_a_root_folder_of_many_names_is_always_read() -> None:
    """It takes more than one sector."""
    bench.card.insert(bench.MemoryCard({f"a long name {at}.txt": "" for at in range(10)}))
    assert errno(uos.stat, "/sd/nothing/x") == 2
    bench.card.eject()
    assert errno(uos.stat, "/sd/nothing/x") == 5


def test_nothing_is_written_to_a_pulled_card() -> None:
    assert errno(uos.stat, "/sd/nothing/x") == 2
    bench.card.eject()
    assert errno(uio.open, "/sd/new.txt", "w") == 5
    bench.card.insert()
    assert errno(uos.stat, "/sd/new.txt") == 2


def test_pulled_at_the_nth_operation() -> None:
    """A test can pull the card between any two operations."""
    bench.card.pull_at(3)
    file = uio.open("/sd/a.txt")
    assert file.readline() == "one\n"
    assert errno(file.readline) == 5
    assert errno(uos.listdir, "/sd") == 5
    bench.card.insert()
    assert uos.listdir("/sd/models") == ["x"]


@pytest.mark.parametrize("after", range(7))
def test_power_cut(after: int) -> None:
    """The power is cut after any byte: the torn file stays, and files written before are complete."""
    bench.card.power_cut_after(after)
    file = uio.open("/sd/s", "w")
    with pytest.raises(bench.PowerCut):  # noqa: PT012  which of the two is the point
        file.write("abc")
        file.write("defg")
    assert bytes(bench.card.backend.read("s")) == b"abcdefg"[:after]
    with uio.open("/sd/t", "w") as file:
        file.write("the next life")
    assert uio.open("/sd/a.txt").read(3) == "one"


def test_flash_is_flat() -> None:
    """SPIFFS: no folders, every file listed whatever the path, "a" does not create, "x" truncates."""
    with uio.open("/flash/a/b.txt", "w") as file:
        file.write("12")
    assert uos.listdir("/flash") == ["a/b.txt", "freq.conf"]
    assert uos.listdir("/flash/anything") == ["a/b.txt", "freq.conf"]
    assert errno(uio.open, "/flash/new", "a") == 2
    with uio.open("/flash/a/b.txt", "x") as file:
        file.write("3")
    assert uio.open("/flash/a/b.txt").read() == "3"
    assert uos.stat("/flash/a/b.txt") == (0x8000, 0, 0, 0, 0, 0, 1, 0, 0, 0)
    uos.rename("/flash/a/b.txt", "/flash/c")
    assert uos.listdir("/flash") == ["c", "freq.conf"]
    uos.remove("/flash/c")
    assert errno(uos.stat, "/flash/c") == 2
    uos.chdir("/flash/nowhere")
    assert uos.getcwd() == "/flash"


def test_sparse_files() -> None:
    """A large file of which only the head is kept reads as zeros after it."""
    bench.card.insert(bench.MemoryCard({"big": SparseFile(b"head", 1000)}))
    with uio.open("/sd/big", "rb") as file:
        assert file.read(8) == b"head\0\0\0\0"
        assert len(file.read()) == 992
    assert uos.stat("/sd/big")[6] == 1000


def test_faults_by_name() -> None:
    """Any call can be told to fail once, n times, at the nth time or until healed; an int is an errno."""
    bench.fail_next("uio.open", 28)
    assert errno(uio.open, "/sd/a.txt") == 28
    uio.open("/sd/a.txt")
    bench.fail_next("uos.listdir", MemoryError("full"), times=2)
    for _ in range(2):
        with pytest.raises(MemoryError, match="full"):
            uos.listdir("/sd")
    uos.listdir("/sd")
    bench.fail_at("uos.stat", 3, OSError(5))
    uos.stat("/sd/a.txt")
    uos.stat("/sd/a.txt")
    assert errno(uos.stat, "/sd/a.txt") == 5
    bench.fail_next("uos.stat", KeyboardInterrupt, times=None)
    for _ in range(3):
        with pytest.raises(KeyboardInterrupt):
            uos.stat("/sd/a.txt")
    bench.heal("uos.stat")
    uos.stat("/sd/a.txt")


def cut_at(nth: int, call: object, *arguments: object) -> bool:
    """Call with the power cut before the nth name is created or removed, then mount the card again.

    Returns False if fewer names are created or removed.
    """
    bench.card.power_cut_at_name(nth)
    try:
        call(*arguments)  # type: ignore[operator]
    except bench.PowerCut:
        bench.card.mount()
        return True
    bench.card.power_cut_at_name(None)
    return False


def test_a_rename_that_is_cut_leaves_two_names() -> None:
    """Each can be read; deleting or replacing one loses the other, because they share their clusters."""
    for lose in (lambda: uos.remove("/sd/a.txt"), lambda: uio.open("/sd/a.txt", "w").close()):
        bench.card.insert(bench.MemoryCard({"a.txt": "one", "b.txt": "two"}))
        assert cut_at(2, uos.rename, "/sd/a.txt", "/sd/c.txt")
        assert sorted(uos.listdir("/sd")) == ["a.txt", "b.txt", "c.txt"]
        assert uio.open("/sd/a.txt").read() == uio.open("/sd/c.txt").read() == "one"
        lose()
        assert errno(lambda: uio.open("/sd/c.txt").read()) == 5
    bench.card.insert(bench.MemoryCard({"hal.py": "old", "hal.py.part": "new"}))
    assert cut_at(3, uos.rename, "/sd/hal.py.part", "/sd/hal.py")
    uos.rename("/sd/hal.py.part", "/sd/hal.py")  # as an older boot.py did
    assert errno(lambda: uio.open("/sd/hal.py").read()) == 5
    bench.card.insert(bench.MemoryCard({"a.txt": "one", "b.txt": "two"}))
    uos.rename("/sd/a.txt", "/sd/b.txt")
    assert uos.listdir("/sd") == ["b.txt"]
    assert uio.open("/sd/b.txt").read() == "one"


def test_boot_py_finishes_a_sync_that_is_cut_anywhere() -> None:
    """The power is cut at every name and every byte, and once more after that: then the card is the new one."""
    parts = {"SYNC/A1": "new main", "SYNC/A2": "new module", "SYNC/A3": ""}
    names = ["main.py", "device/kinds/deep.py", "empty"]
    steps = ["mkdir\tdevice/kinds"]
    steps += [
        f"copy\t{part}\t{name}\t{crc32(parts[part].encode()):08x}" for part, name in zip(parts, names, strict=True)
    ]
    body = "\n".join([*steps, "delete\tmodels/1/ARRIVING", "delete\tgone.py", "rmdir\tmodels/2"])
    old = {"main.py": "old main", "device/a.py": "a", "models/1/ARRIVING": "", "models/1/m": "m", "gone.py": ""}
    old |= {"models/2/a": "a", "models/2/b": "b", "SYNC/STEPS": f"{body}\nend {crc32(body.encode()):08x}"}
    new = {
        "main.py": "new main",
        "device/a.py": "a",
        "device/kinds/deep.py": "new module",
        "empty": "",
        "models/1/m": "m",
    }
    program = (ROOT / "boot.py").read_text()

    def boots(*cuts: tuple[str, int]) -> int:
        card = bench.MemoryCard(old | parts)
        bench.card.insert(card)
        done = 0
        for kind, nth in cuts:
            if kind == "byte":
                bench.card.power_cut_after(nth)
            else:
                bench.card.power_cut_at_name(nth)
            try:
                exec(program, {})
            except bench.PowerCut:
                done += 1
                bench.card.mount()
            bench.card.power_cut_after(None)
            bench.card.power_cut_at_name(None)
        exec(program, {})
        assert {name: bytes(data).decode() for name, data in card.files.items()} == new, cuts
        assert not card.lost
        return done

    points = [(kind, nth) for kind in ("byte", "name") for nth in range(1, 20) if boots((kind, nth))]
    assert len(points) > 25
    assert sum(boots(first, second) == 2 for first in points[::3] for second in points[::2]) > 30
