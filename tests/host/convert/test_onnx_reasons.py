"""A refusal names the node that is the cause, and all reasons at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from maixswitch.convert.read.onnx_reader import read
from maixswitch.errors import MaixSwitchError
from tests.host.convert.onnx_builder import Build, save
from tests.host.convert.test_onnx_refusals import build, refused


def wide_conv(b: Build, x: str, kernel: int, name: str) -> str:
    """Add a convolution with a kernel of 17 or more, a BatchNormalization and a Relu, each with a name of its own."""
    conv = b.conv(x, 4, kernel, pads=[kernel // 2] * 4)
    norm = b.norm(conv)
    relu = b.curve(norm, "Relu")
    for node, ending in zip(b.nodes[-3:], ("conv", "bn", "act"), strict=True):
        node.name = f"{name}.{ending}"
    return relu


@pytest.mark.parametrize("kernel", [17, 19, 25])
def test_the_convolution_is_named_and_not_what_was_joined_with_it(kernel: int, tmp_path: Path) -> None:
    b = Build((1, 3, 32, 32))
    message = refused(b.model(wide_conv(b, b.input, kernel, "features.stem")), tmp_path)
    assert message.startswith(f"node features.stem.conv (Conv): its kernel is {kernel} x {kernel}")


def test_a_pool_and_a_border_are_named_as_well(tmp_path: Path) -> None:
    b, x = build()
    pool = b.node("MaxPool", [x], kernel_shape=[3, 3], strides=[2, 2], pads=[2, 2, 2, 2], dilations=[2, 2])
    b.shapes[pool] = (1, 6, 8, 12)
    b.nodes[-1].name = "my_pool"
    message = refused(b.model(b.curve(pool, "Relu")), tmp_path)
    assert message.startswith("node my_pool (MaxPool): ")


def test_all_reasons_are_in_one_message(tmp_path: Path) -> None:
    b = Build((1, 3, 32, 32))
    x = wide_conv(b, b.input, 17, "first")
    x = wide_conv(b, b.conv(x, 8), 17, "second")
    gate = b.same("Sigmoid", b.mean(x))
    product = b.same("Div", [x, gate])
    y = wide_conv(b, product, 19, "third")
    rolled = b.same("LRN", y, size=3)
    other = b.conv(rolled, 4, 21, pads=[10] * 4)
    with pytest.raises(MaixSwitchError) as caught:
        read(save(b.model(other), tmp_path / "net.onnx"))
    head, *lines = caught.value.message.splitlines()
    assert head == "the network cannot be converted, for 5 reasons:"
    assert [line.split(":")[0].strip() for line in lines] == [
        "node div10 (Div)",
        "node lrn14 (LRN)",
        "nodes first.conv (Conv), second.conv (Conv)",
        "node third.conv (Conv)",
        "node conv15 (Conv)",
    ]
    assert "its kernel is 21 x 21, padding (10, 10, 10, 10)" in lines[-1]


@pytest.mark.parametrize("count", [2, 3, 4, 9])
def test_one_reason_of_several_nodes_is_one_sentence(count: int, tmp_path: Path) -> None:
    b, x = build()
    for number in range(count):
        x = wide_conv(b, x, 17, f"n{number}")
    message = refused(b.model(x), tmp_path)
    assert message.startswith("nodes n0.conv (Conv), n1.conv (Conv)")
    assert (f" and {count - 3} more: its kernel is 17 x 17" in message) is (count > 3)


def test_a_refused_node_with_channels_last_is_no_reason_for_more(tmp_path: Path) -> None:
    b = Build((1, 32, 32, 3))
    x = b.transpose(b.conv(b.transpose(b.input, (0, 3, 1, 2)), 6), (0, 2, 3, 1))
    x = b.same("LRN", x, size=3)
    message = refused(b.model(b.conv(b.transpose(x, (0, 3, 1, 2)), 8)), tmp_path)
    assert message.startswith("node lrn4 (LRN): the board cannot run this operator")


def test_nodes_that_no_output_needs_do_not_matter(tmp_path: Path) -> None:
    b, x = build()
    b.node("Trilu", [b.node("ArgMax", [x], axis=1)])
    assert len(read(save(b.model(b.conv(x, 4)), tmp_path / "net.onnx")).nodes) == 2
