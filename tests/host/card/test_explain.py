"""`maixswitch explain` knows every code of every table, and lines as people paste them."""

from __future__ import annotations

import importlib
import json
import re
import subprocess
from collections.abc import Callable

import pytest

from maixswitch.board_code import put_on_path
from maixswitch.card.explain import SIMILAR, explain, known
from maixswitch.card.firmware_lines import LINES
from maixswitch.findings.table import rules

Command = Callable[..., "subprocess.CompletedProcess[str]"]

PASTED = {
    "[MAIXPY]kpu: load error:2006, ERR_NO_MEM: memory not enough": "2006",
    "ValueError: [MAIXPY]kpu: load error:2002, ERR_KMODEL_VERSION: only support kmodel V3": "2002",
    "E (88212) SYSCALL: Out of memory": "2006",
    "run error: 13": "2013",
    "OSError: [Errno 19] ENODEV": "101",
    "OSError: 19": "101",
    "ENODEV": "101",
    "OSError: [Errno 5] EIO": "108",
    "OSError: [Errno 12] ENOMEM": "2006",
    "MemoryError: memory allocation failed, allocating 240 bytes": "106",
    "RuntimeError: Sensor timeout!": "105",
    "OSError: Reset Failed": "104",
    "ValueError: [MAIXPY]kpu: check img format err!": "107",
    "OSError: ERR_OUTPUTS_SET: need kpu.set_outputs() to set shape": "2013",
    "[MAIXPY]kpu: img w=320,h=240, but model w=224,h=224": "107",
    "MemoryError: model buffer memory allocation failed": "2006",
    "open file error, please check file path!": "2005",
    "c206": "C206",
    "2006": "2006",
    "13": "2013",
    "err_no_mem": "2006",
    "the screen says 103": "103",
    "SIPEED_KPU_ERR_IDX_OUTRANGE": "2011",
    "ImportError: no module named 'device'": "C002",
    "ValueError: incompatible .mpy file": "C005",
}


@pytest.mark.parametrize("line", PASTED)
def test_pasted_lines(line: str) -> None:
    explanation = explain(line)
    assert explanation is not None
    assert explanation.code == PASTED[line]
    assert explanation.meaning
    assert explanation.remedy


@pytest.mark.parametrize("row", LINES, ids=lambda row: row.example)
def test_every_row_recognises_its_example(row: object) -> None:
    explanation = explain(row.example)  # type: ignore[attr-defined]
    assert explanation is not None
    code = row.code  # type: ignore[attr-defined]
    assert explanation.code == code if code else explanation.name == row.example  # type: ignore[attr-defined]
    assert explanation.meaning
    assert explanation.remedy


def test_every_code_of_every_table() -> None:
    put_on_path()
    for code in importlib.import_module("device.once.error_texts").codes():
        explanation = explain(str(code))
        assert explanation is not None
        assert (explanation.code, explain(explanation.name)) == (str(code), explanation)
    for row in rules().values():
        explanation = explain(row.code)
        assert explanation is not None
        assert "{" not in explanation.text().replace('{"board"', "")
    assert {code for codes in SIMILAR.values() for code in codes} <= set(rules())


@pytest.mark.parametrize("text", ["error -3", "[MAIXPY]kpu: load error -2", "-3"])
def test_old_firmwares(text: str) -> None:
    explanation = explain(text)
    assert explanation is not None
    assert "old firmware" in explanation.meaning


@pytest.mark.parametrize("text", ["hello", "4711", "C999", "ERR_", "{}", "199999", "Traceback:"])
def test_unknown(text: str) -> None:
    assert explain(text) is None


def test_the_command(command: Command) -> None:
    done = command("explain", "load", "error:2006")
    assert done.returncode == 0
    assert re.match(r"2006 ERR_NO_MEM\n  The model does not fit", done.stdout)
    done = command("explain", "gibberish")
    assert (done.returncode, done.stdout) == (1, "")
    assert "nothing known about: gibberish" in done.stderr
    assert "2006 ERR_NO_MEM" in done.stderr
    done = command("explain", "--json", "C206")
    assert json.loads(done.stdout)["code"] == "C206"
    assert command("explain").stdout.strip() == known()
