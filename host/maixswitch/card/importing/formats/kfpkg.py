"""A .kfpkg for kflash: flash-list.json names files and their flash addresses. A card needs only the models.

flash-list.json occurs with the version under the key "", with a bare 0x300000 as address (which is not JSON), and in
version 0.1.1.
"""

from __future__ import annotations

import re
from typing import Any

from maixswitch.card.importing.evidence import Evidence
from maixswitch.card.importing.literals import decode, from_json
from maixswitch.card.importing.messages import ImportMessage
from maixswitch.card.importing.source import Part
from maixswitch.language import tr

from . import plain_files

LIST = "flash-list.json"
BARE = re.compile(r'("address"\s*:\s*)(0[xX][0-9a-fA-F]{1,16})(?=\s*[,}\]\s])')
SOURCE = "kfpkg"
SIGNS = "`flash-list.json`, in every spelling"
TAKEN = "every model in it, and the texts beside it"


def read_evidence(part: Part) -> Evidence | None:
    """See ImportFormat."""
    lists = [name for name in part.texts if name.rpartition("/")[2] == LIST]
    if not lists:
        return None
    # A package for the flash may have labels beside the model, under any name.
    evidence = plain_files.read_evidence(part)
    evidence.format = "kfpkg"

    # The list decides nothing. A note tells the user that the card does not need the flash address.
    addresses = read_list(part.text(lists[0]) or b"")
    address = (addresses or {}).get(part.kmodel.rpartition("/")[2])
    if addresses is None:
        text = tr("{file} cannot be read; the model was identified by its contents", file=lists[0])
    elif address is None:
        text = tr("{file} does not name {model}", file=lists[0], model=part.kmodel)
    else:
        text = tr(
            "{model} was for flash address {address}; on the card it is a file", model=part.kmodel, address=address
        )
    evidence.notes.append(ImportMessage("C538", text))
    return evidence


def read_list(data: bytes) -> dict[str, str] | None:
    """Return the flash address ("0x300000") of each file in a flash-list.json; None if the list cannot be read."""
    text = decode(data)
    if text is None:
        return None
    # JSON does not allow a bare hexadecimal number, but published packages have them: turn them into decimal ones.
    try:
        document = from_json(BARE.sub(lambda match: match[1] + str(int(match[2], 16)), text))
    except ValueError:
        return None
    files = document.get("files") if isinstance(document, dict) else None
    if not isinstance(files, list):
        return None
    return {
        item["bin"]: _address(item.get("address"))
        for item in files
        if isinstance(item, dict) and isinstance(item.get("bin"), str)
    }


def _address(value: Any) -> str:
    return f"{value:#x}" if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else "?"
