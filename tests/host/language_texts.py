"""All texts of the PC's side that users read, collected from the code."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from string import Formatter
from typing import Any

import typer.main

from maixswitch import board_code, language
from maixswitch.cli import help_pages
from maixswitch.cli import main as cli

PACKAGE = Path(language.__file__).resolve().parent
INSTALLER = PACKAGE.parents[1] / "demo.py"


def placeholders(text: str) -> set[str]:
    """Return the names in the braces of a text."""
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def texts_of_calls() -> Iterator[tuple[str, str]]:
    """Yield every literal text of a call of `tr` or `word`, with its file and line."""
    for path in [*sorted(PACKAGE.rglob("*.py")), INSTALLER]:
        if "_board" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("tr", "word"):
                line = f"{path.name}:{node.lineno}"
                for text in literals(node.args[0]):
                    yield text, line


def literals(node: ast.expr) -> Iterator[str]:
    """Yield the texts that an argument may be: one, or both of a conditional expression."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from literals(node.body)
        yield from literals(node.orelse)
    elif isinstance(node, ast.JoinedStr):
        raise AssertionError(f"an f-string inside tr(), line {node.lineno}: {ast.unparse(node)}")


def texts_of_help(command: Any = None) -> Iterator[str]:
    """Yield every text of the help pages."""
    command = typer.main.get_command(cli.app) if command is None else command
    for text in (command.help, command.short_help, command.epilog):
        # The examples of a command need no translation.
        if text and not text.startswith("\b"):
            yield help_pages.clean(text)
    for param in command.params:
        if getattr(param, "help", None):
            yield param.help
    for child in getattr(command, "commands", {}).values():
        yield from texts_of_help(child)


def texts_of_tables() -> Iterator[str]:
    """Yield the texts of tables, which are translated when they are shown."""
    yield from help_pages.SENTENCES
    yield from help_pages.HEADINGS
    yield from help_pages.TYPERS_HELP
    yield from cli.GROUPS
    yield from (row.summary for row in cli.COMMANDS)
    yield from language.SYSTEM
    from maixswitch.board.doctor import devices
    from maixswitch.card import firmware_lines, new
    from maixswitch.card.glyphs import messages
    from maixswitch.convert import refusals
    from maixswitch.convert.ops import REFUSED
    from maixswitch.convert.read import foreign
    from maixswitch.convert.read.tflite import operators as tflite_operators
    from maixswitch.convert.report import pixel_formulas
    from maixswitch.guide.chapters import CHAPTERS
    from maixswitch.kmodel.format import sniff
    from maixswitch.kmodel.judge import describe, memory, picture, report
    from maixswitch.sim import demo, keyboard
    from maixswitch.web import texts

    yield from (kind.message for _, kind in sniff._OTHERS)
    yield from (memory.WITHOUT_IT, describe.CONVERTERS, describe.ESTIMATE_NOTE, report.INPUT, report.OUTPUT)
    yield from (chapter.title for chapter in CHAPTERS)
    yield keyboard.KEYS
    yield from texts.PAGE
    yield from REFUSED.values()
    yield from tflite_operators.REFUSED.values()
    yield from foreign.NAMES
    yield from refusals.SHARED
    yield from (formula.name for formula in pixel_formulas.usual(3))
    yield from demo.CAPTIONS
    yield from (name for name, _, _ in picture.KINDS.values())
    flavours = board_code.flavours()
    for version in (3, 4):
        yield from (name for name, _ in flavours.need_parts(version, 1, 1))
    yield from flavours._NOTES.values()
    yield from messages.LINES
    yield new.WORDS
    yield from devices.ROLES
    for code in board_code.error_codes():
        yield from board_code.device_errors().describe(code)[1:]
    for line in firmware_lines.LINES:
        yield from filter(None, (line.meaning, line.remedy))


def shown_texts() -> dict[str, str]:
    """Return every text with one of the places that use it."""
    texts = dict.fromkeys(texts_of_tables(), "a table")
    texts.update((text, "a help page") for text in texts_of_help())
    texts.update(texts_of_calls())
    return texts
