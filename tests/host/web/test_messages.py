"""Messages of a page: well-formed ones are read completely, all others are refused with a message."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maixswitch.errors import EXIT_USAGE, MaixSwitchError
from maixswitch.web.messages import KNOWN, MOST_TEXT, Command, read_command, write_text
from maixswitch.web.runner import Runner


def test_commands_are_read_in_any_order_of_their_fields() -> None:
    assert read_command('{"down": true, "key": 2, "do": "key"}', 7) == Command("key", (2, True), 7)
    assert read_command('{"do": "power"}') == Command("power")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense",
        "[" * 4000,
        "[]",
        '{"do": "photo"}',
        '{"do": "gone"}',
        '{"do": ["key"]}',
        '{"do": "key", "key": 1}',
        '{"do": "key", "key": true, "down": true}',
        '{"do": "key", "key": 9, "down": true}',
        '{"do": "fail", "code": 2006}',
        '{"do": "fail", "what": "camera", "code": 2006}',
        '{"do": "fail", "what": "load", "code": 1}',
        '{"do": "slow", "factor": 7}',
        '{"do": "slow", "factor": true}',
        '{"do": "turn", "index": -2}',
        '{"do": "damage", "index": 0}',
        '{"do": "speed", "speed": -1}',
        '{"do": "speed", "speed": NaN}',
        '{"do": "speed", "speed": 1e9}',
        '{"do": "language", "name": []}',
        '{"do": "power", "more": 1}',
        '{"do": "power", "more": "' + "x" * MOST_TEXT + '"}',
    ],
)
def test_garbage_is_refused(text: str) -> None:
    with pytest.raises(MaixSwitchError) as caught:
        read_command(text)
    assert caught.value.exit_code == EXIT_USAGE


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(), lambda inner: st.lists(inner) |
       st.dictionaries(st.sampled_from(["do", "key", "down", "index"]) | st.text(), inner)))  # fmt: skip
def test_any_json_is_a_command_or_a_refusal(document: object) -> None:
    try:
        known = read_command(json.dumps(document)).do in KNOWN
    except MaixSwitchError as error:
        known = bool(str(error))
    assert known


def test_runner_can_do_everything_that_is_known() -> None:
    assert [do for do in KNOWN if not hasattr(Runner, f"_do_{do}")] == ["language"], "the server's own matter"


def test_half_of_a_pair_in_a_title_does_not_stop_the_text() -> None:
    text = write_text("status", title="a\ud800b", index=1)
    assert json.loads(text.encode()) == {"type": "status", "title": "a?b", "index": 1}
