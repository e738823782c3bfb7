"""A worn key: the contact toggles for some ms at both ends of a press, and one press stays one press."""

import bench
from stage import Stage, card

BOUNCES = ((1,), (2, 5), (1, 2, 3, 4), (3, 6, 9, 12, 15), (2, 9, 11, 19, 24))


def run():
    stage = Stage().start(card())
    stage.frames(1)
    for bounce in BOUNCES:
        before = len(stage.said("select"))
        stage.press(hold=120, bounce=bounce)
        stage.run(100)
        if len(stage.said("select")) != before + 1:
            raise AssertionError("%d selections" % (len(stage.said("select")) - before))
        stage.frames(1)
    bench.fail_next("KPU.load", 2006)
    stage.press()
    stage.until("FAULT")
    stage.run(500)
    stage.press(hold=4)  # a spark is no press where the app looks often enough to know it: not within frames
    stage.run(300)
    stage.expect("FAULT", None, 2006)
    before = len(stage.said("select"))
    stage.press(hold=900, bounce=(2, 5, 8))
    stage.frames(1)
    stage.expect("RUNNING", "Things")
    if len(stage.said("select")) != before + 1:
        raise AssertionError("the long press spoke more than once")
    stage.end()
