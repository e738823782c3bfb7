"""Every code of an import has a source that triggers it; correct exports trigger only the notes that they must."""

from __future__ import annotations

import stat
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from maixswitch.card.importing import archive, importer, writing
from maixswitch.card.importing.messages import ImportMessage, Refusal
from maixswitch.card.importing.options import ImportOptions
from maixswitch.findings.table import rules
from maixswitch.kmodel.write import samples
from tests.host.card import exports

FISH = exports.loose()
BLOB = {"blob.kmodel": exports.detector(), "labels.txt": b"blob\n"}
ANCHORS = ",".join(map(str, exports.ANCHORS))
SIX = ANCHORS + ",2,2"
LZMA = zipfile.ZIP_LZMA


@dataclass
class Case:
    """An import that triggers a code.

    files: the source, a folder without ``pack``.
    pack: makes the source a zip and adds members to it.
    spoil: changes the test's folder, which holds the source and the card, before the import.
    kmodel: the name of a sample model to add to the source.
    named: the file of the source that the user names instead of the folder.
    """

    files: exports.Files
    options: ImportOptions = field(default_factory=ImportOptions)
    pack: Callable[[zipfile.ZipFile], None] | None = None
    spoil: Callable[[Path], None] = lambda folder: None
    position: int = 0
    kmodel: str = ""
    named: str = ""


def member(name: str, kind: int = stat.S_IFREG) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo("x")
    info.filename = name
    info.external_attr = (kind | 0o644) << 16
    return info


def packed(name: str, data: bytes = b"x", kind: int = stat.S_IFREG) -> Case:
    return Case(FISH, pack=lambda zip_file: zip_file.writestr(member(name, kind), data))


