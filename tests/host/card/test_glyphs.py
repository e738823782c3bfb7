"""The glyphs of a card: written where its texts change, drawn by the app, and judged by check."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from maixswitch import board_code, language
from maixswitch.card.build import build
from maixswitch.card.check import Options, check
from maixswitch.card.glyphs import drawing, font_file, messages
from maixswitch.card.glyphs.font_file import Glyphs
from maixswitch.card.glyphs.renewing import read, renew
from maixswitch.card.importing import importer
from maixswitch.card.importing.options import ImportOptions
from maixswitch.card.new import WORDS, create
from tests.host.card import exports
from tests.host.card.test_panel_names import put
from tests.host.sim_helpers import ROOT

FRUIT = 'labels = ["苹果", "香蕉", "背景"]'
WIDE, NARROW = b"\x80" * 32, b"\x80" * 16 + bytes(16)
needs_font = pytest.mark.skipif(drawing.font_path() is None, reason=f"no font: {drawing.INSTALL}")


@pytest.fixture
def card(tmp_path: Path) -> Path:
    (tmp_path / "card" / "models").mkdir(parents=True)
    return tmp_path / "card"


def fruit(card: Path, title: str = "水果") -> importer.ImportResult:
    """Import an export of MaixHub whose labels are Chinese."""
    files = {"m.kmodel": exports.classifier(3), "labels.txt": FRUIT.encode()}
    return put(card, "fruit", files, ImportOptions(title=title))


def codes(card: Path, *firmware: str) -> set[str]:
    found = {item.code for item in check(card, Options(firmware=firmware)).findings}
    return {code for code in found if code[:3] in ("C31", "C74")}


def test_a_file_is_read_as_it_was_written() -> None:
    records = {"果": WIDE, "é": NARROW}
    glyphs = font_file.parse(font_file.dump(records))
    assert glyphs is not None
    assert glyphs.records == records
    assert font_file.dump(records) == "glyphs 16x16\né果\n".encode() + NARROW + WIDE
    assert (glyphs.covers("a果é"), glyphs.covers("a梨"), glyphs.cells("a果é")) == (True, False, 4)
    assert (glyphs.cut("a果é", 3), glyphs.cut("a果é", 2)) == ("a果", "a")


@pytest.mark.parametrize(
    "data", [b"", b"glyphs 24x24\n\n", b"glyphs 16x16\nab", b"glyphs 16x16\n\xff\n", b"glyphs 16x16\na\nb"]
)
def test_a_damaged_file_is_none(data: bytes) -> None:
    assert font_file.parse(data) is None


@needs_font
def test_import_writes_the_glyphs_that_the_card_needs(card: Path) -> None:
    result = fruit(card)
    assert (result.glyphs.letters, result.glyphs.missing) == (7, ())
    assert set(read(card).records) == set("水果苹香蕉背景")
    assert codes(card) == set()
    # Without a change of its texts the file stays as it is, also on a PC without the font.
    stamp = (card / font_file.NAME).stat().st_mtime_ns
    assert renew(card).letters == 7
    assert (card / font_file.NAME).stat().st_mtime_ns == stamp


@needs_font
def test_glyphs_are_drawn_as_the_font_has_them() -> None:
    """Ten is a row and a column of ink; a narrow letter stands in the left half; a missing one is left out."""
    path = drawing.font_path()
    assert path is not None
    drawn = drawing.draw(["十", "é", "\ue000"], path)
    assert set(drawn) == {"十", "é"}
    rows = [f"{left:08b}{right:08b}" for left, right in zip(drawn["十"][:16], drawn["十"][16:], strict=True)]
    assert max(row.count("1") for row in rows) >= 12
    assert sum(row.count("1") == 1 for row in rows) >= 8
    assert any(drawn["é"][:16])
    assert not any(drawn["é"][16:])


def test_a_pc_without_the_font_says_how_to_get_it(card: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawing, "PACKAGE", "no_such_package")
    result = fruit(card)
    assert not (card / font_file.NAME).exists()
    lines = importer.report(result, card, False)
    assert [line for line in lines if drawing.INSTALL in line and "7" in line]
    assert codes(card) == set()  # the ASCII forms are shown, as without glyphs


def test_a_card_in_ascii_gets_no_file(card: Path) -> None:
    (card / font_file.NAME).write_bytes(font_file.dump({"果": WIDE}))
    assert renew(card).letters == 0
    assert list(card.iterdir()) == [card / "models"]


@needs_font
def test_a_build_and_a_folder_without_models(card: Path, tmp_path: Path) -> None:
    """`build` into a folder that is no card yet works; settings in Chinese bring the messages and their glyphs."""
    assert renew(tmp_path).letters == 0
    build(card)
    (card / "maixswitch.json").write_text('{"language": "zh"}')
    assert "C740" in codes(card)
    assert renew(card).letters > 100
    lines = (card / messages.NAME).read_text(encoding="utf-8").splitlines()
    table = dict(zip(lines[::2], lines[1::2], strict=True))
    assert set(messages.LINES) < set(table)
    assert font_file.foreign(lines) == set(read(card).records)
    assert codes(card) == set()
    (card / "maixswitch.json").unlink()
    renew(card)
    assert not (card / messages.NAME).exists()


def test_the_messages_are_those_of_the_app() -> None:
    """Each line stands in the app's code, and each fault's meaning and remedy is in the table."""
    code = "".join((ROOT / "device" / name).read_text() for name in ("overlay.py", "once/hal_start.py"))
    for line in messages.LINES:
        first, _, rest = line.partition("Press the key: ")
        assert (rest or first) in code, line
    lines = messages.table().splitlines()
    for number in board_code.error_codes():
        assert set(board_code.device_errors().describe(number)[1:]) <= set(lines[::2])
    assert all(any(letter > "~" for letter in line) for line in lines[1::2])


def judged(card: Path, glyphs: bytes, title: str = "水果", forms: bool = False) -> Path:
    """Make a card with a model whose labels are 苹果 and 香蕉."""
    fruit(card, title)
    path = next(card.glob("models/*/model.json"))
    model = json.loads(path.read_text(encoding="utf-8"))
    if not forms:
        del model["ascii_title"], model["ascii_labels"]
    path.write_text(json.dumps(model, ensure_ascii=False), encoding="utf-8")
    (card / font_file.NAME).write_bytes(glyphs)
    return card


ALL = font_file.dump(dict.fromkeys("水果苹香蕉背景", WIDE))


@pytest.mark.parametrize(
    ("glyphs", "forms", "firmware", "expected"),
    [
        (ALL, False, "full", set()),
        (ALL, True, "full", set()),
        (font_file.dump(dict.fromkeys("水果苹香蕉背", WIDE)), True, "full", {"C740"}),
        (font_file.dump(dict.fromkeys("水果苹香蕉背", WIDE)), False, "full", {"C740", "C311"}),
        (font_file.dump({"水": WIDE}), False, "full", {"C740", "C310", "C311", "C314"}),
        (ALL[:-1], True, "full", {"C741"}),
        (ALL, True, "full@v0.5.0-9", {"C742"}),
        (ALL, False, "full@v0.5.0-9", {"C742", "C310", "C311", "C314"}),
    ],
)
def test_check_judges_what_the_panel_shows(
    card: Path, glyphs: bytes, forms: bool, firmware: str, expected: set[str]
) -> None:
    assert codes(judged(card, glyphs, forms=forms), firmware) == expected


def test_a_title_is_as_wide_as_its_glyphs(card: Path) -> None:
    """Sixteen wide letters are 32 cells: too wide for the status bar of a picture of 224 pixels."""
    title = "果" * 16
    assert "C312" in codes(judged(card, ALL, title))
    assert Glyphs({"果": WIDE}).cells(title) == 32


def test_a_new_card_in_chinese_explains_itself_in_chinese(tmp_path: Path) -> None:
    """The mark at its beginning tells old editors of Windows that it is UTF-8."""
    language.choose("zh")
    try:
        create(tmp_path / "card", empty=True)
    finally:
        language.choose("en")
    data = (tmp_path / "card" / "README.txt").read_bytes()
    assert data.startswith(b"\xef\xbb\xbfMaixSwitch\xef\xbc\x9a")
    assert data.count(b"\r\n") == data.count(b"\n") == WORDS.count("\n")
