"""MaixPy v0.6.0 on an Amigo: its panel takes no type, and the firmware mounts a card at its start only."""

import bench
import lcd
from stage import Stage, card, say


def run():
    stage = Stage().power(card(), "amigo_minimum@v0.6.0-2", settings='{"board": "amigo_tft"}')
    real = lcd.draw_string

    def draw_string(*given):
        say("panel", given[2].strip())
        real(*given)

    stage.boot()
    say("screen", bench.screen.width, bench.screen.height)
    if stage.said("note"):
        raise AssertionError("a note")
    stage.frames(2)
    stage.press(20)
    stage.frames(2)
    stage.expect("RUNNING", "Digits")
    lcd.draw_string = draw_string
    bench.card.eject()
    stage.until("NO_CARD")
    bench.card.insert(mount=False)
    stage.press()
    stage.run(5000)
    stage.expect("NO_CARD")
    stage.end()
