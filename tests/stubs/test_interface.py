"""The fakes against the table of the firmware's names, constants, messages and crashes (tests/data/maixpy_api.json)."""

from __future__ import annotations

import importlib
import inspect
import json
import sys
from pathlib import Path
from typing import Any

import pytest

import bench
from benchlib.models import kmodel_v3, kmodel_v4

ROOT = Path(__file__).resolve().parents[2]
API: dict[str, Any] = json.loads((ROOT / "tests" / "data" / "maixpy_api.json").read_text())
ANCHORS = (1.889, 2.5245, 2.9465, 3.94056, 3.99987, 5.3658, 5.155437, 6.92275, 6.718375, 9.01025)


def _files() -> dict[str, Any]:
    return {
        "face.kmodel": kmodel_v3(size=388776),
        "conv.kmodel": kmodel_v3(last="conv"),
        "floats.kmodel": kmodel_v3(last="fc", floats=4, classes=3),
        "v4.kmodel": kmodel_v4(),
        "short.kmodel": b"\x03\0\0\0",
        "empty.kmodel": b"",
        "html.kmodel": b"<!DOCTYPE html><html>",
        "v5.kmodel": b"LDMK\x05\0\0\0" + bytes(64),
        "swapped.kmodel": b"\0\0\0\x03\0\0\0\x01" + bytes(64),
        "huge.kmodel": kmodel_v3(size=6291457),
        "large.kmodel": kmodel_v3(size=6000000),
        "secret.smodel": b"\x13\x27\0\0" + bytes(64),
        "folder/x.txt": b"x",
    }


@pytest.fixture(autouse=True)
def newest_version() -> None:
    """Run the newest firmware: which names exist depends on the version that another test may have left running."""
    bench.reset()


@pytest.fixture
def board() -> dict[str, Any]:
    """A running board and the names that the table's expressions use."""
    import image
    import KPU
    import lcd
    import machine
    import Maix
    import sensor
    import uio
    import uos
    import utime
    from board import board_info
    from fpioa_manager import fm

    bench.reset()
    bench.card.insert(bench.MemoryCard(_files()))
    fm.register(16, fm.fpioa.GPIOHS0)
    lcd.init()
    sensor.reset()
    sensor.set_pixformat(sensor.RGB565)
    sensor.set_framesize(sensor.QVGA)
    sensor.set_windowing((64, 64))
    small = sensor.snapshot().resize(32, 32)
    sensor.set_windowing((320, 240))
    task = KPU.load("/sd/face.kmodel")
    KPU.init_yolo2(task, 0.5, 0.3, 5, ANCHORS)
    v4 = KPU.load("/sd/v4.kmodel")
    KPU.init_yolo2(v4, 0.5, 0.3, 5, ANCHORS)
    dead = KPU.load("/sd/face.kmodel")
    KPU.init_yolo2(dead, 0.5, 0.3, 5, ANCHORS)
    KPU.deinit(dead)
    names = {
        "bare": KPU.load("/sd/conv.kmodel"),
        "floats": KPU.load("/sd/floats.kmodel"),
        "task": task,
        "v4": v4,
        "dead": dead,
        "img": sensor.snapshot(),
        "small": small,
        "A": ANCHORS,
        "image": image,
        "KPU": KPU,
        "lcd": lcd,
        "machine": machine,
        "Maix": Maix,
        "sensor": sensor,
        "uio": uio,
        "uos": uos,
        "utime": utime,
        "board_info": board_info,
        "fm": fm,
    }
    names["conv"] = names["bare"]
    return names


def _object(path: str) -> Any:
    parts = path.split(".")
    for cut in range(len(parts) - 1, 0, -1):
        try:
            actual = importlib.import_module(".".join(parts[:cut]))
        except ImportError:
            continue
        for part in parts[cut:]:
            actual = getattr(actual, part)
        return actual
    raise AssertionError(f"no {path}")


