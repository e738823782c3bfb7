"""Detectors and a U-Net. Those called "-like" have the published layers and channels, and no decoding of the boxes."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from .classifiers import convolution

ANCHORS = 3
CLASSES = 80


def leaky(ins: int, outs: int, kernel: int = 3) -> nn.Sequential:
    """Return Darknet's convolution."""
    return nn.Sequential(convolution(ins, outs, kernel), nn.LeakyReLU(0.1))


def silu(ins: int, outs: int, kernel: int = 1, stride: int = 1) -> nn.Sequential:
    """Return the convolution of the newer YOLOs."""
    return nn.Sequential(convolution(ins, outs, kernel, stride), nn.SiLU())


def doubled(x: torch.Tensor) -> torch.Tensor:
    """Return the map at twice the size."""
    return functional.interpolate(x, scale_factor=2.0, mode="nearest")


class DarknetPool(nn.Module):
    """Darknet's max pool of 2x2 with stride 1, which keeps the size."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return functional.max_pool2d(functional.pad(x, (0, 1, 0, 1), value=float("-inf")), 2, 1)


def _darknet_tiny() -> list[nn.Module]:
    """Return the layers of tiny YOLOv2 and v3 up to 512 channels, before the last pool."""
    layers: list[nn.Module] = [leaky(3, 16)]
    for outs in (32, 64, 128, 256, 512):
        layers += [nn.MaxPool2d(2), leaky(outs // 2, outs)]
    return layers


def tiny_yolo_v2() -> nn.Module:
    """Return tiny YOLOv2 for the 20 classes of VOC."""
    return nn.Sequential(*_darknet_tiny(), DarknetPool(), leaky(512, 1024), leaky(1024, 1024), nn.Conv2d(1024, 125, 1))


class TinyYoloV3(nn.Module):
    """Tiny YOLOv3 for the 80 classes of COCO, with its two raw heads."""

    def __init__(self) -> None:
        super().__init__()
        layers = _darknet_tiny()
        outs = ANCHORS * (CLASSES + 5)
        self.to_256 = nn.Sequential(*layers[:9])
        self.deep = nn.Sequential(*layers[9:], DarknetPool(), leaky(512, 1024), leaky(1024, 256, 1))
        self.coarse = nn.Sequential(leaky(256, 512), nn.Conv2d(512, outs, 1))
        self.up = leaky(256, 128, 1)
        self.fine = nn.Sequential(leaky(384, 256), nn.Conv2d(256, outs, 1))

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        shallow = self.to_256(x)
        deep = self.deep(shallow)
        return self.coarse(deep), self.fine(torch.cat([doubled(self.up(deep)), shallow], 1))


def tiny_yolo_v3() -> nn.Module:
    """Return tiny YOLOv3."""
    return TinyYoloV3()


class Bottleneck(nn.Module):
    """Two convolutions, with a way around them or not."""

    def __init__(self, channels: int, first: int, around: bool) -> None:
        super().__init__()
        self.layers = nn.Sequential(silu(channels, channels, first), silu(channels, channels, 3))
        self.around = around

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self.layers(x)
        return x + y if self.around else y


class C3(nn.Module):
    """YOLOv5's block: half of the channels through bottlenecks, half past them."""

    def __init__(self, ins: int, outs: int, count: int = 1, around: bool = True) -> None:
        super().__init__()
        half = outs // 2
        self.left = nn.Sequential(silu(ins, half), *(Bottleneck(half, 1, around) for _ in range(count)))
        self.right = silu(ins, half)
        self.both = silu(2 * half, outs)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self.both(torch.cat([self.left(x), self.right(x)], 1))
        return y


class C2f(nn.Module):
    """YOLOv8's block: the result of every bottleneck goes into the last convolution."""

    def __init__(self, ins: int, outs: int, count: int = 1, around: bool = False) -> None:
        super().__init__()
        self.half = outs // 2
        self.first = silu(ins, outs)
        self.blocks = nn.ModuleList(Bottleneck(self.half, 3, around) for _ in range(count))
        self.last = silu((2 + count) * self.half, outs)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        parts = list(self.first(x).split(self.half, 1))
        for block in self.blocks:
            parts.append(block(parts[-1]))
        y: torch.Tensor = self.last(torch.cat(parts, 1))
        return y


class Sppf(nn.Module):
    """Three max pools of 5x5 in a row, beside each other."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first, self.last = silu(channels, channels // 2), silu(2 * channels, channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        parts = [self.first(x)]
        for _ in range(3):
            parts.append(functional.max_pool2d(parts[-1], 5, 1, 2))
        y: torch.Tensor = self.last(torch.cat(parts, 1))
        return y


class V5Head(nn.Module):
    """YOLOv5's heads: one convolution for each of three sizes."""

    def __init__(self) -> None:
        super().__init__()
        self.convs = nn.ModuleList(nn.Conv2d(ins, ANCHORS * (CLASSES + 5), 1) for ins in (64, 128, 256))

    def forward(self, maps: list[torch.Tensor]) -> list[torch.Tensor]:
        return [conv(x) for conv, x in zip(self.convs, maps, strict=True)]


