"""Models in real firmware: every output is the emulator's bit by bit, and what `check` calls fitting loads."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("unicorn", reason='the virtual K210 needs Unicorn: pip install "maixswitch[chip]"')

from maixswitch.k210.contents.facts import facts
from maixswitch.k210.contents.flavour import row_of
from maixswitch.k210.image import read_image
from maixswitch.kmodel.format.model_file import ModelFile
from maixswitch.kmodel.judge.memory import memory
from maixswitch.kmodel.run.model import load
from tests.firmware.boards import FACTS, IMAGES, with_each
from tests.firmware.model_runs import LONGEST_LIST, ModelBoard

BATCH = 20
FUNCTIONS = [image for image in IMAGES if FACTS[image].api == "maixpy"]
"""CanMV has another interface of the KPU, which these programs do not speak."""


def runnable(image: Path, folder: Path) -> list[Path]:
    """Return the files of a folder that a firmware takes and whose input fits into its Python heap."""
    v4 = FACTS[image].v4
    models = []
    for path in sorted(folder.glob("*_v[34].kmodel")):
        source = load(path).inputs[0]
        if (v4 or load(path).version == 3) and (source.dtype == "uint8" or source.elements <= LONGEST_LIST):
            models.append(path)
    return models


def differing(board: ModelBoard, models: Sequence[Path]) -> list[str]:
    """Return a line for each model whose output in the firmware is not the emulator's."""
    lines = []
    for model in models:
        seen, expected = board.run(model)
        # NaN is equal to NaN of the same bits only.
        if seen[: expected.size].tobytes() != expected.tobytes():
            count = int(np.sum(seen[: expected.size] != expected))
            lines.append(f"{model.name}: {count} of {expected.size} values differ")
    return lines


@pytest.mark.parametrize(
    "batch", [pytest.param(0), *[pytest.param(n, marks=pytest.mark.nightly) for n in range(1, 10)]]
)
@with_each(FUNCTIONS[:1])
def test_random_networks_that_the_converter_wrote(image: Path, batch: int, tmp_path: Path) -> None:
    from maixswitch.convert.lower.lower import lower
    from tests.host.convert.onnx_builder import random_network, save
    from tests.host.convert.test_random import converted

    models = []
    for seed in range(batch * BATCH, (batch + 1) * BATCH):
        _, net, _ = converted(save(random_network(seed), tmp_path / "net.onnx"), 4)
        path = tmp_path / f"random{seed}.kmodel"
        path.write_bytes(lower(net).data)
        models.append(path)
    assert differing(ModelBoard(image, tmp_path / "board", models), models) == []


@with_each(FUNCTIONS)
def test_real_models(image: Path, kmodels: Path, tmp_path: Path) -> None:
    models = runnable(image, kmodels)
    assert differing(ModelBoard(image, tmp_path / "board", models), models) == []


@with_each(FUNCTIONS)
def test_a_model_that_check_calls_fitting_loads(image: Path, kmodels: Path, tmp_path: Path) -> None:
    """With panel and camera open, as the app has them. A model that loads although it should not is no fault."""
    row = row_of(image, facts(read_image(image).code))
    models = sorted(kmodels.glob("*_v[34].kmodel"))
    board = ModelBoard(image, tmp_path / "board", models, camera=True)
    refused = {}
    for model in models:
        verdict = memory(ModelFile(load(model).program), row).verdict
        error = board.loads(model)
        # `make firmware` with -s shows the table.
        print(f"{image.stem:44} {model.name:32} {verdict.text:44} {error or 'loads'}")
        if verdict.fits and error:
            refused[model.name] = error
    assert refused == {}
