"""A board that nobody knows, in the settings or in the firmware's own file: the usual pins, and a word about it."""

import bench
from stage import Stage, card, say


def run():
    stage = Stage().start(card(), settings='{"board": "maixmax"}')
    if len(stage.said("note")) != 1:
        raise AssertionError("no note")
    stage.frames(1)
    stage.press()
    stage.frames(1)
    stage.expect("RUNNING", "Digits")
    stage.end()
    stage = Stage().start(card(), config={"type": "maixmax"})
    stage.frames(1)
    stage.press()
    stage.frames(1)
    stage.expect("RUNNING", "Digits")
    stage.end()
    stage = Stage().start(card(), config={"type": "m5stickv"})
    stage.frames(1)
    say("screen", bench.screen.width, bench.screen.height)
    stage.end()
