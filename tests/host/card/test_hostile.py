"""Hostile cards and exports lead to findings or one clear refusal, without a traceback or half-written files."""

from __future__ import annotations

import contextlib
import json
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from maixswitch.card.check import Report, check, document
from maixswitch.card.importing.importer import import_models
from maixswitch.card.importing.options import ImportOptions
from maixswitch.card.report import text
from maixswitch.card.sarif import sarif
from maixswitch.errors import MaixSwitchError
from maixswitch.kmodel.write import samples
from maixswitch.kmodel.write.samples import write_card
from tests.host.sim_helpers import Command

GOOD = {
    "schema": 1, "title": "Colours", "kind": "classifier", "kmodel": "net.kmodel",
    "input": list(samples.COLOUR_INPUT), "labels": list(samples.COLOURS),
}  # fmt: skip
DEEP = "[" * 5000 + "]" * 5000
SECONDS = 20


def state(folder: Path) -> dict[str, bytes]:
    """Returns the contents of every file below a folder, and its folders."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else b"<folder>"
        for path in sorted(folder.rglob("*"))
    }


def judged(card: Path) -> Report:
    """Checks a card and writes the report in every form; none may fail or change the card."""
    before = state(card)
    start = time.monotonic()
    report = check(card)
    assert json.loads(json.dumps(document(report)))["schema"] == 1
    assert json.loads(json.dumps(sarif(report)))["version"] == "2.1.0"
    shown = text(report)
    assert all(char == "\n" or char.isprintable() for char in shown), [c for c in shown if not c.isprintable()][:9]
    assert time.monotonic() - start < SECONDS
    assert state(card) == before
    return report


def write(card: Path, model: str | bytes, kmodel: bytes | None = None, **files: bytes) -> Path:
    folder = card / "models" / "10-one"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.json").write_bytes(model.encode("utf-8", "surrogatepass") if isinstance(model, str) else model)
    (folder / "net.kmodel").write_bytes(samples.colour_classifier() if kmodel is None else kmodel)
    for name, data in files.items():
        (folder / name.replace("_", ".")).write_bytes(data)
    return card


def changed(**fields: object) -> str:
    return json.dumps({**GOOD, **fields})


MODELS: dict[str, str | bytes] = {
    "deep": DEEP,
    "deep within": changed()[:-1] + ', "nms": ' + DEEP + "}",
    "nan": changed().replace('"schema": 1', '"schema": NaN'),
    "infinity": changed(threshold=0.5).replace("0.5", "Infinity"),
    "huge integer": changed().replace('"schema": 1', '"schema": ' + "9" * 5000),
    "huge exponent": changed(threshold=0.5).replace("0.5", "1e999999"),
    "negative size": changed(input=[-1, 10**30, 3]),
    "twice": '{"schema": 1, "schema": 2}',
    "no object": "[]",
    "null": "null",
    "null bytes": b"\0" * 4000,
    "not utf-8": b"\xff\xfe{\x00}\x00",
    "one surrogate": changed(title="x").replace('"x"', '"\\ud800"'),
    "a megabyte": json.dumps({**GOOD, "title": "x" * (1 << 20)}),
    "control title": changed(title="a\x1b[2Jb"),
    "path up": changed(kmodel="../../../etc/passwd.kmodel"),
    "absolute path": changed(kmodel="/etc/passwd.kmodel"),
    "backslashes": changed(kmodel="..\\..\\x.kmodel"),
    "nul in name": changed(kmodel="a\0.kmodel"),
    "labels of control characters": changed(labels=["\x1b[31m"] * 5),
    "label of a megabyte": changed(labels=["x" * (1 << 20)]),
    "labels of the wrong type": changed(labels=[1, None, {}, [], True]),
    "anchors of nothing": changed(kind="yolo2", anchors=[]),
    "anchors of infinity": changed(kind="yolo2", anchors=[1e308] * 10),
    "outputs huge": changed(outputs=[[65536, 65536, 65536]]),
    "flash": changed(kmodel={"flash": 10**18, "bytes": -1}),
    "braces": changed(title="{card} {0} {x!r}", labels=["{found}", "{", "}", "{{", "%s"]),
    "empty": b"",
}


@pytest.mark.parametrize("name", MODELS)
def test_a_hostile_model_json_is_a_finding(tmp_path: Path, name: str) -> None:
    report = judged(write(tmp_path, MODELS[name]))
    if name not in ("braces", "outputs huge"):  # a kmodel v3 does not need `outputs`, so they are ignored
        assert [item for item in report.findings if item.file.startswith("models/10-one")]


LABELS = {
    "a megabyte in a line": b"x" * (1 << 20),
    "no line at all": b"",
    "control characters": b"\x1b[2J\n\x07\n\x00\n\x7f\nred\n",
    "not utf-8": b"\xff\n" * 5,
    "sixty thousand": b"a\n" * 32000,
    "right to left": "\u202eabc\n\u2066x\n\u200b\n\ufeff\nred\n".encode(),
}


@pytest.mark.parametrize("name", LABELS)
def test_a_hostile_file_of_labels_is_a_finding(tmp_path: Path, name: str) -> None:
    write(tmp_path, changed(labels="labels.txt"), labels_txt=LABELS[name])
    assert [item for item in judged(tmp_path).findings if item.field == "labels" or item.code == "C100"]


@pytest.mark.parametrize("name", ["a\x1b[31mred", "new\nline", "tab\tname", "\u202egnp", "x" * 200, "{card}", "%s%n"])
def test_a_folder_with_a_hostile_name(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "models" / name
    folder.mkdir(parents=True)
    (folder / "model.json").write_text("{}")
    assert judged(tmp_path).findings


def test_settings_and_programs_that_are_hostile(tmp_path: Path) -> None:
    write(tmp_path, changed())
    for name in ("maixswitch.json", "boot.py", "main.py"):
        (tmp_path / name).write_text(DEEP)
    (tmp_path / "cover.boot.py").write_bytes(b"\xff" * 70000)
    (tmp_path / "device").mkdir()
    (tmp_path / "device" / "app.mpy").write_bytes(b"M")
    (tmp_path / "device" / "hal.py").write_text("(" * 3000)
    assert not judged(tmp_path).ok


def test_a_link_that_leads_out_or_in_circles(tmp_path: Path) -> None:
    card = tmp_path / "card"
    write(card, changed())
    (card / "models" / "20-circle").symlink_to(card / "models")
    (card / "models" / "30-gone").symlink_to(tmp_path / "gone")
    (card / "models" / "10-one" / "out.txt").symlink_to("/etc/hostname")
    assert judged(card)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=24, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_value_in_any_field_is_judged(tmp_path: Path, data: st.DataObject) -> None:
    fields = dict(GOOD)
    for field in data.draw(
        st.lists(st.sampled_from([*GOOD, "anchors", "top", "nms", "outputs", "softmax"]), max_size=4)
    ):
        fields[field] = data.draw(json_values)
    judged(write(tmp_path, json.dumps(fields)))


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(raw=st.binary(max_size=300), at=st.integers(0, 600), value=st.binary(min_size=1, max_size=4))
def test_any_bytes_are_judged(tmp_path: Path, raw: bytes, at: int, value: bytes) -> None:
    kmodel = bytearray(samples.colour_classifier())
    kmodel[at : at + len(value)] = value
    judged(write(tmp_path, raw, bytes(kmodel), labels_txt=raw))
    judged(write(tmp_path, changed(labels="labels.txt"), bytes(kmodel), labels_txt=raw))


# import


@pytest.fixture
def target(tmp_path: Path) -> Path:
    card = tmp_path / "card"
    write_card(card)
    return card


def refused_or_without_errors(source: Path, card: Path) -> None:
    """Imports a source; the card must stay unchanged or gain complete models, and nothing may appear beside it."""
    beside = set(card.parent.iterdir())
    before = state(card)
    start = time.monotonic()
    result = None
    with contextlib.suppress(MaixSwitchError):
        result = import_models([source], card, ImportOptions())
    assert time.monotonic() - start < SECONDS
    assert set(card.parent.iterdir()) == beside
    after = state(card)
    if result is None or not result.written:
        assert after == before
        return
    assert {name: after[name] for name in before} == before
    new = {name.split("/")[1] for name in set(after) - set(before)}
    assert new == set(result.folders)
    errors = [item for item in check(card).findings if item.severity == "error" and "models/" in item.file]
    assert errors == []


def archive(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in members.items():
            file.writestr(name, data)
    return path


KMODEL = samples.colour_classifier()
NAMES = "\n".join(samples.COLOURS).encode()
ARCHIVES: dict[str, dict[str, bytes]] = {
    "plain": {"m.kmodel": KMODEL, "labels.txt": NAMES},
    "up": {"../../evil.kmodel": KMODEL, "../labels.txt": NAMES},
    "absolute": {"/tmp/evil.kmodel": KMODEL},
    "drive": {"C:\\evil.kmodel": KMODEL},
    "bomb": {"m.kmodel": KMODEL, "labels.txt": bytes(64 << 20)},
    "bomb model": {"m.kmodel": bytes(64 << 20)},
    "many": {f"{at}.txt": b"x" for at in range(6000)} | {"m.kmodel": KMODEL},
    "deep json": {"m.kmodel": KMODEL, "config.json": DEEP.encode(), "labels.txt": NAMES},
    "deep python": {"m.kmodel": KMODEL, "boot.py": b"labels = " + DEEP.encode()},
    "code": {"m.kmodel": KMODEL, "boot.py": b"labels = [open('/tmp/evil-was-here', 'w')]\nexec('x')\n"},
    "long expression": {"m.kmodel": KMODEL, "boot.py": b"labels = " + b"-" * 50000 + b"1"},
    "huge power": {"m.kmodel": KMODEL, "boot.py": b"labels = 9**9**9\nanchors = [1e400, float('nan')]\n"},
    "huge integer": {"m.kmodel": KMODEL, "boot.py": b"anchors = [" + b"9" * 20000 + b"]\n"},
    "label of a megabyte": {"m.kmodel": KMODEL, "labels.txt": b"x" * 250_000},
    "label of control characters": {"m.kmodel": KMODEL, "labels.txt": b"\x1b[2J\n\x07\na\nb\nc\n"},
    "null bytes": {"m.kmodel": KMODEL, "labels.txt": b"\0\n\0\n", "boot.py": b"\0\0"},
    "flash list": {"flash-list.json": b'{"files": [{"address": 99999999999999999999, "bin": "../x"}]}', "x": KMODEL},
    "flash list deep": {"flash-list.json": DEEP.encode(), "x": KMODEL},
    "name of control characters": {"a\x1b[2Jb\n.kmodel": KMODEL, "labels.txt": NAMES},
    "name of braces": {"{card}{0}.kmodel": KMODEL, "labels.txt": NAMES},
    "long name": {"x" * 300 + ".kmodel": KMODEL, "labels.txt": NAMES},
    "device name": {"aux.kmodel": KMODEL, "labels.txt": NAMES},
    "nothing": {},
}


@pytest.mark.parametrize("name", ARCHIVES)
def test_a_hostile_archive_is_refused_or_imported_without_errors(tmp_path: Path, target: Path, name: str) -> None:
    refused_or_without_errors(archive(tmp_path / "export.zip", ARCHIVES[name]), target)
    assert not Path("/tmp/evil-was-here").exists()


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(cut=st.integers(0, 4000), at=st.integers(0, 3999), value=st.binary(min_size=1, max_size=8))
def test_a_damaged_archive_is_refused_or_imported_without_errors(
    tmp_path_factory: pytest.TempPathFactory, cut: int, at: int, value: bytes
) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    write_card(folder / "card")
    path = archive(folder / "export.zip", ARCHIVES["plain"])
    data = bytearray(path.read_bytes())
    data[at : at + len(value)] = value
    path.write_bytes(data[: len(data) - cut % 40])
    refused_or_without_errors(path, folder / "card")


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    file_name=st.sampled_from(["boot.py", "labels.txt", "config.json", "anchors.txt", "flash-list.json"]),
    raw=st.binary(max_size=200) | st.text(max_size=120).map(lambda text: text.encode("utf-8", "surrogatepass")),
)
def test_any_text_beside_a_model_is_refused_or_imported_without_errors(
    tmp_path_factory: pytest.TempPathFactory, file_name: str, raw: bytes
) -> None:
    folder = tmp_path_factory.mktemp("text")
    write_card(folder / "card")
    (folder / "export").mkdir()
    (folder / "export" / "m.kmodel").write_bytes(KMODEL)
    (folder / "export" / file_name).write_bytes(raw)
    refused_or_without_errors(folder / "export", folder / "card")


@pytest.mark.parametrize("arguments", [("check",), ("import", "--card", "card")])
@pytest.mark.parametrize("create", [lambda p: p.write_bytes(b""), lambda p: p.mkdir(), lambda p: p.write_text(DEEP)])
def test_the_commands_end_without_a_traceback(
    command: Command, tmp_path: Path, arguments: tuple[str, ...], create: Callable[[Path], object]
) -> None:
    write_card(tmp_path / "card")
    create(tmp_path / "input")
    done = command(*arguments, "input")
    assert done.returncode in (1, 2, 4)
    assert "Traceback" not in done.stdout + done.stderr
    assert done.stdout + done.stderr
