"""Several models at once: good ones go onto the card, the others come with the command that imports them."""

from __future__ import annotations

import json
import os
import shlex
from pathlib import Path

import pytest

from maixswitch.card.importing import importer
from maixswitch.card.importing.options import ImportOptions
from maixswitch.card.reading import Card
from maixswitch.errors import EXIT_USAGE, MaixSwitchError
from tests.host.card import exports
from tests.host.card.import_sources import ANCHORS, OTHER, Files, classifies, detects, fields, imported, put, zipped
from tests.host.sim_helpers import Command

GOOD: Files = {"a/good.kmodel": exports.boxes(1), "a/boot.py": detects("/sd/good.kmodel")}
BAD: Files = {"b/other.kmodel": exports.classifier(3)}
BOTH: Files = {**GOOD, **BAD}
NUMBERS = ",".join(map(str, OTHER))


@pytest.fixture
def card(tmp_path: Path) -> Path:
    (tmp_path / "card" / "models").mkdir(parents=True)
    return tmp_path / "card"


def run(command: Command, line: str) -> dict[str, object]:
    """Import with --json as a user types it; returns the document with the exit code."""
    done = command(*shlex.split(line), "--json")
    return {**json.loads(done.stdout), "exit code": done.returncode}


@pytest.mark.parametrize(
    ("files", "left_out", "option"),
    [
        (BOTH, "b/other.kmodel", "--labels FILE"),
        ({**GOOD, "b/det.kmodel": exports.boxes(2), "b/labels.txt": b"p\nq\n"}, "b/det.kmodel", "--anchors FILE"),
        ({**GOOD, **BAD, "b/labels.txt": b"a\nb\n"}, "b/other.kmodel", "--labels FILE"),
        (
            {
                **GOOD,
                **BAD,
                "b/labels.txt": b"a\nb\nc\n",
                "b/main.py": classifies("other.kmodel", 'names = ["x", "y", "z"]'),
            },
            "b/other.kmodel",
            "--labels main.py",
        ),
    ],
)
def test_the_command_of_a_model_that_is_left_out(
    command: Command, tmp_path: Path, card: Path, files: Files, left_out: str, option: str
) -> None:
    put(files, tmp_path / "an export")
    first = run(command, f"import 'an export' --card {card}")
    assert (first["exit code"], first["written"]) == (1, True)
    assert [model.title for model in Card(card).models] == ["good"]
    good, bad = first["models"]
    assert (good["command"], good["folder"]) == (None, "10-good")
    assert (bad["file"], bad["folder"]) == (left_out, None)
    assert bad["problems"]
    assert option in bad["command"]

    # With the words in capitals filled in, the command does what it promises.
    (tmp_path / "l.txt").write_text("p\nq\n" if "det" in left_out else "a\nb\nc\n")
    line = bad["command"].replace("--labels FILE", "--labels l.txt").replace("--anchors FILE", f"--anchors {NUMBERS}")
    second = run(command, line.removeprefix("maixswitch "))
    assert (second["exit code"], len(second["models"])) == (0, 1)
    assert len(Card(card).models) == 2
    assert not any(model.spec.problems for model in Card(card).models)


def test_only_a_network_of_another_kind_has_a_command(tmp_path: Path, card: Path) -> None:
    files = {**GOOD, "c.kmodel": exports.classifier(128, softmax=False), "d.smodel": b"LDMS" + bytes(99)}
    result = importer.import_models([put(files, tmp_path / "x")], card, ImportOptions())
    assert result.written
    assert not result.clean
    assert list(result.commands) == [1]
    assert "--only=c.kmodel --kind learner" in result.commands[1]
    assert [message.code for message in result.refused] == ["C503"]
    lines = importer.report(result, card, False)
    assert "left out: 1" in lines
    assert any(line.startswith("imported: 1.") for line in lines)


