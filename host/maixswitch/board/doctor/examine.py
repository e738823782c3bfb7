"""The examination: the ports, then the subjects of one board. If one subject fails, the others are still examined."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from maixswitch.board.connection import Board, connect
from maixswitch.board.doctor import devices, firmware, flash_models, models, starts, storage
from maixswitch.board.doctor.subject import Fact, SubjectReport
from maixswitch.board.failures import BoardError
from maixswitch.board.ports import Port, boards, choose, ports, usable
from maixswitch.findings.finding import Finding, Judged, finding
from maixswitch.language import tr

Say = Callable[[str], None]
LINE_FAILURES = {"B603", "B605", "B607", "B608", "B611"}
"""Failures of the line, after which every further question would only wait for its timeout."""
LISTEN = 2.0
"""Seconds to wait for the banner after the restart. It states the memory that is free before any program runs."""


@dataclass(frozen=True)
class Examination(Judged):
    """The result of an examination.

    port: the port of the board that was examined, "" for none.
    findings: errors come first.
    """

    port: str
    ports: tuple[Port, ...]
    facts: tuple[Fact, ...]
    findings: tuple[Finding, ...]


def examine(
    port: str, say: Say, *, keys: bool = False, fix: bool = False, flash: Mapping[int, bytes] | None = None
) -> Examination:
    """Examine the board at `port`, or the only one. If the board cannot be examined, the reason is a finding.

    say: tells the user what happens, and which key to press.
    keys: also ask the user to press the keys.
    fix: repair what can be repaired; otherwise nothing is written.
    flash: what the flash chip should hold, by address.
    The board's program is stopped at the beginning and started again at the end.
    """
    usb_ports = ports()
    report = SubjectReport()
    try:
        device = choose(port)
    except BoardError as error:
        device = port
        # If no board can be chosen, the ports often show why: a missing permission, or an unknown chip.
        report.findings += [error.finding, *judge_ports(usb_ports)]
        return _examination(device, usb_ports, report)
    known = next((item for item in usb_ports if item.device == device), None)
    if known is not None:
        report.fact("chip", tr("USB chip"), known.chip or tr("unknown"))
    try:
        with connect(device, restart=True) as board:
            say(tr("{port}: its program is stopped while doctor looks, and starts again at the end", port=device))
            known_firmware = firmware.probe(board)  # if this fails, the other subjects cannot be examined either
            # The restart ends the REPL, so it comes last. The facts about the firmware need its banner, although they
            # come first in the report.
            others, card_models, in_flash = subjects(board, known_firmware, say, keys=keys, fix=fix, flash=flash or {})
            banner = "" if board.lost or board.gone else board.restart(LISTEN)
            known_firmware = firmware.started(known_firmware, banner)
            report.take(firmware.judge(known_firmware, device))
            report.take(others)
            report.take(models.judge(card_models, known_firmware))
            report.take(flash_models.judge(in_flash, known_firmware, device))
    except BoardError as error:
        report.findings.append(error.finding)
    return _examination(device, usb_ports, report)


def judge_ports(usb_ports: list[Port]) -> list[Finding]:
    """Return the findings about ports that may not be opened, and about ports with unknown chips."""
    findings = []
    for item in boards(usb_ports):
        if not usable(item.device):
            findings.append(finding("B604", item.device, port=item.device))
    for item in usb_ports:
        if not item.known:
            findings.append(finding("B615", item.device, found=item.description, port=item.device))
    return findings


def subjects(
    board: Board, known_firmware: firmware.Firmware, say: Say, *, keys: bool, fix: bool, flash: Mapping[int, bytes]
) -> tuple[SubjectReport, list[models.CardModel], list[flash_models.FlashModel]]:
    """Examine the card, what starts, the flash chip, the camera, the panel, and the keys if asked.

    Returns the report and the models of the card and the flash chip, which can be judged only after the restart.
    """
    report = SubjectReport()
    listed = storage.Storage()
    card_models: list[models.CardModel] = []
    in_flash: list[flash_models.FlashModel] = []

    def read_models() -> SubjectReport:
        card_models.extend(models.probe(board, listed))
        return SubjectReport()

    def read_flash() -> SubjectReport:
        in_flash.extend(flash_models.probe(board, listed, card_models, flash))
        return SubjectReport()

    def files() -> SubjectReport:
        nonlocal listed
        listed = storage.probe(board)
        if fix:
            from maixswitch.board.doctor.repair import repair

            if repair(board, listed, say):
                listed = storage.probe(board)
        return storage.judge(listed, board.port)

    # These are functions, not results, since each may fail by itself and later ones need the `listed` of `files`.
    steps: list[Callable[[], SubjectReport]] = [
        files,
        lambda: starts.judge(listed, starts.checksums(board, listed), board.port),
        read_models,
        read_flash,
        lambda: devices.camera(board),
    ]
    if known_firmware.api == "maixpy":
        # 3 is the panel of an M5StickV for MaixPy's lcd.init, 1 that of the other boards.
        steps.append(lambda: devices.panel(board, 3 if "m5stickv" in known_firmware.machine.lower() else 1))
    if keys:
        steps.append(lambda: devices.keys(board, devices.keys_of(listed), say))
    for step in steps:
        try:
            report.take(step())
        except BoardError as error:
            if error.code in LINE_FAILURES:
                report.findings.append(error.finding)
                break
            # A failure in one subject says nothing about the others, so they are still examined.
            report.findings.append(finding("B665", found=error.finding.text()))
    return report, card_models, in_flash


def _examination(device: str, usb_ports: list[Port], report: SubjectReport) -> Examination:
    findings = sorted(report.findings, key=lambda item: (item.rank, item.code, item.file))
    return Examination(device, tuple(usb_ports), tuple(report.facts), tuple(findings))


def document(result: Examination) -> dict[str, Any]:
    """Return the examination as JSON-able values, schema 1, like those of `check --json`."""
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
