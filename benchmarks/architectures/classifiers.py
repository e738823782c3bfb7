"""Classifiers that no library of PyTorch has at every width."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional


def convolution(ins: int, outs: int, kernel: int = 3, stride: int = 1, groups: int = 1) -> nn.Sequential:
    """Return a convolution with batch norm, padded to keep the size."""
    conv = nn.Conv2d(ins, outs, kernel, stride, kernel // 2, groups=groups, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(outs))


def lenet5() -> nn.Module:
    """Return LeNet-5 with tanh and mean pools, for 32x32 grey."""
    return nn.Sequential(
        nn.Conv2d(1, 6, 5), nn.Tanh(), nn.AvgPool2d(2),
        nn.Conv2d(6, 16, 5), nn.Tanh(), nn.AvgPool2d(2),
        nn.Conv2d(16, 120, 5), nn.Tanh(), nn.Flatten(),
        nn.Linear(120, 84), nn.Tanh(), nn.Linear(84, 10),
    )  # fmt: skip


def mobilenet_v1(width: float) -> nn.Module:
    """Return MobileNetV1 of 1000 classes with relu6; width: factor of the channels."""

    def wide(channels: int) -> int:
        return int(channels * width)

    strides = (1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1)
    channels = (64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512, 1024, 1024)
    layers: list[nn.Module] = [convolution(3, wide(32), stride=2), nn.ReLU6()]
    before = wide(32)
    for stride, outs in zip(strides, map(wide, channels), strict=True):
        layers += [convolution(before, before, stride=stride, groups=before), nn.ReLU6()]
        layers += [convolution(before, outs, kernel=1), nn.ReLU6()]
        before = outs
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(before, 1000))


class BasicBlock(nn.Module):
    """Two 3x3 convolutions and a way around them."""

    def __init__(self, ins: int, outs: int, stride: int) -> None:
        super().__init__()
        self.first = convolution(ins, outs, stride=stride)
        self.second = convolution(outs, outs)
        self.around = nn.Identity() if stride == 1 and ins == outs else convolution(ins, outs, 1, stride)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.second(functional.relu(self.first(x)))
        return functional.relu(y + self.around(x))


def resnet20() -> nn.Module:
    """Return the ResNet-20 of the CIFAR-10 experiments, with 1x1 convolutions where the size changes."""
    blocks = [BasicBlock(16, 16, 1) for _ in range(3)]
    blocks += [BasicBlock(16, 32, 2), BasicBlock(32, 32, 1), BasicBlock(32, 32, 1)]
    blocks += [BasicBlock(32, 64, 2), BasicBlock(64, 64, 1), BasicBlock(64, 64, 1)]
    head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10)]
    return nn.Sequential(convolution(3, 16), nn.ReLU(), *blocks, *head)
