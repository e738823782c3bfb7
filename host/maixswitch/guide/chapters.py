"""The list of the guide's chapters, and what the pages of docs/guide take from them by name."""

from __future__ import annotations

from functools import cache
from types import MappingProxyType

from maixswitch.card.explain import explain
from maixswitch.errors import EXIT_USAGE, MaixSwitchError
from maixswitch.guide import bits, board, chip, fit, line, many, neuron, realnet, robot, switch, window
from maixswitch.guide.chapter import Chapter
from maixswitch.language import tr

CHAPTERS: tuple[Chapter, ...] = (
    switch.CHAPTER,
    line.CHAPTER,
    neuron.CHAPTER,
    window.CHAPTER,
    bits.CHAPTER,
    chip.CHAPTER,
    realnet.CHAPTER,
    fit.CHAPTER,
    many.CHAPTER,
    board.CHAPTER,
    robot.CHAPTER,
)


def chapter(number: int) -> Chapter:
    """Return a chapter by its number; MaixSwitchError (usage) if there is none."""
    if not 0 <= number < len(CHAPTERS):
        raise MaixSwitchError(
            tr("chapter {number}: there are chapters 0 to {last}", number=number, last=len(CHAPTERS) - 1), EXIT_USAGE
        )
    return CHAPTERS[number]


@cache
def _values(number: int) -> MappingProxyType[str, str]:
    return MappingProxyType(CHAPTERS[number].values())


def value(name: str) -> str:
    """Return the value "NUMBER.NAME" of a chapter. Raises KeyError for an unknown name."""
    number, _, key = name.partition(".")
    return _values(int(number))[key]


def names() -> set[str]:
    """Return the names of all values."""
    return {f"{number}.{key}" for number in range(len(CHAPTERS)) for key in _values(number)}


def block(name: str) -> str:
    """Return a generated block of a page, in Markdown.

    "guide-4": the command with its output; "guide-4:high=1000": with a setting; "guide-8/wrong.py": a listing of the
    chapter; "explain-2006": that command with its output.
    """
    head, _, settings = name.partition(":")
    if head.startswith("explain-"):
        code = head.removeprefix("explain-")
        explanation = explain(code)
        if explanation is None:
            raise KeyError(name)
        return fence(f"$ maixswitch explain {code}\n{explanation.text()}", "console")
    head, _, file = head.removeprefix("guide-").partition("/")
    if file:
        language = {"py": "python", "ino": "cpp", "sh": "sh", "txt": "text"}[file.rpartition(".")[2]]
        return fence(chapter(int(head)).listings()[file], language)
    changed = {key: float(text) for key, text in (pair.split("=") for pair in settings.split(",") if pair)}
    words = "".join(f" --set {key}={number:g}" for key, number in changed.items())
    return fence(f"$ maixswitch guide {head}{words}\n{chapter(int(head)).show(changed)}", "console")


def fence(text: str, language: str) -> str:
    return f"```{language}\n{text.rstrip()}\n```\n"


def pictures() -> dict[str, str]:
    """Return the pictures of all chapters, file name in docs/guide/images -> SVG."""
    return {name: svg for item in CHAPTERS for name, svg in item.pictures().items()}
