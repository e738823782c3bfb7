"""What follows from shapes is refused before a picture is measured: the folder of pictures does not even exist here."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest

from maixswitch.convert.conversion import Options, convert
from maixswitch.convert.graph.pixels import in_pixels
from maixswitch.convert.lower.lower import lower
from maixswitch.convert.quantise.quantiser import quantise
from maixswitch.convert.quantise.sketch import sketch
from maixswitch.convert.read.onnx_reader import read
from maixswitch.errors import EXIT_FINDINGS, EXIT_USAGE, MaixSwitchError
from maixswitch.kmodel import load
from tests.host.convert.dense_networks import NETWORKS
from tests.host.convert.onnx_builder import Build, mobilenet, random_network, save, tiny_yolo
from tests.host.convert.v4_networks import gate

MOST_SECONDS = 2.0
"""Of the processor, for a network of the size of MobileNetV2."""


def options(model: onnx.ModelProto, folder: Path, **more: object) -> Options:
    return replace(Options(save(model, folder / "net.onnx"), folder / "n.kmodel", folder / "nowhere"), **more)  # type: ignore[arg-type]


def refused(model: onnx.ModelProto, folder: Path, **more: object) -> MaixSwitchError:
    """Return the error of a conversion that may not come to its pictures."""
    began = time.process_time()
    with pytest.raises(MaixSwitchError) as caught:
        convert(options(model, folder, **more))
    assert time.process_time() - began < MOST_SECONDS
    assert "nowhere" not in caught.value.message
    return caught.value


def mobilenet2(width: float = 1.0, side: int = 224, last: int = 1280) -> onnx.ModelProto:
    """Return MobileNetV2 as in its paper, with random weights."""
    b = Build((1, 3, side, side), 1)

    def layer(x: str, out: int, kernel: int = 1, stride: int = 1, depthwise: bool = False, bend: bool = True) -> str:
        y = b.norm(b.conv(x, out, kernel, stride, depthwise, bias=False))
        return b.curve(y, "relu6") if bend else y

    x = layer(b.input, int(32 * width), 3, 2)
    plan = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))
    for grow, out, times, stride in plan:
        for at in range(times):
            y = layer(x, b.shapes[x][1] * grow) if grow > 1 else x
            y = layer(y, 0, 3, stride if at == 0 else 1, depthwise=True)
            y = layer(y, int(out * width), bend=False)
            x = b.same("Add", [x, y]) if b.shapes[x] == b.shapes[y] else y
    return b.model(b.gemm(b.flat(b.mean(layer(x, last))), 1000))


def test_a_network_in_groups_of_channels_is_refused_for_its_size_alone(tmp_path: Path) -> None:
    message = refused(mobilenet2(last=3000), tmp_path).message
    assert message.startswith("no firmware has room for the network: its file would have ")


def efficientnet(gates: bool) -> onnx.ModelProto:
    """Return EfficientNet-lite0, or b0 with swish and squeeze and excitation, with random weights."""
    b = Build((1, 3, 224, 224), 1)

    def layer(x: str, out: int, kernel: int = 1, stride: int = 1, depthwise: bool = False, bend: bool = True) -> str:
        y = b.norm(b.conv(x, out, kernel, stride, depthwise, bias=False))
        return b.curve(y, "swish" if gates else "relu6") if bend else y

    x = layer(b.input, 32, 3, 2)
    plan = (
        (1, 16, 1, 1, 3),
        (6, 24, 2, 2, 3),
        (6, 40, 2, 2, 5),
        (6, 80, 3, 2, 3),
        (6, 112, 3, 1, 5),
        (6, 192, 4, 2, 5),
    )
    for grow, out, times, stride, kernel in (*plan, (6, 320, 1, 1, 3)):
        for at in range(times):
            squeezed = b.shapes[x][1] // 4
            y = layer(x, b.shapes[x][1] * grow) if grow > 1 else x
            y = layer(y, 0, kernel, stride if at == 0 else 1, depthwise=True)
            y = layer(gate(b, y, squeezed, ("swish", "Sigmoid")) if gates else y, out, bend=False)
            x = b.same("Add", [x, y]) if b.shapes[x] == b.shapes[y] else y
    return b.model(b.gemm(b.flat(b.mean(layer(x, 1280))), 1000))


@pytest.mark.parametrize("gates", [False, True])
def test_a_network_that_is_too_large_for_the_emulator_is_refused_for_its_size(gates: bool, tmp_path: Path) -> None:
    message = refused(efficientnet(gates), tmp_path).message
    assert message.startswith("no firmware has room for the network: its file would have ")


def two_convs(height: int, width: int, channels: tuple[int, int] = (8, 8)) -> onnx.ModelProto:
    b = Build((1, 3, height, width))
    x = b.curve(b.norm(b.conv(b.input, channels[0], stride=2)), "Relu")
    return b.model(b.conv(x, channels[1]))


@pytest.mark.parametrize(
    ("height", "width", "size"),
    [(320, 320, "320x256"), (640, 640, "512x256"), (256, 544, "512x256"), (300, 64, "64x256")],
)
def test_a_picture_that_is_too_large(height: int, width: int, size: str, tmp_path: Path) -> None:
    message = refused(two_convs(height, width), tmp_path).message
    assert f"export the network for pictures of {size} (width x height)" in message
    assert "(Conv): input " in message


def test_maps_that_become_too_small(tmp_path: Path) -> None:
    b = Build((1, 3, 64, 96))
    x = b.input
    for _ in range(5):
        x = b.curve(b.conv(x, 8, stride=2), "Relu")
    message = refused(b.model(b.conv(x, 8)), tmp_path, version=3).message
    assert message.startswith(
        "node conv9 (Conv): output of a KPU layer, height x width: found 2x3, expected at least 4x4"
    )
    assert message.endswith("pictures of at least 128x128")


def test_maps_beyond_the_ai_ram(tmp_path: Path) -> None:
    message = refused(two_convs(256, 320, (96, 64)), tmp_path).message
    assert "(Conv): bytes of AI RAM for the maps that live at one time (96x128x160, 64x128x160): found " in message
    assert "pictures of about 224x160" in message


def test_a_file_for_which_no_firmware_has_room(tmp_path: Path) -> None:
    # The KPU has at most 1,024 outputs, so a layer of more classes stays one of floats.
    error = refused(mobilenet(1.0, 224, 1025), tmp_path)
    assert error.exit_code == EXIT_FINDINGS
    assert "no firmware has room for the network: its file would have 7," in error.message
    assert "--any-size" in error.message
    with pytest.raises(MaixSwitchError, match="nowhere"):
        convert(options(mobilenet(1.0, 224), tmp_path, any_size=True))


def test_a_main_memory_that_no_chip_has(tmp_path: Path) -> None:
    """The mean of 1,280 maps reads them as floats: 96 x 96 x 1,280 of them."""
    b = Build((1, 3, 96, 96))
    error = refused(b.model(b.mean(b.conv(b.conv(b.input, 8), 1280, kernel=1))), tmp_path)
    assert error.exit_code == EXIT_FINDINGS
    assert "no firmware has room for the network" in error.message


def test_a_single_pixel_is_no_picture(tmp_path: Path) -> None:
    b = Build((1, 1, 1, 1))
    error = refused(b.model(b.conv(b.input, 1, kernel=1)), tmp_path)
    assert "the network's input 1x1x1 is not a picture" in error.message


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ({"labels": ("a", "b")}, "--labels: 2 names, but the network has 7 classes"),
        ({"kind": "other"}, "--kind other: expected one of "),
        ({"kind": "yolo2"}, "--kind yolo2: the network has no output of"),
    ],
)
def test_options_that_do_not_fit_a_classifier(more: dict[str, object], text: str, tmp_path: Path) -> None:
    error = refused(random_network(0), tmp_path, **more)
    assert error.exit_code == EXIT_USAGE
    assert text in error.message


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ({"labels": ("a", "b")}, "--labels: 2 names, but the network has 20 classes"),
        ({"anchors": (1.0, 2.0, 3.0, 4.0)}, "--anchors: 2 pairs do not fit the output of"),
    ],
)
def test_options_that_do_not_fit_a_detector(more: dict[str, object], text: str, tmp_path: Path) -> None:
    error = refused(tiny_yolo(), tmp_path, **more)
    assert error.exit_code == EXIT_USAGE
    assert text in error.message


@pytest.mark.parametrize("kind", ["classifier", "yolo2"])
def test_a_kind_shows_one_output(kind: str, tmp_path: Path) -> None:
    error = refused(random_network(2), tmp_path, kind=kind)
    assert error.exit_code == EXIT_USAGE
    assert error.message.startswith(f"--kind {kind}: the network has 2 outputs, ")
    assert "--kind raw for any network" in error.message


def test_a_card_takes_one_output(command, tmp_path: Path) -> None:
    assert command("new", "card").returncode == 0
    save(random_network(2), tmp_path / "net.onnx")
    ended = command("convert", "net.onnx", "--random", "--card", "card")
    assert ended.returncode == EXIT_FINDINGS
    assert "--card: the network has 2 outputs; name its kind" in ended.stderr
    assert not list(tmp_path.glob("*.kmodel"))
    ended = command("convert", "net.onnx", "--random")
    assert ended.returncode == 0, ended.stderr
    assert "note: the network has 2 outputs, " in ended.stdout
    assert len(load(tmp_path / "net.kmodel").outputs) == 2


def test_a_card_wants_labels(command, tmp_path: Path) -> None:
    assert command("new", "card").returncode == 0
    save(random_network(0), tmp_path / "net.onnx")
    before = sorted(path.name for path in Path(tmp_path, "card", "models").iterdir())
    ended = command("convert", "net.onnx", "--images", ".", "--card", "card", "--kind", "classifier")
    assert ended.returncode == EXIT_FINDINGS
    assert "--card: " in ended.stderr
    assert "label" in ended.stderr
    assert sorted(path.name for path in Path(tmp_path, "card", "models").iterdir()) == before


@pytest.mark.parametrize("name", [*range(12), "mobilenet", *NETWORKS])
def test_the_sizes_are_those_of_the_final_file(name: int | str, tmp_path: Path) -> None:
    if isinstance(name, int):
        model = random_network(name)
    else:
        model = mobilenet(side=128, classes=20) if name == "mobilenet" else NETWORKS[name]()
    graph = in_pixels(read(save(model, tmp_path / "net.onnx")))
    pictures = np.random.default_rng(1).integers(0, 256, (4, *graph.shapes[graph.input])).astype(np.uint8)
    early, final = (load(lower(layers).data) for layers in (sketch(graph), quantise(graph, pictures)))
    # A table more or less is all that the numbers decide.
    assert abs(early.file_size - final.file_size) <= 0.02 * final.file_size
    assert [tensor.shape for tensor in early.outputs] == [tensor.shape for tensor in final.outputs]
    assert early.ai_ram.peak_bytes == final.ai_ram.peak_bytes
    assert abs(early.main_mem - final.main_mem) <= 0.1 * final.main_mem
