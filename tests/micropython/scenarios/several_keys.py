"""Three keys by role, two keys by order, keys from the settings: each does its own, long presses included."""

import bench
from stage import Stage, card


def run():
    stage = Stage().start(card(), settings='{"board": "cube"}')
    stage.frames(1)
    for pin, hold, title in (
        (16, 80, "Digits"),
        (11, 80, "Face"),
        (11, 80, "Things"),
        (10, 80, "Things"),
        (10, 900, "Digits"),
    ):
        stage.press(pin, hold)
        stage.frames(1)
        stage.expect("RUNNING", title)
    stage.press(16, 900)  # no long gesture: a short one, late
    stage.frames(1)
    stage.expect("RUNNING", "Things")
    bench.keys.press(16, 80)  # two keys at once
    bench.keys.press(11, 80)
    stage.run(400)
    stage.frames(1)
    stage.end()

    stage = Stage().start(card(), settings='{"board": "m5stickv"}')
    stage.frames(1)
    for pin, hold, title in ((36, 80, "Digits"), (37, 80, "Face"), (36, 900, "Things"), (37, 900, "Things")):
        stage.press(pin, hold)
        stage.frames(1)
        stage.expect("RUNNING", title)
    stage.end()

    keys = '{"keys": [{"pin": 20, "role": "next"}, {"pin": 21, "role": "prev"}, {"pin": 22, "role": "primary"}]}'
    stage = Stage().start(card(), settings=keys)
    stage.frames(1)
    for pin, title in ((20, "Digits"), (21, "Face"), (22, "Face"), (16, "Face")):
        stage.press(pin)
        stage.frames(1)
        stage.expect("RUNNING", title)
    stage.end()
