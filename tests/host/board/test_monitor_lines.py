"""The parser of the serial line extracts the messages of the app from any bytes, received in any pieces."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maixswitch.link.serial_lines import LONGEST, SerialLines
from maixswitch.link.serial_schema import BY_NAME, EVENTS, Field, fits

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
NUMBERS = st.integers(0, 2**40)
SCORES = st.integers(0, 1000).map(lambda value: value / 1000)
RESULTS = st.one_of(
    st.tuples(TEXTS, SCORES).map(list), st.tuples(TEXTS, SCORES, NUMBERS, NUMBERS, NUMBERS, NUMBERS).map(list)
)
OUTPUTS = st.tuples(NUMBERS, st.floats(-9, 0), st.floats(0, 9), NUMBERS).map(list)
VALUES = {
    "int": NUMBERS,
    "str": TEXTS,
    "bool": st.booleans(),
    "found": st.lists(RESULTS, max_size=10),
    "points": st.lists(NUMBERS, max_size=10),
    "outputs": st.lists(OUTPUTS, max_size=3),
}


@st.composite
def messages(draw: st.DrawFn) -> dict[str, Any]:
    """A valid message of any event in the table."""
    event = draw(st.sampled_from(EVENTS))
    message: dict[str, Any] = {"v": 1, "t": draw(NUMBERS), "event": event.name}
    for row in event.fields:
        if not row.optional or draw(st.booleans()):
            message[row.name] = draw(VALUES[row.type])
    return message


def line(message: dict[str, Any], *, ascii_only: bool = False) -> bytes:
    """Returns the line that the board sends for a message."""
    text = json.dumps(message, ensure_ascii=ascii_only, separators=(",", ":"))
    return b"\x1e" + text.encode() + b"   \n"


FOREIGN = st.binary(max_size=60).map(lambda data: data.replace(b"\x1e", b"?").replace(b"\n", b" ") + b"\r\n")
NOISE = st.one_of(
    FOREIGN, st.binary(max_size=80), st.just(b">>> "), st.just(b"\x1e{"), st.just(b"\x1e" * 3), st.just(b"y" * 5000)
)


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    at = sorted({cut % (len(data) + 1) for cut in cuts} | {0, len(data)})
    return [data[a:b] for a, b in pairwise(at)]


@given(st.lists(st.tuples(FOREIGN, messages(), st.booleans())), st.lists(NUMBERS, max_size=30))
def test_every_message_comes_through_amid_foreign_lines(rows: list[tuple[bytes, Any, bool]], cuts: list[int]) -> None:
    stream = b"".join(noise + line(message, ascii_only=plain) for noise, message, plain in rows)
    lines = SerialLines()
    parsed = [message for piece in pieces(stream, cuts) for message in lines.feed(piece)]
    assert parsed == [message for _, message, _ in rows]
    assert lines.messages == len(rows)
    assert lines.broken == 0
    assert lines.foreign == sum(bool(noise.strip()) for noise, _, _ in rows)


@given(st.lists(st.one_of(NOISE, messages().map(line)), max_size=20), st.lists(NUMBERS, max_size=30))
def test_any_cut_of_any_stream_gives_the_same(parts: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(parts)
    uncut, cut = SerialLines(), SerialLines()
    expected = uncut.feed(stream)
    assert [message for piece in pieces(stream, cuts) for message in cut.feed(piece)] == expected
    for name in ("messages", "broken", "foreign", "received", "newest", "last", "app", "prompt"):
        assert getattr(uncut, name) == getattr(cut, name), name
    assert all(fits(message) for message in expected if message["v"] == 1)


@given(messages(), NUMBERS, st.binary(min_size=1, max_size=20))
def test_a_print_inside_a_message_loses_only_that_message(message: dict[str, Any], at: int, printed: bytes) -> None:
    """The firmware may print a line between two slices of a message; the next message is intact."""
    sent = line(message)
    at = 1 + at % (len(sent.rstrip()) - 2)
    lines = SerialLines()
    printed = printed.replace(b"\x1e", b"?")
    assert lines.feed(sent[:at] + b"kpu_net __del__" + printed + b"\r\n" + sent[at:] + line(message)) == [message]
    assert lines.broken >= 1


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b"7",
        b'{"v":1}',
        b'{"v":"1","t":1,"event":"end"}',
        b'{"v":true,"t":1,"event":"x"}',
        b'{"v":0,"t":1,"event":"x"}',
        b'{"v":1,"t":-1,"event":"x"}',
        b'{"v":1,"t":1,"event":"end","frames":1}',
        b'{"v":1,"t":1,"event":"results","ms":1,"frame":1,"count":1,"found":[["a",1.5]]}',
        b'{"v":1,"t":1,"event":"note","text":"a',
        b"[" * 3000,
        b"\xff\xfe",
    ],
)
def test_a_line_that_is_not_a_valid_message_counts_as_broken(text: bytes) -> None:
    lines = SerialLines()
    assert lines.feed(b"\x1e" + text + b"\n") == []
    assert (lines.messages, lines.broken, lines.foreign) == (0, 1, 0)


def test_new_fields_events_and_versions_are_accepted() -> None:
    rows = [
        {"v": 1, "t": 1, "event": "end", "frames": 1, "dropped": 0, "new": [1]},
        {"v": 1, "t": 1, "event": "unheard of"},
        {"v": 3, "other": "everything"},
    ]
    lines = SerialLines()
    assert lines.feed(b"".join(map(line, rows))) == rows
    assert lines.newest == 3


def test_a_line_without_end_takes_limited_memory() -> None:
    lines = SerialLines()
    for _ in range(1000):
        assert lines.feed(b"x" * 1000) == []
    assert len(lines._open) <= LONGEST + 1000
    message = {"v": 1, "t": 1, "event": "end", "frames": 1, "dropped": 0}
    assert lines.feed(b"\n" + line(message)) == [message]
    assert lines.foreign == 1


def test_the_prompt_means_that_no_program_runs() -> None:
    lines = SerialLines()
    lines.feed(b"KeyboardInterrupt: \r\nMicroPython v1.11\r\n>>> ")
    assert lines.prompt
    lines.feed(b"\r\n[MAIXPY] Pll0:freq:806000000\r\n[maixswitch] camera ok None\r\n")
    assert not lines.prompt
    assert lines.app


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.name)
def test_every_field_is_validated(event: Any) -> None:
    right: dict[str, Any] = {"v": 1, "t": 1, "event": event.name}
    example = {"int": 1, "str": "a", "bool": True, "found": [["a", 0.5], ["b", 1, 1, 2, 3, 4]]}
    example |= {"points": [1, 2], "outputs": [[10, -0.5, 2, 7]]}
    right |= {row.name: example[row.type] for row in event.fields}
    assert fits(right)
    for row in (*event.fields, Field("t", "int", "")):
        for value in (None, -1, 1.5, [], {}, "a", True, [["a"]], [[1, 0.5]], [["a", 0.5, 1]], [["a", True]]):
            accepted = fits({**right, row.name: value})
            acceptable = {"int": False, "str": value == "a", "bool": value is True}.get(row.type, value == [])
            assert accepted == acceptable, (row.name, value)
        without = {name: right[name] for name in right if name != row.name}
        assert fits(without) == row.optional
    assert BY_NAME[event.name] is event
