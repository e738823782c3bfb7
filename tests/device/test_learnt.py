"""What a model has learnt, on the card: it survives a power cut at any byte. Runs under both interpreters."""

import bench
import uio
from device.once.learnt import FILES, MOST_NAMES, NAME, SLOTS, learnt_path, learnt_read, learnt_write

FOLDER = "/sd/models/m/"


def fresh():
    bench.reset()
    bench.card.insert(bench.MemoryCard({"models/m/model.json": b"{}"}))


def store(data, names):
    """Write as a kind does: the data, then the index."""
    with uio.open(learnt_path(FOLDER), "wb") as file:
        file.write(data)
    learnt_write(FOLDER, names)


def known():
    names, path = learnt_read(FOLDER)
    if path is None:
        return names, None
    with uio.open(path, "rb") as file:
        return names, file.read()


def test_nothing_learnt():
    fresh()
    assert known() == ([], None)


def test_the_newest_counts_and_the_files_take_turns():
    fresh()
    for turn, names in enumerate((["Anna"], ["Anna", "Größe 猫"], ["a b", ""], [])):
        data = bytes([turn]) * 700  # more than one part of the checksum
        assert learnt_path(FOLDER) == FOLDER + FILES[turn & 1]
        store(data, names)
        assert known() == (names, data)


def test_long_names_and_too_many_are_cut():
    fresh()
    store(b"x", ["n" * 40] * 30)
    assert known() == (["n" * NAME] * MOST_NAMES, b"x")


def test_the_longest_index_fits_its_slot():
    fresh()
    names = ["\U0001f600" * NAME] * MOST_NAMES
    store(b"x", names)
    assert known() == (names, b"x")


def test_power_lost_at_any_byte_leaves_the_old_or_the_new():
    for history in (0, 1, 2, 3):
        cut = 0
        while True:
            fresh()
            for turn in range(history):
                store(bytes([turn]) * 5, ["n" + str(turn)])
            old = known()
            bench.card.power_cut_after(cut)
            try:
                store(b"new" * 4, ["new"])
                done = True
            except bench.PowerCut:
                done = False
            bench.card.power_cut_after(None)
            assert known() in (old, (["new"], b"new" * 4)), (history, cut)
            assert not done or known()[0] == ["new"]
            store(b"later", ["later"])
            assert known() == (["later"], b"later")
            if done:
                break
            cut += 1
        assert cut > 20


def test_damaged_data_are_not_used():
    fresh()
    store(b"abcd", ["a"])
    files = bench.card.backend.files
    files["models/m/" + FILES[0]][1] ^= 1
    assert known() == ([], None)
    del files["models/m/" + FILES[0]]
    assert known() == ([], None)


def test_a_slot_of_another_meaning_is_not_used():
    from binascii import crc32

    for body in (b"0 xyz", b"0 00000000 zz", b"0 00000000 ff", b"0 "):
        fresh()
        bench.card.backend.files["models/m/" + SLOTS[0]] = bytearray(body + b" %08x" % crc32(body))
        bench.card.backend.files["models/m/" + FILES[0]] = bytearray(b"")
        assert known() == ([], None), body


def failure():
    """Return the number of the OSError that a read raises, None for none."""
    try:
        known()
    except OSError as error:
        return error.args[0]
    return None


def test_without_a_card():
    """It must not look as if nothing were learnt, or what is learnt next would take the place of what is there."""
    fresh()
    store(b"abcd", ["a"])
    bench.card.eject()
    assert failure() == 5


def test_a_read_that_fails_once_loses_nothing():
    fresh()
    store(b"abcd", ["a"])
    bench.trace = []
    assert known() == (["a"], b"abcd")
    calls, bench.trace = bench.trace, None
    for call in ("uio.open", "file.read"):
        for nth in range(1, calls.count(call) + 1):
            bench.fail_at(call, nth, OSError(5))
            assert failure() == 5
            assert known() == (["a"], b"abcd")
