"""A v3 file that is read and written again is the same, byte for byte."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from maixswitch.kmodel import load
from maixswitch.kmodel.judge.consistency import check
from maixswitch.kmodel.write import samples
from maixswitch.kmodel.write.rewrite import rewrite
from maixswitch.kmodel.write.writer import KModelWriter
from tests.host.kmodel.small_networks import Choice, network


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


def test_another_version_is_refused(kmodels: Path) -> None:
    with pytest.raises(ValueError, match="kmodel v4"):
        rewrite((kmodels / "iris_v4.kmodel").read_bytes())
