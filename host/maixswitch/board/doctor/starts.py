"""What starts on a board: boot.py, main.py, the app, models, and files that change what the firmware does.

All files are judged as text on the PC. None of them is run.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import PurePosixPath
from zlib import crc32

from maixswitch import __version__
from maixswitch.board.doctor.questions import Askable, ask
from maixswitch.board.doctor.storage import FLASH, SD, Storage
from maixswitch.board.doctor.subject import SubjectReport
from maixswitch.board.sync.inventory import STEPS
from maixswitch.board_code import board_root
from maixswitch.card.rules.app import COVERS, does, some, source
from maixswitch.findings.finding import finding
from maixswitch.language import tr

IDE = "/flash/ide_mode.conf"
CONFIG = "/flash/config.json"
STARTS_APP = "device.app"
FINISHES_SYNC = f"/{STEPS}"
"""A boot.py that contains this text finishes an interrupted sync."""
WELCOME = "Welcome to MaixPy"
"""Part of the main.py that the firmware writes if the flash has none."""


@cache
def own() -> dict[str, tuple[int, int]]:
    """Return the size and CRC32 of the app's files in this installation, by their paths on a card."""
    root = board_root()
    names = ["boot.py", "main.py"]
    names += [path.relative_to(root).as_posix() for path in sorted((root / "device").rglob("*.py"))]
    contents = {name: (root / name).read_bytes() for name in names}
    return {name: (len(data), crc32(data)) for name, data in contents.items()}


def checksums(board: Askable, storage: Storage) -> dict[str, int]:
    """Return the CRC32 of the app's files on the card, except those whose size already shows a difference."""
    crcs = {}
    for name, (size, _) in own().items():
        if storage.files.get(f"{SD}/{name}") == size:
            for crc in ask(board, f"file_crc('{SD}/{name}')"):
                if isinstance(crc, int):
                    crcs[name] = crc
    return crcs


def judge(storage: Storage, crcs: dict[str, int], port: str) -> SubjectReport:
    """Return facts and findings about the programs that start.

    crcs: the result of `checksums`.
    """
    report = SubjectReport()
    if storage.card:
        _app(report, storage, crcs, port)
        _models(report, storage, port)
    for name in ("boot.py", "main.py"):
        path = f"{storage.root}/{name}"
        if path in storage.files:
            report.fact(name.replace(".", "_"), name, f"{path}: {kind(storage.text(path), name)}")
    if storage.card:
        # Without a card the firmware starts from the flash, which `_flash` judges.
        _starters(report, storage, port)
        for name in COVERS:
            if f"{SD}/{name}" in storage.files:
                report.findings.append(finding("B646", f"{SD}/{name}"))
    _flash(report, storage)
    return report


def kind(text: str | None, name: str) -> str:
    """Return a description of a boot.py or main.py.

    text: its source, None if it is not UTF-8.
    name: boot.py or main.py.
    """
    if text is None:
        return tr("not UTF-8 text")
    # From the surest sign to the vaguest. Windows editors change line ends, which makes no difference to the board.
    if text.replace("\r\n", "\n") == source(name):
        return tr("the app's")
    if WELCOME in text:
        return tr("the firmware's own welcome screen")
    if STARTS_APP in text or FINISHES_SYNC in text:
        return tr("the app's, of another version or changed by hand")
    actions = does(text)
    loads = tr("loads a model itself, as exports of training sites do") if "kpu" in text.lower() else ""
    return "; ".join(part for part in (loads, actions) if part) or tr("another program's")


