"""Deviations of real files are accepted; files that only look like a model are named."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest

from maixswitch.kmodel import KModelError, file_kind, load
from maixswitch.kmodel.format.layer_reader import SHORT_TAIL
from maixswitch.kmodel.write import samples
from tests.host.kmodel.format.fuzz_files import v3_bytes, v4_moving


def written(version: int) -> bytes:
    return {3: v3_bytes, 4: v4_moving}[version]()


def results(data: bytes, backend: str = "fast") -> list[list[float]]:
    model = load(data, backend=backend)
    rng = np.random.default_rng(1)
    source = [rng.integers(0, 256, t.shape).astype(t.dtype) for t in model.inputs]
    return [output.tolist() for output in model.run(*source)]


def padded_end(version: int) -> bytes:
    """Return a file that ends with seven bytes of padding, which converters may leave out."""
    data = written(version)
    last = load(data).layers[-1]
    assert last.offset + last.size == len(data)
    head = last.offset - 8 - sum(layer.size for layer in load(data).layers[:-1]) + 4
    assert struct.unpack_from("<I", data, head) == (last.size,)
    return data[:head] + struct.pack("<I", last.size + 8) + data[head + 4 :] + bytes(8)


@pytest.mark.parametrize("version", [3, 4])
def test_a_tail_of_padding_may_be_missing(version: int) -> None:
    """Up to seven bytes may be missing; the eighth is part of a layer."""
    intact = padded_end(version)
    expected = results(intact)
    assert load(intact).notes == ()
    for missing in range(1, SHORT_TAIL + 1):
        short = intact[:-missing]
        assert results(short) == expected
        assert load(short).notes == (f"the last {missing} padding bytes are missing, which is usual",)
        assert load(short).file_size == len(short)
    with pytest.raises(KModelError, match="cut short") as caught:
        load(intact[:-8])
    assert (caught.value.offset, caught.value.field) == (len(intact) - 8, "body_size")
    assert (caught.value.found, caught.value.wanted) == (f"{len(intact) - 8} bytes", f"{len(intact)} bytes")


@pytest.mark.parametrize("version", [3, 4])
@pytest.mark.parametrize("more", [b"\x01", bytes(8), b"LDMK\x04\0\0\0" * 50, np.random.default_rng(1).bytes(5000)])
def test_bytes_after_the_end(version: int, more: bytes) -> None:
    intact = written(version)
    assert results(intact + more) == results(intact)
    assert load(intact + more).notes == (f"{len(more)} bytes follow the last layer",)


@pytest.mark.parametrize("garbage", [0xCCCCCCCC, 0x176, 0xFFFFFFFF, 1])
def test_fields_that_nobody_reads(garbage: int) -> None:
    """They are the reserved word and the flags of v4, and the allocator's lowest row of v3."""
    raw = struct.pack("<I", garbage)
    data = written(4)
    assert results(data[:36] + raw + data[40:]) == results(data)
    assert results(data[:8] + raw + data[12:]) == results(data)
    data = written(3)
    assert results(data[:16] + raw + data[20:]) == results(data)


@pytest.mark.parametrize("name", ["iris_v3", "ultraface_slim_v4", "voc20_channelwise_v3"])
def test_real_files_whose_padding_is_missing(name: str, kmodels: Path) -> None:
    """The published files; with padding they are the same models."""
    short = (kmodels / f"{name}.kmodel").read_bytes()
    assert load(short).notes == ("the last 4 padding bytes are missing, which is usual",)
    assert load(short + bytes(4)).notes == ()
    assert results(short, "best") == results(short + bytes(4), "best")


def test_a_real_file_that_lost_a_number(kmodels: Path) -> None:
    """The last four bytes are a zero point: the file loads, as on the board, but with a note."""
    intact = (kmodels / "face_yolov2_v3.kmodel").read_bytes()
    (note,) = load(intact[:-4]).notes
    assert note == "the last 4 bytes are missing and taken as 0; layer 23 (dequantize) may have lost something"
    assert load(intact[:-4]).layers[-1].spec.bias == 0.0
    with pytest.raises(KModelError, match="cut short"):
        load(intact[:-8])


@pytest.mark.parametrize("name", ["mnist_v3", "voc20_yolov2_v4"])
def test_garbage_in_the_reserved_words_of_real_files(name: str, kmodels: Path) -> None:
    intact = (kmodels / f"{name}.kmodel").read_bytes()
    position = 36 if name.endswith("v4") else 16
    assert results(intact[:position] + b"\xcc" * 4 + intact[position + 4 :], "best") == results(intact, "best")


def kfpkg(data: bytes) -> bytes:
    """Return a package for kflash: a list of addresses and the files to write there."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        files = [{"address": 0x300000, "bin": "m.kmodel", "sha256Prefix": False}]
        archive.writestr("flash-list.json", json.dumps({"version": "0.1.0", "files": files}))
        archive.writestr("m.kmodel", data)
    return content.getvalue()


def test_other_files_are_named_with_what_to_do() -> None:
    model = samples.colour_classifier()
    words = np.frombuffer(model[: len(model) // 4 * 4], "<u4").astype(">u4").tobytes()
    v1 = struct.pack("<5I", 1, 0, 3, 0, 24 + 28 * 3) + bytes(400)
    cases = {
        "swapped": (words, "kmodel v3, word-swapped", "swap each 4 bytes back"),
        "v1": (v1, "kmodel v1", "convert the network again"),
        "v5": (b"LDMK" + struct.pack("<6I", 5, 0, 0, 1, 1, 1) + model[32:], "kmodel v5", "maixswitch convert"),
        "v6": (b"LDMK" + struct.pack("<6I", 6, 0, 0, 1, 1, 1) + model[32:], "kmodel v6", "maixswitch convert"),
        "encrypted": (struct.pack("<I", 0x2713) + model[4:], "smodel", "plain .kmodel"),
        "package": (kfpkg(model), "zip", "unpack it"),
        "onnx with the name of its writer": (b"\x08\x08\x12\x07pytorch", "onnx", "maixswitch convert makes a kmodel"),
        "onnx without it": (b"\x08\x08:\x9c\x01\n\x10", "onnx", "maixswitch convert makes a kmodel"),
        "one byte": (b"\x08", "unknown", "not a kmodel"),
        "page": (b"<!DOCTYPE html>\n<html><head><title>Sign in</title></head></html>", "html", "download it again"),
    }
    for case, (data, name, words_) in cases.items():
        assert file_kind(data).name == name, case
        with pytest.raises(KModelError) as caught:
            load(data)
        assert words_ in str(caught.value), case
        assert caught.value.field == "first bytes"
        assert caught.value.wanted == "kmodel v3 or v4"


def test_a_swapped_file_swapped_back_is_a_model(kmodels: Path) -> None:
    swapped = (kmodels / "face_yolov2_wordswapped.kmodel").read_bytes()
    plain = np.frombuffer(swapped, ">u4").astype("<u4").tobytes()
    assert len(load(plain).layers) == 24
    with pytest.raises(KModelError, match="swap each 4 bytes back"):
        load(swapped)
