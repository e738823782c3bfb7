"""A firmware from before the app: panel and serial line say so, and which one to take; nothing is left running."""

import bench
import lcd
from stage import Stage, card, left_behind, say


def run():
    stage = Stage().power(card(), "full@v0.5.0-89", settings='{"board": "bit"}', panel=True)
    real = lcd.draw_string

    def draw_string(*given):
        say("panel", given[2].strip())
        real(*given)

    lcd.draw_string = draw_string
    try:
        stage.boot()
    except SystemExit:
        say("no traceback")
    else:
        raise AssertionError("it runs")
    if bench.calls.get("sensor.reset") or bench.calls.get("KPU.load"):
        raise AssertionError("it went on")
    left_behind()