def _app(report: SubjectReport, storage: Storage, crcs: dict[str, int], port: str) -> None:
    # The source and the compiled form of a module have the same stem, and the board needs only one of them.
    stems = {_stem(path.removeprefix(SD + "/")) for path in storage.files if path.startswith(SD + "/device/")}
    compiled = any(path.startswith(SD + "/device/") and path.endswith(".mpy") for path in storage.files)
    modules = {name for name in own() if name.startswith("device/")}
    missing = [name for name in sorted(modules) if _stem(name) not in stems]
    missing += [name for name in ("boot.py", "main.py") if f"{SD}/{name}" not in storage.files]
    # Without any module there is no app, so a list of missing modules would add nothing.
    if not stems:
        report.fact("app", tr("app"), tr("none"))
        report.findings.append(finding("B640", port=port))
        return
    # Only sources can be compared, since a compiled module depends on the compiler.
    changed = [
        name
        for name in sorted(modules)
        if (path := f"{SD}/{name}") in storage.files and (storage.files[path], crcs.get(name)) != own()[name]
    ]
    if missing:
        report.findings.append(finding("B641", found=tr("without {names}", names=some(missing)), port=port))
    if changed:
        report.findings.append(finding("B642", found=some(changed), wanted=f"maixswitch {__version__}", port=port))
    version_text = (
        tr("differs from this maixswitch")
        if changed or missing
        else tr("same as in this maixswitch {v}", v=__version__)
    )
    # Compiled modules were not compared, so the version is unknown.
    if compiled and not changed and not missing:
        version_text = tr("compiled; version unknown")
    report.fact("app", tr("app"), version_text)


def _models(report: SubjectReport, storage: Storage, port: str) -> None:
    folders = sorted(path for path in storage.folders if path.startswith(SD + "/models/") and path.count("/") == 3)
    shown = [path for path in folders if not path.rpartition("/")[2].startswith(".")]
    ready = [path for path in shown if f"{path}/model.json" in storage.files]
    report.fact("models", tr("models"), some([path.rpartition("/")[2] for path in ready]) if ready else tr("none"))
    if not ready:
        report.findings.append(finding("B650", SD + "/models", port=port))
    for path in shown:
        if path not in ready and path not in storage.arriving:
            report.findings.append(finding("B652", path, port=port))


def _starters(report: SubjectReport, storage: Storage, port: str) -> None:
    boot, main = f"{SD}/boot.py", f"{SD}/main.py"
    if boot in storage.files:
        text = storage.text(boot)
        if text is None or text.replace("\r\n", "\n") != source("boot.py"):
            # Another version of the app's boot.py works as ours does, so it is only different (B644), not foreign.
            actions = "" if text and FINISHES_SYNC in text else does(text)
            report.findings.append(finding("B643" if actions else "B644", boot, found=actions, port=port))
    if main in storage.files:
        text = storage.text(main)
        # A main.py of another version starts the app as well, so only a foreign one is a finding.
        if text is None or STARTS_APP not in text:
            description = kind(text, "main.py")
            report.findings.append(
                finding("B645", main, found=description, wanted="from device.app import main", port=port)
            )


def _flash(report: SubjectReport, storage: Storage) -> None:
    if IDE in storage.files:
        report.findings.append(finding("B647", IDE))
    if CONFIG in storage.files:
        try:
            # The firmware silently ignores a damaged file and uses its defaults.
            config = json.loads(storage.texts.get(CONFIG, b"").decode())
        except (ValueError, RecursionError) as error:
            config = str(error)
        if not isinstance(config, dict):
            report.findings.append(finding("B648", CONFIG, found=str(config)[:80]))
        else:
            report.fact("config", "config.json", str(config.get("type") or tr("without a board's name")))
            if "lcd" in config:
                report.findings.append(finding("B649", CONFIG, "lcd", found=str(config["lcd"])[:80]))
    for name in ("boot.py", "main.py"):
        text = storage.text(f"{FLASH}/{name}") or ""
        # The firmware itself writes the welcome screen, so it is not a finding.
        if text.strip() and WELCOME not in text and text.replace("\r\n", "\n") != source(name):
            report.findings.append(finding("B651", f"{FLASH}/{name}", found=kind(text, name)))


def _stem(name: str) -> str:
    return str(PurePosixPath(name).with_suffix(""))
