"""`maixswitch check`: what it accepts, how it reports to people and programs, and that it changes nothing."""

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
def good_card(tmp_path: Path) -> Path:
    card = tmp_path / "my card"
    write_card(card)
    build(card)
    return card


@pytest.fixture
def bad_card(good_card: Path) -> Path:
    """A card with one label too many in one model and a wrong title in the other."""
    change(good_card / "models/20-colours", title="", top=99)
    change(good_card / "models/10-blobs", labels=["blob", "bubble"])
    return good_card


def change(folder: Path, **fields: Any) -> None:
    path = folder / "model.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))


def test_a_good_card_ends_with_0(command: Command, good_card: Path) -> None:
    done = command("check", good_card)
    assert done.returncode == 0, done.stdout + done.stderr
    assert '10-blobs "Bright blobs": yolo2, 320x240x3, kmodel v3, 8 KiB, fits 7 of 7 firmwares' in done.stdout
    assert "errors: 0" in done.stdout
    assert "Next: try it: maixswitch check --run '" in done.stdout


def test_errors_first_grouped_by_model_and_what_to_do_next(command: Command, bad_card: Path) -> None:
    done = command("check", bad_card)
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


def test_json_is_one_document(command: Command, bad_card: Path) -> None:
    done = command("check", bad_card, "--json")
    assert (done.returncode, done.stdout.count("\n"), done.stderr) == (1, 1, "")
    report = json.loads(done.stdout)
    assert (report["schema"], report["ok"], report["kind"]) == (1, False, "card")
    assert report["counts"]["error"] == 3
    assert report["models"][0]["fits"]["full"] == "fits"
    first = report["findings"][0]
    assert set(first) == {"code", "severity", "file", "field", "title", "found", "wanted", "remedy"}
    assert (first["code"], first["file"], first["field"]) == ("C118", "models/10-blobs/model.json", "labels")


def test_sarif_keeps_its_structure(command: Command, bad_card: Path) -> None:
    (bad_card / "models/ö x").mkdir()
    done = command("check", bad_card, "--sarif")
    assert done.returncode == 1
    log = json.loads(done.stdout)
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
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
        for location in item.get("locations", []):
            artifact = location["physicalLocation"]["artifactLocation"]
            assert re.fullmatch(r"[\w./%~-]+", artifact["uri"], re.ASCII)
            assert run["originalUriBaseIds"][artifact["uriBaseId"]]["uri"].endswith("/")
    assert "C118" in {item["ruleId"] for item in run["results"]}


def test_json_and_sarif_together_are_refused(command: Command, good_card: Path) -> None:
    done = command("check", good_card, "--json", "--sarif")
    assert (done.returncode, done.stdout) == (2, "")


def test_a_model_folder_and_a_bare_file(good_card: Path, tmp_path: Path) -> None:
    folder = check(good_card / "models/10-blobs")
    assert (folder.kind, folder.ok, folder.models[0].title) == ("model", True, "Bright blobs")
    bare = check(good_card / "models/10-blobs/model.kmodel")
    assert (bare.kind, bare.ok, bare.models[0].version) == ("kmodel", True, 3)
    page = tmp_path / "face.kmodel"
    page.write_text("<html>please log in</html>")
    assert [(item.code, item.found) for item in check(page).findings] == [("C205", "html")]
    assert "face.kmodel" in text(check(page))


def test_a_folder_without_model_json(good_card: Path) -> None:
    folder = good_card / "models/10-blobs"
    (folder / "model.json").unlink()
    assert [item.code for item in check(folder).findings] == ["C101"]


@pytest.mark.parametrize(
    ("name", "code", "text"),
    [
        ("absent", 4, "no such file or folder"),
        ("empty", 2, "neither a card"),
        ("export.zip", 2, "maixswitch import"),
    ],
)
def test_a_path_that_is_not_a_card(tmp_path: Path, name: str, code: int, text: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "export.zip").write_bytes(b"PK\x03\x04")
    with pytest.raises(MaixSwitchError, match=text) as error:
        check(tmp_path / name)
    assert error.value.exit_code == code


