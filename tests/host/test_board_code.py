"""The modules of device/ and stubs/ have everything that the types of board_code promise."""

from __future__ import annotations

import importlib
import inspect
import subprocess
import sys
from typing import Any

import pytest

from maixswitch import board_code, device_types, stub_types
from tests.host.sim_helpers import ROOT


def members(protocol: type) -> set[str]:
    return {name for name in [*vars(protocol), *protocol.__annotations__] if not name.startswith("_")}


@pytest.mark.parametrize(
    ("protocol", "value"),
    [
        (device_types.Boards, board_code.boards),
        (device_types.Board, lambda: board_code.boards().find("dock")),
        (device_types.BoardSettings, lambda: importlib.import_module("device.once.settings").Settings()),
        (device_types.Catalog, board_code.catalog),
        (device_types.ModelSpec, lambda: importlib.import_module("device.spec").ModelSpec("10-name")),
        (device_types.Labels, lambda: importlib.import_module("device.spec").Labels(b"", 0, ())),
        (device_types.ResultShapes, board_code.shapes),
        (device_types.DeviceErrors, board_code.device_errors),
        (device_types.StateMachine, lambda: importlib.import_module("device.fsm")),
        (device_types.KModelHead, board_code.kmodel_head),
        (stub_types.Bench, board_code.bench),
        (stub_types.Clock, lambda: board_code.bench().clock),
        (stub_types.Keys, lambda: board_code.bench().keys),
        (stub_types.Drive, lambda: board_code.bench().card),
        (stub_types.Camera, lambda: board_code.bench().camera),
        (stub_types.Screen, lambda: board_code.bench().screen),
        (stub_types.Kpu, lambda: board_code.bench().kpu),
        (stub_types.SystemHeap, lambda: board_code.bench().memory),
        (stub_types.Uart, lambda: board_code.bench().uart),
        (stub_types.Flavours, board_code.flavours),
        (stub_types.Planes, board_code.planes),
        (stub_types.Font, board_code.font),
    ],
)
def test_the_types_match_the_code(protocol: type, value: Any) -> None:
    real = value()
    for name in members(protocol):
        assert hasattr(real, name), f"{protocol.__name__}.{name}"
        promised, actual = getattr(protocol, name, None), getattr(real, name)
        if inspect.isfunction(promised) and inspect.isroutine(actual):
            promised_names = [part for part in inspect.signature(promised).parameters if part != "self"]
            actual_names = list(inspect.signature(actual).parameters)
            assert len(promised_names) <= len(actual_names), name
            actual_parameters = list(inspect.signature(actual).parameters.values())[len(promised_names) :]
            assert all(part.default is not part.empty for part in actual_parameters), name


def test_a_started_app_has_what_its_type_promises() -> None:
    bench = board_code.bench()
    bench.reset()
    app = board_code.start_app(lambda kind, *values: None)
    assert [name for name in members(device_types.Application) if not hasattr(app, name)] == []
    app.stop()
    assert app.step() is False


def test_the_chosen_firmware_interface_stays_when_another_module_is_imported() -> None:
    program = (
        "import sys; from maixswitch import board_code as b; b.bench('canmv'); b.boards(); "
        "print([p.rsplit('/', 2)[-1] for p in sys.path[:2]])"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], cwd="/", env={"PYTHONPATH": str(ROOT / "host")}, capture_output=True, text=True
    )
    assert result.stdout.strip() == "['canmv', 'stubs']", result.stderr


def test_the_table_of_firmwares_adds_no_fake_to_the_path() -> None:
    program = (
        "import sys; from maixswitch import board_code as b; b.flavours(); b.planes(); b.font(); "
        "print([p for p in sys.path if 'stubs' in p])"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], cwd="/", env={"PYTHONPATH": str(ROOT / "host")}, capture_output=True, text=True
    )
    assert result.stdout.strip() == "[]", result.stderr
