"""The language of texts for people: the English text in the code is the key in the catalogue of another language.

The board itself shows only ASCII English, since its font has no other letters; the PC translates the board's texts
when it prints them. Names that programs compare (JSON keys, verdicts, states, fields of files) are always English.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path

LANGUAGES = ("en", "zh")
VARIABLE = "MAIXSWITCH_LANG"
OPTION = "--lang"
CATALOGUES = Path(__file__).resolve().parent / "languages"

# Messages of the operating system about files and addresses, which `reason` translates.
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
# The language inside `speaking`, "" outside: of this thread or task only, as the pages of one server differ.
_spoken: ContextVar[str] = ContextVar("spoken", default="")


class Text(str):
    """A text of `tr` that remembers what it was made of, so that `retold` can tell it in another language."""

    source: str
    values: Mapping[str, object]

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        return str, (str(self),)  # for another process the text alone, because its values may not be picklable


def tr(text: str, /, **values: object) -> str:
    """Return the text in the chosen language, with its placeholders `{name}` filled from `values`.

    A text that the catalogue lacks stays English. Raises KeyError for a placeholder without a value.
    """
    told = Text(words().get(text, text).format(**values))
    told.source = text
    # Keep the words of an exception instead of the exception, which would keep alive all that its traceback refers to.
    told.values = {name: str(one) if isinstance(one, BaseException) else one for name, one in values.items()}
    return told


def retold(text: str) -> str:
    """Return a text of `tr`, and the texts in it, in the language of the moment; any other text as it is."""
    if not isinstance(text, Text):
        return text
    return tr(text.source, **{name: retold(one) if isinstance(one, str) else one for name, one in text.values.items()})


def word(text: str) -> str:
    """Return a text without placeholders in the chosen language; braces in it are ordinary characters."""
    return words().get(text, text)


def reason(error: OSError) -> str:
    """Return why the operating system refused, in the chosen language."""
    return word(error.strerror or str(error))


def series(parts: Iterable[str]) -> str:
    """Return the parts of a list as one text, with the separator of the chosen language."""
    return ("、" if _chosen == "zh" else ", ").join(parts)


def words() -> Mapping[str, str]:
    """Return the catalogue of the chosen language, English text -> translation; it is empty for English."""
    language = chosen()
    return {} if language == "en" else catalogue(language)


@cache
def catalogue(language: str) -> Mapping[str, str]:
    """Return the catalogue of a language other than English: English text -> translation."""
    texts: dict[str, str] = json.loads((CATALOGUES / f"{language}.json").read_text(encoding="utf-8"))
    return texts


def chosen() -> str:
    """Return the language in use: "en" or "zh"."""
    return _spoken.get() or _chosen


def choose(language: str = "", environment: Mapping[str, str] | None = None) -> str:
    """Choose the language: `language`, or else MAIXSWITCH_LANG, or else that of the locale; return it.

    environment: the variables to read, None for those of the process. A locale of another language means English.
    A wrong value of the variable changes nothing, see `wrong_variable`.
    Raises ValueError for an unknown `language`; its text is a message for the user.
    """
    global _chosen
    values = os.environ if environment is None else environment
    # POSIX: LC_ALL comes before LC_MESSAGES, and that before LANG.
    locale = next((values[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if values.get(name)), "")
    _chosen = "zh" if locale.lower().startswith("zh") else "en"
    variable = values.get(VARIABLE, "")
    if _short(variable) in LANGUAGES:
        _chosen = _short(variable)
    if language:
        _chosen = _known(language, OPTION)
    return _chosen


def wrong_variable(environment: Mapping[str, str] | None = None) -> str:
    """Return a warning if MAIXSWITCH_LANG names no language that we have, else ""."""
    variable = (os.environ if environment is None else environment).get(VARIABLE, "")
    if not variable or _short(variable) in LANGUAGES:
        return ""
    known = ", ".join(LANGUAGES)
    return tr("{source} {name}: unknown language; known: {known}", source=VARIABLE, name=variable, known=known)


def meant(word: str, known: Sequence[str]) -> str:
    """Return "; did you mean cube?" for a value that nearly is one of the known ones, "" for any other."""
    from difflib import get_close_matches  # only after a mistake: it takes time to import

    near = get_close_matches(word.lower(), known, 1)
    return tr("; did you mean {name}?", name=near[0]) if near else ""


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Use a language inside the block, in this thread or task: "en" or "zh". Raises ValueError for another one."""
    before = _spoken.set(_known(language, "language"))
    try:
        yield
    finally:
        _spoken.reset(before)


def taken(arguments: Sequence[str]) -> tuple[str, list[str]]:
    """Return the value of --lang ("" without one) and the other arguments.

    It may be anywhere before "--". A --lang without a value stays among the arguments, so that typer refuses it.
    """
    name, left = "", list[str]()
    end = arguments.index("--") if "--" in arguments else len(arguments)
    remaining = iter(arguments[:end])
    for argument in remaining:
        if argument.startswith(f"{OPTION}="):
            name = argument.partition("=")[2]
        # This branch also keeps a --lang at the end, which has no value.
        elif argument != OPTION or (value := next(remaining, None)) is None:
            left.append(argument)
        else:
            name = value
    return name, [*left, *arguments[end:]]


def _known(name: str, source: str) -> str:
    short = _short(name)
    if short not in LANGUAGES:
        known = ", ".join(LANGUAGES)
        raise ValueError(tr("{source} {name}: unknown language; known: {known}", source=source, name=name, known=known))
    return short


def _short(name: str) -> str:
    """Return the language in a name such as zh_CN.UTF-8 or en-GB."""
    return name.strip().lower().replace("-", "_").partition("_")[0]
