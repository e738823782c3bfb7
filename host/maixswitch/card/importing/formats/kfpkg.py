"""A .kfpkg for kflash: flash-list.json names files and their flash addresses; on a card only the models are wanted.

Its spellings, all seen: the version under the key "", bare 0x300000 for an address (no JSON), version 0.1.1.
"""

from __future__ import annotations

import re
from typing import Any

from maixswitch.card.importing.draft import Draft
from maixswitch.card.importing.literals import decode, from_json
from maixswitch.card.importing.remark import Remark
from maixswitch.card.importing.source import Part
from maixswitch.language import tr

from . import loose

LIST = "flash-list.json"
BARE = re.compile(r'("address"\s*:\s*)(0[xX][0-9a-fA-F]{1,16})(?=\s*[,}\]\s])')


def recognise(part: Part) -> Draft | None:
    lists = [name for name in part.texts if name.rpartition("/")[2] == LIST]
    if not lists:
        return None
    found = loose.recognise(part)
    draft = found or Draft("kfpkg", part)
    draft.format = "kfpkg"
    files = read_list(part.text(lists[0]) or b"")
    address = (files or {}).get(part.kmodel.rpartition("/")[2])
    if files is None:
        draft.notes.append(
            Remark("C538", tr("{file} cannot be read; the model was found by its contents", file=lists[0]))
        )
    elif address is None:
        draft.notes.append(Remark("C538", tr("{file} does not name {model}", file=lists[0], model=part.kmodel)))
    else:
        draft.notes.append(
            Remark(
                "C538",
                tr(
                    "{model} was for flash address {address}; on the card it is a file",
                    model=part.kmodel,
                    address=address,
                ),
            )
        )
    return draft


def read_list(data: bytes) -> dict[str, str] | None:
    """File name -> flash address as text ("0x300000") of a flash-list.json; None for one that cannot be read."""
    text = decode(data)
    if text is None:
        return None
    try:
        listed = from_json(BARE.sub(lambda match: match[1] + str(int(match[2], 16)), text))
    except ValueError:
        return None
    files = listed.get("files") if isinstance(listed, dict) else None
    if not isinstance(files, list):
        return None
    found: dict[str, str] = {}
    for item in files:
        if isinstance(item, dict) and isinstance(item.get("bin"), str):
            found[item["bin"]] = _address(item.get("address"))
    return found


def _address(value: Any) -> str:
    return f"{value:#x}" if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else "?"
