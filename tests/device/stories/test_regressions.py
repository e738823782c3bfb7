"""Stories that once failed, each with the bug that it showed; Hypothesis or the enumeration has shortened them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.device.stories.story import DEFAULT, Story

HEAP = 'MemoryError "memory allocation failed, allocating 240 bytes"'

# name -> (board, flavour, actions); the card is the good one
REGRESSIONS: dict[str, tuple[str, str, str]] = {
    "a full heap while the app looked for the card ended the app, because only frames were guarded": (
        "", DEFAULT, f"wait 1s\nraise uos.stat 1 {HEAP}\nexpect fault 106\npress 1\nexpect state RUNNING"),
    "the note on the settings hid 101, and 101 then hid the card that had come": (
        "m5stickv", "full", "eject\ninsert\nrestart\nwait 7s"),
    "a note's time went on after a fault had replaced it, and hid the next message": (
        "", DEFAULT, "insert late\nwait 7s\npower\neject\nwait 5ms\npress 1 after 0ms\ninsert plain\nwait 6s"),
    "keys stayed dead when the second set-up, with the card's settings, failed half-way": (
        "", DEFAULT, f"eject\nraise GPIO.init 2 {HEAP}\nrestart\nwait 1s\ninsert\nexpect state RUNNING within 20s\n"
        "press 1\nexpect title Digits"),
    "an interrupt stayed armed when the heap was too full for the second key's GPIO": (
        "cube", DEFAULT, f"raise GPIO.irq 2 {HEAP}\nrestart\nwait 1s\nrestart"),
    "the same by Ctrl-C between two keys": ("cube", DEFAULT, "raise fm.register 3 KeyboardInterrupt\nrestart\nwait 1s"),
    "a second Ctrl-C, which tools send at once, left interrupts and watchdog on": (
        "cube", DEFAULT, "wait 1s\nraise GPIO.disirq 1 KeyboardInterrupt\nrestart\nexpect state RUNNING"),
    "the second Ctrl-C left the model loaded": (
        "", "canmv", "wait 1s\nraise maix.deinit 1 KeyboardInterrupt\nrestart\nexpect state RUNNING"),
    "a task whose outputs could not be set was dropped without deinit": (
        "cube", DEFAULT, "press next\npress next\nraise KPU.set_outputs KeyboardInterrupt\npress next\nwait 1s"),
    "the task stayed for ever when that deinit failed, because the app did not try again": (
        "cube", DEFAULT, "press next\npress next\nraise KPU.set_outputs 1 ValueError\nraise KPU.deinit 1 TypeError\n"
        "press next\nwait 1s"),
    "deinit after an init_yolo2 that had failed is CanMV's crash": (
        "", "canmv", f"raise maix.init_yolo2 1 {HEAP}\nexpect fault 106\npress 1\nexpect state RUNNING"),
    "a classifier stayed in memory for ever when the heap was too full for its dummy region layer": (
        "", "canmv", f"expect state RUNNING\npress 1\nexpect title Digits\nexpect state RUNNING\n"
        f"raise maix.init_yolo2 1 {HEAP}\npress 1\nexpect title Things\nexpect state RUNNING"),
    "the choice was not written to a second card with a folder of the same name": (
        "", DEFAULT, "press 1\nwait 7s\ninsert other\nwait 12s\npower\nexpect title Digits"),
    "the keys of another board stayed when the card was pulled before its settings were read": (
        "yahboom_devkit", DEFAULT, "eject\nrestart\nwait 100ms\ninsert\neject at 2\nwait 9s\ninsert\nwait 4s\n"
        "expect state RUNNING\npress\nexpect title Digits within 2s"),
    "the same at the start": (
        "yahboom_devkit", DEFAULT, "eject at 2\nrestart\ninsert\nwait 4s\nexpect state RUNNING\npress\n"
        "expect title Digits within 2s"),
    "the stop button of MaixPy IDE, a plain exception, was shown as fault 199 and did not stop the app": (
        "", DEFAULT, 'wait 1s\nraise lcd.display 1 Exception "IDE interrupt"\nexpect state STOPPED within 2s'),
    "the same while the firmware looked for the camera": (
        "", DEFAULT, 'wait 1s\nraise sensor.reset 1 Exception "IDE interrupt"\nfail camera\n'
        "expect state STOPPED within 4s"),
    "the simulator's watchdog bit a board without power": (
        "", DEFAULT, "wait 4s\npower cut 0\nwait 20s\npower\nexpect state RUNNING"),
    "after an empty card whose message met a full heap, a key in FAULT divided by the number of models, 0": (
        "", DEFAULT, f"eject\ninsert empty\npower\npress\nraise lcd.draw_string 1 {HEAP}\npress\nwait 3s\npress\n"
        "expect state EMPTY within 3s"),
    "SystemExit and the IDE's stop button at the end of the app left interrupts on": (
        "cube", DEFAULT, 'wait 1s\nraise GPIO.disirq 2 SystemExit\nrestart\nwait 1s\n'
        'raise GPIO.disirq 2 Exception "IDE interrupt"\nrestart\nexpect state RUNNING'),
    "CanMV's fake crashed when the run of a network for floats was told to fail": (
        "", "canmv", "insert late\nwait 6s\npress\nexpect title Floats\nfail run 2008\nexpect fault 2008 within 5s"),
}  # fmt: skip


@pytest.mark.parametrize("name", REGRESSIONS)
def test_regression(cards: Path, name: str, request: pytest.FixtureRequest) -> None:
    board, flavour, actions = REGRESSIONS[name]
    if flavour == "canmv":
        request.getfixturevalue("canmv")
    story = Story(cards, "good", board, flavour).power_on()
    story.do(*actions.splitlines()).recover().end()


def test_a_camera_that_failed_without_a_text_was_reported_as_ok(cards: Path) -> None:
    """A full heap may leave an error without a text."""
    story = Story(cards, "good").power_on().do("raise sensor.set_pixformat 1 MemoryError", "restart")
    assert [row[2:] for row in story.log if row[1] == "camera"][1:] == [("missing", "no memory")]
    story.recover().end()
