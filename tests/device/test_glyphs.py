"""Glyphs on the panel: drawn where the card has them, ASCII where it has not, and nothing of it on other cards."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest

import bench
import image
from device import glyph_overlay, glyphs, hal, overlay
from device.app import frame_path
from device.errors import DeviceError
from device.once import boards, hal_glyphs, hal_start
from device.results import BARS, BOXES, Results
from device.spec import Labels, ModelSpec

WHITE = (255, 255, 255)
RECORDS = {
    "苹": bytes([0b10000001] + [0] * 14 + [0b10000001]) * 2,
    "果": bytes([0b11111111] * 32),
    "é": bytes([0b01111110] * 16) + bytes(16),
}
LINE = "".join(sorted(RECORDS))
FONT = glyphs.HEAD + LINE.encode() + b"\n" + b"".join(RECORDS[letter] for letter in LINE)
PATH = "/sd/maixswitch.fnt"
TABLE = "Loading...\n果果\nSomething unexpected happened.\n苹果 é\nGoing on...\n梨\n".encode()


@pytest.fixture
def screen():
    return power()


def power(font=FONT, flavour="", board="dock"):
    """Return the screen of a board whose card has a file of glyphs."""
    bench.reset(flavour) if flavour else bench.reset()
    bench.card.insert(bench.MemoryCard({"maixswitch.fnt": font, "maixswitch.zh": TABLE} if font else {}))
    assert hal_start.panel(boards.find(board), {}) == ""
    return hal.Screen()


def labelled(title="苹果", names=("苹果", "梨 pear", "é"), forms=("PingGuo", "Li", "e"), plain_title="PingGuo"):
    """Return a spec with labels and their ASCII forms."""
    spec = ModelSpec("a")
    spec.title, spec.ascii_title, spec.kind, spec.top, spec.size = title, plain_title, "classifier", 3, 2048

    def labels(texts):
        return Labels("\n".join(texts).encode(), len(texts), [0])

    spec.labels = labels(names)
    spec.ascii_labels = labels(forms) if forms else None
    return spec


def drawn(picture, x, y, width=8, height=16):
    """Return the rows of white pixels in a part of a picture, as texts."""
    return [
        "".join("#" if picture.get_pixel(x + column, y + row) == WHITE else "." for column in range(width))
        for row in range(height)
    ]


def frame(drawing, spec, count, shape=BARS):
    """Return the picture of a frame with so many results, as it goes to the panel."""
    results = Results()
    results.reset(shape, 320, 240, 320, 240)
    for at in range(count):
        item = results.nth(at)
        item.name(at, 500)
        item.x, item.y, item.w, item.h = 40, 60 + 80 * at, 60, 40
    marks = drawing.begin(spec, results, "2/5", (320, 240))
    picture = image.Image(size=(320, 240)).clear()
    shown = []
    show = drawing._panel.show if hasattr(drawing, "_panel") else shown.append
    next(frame_path(lambda: picture, None, lambda _: count, marks, None, show, [0, 0], pytest.fail))
    return picture


def overlay_of(screen, language="en"):
    app = SimpleNamespace(screen=screen, root="/sd", overlay=None)
    glyph_overlay.begin(app, SimpleNamespace(language=language))
    return app.overlay


def test_cells_of_a_text(screen):
    """A wide letter takes two cells, a narrow one and an ASCII letter one; a letter that is missing spoils the text."""
    assert glyphs.cells(PATH, "a苹é") == ["a", RECORDS["苹"], None, RECORDS["é"]]
    assert glyphs.cells(PATH, "苹梨") is None
    assert glyphs.cut(glyphs.cells(PATH, "a苹果"), 4) == ["a", RECORDS["苹"], None]
    assert glyphs.cut(glyphs.cells(PATH, "a苹果"), 5) == glyphs.cells(PATH, "a苹果")


@pytest.mark.parametrize("font", [b"", b"glyphs 24x24\n", glyphs.HEAD, FONT[:-1], glyphs.HEAD + b"\xff\xfe\n", None])
def test_a_damaged_file_counts_as_none(font):
    power(font)
    assert glyphs.cells(PATH, "é苹果") is None


def test_labels_stand_in_glyphs_on_their_bars(screen):
    """Bars of 16 pixels of text; the label without its glyph is in ASCII."""
    picture = frame(overlay_of(screen), labelled(), 3)
    bar = 22
    top = 240 - 3 * bar
    assert drawn(picture, 0, top)[0] == drawn(picture, 0, top)[15] == "#......#"
    assert drawn(picture, 16, top, 16, 1) == ["#" * 16]
    forms = image.Image(size=(128, 18)).clear()
    forms.draw_string(0, 2, "Li 50%", 0xFFFF, 1, 0, 0, 1)
    assert drawn(picture, 0, top + bar, 64) == drawn(forms, 0, 0, 64)
    assert drawn(picture, 0, top + 2 * bar)[8] == ".######."
    score = image.Image(size=(128, 18)).clear()
    score.draw_string(0, 2, " 50%", 0xFFFF, 1, 0, 0, 1)
    assert drawn(picture, 8, top + 2 * bar, 32) == drawn(score, 0, 0, 32)


def test_labels_stand_in_glyphs_on_their_boxes(screen):
    """A plate of sixteen rows, as wide as its cells, above the box."""
    spec = labelled(names=("果", "b"), forms=("Guo", "b"))
    picture = frame(overlay_of(screen), spec, 2, BOXES)
    plate = picture.get_pixel(40 + 16, 44)
    assert plate not in (WHITE, (0, 0, 0))
    inside = [(40 + 16, 59), (40 + 47, 44), (40 + 47, 59)]
    outside = [(40 + 48, 44), (40 + 16, 43), (39, 44)]
    assert [picture.get_pixel(x, y) == plate for x, y in inside + outside] == [True] * 3 + [False] * 3
    assert {picture.get_pixel(40 + x, 44 + y) for x in range(16) for y in range(16)} == {(0, 0, 0)}


def test_the_title_stands_in_glyphs_before_the_position(screen):
    """The status bar is 18 rows high; another model's title in ASCII has the usual bar again."""
    drawing = overlay_of(screen)
    picture = frame(drawing, labelled(), 0)
    assert drawn(picture, 18, 1, 16, 16) == ["#" * 16] * 16
    assert drawn(picture, 2, 1, 8, 1) == ["#......#"]
    picture.draw_rectangle(0, 0, 320, 240, (0, 0, 0), 1, 1)
    picture = frame(drawing, labelled("Fruit", ("a", "b", "c"), None, None), 0)
    assert screen.show is drawing._show
    forms = image.Image(size=(128, 18)).clear()
    forms.draw_string(2, 1, "Fruit 2/5", 0xFFFF)
    assert drawn(picture, 0, 0, 120, 18) == drawn(forms, 0, 0, 120, 18)


