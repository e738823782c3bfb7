"""One key: short presses go forward and wrap at the end, long ones go back and wrap at the beginning."""

from stage import Stage, card


def run():
    stage = Stage().start(card())
    for title in ("Face", "Digits", "Things", "Face"):
        stage.frames(2)
        stage.expect("RUNNING", title)
        stage.press()
        stage.expect("UNLOADED")
    for title in ("Digits", "Face", "Things", "Digits"):
        stage.frames(2)
        stage.expect("RUNNING", title)
        stage.press(hold=900)
    stage.end()
