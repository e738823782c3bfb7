"""A file that is read and written again is the same, byte for byte."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from maixswitch.errors import KModelError
from maixswitch.kmodel import load
from maixswitch.kmodel.format import binary_record as record
from maixswitch.kmodel.format.model_file import read_program
from maixswitch.kmodel.format.registers import BLOCK_SIZE, SEGMENTS
from maixswitch.kmodel.format.v4_moves import KpuConv
from maixswitch.kmodel.judge.consistency import check
from maixswitch.kmodel.write import samples
from maixswitch.kmodel.write.rewrite import rewrite
from maixswitch.kmodel.write.writer import KModelWriter
from tests.host.kmodel.small_networks import Choice, network
from tests.host.kmodel.v4_files import File


def test_real_files_are_the_same_again(kmodels: Path) -> None:
    files = [path for path in sorted(kmodels.glob("*.kmodel")) if path.read_bytes()[:4] == b"\3\0\0\0"]
    assert len(files) >= 9
    for path in files:
        data = path.read_bytes()
        assert rewrite(data) == data, path.name
        assert check(load(data)) == [], path.name


def test_our_files_are_the_same_again() -> None:
    wide = network(np.random.default_rng(3), 3, 12, 16, [Choice(wide=True), Choice(wide=True, kernel=1, pool=5)])
    for data in (samples.blob_detector(), samples.colour_classifier(), wide):
        assert rewrite(data) == data


def test_absent_padding_and_extra_data_stay() -> None:
    net = KModelWriter(floats=3)
    net.output(net.fully_connected(net.input, np.ones((2, 3)), np.ones(2)))
    data = net.build()
    assert not any(data[-4:])
    for other in (data[:-4], data + b"more"):
        assert rewrite(other) == other


def test_a_change_shows() -> None:
    data = bytearray(samples.blob_detector())
    gap = data.index(bytes(64), 300)  # between two parts of a body, where the format requires zeros
    data[gap + 8] = 1
    assert rewrite(bytes(data)) != bytes(data)


def without_unused_bits(data: bytes) -> bytes:
    """Return a v4 file with zeros in the four bits of a table's word that nobody reads.

    The vendor's converter leaves there what its memory held.
    """
    clean = bytearray(data)
    for layer in read_program(data).layers:
        if not isinstance(layer.spec, KpuConv):
            continue
        registers = layer.spec.conv.registers
        norm = layer.offset + 24 + BLOCK_SIZE + registers["bwsx_base_addr"]
        activation = norm + 8 * layer.spec.conv.output.channels + registers["active_addr"]
        for start, words in ((norm, layer.spec.conv.output.channels), (activation, SEGMENTS)):
            for last in range(start + 7, start + 8 * words, 8):
                clean[last] &= 0x0F
    return bytes(clean)


def test_real_v4_files_are_the_same_again(kmodels: Path) -> None:
    files = [path for path in sorted(kmodels.glob("*.kmodel")) if path.read_bytes()[:8] == b"LDMK\4\0\0\0"]
    assert len(files) >= 7
    for path in files:
        data = path.read_bytes()
        assert rewrite(data) == without_unused_bits(data), path.name


def test_a_program_of_nnil_is_the_same_again() -> None:
    file = File()
    code = bytes([3, 1, 6, *struct.pack("<f", 2.5), 0x42, 0x40, 0xA0])
    body = record.write(file.input((3, 4))) + record.write(file.output((3, 4))) + code
    file.node(0x14, body)
    assert rewrite(file.build()) == file.build()


def test_a_newer_version_is_refused(kmodels: Path) -> None:
    with pytest.raises(KModelError, match="v5"):
        rewrite((kmodels / "mnist_v5.kmodel").read_bytes())
