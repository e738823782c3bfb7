"""What hands do to a board in no board time: the one place where a script, the page and a replay act on a rig."""

from __future__ import annotations

import builtins
from collections.abc import Callable
from pathlib import Path
from typing import Any

from maixswitch.errors import EXIT_FINDINGS, MaixSwitchError
from maixswitch.language import tr
from maixswitch.sim import actions as s
from maixswitch.sim.rig import Rig

MAX_DIGITS = 20  # of an exception's number; Python reads no more than thousands
SELECTABLE = ("UNLOADED", "RUNNING", "FAULT")


def act(rig: Rig, action: s.Action, base: Path = Path()) -> None:
    """Does one action that takes no board time of its own; paths of other cards and pictures count from `base`.

    MaixSwitchError where the board is in no state for it, or a file is not there.
    """
    _ACTS[type(action)](rig, action, base)


def _finger(rig: Rig, action: s.Finger, base: Path) -> None:
    rig.bench.keys.set(rig.pin(action.key), 0 if action.down else 1)


def _select(rig: Rig, action: s.Select, base: Path) -> None:
    app = rig.app
    if app is None or rig.state not in SELECTABLE or not 0 < action.number <= len(app.catalog or ()):
        raise MaixSwitchError(
            tr(
                "in {state} there is no model {number} to select",
                state=rig.state,
                number=action.number,
            ),
            EXIT_FINDINGS,
        )
    app.machine.post("SELECT", action.number - 1)


def _card(rig: Rig, action: s.Card, base: Path) -> None:
    card = rig.bench.card
    if action.inserted:
        rig.insert(base / action.path if action.path else None)
    elif action.at:
        card.pull_at(action.at)
    else:
        card.eject()


def _power(rig: Rig, action: s.Power, base: Path) -> None:
    if action.cut is None:
        rig.power_cycle()
    else:
        rig.bench.card.power_cut_after(action.cut)


def _restart(rig: Rig, action: s.Restart, base: Path) -> None:
    rig.restart()


def _skip(rig: Rig, action: s.Skip, base: Path) -> None:
    rig.bench.clock.advance(action.ms, True)  # as if the firmware kept the interpreter waiting


def _fail(rig: Rig, action: s.Fail, base: Path) -> None:
    if action.what == "camera":
        rig.bench.camera.connected = False
    else:
        setattr(rig.engine.failures, action.what, action.code)


def _raise(rig: Rig, action: s.Raise, base: Path) -> None:
    if action.error.isdecimal():
        rig.bench.fail_at(action.call, action.nth, int(action.error))
        return
    text = action.text
    values = [int(text) if text.isdecimal() and len(text) < MAX_DIGITS else text] if text else []
    rig.bench.fail_at(action.call, action.nth, getattr(builtins, action.error)(*values))


def _damage(rig: Rig, action: s.Damage, base: Path) -> None:
    try:
        rig.card.damage(action.path)
    except OSError as error:
        raise MaixSwitchError(tr("{path}: no such file on the card", path=action.path), EXIT_FINDINGS) from error


def _slow(rig: Rig, action: s.Slow, base: Path) -> None:
    rig.slow_down(action.factor)


def _heal(rig: Rig, action: s.Heal, base: Path) -> None:
    if action.what == "camera":
        rig.bench.camera.connected = True
    elif action.what:
        rig.card.mend(action.what)
    else:
        rig.bench.heal()
        rig.bench.card.power_cut_after(None)
        rig.bench.card.pull_at(None)
        rig.engine.failures.heal()
        rig.bench.camera.connected = True
        rig.card.mend()
        rig.slow_down(1)


def _boxes(rig: Rig, action: s.Boxes, base: Path) -> None:
    rig.bench.kpu.boxes = list(action.boxes)


def _scores(rig: Rig, action: s.Scores, base: Path) -> None:
    rig.bench.kpu.scores = list(action.scores)


def _camera(rig: Rig, action: s.Camera, base: Path) -> None:
    rig.look_at(action.path, base)


_ACTS: dict[type, Callable[[Rig, Any, Path], None]] = {
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
