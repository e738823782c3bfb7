"""The whole examination: ports, then one board, subject by subject; a subject that fails never stops the others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from maixswitch.board.connection import Board, connect
from maixswitch.board.doctor import devices, firmware, starts, storage
from maixswitch.board.doctor.looks import Fact, Look
from maixswitch.board.failures import BoardError
from maixswitch.board.ports import Port, boards, choose, ports, usable
from maixswitch.findings.finding import Finding, Judged, finding
from maixswitch.language import tr

Say = Callable[[str], None]
CUTS = {"B603", "B605", "B607", "B608", "B611"}
"""Failures after which nothing more is asked of the board."""
LISTEN = 2.0
"""Seconds to hear the banner of the restart, which tells what memory is free before a program runs."""


@dataclass(frozen=True)
class Examination(Judged):
    """All that was found. ``port``: the board that was asked, "" for none; ``findings``: errors first."""

    port: str
    ports: tuple[Port, ...]
    facts: tuple[Fact, ...]
    findings: tuple[Finding, ...]


def examine(port: str, say: Say, *, keys: bool = False, fix: bool = False) -> Examination:
    """Looks at the board at `port`, or at the only one; what keeps it from being looked at is a finding, too.

    Read-only unless `fix`. ``say``: tells the user what is done, and which key to press. The board's program is stopped
    for it, and started again at the end.
    """
    there = ports()
    look = Look()
    try:
        device = choose(port)
    except BoardError as error:
        device = port
        look.findings += [error.finding, *judge_ports(there)]
        return _made(device, there, look)
    known = next((item for item in there if item.device == device), None)
    if known is not None:
        look.fact("chip", tr("USB chip"), known.chip or tr("unknown"))
    try:
        with connect(device, restart=True) as board:
            say(tr("{port}: its program is stopped while doctor looks, and starts again at the end", port=device))
            what = firmware.probe(board)  # when this fails, nothing else is worth asking
            others = subjects(board, what, say, keys=keys, fix=fix)
            said = "" if board.lost or board.gone else board.restart(LISTEN)
            look.take(firmware.judge(firmware.started(what, said), device))
            look.take(others)
    except BoardError as error:
        look.findings.append(error.finding)
    return _made(device, there, look)


def judge_ports(there: list[Port]) -> list[Finding]:
    """What is to be said of ports when no board could be chosen: those not allowed, and those of unknown chips."""
    found = []
    for item in boards(there):
        if not usable(item.device):
            found.append(finding("B604", item.device, port=item.device))
    for item in there:
        if not item.known:
            found.append(finding("B615", item.device, found=item.description, port=item.device))
    return found


def subjects(board: Board, what: firmware.Firmware, say: Say, *, keys: bool, fix: bool) -> Look:
    """Card, what starts, camera, panel, and keys where wanted."""
    look = Look()
    found = storage.Storage()

    def files() -> Look:
        nonlocal found
        found = storage.probe(board)
        if fix:
            from maixswitch.board.doctor.repair import repair

            if repair(board, found, say):
                found = storage.probe(board)
        return storage.judge(found, board.port)

    steps: list[Callable[[], Look]] = [
        files,
        lambda: starts.judge(found, starts.checksums(board, found), board.port),
        lambda: devices.camera(board),
    ]
    if what.api == "maixpy":
        steps.append(lambda: devices.panel(board, 3 if "m5stickv" in what.machine.lower() else 1))
    if keys:
        steps.append(lambda: devices.keys(board, devices.keys_of(found), say))
    for step in steps:
        try:
            look.take(step())
        except BoardError as error:
            if error.code in CUTS:
                look.findings.append(error.finding)
                break
            look.findings.append(finding("B665", found=error.finding.text()))
    return look


def _made(device: str, there: list[Port], look: Look) -> Examination:
    found = sorted(look.findings, key=lambda item: (item.rank, item.code, item.file))
    return Examination(device, tuple(there), tuple(look.facts), tuple(found))


def document(result: Examination) -> dict[str, Any]:
    """The examination for programs, schema 1, in the form of `check --json`: texts are in the reader's language."""
    return {
        "schema": 1,
        "command": "doctor",
        "path": result.port,
        "kind": "board",
        "ok": result.ok,
        "counts": result.counts,
        "ports": [{**vars(item), "usable": usable(item.device)} for item in result.ports],
        "facts": {fact.key: fact.value for fact in result.facts},
        "findings": [item.document() for item in result.findings],
    }
