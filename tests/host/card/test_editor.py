"""`maixswitch editor` and `new --editor`: the stubs of MaixPy on a card, which stay on this PC."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from maixswitch.board.sync import inventory
from maixswitch.card import editor
from maixswitch.errors import EXIT_USAGE, MaixSwitchError
from tests.host.sim_helpers import ROOT, Command

STUBS = ROOT / "host" / "maixpy-stubs"


def test_a_new_card_with_the_stubs(command: Command, tmp_path: Path) -> None:
    """`check` finds no fault on it, `sync` sends no file of it, and pyrightconfig.json names folders that exist."""
    done = command("new", "card", "--editor")
    assert done.returncode == 0, done.stderr
    assert "card: stubs of MaixPy in .typings/" in done.stderr
    card = tmp_path / "card"
    config = json.loads((card / "pyrightconfig.json").read_text(encoding="utf-8"))
    assert all((card / folder).is_dir() for folder in (config["stubPath"], *config["extraPaths"]))
    typings = {path.name: path.read_bytes() for path in (card / ".typings").glob("*.pyi")}
    expected = {
        path.name: path.read_bytes() for part in ("", "-pyright") for path in (STUBS / f"typings{part}").glob("*")
    }
    assert typings == expected
    assert (card / ".typings" / "canmv" / "maix.pyi").exists()

    assert command("check", "card").returncode == 0
    sent = inventory.sources(card)
    assert {"boot.py", "models/10-shapes/model.json"} <= set(sent)
    assert not [path for path in sent if path.endswith((".pyi", "pyrightconfig.json"))]


def test_the_stubs_are_renewed_and_the_user_s_settings_stay(command: Command, tmp_path: Path) -> None:
    (tmp_path / "scripts" / ".typings").mkdir(parents=True)
    (tmp_path / "scripts" / ".typings" / "KPU.pyi").write_text("old")
    (tmp_path / "scripts" / "pyrightconfig.json").write_text('{"strict": ["."]}')
    done = command("editor", "scripts")
    assert done.returncode == 0, done.stderr
    assert "your pyrightconfig.json stays" in done.stderr
    assert '"stubPath": ".typings"' in done.stderr
    assert (tmp_path / "scripts" / "pyrightconfig.json").read_text() == '{"strict": ["."]}'
    assert (tmp_path / "scripts" / ".typings" / "KPU.pyi").read_bytes() == (STUBS / "typings" / "KPU.pyi").read_bytes()

    (tmp_path / "scripts" / "pyrightconfig.json").unlink()
    assert [editor.set_up(tmp_path / "scripts") for _ in range(2)] == [True, True]


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(MaixSwitchError, match="no folder; a card is made with") as caught:
        editor.set_up(tmp_path / "card")
    assert caught.value.exit_code == EXIT_USAGE


def test_sync_leaves_files_of_editors_alone() -> None:
    left = (".typings/KPU.pyi", ".vscode/settings.json", "pyrightconfig.json", "PYRIGHTCONFIG.JSON")
    assert [path for path in (*left, "models/pyrightconfig.json") if inventory.travels(path)] == [
        "models/pyrightconfig.json"
    ]
