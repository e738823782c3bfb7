"""What the help pages and the shell's completion offer, and that a mistake has the same exit code in every command."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main
from PIL import Image
from typer._completion_classes import BashComplete

from maixswitch import language
from maixswitch.cli import main as cli
from maixswitch.cli.examples import EXAMPLES

Mistake = Callable[..., tuple[int, str]]


def pages(command: Any = None, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every command with its words, without the groups."""
    command = command or typer.main.get_command(cli.app)
    children = getattr(command, "commands", {})
    if not children:
        yield path, command
    for name in children:
        yield from pages(children[name], f"{path} {name}".strip())


PAGES = dict(pages())


def test_every_command_has_two_examples_which_the_command_takes() -> None:
    assert list(EXAMPLES) == list(PAGES)
    for name, lines in EXAMPLES.items():
        assert len(lines) == 2
        for line in lines:
            words = shlex.split(line.partition(" >")[0])
            depth = len(name.split())
            assert words[:depth] == name.split()
            PAGES[name].make_context(name, words[depth:])


@pytest.mark.parametrize("name", PAGES)
def test_a_help_page_names_values_in_words(name: str) -> None:
    command = PAGES[name]
    text = command.get_help(command.make_context(name, ["--help"], resilient_parsing=True))
    assert not re.search(r"<[a-z]", text)
    for line in EXAMPLES[name]:
        assert f"\n    maixswitch {line}" in text


@pytest.fixture
def mistake(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Mistake:
    """Run a command line with a mistake in this process; return its exit code and its message."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(language.VARIABLE, "en")

    def run(*words: object) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["maixswitch", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        shown = capsys.readouterr()
        assert shown.out == ""
        assert "Traceback" not in shown.err
        return int(str(ended.value.code)), shown.err

    return run


NO_CARD = {
    "order": "order absent", "remove": "remove absent Face", "learnt": "learnt absent", "check": "check absent",
    "import": "import CARD --card absent", "pack": "pack absent -o x.kfpkg", "ls": "ls absent", "sim": "sim absent",
    "sim --web": "sim absent --web", "run": "run face.py --card absent", "kmodel info": "kmodel info absent",
    "evaluate": "evaluate absent --data photos", "board": "board absent --pty", "sync": "sync absent --to other",
    "screenshot": "screenshot absent --script shots.script --out shots",
}  # fmt: skip
WITH_A_BOARD = {
    "check": "check CARD", "ls": "ls CARD", "sim": "sim CARD", "pack": "pack CARD -o x.kfpkg", "run": "run face.py",
    "kmodel info": "kmodel info CARD", "screenshot": "screenshot CARD --script shots.script --out shots",
}  # fmt: skip
WITH_A_FIRMWARE = {
    "check": "check CARD", "ls": "ls CARD", "sim": "sim CARD", "run": "run face.py", "kmodel info": "kmodel info CARD",
    "evaluate": "evaluate CARD --data photos", "board": "board CARD --pty",
}  # fmt: skip


def words_of(line: str, card: Path) -> list[object]:
    """Return the words of a command line; the files that it names are made in the present folder."""
    Path("face.py").write_text("pass\n")
    Path("shots.script").write_text("wait 1s\nscreenshot one\n")
    Path("other/models").mkdir(parents=True)
    Path("photos/red").mkdir(parents=True)
    Image.new("RGB", (8, 8)).save("photos/red/1.png")
    return [card if word == "CARD" else word for word in line.split()]


@pytest.mark.parametrize("name", NO_CARD)
def test_a_missing_card_is_an_input_error(mistake: Mistake, card: Path, name: str) -> None:
    code, message = mistake(*words_of(NO_CARD[name], card))
    assert code == 4
    assert "absent" in message


@pytest.mark.parametrize("name", WITH_A_BOARD)
def test_an_unknown_board_is_a_usage_error(mistake: Mistake, card: Path, name: str) -> None:
    code, message = mistake(*words_of(WITH_A_BOARD[name], card), "--board", "cubee")
    assert code == 2
    assert message.endswith("; did you mean cube?\n")


@pytest.mark.parametrize("name", WITH_A_FIRMWARE)
def test_an_unknown_firmware_is_a_usage_error(mistake: Mistake, card: Path, name: str) -> None:
    code, message = mistake(*words_of(WITH_A_FIRMWARE[name], card), "--firmware", "minimun")
    assert code == 2
    assert message.endswith("; did you mean minimum?\n")


def test_an_unknown_option_is_a_usage_error(mistake: Mistake) -> None:
    for name in PAGES:
        code, message = mistake(*name.split(), "--nonsense")
        assert code == 2
        assert "No such option: --nonsense" in message


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("sim CARD --board amigo_", ["amigo_tft", "amigo_ips"]),
        ("check CARD --firmware openm", ["openmv_kmodel_v4_with_ide_support"]),
        ("convert net.onnx --kind classi", ["classifier"]),
        ("explain C11", ["C110", "C119"]),
        ("order CARD 10", ["10-"]),
        ("remove CARD 99", []),
        ("remove absent 10", []),
    ],
)
def test_the_shell_completes_values(card: Path, line: str, expected: list[str]) -> None:
    command = typer.main.get_command(cli.app)
    *words, incomplete = (str(card) if word == "CARD" else word for word in line.split(" "))
    found = [item.value for item in BashComplete(command, {}, "maixswitch", "_X").get_completions(words, incomplete)]
    assert bool(found) == bool(expected)
    for word in expected:
        assert any(item.startswith(word) for item in found), found


def test_a_code_that_is_nearly_right_gets_a_hint(mistake: Mistake) -> None:
    code, message = mistake("explain", "c2o6")
    assert code == 1
    assert "similar: C206 " in message
