"""`maixswitch sync` on the virtual board: what it sends, what is on the card afterwards, and how it fails."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from maixswitch.board.failures import BoardError
from maixswitch.board.sync import inventory
from maixswitch.board.sync import run as running
from maixswitch.board.sync.plan import Options
from maixswitch.board.sync.progress import Bars
from maixswitch.board.virtual import Faults, VirtualBoard
from maixswitch.card import ordering
from maixswitch.card.build import build

ROOT = Path(__file__).resolve().parents[3]
LIMIT = 60.0
Boards = Callable[..., VirtualBoard]


COMMAND = [sys.executable, "-m", "maixswitch", "sync"]
PATH = os.pathsep.join([str(ROOT / "host"), os.environ.get("PYTHONPATH", "")])
ENVIRONMENT = {**os.environ, "PYTHONPATH": PATH}


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *map(str, arguments)], capture_output=True, text=True, env=ENVIRONMENT, timeout=LIMIT, check=False
    )


def tree(folder: Path) -> dict[str, bytes]:
    files = ((path.relative_to(folder).as_posix(), path) for path in folder.rglob("*") if path.is_file())
    return {name: path.read_bytes() for name, path in files if inventory.travels(name)}


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A card with the app and three models: random bytes, zeros, and the control bytes that a REPL obeys."""
    card = tmp_path_factory.mktemp("source")
    build(card)
    contents = {"10-noise": os.urandom(60_000), "20-zeros": bytes(60_000), "30-obeyed": bytes(range(32)) * 2000}
    for name, data in contents.items():
        (card / "models" / name).mkdir(parents=True)
        (card / "models" / name / "m.kmodel").write_bytes(data)
        (card / "models" / name / "labels.txt").write_text("one\ntwo\n")
        (card / "models" / name / "model.json").write_text("{}")
    (card / "models" / ".hidden").write_text("stays here")
    return card


@pytest.fixture
def card(source: Path, tmp_path: Path) -> Path:
    return shutil.copytree(source, tmp_path / "mine")


def report(done: subprocess.CompletedProcess[str]) -> dict[str, object]:
    assert done.returncode == 0, done.stderr
    card_report: dict[str, object] = json.loads(done.stdout)["cards"][0]
    return card_report


def sent(done: subprocess.CompletedProcess[str]) -> list[str]:
    return [row["path"] for row in report(done)["send"]]  # type: ignore[attr-defined]


def test_the_last_step_does_not_start_the_app_of_an_m5stickv(virtual_board: Boards, card: Path, tmp_path: Path) -> None:
    """Its start script leaves a name from which boot.py concludes that it must start main.py, which never ends."""
    sd = tmp_path / "sd"
    sd.mkdir()
    (card / "main.py").write_text("while True:\n    pass\n")
    board = virtual_board(sd, flavour="m5stickv")
    first = report(run(card, "--port", board.port, "--json"))
    assert first["bytes"] == sum(map(len, tree(card).values()))
    assert tree(sd) == tree(card)


def test_the_life_of_a_card(virtual_board: Boards, card: Path, tmp_path: Path) -> None:
    sd = tmp_path / "sd"
    sd.mkdir()
    (sd / "maixswitch.s0").write_text("the app's own")
    (sd / "photos").mkdir()
    (sd / "photos" / "0001.jpg").write_bytes(b"a picture")
    (sd / "notes.txt").write_text("the user's own")
    kept = {"notes.txt": b"the user's own"}
    board = virtual_board(sd)
    dry = run(card, "--port", board.port, "--dry-run")
    assert dry.returncode == 0
    assert "models/10-noise/m.kmodel" in dry.stdout
    assert not (sd / "models").exists()
    before = board.wire
    first = report(run(card, "--port", board.port, "--json"))
    size = sum(map(len, tree(card).values()))
    # the limit covers everything on the line: comparing, the receiver, the list of steps and the checksums
    assert first["bytes"] == size  # including main.py, as the firmware had written its own
    assert board.wire.to_board - before.to_board - size * 1.02 < 22_000
    assert tree(sd) == tree(card) | kept
    assert report(run(card, "--port", board.port, "--json"))["bytes"] == 0
    (card / "models/20-zeros/labels.txt").write_text("one\nthree\n")
    assert sent(run(card, "--port", board.port, "--json")) == ["models/20-zeros/labels.txt"]
    (sd / "models/20-zeros/labels.txt").write_text("ONE\nthree\n")  # SYNC/SUMS does not show a change of the same size
    assert sent(run(card, "--port", board.port, "--json")) == []
    assert sent(run(card, "--port", board.port, "--json", "--checksum")) == ["models/20-zeros/labels.txt"]
    for path in (card / "models/30-obeyed").iterdir():
        path.unlink()
    (card / "models/30-obeyed").rmdir()
    deleting = report(run(card, "--port", board.port, "--json", "--delete"))
    assert deleting["delete"] == [f"models/30-obeyed/{name}" for name in ("labels.txt", "m.kmodel", "model.json")]
    assert not (sd / "models/30-obeyed").exists()
    assert tree(sd) == tree(card) | kept
    assert (sd / "maixswitch.s0").read_text() == "the app's own"
    assert (sd / "photos" / "0001.jpg").read_bytes() == b"a picture"


