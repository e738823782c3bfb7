"""What `--firmware` names: a flavour, which the fakes imitate, or the file of a firmware image, which the chip runs."""

from __future__ import annotations

import os
from pathlib import Path

SUFFIXES = (".bin", ".kfpkg")


def image_path(firmware: str) -> Path | None:
    """Return the path of the image file that a value of `--firmware` names, None for the name of a flavour.

    firmware: as the user typed it; "" is the flavour that suits the board.
    The file need not exist: `read_image` then says so.
    """
    # Only the form decides, not what lies in the present folder: a file called "full" must not hide the flavour.
    is_file = firmware.lower().endswith(SUFFIXES) or "/" in firmware or os.sep in firmware
    return Path(firmware) if is_file else None
