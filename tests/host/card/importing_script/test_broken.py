"""Scripts that are not valid Python: what can be read of them is read, and the trouble is named."""

from __future__ import annotations

from tests.host.card.importing_script.reading import CAMERA, labels, read

BODY = """
names = ['ox', 'yak']
task = kpu.load('/sd/x.kmodel')
kpu.init_yolo2(task, 0.5, 0.3, 2, (1, 2, 3, 4))
for box in kpu.run_yolo2(task, sensor.snapshot()):
    print(names[box.classid()])
"""


def test_python_2_prints_cost_their_own_line_only() -> None:
    reading = read(CAMERA + BODY + "print 'done'\nprint names\n")
    (use,) = reading.uses
    assert (use.model, labels(use)) == ("/sd/x.kmodel", ("ox", "yak"))
    assert reading.trouble.startswith("line 13")


def test_tabs_and_blanks_together() -> None:
    reading = read(CAMERA + BODY.replace("    print", "    if box.x():\n\tprint"))
    assert [labels(use) for use in reading.uses] == [("ox", "yak")]


def test_half_a_script_is_searched() -> None:
    reading = read(CAMERA + BODY + "def more(\n")
    assert reading.trouble
    assert [use.model for use in reading.uses] == ["/sd/x.kmodel"]
    assert [(item.name, item.value) for item in reading.lists] == [("names", ("ox", "yak"))]


def test_other_languages_are_searched_in_vain() -> None:
    for text in ("int main(void) { return 0; }", '{"cells": [}', "\x00\x01", "<html>"):
        reading = read(text)
        assert reading.trouble
        assert not reading.uses


def test_the_address_in_the_flash_of_a_broken_script() -> None:
    reading = read("task = kpu.load(0x500000)\nanchors = [1, 2, 3, 4]\nwhile True\n")
    assert [use.model for use in reading.uses] == [0x500000]
    assert [item.value for item in reading.numbers] == [(1, 2, 3, 4)]
