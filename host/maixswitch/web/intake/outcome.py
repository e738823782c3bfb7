"""What a finished command means for the page: a model was added, questions are open, or it failed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from maixswitch import board_code
from maixswitch.errors import EXIT_FINDINGS, EXIT_OK
from maixswitch.language import tr
from maixswitch.web.intake.dropped import FILES
from maixswitch.web.intake.upload import ANSWERS

Document = dict[str, Any]
_ERROR = "maixswitch: "  # how the command starts an error message
_FREE = ("FILE", "LIST")  # what an option's value is called where the files offer none


@dataclass(frozen=True)
class Outcome:
    """fields: for the page. added: whether the copy of the card has new models. asks: whether questions are open."""

    fields: Document
    added: bool = False
    asks: bool = False


def outcome(code: int, document: Document, said: str, partly: bool) -> Outcome:
    """Return what the command has done.

    code, document, said: its exit code, its JSON document, {} without one, and what it said on stderr.
    partly: whether models with an open question are left out.
    """
    message = _message(said)
    if document.get("missing") == "images":
        return Outcome({"text": message, "pictures": True, "questions": []}, asks=True)
    figures = document.get("summary", [])
    imported = document if document.get("command") == "import" else document.get("card")
    # A trial run for `convert` puts nothing onto the card, but asks the same questions.
    if code not in (EXIT_OK, EXIT_FINDINGS) or not imported:
        return Outcome({"text": message or tr("the command ended with exit code {code}", code=code)})
    left_out = [model for model in imported["models"] if not model["folder"] and model["problems"]]
    added = [model["folder"] for model in imported["models"] if model["folder"]] if imported["written"] else []
    questions = [question for model in left_out for question in _questions(model)]
    # A question is worth asking only if the answers can finish the model.
    if questions and not partly:
        return Outcome({"questions": questions, "others": len(added), "pictures": False, "lines": _lines(imported)},
                       asks=True)  # fmt: skip
    if not added:
        lines = [line["text"] for line in _lines(imported) if line["level"] == "error"]
        return Outcome({"text": message or "\n".join(lines)})
    return Outcome({"added": added, "lines": _lines(imported), "figures": figures}, added=True)


def _questions(model: Document) -> list[Document]:
    """Return the questions about a model; none if one of its problems has no answer."""
    questions = []
    for problem in model["problems"]:
        option, _, value = problem.get("option", "").removeprefix("--").partition(" ")
        if option not in ANSWERS:
            return []
        choices = list(board_code.kinds()) if option == "kind" else problem["choices"]
        questions.append(
            {
                "model": model["file"],
                "option": option,
                "code": problem["code"],
                "text": _plain(problem["text"]),
                "choices": choices,
                "chosen": "" if value in _FREE else value,
            }
        )
    # Two problems may have one answer, such as a missing file and a wrong number of labels.
    return list({question["option"]: question for question in questions}.values())


def _lines(imported: Document) -> list[Document]:
    """Return the problems and notes as lines {code, level, text}."""
    rows = [(model["title"] if "title" in model else model["file"], message)
            for model in imported["models"] for message in (*model["problems"], *model["notes"])]  # fmt: skip
    rows += [("", message) for message in imported["refused"]]
    several = len(imported["models"]) > 1
    return [
        {
            "code": message["code"],
            "level": message["severity"],
            "text": (f"{name}: " if several and name else "") + _plain(message["text"]),
        }
        for name, message in rows
    ]


def _plain(text: str) -> str:
    return text.replace(f"{FILES}/", "")


def _message(said: str) -> str:
    """Return the error message of a command, without the lines before it."""
    return said.rpartition(_ERROR)[2].strip()
