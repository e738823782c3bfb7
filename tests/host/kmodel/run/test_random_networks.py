"""Small networks with random numbers: the emulator's backends against the plain loops."""

from __future__ import annotations

import numpy as np
import pytest

from maixswitch.kmodel import KModel, load
from maixswitch.kmodel.judge.consistency import check
from maixswitch.kmodel.run.arithmetic import POOLS
from maixswitch.kmodel.run.roundings import ROUNDINGS
from tests.host.kmodel.kmodel_cases import BACKEND_CASES
from tests.host.kmodel.run import slow_kpu
from tests.host.kmodel.small_networks import Choice, network


def slow_outputs(model: KModel, image: np.ndarray, rounding: str) -> list[list[int]]:
    """Return every KPU layer's output, computed by the loops."""
    values, results = image.tolist(), []
    for layer in model.layers:
        if layer.name != "k210_conv":
            continue
        conv = layer.spec.conv
        norm = list(zip(conv.norm.mul.tolist(), conv.norm.shift.tolist(), conv.norm.add.tolist(), strict=True))
        table = conv.activation
        columns = (table.start.tolist(), table.mul.tolist(), table.shift.tolist(), table.bias.tolist())
        rows = list(zip(*columns, strict=True))
        values = slow_kpu.layer(values, conv.weights.tolist(), conv.registers, norm, rows, rounding)
        results.append([pixel for plane in values for line in plane for pixel in line])
    return results


def compare(data: bytes, backend: str, seed: int) -> None:
    for rounding in ROUNDINGS:
        model = load(data, rounding, "sdk", backend)
        image = np.random.default_rng(seed).integers(0, 256, model.inputs[0].shape[1:], np.uint8)
        required = slow_outputs(model, image, rounding)
        for output, expected in zip(model.run(image), required, strict=True):
            assert output.dtype == np.uint8
            assert output.tolist() == expected


@pytest.mark.parametrize("backend", BACKEND_CASES)
@pytest.mark.parametrize("curve", ["linear", "leaky", "falling", "wild"])
@pytest.mark.parametrize("kernel", [1, 3])
@pytest.mark.parametrize("wide", [False, True], ids=["8-bit", "16-bit"])
def test_every_kind_of_layer(kernel: int, wide: bool, curve: str, backend: str) -> None:
    seed = kernel + 10 * wide
    rng = np.random.default_rng(seed)
    choices = [
        Choice(kernel, 5, wide=wide, curve=curve),
        Choice(kernel, depthwise=True, wide=wide, curve=curve),
        Choice(kernel, 3, wide=wide, curve=curve),
    ]
    compare(network(rng, 3, 7, 9, choices), backend, seed)


@pytest.mark.parametrize("backend", BACKEND_CASES)
@pytest.mark.parametrize("pool", POOLS)
@pytest.mark.parametrize("depthwise", [False, True], ids=["full", "depthwise"])
def test_every_pool(pool: int, depthwise: bool, backend: str) -> None:
    rng = np.random.default_rng(pool)
    data = network(rng, 3, 13, 18, [Choice(3, 4, pool, depthwise), Choice(1, 2)])
    compare(data, backend, pool)


@pytest.mark.parametrize("backend", BACKEND_CASES)
@pytest.mark.parametrize("seed", range(12))
def test_random_network(seed: int, backend: str) -> None:
    rng = np.random.default_rng(1000 + seed)
    wide = seed % 4 == 3
    curves = ["linear", "leaky", "falling", "wild"]
    choices = []
    for _ in range(int(rng.integers(1, 4))):
        choices.append(
            Choice(
                int(rng.choice([1, 3])),
                int(rng.integers(1, 9)),
                int(rng.choice([0, 0, 1, 5, 8, 9])),
                bool(rng.random() < 0.3),
                wide,
                str(rng.choice(curves)),
            )
        )
    height, width = int(rng.integers(8, 14)), int(rng.choice([8, 16, 19, 33, 40]))
    data = network(rng, int(rng.integers(1, 5)), height, width, choices)
    compare(data, backend, seed)
    odd = [finding for finding in check(load(data)) if not finding.limit and finding.field not in ("x_start",)]
    assert odd == []
