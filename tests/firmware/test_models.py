"""Models in real firmware: every output is the emulator's bit by bit, and what `check` calls fitting loads."""

from __future__ import annotations

from array import array
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Picture

pytest.importorskip("unicorn", reason='the virtual K210 needs Unicorn: pip install "maixswitch[chip]"')

from benchlib.region import decode
from maixswitch.k210.contents.facts import facts
from maixswitch.k210.contents.flavour import row_of
from maixswitch.k210.image import read_image
from maixswitch.kmodel.format.model_file import ModelFile
from maixswitch.kmodel.judge.firmware import Firmware
from maixswitch.kmodel.judge.memory import memory
from maixswitch.kmodel.run.model import load
from maixswitch.kmodel.write.writer import KModelWriter
from tests.firmware.boards import FACTS, IMAGES, with_each
from tests.firmware.model_runs import CRASH, ModelBoard, RefusedModel
from tests.host.kmodel.small_networks import Choice, part
from tests.host.kmodel.write.test_v4_writer import gated_network, network_of_moves

BATCH = 20
MAIXPY = [image for image in IMAGES if FACTS[image].api == "maixpy"]
NO_MEMORY = ("ERR_NO_MEM", "MemoryError", CRASH)
"""What a firmware answers when a model does not fit; a v4 whose main memory does not fit crashes it."""
NO_FLOATS = "invalid input"
"""CanMV takes pictures only."""
NO_SHAPE = "but model w=0,h=0"
"""kpu.forward of v0.6.0 does not read the size of a v4's input, so that it takes lists of floats only."""
VOC_ANCHORS = (1.08, 1.19, 3.42, 4.41, 6.63, 11.38, 9.42, 5.11, 16.62, 10.52)
THRESHOLD, NMS = 0.1, 0.3


def row_for(image: Path) -> Firmware:
    """Return the row by which models are judged for an image."""
    return row_of(image, facts(read_image(image).code))


def differences(board: ModelBoard, model: Path) -> list[str]:
    """Return a line for each output of a model that is not the emulator's."""
    lines = []
    for number, (seen, expected) in enumerate(board.run(model)):
        # NaN is equal to NaN of the same bits only.
        if seen != expected:
            count = int(np.sum(np.frombuffer(seen, np.uint8) != np.frombuffer(expected, np.uint8)[: len(seen)]))
            lines.append(f"{model.name}, output {number}: {len(seen)} of {len(expected)} bytes, {count} differ")
    return lines


def expected_refusal(row: Firmware, model: Path, refusal: str) -> bool:
    """Tell whether a firmware may refuse a model with this text; nothing but the model is in its memory."""
    kmodel = load(model)
    if NO_FLOATS in refusal:
        return row.api == "canmv" and kmodel.inputs[0].dtype == "float32"
    if NO_SHAPE in refusal:
        return not row.forwards_v4 and kmodel.version == 4
    fits = memory(ModelFile(kmodel.program), row, frame=None, panel=None).verdict.fits
    return not fits and any(text in refusal for text in NO_MEMORY)


@pytest.mark.parametrize(
    "batch", [pytest.param(0), *[pytest.param(n, marks=pytest.mark.nightly) for n in range(1, 10)]]
)
@with_each(MAIXPY[:1])
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
    board = ModelBoard(image, tmp_path / "board", models)
    assert [line for model in models for line in differences(board, model)] == []


