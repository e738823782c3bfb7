"""The remembered choice under generated histories with power cuts and damage."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

import bench
from device.once.choice import choice_read, choice_write

FOLDER = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1, max_size=30)
STEP = st.tuples(FOLDER, st.one_of(st.none(), st.integers(0, 60)))


@settings(max_examples=120, deadline=None)
@given(st.lists(STEP, min_size=1, max_size=8))
def test_after_any_history_the_last_or_the_last_but_one_choice_is_known(steps):
    bench.reset()
    bench.card.insert(bench.MemoryCard())
    known = ""
    for folder, cut in steps:
        bench.card.power_cut_after(cut)
        try:
            choice_write("/sd", folder)
            allowed = {folder}
        except bench.PowerCut:
            allowed = {known, folder}
        bench.card.power_cut_after(None)
        assert choice_read("/sd") in allowed
        known = choice_read("/sd")


@settings(max_examples=120, deadline=None)
@given(st.binary(max_size=60), st.binary(max_size=60), FOLDER)
def test_whatever_the_slots_hold_a_choice_can_be_written(first, second, folder):
    bench.reset()
    bench.card.insert(bench.MemoryCard({"maixswitch.s0": first, "maixswitch.s1": second}))
    choice_read("/sd")
    assert choice_write("/sd", folder)
    assert choice_read("/sd") == folder


@settings(max_examples=80, deadline=None)
@given(FOLDER, FOLDER, st.integers(0, 1), st.integers(0, 59), st.integers(1, 255))
def test_a_flipped_byte_never_invents_a_choice(one, two, slot, at, flip):
    bench.reset()
    bench.card.insert(bench.MemoryCard())
    choice_write("/sd", one)
    choice_write("/sd", two)
    data = bench.card.backend.files[f"maixswitch.s{slot}"] if one != two else bench.card.backend.files["maixswitch.s0"]
    data[at % len(data)] ^= flip
    assert choice_read("/sd") in {one, two, ""}
