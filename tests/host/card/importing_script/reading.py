"""Read a script of a test with the files of a dictionary beside it."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import dedent

from maixswitch.card.importing.script.read import read_script
from maixswitch.card.importing.script.reading import ModelUse, ScriptReading

CAMERA = """
import sensor, image, lcd
import KPU as kpu
sensor.reset()
sensor.set_pixformat(sensor.RGB565)
sensor.set_framesize(sensor.QVGA)
"""


def read(text: str, files: Mapping[str, bytes] | None = None) -> ScriptReading:
    """Read a script; its files are found by their names without folder."""
    known = files or {}
    return read_script(dedent(text), "main.py", lambda path: known.get(path.rpartition("/")[2]))


def uses(text: str, files: Mapping[str, bytes] | None = None) -> dict[str | int | None, ModelUse]:
    """Return the uses of a script by their models, of which each has one."""
    reading = read(text, files)
    assert not reading.trouble
    by_model = {use.model: use for use in reading.uses}
    assert len(by_model) == len(reading.uses), reading.uses
    return by_model


def only(text: str, files: Mapping[str, bytes] | None = None) -> ModelUse:
    """Return the only use of a script."""
    (use,) = uses(text, files).values()
    return use


def labels(use: ModelUse) -> tuple[str, ...] | None:
    """Return the labels of a use without their place."""
    return use.labels.value if use.labels else None
