"""A model of the firmware: what a script passes to KPU, sensor and image is remembered, and results are unknown."""

from __future__ import annotations

import math
from typing import Any

from maixswitch.card.importing.literals import decode, from_json

from . import chains, modules, pictures
from .machine import Machine
from .names import LOADS
from .reading import DetectorCall
from .values import (
    ClassIndex,
    Detection,
    File,
    Firmware,
    Frame,
    Instance,
    Many,
    Parent,
    Picture,
    Position,
    Score,
    ScriptExit,
    Task,
    Unknown,
    Use,
)

CANMV_SIZES = ("img_w", "img_h", "net_w", "net_h", "layer_w", "layer_h")
DECODER_INIT = ("anchor", "threshold", "nms_value")
CANMV_INIT = ("anchor", "anchor_num", *CANMV_SIZES, "threshold", "nms_value", "classes")
BOX = {"classid": 4, "class_id": 4, "value": 5, "prob": 5, "score": 5, "confidence": 5, "index": 4}


def member(value: Firmware, name: str) -> Any:
    """Return a name of a module of the firmware, such as KPU.load or sensor.QVGA."""
    if value.path == "maix":
        return Firmware("KPU") if name == "KPU" else Unknown()
    if value.path == "math" and name in ("pi", "e"):
        return getattr(math, name)
    if value.path.startswith("python."):
        return Unknown()
    return Firmware(f"{value.path}.{name}")


def has_methods(value: Any) -> bool:
    """Has a value methods of the firmware?"""
    return isinstance(value, (Task, Many, Detection, Picture, File, Classifier, Decoder)) or chains.is_part(value)


class Decoder(Unknown):
    """What CanMV's KPU().Yolo2() returns: it turns the outputs of a task into boxes."""

    def __init__(self, use: Use) -> None:
        super().__init__()
        self.use = use


class Classifier(Unknown):
    """What kpu.classifier returns: a classifier that learns on the board, on the features of a task."""

    def __init__(self, use: Use) -> None:
        super().__init__()
        self.use = use


def use_of_scores(value: Any) -> Use | None:
    """Return the use whose scores a list holds, None for other lists."""
    if isinstance(value, Many):
        return value.use if value.aligned and isinstance(value.item, Score) else None
    if isinstance(value, list) and value and isinstance(value[0], Score):
        return value[0].use
    return None


def parent_of(frame: Frame) -> Any:
    """Return what super() returns in a method."""
    node_self = next(iter(frame.names.values()), None)
    if frame.owner is None or not isinstance(node_self, Instance):
        return Unknown()
    return Parent(frame.owner, node_self)


def call(machine: Machine, path: str, args: list[Any], keywords: dict[str, Any]) -> Any:
    """Return what a function of the firmware's modules returns."""
    module, _, name = path.partition(".")
    if module == "KPU":
        return _kpu(machine, name, args, keywords)
    if module == "sensor":
        return pictures.camera(machine, name, args, keywords)
    if path == "image.warp_affine_ai":
        chains.warped(machine, args)
    if module == "image":
        return pictures.new(machine, args, keywords) if name == "Image" else Unknown()
    if module == "json" and name in ("load", "loads"):
        return _json(machine, args[0] if args else None)
    if module == "sys" and name == "exit":
        raise ScriptExit
    if path == "os.getcwd":
        # Scripts run from the card.
        return "/sd"
    if path == "os.path.join" and all(isinstance(arg, str) and len(arg) < 256 for arg in args[:9]):
        return "/".join(arg.rstrip("/") for arg in args[:9])
    if module == "math":
        return modules.mathematics(name, args)
    if module == "collections":
        return modules.collections(name, args)
    if name.endswith("argmax") and args and use_of_scores(args[0]):
        use = use_of_scores(args[0])
        return ClassIndex(use) if use else Unknown()
    # ulab.array(scores) and the like keep the scores.
    if module == "ulab" and args and isinstance(args[0], Many):
        return args[0]
    return Unknown()


def _kpu(machine: Machine, name: str, args: list[Any], keywords: dict[str, Any]) -> Any:
    if name == "":
        return Task(None)
    if name in LOADS:
        return Task(_load(machine, args, keywords))
    if name == "classifier.load":
        task = _task(machine, args[0] if args else None)
        if task is None:
            return Unknown()
        task.runs.add("classifier")
        return Classifier(task), Unknown(), Unknown()
    if name == "face_encode":
        chains.features(args, name)
        return Unknown()
    if name in ("sigmoid", "Act.sigmoid"):
        return chains.sigmoid(args[0] if args else None)
    if name == "softmax":
        return args[0] if args else Unknown()
    use = _task(machine, args[0] if args else keywords.get("task"))
    return _on_task(machine, use, name, args[1:], keywords) if use else Unknown()


