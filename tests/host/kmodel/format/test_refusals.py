"""Other files are named for what they are; broken kmodels are refused with offset, found and wanted."""

from __future__ import annotations

import io
import struct
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest

from maixswitch.errors import EXIT_IO, EXIT_USAGE, MaixSwitchError
from maixswitch.kmodel import KModelError, file_kind, load
from maixswitch.kmodel.format import v4_layers as body
from maixswitch.kmodel.format.v4_node import Clamp, Geometry, Padding, Range
from maixswitch.kmodel.judge.describe import describe_file
from maixswitch.kmodel.write import samples
from tests.host.kmodel.small_networks import Choice, network
from tests.host.kmodel.v4_files import BYTE, MAIN, File

GOOD = samples.colour_classifier()


def packed() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("flash-list.json", "{}")
    return buffer.getvalue()


def swapped(data: bytes) -> bytes:
    return np.frombuffer(data[: len(data) // 4 * 4], "<u4").astype(">u4").tobytes()


@pytest.mark.parametrize(
    ("data", "name", "words"),
    [
        (b"", "empty", "empty"),
        (bytes(4096), "empty", "blank"),
        (b"\xff" * 64, "empty", "blank"),
        (swapped(GOOD), "kmodel v3, word-swapped", "kpu.load_flash"),
        (b"LDMK" + struct.pack("<I", 5) + bytes(90), "kmodel v5", "maixswitch convert"),
        (b"LDMK" + struct.pack("<I", 6) + bytes(90), "kmodel v6", "2015"),
        (b"LDMK" + struct.pack("<I", 2) + bytes(90), "unknown", "version 2"),
        (b"LDMS" + bytes(90), "smodel", "one board"),
        (struct.pack("<I", 0x2713) + bytes(90), "smodel", "encrypted"),
        (b"LDME" + bytes(90), "emodel", "closed format"),
        (struct.pack("<I", 1) + bytes(90), "kmodel v1", "before nncase"),
        (packed(), "zip", "unpack it"),
        (b"\x1f\x8b\x08" + bytes(90), "gzip", "unpack it"),
        (b"\x1c\0\0\0TFL3" + bytes(90), "tflite", "maixswitch convert"),
        (b"\x89PNG\r\n\x1a\n" + bytes(90), "picture", "--input"),
        (b"\xff\xd8\xff\xe0" + bytes(90), "picture", "not a model"),
        (b"\x89HDF\r\n\x1a\n" + bytes(90), "hdf5", "maixswitch convert"),
        (b"\x08\x07\x12\x07pytorch" + bytes(90), "onnx", "maixswitch convert"),
        (b"\n<!DOCTYPE html><html><body>login", "html", "web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:1", "git-lfs pointer", "git lfs pull"),
        (b"404: Not Found", "text", "text file"),
        (struct.pack("<3I", 3, 1, 7) + bytes(90), "unknown", "not for the K210"),
        (bytes(range(7, 99)), "unknown", "not a kmodel"),
    ],
)
def test_other_files_are_named(data: bytes, name: str, words: str) -> None:
    kind = file_kind(data)
    assert kind.name == name
    assert not kind.usable
    assert words in kind.message
    with pytest.raises(KModelError) as error:
        load(data)
    assert words in str(error.value)
    assert error.value.offset == 0
    assert error.value.exit_code == 1


def test_real_files_of_other_kinds(kmodels: Path) -> None:
    for file, name in (
        ("face_yolov2_wordswapped", "kmodel v3, word-swapped"),
        ("mnist_v5", "kmodel v5"),
        ("face_v6", "kmodel v6"),
    ):
        assert file_kind((kmodels / f"{file}.kmodel").read_bytes()[:64]).name == name


def test_good_files_are_recognised_by_their_first_bytes() -> None:
    assert file_kind(GOOD[:16]).usable
    assert file_kind(small_v4()[:16]).name == "kmodel v4"


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(MaixSwitchError, match=r"cannot read .*nothing\.kmodel: No such file") as error:
        load(tmp_path / "nothing.kmodel")
    assert error.value.exit_code == EXIT_IO


def test_an_endless_file_is_not_read_to_its_end(tmp_path: Path) -> None:
    """Sparse files and devices cost no memory."""
    path = tmp_path / "huge.kmodel"
    with path.open("wb") as file:
        file.write(GOOD[:64])
        file.truncate(1 << 40)
    for look in (load, describe_file):
        with pytest.raises(KModelError, match="too large for a kmodel"):
            look(path)


def test_wrong_choices_are_usage_errors() -> None:
    choices = (
        ({"rounding": "up"}, "v0.2, v0.1"),
        ({"runtime": "pc"}, "maixpy, canmv, sdk"),
        ({"backend": "gpu"}, "best, numpy, fast, onnxruntime"),
    )
    for arguments, words in choices:
        with pytest.raises(MaixSwitchError, match=words) as error:
            load(GOOD, **arguments)
        assert error.value.exit_code == EXIT_USAGE


def small_v4() -> bytes:
    file = File()
    x = file.input((1, 2, 6, 7))
    shape = Geometry(Padding(1, 1), Padding(1, 1), 3, 3, 1, 1, 1, 1)
    weights, bias = np.ones((3, 2, 3, 3), np.float32), np.zeros(3, np.float32)
    computed = file.output((1, 3, 6, 7))
    file.node(2, body.Conv2d(x, computed, (1, 2, 6, 7), 1, 3, shape, Clamp(-9.0, 9.0), weights, bias))
    return file.build()


def words(data: bytes, changes: dict[int, int]) -> bytes:
    changed = bytearray(data)
    for offset, value in changes.items():
        struct.pack_into("<I", changed, offset, value & 0xFFFFFFFF)
    return bytes(changed)


V3_HEADER = {
    "arch": 8,
    "layers_length": 12,
    "main_mem_usage": 20,
    "output_count": 24,
    "output address": 28,
    "output size": 32,
}


@pytest.mark.parametrize(
    ("offset", "value", "field"),
    [
        (12, 0, "layers_length"),
        (12, 0xFFFFFFFF, "layers_length"),
        (20, 0xFFFFFFFF, "main_mem_usage"),
        (20, 100, "in main memory"),
        (24, 0, "output_count"),
        (24, 0x10000000, "output_count"),
        (28, 0xFFFFFFF0, "address, size"),
        (36, 15, "type of layer 0"),
        (36, 999, "layer type"),
        (36, 3, "type of layer 0"),
        (40, 0, "flags"),
        (40, 0x7FFFFFFF, "body_size"),
    ],
)
def test_broken_v3_headers(offset: int, value: int, field: str) -> None:
    with pytest.raises(KModelError, match=field) as error:
        load(words(GOOD, {offset: value}))
    assert str(error.value.wanted)


def test_broken_register_blocks() -> None:
    from maixswitch.kmodel.format.registers import decode_block, encode_block

    start = load(GOOD).layers[0].spec.body.layer_offset
    registers = decode_block(GOOD[start : start + 96])
    for name, value, field in (
        ("kernel_type", 2, "kernel_type"),
        ("pool_type", 12, "pool_type"),
        ("bypass_conv", 1, "bypass_conv"),
        ("image_dst_addr", 32767, "image_dst_addr"),
        ("image_src_addr", 32760, "image_src_addr"),
        ("o_row_wid", 3, "output height x width"),
        ("depth_wise_layer", 1, "depthwise"),
        ("o_ch_num", 1023, "."),
    ):
        block = encode_block({**registers, name: value})
        with pytest.raises(KModelError, match=field) as error:
            load(GOOD[:start] + block + GOOD[start + 96 :])
        assert error.value.offset is not None


@pytest.mark.parametrize(
    ("offset", "value", "field"),
    [
        (12, 7, "target"),
        (20, 0x70000000, "main_mem_usage"),
        (24, 0, "byte 24, nodes"),
        (24, 0xFFFFFFFF, "inputs, outputs, constants, nodes"),
        (28, 1000, "inputs, outputs, constants, nodes"),
        (16, 1 << 30, "inputs, outputs, constants, nodes"),
        (40, 9, "memory type of input 0"),
        (44, 9, "data type of input 0"),
        (48, 1 << 20, "input 0"),
        (52, 8, "size of input 0"),
        (60, 0, "shape of input 0"),
        (72, 5, "memory type of output 0"),
    ],
)
def test_broken_v4_headers(offset: int, value: int, field: str) -> None:
    data = small_v4()
    assert load(data).outputs[0].shape == (1, 3, 6, 7)
    with pytest.raises(KModelError, match=field):
        load(words(data, {offset: value}))


@pytest.mark.parametrize(
    ("word", "value", "field"),
    [
        (0, 5, "memory type of input"),
        (4, 0, "const memory"),
        (6, 4000, "main memory"),
        (7, 8, "size of output"),
        (8, -1, "negative|shape of input"),
        (12, 3, "groups"),
        (13, 1 << 30, "short|output"),
        (18, 0, "filter_h"),
        (20, 0, "stride_h"),
        (22, -1, "dilation_h"),
        (14, 1 << 25, "shape of output"),
    ],
)
def test_broken_v4_nodes(word: int, value: int, field: str) -> None:
    data = small_v4()
    start = load(data).layers[0].offset
    with pytest.raises(KModelError, match=field):
        load(words(data, {start + 4 * word: value}))


def test_a_short_or_long_end_is_tolerated() -> None:
    rng = np.random.default_rng(3)
    good = network(rng, 1, 8, 8, [Choice()])
    image = rng.integers(0, 256, (1, 8, 8)).astype(np.uint8)
    expected = load(good).run(image)[0].tolist()
    for data, note in ((good + bytes(500), "500 bytes follow"), (good, None)):
        model = load(data)
        assert model.run(image)[0].tolist() == expected
        assert model.notes == () if note is None else note in model.notes[0]
        assert model.file_size == len(data)
    for data in (GOOD, small_v4()):
        padding = len(data) - len(data.rstrip(b"\0"))
        assert load(data[: len(data) - min(padding, 7)]).layers
        with pytest.raises(KModelError, match="cut short"):
            load(data[:-9])


def test_no_mutation_gets_past_the_reader() -> None:
    """After each of hundreds of small damages the file runs or is refused with a KModelError."""
    rng = np.random.default_rng(11)
    files = [GOOD, samples.blob_detector(), small_v4(), network(rng, 2, 8, 9, [Choice(pool=1), Choice(1, 3)])]
    started = time.process_time()
    refused = ran = 0
    for _ in range(500):
        data = bytearray(files[int(rng.integers(len(files)))])
        reach = min(len(data), 400) if rng.random() < 0.7 else len(data)
        for _ in range(int(rng.integers(1, 4))):
            position = int(rng.integers(8, reach - 4))
            choice = rng.integers(0, 4)
            if choice == 0:
                data[position] = int(rng.integers(0, 256))
            elif choice == 1:
                data[position] ^= 1 << int(rng.integers(0, 8))
            else:
                value = int(rng.choice([0, 1, 0xFFFFFFFF, 0x80000000, 0x7FFFFFFF, 65536, int(rng.integers(0, 5000))]))
                struct.pack_into("<I", data, position // 4 * 4, value)
        if rng.random() < 0.1:
            del data[int(rng.integers(12, len(data))) :]
        try:
            model = load(bytes(data))
            shapes = [(tensor.shape or (tensor.elements,), tensor.dtype) for tensor in model.inputs]
            model.run(*(np.zeros(shape, dtype) for shape, dtype in shapes))
            ran += 1
        except KModelError:
            refused += 1
    assert refused > 100
    assert ran > 50
    assert time.process_time() - started < 60


def test_the_work_is_limited() -> None:
    """A window that would take hours is refused before anything runs."""
    file = File()
    x, computed = file.input((1, 1, 60000, 16)), file.output((1, 1, 60000, 16))
    shape = Geometry(Padding(30000, 29999), Padding(8, 7), 60000, 16, 1, 1, 1, 1)
    file.node(8, body.ReduceWindow(x, computed, 0, (1, 1, 60000, 16), shape, 0.0, Clamp(-1.0, 1.0)))
    with pytest.raises(KModelError, match="too much work"):
        load(file.build())


def test_wrong_inputs_are_refused() -> None:
    model = load(GOOD)
    for values in (
        np.zeros((3, 224, 223), np.uint8),
        np.zeros((3, 224, 224), np.float32),
        np.zeros((224, 224, 3), np.uint8),
    ):
        with pytest.raises(KModelError, match="does not fit the model"):
            model.run(values)
    with pytest.raises(KModelError, match="number of inputs"):
        model.run()


def test_an_unused_range_may_be_anywhere_inside_the_memory() -> None:
    file = File()
    x = file.input((4,))
    file.node(9, struct.pack("<8I", MAIN, BYTE, x.start, 16, 0, BYTE, 0, 16))
    file.outputs.append(Range(MAIN, BYTE, 0, 4))
    with pytest.raises(KModelError, match="const memory"):
        load(file.build())
