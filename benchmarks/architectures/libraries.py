"""Networks of torchvision and timm, without weights."""

from __future__ import annotations

from typing import Any

from torch import nn


def torchvision_network(name: str, **arguments: Any) -> nn.Module:
    """Return torchvision's classifier of 1000 classes."""
    import torchvision

    network: nn.Module = torchvision.models.get_model(name, weights=None, **arguments)
    return network


def timm_network(name: str) -> nn.Module:
    """Return timm's classifier of 1000 classes."""
    import timm

    network: nn.Module = timm.create_model(name, pretrained=False)
    return network