def test_an_order_and_a_removal_send_no_model(virtual_board: Boards, card: Path, tmp_path: Path) -> None:
    """The files are copied on the card, what sync once put there goes without --delete, and the user's files stay."""
    sd = tmp_path / "sd"
    sd.mkdir()
    board = virtual_board(sd)
    assert report(run(card, "--port", board.port, "--json"))["bytes"]
    (sd / "models/10-noise/notes.txt").write_text("the user's own")
    models = card / "models"
    shutil.rmtree(models / "20-zeros")
    ordering.rename(models, [("10-noise", "20-noise"), ("30-obeyed", "10-obeyed")])
    (models / "20-noise/labels.txt").write_text("one\nthree\n")
    dry = run(card, "--port", board.port, "--dry-run")
    assert "models/30-obeyed/m.kmodel -> models/10-obeyed/m.kmodel" in dry.stdout
    assert "models/10-noise/notes.txt; --delete deletes them" in dry.stderr
    assert not (sd / "models/20-noise").exists()
    before = board.wire.to_board
    done = report(run(card, "--port", board.port, "--json"))
    assert [row["path"] for row in done["send"]] == ["models/20-noise/labels.txt"]  # type: ignore[attr-defined]
    assert done["foreign"] == ["models/10-noise/notes.txt"]
    assert board.wire.to_board - before < 25_000
    assert tree(sd) == tree(card) | {"models/10-noise/notes.txt": b"the user's own"}
    assert {path.name for path in (sd / "models").iterdir()} == {"10-noise", "10-obeyed", "20-noise"}


def test_only_the_compiled_app_at_the_fast_rate(virtual_board: Boards, card: Path, tmp_path: Path) -> None:
    sd = tmp_path / "sd"
    build(sd)
    (sd / "models/1-old").mkdir(parents=True)
    (sd / "models/1-old/model.json").write_text("{}")
    board = virtual_board(sd)
    done = report(run(card, "--port", board.port, "--app-only", "--mpy", "--delete", "--json", "--baud", 1_500_000))
    assert not list((sd / "device").rglob("*.py"))
    assert (sd / "device/app.mpy").exists()
    assert (sd / "models/1-old/model.json").exists()
    assert all(path.startswith("device/") for path in done["delete"])  # type: ignore[attr-defined]


def test_plain(virtual_board: Boards, tmp_path: Path) -> None:
    sd, card = tmp_path / "sd", tmp_path / "small"
    for folder in (sd, card):
        build(folder)
        (folder / "models/1").mkdir(parents=True)
    (card / "models/1/model.json").write_text("{}")
    board = virtual_board(sd)
    assert sent(run(card, "--port", board.port, "--plain", "--json")) == ["models/1/model.json"]
    assert tree(sd) == tree(card)


def test_what_is_refused(virtual_board: Boards, card: Path, tmp_path: Path) -> None:
    """Each refusal has its code and exit code, no traceback, and sends nothing."""
    sd = tmp_path / "sd"
    sd.mkdir()
    cases = [
        (("--port", "/dev/nothing-there"), 3, "B601", {}),
        (("--port", "PORT"), 3, "B620", {"card": None}),
        (("--port", "PORT"), 3, "B621", {"card": sd, "space": 100_000}),
        (("--port", "PORT"), 3, "B622", {"card": sd, "readonly": True}),
    ]
    for arguments, code, row, options in cases:
        port = virtual_board(**options).port if options else ""
        done = run(card, *(port if word == "PORT" else word for word in arguments))
        assert (done.returncode, row in done.stderr) == (code, True), done.stderr
        assert "Traceback" not in done.stderr
        assert not (sd / "models").exists()


