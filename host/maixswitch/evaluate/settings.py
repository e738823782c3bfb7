"""Writes the best threshold and nms into model.json; everything else in the file stays as it is."""

from __future__ import annotations

import json
import re
from pathlib import Path

from maixswitch import files
from maixswitch.errors import MaixSwitchError
from maixswitch.language import tr

NUMBER = r"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?"


def write_settings(folder: Path, threshold: float, nms: float) -> Path:
    """Write the fields of the model in a folder; return the path of its model.json.

    Raises MaixSwitchError if the file cannot be read or written.
    """
    path = folder / "model.json"
    text = files.read(path).decode("utf-8-sig", "surrogateescape")
    for field, value in (("threshold", threshold), ("nms", nms)):
        text = _with(text, field, value, path)
    files.write(path, text.encode("utf-8", "surrogateescape"))
    return path


def _with(text: str, field: str, value: float, path: Path) -> str:
    """Return the text with a number as the field of its outermost object."""
    try:
        document = json.loads(text)
    except ValueError as error:
        raise MaixSwitchError(tr("{path}: not JSON: {reason}", path=path, reason=error)) from error
    places = list(re.finditer(rf'("{field}"\s*:\s*){NUMBER}', text))
    # A stage may have a field of this name, too.
    if len(places) == 1 and field in document:
        start, end = places[0].end(1), places[0].end()
        return f"{text[:start]}{value:g}{text[end:]}"
    if not places:
        at = text.index("{") + 1
        return f'{text[:at]}"{field}": {value:g}, {text[at:]}'
    document[field] = value
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"
