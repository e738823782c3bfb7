"""model.json names another size than the model has: known only when it runs; the fault says so and the key goes on."""

from stage import DIGITS, Stage, card


def run():
    files = card()
    files["models/2-digits/model.json"] = DIGITS.replace("[28, 28, 1]", "[32, 32, 1]")
    stage = Stage().start(files)
    stage.frames(1)
    stage.press()
    stage.until("FAULT")
    stage.expect("FAULT", None, 107)
    stage.press()
    stage.frames(1)
    stage.expect("RUNNING", "Things")
    stage.end()