@pytest.mark.parametrize("bad", [b"DUDE" + bytes(99), exports.classifier(3)[:-900], b"LDMK\x05\0\0\0" + bytes(99)])
def test_an_unusable_file_stops_no_other(tmp_path: Path, card: Path, bad: bytes) -> None:
    result = importer.import_models([put({**GOOD, "z.kmodel": bad}, tmp_path / "x")], card, ImportOptions())
    assert (result.folders, len(result.refused), result.clean) == (["10-good"], 1, False)


def test_a_bad_package_stops_no_other(tmp_path: Path, card: Path) -> None:
    bad = zipped({"../x.kmodel": exports.boxes(1)})
    result = importer.import_models([put({**GOOD, "z.kfpkg": bad}, tmp_path / "x")], card, ImportOptions())
    assert (result.folders, [message.code for message in result.refused]) == (["10-good"], ["C510"])
    pictures = zipped({f"{number}.jpg": b"x" for number in range(2100)})
    assert importer.import_models([put({**GOOD, "z.zip": pictures}, tmp_path / "y")], card, ImportOptions()).clean


def test_packages_share_the_limits_of_an_archive(tmp_path: Path, card: Path) -> None:
    packages = {
        f"{number}.zip": zipped({"x.kmodel": exports.boxes(1, seed=number), **{f"{at}.txt": b"" for at in range(900)}})
        for number in range(3)
    }
    result = importer.import_models([put(packages, tmp_path / "x")], card, ImportOptions(anchors=""), dry_run=True)
    assert [message.code for message in result.refused] == ["C512"]
    assert len(result.entries) == 2
    whole = tmp_path / "all.zip"
    whole.write_bytes(zipped(packages))
    again = importer.import_models([whole], card, ImportOptions(), dry_run=True)
    assert [message.code for message in again.refused] == ["C512"]


def test_packages_in_packages_stay_closed(tmp_path: Path, card: Path) -> None:
    inner = zipped({"y.kmodel": exports.boxes(2)})
    files = {**GOOD, "outer.zip": zipped({"x.kmodel": exports.boxes(1, seed=4), "inner.kfpkg": inner})}
    names = [item.evidence.part.kmodel for _, item in imported(put(files, tmp_path / "x")).entries]
    assert names == ["a/good.kmodel", "outer.zip/x.kmodel"]


