"""Translate the help pages and usage errors that typer writes into the chosen language.

The English help is in docstrings and decorators, where typer expects it. Typer's own sentences exist only in English,
so they are listed here and recognised in typer's output.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import typer
from typer._click.formatting import HelpFormatter

from maixswitch import console
from maixswitch.cli.examples import EXAMPLES
from maixswitch.language import chosen, tr, word

# If one sentence also matches another's text, the longer one comes first.
SENTENCES = (
    "Missing command.",
    "Missing argument {name}.",
    "Missing option {name}.",
    "No such command '{name}'.",
    "{message} (Possible options: {options})",
    "{message} Did you mean {names}?",
    "No such option: {name}",
    "Got unexpected extra argument(s) ({arguments})",
    "Option {name} does not take a value.",
    "Option {name} requires an argument.",
    "Invalid value for {name}: {message}",
    "Shell {name} not supported.",
    "Input should be a valid integer, unable to parse string as an integer",
    "Input should be a valid number, unable to parse string as a number",
    "Input should be greater than or equal to {least}",
    "Input should be less than or equal to {most}",
)
HEADINGS = ("Options", "Commands", "Arguments")
TYPERS_HELP = (
    "Show this message and exit.",
    "Install completion for the current shell.",
    "Show completion for the current shell, to copy it or customize the installation.",
)
VALUES = {str: "TEXT", list[str]: "TEXT", int: "NUMBER", float: "NUMBER", Path: "PATH", list[Path]: "PATH"}
"""Type of an option's value -> its word on the help page."""
_WIDE = "\u2e80-\u9fff\uff00-\uffef\u2014\u2018-\u201d\u2026"
_CLOSING = "\uff0c\u3002\u3001\uff1b\uff1a\uff01\uff1f\uff09\u300b\u300d\u300f\u201d\u2019"
_OPENING = "\uff08\u300a\u300c\u300e\u201c\u2018"
_PIECES = re.compile(rf"[{_OPENING}]*(?:[{_WIDE}]|[^\s{_WIDE}]+)[{_CLOSING}]*|[{_WIDE}]|\s+")


