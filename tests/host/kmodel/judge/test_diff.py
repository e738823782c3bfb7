"""Comparing two models: equal ones, changed numbers, and layers that were added or removed."""

from __future__ import annotations

import json

import numpy as np
import pytest

from maixswitch.kmodel import load
from maixswitch.kmodel.judge.diff import Weights, compare, document, text
from maixswitch.kmodel.write.writer import KModelWriter
from tests.host.kmodel.small_networks import Choice, network, part

LAYERS = [Choice(out=4), Choice(kernel=1, out=8), Choice(depthwise=True)]


def chain(extra: bool = False, spoil: bool = False) -> bytes:
    """Return three KPU layers in a row; ``extra`` inserts a fourth, ``spoil`` changes two weights and a batch norm."""
    rng = np.random.default_rng(7)
    parts = [part(rng, 3, LAYERS[0]), part(rng, 4, LAYERS[1]), part(rng, 8, LAYERS[2])]
    between = part(rng, 8, Choice(kernel=1, out=8))
    if spoil:
        parts[1].weights.reshape(-1)[[0, 5]] ^= 7
        parts[1].norm.add[2] += 9
    net = KModelWriter(3, 16, 40)
    x = net.conv(net.conv(net.input, parts[0]), parts[1])
    if extra:
        x = net.conv(x, between)
    net.output(net.conv(x, parts[2], depthwise=True, to_main=True))
    return net.build()


def test_twins() -> None:
    result = compare(load(chain()), load(chain()))
    assert result.same
    assert result.header == ()
    assert list(text(result)) == ["3 of 3 layers are the same"]
    assert document(result)["layers"] == []


def test_changed_weights() -> None:
    """Two of 32 weights differ by up to 7, one of eight sums of the batch norm by 9."""
    result = compare(load(chain()), load(chain(spoil=True)))
    assert not result.same
    changed = [pair for pair in result.layers if not pair.same]
    assert [pair.a.index for pair in changed if pair.a] == [1]
    assert changed[0].fields == ()
    weights, norm = changed[0].weights
    assert (weights.name, weights.changed, weights.total) == ("weights", 2, 32)
    assert 1 <= weights.largest <= 7
    assert norm == Weights("batch norm add", 1, 8, 9.0)
    lines = list(text(result))
    assert "layer 1 / 1 (conv 1x1):" in lines
    assert "  batch norm add: 1 of 8 differ, by at most 9" in lines


def test_inserted_layer() -> None:
    """The layers after it are paired with their equals; only their offsets differ."""
    result = compare(load(chain()), load(chain(extra=True)))
    alone = [pair for pair in result.layers if pair.a is None or pair.b is None]
    assert len(alone) == 1
    assert alone[0].b is not None
    assert alone[0].title.startswith("layer - / ")
    assert sum(pair.same for pair in result.layers) == 3
    assert ("layers", 3, 4) in result.header
    assert any("only in the second file" in line for line in text(result))
    back = compare(load(chain(extra=True)), load(chain()))
    assert any("only in the first file" in line for line in text(back))


def test_offsets_do_not_count(kmodels) -> None:
    """A network in a file with a longer tail computes the same."""
    result = compare(load(chain()), load(chain() + bytes(16)))
    assert result.same
    assert [change[0] for change in result.header] == ["file size"]


def test_two_versions(kmodels) -> None:
    """The same 20-class network by nncase 0.1 and 0.2: nearly the same weights, zero points written in one way."""
    result = compare(load(kmodels / "voc20_yolov2_v3.kmodel"), load(kmodels / "voc20_yolov2_v4.kmodel"))
    assert len(result.layers) == 17
    assert all(pair.a is not None and pair.b is not None for pair in result.layers)
    changed = {
        pair.a.index: item for pair in result.layers if pair.a for item in pair.weights if item.name == "weights"
    }
    assert changed == {
        8: Weights("weights", 127, 32768, 125.0),
        10: Weights("weights", 1, 131072, 1.0),
        12: Weights("weights", 1, 524288, 1.0),
        14: Weights("weights", 4, 524288, 1.0),
    }
    a, b = (load(kmodels / f"voc20_yolov2_v{version}.kmodel").layers[8].spec.conv.weights for version in (3, 4))
    assert len({int(channel) for channel in np.argwhere(a != b)[:, 0]}) == 1, "one dead channel"
    names = {change[0] for pair in result.layers[1:-1] for change in pair.fields}
    assert names == {"zero point of the input"}
    assert result.layers[1].fields == (("zero point of the input", 16, 12),)


def test_another_network(kmodels) -> None:
    result = compare(load(kmodels / "mnist_v3.kmodel"), load(kmodels / "iris_v3.kmodel"))
    assert not result.same
    assert any(change[0] == "input 0" for change in result.header)
    assert list(text(result))[-1] == "0 of 13 layers are the same"


@pytest.mark.parametrize("pair", [("iris_v3", "iris_v4"), ("voc20_yolov2_v3", "voc20_channelwise_v3")])
def test_document(kmodels, pair: tuple[str, str]) -> None:
    result = document(compare(*(load(kmodels / f"{name}.kmodel") for name in pair)))
    assert json.loads(json.dumps(result))["same"] is False
    assert (result["schema"], result["command"]) == (1, "kmodel diff")
    names = {"a", "b", "title", "same", "fields", "places", "ignored", "weights"}
    assert all(set(layer) == names for layer in result["layers"])


def small_dense(act: int) -> bytes:
    net = KModelWriter(floats=3)
    net.output(net.fully_connected(net.input, np.eye(3, dtype=np.float32), np.zeros(3, np.float32), act))
    return net.build()


def test_fields_that_the_runtime_ignores_are_not_compared() -> None:
    files = [small_dense(act) for act in (1, 0)]
    result = compare(*(load(data) for data in files))
    assert result.same
    assert result.layers[0].ignored == (("act", 1, 0),)
    assert list(text(result))[1] == "  act: 1 -> 0, ignored"
    assert not compare(*(load(data, runtime="canmv") for data in files)).same


def test_corpus_equals_itself(kmodels) -> None:
    for path in sorted(kmodels.glob("*_v[34].kmodel")):
        result = compare(load(path), load(path))
        assert result.same, path.name
        assert result.header == (), path.name


def test_one_output_more() -> None:
    rng = np.random.default_rng(1)
    one = network(rng, 3, 16, 16, [Choice(out=4)])
    two = network(np.random.default_rng(1), 3, 16, 16, [Choice(out=4), Choice(out=4)])
    result = compare(load(one), load(two))
    assert ("outputs", 1, 2) in result.header
