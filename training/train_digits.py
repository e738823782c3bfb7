"""Trains the classifier of digits and writes its ONNX file: train_digits.py OUT.onnx [--steps N] [--pool N]."""

from __future__ import annotations

import argparse
import time

import torch
from networks import Digits, Shares, export, restore
from pool import draw, pictures, recolour

BATCH = 32
HELD_BACK = 500


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("out")
    arguments.add_argument("--steps", type=int, default=3500)
    arguments.add_argument("--pool", type=int, default=9000)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--threads", type=int, default=1)
    arguments.add_argument("--rate", type=float, default=4e-3, help="highest learning rate")
    arguments.add_argument("--start", default="", help="an .onnx of this script to train further")
    arguments.add_argument("--keep", default="", help="file to keep the drawn pictures in, for another run")
    given = arguments.parse_args()
    torch.manual_seed(given.seed)
    torch.set_num_threads(given.threads)
    images, truths = draw(given.pool, given.seed, pictures.digit_picture, given.keep)
    labels = torch.tensor(truths)
    network = Digits().to(memory_format=torch.channels_last)
    if given.start:
        restore(network, given.start, images[:256].float() / 255)
    optimiser = torch.optim.AdamW(network.parameters(), given.rate, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, given.rate, given.steps, pct_start=0.2)
    loss_of = torch.nn.CrossEntropyLoss(label_smoothing=0.05)
    began, train = time.monotonic(), given.pool - HELD_BACK
    print(f"at first: {share(network, images[train:], labels[train:]):.4f}", flush=True)
    network.train()
    for step in range(1, given.steps + 1):
        chosen = torch.randint(train, (BATCH,))
        x = torch.roll(recolour(images[chosen]), [int(v) for v in torch.randint(-10, 11, (2,))], (2, 3))
        loss = loss_of(network(x), labels[chosen])
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        schedule.step()
        if step % 100 == 0 or step == given.steps:
            right = f"{share(network, images[train:], labels[train:]):.4f}" if step % 500 == 0 else ""
            print(f"{step} loss {loss.item():.3f} {right} {time.monotonic() - began:.0f} s", flush=True)
        if step % 500 == 0 or step == given.steps:
            export(Shares(network), pictures.DIGIT_INPUT, given.out, "scores")
            network.train()
    print(f"held back: {share(network, images[train:], labels[train:]):.4f}")


def share(network: torch.nn.Module, images: torch.Tensor, labels: torch.Tensor) -> float:
    """Share of pictures with the right answer; leaves the network training."""
    network.eval()
    with torch.no_grad():
        answers = [network(part.float() / 255).argmax(1) for part in images.split(50)]
    network.train()
    return float((torch.cat(answers) == labels).float().mean())


if __name__ == "__main__":
    main()