@pytest.mark.parametrize("options", [Options(board="uno"), Options(firmware=("max",))])
def test_unknown_board_or_firmware(good_card: Path, options: Options) -> None:
    with pytest.raises(MaixSwitchError, match="there are") as error:
        check(good_card, options)
    assert error.value.exit_code == 2


def test_the_board_chooses_firmware_and_panel(good_card: Path) -> None:
    (good_card / "maixswitch.json").write_text('{"board": "m5stickv"}')
    report = document(check(good_card))
    assert (report["board"], report["firmware"]) == ("m5stickv", ["m5stickv"])
    assert document(check(good_card, Options(board="amigo_ips")))["firmware"] == ["amigo_ips", "amigo_minimum"]
    assert Options(board="unitv").panel is None
    assert Options(board="dnk210").anchor_pairs is None


def test_the_default_leaves_out_images_of_one_board() -> None:
    names = [item.name for item in Options().flavours]
    assert "full" in names
    assert not {"m5stickv", "amigo_ips", "canmv"} & set(names)


def test_nothing_on_the_card_changes_or_runs(good_card: Path) -> None:
    mark = good_card.parent / "ran"
    evil = f"open({str(mark)!r}, 'w')\n"
    for name in ("boot.py", "main.py", "device/app.py", "json.py", "models/10-blobs/boot.py"):
        (good_card / name).write_text(evil)
    before = {path: path.read_bytes() for path in good_card.rglob("*") if path.is_file()}
    check(good_card, Options(run=True))
    assert {path: path.read_bytes() for path in good_card.rglob("*") if path.is_file()} == before
    assert not mark.exists()


@pytest.mark.parametrize("name", ["model.json", "model.kmodel"])
@pytest.mark.parametrize("data", [b"", b"\xff" * 300, b"[" * 8000, bytes(9 << 20), b'{"schema": 1e999}'])
def test_any_bytes_become_findings(good_card: Path, name: str, data: bytes) -> None:
    (good_card / "models/10-blobs" / name).write_bytes(data)
    report = check(good_card)
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
def test_a_run_uses_the_runtime_of_its_firmware(tmp_path: Path, firmware: str, answer: str) -> None:
    """Each run needs a separate process, as the fakes of CanMV have other modules with the same names."""
    folder = tmp_path / "models" / "tell"
    folder.mkdir(parents=True)
    (folder / "model.kmodel").write_bytes(files.activation_probe())
    fields = {"schema": 1, "title": "Tell", "kind": "classifier", "kmodel": "model.kmodel", "input": [64, 64, 3]}
    (folder / "model.json").write_text(json.dumps({**fields, "labels": ["ignored", "applied"]}))
    arguments = [sys.executable, "-c", TRIAL, str(tmp_path), firmware]
    done = subprocess.run(arguments, capture_output=True, text=True, check=True, timeout=120)
    fault, result = ast.literal_eval(done.stdout)
    assert not fault
    assert result.startswith(f"{answer} ")


def test_help_imports_nothing_heavy() -> None:
    program = (
        "import sys, maixswitch.cli.main; "
        "print([m for m in ('numpy', 'maixswitch.card.check', 'maixswitch.findings.table') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_hidden_file_of_macos_is_not_a_second_model(good_card: Path) -> None:
    shutil.copy(good_card / "models/10-blobs/model.kmodel", good_card / "models/10-blobs/._model.kmodel")
    assert "C122" not in {item.code for item in check(good_card).findings}


def test_the_grid_comes_from_the_layers(kmodels: Path, tmp_path: Path) -> None:
    """With three labels the reader of the board assumes 10x7 cells for this output; its layers say 10x8."""
    shutil.copy(kmodels / "mask_yolov2_v3.kmodel", tmp_path / "m.kmodel")
    fields = {"schema": 1, "title": "Mask", "kind": "yolo2", "kmodel": "m.kmodel", "input": [320, 240, 3]}
    fields |= {"labels": ["a", "b", "c"], "anchors": [0.1] * 10}
    (tmp_path / "model.json").write_text(json.dumps(fields))
    findings = {item.code: item for item in check(tmp_path).findings}
    assert (findings["C213"].found, findings["C213"].wanted) == ("3 labels", "2 labels")
    assert "widths by 10 and heights by 8" in findings["C215"].remedy
