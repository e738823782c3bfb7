"""A model beside a MaixPy script that loads it: the common ground of the exports that bring a script."""

from __future__ import annotations

from maixswitch.card.importing.draft import Draft, loaded, scripts
from maixswitch.card.importing.labels import read_labels
from maixswitch.card.importing.literals import Script
from maixswitch.card.importing.remark import Remark
from maixswitch.card.importing.source import Part
from maixswitch.language import tr


def users(part: Part) -> list[tuple[str, Script]]:
    """The scripts beside a model that load it by name; where it is the only model, also those that load any other."""
    found = scripts(part)
    name = part.kmodel.rpartition("/")[2]
    exact = [(place, script) for place, script in found if name in loaded(script)]
    if exact or not part.alone:
        return exact
    return [(place, script) for place, script in found if loaded(script) or _calls(script, "load", "init_yolo2")]


def _calls(script: Script, *names: str) -> bool:
    return any(call.name in names for call in script.calls)


def draft(part: Part, form: str, found: list[tuple[str, Script]]) -> Draft:
    """What these scripts say, and a labels file beside them."""
    made = Draft(form, part)
    for place, script in found:
        made.script(script, place)
        if script.trouble:
            made.notes.append(
                Remark(
                    "C536",
                    tr(
                        "{file} is no clean Python ({reason}); its lists were searched",
                        file=place,
                        reason=script.trouble,
                    ),
                )
            )
    for name in part.named("label", "classes", ending=(".txt", ".json", ".names")):
        data = part.text(name)
        if data is not None:
            made.say("labels", read_labels(data), name)
    return made


def recognise(part: Part) -> Draft | None:
    found = users(part)
    return draft(part, "MaixPy script", found) if found else None
