"""Real files against the outputs of a compiled reference: every model, picture, rounding and backend."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from maixswitch.kmodel import KModel, load
from maixswitch.kmodel.judge.consistency import check
from tests.host.kmodel.kmodel_cases import BACKEND_CASES

MODELS = (
    *("dronet_float_v4", "face_embedding_v4", "face_yolov2_9anchors_v4", "face_yolov2_v3", "iris_v3", "iris_v4"),
    *("landmark68_v3", "mask_yolov2_v3", "mnist_v3", "mobilenet025_embedding_v4", "mobilenet_3class_v3"),
    *("ultraface_slim_v4", "voc20_channelwise_v3", "voc20_yolov2_v3", "voc20_yolov2_v4", "yolov3_two_heads_v3"),
)
TRANSCENDENTAL = ("softmax", "logistic")


def tolerance(model: KModel) -> float:
    """Compare bit by bit, except for values that exp computed."""
    return 1e-6 if any(layer.name in TRANSCENDENTAL for layer in model.layers) else 0.0


def golden(data: np.lib.npyio.NpzFile, index: int, rounding: str) -> np.ndarray:
    older = f"out{index}_v01"
    return data[older] if rounding == "v01" and older in data.files else data[f"out{index}"]


def check_picture(model: KModel, data: np.lib.npyio.NpzFile) -> None:
    results = model.run(data["input"])
    assert len(results) == len(model.outputs) == sum(key in ("out0", "out1") for key in data.files)
    for index, result in enumerate(results):
        expected = golden(data, index, model.rounding)
        assert result.dtype == expected.dtype
        assert result.shape == expected.shape
        np.testing.assert_allclose(result, expected, rtol=0, atol=tolerance(model))


@pytest.mark.parametrize("backend", BACKEND_CASES)
@pytest.mark.parametrize("rounding", ["v02", "v01"])
@pytest.mark.parametrize("name", MODELS)
def test_model_gives_the_golden_outputs(name: str, rounding: str, backend: str, kmodels: Path, goldens: Path) -> None:
    model = load(kmodels / f"{name}.kmodel", rounding, "sdk", backend)
    for picture in ("photo",) if backend == "numpy" else ("random", "photo", "zeros"):
        check_picture(model, np.load(goldens / f"{name}__{picture}.npz"))


@pytest.mark.nightly
@pytest.mark.parametrize("rounding", ["v02", "v01"])
@pytest.mark.parametrize("name", MODELS)
def test_reference_gives_the_other_golden_outputs(name: str, rounding: str, kmodels: Path, goldens: Path) -> None:
    model = load(kmodels / f"{name}.kmodel", rounding, "sdk", "numpy")
    for picture in ("random", "zeros"):
        check_picture(model, np.load(goldens / f"{name}__{picture}.npz"))


@pytest.mark.parametrize("name", MODELS)
def test_registers_of_real_files_agree(name: str, kmodels: Path) -> None:
    assert check(load(kmodels / f"{name}.kmodel")) == []


def test_index_of_the_models_agrees(kmodels: Path) -> None:
    for row in json.loads((kmodels / "index.json").read_text()):
        if row["version"] not in (3, 4):
            continue
        model = load(kmodels / row["file"])
        assert (model.version, model.main_mem, model.file_size) == (row["version"], row["main_mem"], row["size"])
        assert len(model.layers) == row["layers"]
        assert [list(tensor.shape or ()) for tensor in model.inputs] == row["inputs"]
        assert [tensor.bytes for tensor in model.outputs] == [output["bytes"] for output in row["outputs"]]


def test_layers_show_their_outputs(kmodels: Path, goldens: Path) -> None:
    """An example by hand: pooled pixel (5, 5) of channel 0 of the digit network's first layer."""
    model = load(kmodels / "mnist_v3.kmodel")
    layers = model.run_layers(np.load(goldens / "mnist_v3__photo.npz")["input"])
    layer, (features,) = next(layers)
    assert layer.name == "k210_conv"
    assert features.reshape(16, 14, 14)[0, 5, 5] == 93
    assert model.machine.ram[32684 * 64 + 5 * 64 + 5] == 93
    assert [layer.name for layer, _ in layers] == [layer.name for layer in model.layers[1:]]
    _, (features,) = next(model.run_layers(np.zeros((1, 28, 28), np.uint8)))
    assert (features.reshape(16, 14, 14)[0] == 15).all()
