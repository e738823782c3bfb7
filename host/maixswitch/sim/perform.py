"""Carries out actions that take no board time. A script, the page and a replay act on a board only through this."""

from __future__ import annotations

import builtins
from collections.abc import Callable
from pathlib import Path
from typing import Any

from maixswitch.errors import EXIT_FINDINGS, MaixSwitchError
from maixswitch.language import tr
from maixswitch.sim import actions as s
from maixswitch.sim.simulated_board import SimulatedBoard

MAX_DIGITS = 20  # a longer number stays text, since int() refuses a very long one
SELECTABLE = ("UNLOADED", "RUNNING", "FAULT")


def act(sim: SimulatedBoard, action: s.Action, base: Path = Path()) -> None:
    """Carry out one action that takes no board time.

    base: the folder to which paths of other cards and pictures are relative.
    Raises MaixSwitchError if the board is in the wrong state for it, or if a file is missing.
    """
    _ACTS[type(action)](sim, action, base)


def _finger(sim: SimulatedBoard, action: s.Finger, base: Path) -> None:
    sim.bench.keys.set(sim.pin(action.key), 0 if action.down else 1)


def _select(sim: SimulatedBoard, action: s.Select, base: Path) -> None:
    app = sim.app
    # The state machine has rows for SELECT in these states only (device/fsm.py). It would refuse the event when the
    # script has already gone on, so refuse it here.
    if app is None or sim.state not in SELECTABLE or not 0 < action.number <= len(app.catalog or ()):
        raise MaixSwitchError(
            tr(
                "in {state} there is no model {number} to select",
                state=sim.state,
                number=action.number,
            ),
            EXIT_FINDINGS,
        )
    app.machine.post("SELECT", action.number - 1)


def _card(sim: SimulatedBoard, action: s.Card, base: Path) -> None:
    card = sim.bench.card
    if action.inserted:
        sim.insert(base / action.path if action.path else None)
    elif action.at:
        card.pull_at(action.at)
    else:
        card.eject()


def _power(sim: SimulatedBoard, action: s.Power, base: Path) -> None:
    if action.cut is None:
        sim.power_cycle()
    else:
        sim.bench.card.power_cut_after(action.cut)


def _restart(sim: SimulatedBoard, action: s.Restart, base: Path) -> None:
    sim.restart()


def _skip(sim: SimulatedBoard, action: s.Skip, base: Path) -> None:
    sim.bench.clock.advance(action.ms, True)  # as if the firmware kept the interpreter waiting


def _fail(sim: SimulatedBoard, action: s.Fail, base: Path) -> None:
    if action.part == "camera":
        sim.bench.camera.connected = False
    else:
        setattr(sim.engine.failures, action.part, action.code)


def _raise(sim: SimulatedBoard, action: s.Raise, base: Path) -> None:
    # A number alone is a firmware code, which only the bench can turn into the firmware's exception.
    if action.error.isdecimal():
        sim.bench.fail_at(action.call, action.nth, int(action.error))
        return
    text = action.text
    # Pass a number as a number: the app looks up an OSError by its first argument (device/errors.py).
    values = [int(text) if text.isdecimal() and len(text) < MAX_DIGITS else text] if text else []
    sim.bench.fail_at(action.call, action.nth, getattr(builtins, action.error)(*values))


def _damage(sim: SimulatedBoard, action: s.Damage, base: Path) -> None:
    try:
        sim.card.damage(action.path)
    except OSError as error:
        raise MaixSwitchError(tr("{path}: no such file on the card", path=action.path), EXIT_FINDINGS) from error


def _slow(sim: SimulatedBoard, action: s.Slow, base: Path) -> None:
    sim.slow_down(action.factor)


def _heal(sim: SimulatedBoard, action: s.Heal, base: Path) -> None:
    if action.part == "camera":
        sim.bench.camera.connected = True
    elif action.part:
        sim.card.repair(action.part)
    else:
        # End every fault that an action can order, including those that another page ordered.
        sim.bench.heal()
        sim.bench.card.power_cut_after(None)
        sim.bench.card.pull_at(None)
        sim.engine.failures.heal()
        sim.bench.camera.connected = True
        sim.card.repair()
        sim.slow_down(1)


def _boxes(sim: SimulatedBoard, action: s.Boxes, base: Path) -> None:
    sim.bench.kpu.boxes = list(action.boxes)


def _scores(sim: SimulatedBoard, action: s.Scores, base: Path) -> None:
    sim.bench.kpu.scores = list(action.scores)


def _camera(sim: SimulatedBoard, action: s.Camera, base: Path) -> None:
    sim.look_at(action.path, base)


_ACTS: dict[type, Callable[[SimulatedBoard, Any, Path], None]] = {
    s.Finger: _finger,
    s.Select: _select,
    s.Card: _card,
    s.Power: _power,
    s.Restart: _restart,
    s.Skip: _skip,
    s.Fail: _fail,
    s.Raise: _raise,
    s.Damage: _damage,
    s.Slow: _slow,
    s.Heal: _heal,
    s.Boxes: _boxes,
    s.Scores: _scores,
    s.Camera: _camera,
}