def test_what_is_refused_before_a_board_is_opened(card: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "bare/models").mkdir(parents=True)
    cases = [
        ((tmp_path / "empty", "--to", tmp_path / "empty"), 2, "inside the other"),
        ((card, "--to", tmp_path / "empty"), 2, "B628"),
        ((card, "--to", tmp_path / "absent"), 4, "no such folder"),
        ((card, "--to", card / "models"), 2, "inside the other"),
        ((tmp_path / "bare", "--to", card), 2, "maixswitch build"),
        ((tmp_path / "empty", "--to", card), 2, "maixswitch new"),
        ((card, "--port", "x", "--all"), 2, "choose one of --port, --to and --all"),
        ((card, "--to", card, "--baud", 12), 2, "--baud 12"),
    ]
    for arguments, code, text in cases:
        done = run(*arguments)
        assert (done.returncode, text in done.stderr) == (code, True), (arguments, done.stderr)
        assert "Traceback" not in done.stderr


def test_ctrl_c(virtual_board: Boards, card: Path, tmp_path: Path) -> None:
    sd = tmp_path / "sd"
    build(sd)
    board = virtual_board(sd, rate=115_200)
    arguments = [*COMMAND, str(card), "--port", board.port]
    working = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT)
    end = time.monotonic() + LIMIT
    while board.wire.to_board < 14_000:
        assert time.monotonic() < end
        assert working.poll() is None, working.stderr and working.stderr.read()
        time.sleep(0.02)
    working.send_signal(signal.SIGINT)
    _, stderr = working.communicate(timeout=LIMIT)
    assert working.returncode == 130, stderr
    assert "interrupted; the card still has the old version" in stderr
    assert "Traceback" not in stderr
    assert not list(sd.glob("models/*/model.json"))
    planned = run(card, "--port", board.port, "--dry-run")
    assert "are there already" in planned.stdout, planned.stderr


def test_several_boards_at_once(virtual_board: Boards, card: Path, tmp_path: Path) -> None:
    """The second board is missing and the third has no card; the others are synced nevertheless."""
    folders = [tmp_path / name for name in ("first", "last")]
    for folder in folders:
        folder.mkdir()
    sources = running.gather(card, None, False, Bars(None))
    good = [virtual_board(folder) for folder in folders]
    ports = [good[0].port, "/dev/nothing-there", virtual_board(None).port, good[1].port]

    def sync_one(port: str) -> running.Result:
        line, options = running.Line(), Options()
        return running.board(
            port, line, sources, options, dry=False, bars=Bars(None), say=print, show=lambda plan: None
        )

    results = running.boards(ports, sync_one, Bars(None))
    assert [result.name for result in results] == ports
    assert [result.code for result in results] == [0, 3, 3, 0]
    codes = [result.error.code for result in results if isinstance(result.error, BoardError)]
    assert codes == ["B601", "B620"]
    assert all(tree(folder) == tree(card) for folder in folders)
    assert [result.document()["target"] for result in results] == ports
    assert [len(result.line(False).splitlines()) for result in results] == [1, 1, 1, 1]


def test_a_bad_line(virtual_board: Boards, card: Path, tmp_path: Path) -> None:
    """Lost or changed bytes, in programs and in files, only cost time."""
    sd = tmp_path / "sd"
    build(sd)
    board = virtual_board(sd, faults=Faults(corrupt=(700, 3000, 40_000, 90_000), drop=(60_000, 70_500)))
    assert report(run(card, "--port", board.port, "--json"))["same"] > 20  # type: ignore[operator]
    assert tree(sd) == tree(card)


def test_check_knows_the_card_after_a_sync_and_an_older_boot_py(card: Path, tmp_path: Path) -> None:
    from maixswitch.card import check as checking
    from maixswitch.card.options import Options as CheckOptions

    def codes() -> dict[str, str]:
        findings = checking.check(sd, CheckOptions("", (), None, False)).findings
        return {finding.code: finding.found for finding in findings if finding.code < "C100"}

    sd = tmp_path / "sd"
    sd.mkdir()
    assert run(card, "--to", sd, "--force").returncode == 0
    assert not codes()
    (sd / "SYNC/A1234567").write_text("half")
    assert not codes()
    boot = sd / "boot.py"
    boot.write_text(boot.read_text() + "# another version\n")
    assert codes() == {"C003": "boot.py"}
    boot.write_text(boot.read_text() + "while True:\n    pass\n")
    assert "C007" in codes()
