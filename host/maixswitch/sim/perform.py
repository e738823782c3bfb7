"""Carries out actions that take no board time. A script, the page and a replay act on a board only through this."""

from __future__ import annotations

import builtins
from collections.abc import Callable
from pathlib import Path
from typing import Any

from maixswitch.errors import EXIT_FINDINGS, MaixSwitchError
from maixswitch.language import tr
from maixswitch.sim import actions as s
from maixswitch.sim.app_board import AppBoard

MAX_DIGITS = 20  # a longer number stays text, since int() refuses a very long one
SELECTABLE = ("UNLOADED", "RUNNING", "FAULT")


def act(sim: AppBoard, action: s.Action, base: Path = Path()) -> None:
    """Carry out one action that takes no board time.

    base: the folder to which paths of other cards and pictures are relative.
    Raises MaixSwitchError if the board is in the wrong state for it, or if a file is missing.
    """
    _ACTS[type(action)](sim, action, base)


def _finger(sim: AppBoard, action: s.Finger, base: Path) -> None:
    sim.finger(action.key, action.down)


def _select(sim: AppBoard, action: s.Select, base: Path) -> None:
    # The state machine has rows for SELECT in these states only (device/fsm.py). It would refuse the event when the
    # script has already gone on, so refuse it here.
    if sim.state not in SELECTABLE or not 0 < action.number <= len(sim.specs):
        raise MaixSwitchError(
            tr(
                "in {state} there is no model {number} to select",
                state=sim.state,
                number=action.number,
            ),
            EXIT_FINDINGS,
        )
    sim.select(action.number - 1)


def _send(sim: AppBoard, action: s.Send, base: Path) -> None:
    sim.send(action.text)


def _card(sim: AppBoard, action: s.Card, base: Path) -> None:
    if action.inserted:
        sim.insert(base / action.path if action.path else None)
    else:
        sim.eject(action.at)


def _power(sim: AppBoard, action: s.Power, base: Path) -> None:
    if action.cut is None:
        sim.power_cycle()
    else:
        sim.cut_power_after(action.cut)


def _restart(sim: AppBoard, action: s.Restart, base: Path) -> None:
    sim.restart()


def _skip(sim: AppBoard, action: s.Skip, base: Path) -> None:
    sim.skip(action.ms)


def _fail(sim: AppBoard, action: s.Fail, base: Path) -> None:
    if action.part == "camera":
        sim.connect_camera(False)
    else:
        sim.fail(action.part, action.code)


def _raise(sim: AppBoard, action: s.Raise, base: Path) -> None:
    # A number alone is a firmware code, which only the board can turn into the firmware's exception.
    if action.error.isdecimal():
        sim.fail_at(action.call, action.nth, int(action.error))
        return
    text = action.text
    # Pass a number as a number: the app looks up an OSError by its first argument (device/errors.py).
    values = [int(text) if text.isdecimal() and len(text) < MAX_DIGITS else text] if text else []
    sim.fail_at(action.call, action.nth, getattr(builtins, action.error)(*values))


def _damage(sim: AppBoard, action: s.Damage, base: Path) -> None:
    try:
        sim.damage(action.path)
    except OSError as error:
        raise MaixSwitchError(tr("{path}: no such file on the card", path=action.path), EXIT_FINDINGS) from error


def _slow(sim: AppBoard, action: s.Slow, base: Path) -> None:
    sim.slow_down(action.factor)


def _heal(sim: AppBoard, action: s.Heal, base: Path) -> None:
    if action.part == "camera":
        sim.connect_camera(True)
    else:
        sim.heal(action.part)


def _boxes(sim: AppBoard, action: s.Boxes, base: Path) -> None:
    sim.answer(boxes=list(action.boxes))


def _scores(sim: AppBoard, action: s.Scores, base: Path) -> None:
    sim.answer(scores=list(action.scores))


def _camera(sim: AppBoard, action: s.Camera, base: Path) -> None:
    sim.look_at(action.path, base)


_ACTS: dict[type, Callable[[AppBoard, Any, Path], None]] = {
    s.Finger: _finger,
    s.Select: _select,
    s.Send: _send,
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
