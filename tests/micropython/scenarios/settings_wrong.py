"""Mistakes in maixswitch.json are named on the screen for a while; what is right in it counts, and the app goes on."""

from stage import Stage, card

TEXTS = (
    "{",
    "[1, 2]",
    '{"screen": {"rotation": 9}}',
    '{"bord": "dock"}',
    '{"keys": [{"pin": 99, "role": "next"}]}',
    '{"keys": [{"pin": 16, "role": "sideways"}]}',
    '{"keys": []}',
    '{"watchdog": "on"}',
    '{"camera": 1}',
    '{"link": 1}',
    '{"watchdog": true}',
    '{"board": 7}',
    "",
)


def run():
    for text in TEXTS:
        stage = Stage().start(card(), settings=text)
        if len(stage.said("note")) != 1:
            raise AssertionError("%d notes about %r" % (len(stage.said("note")), text))
        stage.frames(1)
        stage.expect("RUNNING", "Face")
        stage.press()
        stage.frames(1)
        stage.expect("RUNNING", "Digits")
        stage.end()
    good = '{"board": "bit", "screen": {"rotation": 2}, "camera": {"hmirror": true}, "watchdog": 8000, "link": false}'
    stage = Stage().start(card(), settings=good)
    if stage.said("note"):
        raise AssertionError("a note about good settings")
    stage.frames(1)
    stage.end()