class Formatter(HelpFormatter):
    """Writes help pages with wide characters, after each of which a line may end."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        super().write_usage(prog, args, tr("Usage: ") if prefix is None else prefix)

    def write_heading(self, heading: str) -> None:
        self.write(f"{'':>{self.current_indent}}{word(heading)}{tr(':')}\n")

    def write_text(self, text: str) -> None:
        indent = " " * self.current_indent
        blocks = [list(_block(block, self.width - self.current_indent)) for block in text.split("\n\n")]
        self.write("\n\n".join("\n".join(f"{indent}{line}".rstrip() for line in block) for block in blocks))
        self.write("\n")

    def write_dl(self, rows: Sequence[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        column = min(max(console.width(first) for first, _ in rows), col_max) + col_spacing
        indent = " " * self.current_indent
        # A name that is wider than its column gets its own line, and its text begins on the next line.
        for first, second in rows:
            lines = list(_block(_notes(second), max(self.width - column - 2, 10)))
            if console.width(first) > column - col_spacing:
                self.write(f"{indent}{first}\n")
                first = ""
            for line in lines or [""]:
                self.write(f"{indent}{console.left(first, column)}{line}".rstrip() + "\n")
                first = ""


def complete(command: Any, path: str) -> None:
    """Give a help page what typer leaves out: words for the types of values, and examples at its end.

    path: the words that call the command behind `maixswitch`.
    """
    for name, child in getattr(command, "commands", {}).items():
        complete(child, f"{path} {name}")
    for param in command.params:
        # The name of an argument says what it is; typer would add <path>, or <list[str]>.
        if param.param_type_name == "argument":
            param.display_type_rich = lambda ctx: ""
        elif param.metavar is None and not param.is_flag:
            param.metavar = VALUES[param.type_descriptor.annotation]
    if path in EXAMPLES:
        lines = "".join(f"\n  maixswitch {words}" for words in EXAMPLES[path])
        command.epilog = f"\b\n{tr('Examples:')}{lines}"


def translate(command: Any) -> None:
    """Put the help of a command and its subcommands into the chosen language; English stays as typer writes it."""
    if chosen() == "en":
        return
    for text in ("help", "short_help", "epilog"):
        if getattr(command, text, None):
            setattr(command, text, word(clean(getattr(command, text))))
    short = command.short_help or command.help  # typer cuts it after a number of words, and Chinese has no spaces
    if short:
        command.short_help = short.split("\n\n")[0].split("\u3002")[0]
    command.context_class = type("Context", (command.context_class,), {"formatter_class": Formatter})
    make_option = command.get_help_option

    # typer makes the option --help on demand, so its text is translated when it is made.
    def help_option(ctx: Any) -> Any:
        option = make_option(ctx)
        if option is not None:
            option.help = word(option.help or "")
        return option

    command.get_help_option = help_option
    for param in command.params:
        if getattr(param, "help", None):
            param.help = word(param.help)
    commands = getattr(command, "commands", {})
    for child in commands.values() if isinstance(commands, dict) else []:  # the table translates what it imports
        translate(child)


def clean(text: str) -> str:
    """Return a help text as the catalogue has it: each paragraph on one line, unless it begins with a backspace."""
    paragraphs = text.strip().split("\n\n")
    return "\n\n".join(part if part.startswith("\b") else " ".join(part.split()) for part in paragraphs)


def refuse(error: typer.TyperException) -> int:
    """Show a usage error on stderr in the chosen language; return the exit code."""
    # If there are no arguments, the message is the help page, which is translated already.
    if chosen() == "en" or type(error).__name__ == "NoArgsIsHelpError":
        error.show()  # type: ignore[attr-defined]
        return error.exit_code
    ctx = getattr(error, "ctx", None)
    if ctx is not None:
        console.say(ctx.get_usage())
        if ctx.command.get_help_option(ctx) is not None:
            console.say(tr("Try '{command}' for help.", command=f"{ctx.command_path} {ctx.help_option_names[0]}"))
        console.say("")
    console.say(tr("Error: {message}", message=translated(error.format_message())))
    sys.stderr.flush()
    return error.exit_code


def translated(message: str) -> str:
    """Return one of typer's sentences in the chosen language; a sentence that is not listed stays English."""
    for sentence in SENTENCES:
        match = _pattern(sentence).fullmatch(message)
        if match:
            values = match.groupdict()
            # Typer nests its sentences, such as the one about a wrong number in "Invalid value for ...".
            if "message" in values:
                values["message"] = translated(values["message"])
            return tr(sentence, **values)
    return message


@cache
def _pattern(sentence: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>.+)", re.escape(sentence)), re.DOTALL)


def _notes(text: str) -> str:
    """Return a help text with the notes that typer adds in brackets (default, required) translated."""
    # Typer puts two spaces before the bracket of its notes. A bracket in the text itself has one space before it.
    head, bracket, notes = text.rpartition("  [")
    if not bracket or not notes.endswith("]"):
        return text
    parts = []
    for note in notes[:-1].split("; "):
        name, colon, value = note.partition(": ")
        if colon and name == "default":
            note = tr("default: {value}", value=value)
        elif note == "required":
            note = tr("required")
        parts.append(note)
    return f"{head}  [{'; '.join(parts)}]"


def _block(text: str, columns: int) -> Iterator[str]:
    """Yield the lines of a paragraph; a paragraph that begins with a backspace keeps its own lines."""
    lines = text.splitlines()
    # click uses the same sign for a table, which wrapping would destroy.
    if lines and lines[0].strip() == "\b":
        yield from lines[1:]
        return
    line = ""
    # A Chinese sentence has no spaces, so a line may end after any wide character, but not before closing punctuation.
    for piece in _PIECES.findall(" ".join(part.strip() for part in lines)):
        if console.width(line) + console.width(piece.rstrip()) > columns and line:
            yield line.rstrip()
            line = ""
        if line or piece.strip():
            line += piece
    if line.strip():
        yield line.rstrip()