def encrypt(folder: Path) -> None:
    data = bytearray((folder / "x.zip").read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    (folder / "x.zip").write_bytes(data)


def cut(folder: Path) -> None:
    (folder / "x.zip").write_bytes((folder / "x.zip").read_bytes()[:-30])


def link(folder: Path) -> None:
    (folder / "secret.txt").write_text("secret")
    (folder / "x" / "more.txt").symlink_to(folder / "secret.txt")


def taken(folder: Path) -> None:
    (folder / "fish").mkdir()
    for name, data in FISH.items():
        (folder / "fish" / name).write_bytes(data)
    importer.import_models([folder / "fish"], folder / "card", ImportOptions(title="Fish"))


def no_card(folder: Path) -> None:
    (folder / "card" / "models").rmdir()


def beside(files: exports.Files, **more: bytes) -> exports.Files:
    return {**files, **{name.replace("_", "."): data for name, data in more.items()}}


DETECTS = b"""import sensor, KPU as kpu
task = kpu.load("/sd/blob.kmodel")
kpu.init_yolo2(task, 0.5, 0.3, 5, (1, 1, 3, 3, 5, 5, 7, 7, 9, 9))
while True:
    img = sensor.snapshot()
    kpu.run_yolo2(task, img)
"""
AT_ADDRESS = DETECTS.replace(b'"/sd/blob.kmodel"', b"0x300000")
PYTHON_2 = b'model_addr = "/sd/fish.kmodel"\nlabels = ["a", "b", "c"]\nprint "old"\n'

CASES: dict[str, Case] = {
    "C500": Case({}, spoil=lambda folder: (folder / "x").rmdir()),
    "C501": Case({"a.txt": b"1", "b.txt": b"2"}),
    "C502": Case({"m.kmodel": b"LDMK\x05\0\0\0" + bytes(100)}),
    "C503": Case({"m.smodel": b"LDMS" + bytes(100), "boot.py": b""}),
    "C504": Case({**FISH, "fish.kmodel": FISH["fish.kmodel"][:-900]}),
    "C505": Case({**FISH, "fish.kmodel": FISH["fish.kmodel"] + bytes(6 << 20)}),
    "C506": Case(FISH, spoil=link),
    "C507": Case({**FISH, "fish.kmodel": exports.swapped(FISH["fish.kmodel"])}),
    "C508": Case({"net.onnx": b"\x08\x07\x12\x07pytorch", "labels.txt": b"a\nb\nc\n"}),
    "C510": packed("../m.kmodel"),
    "C511": packed("m.kmodel", kind=stat.S_IFLNK),
    "C512": Case(FISH, pack=lambda zip_file: zip_file.writestr("m.bin", bytes(8 << 20), zipfile.ZIP_DEFLATED)),
    "C513": Case(FISH, pack=lambda zip_file: None, spoil=encrypt),
    "C514": packed("LABELS.TXT"),
    "C515": Case(FISH, pack=lambda zip_file: None, spoil=cut),
    "C516": Case(FISH, pack=lambda zip_file: zip_file.writestr("m.bin", bytes(99), LZMA)),
    "C520": Case(exports.maixhub_classifier('["a", "b", "c"]')),
    "C521": Case({"fish.kmodel": FISH["fish.kmodel"]}),
    "C522": Case(beside(FISH, labels_txt=b"a\nb\n")),
    "C523": Case(beside(FISH, labels_txt=b"a\nb\n\x01x")),
    "C524": Case(BLOB, ImportOptions(kind="yolo2")),
    "C525": Case(FISH, ImportOptions(kind="yolo2", anchors=ANCHORS)),
    "C526": Case(BLOB, ImportOptions(kind="yolo2", anchors=SIX)),
    "C527": Case(exports.axelerate()),
    "C528": Case(FISH, ImportOptions(anchors=ANCHORS)),
    "C530": Case({}, kmodel="ultraface_slim_v4"),
    "C531": Case({}, kmodel="iris_v3"),
    "C532": Case(FISH, ImportOptions(input=(64, 64, 3))),
    "C533": Case({**exports.maixhub_classifier('["a", "b", "c"]'), "m.kmodel": exports.classifier(3, size=64)}),
    "C534": Case({**exports.kendryte_classifier(), "cls.kmodel": samples.blob_detector()}),
    "C535": Case({**FISH, "fish.kmodel": exports.classifier(3, softmax=False)}),
    "C536": Case({"fish.kmodel": FISH["fish.kmodel"], "main.py": PYTHON_2}),
    "C537": Case(exports.kendryte_detector()),
    "C538": Case(exports.kfpkg()),
    "C545": Case(beside(FISH, labels_txt=b"a\nb\n" + b"x" * 65)),
    "C546": Case(beside(FISH, labels_txt="鱼\nb\nc\n".encode())),
    "C547": Case({"face.kmodel": exports.classifier(128, softmax=False)}),
    "C550": Case({"a.kmodel": exports.detector(), "fish.kmodel": FISH["fish.kmodel"], "src/main.py": AT_ADDRESS}),
    "C551": Case(exports.maixhub_classifier()),
    "C552": Case({"blob.kmodel": exports.detector(), "main.py": DETECTS}),
    "C553": Case(
        {"blob.kmodel": exports.detector(), "main.py": DETECTS.replace(b"img)", b"img.rotation_corr(z_rotation=180))")}
    ),
    "C554": Case({"blob.kmodel": exports.detector(), "main.py": DETECTS.replace(b"(1, 1, 3,", b"(90, 1, 3,")}),
    "C555": Case({"blob.kmodel": exports.detector(), "main.py": DETECTS}, named="blob.kmodel"),
    "C540": Case(FISH, ImportOptions(title="Fish"), spoil=taken),
    "C541": Case(FISH, ImportOptions(labels="absent.txt")),
    "C542": Case(FISH, spoil=no_card),
    "C544": Case(FISH, ImportOptions(top=99)),
}


def codes(case: Case, folder: Path, kmodels: Path | None = None) -> set[str]:
    """Imports a case; returns the codes of all its messages."""
    (folder / "card" / "models").mkdir(parents=True)
    files = dict(case.files)
    if case.kmodel and kmodels:
        files["net.kmodel"] = (kmodels / f"{case.kmodel}.kmodel").read_bytes()
    source = folder / ("x.zip" if case.pack else "x")
    if case.pack:
        with zipfile.ZipFile(source, "w") as zip_file:
            for name, data in files.items():
                zip_file.writestr(name, data)
            case.pack(zip_file)
    else:
        source.mkdir()
        for name, data in files.items():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes(data)
    case.spoil(folder)
    try:
        result = importer.import_models([source / case.named], folder / "card", case.options, case.position)
    except Refusal as refusal:
        return {str(refusal).partition(": ")[0]}
    messages: list[ImportMessage] = list(result.refused)
    for _, imported in result.entries:
        messages += imported.problems + imported.notes
        assert {message.document()["severity"] for message in imported.problems} <= {"error"}
        assert {message.document()["severity"] for message in imported.notes} <= {"note"}
    return {message.code for message in messages}


def test_every_row_has_a_case() -> None:
    assert {*CASES, "C543"} == {code for code in rules() if code.startswith("C5")}


@pytest.mark.parametrize("code", CASES)
def test_a_source_that_triggers_it(code: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    case = CASES[code]
    assert code in codes(case, tmp_path, request.getfixturevalue("kmodels") if case.kmodel else None)


GOOD: dict[str, tuple[Any, set[str]]] = {
    "loose": (exports.loose, set()),
    "two": (exports.two_loose, set()),
    "MaixHub": (exports.maixhub_now, set()),
    "old MaixHub": (exports.maixhub_old, set()),
    "fans_share": (exports.fans_share, set()),
    "kfpkg": (exports.kfpkg, {"C507", "C538"}),
    "Kendryte": (exports.kendryte_detector, {"C537"}),
    "aXeleRate": (exports.axelerate, {"C527"}),
}


@pytest.mark.parametrize("name", GOOD)
@pytest.mark.parametrize("pack", [None, lambda zip_file: None], ids=["folder", "zip"])
def test_a_good_source_says_no_more_than_it_must(name: str, pack: Any, tmp_path: Path) -> None:
    files, expected = GOOD[name]
    assert codes(Case(files(), pack=pack), tmp_path) == expected


def test_a_card_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full card is C543."""

    def full(**_: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(writing.tempfile, "mkdtemp", full)
    assert codes(Case(FISH), tmp_path) == {"C543"}


def test_the_limit_of_an_archive_is_a_code_too(tmp_path: Path) -> None:
    def many(zip_file: zipfile.ZipFile) -> None:
        for number in range(archive.MAX_MEMBERS + 1):
            zip_file.writestr(f"{number}.txt", "")

    assert codes(Case(FISH, pack=many), tmp_path) == {"C512"}