class V8Head(nn.Module):
    """YOLOv8's heads: for each of three sizes one for the boxes' edges and one for the classes, side by side."""

    def __init__(self) -> None:
        super().__init__()
        sizes = (64, 128, 256)
        self.edges = nn.ModuleList(self._one(ins, 64, 64) for ins in sizes)
        self.classes = nn.ModuleList(self._one(ins, CLASSES, CLASSES) for ins in sizes)

    @staticmethod
    def _one(ins: int, middle: int, outs: int) -> nn.Module:
        return nn.Sequential(silu(ins, middle, 3), silu(middle, middle, 3), nn.Conv2d(middle, outs, 1))

    def forward(self, maps: list[torch.Tensor]) -> list[torch.Tensor]:
        pairs = zip(self.edges, self.classes, maps, strict=True)
        return [torch.cat([edges(x), classes(x)], 1) for edges, classes, x in pairs]


class Yolo(nn.Module):
    """The nano size of YOLOv5 or YOLOv8: backbone, way up and down, heads."""

    def __init__(self, stem: nn.Module, block: type[C3] | type[C2f], counts: tuple[int, ...], head: nn.Module) -> None:
        super().__init__()
        self.to_8 = nn.Sequential(
            stem, silu(16, 32, 3, 2), block(32, 32, counts[0], True), silu(32, 64, 3, 2), block(64, 64, counts[1], True)
        )
        self.to_16 = nn.Sequential(silu(64, 128, 3, 2), block(128, 128, counts[2], True))
        self.to_32 = nn.Sequential(silu(128, 256, 3, 2), block(256, 256, counts[3], True), Sppf(256))
        # YOLOv5 halves the channels before it goes up; YOLOv8 does not.
        halved = block is C3
        self.narrow_32 = silu(256, 128) if halved else nn.Identity()
        self.narrow_16 = silu(128, 64) if halved else nn.Identity()
        wide_32, wide_16 = (128, 64) if halved else (256, 128)
        self.up_16 = block(wide_32 + 128, 128, 1, False)
        self.up_8 = block(wide_16 + 64, 64, 1, False)
        self.down_8, self.down_16 = silu(64, 64, 3, 2), silu(128, 128, 3, 2)
        self.out_16 = block(64 + wide_16, 128, 1, False)
        self.out_32 = block(128 + wide_32, 256, 1, False)
        self.head = head

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        map_8 = self.to_8(x)
        map_16 = self.to_16(map_8)
        narrow_32 = self.narrow_32(self.to_32(map_16))
        narrow_16 = self.narrow_16(self.up_16(torch.cat([doubled(narrow_32), map_16], 1)))
        out_8 = self.up_8(torch.cat([doubled(narrow_16), map_8], 1))
        out_16 = self.out_16(torch.cat([self.down_8(out_8), narrow_16], 1))
        out_32 = self.out_32(torch.cat([self.down_16(out_16), narrow_32], 1))
        heads: list[torch.Tensor] = self.head([out_8, out_16, out_32])
        return heads


def yolo_v5n() -> nn.Module:
    """Return YOLOv5n with its three raw heads."""
    stem = nn.Sequential(nn.Conv2d(3, 16, 6, 2, 2, bias=False), nn.BatchNorm2d(16), nn.SiLU())
    return Yolo(stem, C3, (1, 2, 3, 1), V5Head())


def yolo_v8n() -> nn.Module:
    """Return YOLOv8n with its three raw heads."""
    return Yolo(silu(3, 16, 3, 2), C2f, (1, 2, 2, 1), V8Head())


class UNet(nn.Module):
    """A U-Net with two convolutions on each level, and transposed convolutions on the way up."""

    def __init__(self, channels: tuple[int, ...]) -> None:
        super().__init__()
        pairs = list(zip((3, *channels), channels, strict=False))
        self.down = nn.ModuleList(self._two(ins, outs) for ins, outs in pairs)
        self.up = nn.ModuleList(nn.ConvTranspose2d(outs, ins, 2, 2) for ins, outs in pairs[:0:-1])
        self.joined = nn.ModuleList(self._two(2 * ins, ins) for ins, _ in pairs[:0:-1])
        self.last = nn.Conv2d(channels[0], 1, 1)

    @staticmethod
    def _two(ins: int, outs: int) -> nn.Sequential:
        return nn.Sequential(convolution(ins, outs), nn.ReLU(), convolution(outs, outs), nn.ReLU())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        maps: list[torch.Tensor] = []
        for level, block in enumerate(self.down):
            x = block(x if level == 0 else functional.max_pool2d(x, 2))
            maps.append(x)
        for up, block, beside in zip(self.up, self.joined, maps[-2::-1], strict=True):
            x = block(torch.cat([up(x), beside], 1))
        return torch.sigmoid(self.last(x))


