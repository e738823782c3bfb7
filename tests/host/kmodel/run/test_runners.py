"""What the format can read and what the emulator can run are two tables: they must name the same layers."""

from __future__ import annotations

from maixswitch.kmodel.format.pools import POOL_TYPES
from maixswitch.kmodel.format.v3_reader import LAYER_TYPES
from maixswitch.kmodel.format.v4_reader import NODE_TYPES
from maixswitch.kmodel.run.arithmetic import POOL_FUNCTIONS
from maixswitch.kmodel.run.runners import RUNNERS


def test_every_type_that_is_read_can_run_and_the_other_way_round() -> None:
    assert set(RUNNERS[3]) == set(LAYER_TYPES)
    assert set(RUNNERS[4]) == set(NODE_TYPES)


def test_every_pool_that_is_read_can_run() -> None:
    assert set(POOL_FUNCTIONS) == set(POOL_TYPES)