def _check(function: Any, expected: dict[str, Any] | None, bound: bool) -> None:
    assert callable(function)
    if expected is None:
        return
    least, most = expected["positional"]
    parameters = list(inspect.signature(function).parameters.values())[1 if bound else 0 :]
    if most is None:
        assert any(p.kind is p.VAR_POSITIONAL for p in parameters)
        return
    positional = [p for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
    assert len(positional) == most
    assert len([p for p in positional if p.default is p.empty]) <= least <= most
    # Parameters whose names begin with "_" cannot be passed by keyword in the firmware.
    assert {p.name for p in parameters if not p.name.startswith("_")} >= set(expected.get("keywords", ()))
    if not expected.get("keywords"):
        named = {p.name for p in parameters if p.kind is p.KEYWORD_ONLY}
        assert not named


FUNCTIONS = [(m, n, w) for m, entry in API["modules"].items() for n, w in entry.get("functions", {}).items()]
CONSTANTS = [(m, n, v) for m, entry in API["modules"].items() for n, v in entry.get("constants", {}).items()]
METHODS = [(c, n, w) for c, entry in API["classes"].items() for n, w in entry["methods"].items()]
CLASS_CONSTANTS = [(c, n, v) for c, entry in API["classes"].items() for n, v in entry.get("constants", {}).items()]


@pytest.mark.parametrize(("module", "name", "expected"), FUNCTIONS, ids=[f"{m}.{n}" for m, n, _ in FUNCTIONS])
def test_function(module: str, name: str, expected: dict[str, Any]) -> None:
    """The function exists and takes the arguments of the firmware's."""
    _check(getattr(importlib.import_module(module), name), expected, False)


@pytest.mark.parametrize("module", sorted({m for m, _, _ in CONSTANTS}))
def test_constants(module: str) -> None:
    """Every constant has the firmware's value."""
    actual = importlib.import_module(module)
    expected = {n: v for m, n, v in CONSTANTS if m == module}
    assert {n: getattr(actual, n) for n in expected} == expected


@pytest.mark.parametrize(("name", "method", "expected"), METHODS, ids=[f"{c}.{n}" for c, n, _ in METHODS])
def test_method(name: str, method: str, expected: dict[str, Any] | None) -> None:
    """The method exists and takes the arguments of the firmware's."""
    cls = _object(name)
    raw = inspect.getattr_static(cls, method)
    static = isinstance(raw, (staticmethod, classmethod))
    _check(getattr(cls, method), expected, not static)


@pytest.mark.parametrize("name", sorted({c for c, _, _ in CLASS_CONSTANTS}))
def test_class_constants(name: str) -> None:
    """Every class constant has the firmware's value."""
    cls = _object(name)
    assert {n: getattr(cls, n) for c, n, _ in CLASS_CONSTANTS if c == name} == {
        n: v for c, n, v in CLASS_CONSTANTS if c == name
    }


@pytest.mark.parametrize("name", [c for c, entry in API["classes"].items() if "init" in entry])
def test_constructor(name: str) -> None:
    """The constructor takes the arguments of the firmware's."""
    _check(_object(name).__init__, API["classes"][name]["init"], True)


def test_nothing_else() -> None:
    """A name that the firmware does not have is an AttributeError, not a mock."""
    import KPU
    import sensor

    for item in (KPU, sensor, KPU.kpu_net, _object("benchlib.img.Image")):
        with pytest.raises(AttributeError):
            item.no_such_name  # noqa: B018


@pytest.mark.parametrize("code", sorted(set(API["error_texts"]) - {"0"}))
def test_error_text(code: str) -> None:
    """A load that fails with a code raises the firmware's text, and leaves nothing behind."""
    import KPU

    bench.reset()
    bench.card.insert(bench.MemoryCard(_files()))
    free = bench.memory.free()
    bench.fail_next("KPU.load", int(code))
    with pytest.raises(ValueError, match=r"^\[MAIXPY\]kpu: load error:") as caught:
        KPU.load("/sd/face.kmodel")
    assert caught.value.args == (f"[MAIXPY]kpu: load error:{code}, {API['error_texts'][code]}",)
    assert bench.memory.free() == free
    assert bench.kpu.live == []
    task = KPU.load("/sd/face.kmodel")
    bench.fail_next("KPU.forward", int(code))
    with pytest.raises(OSError) as run:  # noqa: PT011
        KPU.forward(task, [0.0])
    assert run.value.args == (API["error_texts"][code],)


@pytest.mark.parametrize(
    ("flavour", "text"),
    [
        ("full", "ERR_KMODEL_VERSION: only support kmodel V3/V4 now"),
        ("minimum", "ERR_KMODEL_VERSION: only support kmodel V3"),
    ],
)
def test_version_text(flavour: str, text: str) -> None:
    """The text of 2002 depends on the build."""
    import KPU

    bench.reset(flavour)
    bench.card.insert(bench.MemoryCard(_files()))
    with pytest.raises(ValueError, match="2002") as caught:
        KPU.load("/sd/html.kmodel")
    assert caught.value.args == (f"[MAIXPY]kpu: load error:2002, {text}",)


@pytest.mark.parametrize(("call", "kind", "argument"), API["raises"], ids=[row[0] for row in API["raises"]])
def test_raises(board: dict[str, Any], call: str, kind: str, argument: object) -> None:
    """The call fails with the firmware's exception, its only argument word for word."""
    expected = {"Exception": Exception}.get(kind) or getattr(__builtins__, kind, None) or __builtins__[kind]
    with pytest.raises(expected) as caught:
        eval(call, board)
    assert type(caught.value) is expected
    if argument is not None:
        assert caught.value.args == (argument,)
    assert bench.hardfaults == []


@pytest.mark.parametrize(("call", "reason"), API["hard_faults"], ids=[row[0] for row in API["hard_faults"]])
def test_hard_fault(board: dict[str, Any], call: str, reason: str) -> None:
    """Calls that crash the chip raise an error that `except Exception` does not catch."""
    with pytest.raises(bench.HardFault) as caught:
        eval(call, board)
    assert reason in caught.value.args[0]
    assert bench.hardfaults == [caught.value.args[0]]
    assert not isinstance(caught.value, Exception)


@pytest.mark.parametrize(("call", "text"), API["prints"], ids=[row[1] for row in API["prints"]])
def test_prints(board: dict[str, Any], call: str, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The call reports on the serial line, in the firmware's words, and never on the test's own output."""
    bench.uart.lines.clear()
    eval(call, board)
    assert text in bench.uart
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(("call", "value"), API["returns"], ids=[row[0] for row in API["returns"]])
def test_returns(board: dict[str, Any], call: str, value: object) -> None:
    """The call returns what the firmware's returns."""
    actual = eval(call, board)
    assert (list(actual) if isinstance(actual, tuple) else actual) == value


@pytest.fixture
def canmv() -> Any:
    """The maix module of a CanMV board: stubs/canmv before stubs on the path."""
    folder = str(ROOT / "stubs" / "canmv")
    saved = {name: sys.modules.pop(name, None) for name in ("KPU", "Maix", "maix")}
    sys.path.insert(0, folder)
    bench.reset("canmv")
    bench.card.insert(bench.MemoryCard(_files()))
    try:
        yield importlib.import_module("maix")
    finally:
        sys.path.remove(folder)
        for name in saved:
            sys.modules.pop(name, None)
        sys.modules.update({name: module for name, module in saved.items() if module is not None})


def test_canmv_names(canmv: Any) -> None:
    """A CanMV board has maix and neither KPU nor Maix; its KPU has the table's methods."""
    for name in ("KPU", "Maix"):
        with pytest.raises(ImportError):
            importlib.import_module(name)
    for method, expected in API["canmv"]["maix.KPU"]["methods"].items():
        _check(getattr(canmv.KPU, method), expected, True)
    assert canmv.GPIO.GPIOHS0 == 0


def test_canmv_life(canmv: Any) -> None:
    """Calls return None or a list, a second deinit False; a deinit without a region layer crashes."""
    import sensor

    sensor.reset()
    sensor.set_pixformat(sensor.RGB565)
    sensor.set_framesize(sensor.QVGA)
    img = sensor.snapshot()
    free = bench.memory.free()
    net = canmv.KPU()
    assert net.load_kmodel("/sd/face.kmodel") is None
    assert net.init_yolo2(ANCHORS, layer_w=20, layer_h=15) is None
    assert net.run_with_output(img) is None
    assert net.regionlayer_yolo2() == []
    bench.kpu.boxes = [(1, 2, 3, 4, 0, 0.75)]
    assert net.regionlayer_yolo2() == [[1, 2, 3, 4, 0, 0.75]]
    bench.kpu.scores = [3.0, 4.0]
    assert net.run_with_output(img, getlist=True)[:3] == [3.0, 4.0, 0.0]
    assert bench.kpu.live == [1]
    assert net.deinit() is True
    assert net.deinit() is False
    assert bench.memory.free() == free
    bench.kpu.check()
    assert "model size 388776 " in bench.uart
    assert "free kpu model buf succeed" in bench.uart
    other = canmv.KPU()
    other.load_kmodel("/sd/face.kmodel")
    with pytest.raises(bench.HardFault, match="init_yolo2"):
        other.deinit()


@pytest.mark.parametrize(
    ("arguments", "kind", "text"),
    [
        ((None,), ValueError, "invalid path input"),
        (("/sd/missing.kmodel",), ValueError, "open file error, please check file path!"),
        ((1.5,), ValueError, "path error!"),
        ((0, 5), ValueError, "path error!"),
        ((64, 0), ValueError, "size error!"),
        (("/sd/html.kmodel",), OSError, "Failed to init model"),
        (("/sd/v5.kmodel",), OSError, "Failed to init model"),
        (("/sd/large.kmodel",), MemoryError, "model buffer memory allocation failed"),
    ],
)
def test_canmv_load_errors(canmv: Any, arguments: tuple[object, ...], kind: type[Exception], text: str) -> None:
    """A failing load raises that firmware's text."""
    free = bench.memory.free()
    with pytest.raises(kind) as caught:
        canmv.KPU().load_kmodel(*arguments)
    assert caught.value.args == (text,)
    assert bench.memory.free() == free


def test_canmv_picture_without_planes(canmv: Any) -> None:
    """A resized picture has no planes; the error names the remedy."""
    import image

    net = canmv.KPU()
    net.load_kmodel("/sd/face.kmodel")
    with pytest.raises(OSError, match="use pix_to_ai"):
        net.run_with_output(image.Image(size=(320, 240)))
    with pytest.raises(ValueError, match="invalid input"):
        net.run_with_output(None)
