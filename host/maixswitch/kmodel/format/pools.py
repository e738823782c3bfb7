"""The pools that a KPU layer can have behind its convolution. Source: K210 register block (pool_type), SDK kpu.h."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class PoolType:
    """One value of the register field ``pool_type``.

    name: what the pool does.
    title: the same in the title of a layer, "" for none.
    stride: how many times smaller the map becomes along each axis.
    """

    name: str
    title: str
    stride: int


POOL_TYPES: Mapping[int, PoolType] = {
    0: PoolType("none", "", 1),
    1: PoolType("max 2x2", "max 2x2", 2),
    2: PoolType("mean 2x2", "mean 2x2", 2),
    3: PoolType("max 4x4", "max 4x4", 4),
    4: PoolType("mean 4x4", "mean 4x4", 4),
    5: PoolType("top left of 2x2", "stride 2", 2),
    6: PoolType("top right of 2x2", "stride 2, right", 2),
    7: PoolType("top left of 4x4", "stride 4", 4),
    8: PoolType("mean 2x2 at stride 1", "mean 2x2 stride 1", 1),
    9: PoolType("max 2x2 at stride 1", "max 2x2 stride 1", 1),
}