def test_models_in_ascii_are_drawn_as_without_glyphs(screen):
    spec = labelled("Fruit", ("apple", "pear", "plum"), None, None)
    assert frame(overlay_of(screen), spec, 3).to_bytes() == frame(overlay.Overlay(screen), spec, 3).to_bytes()


def test_a_title_without_its_glyphs_stands_in_ascii(screen):
    picture = frame(overlay_of(screen), labelled("梨", ("a", "b", "c"), None, "Li"), 0)
    forms = image.Image(size=(128, 18)).clear()
    forms.draw_string(2, 1, "Li 2/5", 0xFFFF)
    assert drawn(picture, 0, 0, 120, 14) == drawn(forms, 0, 0, 120, 14)


def panel():
    """Return the bytes of the panel."""
    return bytes(bench.screen.canvas())


def test_messages_name_the_model_in_glyphs(screen):
    drawing = overlay_of(screen)
    drawing.loading(labelled(), "2/5")
    with_glyphs = panel()
    overlay.Overlay(screen).loading(labelled(), "2/5")
    assert with_glyphs != panel()
    # Without a letter outside ASCII, or without the card, it is the message of other cards.
    for spec in (labelled("梨", plain_title="PingGuo"), labelled("PingGuo", plain_title=None)):
        drawing.loading(spec, "2/5")
        assert with_glyphs != panel()
    bench.card.eject()
    drawing.loading(labelled(), "2/5")
    without_card = panel()
    overlay.Overlay(screen).loading(labelled(), "2/5")
    assert without_card == panel()


def test_messages_in_the_language_of_the_card(screen, monkeypatch):
    """A line whose glyphs are missing stays English."""
    lines = []
    monkeypatch.setattr(hal_glyphs, "write", lambda _picture, _x, _y, row, _colour: lines.append(row))
    hal_glyphs.message(screen, PATH, "/sd/maixswitch.zh", None, 0, "1/2 Fruit", "raw", "Loading...")
    assert lines == [list("1/2 Fruit"), list("raw"), glyphs.cells(PATH, "果果")]
    lines.clear()
    hal_glyphs.message(screen, PATH, "/sd/maixswitch.zh", None, 0, "x", "Something unexpected happened.", "Going on...")
    assert lines == [["x"], glyphs.cells(PATH, "苹果 é"), list("Going on...")]


@pytest.mark.parametrize("board", ["dock", "cube", "m5stickv", "amigo_tft"])
def test_messages_stay_on_the_panel(board):
    """The fake's HardFault for a picture beyond the panel does not come, however long the message is."""
    drawing = overlay_of(power(board=board), "zh")
    drawing.fault(DeviceError(199, "苹果 é" * 200), labelled())
    assert any(panel())


def test_rows_are_broken_between_wide_letters_and_words():
    wide = [b"x", None]
    assert hal_glyphs.folded(wide * 3, 5) == [wide * 2, wide]
    assert hal_glyphs.folded([*"ab ", *wide, *"cdef"], 8) == [[*"ab ", *wide], [*"cdef"]]
    assert hal_glyphs.folded([*"abcdef"], 4) == [[*"abcd"], [*"ef"]]
    assert hal_glyphs.folded([*"abc def"], 3) == [[*"abc"], [*"def"]]


def test_old_firmware_has_ascii_only():
    screen = power(flavour="full@v0.5.0-9")
    assert overlay_of(screen) is None


@pytest.mark.parametrize("font", [FONT, None])
def test_only_a_card_with_glyphs_takes_their_memory(font, monkeypatch):
    """The app imports the module when the card has the file, and at no other time."""
    from device import app

    for name in ("device.glyphs", "device.glyph_overlay"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    bench.reset()
    bench.card.insert(bench.MemoryCard({"maixswitch.fnt": font} if font else {}))
    started = app.build()
    assert ("device.glyph_overlay" in sys.modules) == bool(font)
    assert (type(started.overlay) is overlay.Overlay) == (not font)
