"""Texts for the panel: wrapped to its columns, and of printable ASCII only."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from device.text import plain, wrap


@given(st.text(max_size=300), st.integers(1, 60))
def test_wrap_keeps_every_word_and_the_width(text, columns):
    lines = wrap(text, columns)
    assert all(len(line) <= columns for line in lines)
    assert "".join("".join(lines).split()) == "".join("".join(plain(part).split()) for part in text.split("\n"))


def test_wrap_breaks_at_spaces():
    assert wrap("the model does not fit", 9) == ["the model", "does not", "fit"]
    assert wrap("a\n\nb", 9) == ["a", "", "b"]
    assert wrap("abcdefghij k", 4) == ["abcd", "efgh", "ij k"]


@given(st.text(max_size=50))
def test_plain_is_printable_and_as_long(text):
    assert all(" " <= c <= "~" for c in plain(text))
    assert len(plain(text)) == len(text)
