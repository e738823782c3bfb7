"""The first bytes of generated files. Runs under both interpreters."""

from struct import pack

from device.once.kmodel_head import HEAD, grid, sniff


def v3(outputs=((0, 40),), flags=1, arch=0, memory=14112):
    head = pack("<7I", 3, flags, arch, 11, 0x7F74, memory, len(outputs))
    for address, size in outputs:
        head += pack("<2I", address, size)
    return head + pack("<2I", 10240, 788) * 11


def v4(outputs=(40,), inputs=((1, 3, 240, 320),), version=4, memory=43752):
    head = pack("<10I", 0x4B4D444C, version, 0, 1, 0, memory, 17, len(inputs), len(outputs), 0xCCCCCCCC)
    for _ in inputs:
        head += pack("<4I", 2, 1, 0, 230400)
    for shape in inputs:
        head += pack("<4i", *shape)
    for size in outputs:
        head += pack("<4I", 1, 0, 8752, size)
    return head + bytes(40)


def test_v3():
    assert sniff(v3()[:HEAD]) == ("v3", 3, 14112, (40,), None)
    assert sniff(v3(((112776, 21000), (360296, 84000)))[:HEAD]) == ("v3", 3, 14112, (21000, 84000), None)
    assert sniff(v3(flags=0))[0] == "v3"


def test_outputs_of_a_v3_with_too_many_are_unknown():
    assert sniff(v3([(0, 4)] * 12)[:HEAD])[3] == (4,) * 12
    assert sniff(v3([(0, 4)] * 13)[:HEAD])[3] == ()


def test_v3_of_another_architecture_is_not_a_kmodel():
    assert sniff(v3(arch=1))[0] == "no kmodel"


def test_v4():
    assert sniff(v4()[:HEAD]) == ("v4", 4, 43752, (40,), (320, 240, 3))
    assert sniff(v4((4, 8, 12))[:HEAD]) == ("v4", 4, 43752, (4, 8, 12), (320, 240, 3))


def test_v4_with_two_inputs_has_no_single_shape():
    assert sniff(v4(inputs=((1, 1, 1, 4), (1, 1, 1, 4)))[:HEAD])[4] is None


def test_files_that_are_only_called_kmodel():
    assert sniff(v4(version=5)[:HEAD])[:2] == ("v5", 5)
    assert sniff(v4(version=3)[:HEAD])[:2] == (
        "no kmodel",
        5,
    )  # MaixPy would treat it as a v4: above 4 the app refuses it
    assert sniff(v4(version=6)[:HEAD])[:2] == ("v6", 6)
    assert sniff(pack(">10I", *([3, 1] + [0] * 8)))[0] == "word-swapped v3"
    assert sniff(pack("<10I", *([1] * 10)))[0] == "v1"
    assert sniff(pack("<10I", *([0x2713] * 10)))[0] == "encrypted"
    assert sniff(b"LDMS" + bytes(60))[0] == "encrypted"
    assert sniff(b"LDME" + bytes(60))[0] == "encrypted"
    assert sniff(b"PK\x03\x04")[0] == "zip"
    assert sniff(b"<!DOCTYPE html><html><head><title>404 not found</title>")[0] == "no kmodel"
    assert sniff(b"")[0] == "too short"
    assert sniff(v3()[:39])[0] == "too short"


def test_no_cut_raises():
    for data in (v3(((0, 4), (8, 4))), v4((4, 8, 12)), v4(inputs=((1, 1, 1, 4),) * 3)):
        for n in range(len(data)):
            sniff(data[:n])


def test_absurd_counts_are_unknown_outputs():
    data = bytearray(v3())
    data[24:28] = b"\xff\xff\xff\xff"
    assert sniff(bytes(data))[3] == ()
    data = bytearray(v4())
    data[28:32] = b"\xff\xff\xff\xff"
    assert sniff(bytes(data))[3:] == ((), None)


def test_grids_of_real_detectors():
    assert grid(320, 240, 9000, 5, 1) == (20, 15)
    assert grid(320, 240, 8750, 5, 20) == (10, 7)
    assert grid(320, 240, 2800, 5, 2) == (10, 8)
    assert grid(320, 240, 4320, 9, 1) == (10, 8)
    assert grid(224, 224, 7 * 7 * 50, 5, 5) == (7, 7)
    assert grid(320, 240, 9000, 5, 2) is None
    assert grid(320, 240, 0, 5, 2) is None
