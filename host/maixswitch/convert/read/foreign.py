"""Recognises networks of other tools by their contents, and says which two lines lead to one that is read here."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path

from maixswitch import files
from maixswitch.errors import MaixSwitchError
from maixswitch.kmodel.format.sniff import V3, V4, file_kind
from maixswitch.language import tr, word

_LOOKED_AT = 4 << 20
"""Bytes of a file that are searched for names."""
_OLD_TORCH = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."
_KERAS = "open({target!r}, 'wb').write(tf.lite.TFLiteConverter.from_keras_model(net).convert())"
_TORCH = "torch.onnx.export(net, torch.zeros(1, 3, 224, 224), {target!r}, opset_version=17, dynamo=False)"
_MESSAGES = ("git-lfs pointer", "html", "picture", "gzip", "smodel", "emodel")
"""Kinds of files that are no network at all, or none that can be converted; sniff says what to do."""

KERAS = "a Keras network"
WEIGHTS = "the weights of a Keras network, without its layers"
SAVED_MODEL = "a TensorFlow SavedModel"
FROZEN = "a frozen TensorFlow graph"
TENSORFLOW_JS = "a network for TensorFlow.js"
TORCH = "a PyTorch network"
TORCHSCRIPT = "a TorchScript network"
ULTRALYTICS = "an Ultralytics YOLO network"
DARKNET = "a Darknet network"
PACKED = "a zip file with a network in it"
NAMES = (*(KERAS, WEIGHTS, SAVED_MODEL, FROZEN, TENSORFLOW_JS, TORCH, TORCHSCRIPT, ULTRALYTICS, DARKNET), PACKED)
"""All names above, for the translation."""


def refuse(path: Path) -> None:
    """Raises MaixSwitchError if a file or folder is of another tool, (input or output) if it cannot be read."""
    with files.reading(path):
        # Keras and TensorFlow save a network as a folder, too.
        if path.is_dir():
            if (path / "saved_model.pb").is_file():
                raise _with_lines(path, SAVED_MODEL, _saved_model(path))
            return
        data = files.read(path, _LOOKED_AT)
    kind = file_kind(data)
    if kind.name in (V3, V4):
        raise _finished(path, kind.name)
    if kind.name in _MESSAGES or kind.name.startswith("kmodel v"):
        raise MaixSwitchError(f"{path}: {kind.message}")
    lines = _zip(path) if kind.name == "zip" else _other(path, data)
    if lines is not None:
        raise _with_lines(path, *lines)


def _finished(path: Path, name: str) -> MaixSwitchError:
    return MaixSwitchError(
        tr(
            "{path}: this is a {kind}, which is converted already; import it, or look into it:\n  {first}\n  {second}",
            path=path,
            kind=name,
            first=f"maixswitch import {path} --card CARD",
            second=f"maixswitch kmodel info {path}",
        )
    )


def _with_lines(path: Path, name: str, lines: Sequence[str]) -> MaixSwitchError:
    return MaixSwitchError(
        tr(
            "{path}: found {name}; expected ONNX or TensorFlow Lite, which these two lines lead to:\n  {first}\n"
            "  {second}",
            path=path,
            name=word(name),
            first=lines[0],
            second=lines[1],
        )
    )


def _convert(target: str) -> str:
    return f"maixswitch convert {target} --images DIR"


def _python(code: str) -> str:
    return f'python -c "{code}"'


def _keras(path: Path) -> list[str]:
    target = f"{path.stem}.tflite"
    load = f"import tensorflow as tf; net = tf.keras.models.load_model({str(path)!r}, compile=False); "
    return [_python(load + _KERAS.format(target=target)), _convert(target)]


def _weights(path: Path) -> list[str]:
    # Only the script that built the layers can fill them, so the line belongs there.
    target = f"{path.stem}.tflite"
    return [f"net.load_weights({str(path)!r}); {_KERAS.format(target=target)}", _convert(target)]


def _saved_model(folder: Path) -> list[str]:
    target = f"{folder.resolve().name}.tflite"
    make = f"tf.lite.TFLiteConverter.from_saved_model({str(folder)!r}).convert()"
    return [_python(f"import tensorflow as tf; open({target!r}, 'wb').write({make})"), _convert(target)]


def _frozen(path: Path) -> list[str]:
    target = f"{path.stem}.tflite"
    make = f"tf.compat.v1.lite.TFLiteConverter.from_frozen_graph({str(path)!r}, ['INPUT'], ['OUTPUT']).convert()"
    return [_python(f"import tensorflow as tf; open({target!r}, 'wb').write({make})"), _convert(target)]


def _torch(path: Path, load: str) -> list[str]:
    target = f"{path.stem}.onnx"
    return [f"{load}; {_TORCH.format(target=target)}", _convert(target)]


def _pickled(path: Path, data: bytes) -> tuple[str, list[str]]:
    """The lines for a PyTorch file, which is never unpickled, because that would run code of its author."""
    if b"ultralytics" in data or b"models.yolo" in data:
        return ULTRALYTICS, [f"yolo export model={path} format=onnx opset=17 imgsz=224", _convert(f"{path.stem}.onnx")]
    # Most hold weights alone, and only the script that built the layers can fill them.
    return TORCH, _torch(path, f"net.load_state_dict(torch.load({str(path)!r})); net.eval()")


def _zip(path: Path) -> tuple[str, list[str]] | None:
    """The name and lines for a zip file of another tool. MaixSwitchError for a .kfpkg, which needs no conversion."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            # PyTorch's pickle names the classes of the network, unpacked as everything else in its zip.
            pickles = [name for name in names if name.endswith("data.pkl")][:1]
            pickle = b"".join(archive.open(name).read(_LOOKED_AT) for name in pickles)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError, ValueError):
        return None
    if "config.json" in names and "model.weights.h5" in names:
        return KERAS, _keras(path)
    if any(name.endswith("constants.pkl") for name in names) and any("/code/" in name for name in names):
        load = f"net = torch.jit.load({str(path)!r}).eval()"
        target = f"{path.stem}.onnx"
        return TORCHSCRIPT, [_python(f"import torch; {load}; {_TORCH.format(target=target)}"), _convert(target)]
    if pickles:
        return _pickled(path, pickle)
    if "flash-list.json" in names:
        raise _finished(path, "kfpkg")
    inside = [name for name in names if name.lower().endswith((".tflite", ".onnx", ".h5", ".keras", ".pb"))]
    if inside:
        return PACKED, [f"python -m zipfile -e {path} {path.stem}", _convert(str(Path(path.stem, inside[0])))]
    return None


