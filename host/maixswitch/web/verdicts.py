"""What `maixswitch check` says of the card's models, for the page.

The check has a board of its own to let the board's parser read the card, and there is one fake board in a process: so
it runs as the command that it is, in another. In every language, since what a finding found is said when it is found.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import maixswitch
from maixswitch.errors import EXIT_FINDINGS, EXIT_OK
from maixswitch.findings.table import SEVERITIES
from maixswitch.language import LANGUAGES, chosen, tr

PATIENCE_S = 60.0
_ERROR = "maixswitch: "  # how the command begins what went wrong

Row = dict[str, Any]


class Verdicts:
    """The check's documents as `maixswitch check --json` gives them, and why there is none, both by language.

    Rows are made anew in the chosen language each time.
    """

    def __init__(self, documents: Mapping[str, Mapping[str, Any]], troubles: Mapping[str, str] | None = None) -> None:
        self._documents = documents
        self._troubles = troubles or {}

    @property
    def note(self) -> str:
        """Why nothing could be judged, "" when it could."""
        return "" if self._documents else _spoken(self._troubles) or tr("the card could not be judged")

    def rows(self, models: Iterable[tuple[str, str]]) -> list[Row]:
        """A row for each (title, folder) of the app's catalogue, in its order.

        `level`: the worst severity, "ok" for nothing to say, "" for a folder that the check does not know. `fits`: the
        verdict on this firmware's memory in words, "" where the network cannot be read; `need`: [name, bytes] of the
        loader's blocks, in its order.
        """
        document = _spoken(self._documents) or {}
        known = {model["place"]: model for model in document.get("models", ())}
        return [self._row(title, folder, f"models/{folder}", known, document) for title, folder in models]

    @staticmethod
    def _row(
        title: str, folder: str, place: str, known: Mapping[str, Mapping[str, Any]], document: Mapping[str, Any]
    ) -> Row:  # fmt: skip
        row: Row = {"title": title, "folder": folder, "level": "", "fits": "", "need": [], "says": []}
        model = known.get(place)
        if model is None:
            return row
        found = [item for item in document["findings"] if (item["file"] + "/").startswith(place + "/")]
        levels = {item["severity"] for item in found}
        row["level"] = next((name for name in SEVERITIES if name in levels), "ok")
        row["fits"] = "; ".join(dict.fromkeys(model["room"].values()))
        row["need"] = [[name, size] for name, size in model["need"].items()]
        row["says"] = [_said(item, place) for item in found]
        return row


def judge(card: Path, board: str, firmware: str) -> Verdicts:
    """Checks the card for this board and firmware, each "" for what the card says; takes about a second.

    Never raises: a card that cannot be checked gives Verdicts with a `note`. May be called from any thread.
    """
    documents: dict[str, Mapping[str, Any]] = {}
    troubles: dict[str, str] = {}
    for language in LANGUAGES:
        try:
            documents[language] = _ask(card, board, firmware, language)
        except (OSError, subprocess.SubprocessError, ValueError) as error:
            troubles[language] = str(error)
    return Verdicts(documents, troubles)


def _ask(card: Path, board: str, firmware: str, language: str) -> Mapping[str, Any]:
    """The command's document; ValueError with its message where it has none."""
    words = ["check", "--json", "--lang", language]
    words += ["--board", board] if board else []
    words += ["--firmware", firmware] if firmware else []
    done = subprocess.run(
        [sys.executable, "-m", "maixswitch", *words, "--", str(card.resolve())],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        env={**os.environ, "PYTHONUTF8": "1"},
        cwd=Path(maixswitch.__file__).resolve().parent.parent,  # -m looks there first: not among the user's files
        timeout=PATIENCE_S,
        start_new_session=True,  # Ctrl-C of the terminal is for us
        check=False,
    )
    if done.returncode not in (EXIT_OK, EXIT_FINDINGS) or not done.stdout:
        lines = done.stderr.strip().splitlines() or [""]
        raise ValueError(lines[-1].removeprefix(_ERROR))
    document: Mapping[str, Any] = json.loads(done.stdout)
    return document


def _spoken(found: Mapping[str, Any]) -> Any:
    """What is there in the chosen language, else in any, else None."""
    return found.get(chosen()) or next(iter(found.values()), None)


def _said(item: Mapping[str, str], place: str) -> Row:
    """A finding: where in the model's folder and what, with what was found and wanted, and the remedy."""
    where = " ".join(filter(None, (item["file"].removeprefix(place).removeprefix("/"), item["field"])))
    text = f"{where}: {item['title']}" if where else item["title"]
    if item["found"]:
        text += " " + tr("Found: {found}.", found=item["found"].rstrip("."))
    if item["wanted"]:
        text += " " + tr("Wanted: {wanted}.", wanted=item["wanted"].rstrip("."))
    return {"code": item["code"], "severity": item["severity"], "text": text, "remedy": item["remedy"]}
