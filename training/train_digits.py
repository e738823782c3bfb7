"""Trains the classifier of digits and writes its ONNX file: train_digits.py OUT.onnx [--steps N] [--pool N]."""

from __future__ import annotations

import time

import torch
from course import BATCH, Course, parse_options
from networks import Digits, Shares, export
from pool import draw, pictures, recolour

HELD_BACK = 500


def main() -> None:
    options = parse_options(__doc__, steps=3500, pool=9000, seed=1)
    images, truths = draw(options.pool, options.seed, pictures.digit_picture, options.keep)
    labels = torch.tensor(truths)
    course = Course(Digits(), options, images)
    network = course.network
    loss_of = torch.nn.CrossEntropyLoss(label_smoothing=0.05)
    began, train = time.monotonic(), options.pool - HELD_BACK
    print(f"at first: {share(network, images[train:], labels[train:]):.4f}", flush=True)
    network.train()
    for step in range(1, options.steps + 1):
        chosen = torch.randint(train, (BATCH,))
        x = torch.roll(recolour(images[chosen]), [int(v) for v in torch.randint(-10, 11, (2,))], (2, 3))
        loss = loss_of(network(x), labels[chosen])
        course.step(loss)
        if step % 100 == 0 or step == options.steps:
            right = f"{share(network, images[train:], labels[train:]):.4f}" if step % 500 == 0 else ""
            print(f"{step} loss {loss.item():.3f} {right} {time.monotonic() - began:.0f} s", flush=True)
        if step % 500 == 0 or step == options.steps:
            export(Shares(network), pictures.DIGIT_INPUT, options.out, "scores")
            network.train()
    print(f"held back: {share(network, images[train:], labels[train:]):.4f}")


def share(network: torch.nn.Module, images: torch.Tensor, labels: torch.Tensor) -> float:
    """Return the share of pictures with the right answer; the network is left in training mode."""
    network.eval()
    with torch.no_grad():
        answers = [network(part.float() / 255).argmax(1) for part in images.split(50)]
    network.train()
    return float((torch.cat(answers) == labels).float().mean())


if __name__ == "__main__":
    main()
