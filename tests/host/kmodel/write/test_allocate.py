"""Addresses in memory: values that live together do not overlap, and the need is near the least possible."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from maixswitch.kmodel.format import airam
from maixswitch.kmodel.write.allocate import _largest_first, allocate, live, set_lifetimes
from maixswitch.kmodel.write.value import PlacedTensor

Steps = list[tuple[list[PlacedTensor], list[PlacedTensor]]]


def random_steps(rng: np.random.Generator, count: int, memory: str) -> tuple[Steps, PlacedTensor]:
    def value() -> PlacedTensor:
        if memory == "main":
            return PlacedTensor("main", "uint8", (int(rng.integers(1, 5000)),))
        return PlacedTensor("ai_ram", "uint8", tuple(int(n) for n in rng.integers((1, 4, 4), (40, 40, 60))))

    entry = value()
    values, steps = [entry], Steps()
    for _ in range(count):
        inputs = [values[-1]]
        if rng.random() < 0.3:
            inputs.append(values[int(rng.integers(len(values)))])
        values.append(value())
        steps.append((inputs, [values[-1]]))
    return steps, entry


def separate(values: list[PlacedTensor]) -> bool:
    for index, one in enumerate(values):
        for other in values[:index]:
            together = one.first <= other.last and other.first <= one.last
            if together and one.address < other.address + other.room and other.address < one.address + one.room:
                return False
    return True


@pytest.mark.parametrize("memory", ["main", "ai_ram"])
def test_random_networks(memory: str) -> None:
    rng = np.random.default_rng(11)
    better = 0
    for _ in range(150):
        steps, entry = random_steps(rng, int(rng.integers(1, 25)), memory)
        last = [steps[-1][1][0]]
        values = set_lifetimes(steps, [entry], last)
        least = max(live(values, memory, len(steps)))
        first_way = _largest_first(values)
        main, rows = allocate(steps, [entry], last)
        need = main if memory == "main" else rows
        assert separate(values)
        assert least <= need <= first_way
        better += need < first_way
        if memory == "ai_ram":
            assert min(value.address for value in values) == airam.ROWS - rows
            assert max(value.address + value.room for value in values) <= airam.ROWS
        else:
            assert max(value.address + value.room for value in values) == main
    assert better > 3


def test_a_chain_needs_no_more_than_its_largest_pair() -> None:
    rng = np.random.default_rng(5)
    for _ in range(100):
        values = [PlacedTensor("main", "uint8", (int(size),)) for size in rng.integers(1, 9000, 12)]
        steps = [([one], [other]) for one, other in pairwise(values)]
        main, _ = allocate(steps, values[:1], [values[-1]])
        assert main == max(one.room + other.room for one, other in pairwise(values))