def _other(path: Path, data: bytes) -> tuple[str, list[str]] | None:
    """The name and lines for any other file of another tool."""
    if data[:8] == b"\x89HDF\r\n\x1a\n":
        # Keras keeps the layers as a text under this name; a file of weights alone lacks it.
        return (KERAS, _keras(path)) if b"model_config" in data else (WEIGHTS, _weights(path))
    if data.startswith(_OLD_TORCH):
        return _pickled(path, data)
    if data[:3] == b"\x08\x01\x12" and (b"saved_model" in data or b"serving_default" in data):
        return SAVED_MODEL, _saved_model(path.parent)
    if _is_graph_def(data):
        return FROZEN, _frozen(path)
    # The version of Darknet's file of weights: 0.1 or 0.2, and a small third number.
    if data[:4] == bytes(4) and data[4:8] in (b"\1\0\0\0", b"\2\0\0\0") and data[9:12] == bytes(3):
        return DARKNET, _darknet(path)
    lines = [line.strip() for line in data[:4096].splitlines()]
    first = next((line for line in lines if line and line[:1] not in (b"#", b";")), b"")
    if first in (b"[net]", b"[network]"):
        return DARKNET, _darknet(path)
    if data.lstrip()[:1] == b"{" and b'"modelTopology"' in data:
        line = f"tensorflowjs_converter --input_format=tfjs_layers_model --output_format=keras {path} {path.stem}.h5"
        return TENSORFLOW_JS, [line, _convert(f"{path.stem}.h5")]
    return None


def _darknet(path: Path) -> list[str]:
    stem = path.with_suffix("")
    make = f"python convert.py {stem}.cfg {stem}.weights {stem.name}.h5"
    return [f"{make}   # github.com/qqwweee/keras-yolo3, for YOLOv2: yad2k.py", _convert(f"{stem.name}.h5")]


def _is_graph_def(data: bytes) -> bool:
    """Is it TensorFlow's list of nodes: a node, its name, its operator? An ONNX file never begins with this byte."""
    at = 1
    if data[:1] != b"\x0a":
        return False
    while at < 6 and data[at : at + 1] >= b"\x80":
        at += 1
    at += 1
    if data[at : at + 1] != b"\x0a" or len(data) < at + 2:
        return False
    at += 2 + data[at + 1]
    if data[at : at + 1] != b"\x12" or len(data) < at + 2:
        return False
    operator = data[at + 2 : at + 2 + data[at + 1]]
    return operator.isalnum() and operator[:1].isupper()
