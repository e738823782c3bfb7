"""The report of `maixswitch check` as SARIF 2.1.0, which code hosts and editors show beside the files.

Source: OASIS, Static Analysis Results Interchange Format 2.1.0, sections 3.13 to 3.58.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from maixswitch import __version__
from maixswitch.card.check import Report
from maixswitch.findings.finding import Finding
from maixswitch.findings.table import rule
from maixswitch.language import chosen

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
BASE = "CARD"
"""The name in SARIF of the folder that the paths of files are relative to."""


def sarif(report: Report) -> dict[str, Any]:
    """Return one run, with a rule for every code that occurs and a result for every finding."""
    codes = sorted({item.code for item in report.findings})
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "maixswitch",
                        "version": __version__,
                        "language": "zh-CN" if chosen() == "zh" else "en",
                        "rules": [_rule(code) for code in codes],
                    }
                },
                "columnKind": "utf16CodeUnits",
                "originalUriBaseIds": {BASE: {"uri": _uri(report)}},
                "results": [_result(item, codes.index(item.code)) for item in report.findings],
            }
        ],
    }


def _uri(report: Report) -> str:
    # Findings name files by their path on the card, so the base is the card's root, even if only models/NAME was
    # checked.
    folder = report.path if report.kind == "card" else report.path.resolve().parent
    if report.kind == "model" and folder.name == "models":
        folder = folder.parent
    return folder.resolve().as_uri() + "/"


def _rule(code: str) -> dict[str, Any]:
    row = rule(code)
    return {
        "id": code,
        "shortDescription": {"text": row.title},
        "help": {"text": row.remedy},
        "defaultConfiguration": {"level": row.severity},
    }


def _result(item: Finding, index: int) -> dict[str, Any]:
    words = [item.title]
    if item.field:
        words.insert(0, f"{item.field}:")
    parts = " ".join(words)
    detail = "; ".join(part for part in (item.found, item.wanted) if part)
    result: dict[str, Any] = {
        "ruleId": item.code,
        "ruleIndex": index,
        "level": item.severity,
        "message": {"text": f"{parts} {f'({detail}) ' if detail else ''}{item.remedy}"},
    }
    if item.file:
        # Quoted, because names may hold blanks and letters that a URI does not allow. A finding without a file gets no
        # location.
        location = {"uri": quote(item.file), "uriBaseId": BASE}
        result["locations"] = [{"physicalLocation": {"artifactLocation": location}}]
    return result
