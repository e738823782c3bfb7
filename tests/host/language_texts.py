"""Every text of the PC's side that people read, collected from where the code keeps it."""

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


def placeholders(text: str) -> set[str]:
    """The names in the braces of a text."""
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def called() -> Iterator[tuple[str, str]]:
    """Every literal text of a call of `tr` or `word`, with where it stands."""
    for path in sorted(PACKAGE.rglob("*.py")):
        if "_board" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("tr", "word"):
                place = f"{path.relative_to(PACKAGE)}:{node.lineno}"
                for text in literals(node.args[0]):
                    yield text, place


def literals(node: ast.expr) -> Iterator[str]:
    """The texts that an argument may be: one, or those of a choice between two."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from literals(node.body)
        yield from literals(node.orelse)
    elif isinstance(node, ast.JoinedStr):
        raise AssertionError(f"an f-string inside tr(), line {node.lineno}: {ast.unparse(node)}")


def helped(command: Any = None) -> Iterator[str]:
    """Every text of the help pages."""
    command = typer.main.get_command(cli.app) if command is None else command
    for text in (command.help, command.short_help, command.epilog):
        if text:
            yield help_pages.clean(text)
    for param in command.params:
        if getattr(param, "help", None):
            yield param.help
    for child in getattr(command, "commands", {}).values():
        yield from helped(child)


def tabled() -> Iterator[str]:
    """Rows of tables that are translated where they are shown."""
    yield from help_pages.SENTENCES
    yield from help_pages.HEADINGS
    yield from help_pages.TYPERS_HELP
    yield from cli.GROUPS
    yield from (row.summary for row in cli.COMMANDS)
    yield from language.SYSTEM
    from maixswitch.card import firmware_lines
    from maixswitch.convert import fold, layers, padding, refusals
    from maixswitch.kmodel.format import sniff
    from maixswitch.kmodel.judge import describe, memory, picture, report
    from maixswitch.sim import demo, keyboard
    from maixswitch.web import texts

    yield from (kind.message for _, kind in sniff._OTHERS)
    yield from (memory.WITHOUT_IT, describe.CONVERTERS, describe.ESTIMATE_NOTE, report.INPUT, report.OUTPUT)
    yield keyboard.KEYS
    yield from texts.PAGE
    yield from refusals.OPERATORS.values()
    yield from (refusals.UNKNOWN, refusals.ATTENTION, layers.AGAIN, fold.ZERO, padding.EVEN, padding.SMALL)
    yield from demo.CAPTIONS
    yield from (name for name, _, _ in picture.KINDS.values())
    flavours = board_code.flavours()
    for version in (3, 4):
        yield from (name for name, _ in flavours.need_parts(version, 1, 1))
    yield from flavours._NOTES.values()
    for code in board_code.error_codes():
        yield from board_code.device_errors().describe(code)[1:]
    for line in firmware_lines.LINES:
        yield from filter(None, (line.meaning, line.remedy))


def wanted() -> dict[str, str]:
    """Every text, with one place where it comes from."""
    found = dict.fromkeys(tabled(), "a table")
    found.update((text, "a help page") for text in helped())
    found.update(called())
    return found
