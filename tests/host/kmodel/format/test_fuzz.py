"""Hundreds of broken files, the same in every run; see fuzz.py for more."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from maixswitch.kmodel import load
from tests.host.kmodel.format.fuzz import Fuzzer, Summary, describe_bad, fuzz
from tests.host.kmodel.format.fuzz_files import written
from tests.host.kmodel.format.fuzz_mutations import find_structure, mutate


def judge(summary: Summary, count: int) -> None:
    assert not summary.bad, "\n".join(map(describe_bad, summary.bad))
    assert sum(summary.results.values()) == count
    assert summary.results["ran"] > count // 10, "most cases should be refused for a reason, not for their first bytes"
    assert summary.results["refused"] > count // 10


def test_broken_files() -> None:
    """Each gives results or the package's own errors, takes at most 2 s and 1 GiB, and causes no warning."""
    judge(fuzz(500, seed=20), 500)


def test_broken_real_files(kmodels: Path) -> None:
    judge(fuzz(250, seed=21, folder=kmodels), 250)


@pytest.mark.nightly
def test_many_broken_files(kmodels: Path) -> None:
    judge(fuzz(100_000, seed=22, jobs=2, folder=kmodels), 100_000)


def test_seed_and_number_determine_a_case() -> None:
    first, again, other = Fuzzer(1, None), Fuzzer(1, None), Fuzzer(2, None)
    assert [first.case(number)[2:] for number in range(50)] == [again.case(number)[2:] for number in range(50)]
    assert first.case(3)[2] != other.case(3)[2]


def test_the_files_are_intact_before_they_are_broken() -> None:
    """Each loads, has a known structure, and is changed by mutations."""
    files = [find_structure(name, data) for name, data in written().items()]
    rng = Random(1)
    for seed in files:
        assert load(seed.data).layers
        assert seed.types
        assert seed.fields
        changed = [mutate(rng, seed, files)[0] != seed.data for _ in range(40)]
        assert sum(changed) > 20
