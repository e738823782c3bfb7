"""Sums with one rounding and the C library's functions, against fractions, for arrays and compiled."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from maixswitch.kmodel.run import newlib
from maixswitch.kmodel.run.firmware_arithmetic import PLAIN_CALLS, FirmwareArithmetic, fma_of, machine_code
from maixswitch.kmodel.run.float32 import all_coarse, fma, fold
from tests.host.kmodel.run import exact_numbers as exact

F = np.float32
FUNCTIONS = ("exp", "log", "sin", "cos")
FINITE = st.floats(width=32, allow_nan=False, allow_infinity=False)
NEAR = st.floats(min_value=-4, max_value=4, width=32)
TIE = 1 + 2.0**-23, 2.0**-24 * (1 + 2.0**-23), 1 - 2.0**-23
"""Added to a product just below half of its last digit, a float64 sum is rounded to exactly half of it."""
SMALL_TIE = 2.0**-127 + 2.0**-149, 2.0**-100 * (1 + 2.0**-23), 2.0**-50 * (1 - 2.0**-23)
needs_numba = pytest.mark.skipif(find_spec("numba") is None, reason="numba is not installed")


def bits(values: object) -> list[int]:
    """Return the words of float32, with NaN as the firmware writes it."""
    array = np.atleast_1d(np.asarray(values, F))
    return np.where(np.isnan(array), np.uint32(0x7FC00000), array.view(np.uint32)).tolist()


@example(*TIE)
@example(*SMALL_TIE)
@given(st.one_of(FINITE, NEAR), st.one_of(FINITE, NEAR), st.one_of(FINITE, NEAR))
@settings(deadline=None)
def test_fma_rounds_once(c: float, a: float, b: float) -> None:
    a, b, c = F(a), F(b), F(c)
    with np.errstate(all="ignore"):
        assert bits(fma(a, b, c)) == bits(exact.fma(a, b, c))


@pytest.mark.parametrize(("c", "a", "b"), [TIE, SMALL_TIE])
def test_the_examples_go_wrong_with_two_roundings(c: float, a: float, b: float) -> None:
    twice = F(float(F(a)) * float(F(b)) + float(F(c)))
    assert twice != exact.fma(F(a), F(b), F(c))
    assert fma(F(a), F(b), F(c)) == exact.fma(F(a), F(b), F(c))


@example([TIE, (0.0, 0.5, 3.0)])
@example([SMALL_TIE, (0.0, -1.0, 1.0)])
@given(st.lists(st.tuples(NEAR, NEAR, NEAR), min_size=1, max_size=9))
@settings(deadline=None)
def test_fold_is_repeated_fma(rows: list[tuple[float, float, float]]) -> None:
    start = total = F(rows[0][0])
    for _, a, b in rows:
        total = exact.fma(F(a), F(b), total)
    a, b = (np.array([row[offset] for row in rows], F) for offset in (1, 2))
    assert bits(fold(start, a, b)) == bits(total)
    spread = fold(np.full(3, start), a[:, None], np.repeat(b[:, None], 3, 1))
    assert bits(spread) == bits(total) * 3


@given(st.lists(st.one_of(NEAR, st.just(0.0)), min_size=3, max_size=3))
@settings(deadline=None)
def test_coarse_numbers_skip_the_search_for_small_ones(values: list[float]) -> None:
    a, b, c = map(F, values)
    if all_coarse(a, b, c):
        assert bits(fma(a, b, c, coarse=True)) == bits(exact.fma(a, b, c))
    assert not all_coarse(np.array([1.0, 2.0**-51], F))
    assert all_coarse(np.array([0.0, -1.0, np.inf, np.nan], F))


@given(st.lists(st.tuples(*[st.floats(width=32)] * 3), min_size=1, max_size=20))
@example([(a, b, c) for c, a, b in (TIE, SMALL_TIE)])
@settings(deadline=None)
@needs_numba
def test_the_compiled_fma_is_that_of_arrays(rows: list[tuple[float, float, float]]) -> None:
    a, b, c = np.array(rows, F).T
    with np.errstate(all="ignore"):
        assert bits(machine_code(fma_of, 3)(a, b, c)) == bits(fma(a, b, c))


@needs_numba
def test_few_values_are_compiled_after_many_calls() -> None:
    multiply_add, values = FirmwareArithmetic(compiled=True).multiply_add, [np.array([x], F) for x in TIE]
    machine_code.cache_clear()
    results = set()
    for call in range(PLAIN_CALLS + 1):
        assert machine_code.cache_info().currsize == 0, call
        results.add(bits(multiply_add(*values))[0])
    assert machine_code.cache_info().currsize == 1
    assert len(results) == 1


def arguments(name: str) -> np.ndarray:
    """Return numbers of every size that the function takes, and its thresholds with their neighbours."""
    rng = np.random.default_rng(3)
    limit = {"exp": 110.0, "log": 1e30, "sin": 200.0, "cos": 200.0}[name]
    limits = (
        0x31800000,
        0x32000000,
        0x3EB17218,
        0x3F851592,
        0x42B17217,
        0x42CFF1B5,
        0x3F490FD8,
        0x4016CBE4,
        0x3E999999,
    )
    words = np.array([[word - 1, word, word + 1] for word in (*limits, 0x3F480000, 0x3FC90FD0, 0x00800000)], np.uint32)
    turns = (np.arange(1, 127) * np.pi / 2).astype(F)
    values = [words.reshape(-1).view(F), rng.uniform(-limit, limit, 300).astype(F), turns, np.nextafter(turns, F(0))]
    small = (rng.uniform(1, 2, 100) * 2.0 ** rng.integers(-140, 7, 100)).astype(F)
    every = np.concatenate([*values, small, -small, F(1) + small[small < 1e-4]])
    every = every[np.abs(every) <= F(limit)]
    return np.abs(every[every != 0]) if name == "log" else every


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_of_arrays_are_those_with_branches(name: str) -> None:
    values = arguments(name)
    with np.errstate(all="ignore"):
        output = getattr(newlib, name)(values)
        expected = [getattr(exact, name)(value) for value in values]
        near = getattr(np, name)(values.astype(np.float64)).astype(F)
    assert bits(output) == bits(expected)
    np.testing.assert_allclose(output, near, rtol=3e-7, atol=1e-37)


@pytest.mark.parametrize("name", FUNCTIONS)
@needs_numba
def test_compiled_functions_are_those_of_arrays(name: str) -> None:
    words = np.random.default_rng(5).integers(0, 1 << 32, 20000, np.uint64).astype(np.uint32)
    values = np.concatenate([words.view(F), arguments(name), np.array([np.nan, np.inf, -np.inf, 0.0, -0.0], F)])
    with np.errstate(all="ignore"):
        function = getattr(newlib, name)
        assert bits(FirmwareArithmetic(compiled=True).functions[name](values)) == bits(function(values))


def test_ends_of_the_functions() -> None:
    ends = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, -1.0, 300.0, -300.0], F)
    with np.errstate(all="ignore"):
        assert bits(newlib.exp(ends))[:5] == bits([np.nan, np.inf, 0, 1, 1])
        assert bits(newlib.exp(ends))[6:] == bits([np.inf, 0])
        assert bits(newlib.log(ends))[:6] == bits([np.nan, np.inf, np.nan, -np.inf, -np.inf, np.nan])
        for function in (newlib.sin, newlib.cos):
            assert bits(function(ends))[:3] == bits([np.nan] * 3)
            np.testing.assert_allclose(function(ends[6:]), getattr(np, function.__name__)(ends[6:]), rtol=1e-6)
