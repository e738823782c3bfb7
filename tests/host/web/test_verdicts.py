"""What check reports of a card's models, as rows of the page, for good and bad cards and with the real command."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from maixswitch import language
from maixswitch.card.check import Options, check, document
from maixswitch.kmodel.write.samples import write_card
from maixswitch.web.verdicts import Verdicts, judge

BLOBS, COLOURS = ("Bright blobs", "10-blobs"), ("Colours", "20-colours")


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A card that a test may change."""
    write_card(tmp_path / "card")
    return tmp_path / "card"


def edit(card: Path, folder: str, **fields: Any) -> None:
    path = card / "models" / folder / "model.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))


def both(card: Path, firmware: str) -> Verdicts:
    """Return the verdicts in both languages, from this process, in which no board runs."""
    reports = {}
    for name in language.LANGUAGES:
        with language.speaking(name):
            reports[name] = document(check(card, Options("dock", (firmware,))))
    return Verdicts(reports)


def test_good_card(own: Path) -> None:
    blobs, colours = both(own, "full").rows([BLOBS, COLOURS])
    assert (blobs["title"], blobs["folder"], blobs["level"], blobs["says"]) == (*BLOBS, "ok", [])
    assert blobs["fits"].startswith("fits, ")
    assert colours["level"] in ("ok", "note")


def test_findings_say_where_what_and_what_to_do(own: Path) -> None:
    edit(own, "10-blobs", labels=["blob", "more"])
    (row,) = both(own, "full").rows([BLOBS])
    assert row["level"] == "error"
    finding = {item["code"]: item for item in row["says"]}["C118"]
    assert finding["severity"] == "error"
    assert finding["text"].startswith("model.json labels: The number of labels")
    assert finding["text"].endswith(" Found: 2 labels. Wanted: 1 labels.")
    assert finding["remedy"].startswith("Write exactly the labels")


@pytest.mark.parametrize(
    ("model", "firmware", "level", "fits"),
    [
        ("voc20_yolov2_v4", "minimum", "error", "kmodel v4 is not supported by this firmware (load error 2002)"),
        ("yolov3_two_heads_v3", "full", "error", "too large by "),
        ("voc20_yolov2_v4", "minimum_with_kmodel_v4_support", "", "fits, "),
    ],
)
def test_memory_is_judged_for_this_firmware(
    kmodels: Path, own: Path, model: str, firmware: str, level: str, fits: str
) -> None:
    shutil.copyfile(kmodels / f"{model}.kmodel", own / "models/10-blobs/model.kmodel")
    (row,) = both(own, firmware).rows([BLOBS])
    assert row["fits"].startswith(fits)
    if level:
        assert row["level"] == level
        assert {item["code"] for item in row["says"]} & {"C206", "C208"}


def test_texts_are_in_the_current_language(own: Path) -> None:
    edit(own, "10-blobs", labels=["blob", "more"])
    verdicts = both(own, "full")
    english = verdicts.rows([BLOBS])[0]
    with language.speaking("zh"):
        chinese = verdicts.rows([BLOBS])[0]
    assert english == verdicts.rows([BLOBS])[0]
    assert [item["code"] for item in chinese["says"]] == [item["code"] for item in english["says"]]
    for field in ("text", "remedy"):
        assert chinese["says"][0][field] != english["says"][0][field]
    assert "实际" in chinese["says"][0]["text"]
    assert chinese["fits"] != english["fits"]


def test_the_rows_follow_the_apps_models(own: Path) -> None:
    """The app may know models that came after the check, and may not know some that the check knows."""
    rows = both(own, "full").rows([COLOURS, ("New", "30-new"), ("Short", "10")])
    assert [(row["folder"], row["level"] != "") for row in rows] == [
        ("20-colours", True),
        ("30-new", False),
        ("10", False),
    ]
    assert rows[1] == {"title": "New", "folder": "30-new", "level": "", "fits": "", "need": [], "says": []}
    assert both(own, "full").rows([]) == []


def test_a_file_that_is_not_a_kmodel_is_an_error_without_memory(own: Path) -> None:
    (own / "models/10-blobs/model.kmodel").write_bytes(b"nothing of the kind")
    (own / "models/20-colours/model.json").write_text("{")
    rows = both(own, "full").rows([BLOBS, ("20-colours", "20-colours")])
    assert [(row["level"], row["fits"]) for row in rows] == [("error", ""), ("error", "")]


def test_judged_beside_a_board_that_runs(own: Path) -> None:
    """The check uses another fake board: the running one must not be affected."""
    from maixswitch.sim.board_options import BoardOptions
    from maixswitch.sim.simulated_board import SimulatedBoard

    edit(own, "10-blobs", labels=["blob", "more"])
    sim = SimulatedBoard(BoardOptions(own), lambda *_: None)
    sim.power_on()
    sim.step()
    before = (sim.bench.generation, sim.now, sim.state)
    verdicts = judge(own, "dock", "full")
    assert (sim.bench.generation, sim.now, sim.state) == before
    sim.app.stop()
    assert verdicts.note == ""
    assert verdicts.rows([BLOBS, COLOURS]) == both(own, "full").rows([BLOBS, COLOURS])
    with language.speaking("zh"):
        assert verdicts.rows([BLOBS]) == both(own, "full").rows([BLOBS])


def test_a_card_that_cannot_be_judged_gives_a_note_in_the_chosen_language(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for card, board, text in (
        (tmp_path / "absent", "dock", "no such file or folder"),
        (tmp_path / "empty", "", "neither a card"),
        (tmp_path / "empty", "toaster", "toaster"),
    ):
        verdicts = judge(card, board, "full")
        assert text in verdicts.note
        assert "Traceback" not in verdicts.note
        assert verdicts.rows([BLOBS])[0]["level"] == ""
    english = verdicts.note
    with language.speaking("zh"):
        assert verdicts.note != english
    assert Verdicts({}).note == "the card could not be judged"


def test_nothing_in_the_users_folder_is_executed(own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('executed')")
    (tmp_path / "typer.py").write_text("raise SystemExit('executed')")
    monkeypatch.chdir(tmp_path)
    verdicts = judge(Path("card"), "dock", "full")
    assert verdicts.note == ""
    assert verdicts.rows([BLOBS])[0]["level"] == "ok"


@pytest.mark.parametrize("board", ["dock", "m5stickv", "amigo_tft"])
def test_page_and_check_judge_the_same_firmware(own: Path, board: str) -> None:
    """Without --firmware the page takes one of those that check judges for the board, and says the same of it."""
    from maixswitch.sim.board_options import BoardOptions
    from maixswitch.sim.simulated_board import SimulatedBoard
    from maixswitch.web.publisher import firmware_of

    # More than m5stickv and amigo_tft have room for, and less than the dock's firmware.
    with (own / "models/10-blobs/model.kmodel").open("ab") as file:
        file.truncate(2_600_000)
    sim = SimulatedBoard(BoardOptions(own, board=board), lambda *_: None)
    page = judge(own, board, firmware_of(sim.flavour)).rows([BLOBS])[0]
    command = document(check(own, Options(board)))["models"]
    rooms = next(model["room"] for model in command if model["place"] == "models/10-blobs")
    assert page["fits"] == rooms[sim.flavour]
    assert page["fits"].startswith("fits") is (board == "dock")
