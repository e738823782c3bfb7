"""The adapter behind the fake KPU reads the same from a header as the fakes do by themselves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchlib.headers import read
from maixswitch.kmodel import KModelError, load
from maixswitch.kmodel.write import samples
from maixswitch.sim.emulator import KEPT_MODELS, Emulator
from tests.host.kmodel.small_networks import Choice, network

FILES = (
    "face_yolov2_v3",
    "mnist_v3",
    "iris_v3",
    "voc20_yolov2_v4",
    "mobilenet025_embedding_v4",
    "dronet_float_v4",
    "iris_v4",
)


@pytest.mark.parametrize("name", FILES)
def test_networks_have_the_properties_that_the_fakes_read(name: str, kmodels: Path) -> None:
    data = (kmodels / f"{name}.kmodel").read_bytes()
    network, header = Emulator().load(data), read(data)
    for field in ("version", "main_mem", "layers", "input_shape", "first_is_conv", "outputs", "grid", "netinfo"):
        assert getattr(network, field) == getattr(header, field), field


@pytest.mark.parametrize("name", FILES)
def test_runs_give_the_goldens(name: str, kmodels: Path, goldens: Path) -> None:
    network = Emulator(runtime="sdk").load((kmodels / f"{name}.kmodel").read_bytes())
    data = np.load(goldens / f"{name}__photo.npz")
    network_input = data["input"].tobytes() if data["input"].dtype == np.uint8 else data["input"].reshape(-1).tolist()
    for index, buffer in enumerate(network.run(network_input)):
        assert len(bytes(buffer)) == network.outputs[index][0]
        np.testing.assert_allclose(buffer, data[f"out{index}"], rtol=0, atol=1e-6)


def test_a_last_convolution_gives_bytes() -> None:
    rng = np.random.default_rng(2)
    data = network(rng, 2, 9, 12, [Choice(3, 4, pool=1)])
    loaded, header = Emulator().load(data), read(data)
    assert loaded.outputs == header.outputs == ((4 * 4 * 6, (6, 4, 4), "B"),)
    image = rng.integers(0, 256, (2, 9, 12)).astype(np.uint8)
    assert bytes(loaded.run(bytearray(image.tobytes()))[0]) == load(data).run(image)[0].tobytes()


def test_no_camera_means_a_black_picture() -> None:
    loaded = Emulator().load(samples.colour_classifier())
    scores = loaded.run(None)[0]
    assert samples.COLOURS[int(np.argmax(scores))] == "black"
    assert scores.tolist() == loaded.run(bytes(3 * 224 * 224))[0].tolist()


def test_loading_again_keeps_the_model_and_empties_the_memories() -> None:
    engine = Emulator()
    data = samples.colour_classifier()
    first = engine.load(data)
    before = first.run(bytes([200]) * (3 * 224 * 224))[0].tolist()
    assert first.model.machine.ram.any()
    again = engine.load(memoryview(data))
    assert again is first
    assert not again.model.machine.ram.any()
    assert again.run(bytes([200]) * (3 * 224 * 224))[0].tolist() == before


def test_only_the_last_models_are_kept() -> None:
    engine = Emulator(backend="numpy")
    files = [network(np.random.default_rng(seed), 1, 4, 4, [Choice(1, 1)]) for seed in range(KEPT_MODELS + 1)]
    first = engine.load(files[0])
    for data in files[1:]:
        engine.load(data)
    assert engine.load(files[0]) is not first


def test_roundings_differ(kmodels: Path, goldens: Path) -> None:
    data = (kmodels / "voc20_yolov2_v3.kmodel").read_bytes()
    golden = np.load(goldens / "voc20_yolov2_v3__photo.npz")
    results = [Emulator(rounding, "sdk").load(data).run(golden["input"].tobytes())[0] for rounding in ("v02", "v01")]
    assert results[0].tolist() == golden["out0"].tolist()
    assert results[1].tolist() == golden["out0_v01"].tolist()
    assert results[0].tolist() != results[1].tolist()


def test_wrong_data_is_refused() -> None:
    engine = Emulator()
    with pytest.raises(KModelError, match="not a kmodel"):
        engine.load(b"\x07" * 64)
    with pytest.raises(KModelError, match="only the description"):
        engine.load(object())  # type: ignore[arg-type]
    with pytest.raises(KModelError, match="wrong input"):
        engine.load(samples.colour_classifier()).run(bytes(12))