@with_each([image for image in MAIXPY if row_for(image).forwards_v4 and row_for(image).v4][:1])
def test_kmodel_v4_that_we_wrote(image: Path, tmp_path: Path) -> None:
    """Networks of the converter, and nodes that it does not write yet."""
    from maixswitch.convert.lower.lower import lower
    from tests.host.convert import dense_networks
    from tests.host.convert.onnx_builder import random_network, save
    from tests.host.convert.test_random import converted

    contents = {"gate": gated_network(), "moves": network_of_moves()}
    networks = [dense_networks.lenet(), dense_networks.two_relu6(), dense_networks.curved()]
    for number, network in enumerate([*networks, *map(random_network, range(BATCH // 2))]):
        _, net, _ = converted(save(network, tmp_path / "net.onnx"), 4)
        contents[f"net{number}"] = lower(net, 4).data
    models = [tmp_path / f"{name}.kmodel" for name in contents]
    for path, data in zip(models, contents.values(), strict=True):
        path.write_bytes(data)
    board = ModelBoard(image, tmp_path / "board", models)
    assert [line for model in models for line in differences(board, model)] == []


@with_each([image for image in MAIXPY if row_for(image).forwards_v4 and row_for(image).v4][:1])
def test_layers_that_only_v4_has(image: Path, tmp_path: Path) -> None:
    from maixswitch.convert.lower.lower import lower
    from tests.host.convert import v4_networks
    from tests.host.convert.onnx_builder import save
    from tests.host.convert.test_random import converted

    models = []
    small = v4_networks.small_maps(2, 5, 3, 2, True), v4_networks.small_maps(3, 3, 3, 1, False)
    for number, network in enumerate((v4_networks.mobile_network(), v4_networks.two_maps(), *small)):
        _, net, _ = converted(save(network, tmp_path / "net.onnx"), 4)
        models.append(tmp_path / f"net{number}.kmodel")
        models[-1].write_bytes(lower(net).data)
        assert load(models[-1]).version == 4
    board = ModelBoard(image, tmp_path / "board", models)
    assert [line for model in models for line in differences(board, model)] == []


@with_each(IMAGES)
def test_real_models(image: Path, kmodels: Path, tmp_path: Path) -> None:
    row = row_for(image)
    models = [path for path in sorted(kmodels.glob("*_v[34].kmodel")) if row.v4 or load(path).version == 3]
    board = ModelBoard(image, tmp_path / "board", models)
    wrong = []
    for model in models:
        try:
            lines = differences(board, model)
        except RefusedModel as refusal:
            lines = [] if expected_refusal(row, model, str(refusal)) else [f"{model.name}: {refusal}"]
            result = str(refusal).splitlines()[-1]
        else:
            result = "; ".join(lines) or "equal"
        # `make firmware` with -s shows the table.
        print(f"{image.stem:44} {model.name:32} {result}")
        wrong += lines
    assert wrong == []


@with_each(MAIXPY)
def test_boxes_of_a_detector(image: Path, kmodels: Path, tmp_path: Path) -> None:
    """run_yolo2 takes kmodel v4 in every build that loads it, also where kpu.forward refuses its pictures."""
    model = kmodels / ("voc20_yolov2_v4.kmodel" if row_for(image).v4 else "voc20_yolov2_v3.kmodel")
    photo = np.asarray(Picture.open(kmodels.parent / "photos" / "astronaut.png").convert("RGB").resize((320, 240)))
    board = ModelBoard(image, tmp_path / "board", [model], picture=photo)
    seen, scores = board.boxes(model, VOC_ANCHORS, THRESHOLD, NMS)
    channels, height, width = load(model).outputs[0].shape[-3:]
    expected = decode(
        array("f", scores.tobytes()), width, height, channels // 5 - 5, VOC_ANCHORS, THRESHOLD, NMS, 320, 240
    )
    assert len(expected) > 1
    assert [box[:5] for box in seen] == [tuple(box[:5]) for box in expected]
    assert [box[5] for box in seen] == pytest.approx([box[5] for box in expected], abs=1e-6)


@with_each(IMAGES)
def test_the_last_byte_of_lines_of_64_pixels(image: Path, tmp_path: Path) -> None:
    """MaixPy does not copy it to main memory, CanMV does."""
    model = tmp_path / "lines.kmodel"
    random = np.random.default_rng(3)
    net = KModelWriter(3, 8, 64)
    net.output(net.dequantize(net.conv(net.input, part(random, 3, Choice(out=2)), to_main=True), 0.5, 1.0))
    model.write_bytes(net.build())
    board = ModelBoard(image, tmp_path / "board", [model])
    assert differences(board, model) == []


@with_each(IMAGES)
def test_a_model_that_check_calls_fitting_loads(image: Path, kmodels: Path, tmp_path: Path) -> None:
    """With panel and camera open, as the app has them. A model that loads although it should not is no fault."""
    row = row_for(image)
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
