"""The PC memory of a model, from loading to its second run: at most 4 times its file and 64 MiB."""

from __future__ import annotations

import multiprocessing
import os
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

from maixswitch.kmodel import file_kind, load
from maixswitch.kmodel.write import samples
from tests.host.kmodel.format.fuzz import Meter
from tests.host.kmodel.kmodel_cases import BACKEND_CASES
from tests.host.kmodel.small_networks import Choice, network

TIMES, FIXED = 4, 64 << 20
WARM = network(
    np.random.default_rng(0),
    3,
    16,
    16,
    [Choice(3, 4, pool=1), Choice(3, 4, curve="leaky"), Choice(3, depthwise=True)],
)
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="peak memory is read from /proc")


def run(file: Path | bytes, backend: str) -> None:
    model = load(file, backend=backend)
    arrays = [np.zeros(tensor.shape or (tensor.elements,), tensor.dtype) for tensor in model.inputs]
    model.run(*arrays)
    model.run(*arrays)


def alone(file: Path | bytes, backend: str) -> int:
    """Return the peak in bytes, in a new process that has only initialised its libraries."""
    reader, writer = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of threads, which the child does not use
        child = os.fork()
    if not child:
        code = 1
        try:
            run(WARM, backend)
            meter = Meter()
            meter.start()
            run(file, backend)
            os.write(writer, str(meter.stop()[1]).encode())
            code = 0
        finally:
            os._exit(code)
    os.close(writer)
    with os.fdopen(reader) as answer:
        text = answer.read()
    os.waitpid(child, 0)
    return int(text)


def measure(files: dict[str, Path | bytes], backend: str) -> dict[str, int]:
    """Return file name to peak in bytes."""
    load(WARM, backend=backend)  # imports
    return {name: alone(file, backend) for name, file in files.items()}


def check(files: dict[str, Path | bytes], backend: str) -> None:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        result = pool.apply(measure, (files, backend))
    sizes = {name: len(file) if isinstance(file, bytes) else file.stat().st_size for name, file in files.items()}
    allowed = {name: TIMES * size + FIXED for name, size in sizes.items()}
    assert max(result.values()) > 1 << 20, "nothing was measured"
    over = {name: f"{peak >> 20} of {allowed[name] >> 20} MiB" for name, peak in result.items() if peak > allowed[name]}
    assert not over


@pytest.mark.parametrize("backend", BACKEND_CASES)
def test_memory_of_written_files(backend: str) -> None:
    large = network(np.random.default_rng(0), 3, 240, 320, [Choice(3, 24, pool=5), Choice(3, 16, pool=1)])
    means = network(np.random.default_rng(0), 3, 240, 320, [Choice(3, 20, pool=8), Choice(1, 4, pool=4)])
    own = {"colours": samples.colour_classifier(), "blobs": samples.blob_detector()}
    check({**own, "large": large, "means": means}, backend)


@pytest.mark.parametrize("most", [5, pytest.param(None, marks=pytest.mark.nightly)])
@pytest.mark.parametrize("backend", BACKEND_CASES)
def test_memory_of_real_files(backend: str, most: int | None, kmodels: Path) -> None:
    """Of the largest files; at night of all."""
    paths = sorted(kmodels.glob("*.kmodel"), key=lambda path: -path.stat().st_size)
    usable = [path for path in paths if file_kind(path.read_bytes()[:64]).usable]
    check({path.name: path for path in usable[:most]}, backend)
