"""How near two tensors are, in decibels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import inf, log10
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maixswitch.convert.lower.layers import Quantised
from maixswitch.convert.plain_floats import dequantize

Values = NDArray[Any]


@dataclass
class Nearness:
    """Power of the wanted signal and of the error, summed over as many images as ``add`` is called for."""

    signal: float = 0.0
    error: float = 0.0
    worst: float = 0.0
    count: int = 0

    def add(self, wanted: Values, found: Values) -> None:
        """Two arrays of one shape, float; ValueError when the shapes differ."""
        if wanted.shape != found.shape:
            raise ValueError(f"cannot compare {wanted.shape} with {found.shape}")
        wanted = wanted.astype(np.float64)
        difference = found.astype(np.float64) - wanted
        self.signal += float(np.sum(wanted * wanted))
        self.error += float(np.sum(difference * difference))
        self.worst = max(self.worst, float(np.abs(difference).max(initial=0.0)))
        self.count += wanted.size

    @property
    def snr(self) -> float:
        """Signal to noise in dB; inf without any error, -inf where only the error is there."""
        if self.error == 0.0:
            return inf
        return 10 * log10(self.signal / self.error) if self.signal else -inf


@dataclass
class Comparison:
    """``tensors``: by the name of the float tensor, in the order of the network."""

    tensors: dict[str, Nearness] = field(default_factory=dict)

    def add(self, net: Quantised, found: Mapping[str, Values], wanted: Mapping[str, Values]) -> None:
        """One image: ``found`` tensors of the quantised network (without batch), ``wanted`` ones of the float network.

        Quantised tensors are taken back to real values; one that ``wanted`` lacks is left out.
        """
        for name, original in net.origin.items():
            if name not in found or original not in wanted:
                continue
            values = found[name]
            real = dequantize(values, net.scales[name].factor, net.scales[name].bias) if name in net.scales else values
            self.tensors.setdefault(original, Nearness()).add(wanted[original].reshape(real.shape), real)


def snr(wanted: Values, found: Values) -> float:
    """Signal to noise of one tensor in dB."""
    nearness = Nearness()
    nearness.add(np.asarray(wanted), np.asarray(found))
    return nearness.snr


def compare(net: Quantised, pairs: Iterable[tuple[Mapping[str, Values], Mapping[str, Values]]]) -> dict[str, Nearness]:
    """Nearness by float tensor over pairs of (tensors of the quantised network, tensors of the float network)."""
    comparison = Comparison()
    for found, wanted in pairs:
        comparison.add(net, found, wanted)
    return comparison.tensors
