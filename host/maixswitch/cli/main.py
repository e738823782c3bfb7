"""The command `maixswitch`: the table of its commands, and the entry point that runs one of them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, MutableMapping
from importlib import import_module
from typing import Annotated, Any, NamedTuple

import typer
from typer.core import TyperGroup

from maixswitch import __version__, console, language
from maixswitch.cli import failures, help_pages
from maixswitch.errors import EXIT_USAGE, MaixSwitchError
from maixswitch.language import tr

# The emulator's matrices are small: a second BLAS thread gains nothing, and on a busy machine the two threads wait for
# each other fifty times longer than they compute. numpy reads the variable when a command imports it.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


class Command(NamedTuple):
    """A row of the table: `maixswitch <name>` runs `function` of the module `maixswitch.cli.<module>`.

    The function's docstring is the help page of the command, `summary` its line in `maixswitch --help`.
    """

    name: str
    module: str
    function: str
    group: str
    summary: str


MAKE_A_CARD = "Make a card"
IMPORT_MODELS = "Import and convert models"
EXAMINE_MODELS = "Examine models"
RUN_ON_THIS_PC = "Run on this PC"
WORK_WITH_A_BOARD = "Work with a board"
GROUPS = (MAKE_A_CARD, IMPORT_MODELS, EXAMINE_MODELS, RUN_ON_THIS_PC, WORK_WITH_A_BOARD)

COMMANDS = (
    Command("new", "new", "new", MAKE_A_CARD, "Make a card: the app, sample models and a README.txt."),
    Command("build", "build", "build", MAKE_A_CARD, "Write the app's part of a card: boot.py, main.py and device/."),
    Command(
        "editor", "editor", "editor", MAKE_A_CARD, "Set up a card for editors: completion, checks of MaixPy's names."
    ),
    Command("order", "order", "order", MAKE_A_CARD, "Change the order of a card's models."),
    Command("remove", "remove", "remove", MAKE_A_CARD, "Delete one model's folder from a card."),
    Command("learnt", "learnt", "learnt", MAKE_A_CARD, "List and change what models have learnt on the board."),
    Command("import", "import_", "import_", IMPORT_MODELS, "Import models of any common export format onto a card."),
    Command(
        "convert", "convert", "convert", IMPORT_MODELS, "Convert an ONNX or TensorFlow Lite network into a .kmodel."
    ),
    Command("pack", "pack", "pack", IMPORT_MODELS, "Put models into a package (.kfpkg) for the board's flash chip."),
    Command("check", "check", "check", EXAMINE_MODELS, "Check a card or a model for mistakes."),
    Command("ls", "ls", "ls", EXAMINE_MODELS, "List a card's models and whether they fit."),
    Command("kmodel", "kmodel", "app", EXAMINE_MODELS, "Inspect a .kmodel: its memory, its speed, its answers."),
    Command("firmware", "firmware", "firmware", EXAMINE_MODELS, "Tell what a firmware image is and leaves for models."),
    Command("evaluate", "evaluate", "evaluate", EXAMINE_MODELS, "Measure how good a model is on labelled pictures."),
    Command("demo", "sim", "demo", RUN_ON_THIS_PC, "Show the app in half a minute, without card or board."),
    Command("sim", "sim", "sim", RUN_ON_THIS_PC, "Run the app of the board on this PC with a card."),
    Command("run", "run", "run", RUN_ON_THIS_PC, "Run any MaixPy script on real firmware or on the fakes."),
    Command("screenshot", "screenshot", "screenshot", RUN_ON_THIS_PC, "Take pictures of the panel, on several boards."),
    Command("replay", "replay", "replay", RUN_ON_THIS_PC, "Repeat a recorded run and tell where it differs."),
    Command("guide", "guide", "guide", RUN_ON_THIS_PC, "Compute what a chapter of the guide shows."),
    Command("diagram", "diagram", "diagram", RUN_ON_THIS_PC, "Print the app's state machine as a Mermaid diagram."),
    Command("sync", "sync", "sync", WORK_WITH_A_BOARD, "Copy a card's folder onto the card of a board."),
    Command(
        "burn", "burn", "burn", WORK_WITH_A_BOARD, "Burn a package (.kfpkg) into a board's flash chip, with kflash."
    ),
    Command("monitor", "monitor", "monitor", WORK_WITH_A_BOARD, "Show live what a board's app sees and does."),
    Command("doctor", "doctor", "doctor", WORK_WITH_A_BOARD, "Examine a board over its cable."),
    Command("explain", "explain", "explain", WORK_WITH_A_BOARD, "Explain a code or an error text of the board."),
    Command("reset", "reset", "reset", WORK_WITH_A_BOARD, "Restart a board over its cable."),
    Command("board", "board", "board", WORK_WITH_A_BOARD, "Run a virtual board behind a serial port of this PC."),
)


class Commands(MutableMapping[str, Any]):
    """The commands of the table by their names. The module of a command is imported on demand."""

    def __init__(self) -> None:
        self._rows = {row.name: row for row in COMMANDS}
        self._imported: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._imported:
            self[name] = _import(self._rows[name])
        return self._imported[name]

    def __setitem__(self, name: str, command: Any) -> None:
        self._imported[name] = command

    def __delitem__(self, name: str) -> None:
        del self._rows[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)


def _import(row: Command) -> Any:
    """Make typer's command of a row, with its help page in the chosen language."""
    target = getattr(import_module(f"maixswitch.cli.{row.module}"), row.function)
    # typer makes a command only from an app, so a single function is wrapped into an app first.
    if not isinstance(target, typer.Typer):
        single = typer.Typer(add_completion=False, rich_markup_mode=None)
        single.command(row.name)(target)
        target = single
    command = typer.main.get_command(target)
    command.short_help = row.summary
    help_pages.complete(command, row.name)
    help_pages.translate(command)
    return command


