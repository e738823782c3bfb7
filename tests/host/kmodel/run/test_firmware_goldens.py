"""Models give the outputs that unmodified firmware computed on an emulated chip, bit by bit, on every backend."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from maixswitch.kmodel import KModel, load
from tests.host.kmodel.kmodel_cases import BACKEND_CASES
from tests.host.kmodel.run.test_goldens import MODELS

CASES = {"layers_v3": ("maixpy", 602), "layers_v4": ("maixpy", 965), "layers_v3_canmv": ("canmv", 176)}
"""File: runtime of the firmware that wrote it, number of cases."""


def outputs(files: Path, name: str) -> list[Path]:
    return sorted(files.glob(f"{name}__*.npz"))


def check(model: KModel, file: Path) -> None:
    data = np.load(file)
    results = model.run(data["input"].reshape(model.inputs[0].shape or (-1,)))
    required = [data[f"out{index}"] for index in range(len(results))]
    for result, expected in zip(results, required, strict=True):
        assert result.astype(np.float32).tobytes() == expected.tobytes(), file.name


@pytest.mark.parametrize("backend", BACKEND_CASES)
@pytest.mark.parametrize("name", MODELS)
def test_models_give_the_firmwares_bits(name: str, backend: str, kmodels: Path, goldens_maixpy: Path) -> None:
    files = outputs(goldens_maixpy, name)
    assert len(files) == 2
    model = load(kmodels / f"{name}.kmodel", backend=backend)
    for file in files[:1] if backend == "numpy" else files:
        check(model, file)


@pytest.mark.nightly
@pytest.mark.parametrize("name", MODELS)
def test_the_reference_gives_the_others(name: str, kmodels: Path, goldens_maixpy: Path) -> None:
    model = load(kmodels / f"{name}.kmodel", backend="numpy")
    for file in outputs(goldens_maixpy, name)[1:]:
        check(model, file)


def cases(file: Path) -> Iterator[tuple[str, bytes, np.ndarray, bytes]]:
    """Yield (kind of the layer, kmodel, input, output) of every small model."""
    data = dict(np.load(file))

    def cut(name: str, index: int) -> np.ndarray:
        at = data[f"{name}_at"]
        return data[name if name == "input" else f"{name}_bytes"][at[index] : at[index + 1]]

    for index, kind in enumerate(data["kind"]):
        kmodel = cut("kmodel", int(data["kmodel"][index])).tobytes()
        yield str(kind), kmodel, cut("input", index), cut("output", index).tobytes()


@pytest.mark.parametrize("backend", BACKEND_CASES)
@pytest.mark.parametrize("name", CASES)
def test_every_layer_gives_the_firmwares_bits(name: str, backend: str, goldens_maixpy: Path) -> None:
    runtime, count = CASES[name]
    compared: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    models: dict[bytes, KModel] = {}
    for kind, data, values, required in cases(goldens_maixpy / f"{name}.npz"):
        model = models.setdefault(data, load(data, "v02", runtime, backend))
        model.reset()
        shape = model.inputs[0].shape or (-1,)
        source = values.reshape(shape) if values.size else np.zeros(shape, np.uint8)
        compared[kind] += 1
        wrong[kind] += model.run(source)[0].tobytes()[: len(required)] != required
    assert not +wrong
    assert compared.total() == count
