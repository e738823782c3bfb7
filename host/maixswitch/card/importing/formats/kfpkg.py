"""A .kfpkg for kflash: flash-list.json names files and their flash addresses. A card needs only the models."""

from __future__ import annotations

from maixswitch.card.flash.flash_list import LIST, read_list
from maixswitch.card.importing.evidence import Evidence
from maixswitch.card.importing.messages import ImportMessage, for_flash
from maixswitch.card.importing.parts import Part
from maixswitch.card.importing.source import folder_of
from maixswitch.language import tr

SOURCE = "kfpkg"
SIGNS = "`flash-list.json`, in every spelling"
TAKEN = "every model in it; its address tells which script uses it"


def read_evidence(part: Part) -> Evidence | None:
    """See ImportFormat."""
    lists = [name for name in part.texts if name.rpartition("/")[2] == LIST]
    lists = [name for name in lists if folder_of(name) == folder_of(part.kmodel)]
    if not lists:
        return None
    evidence = Evidence("kfpkg", part)
    # The card does not need the flash address, which the note tells the user.
    rows = read_list(part.text(lists[0]) or b"")
    own = part.kmodel.rpartition("/")[2]
    address = next((row.address_text for row in rows or [] if row.bin == own), None)
    if rows is None:
        note = ImportMessage(
            "C538", tr("{file} cannot be read; the model was identified by its contents", file=lists[0])
        )
    elif address is None:
        note = ImportMessage("C538", tr("{file} does not name {model}", file=lists[0], model=part.kmodel))
    else:
        note = for_flash(part.kmodel, address)
    evidence.notes.append(note)
    return evidence