class TestOptionsForOneModel:
    """`MODEL=` and `--only` say which model an option means."""

    def test_labels_of_each(self, command: Command, tmp_path: Path, card: Path) -> None:
        put({"x.kmodel": exports.classifier(3), "sub/y.kmodel": exports.classifier(2)}, tmp_path / "s")
        (tmp_path / "l3").write_text("a,b,c")
        (tmp_path / "l2").write_text("d,e")
        line = f"import s --card {card} --labels x.kmodel=l3 --labels sub/y=l2 --threshold y=0.3 --title x=Ex --top 1"
        done = run(command, line)
        assert done["exit code"] == 0
        models = [model["model"] for model in done["models"]]
        assert [model["labels"] for model in models] == [["d", "e"], ["a", "b", "c"]]
        assert [model.get("threshold") for model in models] == [0.3, None]
        assert [model["title"] for model in models] == ["y", "Ex"]
        assert [model["top"] for model in models] == [1, 1]

    def test_only_takes_one(self, command: Command, tmp_path: Path, card: Path) -> None:
        put(BOTH, tmp_path / "s")
        done = run(command, f"import s --card {card} --only good")
        assert (done["exit code"], [model["file"] for model in done["models"]]) == (0, ["a/good.kmodel"])

    @pytest.mark.parametrize(
        ("words", "text"),
        [
            ("--labels l.txt", "--labels names one model, these are 2: write --labels a/good.kmodel=l.txt"),
            ("--anchors 1,2", "or add --only a/good.kmodel"),
            ("--title T", "--title names one model, these are 2"),
            ("--labels gone=l.txt", "gone: no model of that name; the source has: a/good.kmodel, b/other.kmodel"),
            ("--only gone", "gone: no model of that name"),
            ("--threshold good=x", "--threshold x: expected 0 to 1"),
            ("--top 11", "--top 11: expected 1 to 10"),
            ("--kind good=yolo", "expected one of classifier, landmark, learner, raw, yolo2, yolo3"),
        ],
    )
    def test_a_wrong_name_or_value(self, command: Command, tmp_path: Path, card: Path, words: str, text: str) -> None:
        put(BOTH, tmp_path / "s")
        done = command("import", "s", "--card", card, *words.split())
        assert done.returncode == EXIT_USAGE
        assert text in " ".join(done.stderr.split())

    def test_a_name_of_two_models_is_refused(self, tmp_path: Path) -> None:
        files = {"a/m.kmodel": exports.classifier(3), "b/m.kmodel": exports.classifier(4)}
        options = ImportOptions(models={"m": {"labels": "x"}})
        with pytest.raises(MaixSwitchError, match=r"several models have this name: a/m\.kmodel, b/m\.kmodel"):
            imported(put(files, tmp_path / "x"), options)

    def test_a_file_whose_name_has_the_sign(self, command: Command, tmp_path: Path, card: Path) -> None:
        put({"x.kmodel": exports.classifier(3)}, tmp_path / "s")
        (tmp_path / "a=b.txt").write_text("a,b,c")
        assert run(command, f"import s --card {card} --labels a=b.txt")["exit code"] == 0

    @pytest.mark.parametrize(
        ("asked", "expected"),
        [
            ("main.py:2", ["a", "b", "c"]),
            ("src/main.py:3", ["d", "e", "f"]),
            ("more.txt", ["g", "h", "i"]),
            ("settings.py", ["j", "k", "l"]),
        ],
    )
    def test_every_list_of_the_source_can_be_named(self, tmp_path: Path, asked: str, expected: list[str]) -> None:
        script = b'import KPU as kpu\none = ["a", "b", "c"]\ntwo = ["d", "e", "f"]\nt = kpu.load("x.kmodel")\n'
        files = {"x.kmodel": exports.classifier(3), "src/main.py": script, "doc/more.txt": b"g\nh\ni"}
        files["lib/settings.py"] = b'k = ["one", "two"]\nnames = ("j", "k", "l")\n'
        model = fields(imported(put(files, tmp_path / "x"), ImportOptions(labels=asked)))["x.kmodel"]
        assert (model["labels"], model["problems"]) == (expected, set())

    def test_a_script_with_several_lists_lists_them(self, tmp_path: Path) -> None:
        script = b'import KPU as kpu\none = ["a", "b", "c"]\ntwo = ["d", "e", "f"]\nt = kpu.load("x.kmodel")\n'
        files = {"x.kmodel": exports.classifier(3), "main.py": script}
        model = fields(imported(put(files, tmp_path / "x"), ImportOptions(labels="main.py")))["x.kmodel"]
        assert model["problems"] == {"C541"}
        assert "main.py:2: 3 (a, b, c); main.py:3: 3 (d, e, f)" in model["texts"]


