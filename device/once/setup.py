"""The start: choose the KPU module and the board, and set up the hardware as the settings on the card say.

A running app does not need this, so it drops the modules of device/once when the start is done.
"""

import gc
import sys

from device import hal
from device.errors import DeviceError, describe
from device.once import boards, hal_start
from device.once.settings import Settings
from device.overlay import Overlay
from device.spec import say

BOARD = "dock"  # when neither the settings nor /flash/config.json name one
NOTES_MS = 3000


def open_kpu():
    """Return the adapter for this firmware: MaixPy's module KPU if there is one, else CanMV's class maix.KPU.

    An adapter is a module: load(spec) -> task, detector(task, spec, results), classifier(task, spec) and
    outputs(task, spec) -> callables, elements(output), unload(task), encode, compare, ANCHOR_PAIRS, NAME.
    Raises ImportError when the firmware has neither.
    """
    try:
        from device import kpu_maixpy as kpu
    except ImportError:
        sys.modules.pop("device.kpu_maixpy", None)  # v1.11 keeps a failed module, and returns it at the next import
        from device import kpu_canmv as kpu
    return kpu


def start(app):
    """Wait up to two seconds for the card, set up the hardware, and read the card."""
    advice = hal_start.advice()
    if advice:
        app.advice = advice
    tries = 20  # the firmware mounts the card while the app starts
    while not hal.present(app.root) and tries:
        hal.sleep(100)
        tries -= 1
    fit_out(app, tries > 0)
    if tries:
        app.machine.post("CARD_IN")
    else:
        app.show_no_card(None)


def refuse_old(app):
    """If the firmware is too old, say so on panel and serial line, and end without a traceback."""
    version = hal_start.too_old()
    if version:
        error = DeviceError(111, "It is %s." % version)
        Overlay(app.screen).fault(error)
        print("[maixswitch]", error, *describe(111)[1:])
        raise SystemExit


def fit_out(app, card):
    """Set up the app's hardware as the settings ask. Wrong settings and missing parts are shown once.

    card: whether there is one; without it the settings stay unread.
    """
    app.disarm()
    app.hold = 0
    app.carded = False
    settings = Settings.read(app.root)
    gc.collect()  # now, so that the lasting objects lie low in the heap
    problems = [say(problem) for problem in settings.problems]
    if settings.board:
        board = boards.find(settings.board)
    else:
        board = boards.find_by_config(hal_start.config_value("type")) or boards.find(BOARD)
    # Panel, then camera, then model: the panel keeps its buffer for ever, and sensor.c until the next reset. So the
    # model is the topmost block of the system heap, and leaves no hole when it is released.
    wrong = hal_start.panel(board, settings.screen)
    app.screen = hal.Screen()
    # As soon as a panel can show the fault, and before the first call that an old firmware lacks.
    refuse_old(app)
    app.camera = hal.Camera(board, settings.camera)
    app.keys = hal.Keys(boards.gestures(settings.keys or board.keys), app.clock)
    app.dog = None
    if settings.watchdog:
        from device.hal_dog import Watchdog

        app.dog = Watchdog(settings.watchdog)
    app.overlay = Overlay(app.screen)
    if hal_start.size(app.root + "/maixswitch.fnt"):
        from device.glyph_overlay import begin

        begin(app, settings)
    silent = ""
    if settings.link:
        from device.once.hal_link import connect

        silent = connect(app, settings.link, settings.keys or board.keys, board.id)
    app.revive()

    # Show what is wrong for a while, and load no model meanwhile.
    for text in (wrong, app.keys.problem, silent):
        if text:
            problems.append(text)
    if problems:
        text = "\n".join(problems)
        app.report("note", text)
        app.overlay.fault(DeviceError(109, text))
        app.hold = hal.ticks() + NOTES_MS
    # Last: if something above raises, App.look() must do all of this again.
    app.carded = card and settings.sure
