"""Decides whether a converted network is good enough, and where a poor one loses its signal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf, isnan, log10

from maixswitch.convert.lower.layers import KpuConv, Layer
from maixswitch.convert.lower.runnable import make_runnable
from maixswitch.language import tr

from .facts import Facts

WEAK = 15.0
"""dB; an output below makes a poor result, and layers below are named in the report."""
LEAST_AGREEMENT = 0.8
"""The least share of same answers of a good result."""
FEWEST = 10
"""The fewest answers whose share is judged; of fewer, a single one would decide."""
DOZENS = 24
"""Pictures that usually suffice to measure the ranges."""


@dataclass(frozen=True)
class Loss:
    """The layer that loses the signal.

    before, behind: SNR in dB of the worst of its inputs and of its result; inf for an exact tensor.
    """

    layer: Layer
    before: float
    behind: float


@dataclass(frozen=True)
class Verdict:
    """Why a result is poor, in words; without reasons it is good. ``loss``: None if it is good or not known."""

    reasons: tuple[str, ...] = ()
    loss: Loss | None = None
    remedies: tuple[str, ...] = ()

    @property
    def poor(self) -> bool:
        """Is the result not good enough for use?"""
        return bool(self.reasons)


def judge(facts: Facts) -> Verdict:
    """Returns the verdict over the outputs and the answers. A trial with noise is never called poor."""
    reasons = tuple(_reasons(facts)) if facts.judged else ()
    if not reasons:
        return Verdict()
    loss = _loss(facts)
    return Verdict(reasons, loss, tuple(_remedies(facts, loss)))


def _reasons(facts: Facts) -> Iterator[str]:
    for name in facts.quantised.outputs:
        near = facts.nearness.get(facts.quantised.origin.get(name, ""))
        # NaN is below every limit, so the comparison is the other way round.
        if near is not None and not near.snr >= WEAK:
            yield tr(
                "output {name} has an SNR of {snr:.1f} dB, expected at least {least:.0f}",
                name=name,
                snr=near.snr,
                least=WEAK,
            )
    agreement = facts.agreement
    if agreement is not None and agreement.of >= FEWEST and agreement.agree < LEAST_AGREEMENT * agreement.of:
        yield tr(
            "{agree} of {all} answers are those of the float network, expected at least {least:.0f} %",
            agree=agreement.agree,
            all=agreement.of,
            least=100 * LEAST_AGREEMENT,
        )


def _loss(facts: Facts) -> Loss | None:
    """Returns the first layer whose result is weak though its inputs are not, or else the one that adds most noise."""
    noise: dict[str, float] = {}
    losses: list[tuple[bool, float, Loss]] = []
    limit = 10 ** (-WEAK / 10)
    for layer in make_runnable(facts.quantised).layers:
        before = max((noise.get(name, 0.0) for name in layer.inputs), default=0.0)
        near = facts.nearness.get(facts.quantised.origin.get(layer.output, ""))
        # A tensor without a counterpart in the float network passes on what its inputs have lost.
        if near is None:
            noise[layer.output] = before
            continue
        behind = inf if isnan(near.snr) else 10 ** (-near.snr / 10)
        noise[layer.output] = behind
        # Noise in proportion to the signal adds up from layer to layer. Decibels do not.
        if behind > before:
            loss = Loss(layer, _decibels(before), _decibels(behind))
            losses.append((before <= limit < behind, behind - before, loss))
    return max(losses, key=lambda item: item[:2])[2] if losses else None


def _decibels(noise: float) -> float:
    return inf if noise == 0 else -10 * log10(noise)


def _remedies(facts: Facts, loss: Loss | None) -> Iterator[str]:
    if facts.calibrated < DOZENS:
        yield tr("measure on more pictures: only {count} measured the ranges", count=facts.calibrated)
    yield tr("take pictures like those that the camera will see, and give --scale, --mean and --std of the training")
    # The channels of a depthwise layer are not summed, so a channel with small values keeps few of the 256 levels.
    if loss is not None and isinstance(loss.layer, KpuConv) and loss.layer.depthwise:
        yield tr("train with weight decay, so that the channels of this depthwise layer have values of similar size")
    else:
        yield tr("put a Relu6 in place of the activation before this layer, which limits its range, and train on")
    yield tr("train a few epochs with 8 bits simulated (quantisation-aware training)")


def loss_in_words(loss: Loss) -> str:
    """Returns which layer loses how much."""
    return tr(
        "most is lost in layer {name} ({kind}): {before} before it, {behind} behind it; it reads {inputs}",
        name=loss.layer.output,
        kind=loss.layer.describe(),
        before=tr("exact") if loss.before == inf else f"{loss.before:.1f} dB",
        behind=f"{loss.behind:.1f} dB",
        inputs=", ".join(loss.layer.inputs),
    )
