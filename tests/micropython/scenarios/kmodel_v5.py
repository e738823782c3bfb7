"""kmodel v5 and v6 on the card and in the flash chip: refused by the app, since the firmware's loader would crash."""

import bench
from benchlib.models import kmodel_v4
from stage import FACE, Stage, card, say

IN_FLASH = FACE.replace('"face.kmodel"', '{"flash": 3145728, "bytes": 200000}').replace("Face", "In flash")


def version(number, size=200000):
    file = kmodel_v4(size=size)
    head = bytearray(file.head)
    head[4] = number
    file.head = bytes(head)
    return file


def run():
    files = {"models/0-sound/model.json": FACE, "models/0-sound/face.kmodel": card()["models/1-face/face.kmodel"]}
    for number in (5, 6):
        files["models/%d/model.json" % number] = FACE.replace("Face", "v%d" % number)
        files["models/%d/face.kmodel" % number] = version(number)
    files["models/7/model.json"] = IN_FLASH
    stage = Stage().power(files)
    bench.kpu.flash[3145728] = version(5).head
    stage.boot()
    stage.frames(1)
    for _ in range(3):
        stage.press()
        stage.until("FAULT")
        stage.expect("FAULT", None, 2002)
        say("loads", bench.calls["KPU.load"])
    stage.press()
    stage.frames(1)
    stage.expect("RUNNING", "Face")
    stage.end()