class Root(TyperGroup):
    """The command `maixswitch` itself. Its help lists the table group by group, without importing the commands."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = Commands()

    def list_commands(self, ctx: Any) -> list[str]:
        return list(self.commands)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        width = max(len(row.name) for row in COMMANDS)
        for group in GROUPS:
            with formatter.section(group):
                rows = [(row.name.ljust(width), language.word(row.summary)) for row in COMMANDS if row.group == group]
                formatter.write_dl(rows)


app = typer.Typer(
    cls=Root,
    name="maixswitch",
    help="Swap neural networks on Sipeed Maix boards (K210) at the press of a button; simulate it on a PC.",
    epilog="Exit codes: 0 ok, 1 findings, 2 usage, 3 device fault, 4 input or output, 70 a bug of maixswitch, "
    "130 interrupted.",
    no_args_is_help=True,
    rich_markup_mode=None,  # plain help starts twice as fast and needs no escapes
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(is_set: bool) -> None:
    if is_set:
        print(f"maixswitch {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and end.")
    ] = False,
    lang: Annotated[
        str,
        typer.Option("--lang", metavar="en|zh", help="Language; default: MAIXSWITCH_LANG, then the locale."),
    ] = "",
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the traceback of a failure, for a report about maixswitch.")
    ] = False,
) -> None:
    # Nothing to do: `main` removes --lang and --debug from the arguments, so that they may be anywhere in the line.
    pass


def main() -> None:
    """Run the command line of this process and end with an exit code. Failures show a traceback only with --debug."""
    console.prepare()
    # Read --debug and --lang before typer does anything, because an error in the other arguments depends on both.
    debug, arguments = failures.take_debug(sys.argv[1:])
    with failures.ended_by_message(debug):
        lang, arguments = language.taken(arguments)
        failures.choose_language(lang)
        # An empty argument is most often an empty variable of a shell. As a path it would mean the current folder.
        if not all(argument.strip() for argument in arguments):
            raise MaixSwitchError(tr("an argument is empty; expected a path, a name or a value"), EXIT_USAGE)
        command = typer.main.get_command(app)
        help_pages.translate(command)
        # In standalone mode typer would print failures itself, in English, and choose the exit code.
        sys.exit(command.main(arguments, standalone_mode=False) or 0)
