"""The command `maixswitch evaluate`: its report, what it refuses, what it keeps and what it writes."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from maixswitch import models_shipped
from maixswitch.errors import EXIT_INTERRUPTED, EXIT_IO, EXIT_USAGE, MaixSwitchError
from maixswitch.evaluate.data.reading import read_data
from maixswitch.evaluate.job import Job
from maixswitch.evaluate.journal import Journal
from maixswitch.evaluate.models import choose
from maixswitch.evaluate.records import Record
from maixswitch.evaluate.run import Options, evaluate
from maixswitch.evaluate.settings import write_settings
from tests.host.evaluate import data_makers
from tests.host.sim_helpers import ROOT, Command

SHAPES, DIGITS = models_shipped.FOLDER / "shapes", models_shipped.FOLDER / "digits"


@pytest.fixture(scope="module")
def shapes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shapes")
    data_makers.write_voc(folder, data_makers.shapes(8))
    (folder / "JPEGImages" / "0005.png").write_bytes(b"\x89PNG cut off")
    return folder


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("digits")
    data_makers.digits(folder, 40)
    return folder


@pytest.fixture
def card(tmp_path: Path) -> Path:
    """A card with both demo models."""
    models_shipped.copy((tmp_path / "card" / "models", (tmp_path / "card" / "models").mkdir(parents=True))[0])
    return tmp_path / "card"


def test_the_report(command: Command, shapes: Path, card: Path, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    result = command("evaluate", card, "--data", shapes, "--sweep", "threshold", "--workers", 1, "--report", page)
    assert result.returncode == 0, result.stderr
    assert "VOC XML: 7 of 8 pictures measured" in result.stdout
    assert "shapes.kmodel  board" in result.stdout
    assert "C721 1 of 8 pictures were skipped. Found: not a picture that Pillow can read." in result.stdout
    assert "JPEGImages/0005.png" in result.stdout
    text = page.read_text(encoding="utf-8")
    assert text.count("<polyline") >= 6  # a curve for each class, and one for the only nms
    assert "0005.png" in text


def test_the_json(command: Command, digits: Path) -> None:
    result = command("evaluate", DIGITS, "--data", digits, "--json", "--workers", 1, "--limit", 10)
    assert result.returncode == 0, result.stderr
    document = json.loads(result.stdout)
    assert document["data"]["pictures"] == document["data"]["judged"] == 10
    assert len(document["data"]["digest"]) == len(document["models"][0]["sha256"]) == 64
    assert document["settings"]["onto"] == "window"
    assert document["version"]
    board = document["results"][0]
    assert (board["view"], board["top1"]) == ("board", 1.0)
    assert board["confusion"] == [[at, at, 1] for at in range(10)]


REFUSED = {
    "kind of labels": (("SHAPES", "--data", "DIGITS_DATA"), "Shapes needs pictures labelled with boxes", EXIT_USAGE),
    "unknown model": (("CARD", "--data", "SHAPES_DATA", "--model", "Cats"), "the card has Shapes, Digits", EXIT_USAGE),
    "view": (("SHAPES", "--data", "SHAPES_DATA", "--view", "photo"), "expected one of board, paper", EXIT_USAGE),
    "fit": (("SHAPES", "--data", "SHAPES_DATA", "--fit", "crop"), "expected one of stretch", EXIT_USAGE),
    "write": (("SHAPES", "--data", "SHAPES_DATA", "--write"), "only with --sweep", EXIT_USAGE),
    "sweep": (("DIGITS", "--data", "DIGITS_DATA", "--sweep", "nms"), "only a detector", EXIT_USAGE),
    "float": (("SHAPES", "--data", "SHAPES_DATA", "--scale", "1"), "only with --float", EXIT_USAGE),
    "no float file": (("SHAPES", "--data", "SHAPES_DATA", "--float", "n.onnx"), "cannot read n.onnx", EXIT_IO),
    "bare kmodel": (("BARE", "--data", "SHAPES_DATA"), "does not say what its outputs mean", EXIT_USAGE),
    "same": (("SHAPES", "--data", "SHAPES_DATA", "--same", "disc"), "expected CLASS=LABEL", EXIT_USAGE),
    "report": (("SHAPES", "--data", "SHAPES_DATA", "--report", "r.pdf"), "ends in .html", EXIT_USAGE),
    "no data": (("SHAPES", "--data", "nowhere"), "expected a folder", EXIT_IO),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name: str, shapes: Path, digits: Path, card: Path, capsys: pytest.CaptureFixture[str],
                         monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:  # fmt: skip
    from maixswitch.cli import main

    words, message, code = REFUSED[name]
    paths = {"SHAPES": SHAPES, "DIGITS": DIGITS, "CARD": card, "SHAPES_DATA": shapes, "DIGITS_DATA": digits,
             "BARE": SHAPES / "shapes.kmodel"}  # fmt: skip
    monkeypatch.setattr(sys, "argv", ["maixswitch", "evaluate", *(str(paths.get(word, word)) for word in words)])
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        main.main()
    assert ended.value.code == code
    assert message in capsys.readouterr().err


def test_ctrl_c_keeps_what_is_done(digits: Path, tmp_path: Path) -> None:
    words = [sys.executable, "-m", "maixswitch", "evaluate", str(DIGITS), "--data", str(digits), "--workers", "1"]
    path = os.pathsep.join([str(ROOT / "host"), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": path, "MAIXSWITCH_CACHE": str(tmp_path / "cache")}

    def start(*more: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*words, *more], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path
        )

    process = start()
    deadline = time.monotonic() + 60
    while not any(item.stat().st_size for item in tmp_path.glob("cache/evaluate/*.records")):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, complaint = process.communicate(timeout=60)
    assert process.returncode == EXIT_INTERRUPTED
    assert "of 40 pictures; the same command with --resume goes on from there" in complaint
    resumed, told = start("--resume", "--json").communicate(timeout=60)
    assert "of 40 pictures were measured before" in told
    assert list(tmp_path.glob("cache/evaluate/*")) == []
    measured, _ = evaluate(Options((DIGITS,), digits, workers=1))
    from maixswitch.evaluate import figures

    assert json.loads(resumed) == json.loads(json.dumps(figures.document(measured)))


def test_a_journal_forgets_what_is_no_longer_true(
    digits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAIXSWITCH_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "data"
    shutil.copytree(digits, folder)
    data = read_data(folder)
    job = Job("classes", (choose([DIGITS], (), "classes", "")[0].network,))
    about = {sample.key: (folder / sample.key).stat() for sample in data.samples}
    records = {
        key: Record(key, b"1" * 32, size=stat.st_size, changed=stat.st_mtime_ns).packed() for key, stat in about.items()
    }
    journal = Journal(job, data)
    assert journal.begin(resume=False) == {}
    journal.add(records)
    journal.end(complete=False)
    path = next(tmp_path.glob("cache/evaluate/*.records"))
    # The last record is cut off, and a picture has changed.
    path.write_bytes(path.read_bytes()[:-5])
    first, *_, last = records
    (folder / first).write_bytes(b"another picture")
    kept = Journal(job, data).begin(resume=True)
    assert kept == {key: value for key, value in records.items() if key not in (first, last)}
    # Another job, such as another view, has another journal.
    other = Job("classes", job.networks, views=("board",))
    assert Journal(other, data).begin(resume=True) == {}


def test_the_best_setting_goes_into_model_json(command: Command, shapes: Path, card: Path) -> None:
    folder = card / "models" / "10-shapes"
    before = json.loads((folder / "model.json").read_text())
    result = command(
        "evaluate", folder, "--data", shapes, "--sweep", "threshold,nms", "--write", "--json", "--workers", 1
    )
    assert result.returncode == 0, result.stderr
    best = json.loads(result.stdout)["sweep"][0]["best"]
    after = json.loads((folder / "model.json").read_text())
    assert after == {**before, "threshold": best["threshold"], "nms": best["nms"]}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ('{"threshold": 0.5, "a": [1,  2]}', '{"nms": 0.3, "threshold": 0.25, "a": [1,  2]}'),
        ('{"nms":.3}', None),
        ('{"threshold": 0.5, "nms": 1, "stages": [{"threshold": 0.7}]}', None),
    ],
)
def test_only_two_numbers_of_model_json_change(text: str, wanted: str | None, tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    path.write_text(text)
    if text == '{"nms":.3}':
        with pytest.raises(MaixSwitchError, match="not JSON"):
            write_settings(tmp_path, 0.25, 0.3)
        return
    write_settings(tmp_path, 0.25, 0.3)
    assert wanted is None or path.read_text() == wanted
    document = json.loads(path.read_text())
    assert (document["threshold"], document["nms"]) == (0.25, 0.3)
    assert document.get("stages") in (None, [{"threshold": 0.7}])


def test_pictures_that_cannot_be_measured(digits: Path, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    shutil.copytree(digits, folder)
    (folder / "0" / "0000.png").write_bytes(b"")
    whole = (folder / "1" / "0001.png").read_bytes()
    (folder / "1" / "0001.png").write_bytes(whole[: len(whole) // 2])
    (folder / "2" / "0002.png").unlink()
    (folder / "2" / "0002.png").symlink_to(digits / "2" / "0002.png")
    measured, _ = evaluate(Options((DIGITS,), folder, workers=1, limit=20))
    assert dict(measured.damaged) == {"0/0000.png": "no picture", "1/0001.png": "no picture", "2/0002.png": "link"}
    for path in folder.glob("*/*.png"):
        path.unlink()
        path.write_bytes(b"GIF89a")
    with pytest.raises(MaixSwitchError, match="no picture could be measured"):
        evaluate(Options((DIGITS,), folder, workers=1, limit=4))
