"""The fakes, and real images, answer the probes as `probes/` says."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import flavours
from tests.firmware import card, on_image, probe_file
from tests.firmware.probe_file import Group, Probe

ROOT = Path(__file__).parents[2]
ON_FAKES = (
    "minimum_with_kmodel_v4_support@v0.6.2-72",
    "minimum@v0.6.0-2",
    "full@v0.6.2-85",
    "m5stickv@v0.6.0-2",
    "amigo_tft@v0.6.0-2",
    "canmv_lite",
)
"""The flavours whose fakes are asked in every run."""
GROUPS = probe_file.groups()


def chosen(row: tuple, present: bool = True) -> list[tuple[Group, list[Probe]]]:  # type: ignore[type-arg]
    """Return the groups for a flavour, each with its probes for it; without those whose models are absent."""
    picked = []
    for group in GROUPS:
        probes = [probe for probe in group.probes if probe_file.holds(group.on + probe.on, row)]
        if probes and all((card.shared_models() / name).is_file() for name in group.needs):
            picked.append((group, probes))
    return picked


def report(group: Group, probe: Probe, answer: str) -> str:
    """Return the lines that tell one wrong answer."""
    answer = probe_file.normal(answer)
    return (
        f"{group.file}.txt:{probe.line} ({group.name})\n>>> {probe.statement}\n{answer}\n-- expected:\n{probe.expected}"
    )


def test_the_probes_are_read() -> None:
    """Every group has a name of its own and at least one probe."""
    names = [group.name for group in GROUPS]
    assert len(names) == len(set(names))
    assert [group.name for group in GROUPS if not group.probes] == []


@pytest.mark.parametrize("flavour", ON_FAKES)
def test_fakes(flavour: str) -> None:
    """The fakes answer as the firmware, except where a probe says that they differ; there they must."""
    picked = chosen(flavours.find(flavour))
    questions = [(group.set_up, [probe.statement for probe in probes]) for group, probes in picked]
    done = subprocess.run(
        [sys.executable, "-m", "tests.firmware.on_fakes", flavour],
        input=json.dumps(questions),
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "stubs"), str(ROOT / "host")))},
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    wrong = []
    for (group, probes), answers in zip(picked, json.loads(done.stdout), strict=True):
        for probe, answer in zip(probes, answers, strict=True):
            if probe_file.agrees(probe.expected, answer) == bool(probe.fakes_differ):
                wrong.append(
                    report(group, probe, answer) + ("\n-- but: " + probe.fakes_differ) * bool(probe.fakes_differ)
                )
    assert not wrong, "\n\n".join(wrong)


def images() -> list[object]:
    """Return the images of MAIXSWITCH_FIRMWARE that the table of flavours knows."""
    folder = os.environ.get("MAIXSWITCH_FIRMWARE")
    if not folder:
        return [pytest.param(None, id="none", marks=pytest.mark.skip("set MAIXSWITCH_FIRMWARE to a folder of images"))]
    found: list[object] = []
    for path in sorted(Path(folder).glob("*.bin")):
        row = on_image.row_of(path)
        if row:
            found.append(pytest.param((path, row), id=f"{row[flavours.NAME]}@{row[flavours.VERSION]}"))
    return found


@functools.lru_cache(maxsize=1)
def booted(path: Path, row: tuple) -> on_image.RealBoard:  # type: ignore[type-arg]
    """Return a board at the prompt of an image, and keep the last one."""
    return on_image.RealBoard(path, row)


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.name.replace(" ", "-"))
@pytest.mark.parametrize("image", images())
def test_image(image: tuple[Path, tuple], group: Group) -> None:  # type: ignore[type-arg]
    """A real image answers as the probes say."""
    path, row = image
    probes = next((probes for other, probes in chosen(row) if other is group), [])
    if not probes:
        pytest.skip("no probe of this group is for this image, or its models are absent (set MAIXSWITCH_KMODELS)")
    answers = booted(path, row).answers(group.set_up, [probe.statement for probe in probes])
    wrong = [
        report(group, probe, answer)
        for probe, answer in zip(probes, answers, strict=True)
        if not probe_file.agrees(probe.expected, answer)
    ]
    assert not wrong, "\n\n".join(wrong)
