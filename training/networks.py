"""The two demo networks: 3x3 and 1x1 convolutions with batch norm and relu, halved by stride 2; pixels are 0..1."""

from __future__ import annotations

import onnx
import onnx.numpy_helper
import torch
from torch import nn


def conv(inner: int, out: int, stride: int = 1, kernel: int = 3) -> nn.Sequential:
    """Convolution without bias, batch norm, relu; padding (kernel - 1) / 2 on all sides, as the KPU pads."""
    return nn.Sequential(
        nn.Conv2d(inner, out, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(out), nn.ReLU(inplace=True)
    )


class Digits(nn.Module):
    """float32 (n, 3, 224, 224) to logits (n, 10); ``shares`` gives shares of 1."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            conv(3, 8, 2),
            conv(8, 16, 2),
            conv(16, 32, 2),
            conv(32, 48, 2),
            conv(48, 64, 2),
            conv(64, 96),
            conv(96, 128),
        )
        self.head = nn.Linear(128, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(torch.flatten(nn.functional.adaptive_avg_pool2d(self.body(x), 1), 1))


class Shares(nn.Module):
    """A classifier with the softmax that the file ends with."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.softmax(self.network(x), 1)


class Shapes(nn.Module):
    """float32 (n, 3, 224, 320) to the YOLOv2 head (n, anchors * (5 + classes), 7, 10), before any sigmoid."""

    def __init__(self, anchors: int = 5, classes: int = 5) -> None:
        super().__init__()
        self.body = nn.Sequential(
            conv(3, 8, 2),
            conv(8, 16, 2),
            conv(16, 32, 2),
            conv(32, 64, 2),
            conv(64, 96, 2),
            conv(96, 96),
            conv(96, 128),
        )
        self.head = nn.Conv2d(128, anchors * (5 + classes), 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.body(x))


def restore(network: nn.Module, path: str, images: torch.Tensor) -> None:
    """Copy the weights of an exported file into a network, to train it further; stop at a layer of another size.

    path: of the .onnx, whose batch norms are folded into the weights.
    images: float32 (n, 3, h, w); the batch norms get the means and deviations of these pictures, so that the network
        computes the same as the file, also while it is trained.
    """
    graph = onnx.load(path).graph
    values = {item.name: torch.from_numpy(onnx.numpy_helper.to_array(item).copy()) for item in graph.initializer}
    nodes = [node for node in graph.node if node.op_type in ("Conv", "Gemm")]
    layers = [layer for layer in network.modules() if isinstance(layer, (nn.Conv2d, nn.Linear))]
    norms = {
        name.rpartition(".")[0]: layer for name, layer in network.named_modules() if isinstance(layer, nn.BatchNorm2d)
    }
    owner = {id(layer): norms.get(name.rpartition(".")[0]) for name, layer in network.named_modules()}
    network.eval()
    with torch.no_grad():
        for node, layer in zip(nodes, layers, strict=False):
            weights, bias = (values[name] for name in node.input[1:3])
            if layer.weight.shape != weights.shape:
                break
            layer.weight.copy_(weights)
            if layer.bias is not None:
                layer.bias.copy_(bias)
                continue
            norm, seen = owner[id(layer)], []
            handle = layer.register_forward_hook(lambda _module, _inputs, output, seen=seen: seen.append(output))
            network(images)
            handle.remove()
            mean, variance = seen[0].mean((0, 2, 3)), seen[0].var((0, 2, 3))
            norm.running_mean.copy_(mean)
            norm.running_var.copy_(variance)
            norm.weight.copy_(torch.sqrt(variance + norm.eps))
            norm.bias.copy_(bias + mean)


def export(network: nn.Module, shape: tuple[int, int, int], path: str, output: str) -> None:
    """Write a network as ONNX (opset 13) for one picture of shape (width, height, channels)."""
    width, height, channels = shape
    example = torch.zeros(1, channels, height, width)
    network.eval()
    torch.onnx.export(
        network,
        (example,),
        path,
        input_names=["image"],
        output_names=[output],
        opset_version=13,
        dynamo=False,
    )
