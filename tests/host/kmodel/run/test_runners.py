"""The table of layers that the format reads and the table of those that the emulator runs must agree."""

from __future__ import annotations

from maixswitch.kmodel.format.pools import POOL_TYPES
from maixswitch.kmodel.format.v3_reader import LAYER_TYPES
from maixswitch.kmodel.format.v4_reader import NODE_TYPES
from maixswitch.kmodel.run.arithmetic import POOL_FUNCTIONS
from maixswitch.kmodel.run.runners import RUNNERS


def test_every_type_that_is_read_can_run_and_vice_versa() -> None:
    assert set(RUNNERS[3]) == set(LAYER_TYPES)
    assert set(RUNNERS[4]) == set(NODE_TYPES)


def test_every_pool_that_is_read_can_run() -> None:
    assert set(POOL_FUNCTIONS) == set(POOL_TYPES)