def _load(machine: Machine, args: list[Any], keywords: dict[str, Any]) -> Use:
    model = args[0] if args else next(iter(keywords.values()), None)
    return machine.add_use(model, machine.line, machine.where)


def _task(machine: Machine, value: Any) -> Use | None:
    """Return the use of a task. An unknown task is the only one that was loaded, if there is only one."""
    if isinstance(value, Task):
        return value.use
    return machine.uses[0] if isinstance(value, Unknown) and len(machine.uses) == 1 else None


def _on_task(machine: Machine, use: Use, name: str, args: list[Any], keywords: dict[str, Any]) -> Any:
    """Follow a function of MaixPy on a task; args are those after the task."""
    if name == "init_yolo2":
        values = dict(zip(("threshold", "nms_value", "anchor_num", "anchor"), args, strict=False))
        _detector(machine, use, {**values, **keywords})
        return Unknown()
    if name == "set_outputs":
        numbers = tuple(int(arg) for arg in args if isinstance(arg, int) and abs(arg) < 1 << 31)
        if len(numbers) == len(args) and numbers not in use.outputs and len(use.outputs) < 16:
            use.outputs.append(numbers)
        return Unknown()
    if name == "set_layers":
        if args and isinstance(args[0], int) and use.layers is None:
            use.layers = int(args[0])
        return Unknown()
    if name in ("deinit", "memtest"):
        return Unknown()
    if len(use.runs) < 32:
        use.runs.add(name)
    pictures.shown(machine, use, args)
    if name == "run_yolo2":
        return Many(Detection(use), use)
    if name == "get_outputs":
        return Many(Score(use), use, aligned=True)
    if name in ("forward", "get_output"):
        return Many(Score(use), use, aligned=True)
    if name == "classifier":
        if use is not None:
            use.runs.add("classifier")
        return Classifier(use)
    return Unknown()


def _detector(machine: Machine, use: Use, values: dict[str, Any]) -> None:
    nms = values.get("nms_value", values.get("nms"))
    anchors = values.get("anchor", values.get("anchors"))
    call = DetectorCall(
        number(values.get("threshold")),
        number(nms),
        whole(values.get("anchor_num")),
        flat(anchors),
        machine.line,
        whole(values.get("classes")),
    )
    # A loop may set another threshold later; what the first pictures see counts.
    if use.detector is None:
        use.detector = call


def number(value: Any) -> float | None:
    """Return a number, None for anything else."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return int(value) if isinstance(value, Position) else value
    return None


def whole(value: Any) -> int | None:
    """Return a whole number, None for anything else."""
    return int(value) if isinstance(value, int) and not isinstance(value, bool) else None


def flat(value: Any) -> tuple[float, ...] | None:
    """Return the numbers of a list as they are; None if anything else is in it."""
    if not isinstance(value, (list, tuple)) or not 0 < len(value) <= 1000:
        return None
    numbers: list[float] = []
    for item in value:
        inner = item if isinstance(item, (list, tuple)) and len(item) == 2 else (item,)
        for part in inner:
            known = number(part)
            if known is None:
                return None
            numbers.append(known)
    return tuple(numbers)


def call_method(machine: Machine, value: Any, name: Any, args: list[Any], keywords: dict[str, Any]) -> Any:
    """Return what a method of a value of the firmware returns."""
    if isinstance(value, Task):
        return _on_object(machine, value, name, args, keywords)
    if isinstance(value, Picture):
        return pictures.change(machine, value, name, args, keywords)
    if isinstance(value, Detection):
        known = chains.side(machine, value, name)
        return part(machine, value, name) if name in BOX else known or Unknown()
    if chains.is_part(value):
        return chains.call_part(value, name, args)
    if isinstance(value, File):
        return _file(machine, value, name, args)
    if isinstance(value, Classifier):
        # classifier.predict(img) returns the number of the class and its distance.
        pictures.shown(machine, value.use, args)
        return (ClassIndex(value.use), chains.Distance(value.use)) if name == "predict" else Unknown()
    if isinstance(value, Decoder):
        if name == "init":
            _detector(machine, value.use, {**dict(zip(DECODER_INIT, args, strict=False)), **keywords})
        return Many(Detection(value.use), value.use) if name == "run" else Unknown()
    if isinstance(value, Many):
        return _many(value, name)
    return Unknown()


def _on_object(machine: Machine, task: Task, name: str, args: list[Any], keywords: dict[str, Any]) -> Any:
    """Follow a method of CanMV's object KPU()."""
    if name in LOADS:
        task.use = _load(machine, args, keywords)
        return Unknown()
    use = task.use
    if use is None:
        return Unknown()
    if name == "init_yolo2":
        _detector(machine, use, {**dict(zip(CANMV_INIT, args, strict=False)), **keywords})
        return Unknown()
    if name == "run_with_output":
        pictures.shown(machine, use, args or list(keywords.values()))
        use.runs.add("feature" if keywords.get("get_feature") else name)
        return Many(Score(use), use, aligned=True)
    if name == "Yolo2":
        use.runs.add(name)
        return Decoder(use)
    if name == "regionlayer_yolo2":
        use.runs.add(name)
        return Many(Detection(use), use)
    return _on_task(machine, use, name, args, keywords)


