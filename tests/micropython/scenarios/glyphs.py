"""Labels, title and messages in glyphs from the card: how many are drawn, and that frames leave no garbage for them."""

import gc

import bench
from stage import FACE, Stage, kmodel_v3, say

LETTERS = "中人脸载"
FONT = b"glyphs 16x16\n" + LETTERS.encode() + b"\n" + bytes(range(128))
CHINESE = FACE.replace('"Face"', '"人脸", "ascii_title": "RenLian"').replace(
    '["face"]', '["人"], "ascii_labels": ["ren"]'
)


def glyphs_of(what, action, argument):
    """Say how many glyphs are drawn meanwhile."""
    before = bench.calls.get("Image.draw_font", 0)
    action(argument)
    say(what, bench.calls.get("Image.draw_font", 0) - before)


def allocated(stage, count):
    """Return the bytes that so many frames allocate without a collection; 0 where nobody can tell."""
    used = getattr(gc, "mem_alloc", int)
    gc.collect()
    gc.disable()
    before = used()
    for _ in range(count):
        stage.app.step()
    before = used() - before
    gc.enable()
    return before


def run():
    if "人脸" not in CHINESE or '"ren"' not in CHINESE:
        raise AssertionError("another FACE than this scenario expects")
    files = {
        "maixswitch.fnt": FONT,
        "maixswitch.zh": "Loading...\n载中\n",
        "models/1-face/model.json": CHINESE,
        "models/1-face/face.kmodel": kmodel_v3(size=300000),
        "models/2-face/model.json": FACE,
        "models/2-face/face.kmodel": kmodel_v3(size=300000),
        "models/3-huge/model.json": CHINESE.replace("人脸", "脸"),
        "models/3-huge/face.kmodel": kmodel_v3(size=5900000),
    }
    stage = Stage().power(files, settings='{"language": "zh"}')
    glyphs_of("loading", lambda _: stage.boot(), None)
    stage.until("RUNNING")
    bench.kpu.boxes = [(20, 30, 60, 40, 0, 0.875), (120, 30, 60, 40, 0, 0.75)]
    glyphs_of("frame", stage.frames, 1)
    chinese = allocated(stage, 8)
    stage.press()
    stage.until("UNLOADED")
    stage.until("RUNNING")
    glyphs_of("frame in ASCII", stage.frames, 1)
    ascii_only = allocated(stage, 8)
    if chinese > ascii_only:
        raise AssertionError("eight frames took %d bytes with glyphs, %d without" % (chinese, ascii_only))
    stage.press()
    glyphs_of("fault", stage.until, "FAULT")
    stage.until("FAULT")
    stage.expect("FAULT", None, 2006)
    bench.card.eject()
    stage.until("NO_CARD")
    stage.end()
