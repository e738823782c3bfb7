"""Random scripts are read to exactly what they pass to a spying fake of the firmware when they are run."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, note, settings

from maixswitch.card.importing.script.reading import ModelUse
from tests.host.card.importing_script.generated import Script
from tests.host.card.importing_script.generated_programs import scripts
from tests.host.card.importing_script.reading import read

SPY = Path(__file__).parent / "spy.py"


def run(script: Script) -> dict[str, Any]:
    """Run a script of our own with the spy, and return what each model got."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in {**script.files, "main.py": script.text}.items():
            Path(folder, name).write_text(text, encoding="utf-8")
        command = [sys.executable, str(SPY), "main.py", json.dumps(script.classes)]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    passed: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return passed


def picture(use: ModelUse) -> dict[str, Any]:
    """Return the steps of a picture as the spy writes them."""
    steps = vars(use.picture) if use.picture else {}
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in steps.items()
        if value not in (None, False)
    }


@settings(max_examples=24, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(scripts())
def test_generated_scripts_are_read_as_they_run(script: Script) -> None:
    note(script.text)
    note(str(script.files))
    passed = run(script)
    reading = read(script.text, {name: text.encode() for name, text in script.files.items()})
    assert not reading.trouble
    certain = [use for use in reading.uses if not use.doubtful]
    assert sorted(str(use.model) for use in certain) == sorted(passed)
    for use in certain:
        spied = passed[str(use.model)]
        calls = {json.dumps(call) for call in spied["init"]}
        assert len(calls) == (1 if use.detector else 0)
        if use.detector and use.detector.anchors:
            assert [use.detector.threshold, use.detector.nms, use.detector.count, list(use.detector.anchors)] == spied[
                "init"
            ][0]
        assert use.labels is not None
        assert list(use.labels.value) == [spied["labels"][key] for key in sorted(spied["labels"], key=int)]
        assert sorted(use.runs) == sorted(spied["runs"])
        assert list(map(list, use.outputs)) == spied["outputs"]
        seen = {name: value for name, value in spied["pictures"][0].items() if value is not False}
        assert picture(use) == seen