class TestSingleKmodel:
    """A .kmodel that is named alone looks around itself."""

    @pytest.mark.parametrize(
        ("files", "model", "used"),
        [
            ({"x.kmodel": exports.boxes(1), "boot.py": detects()}, "x.kmodel", "boot.py"),
            ({"model/x.kmodel": exports.boxes(1), "src/main.py": detects()}, "model/x.kmodel", "src/main.py"),
            ({"model/x.kmodel": exports.boxes(1), "main.py": detects()}, "model/x.kmodel", "main.py"),
            ({"sd/kpu/x.kmodel": exports.boxes(1), "boot.py": detects()}, "sd/kpu/x.kmodel", "boot.py"),
            (
                {"x.kmodel": exports.boxes(1), "labels.txt": b"blob", "anchors.txt": str(ANCHORS).encode()},
                "x.kmodel",
                "anchors.txt",
            ),
        ],
    )
    def test_it_uses_what_lies_around(self, tmp_path: Path, files: Files, model: str, used: str) -> None:
        result = imported(put(files, tmp_path / "in" / "x") / model)
        (item,) = fields(result).values()
        assert (item["labels"], item["anchors"], item["problems"]) == (["blob"], ANCHORS, set())
        assert item["notes"] == {"C555"}
        assert used in item["texts"]

    def test_only_the_named_one_is_imported(self, tmp_path: Path) -> None:
        files = {"x.kmodel": exports.boxes(1), "y.kmodel": exports.boxes(1, seed=1), "a.py": detects("y.kmodel")}
        put(files, tmp_path / "x")
        models = fields(imported(tmp_path / "x" / "x.kmodel"))
        assert set(models) == {"x.kmodel"}
        assert models["x.kmodel"]["problems"] == {"C524"}

    def test_a_neighbour_with_its_own_model_does_not_count(self, tmp_path: Path) -> None:
        files = {"one/m.kmodel": exports.boxes(1), "two/m.kmodel": exports.boxes(1), "two/boot.py": detects("m.kmodel")}
        put(files, tmp_path / "in" / "x")
        models = fields(imported(tmp_path / "in" / "x" / "one" / "m.kmodel"))
        assert [model["problems"] for model in models.values()] == [{"C524"}]

    def test_links_and_the_home_folder_are_left_alone(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        put({"home/model/x.kmodel": exports.boxes(1), "home/boot.py": detects(), "secret.txt": b"blob"}, tmp_path)
        os.symlink(tmp_path / "secret.txt", tmp_path / "home" / "model" / "labels.txt")
        monkeypatch.setenv("HOME", str(tmp_path / "home"))
        (model,) = fields(imported(tmp_path / "home" / "model" / "x.kmodel")).values()
        assert (model["problems"], model["notes"]) == ({"C524"}, {"C552"})


class TestNetworksOfOtherTools:
    """The message says what the file is, and the commands that lead to a model on the card."""

    @pytest.mark.parametrize(
        ("name", "texts"),
        [
            ("net.onnx", ["an ONNX network", "maixswitch convert {path}"]),
            ("net.tflite", ["a TensorFlow Lite network", "maixswitch convert {path}"]),
            ("net.h5", ["a Keras network", "--keras {path}", "maixswitch convert {onnx}"]),
            ("net.pt", ["a PyTorch network", "torch.onnx.export", "maixswitch convert {onnx}"]),
            ("net.pb", ["a TensorFlow graph", "--graphdef {path}"]),
        ],
    )
    @pytest.mark.parametrize("alone", [True, False])
    def test_it_offers_the_conversion(
        self, tmp_path: Path, card: Path, name: str, texts: list[str], alone: bool
    ) -> None:
        files = {name: b"\x08\x07\x12\x07pytorch", "classes.txt": b"a\nb\n", "anchors.txt": str(OTHER).encode()}
        folder = put(files, tmp_path / "x")
        with pytest.raises(MaixSwitchError) as caught:
            importer.import_models([folder / name if alone else folder], card, ImportOptions(kind="yolo2"))
        message = caught.value.message
        onnx = folder / "net.onnx"
        assert message.startswith("C508: ")
        for text in [*texts, f"--card {card}", "--labels {labels}", "--anchors {anchors}", "--kind yolo2"]:
            values = {"labels": folder / "classes.txt", "anchors": folder / "anchors.txt"}
            assert text.format(path=folder / name, onnx=onnx, **values) in message

    def test_without_lists_the_command_has_no_options_for_them(self, tmp_path: Path, card: Path) -> None:
        folder = put({"net.onnx": b"\x08\x07\x12\x07pytorch", "readme.md": b"x"}, tmp_path / "x")
        with pytest.raises(MaixSwitchError, match="Convert it") as caught:
            importer.import_models([folder], card, ImportOptions())
        assert "--labels" not in caught.value.message

    def test_the_kmodel_beside_it_is_imported(self, tmp_path: Path) -> None:
        files = {**GOOD, "a/net.onnx": b"\x08\x07\x12\x07pytorch", "a/net.tflite": b"\x1c\0\0\0TFL3"}
        result = imported(put(files, tmp_path / "x"))
        assert (result.clean, len(result.entries)) == (True, 1)
