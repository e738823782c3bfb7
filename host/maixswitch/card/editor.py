"""Set up a card, or another folder with scripts, for editors: the stubs of MaixPy, and how pyright finds them."""

from __future__ import annotations

import json
from pathlib import Path

from maixswitch import files
from maixswitch.errors import EXIT_IO, EXIT_USAGE, MaixSwitchError
from maixswitch.language import tr

PACKAGE = Path(__file__).resolve().parent.parent
ROOTS = (PACKAGE.parent / "maixpy-stubs", PACKAGE / "_maixpy_stubs")
"""The folders that may hold the stubs: of a clone, then of an installed wheel."""
CONFIG = "pyrightconfig.json"
STUBS = ".typings"
CANMV = f"{STUBS}/canmv"
# The app's files are not the user's, so pyright reports nothing in them. It need not report either that the modules of
# the firmware have no source on this PC.
CONTENT = {
    "stubPath": STUBS,
    "extraPaths": [CANMV],
    "ignore": ["boot.py", "main.py", "device"],
    "typeCheckingMode": "standard",
    "reportMissingModuleSource": "none",
}
FOLDERS = {"typings": STUBS, "typings-pyright": STUBS, "typings-canmv": CANMV}
"""The folders of the stubs, and where their files go."""


def stubs() -> dict[str, bytes]:
    """Return the stubs by their paths in a folder that is set up.

    Raises MaixSwitchError (input or output) if this installation lacks them.
    """
    root = next((root for root in ROOTS if (root / "typings").is_dir()), None)
    if root is None:
        raise MaixSwitchError(tr("{root}: no stubs of MaixPy there; install maixswitch again", root=ROOTS[-1]), EXIT_IO)
    return {
        f"{target}/{path.name}": files.read(path)
        for folder, target in FOLDERS.items()
        for path in sorted((root / folder).glob("*.pyi"))
    }


def set_up(folder: Path) -> bool:
    """Write the stubs and pyrightconfig.json into a folder. Stubs of an older version are replaced.

    folder: an existing folder; a card or any other with scripts for the board.
    Returns False if the folder has another pyrightconfig.json, which stays as it is.
    Raises MaixSwitchError if `folder` is none (usage), or if it cannot be written (input or output).
    """
    if not folder.is_dir():
        raise MaixSwitchError(
            tr("{path}: no folder; a card is made with: maixswitch new {path}", path=folder), EXIT_USAGE
        )
    contents = {folder / path: data for path, data in stubs().items()}
    config = folder / CONFIG
    text = config_text()
    is_ours = not config.exists() or files.read(config) == text
    if is_ours:
        contents[config] = text
    files.write_all(contents, make_folders=True)
    return is_ours


def config_text() -> bytes:
    """Return the content of pyrightconfig.json."""
    return (json.dumps(CONTENT, indent=2) + "\n").encode()