def u_net() -> nn.Module:
    """Return a small U-Net that marks one kind of object."""
    return UNet((16, 32, 64, 128))


def flat(x: torch.Tensor, values: int) -> torch.Tensor:
    """Return the map of a head as (1, boxes, values)."""
    return x.permute(0, 2, 3, 1).reshape(x.shape[0], -1, values)


class BlazeBlock(nn.Module):
    """A depthwise 5x5 and a 1x1 convolution, and a way around them with a pool and new channels of zeros."""

    def __init__(self, ins: int, outs: int, stride: int = 1) -> None:
        super().__init__()
        self.layers = nn.Sequential(convolution(ins, ins, 5, stride, ins), convolution(ins, outs, 1))
        self.stride, self.more = stride, outs - ins

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        around = functional.max_pool2d(x, 2) if self.stride == 2 else x
        if self.more:
            around = functional.pad(around, (0, 0, 0, 0, 0, self.more))
        return functional.relu(self.layers(x) + around)


class BlazeFace(nn.Module):
    """BlazeFace of the front camera: 896 boxes of 16 values, and their scores."""

    def __init__(self) -> None:
        super().__init__()
        channels = (24, 24, 28, 32, 36, 42, 48, 56, 64, 72, 80, 88)
        strides = (1, 1, 2, 1, 1, 2, 1, 1, 1, 1, 1)
        rows = zip(channels, channels[1:], strides, strict=False)
        stem = nn.Sequential(convolution(3, 24, 5, 2), nn.ReLU())
        self.fine = nn.Sequential(stem, *(BlazeBlock(*row) for row in rows))
        self.coarse = nn.Sequential(BlazeBlock(88, 96, 2), *(BlazeBlock(96, 96) for _ in range(4)))
        self.heads = nn.ModuleList(
            [nn.Conv2d(88, 2, 1), nn.Conv2d(96, 6, 1), nn.Conv2d(88, 32, 1), nn.Conv2d(96, 96, 1)]
        )

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        fine = self.fine(x)
        coarse = self.coarse(fine)
        first, second, third, fourth = (head(x) for head, x in zip(self.heads, (fine, coarse) * 2, strict=True))
        scores = torch.cat([flat(first, 1), flat(second, 1)], 1)
        return scores, torch.cat([flat(third, 16), flat(fourth, 16)], 1)


def blaze_face() -> nn.Module:
    """Return a detector like BlazeFace."""
    return BlazeFace()


class UltraFace(nn.Module):
    """UltraFace slim: separable convolutions, four heads, softmax over face and background."""

    def __init__(self) -> None:
        super().__init__()
        rows = ((16, 32, 1), (32, 32, 2), (32, 32, 1), (32, 64, 2), (64, 64, 1), (64, 64, 1), (64, 64, 1))
        self.fine = nn.Sequential(convolution(3, 16, stride=2), nn.ReLU(), *(self._pair(*row) for row in rows))
        self.middle = nn.Sequential(self._pair(64, 128, 2), self._pair(128, 128), self._pair(128, 128))
        self.coarse = nn.Sequential(self._pair(128, 256, 2), self._pair(256, 256))
        self.last = nn.Sequential(nn.Conv2d(256, 64, 1), nn.ReLU(), self._separable(64, 256, 2), nn.ReLU())
        boxes, ins = (3, 2, 2, 3), (64, 128, 256)
        self.scores = nn.ModuleList(self._separable(i, 2 * b) for i, b in zip(ins, boxes, strict=False))
        self.places = nn.ModuleList(self._separable(i, 4 * b) for i, b in zip(ins, boxes, strict=False))
        self.scores.append(nn.Conv2d(256, 6, 3, padding=1))
        self.places.append(nn.Conv2d(256, 12, 3, padding=1))

    @staticmethod
    def _pair(ins: int, outs: int, stride: int = 1) -> nn.Sequential:
        first = convolution(ins, ins, 3, stride, ins)
        return nn.Sequential(first, nn.ReLU(), convolution(ins, outs, 1), nn.ReLU())

    @staticmethod
    def _separable(ins: int, outs: int, stride: int = 1) -> nn.Sequential:
        first = nn.Conv2d(ins, ins, 3, stride, 1, groups=ins)
        return nn.Sequential(first, nn.ReLU(), nn.Conv2d(ins, outs, 1))

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        maps: list[torch.Tensor] = []
        for stage in (self.fine, self.middle, self.coarse, self.last):
            x = stage(x)
            maps.append(x)
        scores = torch.cat([flat(head(x), 2) for head, x in zip(self.scores, maps, strict=True)], 1)
        places = torch.cat([flat(head(x), 4) for head, x in zip(self.places, maps, strict=True)], 1)
        return functional.softmax(scores, dim=2), places


def ultra_face() -> nn.Module:
    """Return a detector like UltraFace slim."""
    return UltraFace()
