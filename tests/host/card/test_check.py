"""maixswitch check: what it accepts, how it speaks to people and programs, and that it harms nothing."""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from maixswitch.card.build import build
from maixswitch.card.check import Options, check, document
from maixswitch.card.report import text
from maixswitch.card.sarif import sarif
from maixswitch.errors import MaixSwitchError
from maixswitch.kmodel.write.samples import write_card
from tests.host.card import finding_files as files

Command = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def ready(tmp_path: Path) -> Path:
    folder = tmp_path / "my card"
    write_card(folder)
    build(folder)
    return folder


@pytest.fixture
def spoilt(ready: Path) -> Path:
    """A label too many, and a model.json with a wrong title."""
    change(ready / "models/20-colours", title="", top=99)
    change(ready / "models/10-blobs", labels=["blob", "bubble"])
    return ready


def change(folder: Path, **fields: Any) -> None:
    path = folder / "model.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))


def test_a_good_card_ends_with_0(command: Command, ready: Path) -> None:
    done = command("check", ready)
    assert done.returncode == 0, done.stdout + done.stderr
    assert '10-blobs "Bright blobs": yolo2, 320x240x3, kmodel v3, 8 KiB, fits 7 of 7 firmwares' in done.stdout
    assert "errors: 0" in done.stdout
    assert "Next: try it: maixswitch check --run '" in done.stdout


def test_errors_first_grouped_by_model_and_what_to_do_next(command: Command, spoilt: Path) -> None:
    done = command("check", spoilt)
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    at = [index for index, line in enumerate(lines) if re.match(r"\d0-", line)]
    assert lines[at[0]].startswith('10-blobs "Bright blobs"')
    assert lines[at[0] + 1].startswith("  error C118 model.json labels: The number of labels")
    assert lines[at[0] + 2] == "      found: 2 labels; expected: 1 labels"
    below = [line.split()[1] for line in lines[at[1] :] if line.startswith("  error")]
    assert below == ["C105", "C112"]
    assert lines[-1].startswith("Next: models/10-blobs/model.json labels: Write exactly the labels")
    assert "(maixswitch explain C118 says more)" in lines[-1]
    assert "Traceback" not in done.stderr


def test_json_is_one_document(command: Command, spoilt: Path) -> None:
    done = command("check", spoilt, "--json")
    assert (done.returncode, done.stdout.count("\n"), done.stderr) == (1, 1, "")
    said = json.loads(done.stdout)
    assert (said["schema"], said["ok"], said["kind"]) == (1, False, "card")
    assert said["counts"]["error"] == 3
    assert said["models"][0]["fits"]["full"] == "fits"
    first = said["findings"][0]
    assert set(first) == {"code", "severity", "file", "field", "title", "found", "wanted", "remedy"}
    assert (first["code"], first["file"], first["field"]) == ("C118", "models/10-blobs/model.json", "labels")


def test_sarif_keeps_its_structure(command: Command, spoilt: Path) -> None:
    (spoilt / "models/ö x").mkdir()
    done = command("check", spoilt, "--sarif")
    assert done.returncode == 1
    said = json.loads(done.stdout)
    assert said["version"] == "2.1.0"
    (run,) = said["runs"]
    driver = run["tool"]["driver"]
    assert driver["name"] == "maixswitch"
    ids = [row["id"] for row in driver["rules"]]
    assert len(ids) == len(set(ids)) > 1
    for row in driver["rules"]:
        assert row["shortDescription"]["text"]
        assert row["help"]["text"]
        assert row["defaultConfiguration"]["level"] in ("error", "warning", "note")
    for item in run["results"]:
        assert ids[item["ruleIndex"]] == item["ruleId"]
        assert item["level"] in ("error", "warning", "note")
        assert item["message"]["text"]
        for place in item.get("locations", []):
            artifact = place["physicalLocation"]["artifactLocation"]
            assert re.fullmatch(r"[\w./%~-]+", artifact["uri"], re.ASCII)
            assert run["originalUriBaseIds"][artifact["uriBaseId"]]["uri"].endswith("/")
    assert "C118" in {item["ruleId"] for item in run["results"]}


def test_json_and_sarif_together_are_refused(command: Command, ready: Path) -> None:
    done = command("check", ready, "--json", "--sarif")
    assert (done.returncode, done.stdout) == (2, "")


def test_a_model_folder_and_a_bare_file(ready: Path, tmp_path: Path) -> None:
    folder = check(ready / "models/10-blobs")
    assert (folder.kind, folder.ok, folder.models[0].title) == ("model", True, "Bright blobs")
    bare = check(ready / "models/10-blobs/model.kmodel")
    assert (bare.kind, bare.ok, bare.models[0].version) == ("kmodel", True, 3)
    page = tmp_path / "face.kmodel"
    page.write_text("<html>please log in</html>")
    assert [(item.code, item.found) for item in check(page).findings] == [("C205", "html")]
    assert "face.kmodel" in text(check(page))


def test_a_folder_without_model_json(ready: Path) -> None:
    folder = ready / "models/10-blobs"
    (folder / "model.json").unlink()
    assert [item.code for item in check(folder).findings] == ["C101"]


@pytest.mark.parametrize(
    ("name", "code", "words"),
    [
        ("absent", 4, "no such file or folder"),
        ("empty", 2, "neither a card"),
        ("export.zip", 2, "maixswitch import"),
    ],
)
def test_what_is_no_card(tmp_path: Path, name: str, code: int, words: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "export.zip").write_bytes(b"PK\x03\x04")
    with pytest.raises(MaixSwitchError, match=words) as error:
        check(tmp_path / name)
    assert error.value.exit_code == code


