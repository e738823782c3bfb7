"""`maixswitch explain` knows every code of every table, and lines as people paste them."""

from __future__ import annotations

import importlib
import json
import re
import subprocess
from collections.abc import Callable

import pytest

from maixswitch.board_code import put_on_path
from maixswitch.card.explain import SIMILAR, explain, explain_lines, known, nearest
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
    "[MAIXPY]kpu: img w=320,h=240, but model w=0,h=0": "",
    "MemoryError: model buffer memory allocation failed": "2006",
    "open file error, please check file path!": "2005",
    "c206": "C206",
    "2006": "2006",
    "13": "2013",
    "err_no_mem": "2006",
    "the screen says 103": "103",
    "[maixswitch] 103 BAD_FOLDER: models/1-a/model.json": "103",
    "  error C206 models/1-a: does not fit": "C206",
    "the fault is C206, they say": "C206",
    "kpu: run error: 2012": "2012",
    "memory overflow": "2006",
    "ValueError: the model is too large": "2006",
    "error gc0328 detect, ret id is 0xff": "104",
    "error ov7740 detect, ret id is 0x0": "104",
    "[MAIXPY]: sensor reset function is null": "104",
    "could not open port '/dev/ttyUSB0': [Errno 13] Permission denied: '/dev/ttyUSB0'": "B604",
    "could not open port 'COM5': PermissionError(13, 'Access is denied.', None, 5)": "B603",
    "[Errno 16] could not open port /dev/ttyUSB0: [Errno 16] Device or resource busy: '/dev/ttyUSB0'": "B603",
    "mpremote: failed to access /dev/ttyUSB1 (it may be in use by another program)": "B603",
    "could not open port 'COM9': FileNotFoundError(2, 'The system cannot find the file specified.', None, 2)": "B601",
    "device reports readiness to read but returned no data (device disconnected?)": "B608",
    "\x1b[31m\x1b[1m[ERROR]\x1b[0m No valid COM Port found in Auto Detect, Check Your Connection": "B600",
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


OWN_TEXTS = {
    "Greeting fail, check serial port (Attempting to use a port that is not open)": "boot loader",
    "[ERROR] No vaild Kendryte K210 found in Auto Detect, Check Your Connection": "boot loader",
    "[ERROR] Failed to Connect to K210's Stub": "rate is too high",
    "[ERROR] Failed to write to K210's flash": "could not write the flash",
    "core dump: fault load": "The chip crashed",
    "core dump: misaligned store": "The chip crashed",
    "OSError: Failed to load model": "CanMV",
}


@pytest.mark.parametrize("line", OWN_TEXTS)
def test_lines_with_texts_of_their_own(line: str) -> None:
    explanation = explain(line)
    assert explanation is not None
    assert OWN_TEXTS[line] in explanation.meaning
    assert explanation.remedy


# Each log: its lines, and the codes and names that explain it, in their order.
LOGS = [
    ("ValueError: [MAIXPY]kpu: load error:2006, ERR_NO_MEM: memory not enough\nkpu_net __del__",
     ["2006", "kpu_net __del__"]),
    ("kpu_net __del__\nkpu_net __del__\ninit i2c2\nTraceback (most recent call last):\n"
     '  File "<stdin>", line 104, in <module>\n'
     "ValueError: [MAIXPY]kpu: load error:2002, ERR_KMODEL_VERSION: only support kmodel V3",
     ["2002", "kpu_net __del__"]),
    ("[Warning] function is used by fm.fpioa.GPIOHS0(pin:16)\r\nOSError: Reset Failed\r\n",
     ["104", "[Warning] function is used by fm.fpioa.GPIOHS0(pin:16)"]),
    ("set_outputs ctx error, maybe init err:2002\nOSError: [Errno 19] ENODEV\nRuntimeError: Sensor timeout!",
     ["101", "105", "set_outputs ctx error, maybe init err:2002"]),
    ("kpu_net __del__", ["kpu_net __del__"]),
]  # fmt: skip


@pytest.mark.parametrize(("log", "expected"), LOGS)
def test_each_line_of_a_log_by_itself_and_harmless_ones_last(log: str, expected: list[str]) -> None:
    assert [item.code or item.name for item in explain_lines(log)] == expected


NO_CODES = (
    'File "main.py", line 104, in <module>',
    'File "main.py", line 199, in step',
    "OSError: [Errno 110] ETIMEDOUT",
    "OSError: [Errno 104] ECONNRESET",
    "W (2009) wifi: no answer",
    "I (108) cpu_start: 400 MHz",
    "read 2006 bytes",
    "12:34:101",
    "192.168.0.103",
    "temperature 104 at 0x80000108",
)


@pytest.mark.parametrize("line", NO_CODES)
def test_a_number_is_a_code_only_where_the_firmware_prints_one(line: str) -> None:
    assert explain(line) is None


UNKNOWN = {
    "ERR_NO_MEMM": "2006",
    "ERR_KMODEL_VERSON": "2002",
    "kpu_net__del__": "kpu_net __del__",
    "the camra does not answer": "104",
    "Out of normal MicroPyton Heap": "106",
}


@pytest.mark.parametrize("text", UNKNOWN)
def test_an_unknown_text_gets_the_nearest_ones(text: str) -> None:
    assert explain(text) is None
    offered = nearest(text)
    assert 1 <= len(offered) <= 3
    assert UNKNOWN[text] in (offered[0].code, offered[0].name)


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
    assert "C001" not in done.stderr
    done = command("explain", "ERR_NO_MEMM")
    assert (done.returncode, done.stdout) == (1, "")
    assert "2006 ERR_NO_MEM: The model does not fit" in done.stderr
    done = command("explain", "--json", "C206")
    assert json.loads(done.stdout)["code"] == "C206"
    done = command("explain", "--json", "kpu_net __del__\nERR_NO_MEM")
    document = json.loads(done.stdout)
    assert (document["code"], document["others"][0]["name"]) == ("2006", "kpu_net __del__")
    done = command("explain", "--json", "ERR_NO_MEMM")
    assert json.loads(done.stdout)["nearest"][0] == "2006"
    assert command("explain", stdin="").stdout.strip() == known()


@pytest.mark.parametrize("arguments", [[], ["-"]])
def test_a_pipe(command: Command, arguments: list[str]) -> None:
    done = command("explain", *arguments, stdin="garbage \x00\nOSError: Reset Failed\nkpu_net __del__\n")
    assert done.returncode == 0
    assert done.stdout.startswith("104 CAMERA_MISSING\n")
    assert "kpu_net __del__" in done.stdout
    done = command("explain", *arguments, stdin="x" * (1 << 20) + "y")
    assert done.returncode == 2
    assert "1048576 bytes" in done.stderr
