"""A model beside a MaixPy script that loads it. Other formats with a script use the functions here."""

from __future__ import annotations

from maixswitch.card.importing.evidence import Evidence, loaded, scripts
from maixswitch.card.importing.labels import read_labels
from maixswitch.card.importing.literals import Script
from maixswitch.card.importing.messages import ImportMessage
from maixswitch.card.importing.source import Part
from maixswitch.language import tr

SOURCE = "any script"
SIGNS = "a `.py` that loads the model"
TAKEN = "what it assigns to `labels`, `classes`, `anchors` ..."


def scripts_that_load(part: Part) -> list[tuple[str, Script]]:
    """Return the scripts beside a model that load it by name, each with its file name.

    If the model is the only one of its folder and no script names it, scripts that load any model count too.
    """
    named = scripts(part)
    name = part.kmodel.rpartition("/")[2]
    exact = [(file, script) for file, script in named if name in loaded(script)]
    # If a folder holds several models, only the name tells which one a script means.
    if exact or not part.alone:
        return exact
    return [(file, script) for file, script in named if loaded(script) or _calls(script, "load", "init_yolo2")]


def _calls(script: Script, *names: str) -> bool:
    return any(call.name in names for call in script.calls)


def script_evidence(part: Part, form: str, named: list[tuple[str, Script]]) -> Evidence:
    """Return the claims of these scripts and of a labels file beside them.

    form: the name of the format, for messages.
    named: the scripts, each with its file name.
    """
    evidence = Evidence(form, part)
    for file, script in named:
        evidence.add_script(script, file)
        if script.trouble:
            evidence.notes.append(
                ImportMessage(
                    "C536",
                    tr(
                        "{file} is not valid Python ({reason}); its lists were searched for",
                        file=file,
                        reason=script.trouble,
                    ),
                )
            )
    # A labels file counts as much as the script. If the two differ, the user decides.
    for name in part.named("label", "classes", ending=(".txt", ".json", ".names")):
        data = part.text(name)
        if data is not None:
            evidence.add("labels", read_labels(data), name)
    return evidence


def read_evidence(part: Part) -> Evidence | None:
    """See ImportFormat."""
    named = scripts_that_load(part)
    return script_evidence(part, "MaixPy script", named) if named else None
