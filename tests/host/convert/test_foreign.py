"""Networks of other tools, given to `convert`: each is named by its contents, with the two lines that help."""

from __future__ import annotations

import io
import json
import pickle
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from maixswitch.convert.read import foreign
from maixswitch.errors import MaixSwitchError
from maixswitch.kmodel.write import samples
from tests.host.convert import onnx_builder

HDF5 = b"\x89HDF\r\n\x1a\n" + bytes(200)


def packed(**members: bytes) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name.replace("__", "/").replace("_dot_", "."), data)
    return content.getvalue()


def graph_def() -> bytes:
    """Return the start of a frozen graph: a node, its name, its operator."""
    node = b"\x0a\x07input_1\x12\x0bPlaceholder"
    return b"\x0a" + bytes([len(node)]) + node


TFLITE, ONNX = "maixswitch convert net.tflite --images DIR", "maixswitch convert net.onnx --images DIR"
LEGACY = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."
CASES = {
    "net.h5": (HDF5 + b'model_config{"class_name"', "a Keras network", "from_keras_model(net)", TFLITE),
    "weights.h5": (HDF5, "the weights of a Keras network", "net.load_weights(", "convert weights.tflite"),
    "net.keras": (
        packed(config_dot_json=b"{}", model_dot_weights_dot_h5=HDF5), "a Keras network", "load_model(", TFLITE),
    "net.pb": (graph_def(), "a frozen TensorFlow graph", "from_frozen_graph(", TFLITE),
    "saved_model.pb": (b"\x08\x01\x12\x80\x01" + b"serving_default",
        "a TensorFlow SavedModel", "from_saved_model(", "tflite"),
    "net.pt": (packed(net__data_dot_pkl=b"\x80\x02}q"), "a PyTorch network", "net.load_state_dict(torch.load(", ONNX),
    "net.pth": (LEGACY + bytes(90), "a PyTorch network", "torch.onnx.export(net", ONNX),
    "script.pt": (
        packed(net__constants_dot_pkl=b"", net__data_dot_pkl=b"", net__code__a_dot_py=b""),
        "a TorchScript network", "torch.jit.load(", "convert script.onnx"),
    "yolo.pt": (
        packed(yolo__data_dot_pkl=b"cultralytics.nn.tasks\nDetectionModel"),
        "an Ultralytics YOLO network", "yolo export model=", "convert yolo.onnx"),
    "net.cfg": (b"# tiny\n[net]\nbatch=1\n", "a Darknet network", "convert.py", "convert net.h5"),
    "net.weights": (struct.pack("<5I", 0, 2, 5, 64, 0) + bytes(80), "a Darknet network", "net.cfg", "convert net.h5"),
    "model.json": (
        json.dumps({"modelTopology": {}}).encode(), "a network for TensorFlow.js", "tensorflowjs",
        "model.h5"),
    "net.zip": (packed(net_dot_tflite=b"x"), "a zip file with a network", "python -m zipfile -e", "net/net.tflite"),
    "net.kfpkg": (
        packed(**{"flash-list.json": b"{}", "m_dot_kmodel": b""}),
        "a kfpkg", "maixswitch import", "maixswitch kmodel info"),
    "net.kmodel": (samples.colour_classifier(), "a kmodel v3", "maixswitch import", "maixswitch kmodel info"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_network_of_another_tool(name: str, tmp_path: Path) -> None:
    data, title, first, second = CASES[name]
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(MaixSwitchError) as caught:
        foreign.refuse(path)
    head, *lines = caught.value.message.split("\n")
    assert title in head
    assert str(path) in head
    assert len(lines) == 2
    assert first in lines[0]
    assert second in lines[1]
    assert caught.value.exit_code == 1


def test_the_contents_count_and_not_the_name(tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    path.write_bytes(HDF5 + b"model_config")
    with pytest.raises(MaixSwitchError, match="a Keras network"):
        foreign.refuse(path)
    for name in ("net.tflite", "net.h5"):
        onnx_builder.save(onnx_builder.random_network(0), tmp_path / name)
        foreign.refuse(tmp_path / name)


def test_a_folder(tmp_path: Path) -> None:
    (tmp_path / "net").mkdir()
    (tmp_path / "net" / "saved_model.pb").write_bytes(b"\x08\x01\x12")
    with pytest.raises(MaixSwitchError) as caught:
        foreign.refuse(tmp_path / "net")
    assert "a TensorFlow SavedModel" in caught.value.message
    assert "maixswitch convert net.tflite" in caught.value.message


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:1\n", "git lfs pull"),
        (b"<!DOCTYPE html><html><body>login", "a web page"),
        (b"LDMK" + struct.pack("<I", 5) + bytes(90), "convert the network again with maixswitch convert"),
        (b"\x89PNG\r\n\x1a\n" + bytes(90), "a picture"),
    ],
)
def test_no_network_at_all(data: bytes, words: str, tmp_path: Path) -> None:
    path = tmp_path / "net.tflite"
    path.write_bytes(data)
    with pytest.raises(MaixSwitchError, match=words):
        foreign.refuse(path)


def test_a_pickle_is_never_opened(tmp_path: Path) -> None:
    """A file of PyTorch can run any code when it is unpickled."""

    class Trap:
        def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
            return Path.touch, (str(tmp_path / "sprung"),)  # type: ignore[return-value]

    path = tmp_path / "net.pt"
    path.write_bytes(packed(net__data_dot_pkl=pickle.dumps(Trap())))
    with pytest.raises(MaixSwitchError, match="a PyTorch network"):
        foreign.refuse(path)
    assert not (tmp_path / "sprung").exists()


def test_the_command_says_it_before_it_asks_for_pictures(command, tmp_path: Path) -> None:
    (tmp_path / "net.h5").write_bytes(HDF5 + b"model_config")
    ended = command("convert", "net.h5")
    assert ended.returncode == 1
    assert "net.h5: found a Keras network; expected ONNX or TensorFlow Lite" in ended.stderr
    assert "Traceback" not in ended.stderr
