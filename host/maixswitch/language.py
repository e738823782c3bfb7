"""What people read, in their language: the English text in the code is the key of the other language's catalogue.

The board itself keeps its ASCII English, since its font has no other letters; its texts are translated where the PC
prints them. Names that programs compare (JSON keys, verdicts, states, fields of files) stay English everywhere.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

LANGUAGES = ("en", "zh")
VARIABLE = "MAIXSWITCH_LANG"
OPTION = "--lang"
CATALOGUES = Path(__file__).resolve().parent / "languages"

# What the system says when it refuses a file; `reason` translates it.
SYSTEM = (
    "No such file or directory",
    "Permission denied",
    "Operation not permitted",
    "File exists",
    "Is a directory",
    "Not a directory",
    "No space left on device",
    "Read-only file system",
    "Input/output error",
    "File name too long",
    "Address already in use",
    "Cannot assign requested address",
)

_chosen = "en"


def tr(text: str, /, **values: object) -> str:
    """The text in the chosen language, its placeholders `{name}` filled with `values`.

    A text that the catalogue lacks stays English. KeyError for a placeholder without a value.
    """
    return words().get(text, text).format(**values)


def word(text: str) -> str:
    """A text of a table in the chosen language, as it stands: braces in it are no placeholders."""
    return words().get(text, text)


def reason(error: OSError) -> str:
    """Why the system refused, in the chosen language."""
    return word(error.strerror or str(error))


def words() -> Mapping[str, str]:
    """English -> the chosen language; empty for English."""
    return {} if _chosen == "en" else catalogue(_chosen)


@cache
def catalogue(language: str) -> Mapping[str, str]:
    """All texts of a language by the English ones."""
    found: dict[str, str] = json.loads((CATALOGUES / f"{language}.json").read_text(encoding="utf-8"))
    return found


def chosen() -> str:
    """The language in use: "en" or "zh"."""
    return _chosen


def choose(language: str = "", environment: Mapping[str, str] | None = None) -> str:
    """Sets the language: `language`, else MAIXSWITCH_LANG, else the locale's; returns it.

    MaixSwitchError (usage) for a name that there is not; a locale of any other language counts as English.
    """
    global _chosen
    values = os.environ if environment is None else environment
    locale = next((values[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if values.get(name)), "")
    _chosen = "zh" if locale.lower().startswith("zh") else "en"
    variable = values.get(VARIABLE, "")
    if variable and not (language and _short(variable) not in LANGUAGES):  # what --lang replaces need not be right
        _chosen = _known(variable, VARIABLE)
    if language:
        _chosen = _known(language, OPTION)
    return _chosen


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Uses a language for a while, whatever was chosen before: "en" or "zh"; MaixSwitchError (usage) for another."""
    global _chosen
    before, _chosen = _chosen, _known(language, "language")
    try:
        yield
    finally:
        _chosen = before


def taken(arguments: Sequence[str]) -> tuple[str, list[str]]:
    """The value of --lang, "" where it is not given, and the arguments without it; it may stand anywhere before "--".

    A --lang without a value stays among the arguments, for typer to refuse.
    """
    found, left = "", list[str]()
    end = arguments.index("--") if "--" in arguments else len(arguments)
    rest = iter(arguments[:end])
    for argument in rest:
        if argument.startswith(f"{OPTION}="):
            found = argument.partition("=")[2]
        elif argument != OPTION or (value := next(rest, None)) is None:
            left.append(argument)
        else:
            found = value
    return found, [*left, *arguments[end:]]


def _known(name: str, source: str) -> str:
    short = _short(name)
    if short not in LANGUAGES:
        from maixswitch.errors import EXIT_USAGE, MaixSwitchError

        known = ", ".join(LANGUAGES)
        message = tr("{source} {name}: no such language; there are {known}", source=source, name=name, known=known)
        raise MaixSwitchError(message, EXIT_USAGE)
    return short


def _short(name: str) -> str:
    """The language of a name such as zh_CN.UTF-8 or en-GB."""
    return name.strip().lower().replace("-", "_").partition("_")[0]
