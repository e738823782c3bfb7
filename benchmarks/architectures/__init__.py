"""Well-known architectures, for benchmarks/networks.py: which there are, and who builds them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

TORCH, KERAS = "torch", "keras"
SQUARES = ((224, 224), (160, 160), (96, 96))


@dataclass(frozen=True)
class Architecture:
    """An architecture as people use it.

    name: as in the table of docs/networks.md.
    source: the library whose definition is used, or "written out".
    framework: TORCH or KERAS.
    module, function: in this package, which builds it; arguments: of that function.
    sizes: (width, height) of the input, the usual one first, then smaller ones for where that is refused.
    channels: of the input.
    """

    name: str
    source: str
    framework: str
    module: str
    function: str
    sizes: tuple[tuple[int, int], ...]
    arguments: dict[str, Any] = field(default_factory=dict)
    channels: int = 3


@dataclass(frozen=True)
class Network:
    """An architecture at one size (width, height) of its input."""

    architecture: Architecture
    size: tuple[int, int]

    @property
    def file(self) -> str:
        """The name of its file."""
        stem = "".join(letter if letter.isalnum() or letter in ".-" else "_" for letter in self.architecture.name)
        suffix = {TORCH: "onnx", KERAS: "tflite"}[self.architecture.framework]
        return f"{stem}-{self.architecture.source.replace(' ', '_')}-{self.size[0]}x{self.size[1]}.{suffix}"


def _torchvision(name: str, function: str, *sizes: tuple[int, int], **arguments: Any) -> Architecture:
    given = {"name": function, **arguments}
    return Architecture(name, "torchvision", TORCH, "libraries", "torchvision_network", sizes or SQUARES[:1], given)


def _timm(name: str, model: str, *sizes: tuple[int, int]) -> Architecture:
    return Architecture(name, "timm", TORCH, "libraries", "timm_network", sizes or SQUARES[:1], {"name": model})


def _keras(name: str, function: str, *sizes: tuple[int, int], channels: int = 3, **arguments: Any) -> Architecture:
    return Architecture(name, "Keras", KERAS, "keras_networks", function, sizes or SQUARES, arguments, channels)


def _classifier(name: str, function: str, *sizes: tuple[int, int], channels: int = 3, **given: Any) -> Architecture:
    return Architecture(name, "written out", TORCH, "classifiers", function, sizes or SQUARES, given, channels)


def _detector(name: str, function: str, *sizes: tuple[int, int]) -> Architecture:
    return Architecture(name, "written out", TORCH, "detectors", function, sizes)


def architectures() -> Iterator[Architecture]:
    """Yield the architectures in the order of the table."""
    yield _classifier("LeNet-5", "lenet5", (32, 32), channels=1)
    yield _keras("MNIST tutorial CNN", "mnist_tutorial", (28, 28), channels=1)
    yield _keras("CIFAR tutorial CNN", "cifar_tutorial", (32, 32))
    yield _classifier("ResNet-20 (CIFAR)", "resnet20", (32, 32))
    for width in (0.25, 0.5, 0.75, 1.0):
        yield _classifier(f"MobileNetV1 {width}", "mobilenet_v1", width=width)
        yield _keras(f"MobileNetV1 {width}", "mobilenet_v1", alpha=width)
    for width in (0.35, 0.5, 0.75, 1.0):
        yield _torchvision(f"MobileNetV2 {width}", "mobilenet_v2", *SQUARES, width_mult=width)
        yield _keras(f"MobileNetV2 {width}", "mobilenet_v2", alpha=width)
    yield _torchvision("MobileNetV3-small", "mobilenet_v3_small", *SQUARES)
    yield _torchvision("SqueezeNet 1.1", "squeezenet1_1", *SQUARES)
    yield _torchvision("ShuffleNetV2 0.5", "shufflenet_v2_x0_5", *SQUARES)
    yield _torchvision("MNASNet 0.5", "mnasnet0_5", *SQUARES)
    yield _timm("EfficientNet-lite0", "efficientnet_lite0", *SQUARES)
    yield _torchvision("EfficientNet-b0", "efficientnet_b0")
    yield _torchvision("ResNet-18", "resnet18")
    yield _torchvision("VGG11-bn", "vgg11_bn")
    yield _torchvision("DenseNet-121", "densenet121")
    yield _detector("tiny YOLOv2, full channels", "tiny_yolo_v2", (416, 416), (224, 224))
    yield _detector("tiny YOLOv3", "tiny_yolo_v3", (416, 416), (224, 224))
    yield _detector("YOLOv5n-like, raw heads", "yolo_v5n", (640, 640), (320, 224), (160, 160))
    yield _detector("YOLOv8n-like, raw heads", "yolo_v8n", (640, 640), (320, 224), (160, 160))
    yield _detector("U-Net, 16 to 128 channels", "u_net", (256, 256), (160, 160), (96, 96))
    yield _detector("BlazeFace-like SSD", "blaze_face", (128, 128))
    yield _detector("UltraFace-like SSD (slim)", "ultra_face", (320, 240), (224, 224))


def networks() -> Iterator[Network]:
    """Yield every architecture at each of its sizes."""
    for architecture in architectures():
        for size in architecture.sizes:
            yield Network(architecture, size)
