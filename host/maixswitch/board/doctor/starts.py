"""What starts on a board: boot.py, main.py, the app's files, models, and files that change the firmware's own course.

All of it is judged as text on the PC; nothing is run.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import PurePosixPath
from zlib import crc32

from maixswitch import __version__
from maixswitch.board.doctor.asking import Asked, ask
from maixswitch.board.doctor.looks import Look
from maixswitch.board.doctor.storage import FLASH, SD, Storage
from maixswitch.board.sync.inventory import STEPS
from maixswitch.board_code import board_root
from maixswitch.card.rules.app import COVERS, does, some, source
from maixswitch.findings.finding import finding
from maixswitch.language import tr

IDE = "/flash/ide_mode.conf"
CONFIG = "/flash/config.json"
STARTS_APP = "device.app"
FINISHES_SYNC = f"/{STEPS}"
"""In every boot.py of the app that finishes an interrupted sync."""
WELCOME = "Welcome to MaixPy"
"""In the main.py that the firmware writes where it finds none."""


@cache
def own() -> dict[str, tuple[int, int]]:
    """Size and CRC32 of the app's files as this maixswitch has them, by their place on a card."""
    root = board_root()
    names = ["boot.py", "main.py"]
    names += [path.relative_to(root).as_posix() for path in sorted((root / "device").rglob("*.py"))]
    data = {name: (root / name).read_bytes() for name in names}
    return {name: (len(bytes_), crc32(bytes_)) for name, bytes_ in data.items()}


def checksums(board: Asked, found: Storage) -> dict[str, int]:
    """CRC32 of those of the app's files on the card whose size is right; of others it need not be asked."""
    crcs = {}
    for name, (size, _) in own().items():
        if found.files.get(f"{SD}/{name}") == size:
            for said in ask(board, f"file_crc('{SD}/{name}')"):
                if isinstance(said, int):
                    crcs[name] = said
    return crcs


def judge(found: Storage, crcs: dict[str, int], port: str) -> Look:
    """Facts and findings of what starts."""
    look = Look()
    if found.card:
        _app(look, found, crcs, port)
        _models(look, found, port)
    for name in ("boot.py", "main.py"):
        path = f"{found.root}/{name}"
        if path in found.files:
            look.fact(name.replace(".", "_"), name, f"{path}: {kind(found.text(path), name)}")
    if found.card:
        _starters(look, found, port)
        for name in COVERS:
            if f"{SD}/{name}" in found.files:
                look.findings.append(finding("B646", f"{SD}/{name}"))
    _flash(look, found)
    return look


def kind(text: str | None, name: str) -> str:
    """What a boot.py or main.py is, in words."""
    if text is None:
        return tr("no text in UTF-8")
    if text.replace("\r\n", "\n") == source(name):
        return tr("the app's")
    if WELCOME in text:
        return tr("the firmware's own welcome screen")
    if STARTS_APP in text or FINISHES_SYNC in text:
        return tr("the app's, of another version or changed by hand")
    work = does(text)
    loads = tr("loads a model itself, as exports of training sites do") if "kpu" in text.lower() else ""
    return "; ".join(part for part in (loads, work) if part) or tr("another program's")


def _app(look: Look, found: Storage, crcs: dict[str, int], port: str) -> None:
    stems = {_stem(path.removeprefix(SD + "/")) for path in found.files if path.startswith(SD + "/device/")}
    compiled = any(path.startswith(SD + "/device/") and path.endswith(".mpy") for path in found.files)
    wanted = {name for name in own() if name.startswith("device/")}
    missing = [name for name in sorted(wanted) if _stem(name) not in stems]
    missing += [name for name in ("boot.py", "main.py") if f"{SD}/{name}" not in found.files]
    if not stems:
        look.fact("app", tr("app"), tr("none"))
        look.findings.append(finding("B640", port=port))
        return
    changed = [
        name
        for name in sorted(wanted)
        if (path := f"{SD}/{name}") in found.files and (found.files[path], crcs.get(name)) != own()[name]
    ]
    if missing:
        look.findings.append(finding("B641", found=tr("without {names}", names=some(missing)), port=port))
    if changed:
        look.findings.append(finding("B642", found=some(changed), wanted=f"maixswitch {__version__}", port=port))
    said = tr("not that of this maixswitch") if changed or missing else tr("of this maixswitch {v}", v=__version__)
    if compiled and not changed and not missing:
        said = tr("compiled; its version is not told")
    look.fact("app", tr("app"), said)


def _models(look: Look, found: Storage, port: str) -> None:
    folders = sorted(path for path in found.folders if path.startswith(SD + "/models/") and path.count("/") == 3)
    shown = [path for path in folders if not path.rpartition("/")[2].startswith(".")]
    ready = [path for path in shown if f"{path}/model.json" in found.files]
    look.fact("models", tr("models"), some([path.rpartition("/")[2] for path in ready]) if ready else tr("none"))
    if not ready:
        look.findings.append(finding("B650", SD + "/models", port=port))
    for path in shown:
        if path not in ready and path not in found.arriving:
            look.findings.append(finding("B652", path, port=port))


def _starters(look: Look, found: Storage, port: str) -> None:
    boot, main = f"{SD}/boot.py", f"{SD}/main.py"
    if boot in found.files:
        text = found.text(boot)
        if text is None or text.replace("\r\n", "\n") != source("boot.py"):
            work = "" if text and FINISHES_SYNC in text else does(text)
            look.findings.append(finding("B643" if work else "B644", boot, found=work, port=port))
    if main in found.files:
        text = found.text(main)
        if text is None or STARTS_APP not in text:
            said = kind(text, "main.py")
            look.findings.append(finding("B645", main, found=said, wanted="from device.app import main", port=port))


def _flash(look: Look, found: Storage) -> None:
    if IDE in found.files:
        look.findings.append(finding("B647", IDE))
    if CONFIG in found.files:
        try:
            config = json.loads(found.texts.get(CONFIG, b"").decode())
        except (ValueError, RecursionError) as error:
            config = str(error)
        if not isinstance(config, dict):
            look.findings.append(finding("B648", CONFIG, found=str(config)[:80]))
        else:
            look.fact("config", "config.json", str(config.get("type") or tr("without a board's name")))
            if "lcd" in config:
                look.findings.append(finding("B649", CONFIG, "lcd", found=str(config["lcd"])[:80]))
    for name in ("boot.py", "main.py"):
        text = found.text(f"{FLASH}/{name}") or ""
        if text.strip() and WELCOME not in text and text.replace("\r\n", "\n") != source(name):
            look.findings.append(finding("B651", f"{FLASH}/{name}", found=kind(text, name)))


def _stem(name: str) -> str:
    return str(PurePosixPath(name).with_suffix(""))
