"""`maixswitch learnt` and the board read and write the same files of what a model has learnt."""

from __future__ import annotations

import importlib
import json
import struct
from array import array
from pathlib import Path

import pytest

from maixswitch import board_code
from maixswitch.card import learnt
from maixswitch.card.learnt import FACES, LEARNER, Learnt
from maixswitch.cli.learnt import learnt as command
from maixswitch.errors import MaixSwitchError
from maixswitch.kmodel.write.samples import colour_classifier
from maixswitch.sim.card import FolderCard

VECTORS = tuple(struct.pack("<4f", *row) for row in ((1, 2, 3, 4), (0, -1, 0.5, 0.25), (9, 9, 9, 9)))
CLASSES = Learnt(LEARNER, ("cup", "钥匙", "pen"), VECTORS)
PEOPLE = Learnt(FACES, ("Ann", "Bo"), (bytes(range(16)), bytes(16)))


@pytest.fixture
def card(tmp_path: Path) -> Path:
    """A card with a learner, and a model that does not learn."""
    for name, kind in (("10-things", "learner"), ("20-raw", "raw")):
        folder = tmp_path / "card" / "models" / name
        folder.mkdir(parents=True)
        (folder / "m.kmodel").write_bytes(colour_classifier())
        fields = {"schema": 1, "title": name[3:], "kind": kind, "kmodel": "m.kmodel", "input": [224, 224, 3]}
        (folder / "model.json").write_text(json.dumps(fields))
    return tmp_path / "card"


def on_board(card: Path) -> str:
    """Puts the folder into the fake board's socket; returns the folder of the learner there."""
    bench = board_code.bench()
    bench.reset()
    bench.card.insert(FolderCard(card, bench.MemoryCard, write_back=True))
    return "/sd/models/10-things/"


@pytest.mark.parametrize("state", [CLASSES, PEOPLE, Learnt(LEARNER), Learnt(FACES)])
def test_the_newest_complete_state_counts(tmp_path: Path, state: Learnt) -> None:
    learnt.write(tmp_path, PEOPLE if state.form == FACES else CLASSES)
    learnt.write(tmp_path, state)
    assert learnt.read(tmp_path, state.form) == state


def test_the_board_reads_what_the_host_wrote(card: Path) -> None:
    learnt.write(card / "models/10-things", CLASSES)
    folder = on_board(card)
    names, path = importlib.import_module("device.once.learnt").learnt_read(folder)
    assert names == list(CLASSES.names)
    rows = importlib.import_module("device.kinds.learner").read_vectors(path, 4)
    assert [[value / 4096 for value in row] for row in rows] == [list(struct.unpack("<4f", row)) for row in VECTORS]


def test_the_host_reads_what_the_board_wrote(card: Path) -> None:
    folder = on_board(card)
    store = importlib.import_module("device.once.learnt")
    learner = importlib.import_module("device.kinds.learner")
    for count in (1, 2, 3):
        rows = [array("i", [int(value * 4096) for value in struct.unpack("<4f", row)]) for row in VECTORS[:count]]
        learner.write_vectors(store.learnt_path(folder), rows)
        store.learnt_write(folder, list(CLASSES.names[:count]))
        assert learnt.read(card / "models/10-things", LEARNER) == Learnt(
            LEARNER, CLASSES.names[:count], VECTORS[:count]
        )


@pytest.mark.parametrize("name", [*learnt.SLOTS, *learnt.DATA])
def test_a_damaged_file_leaves_an_old_state_or_nothing(tmp_path: Path, name: str) -> None:
    learnt.write(tmp_path, CLASSES.without("pen"))
    learnt.write(tmp_path, CLASSES)
    for data in (b"", b"\xff" * 40):
        (tmp_path / name).write_bytes(data)
        assert learnt.read(tmp_path, LEARNER) in (CLASSES, CLASSES.without("pen"), Learnt(LEARNER))


def test_a_failed_write_keeps_the_old_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The slot is written last, so whatever comes before it changes nothing."""
    learnt.write(tmp_path, CLASSES)
    monkeypatch.setattr(learnt, "slot_line", lambda number, text: (_ for _ in ()).throw(OSError("cut")))
    with pytest.raises(OSError, match="cut"):
        learnt.write(tmp_path, PEOPLE)
    assert learnt.read(tmp_path, LEARNER) == CLASSES


def test_the_command_changes_and_shares_a_set(card: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = card / "models/10-things"
    learnt.write(folder, CLASSES)
    shared = card / "shared.json"
    command(card, "things", rename=("pen", "pencil"), forget=["cup"], export=shared)
    assert learnt.read(folder, LEARNER) == Learnt(LEARNER, ("钥匙", "pencil"), VECTORS[1:])
    command(card, "things", forget=["pencil"])
    command(card, "things", import_=shared)
    assert learnt.read(folder, LEARNER).names == ("钥匙", "pencil")
    capsys.readouterr()
    command(card, json=True)
    rows = json.loads(capsys.readouterr().out)["models"]
    assert rows == [{"folder": "10-things", "title": "things", "form": LEARNER, "names": ["钥匙", "pencil"]}]


def test_what_the_command_refuses(card: Path) -> None:
    learnt.write(card / "models/10-things", CLASSES)
    shared = card / "shared.json"
    for words, message in (
        ({"forget": ["cap"]}, "cap: not learnt; there are: cup"),
        ({"rename": ("cup", "pen")}, "pen: learnt already"),
        ({"rename": ("cup", "x" * 25)}, "expected 1 to 24"),
        ({"import_": shared}, "not a file that maixswitch learnt --export wrote"),
    ):
        shared.write_text("{}")
        with pytest.raises(MaixSwitchError, match=message):
            command(card, "things", **words)  # type: ignore[arg-type]
    shared.write_text(learnt.export(CLASSES, 1))
    with pytest.raises(MaixSwitchError, match=r"learnt with another \.kmodel"):
        command(card, "things", import_=shared)
    with pytest.raises(MaixSwitchError, match="raw does not learn"):
        command(card, "raw")
    with pytest.raises(MaixSwitchError, match="another network"):
        CLASSES.joined(Learnt(LEARNER, ("x",), (bytes(20),)))
    with pytest.raises(MaixSwitchError, match="21 names"):
        CLASSES.joined(Learnt(LEARNER, tuple(map(str, range(18))), (bytes(16),) * 18))
    assert learnt.read(card / "models/10-things", LEARNER) == CLASSES