@pytest.mark.parametrize("options", [Options(board="uno"), Options(firmware=("max",))])
def test_unknown_board_or_firmware(ready: Path, options: Options) -> None:
    with pytest.raises(MaixSwitchError, match="there are") as error:
        check(ready, options)
    assert error.value.exit_code == 2


def test_the_board_chooses_firmware_and_panel(ready: Path) -> None:
    (ready / "maixswitch.json").write_text('{"board": "m5stickv"}')
    said = document(check(ready))
    assert (said["board"], said["firmware"]) == ("m5stickv", ["m5stickv"])
    assert document(check(ready, Options(board="amigo_ips")))["firmware"] == ["amigo_ips", "amigo_minimum"]
    assert Options(board="unitv").panel is None
    assert Options(board="dnk210").anchor_pairs is None


def test_the_default_leaves_out_images_of_one_board() -> None:
    names = [item.name for item in Options().flavours]
    assert "full" in names
    assert not {"m5stickv", "amigo_ips", "canmv"} & set(names)


def test_nothing_on_the_card_changes_or_runs(ready: Path) -> None:
    mark = ready.parent / "ran"
    evil = f"open({str(mark)!r}, 'w')\n"
    for name in ("boot.py", "main.py", "device/app.py", "json.py", "models/10-blobs/boot.py"):
        (ready / name).write_text(evil)
    before = {path: path.read_bytes() for path in ready.rglob("*") if path.is_file()}
    check(ready, Options(run=True))
    assert {path: path.read_bytes() for path in ready.rglob("*") if path.is_file()} == before
    assert not mark.exists()


@pytest.mark.parametrize("name", ["model.json", "model.kmodel"])
@pytest.mark.parametrize("data", [b"", b"\xff" * 300, b"[" * 8000, bytes(9 << 20), b'{"schema": 1e999}'])
def test_any_bytes_give_findings(ready: Path, name: str, data: bytes) -> None:
    (ready / "models/10-blobs" / name).write_bytes(data)
    report = check(ready)
    assert not report.ok
    assert report.models[1].version == 3
    assert json.dumps(document(report))
    assert json.dumps(sarif(report))
    assert text(report)


def test_v4_on_a_firmware_with_v3_only(kmodels: Path) -> None:
    path = kmodels / "voc20_yolov2_v4.kmodel"
    assert [item.code for item in check(path, Options(firmware=("minimum",))).findings] == ["C208"]
    assert [item.code for item in check(path, Options(firmware=("full",))).findings] == []
    assert [item.code for item in check(path, Options(firmware=("full", "minimum"))).findings] == ["C207"]


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("face_yolov2_v3", []),
        ("face_yolov2_wordswapped", ["C203"]),
        ("mnist_v5", ["C202"]),
        ("face_v6", ["C202"]),
        ("iris_v3", ["C217", "C224"]),
        ("mobilenet_3class_v3", ["C207"]),
        ("yolov3_two_heads_v3", ["C212"]),
    ],
)
def test_real_files(kmodels: Path, name: str, codes: list[str]) -> None:
    assert [item.code for item in check(kmodels / f"{name}.kmodel").findings] == codes


TRIAL = "import sys, pathlib; from maixswitch.card.trial import run_one; "
TRIAL += "print(run_one(pathlib.Path(sys.argv[1]), '', sys.argv[2]))"


@pytest.mark.parametrize(("firmware", "answer"), [("minimum", "ignored"), ("full", "ignored"), ("canmv", "applied")])
def test_a_run_takes_the_runtime_of_its_firmware(tmp_path: Path, firmware: str, answer: str) -> None:
    """In a process of its own, as CanMV's interface has other modules of the same names."""
    folder = tmp_path / "models" / "tell"
    folder.mkdir(parents=True)
    (folder / "model.kmodel").write_bytes(files.tell_tale())
    fields = {"schema": 1, "title": "Tell", "kind": "classifier", "kmodel": "model.kmodel", "input": [64, 64, 3]}
    (folder / "model.json").write_text(json.dumps({**fields, "labels": ["ignored", "applied"]}))
    words = [sys.executable, "-c", TRIAL, str(tmp_path), firmware]
    done = subprocess.run(words, capture_output=True, text=True, check=True, timeout=120)
    fault, said = ast.literal_eval(done.stdout)
    assert not fault
    assert said.startswith(f"{answer} ")


def test_help_stays_light() -> None:
    program = (
        "import sys, maixswitch.cli.main; "
        "print([m for m in ('numpy', 'maixswitch.card.check', 'maixswitch.findings.table') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_stray_part_is_no_model(ready: Path) -> None:
    shutil.copy(ready / "models/10-blobs/model.kmodel", ready / "models/10-blobs/._model.kmodel")
    assert "C122" not in {item.code for item in check(ready).findings}


def test_the_grid_is_that_of_the_layers(kmodels: Path, tmp_path: Path) -> None:
    """Three labels make the board's reader take this head for 10x7 cells; its layers say 10x8."""
    shutil.copy(kmodels / "mask_yolov2_v3.kmodel", tmp_path / "m.kmodel")
    fields = {"schema": 1, "title": "Mask", "kind": "yolo2", "kmodel": "m.kmodel", "input": [320, 240, 3]}
    fields |= {"labels": ["a", "b", "c"], "anchors": [0.1] * 10}
    (tmp_path / "model.json").write_text(json.dumps(fields))
    found = {item.code: item for item in check(tmp_path).findings}
    assert (found["C213"].found, found["C213"].wanted) == ("3 labels", "2 labels")
    assert "widths by 10 and heights by 8" in found["C215"].remedy