def _many(value: Many, name: str) -> Any:
    if name == "index":
        return ClassIndex(value.use) if value.aligned and value.use else Unknown()
    if name in ("sort", "reverse"):
        value.aligned = False
        return None
    if name in ("items",):
        return value
    if name in ("pop",):
        return value.item
    if name in ("copy", "tolist", "flatten", "transpose"):
        return value
    return Unknown()


def part(machine: Machine, value: Any, index: Any) -> Any:
    """Return an item of a list of results, or a part of one box."""
    if isinstance(value, Detection):
        at = BOX.get(index) if isinstance(index, str) else index
        known = chains.side(machine, value, at)
        if known is not None:
            return known
        if at == 4:
            return ClassIndex(value.use)
        return Score(value.use) if at == 5 else Unknown()
    if isinstance(index, slice):
        # Only a slice from the start keeps the classes at their positions.
        aligned = value.aligned and not index.start and index.step in (None, 1)
        return Many(value.item, value.use, aligned)
    if isinstance(index, (Unknown, int)):
        return value.item
    return Unknown()


def lines(machine: Machine, file: File) -> list[Any]:
    """Return the lines that are left of a file."""
    rest = file.text[file.at :]
    machine.spend(len(rest) >> 3)
    file.at = len(file.text)
    end = "\n" if isinstance(rest, str) else b"\n"
    # MicroPython ends a line at "\n" only.
    listed = [line + end for line in rest.split(end)]  # type: ignore[operator,arg-type]
    listed[-1] = listed[-1][:-1]
    return [line for line in listed if line]


def open_file(machine: Machine, path: Any, mode: Any) -> Any:
    """Return a file of the source that the script opens; unknown for files that it writes or that are not there."""
    if not isinstance(path, str) or not isinstance(mode, str) or any(c in mode for c in "wax+"):
        return Unknown()
    data = machine.shared.read(path)
    if data is None:
        return Unknown()
    if "b" in mode:
        return File(data)
    text = decode(data)
    machine.spend(len(data) >> 3)
    return Unknown() if text is None else File(text)


def _file(machine: Machine, file: File, name: str, args: list[Any]) -> Any:
    if name == "read":
        size = args[0] if args and isinstance(args[0], int) and args[0] >= 0 else len(file.text)
        text = file.text[file.at : file.at + size]
        file.at += len(text)
        machine.spend(len(text) >> 3)
        machine.lines_read += bool(text)
        return text
    if name in ("readline", "__next__"):
        end = file.text.find("\n" if isinstance(file.text, str) else b"\n", file.at)  # type: ignore[arg-type]
        stop = len(file.text) if end < 0 else end + 1
        line = file.text[file.at : stop]
        file.at = stop
        machine.lines_read += bool(line)
        return line
    if name == "readlines":
        return lines(machine, file)
    if name == "__enter__":
        return file
    return None if name == "close" else Unknown()


def _json(machine: Machine, source: Any) -> Any:
    # json.loads(str(box)) is the box again.
    if isinstance(source, Detection):
        return source
    text = source
    if isinstance(source, File):
        text = source.text[source.at :]
    if isinstance(text, bytes):
        text = decode(text)
    if not isinstance(text, str):
        return Unknown()
    machine.spend(len(text) >> 2)
    try:
        return from_json(text)
    except ValueError:
        return machine.fail("ValueError")
