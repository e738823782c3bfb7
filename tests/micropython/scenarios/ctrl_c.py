"""Ctrl-C at any point of main(): it gets through to the REPL, and no model, interrupt or watchdog is left behind."""

import sys

import bench
from stage import Stage, app_module, card, left_behind, say

POINTS = (
    ("uos.stat", 1),
    ("file.read", 1),
    ("lcd.init", 1),
    ("lcd.clear", 1),
    ("lcd.draw_string", 2),
    ("GPIO.irq", 1),
    ("sensor.reset", 1),
    ("sensor.set_framesize", 1),
    ("uos.ilistdir", 1),
    ("file.read", 4),
    ("file.readline", 2),
    ("utime.sleep_ms", 1),
    ("KPU.load", 1),
    ("KPU.init_yolo2", 1),
    ("sensor.snapshot", 1),
    ("KPU.run_yolo2", 1),
    ("Image.draw_rectangle", 1),
    ("Image.draw_string", 2),
    ("lcd.display", 1),
    ("lcd.display", 40),
    ("sensor.snapshot", 100),
    ("WDT", 1),
    ("file.write", 1),
    ("file.close", 2),
)


def too_long():
    raise bench.HardFault("the point was never reached")


def interrupt(start):
    bench.clock.at(60000, too_long)
    try:
        start()
    except KeyboardInterrupt:
        return
    raise AssertionError("no interrupt")


def run():
    settings = '{"board": "cube", "watchdog": 8000}'
    for name, nth in POINTS:
        Stage().power(card(), settings=settings)
        bench.fail_at(name, nth, KeyboardInterrupt())
        interrupt(app_module().main)
        say("after", name, nth)
        if name == "file.close":
            bench.open_files = 0  # nobody can close a file whose close was interrupted
        left_behind()
    Stage().power(card(), settings=settings)
    bench.fail_at("sensor.snapshot", 200, KeyboardInterrupt())
    interrupt(lambda: __import__("main"))  # main.py of the card, as the firmware runs it
    left_behind()
    say("/sd" in sys.path)
    Stage().power(card())
    bench.fail_at("sensor.snapshot", 20, SystemExit())
    try:
        app_module().main()
        raise AssertionError("no exit")
    except SystemExit:
        say("exit")
    left_behind()
