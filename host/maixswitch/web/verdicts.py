"""The findings of `maixswitch check` about the card's models, for the page.

The check needs a fake board, so that the board's parser can read the card, and a process has only one fake board. So
it runs as a command in its own process, once for each language, since findings are texts.
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
_ERROR = "maixswitch: "  # how the command starts an error message

Row = dict[str, Any]


class Verdicts:
    """The result of a check, as rows in the user's present language.

    documents: language -> document of `maixswitch check --json`.
    troubles: language -> why there is no document.
    """

    def __init__(self, documents: Mapping[str, Mapping[str, Any]], troubles: Mapping[str, str] | None = None) -> None:
        self._documents = documents
        self._troubles = troubles or {}

    @property
    def note(self) -> str:
        """Why the card could not be checked, "" if it could."""
        return "" if self._documents else _in_language(self._troubles) or tr("the card could not be judged")

    def rows(self, models: Iterable[tuple[str, str]]) -> list[Row]:
        """Return a row for each (title, folder) of the app's catalogue, in its order.

        level: the worst severity, "ok" without findings, "" for a folder that the check does not know.
        fits: a sentence on the firmware's memory, "" if the network cannot be read.
        need: [name, bytes] of the loader's blocks, in its order.
        says: the findings.
        """
        document = _in_language(self._documents) or {}
        known = {model["place"]: model for model in document.get("models", ())}
        return [self._row(title, folder, f"models/{folder}", known, document) for title, folder in models]

    @staticmethod
    def _row(
        title: str, folder: str, path: str, known: Mapping[str, Mapping[str, Any]], document: Mapping[str, Any]
    ) -> Row:  # fmt: skip
        row: Row = {"title": title, "folder": folder, "level": "", "fits": "", "need": [], "says": []}
        model = known.get(path)
        if model is None:
            return row
        # The slash at the end keeps models/cat apart from models/cat2.
        findings = [item for item in document["findings"] if (item["file"] + "/").startswith(path + "/")]
        levels = {item["severity"] for item in findings}
        row["level"] = next((name for name in SEVERITIES if name in levels), "ok")
        # Several firmwares often have the same verdict: show it once.
        row["fits"] = "; ".join(dict.fromkeys(model["room"].values()))
        row["need"] = [[name, size] for name, size in model["need"].items()]
        row["says"] = [_says(item, path) for item in findings]
        return row


def judge(card: Path, board: str, firmware: str) -> Verdicts:
    """Check the card; this takes about a second, and may be done in any thread.

    board, firmware: "" for those that the card names.
    Never raises: a card that cannot be checked gives Verdicts with a `note`.
    """
    documents: dict[str, Mapping[str, Any]] = {}
    troubles: dict[str, str] = {}
    for language in LANGUAGES:
        # If one language fails, the page can still show the other.
        try:
            documents[language] = _ask(card, board, firmware, language)
        except (OSError, subprocess.SubprocessError, ValueError) as error:
            troubles[language] = str(error)
    return Verdicts(documents, troubles)


def _ask(card: Path, board: str, firmware: str, language: str) -> Mapping[str, Any]:
    """Return the command's document. Raises ValueError with the command's message without one."""
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
        cwd=Path(maixswitch.__file__)
        .resolve()
        .parent.parent,  # -m looks here first, and must not find a file of the user
        timeout=PATIENCE_S,
        start_new_session=True,  # Ctrl-C in the terminal must not reach it
        check=False,
    )
    # Findings are a normal result. With any other exit code the last line says why the command failed.
    if done.returncode not in (EXIT_OK, EXIT_FINDINGS) or not done.stdout:
        lines = done.stderr.strip().splitlines() or [""]
        raise ValueError(lines[-1].removeprefix(_ERROR))
    document: Mapping[str, Any] = json.loads(done.stdout)
    return document


def _in_language(by_language: Mapping[str, Any]) -> Any:
    """Return the value in the user's language, otherwise in any, otherwise None."""
    # Verdicts in another language are better than an empty list.
    return by_language.get(chosen()) or next(iter(by_language.values()), None)


def _says(item: Mapping[str, str], path: str) -> Row:
    """Return a finding for the page: code, severity, remedy, and a text with its file in the model's folder."""
    where = " ".join(filter(None, (item["file"].removeprefix(path).removeprefix("/"), item["field"])))
    text = f"{where}: {item['title']}" if where else item["title"]
    if item["found"]:
        text += " " + tr("Found: {found}.", found=item["found"].rstrip("."))
    if item["wanted"]:
        text += " " + tr("Wanted: {wanted}.", wanted=item["wanted"].rstrip("."))
    return {"code": item["code"], "severity": item["severity"], "text": text, "remedy": item["remedy"]}
