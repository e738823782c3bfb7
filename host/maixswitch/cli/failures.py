"""How a command ends when it fails: one message on stderr and an exit code.

An expected failure is a MaixSwitchError, whose message says what was wrong and what to do. Every other exception is a
bug of maixswitch and never a fault of the user's file: its traceback goes into a file for the report, or to stderr with
--debug.
"""

from __future__ import annotations

import platform
import sys
import tempfile
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import typer

from maixswitch import __version__, console, language
from maixswitch.cli import help_pages
from maixswitch.errors import EXIT_BUG, EXIT_INTERRUPTED, EXIT_IO, EXIT_USAGE, MaixSwitchError
from maixswitch.language import tr

DEBUG = "--debug"


def take_debug(arguments: Sequence[str]) -> tuple[bool, list[str]]:
    """Return whether --debug is among the arguments before "--", and the arguments without it."""
    # Arguments after "--" belong to the command, even if they look like this option.
    end = arguments.index("--") if "--" in arguments else len(arguments)
    others = [argument for argument in arguments[:end] if argument != DEBUG]
    return len(others) < end, [*others, *arguments[end:]]


def choose_language(name: str) -> None:
    """Choose the language of the command; raises MaixSwitchError (usage) for an unknown one."""
    try:
        language.choose(name)
    except ValueError as error:
        raise MaixSwitchError(str(error), EXIT_USAGE) from error
    # The variable may be set for a whole class room: a typo in it must not stop every command.
    if not name and (warning := language.wrong_variable()):
        console.say(warning)


@contextmanager
def ended_by_message(debug: bool) -> Iterator[None]:
    """End the process with a message and an exit code if the block raises; with `debug`, show the traceback, too."""
    try:
        yield
    except typer.TyperException as error:
        sys.exit(help_pages.refuse(error))
    except typer.Abort:
        sys.exit(1)
    except MaixSwitchError as error:
        _end(error.message, error.exit_code, debug)
    except KeyboardInterrupt:
        _end(tr("interrupted"), EXIT_INTERRUPTED, debug=False)
    except BrokenPipeError:  # the reader of our output has enough, such as `head`
        # Without this, Python would complain about the closed pipe again when it ends.
        sys.stderr.close()
        sys.exit(1)
    except MemoryError:
        _end(tr("this PC has too little free memory for that"), EXIT_IO, debug)
    except Exception as error:
        _end(bug(error, debug), EXIT_BUG, debug)


def bug(error: Exception, debug: bool) -> str:
    """Return the message for an unexpected exception; without `debug` its traceback goes into a file."""
    name = _name(error)
    # Users seldom copy a complete traceback. A file is complete and easy to attach.
    if not debug:
        try:
            path = _write_traceback()
        except OSError:
            traceback.print_exc()  # nowhere else to write it
        else:
            return tr(
                "This is a bug of maixswitch, not a fault of your file ({error}). The traceback is in {path}; please "
                "report it with that file.",
                error=name,
                path=path,
            )
    return tr(
        "This is a bug of maixswitch, not a fault of your file ({error}). Please report it with the traceback above.",
        error=name,
    )


def _end(message: str, code: int, debug: bool) -> None:
    if debug:
        traceback.print_exc()
    console.say(f"maixswitch: {message}")
    sys.exit(code)


def _name(error: Exception) -> str:
    text = " ".join(str(error).split())[:200]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _write_traceback() -> str:
    """Write the current traceback, versions and arguments into a new temporary file; return its path."""
    with tempfile.NamedTemporaryFile(
        "w", prefix="maixswitch-bug-", suffix=".txt", delete=False, encoding="utf-8", errors="backslashreplace"
    ) as file:
        file.write(f"maixswitch {__version__}, Python {platform.python_version()}, {platform.platform()}\n")
        file.write(f"arguments: {sys.argv[1:]!r}\n\n")
        file.write(traceback.format_exc())
    return file.name
