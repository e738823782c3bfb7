"""What both trainings share: their options, the first network, and its optimiser."""

from __future__ import annotations

import argparse

import torch
from networks import restore
from torch import nn

BATCH = 32


def parse_options(description: str | None, steps: int, pool: int, seed: int) -> argparse.Namespace:
    """Parse the command line with these defaults; seed torch and set its number of threads."""
    arguments = argparse.ArgumentParser(description=description)
    arguments.add_argument("out")
    arguments.add_argument("--steps", type=int, default=steps)
    arguments.add_argument("--pool", type=int, default=pool)
    arguments.add_argument("--seed", type=int, default=seed)
    arguments.add_argument("--threads", type=int, default=1)
    arguments.add_argument("--rate", type=float, default=4e-3, help="highest learning rate")
    arguments.add_argument("--start", default="", help="an .onnx of this script to train further")
    arguments.add_argument("--keep", default="", help="file to keep the drawn pictures in, for another run")
    chosen = arguments.parse_args()
    torch.manual_seed(chosen.seed)
    torch.set_num_threads(chosen.threads)
    return chosen


class Course:
    """A network in training.

    images: uint8 (n, 3, h, w); a network that is trained further takes its batch norms from the first of them.
    """

    def __init__(self, network: nn.Module, chosen: argparse.Namespace, images: torch.Tensor) -> None:
        self.network = network.to(memory_format=torch.channels_last)
        if chosen.start:
            restore(self.network, chosen.start, images[:256].float() / 255)
        self.optimiser = torch.optim.AdamW(self.network.parameters(), chosen.rate, weight_decay=0.02)
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(self.optimiser, chosen.rate, chosen.steps, pct_start=0.2)

    def step(self, loss: torch.Tensor, steepest: float = 0.0) -> None:
        """Take one step. steepest: the largest norm of the gradients, 0 for any."""
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        if steepest:
            torch.nn.utils.clip_grad_norm_(self.network.parameters(), steepest)
        self.optimiser.step()
        self.schedule.step()
