"""Compares two tensors in decibels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import inf, log10

import numpy as np

from maixswitch.convert.graph.float_math import Values
from maixswitch.convert.lower.layers import Quantised, real


@dataclass
class Nearness:
    """Power of the exact signal and of the error, summed over the images for which ``add`` is called."""

    signal: float = 0.0
    error: float = 0.0
    worst: float = 0.0
    count: int = 0

    def add(self, exact: Values, values: Values) -> None:
        """Adds two float arrays of one shape. ValueError when the shapes differ."""
        if exact.shape != values.shape:
            raise ValueError(f"cannot compare {exact.shape} with {values.shape}")
        exact = exact.astype(np.float64)
        difference = values.astype(np.float64) - exact
        self.signal += float(np.sum(exact * exact))
        self.error += float(np.sum(difference * difference))
        self.worst = max(self.worst, float(np.abs(difference).max(initial=0.0)))
        self.count += exact.size

    @property
    def snr(self) -> float:
        """Signal to noise in dB; inf without an error, -inf without a signal."""
        # Without an error the ratio is not defined. Infinity sorts above all others.
        if self.error == 0.0:
            return inf
        return 10 * log10(self.signal / self.error) if self.signal else -inf


@dataclass
class Comparison:
    """The nearness of tensors, by the name of the float tensor, in the order of the network."""

    tensors: dict[str, Nearness] = field(default_factory=dict)

    def add(self, net: Quantised, tensors: Mapping[str, Values], exact: Mapping[str, Values]) -> None:
        """Adds one image. Bytes are converted to real values; a tensor that ``exact`` does not have is left out.

        tensors: of the quantised network, without a batch.
        exact: of the float network.
        """
        for name, original in net.origin.items():
            # A tensor whose pool moved into the next layer, or that the reader added, cannot be compared.
            if name not in tensors or original not in exact:
                continue
            values = real(tensors[name], net.scales[name]) if name in net.scales else tensors[name]
            self.tensors.setdefault(original, Nearness()).add(exact[original].reshape(values.shape), values)


def snr(exact: Values, values: Values) -> float:
    """Returns the signal to noise of one tensor in dB."""
    nearness = Nearness()
    nearness.add(np.asarray(exact), np.asarray(values))
    return nearness.snr


def compare(net: Quantised, pairs: Iterable[tuple[Mapping[str, Values], Mapping[str, Values]]]) -> dict[str, Nearness]:
    """Returns the nearness by float tensor over pairs of (tensors of the quantised, of the float network)."""
    comparison = Comparison()
    for tensors, exact in pairs:
        comparison.add(net, tensors, exact)
    return comparison.tensors
