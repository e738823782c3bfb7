"""What the three starters in PyTorch share: a layer, the training and the file."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn


def conv(inner: int, out: int, stride: int = 2) -> nn.Sequential:
    """A 3x3 convolution; stride 2 halves the picture; the batch norm costs nothing on the board."""
    return nn.Sequential(nn.Conv2d(inner, out, 3, stride, 1, bias=False), nn.BatchNorm2d(out), nn.ReLU())


def train(
    network: nn.Sequential,
    batches: Iterable[tuple[NDArray[np.float32], NDArray]],
    loss_of: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
    rate: float,
    options: argparse.Namespace,
) -> None:
    """Train a network. batches: pictures (n, height, width, 3) with what the network should say. rate: the highest."""
    # Pictures differ more in colour and light than in what they show. Kernels whose weights sum to 0 begin with edges
    # alone; with others the classifier was still guessing after 600 steps (docs/networks.md).
    with torch.no_grad():
        kernels = network[0][0].weight
        kernels -= kernels.mean((2, 3), keepdim=True)
    optimiser = torch.optim.AdamW(network.parameters(), weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, options.steps, pct_start=0.2)
    for step, (images, truth) in zip(range(options.steps), batches, strict=False):
        loss = loss_of(network(torch.from_numpy(images).permute(0, 3, 1, 2)), torch.from_numpy(truth))
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 20.0)
        optimiser.step()
        schedule.step()
        if step % 100 == 0:
            print(f"step {step} of {options.steps}: loss {loss.item():.4f}", flush=True)


def save(network: nn.Module, width: int, height: int, name: str) -> None:
    """Write NAME.onnx."""
    # eval() fixes the batch norms; without it the exported network would give other answers than the trained one.
    example = torch.zeros(1, 3, height, width)
    torch.onnx.export(network.eval(), (example,), f"{name}.onnx", opset_version=13, dynamo=False)
