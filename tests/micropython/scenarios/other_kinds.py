"""A card with the other kinds and with stages: each runs, two learn, and after a power cut they know what they learnt.

Many switches through all of them leave the heap flat.
"""

import json

import bench
from benchlib.models import kmodel_v3
from stage import ON_CPYTHON, Stage, heap, say

ANCHORS = [1.889, 2.5245, 2.9465, 3.94056, 3.99987, 5.3658, 5.155437, 6.92275, 6.718375, 9.01025]
BOX = [(24, 8, 80, 80, 0, 0.75)]
SCORES = [0.5, 0.25, 0.125, 0.75, 0.5, 0.5, 0.25, 0.75, 0.75, 0.75]
SWITCHES = 140
SAMPLES = 10


def network(size, count, channels=3):
    return kmodel_v3((size, size, channels), (1, 1, 16), "softmax", classes=count)


def files():
    """Return the files of the card."""
    points = {"kind": "landmark", "kmodel": "points.kmodel", "input": [64, 64, 3], "enlarge": 1.25}
    sort = {"kind": "classifier", "kmodel": "sort.kmodel", "input": [32, 32, 1], "labels": ["a", "b"]}
    face = {"kind": "face", "kmodel": "face.kmodel", "input": [64, 64, 3], "labels": ["Ann", "Bob"]}
    detector = {"kind": "yolo2", "input": [128, 96, 3], "labels": ["face"], "anchors": ANCHORS}
    entries = (
        ("1-raw", {"kind": "raw", "input": [64, 64, 3]}, network(64, 12)),
        ("2-points", {"kind": "landmark", "input": [64, 64, 3], "pixels": ["invert"]}, network(64, 10)),
        (
            "3-learn",
            {"kind": "learner", "input": [64, 64, 1], "limit": 100, "pixels": ["invert", "stretch", "flip"]},
            network(64, 8, 1),
        ),
        ("4-three", {"kind": "yolo3", "input": [64, 64, 3], "labels": ["a", "b"], "anchors": [9, 9]}, network(64, 28)),
        ("5-wide", {"kind": "yolo2", "input": [64, 64, 3], "anchors": [1, 1] * 9}, network(64, 180)),
        ("6-sort", dict(detector, stages=[points, sort]), kmodel_v3((128, 96, 3), (8, 6, 30), size=100000)),
        ("7-face", dict(detector, stages=[points, face]), kmodel_v3((128, 96, 3), (8, 6, 30), size=100000)),
    )
    card = {}
    for folder, document, kmodel in entries:
        text = json.dumps(dict(document, schema=1, title=folder[2:], kmodel="m.kmodel"))
        card["models/" + folder + "/model.json"] = text
        card["models/" + folder + "/m.kmodel"] = kmodel
    for folder in ("6-sort", "7-face"):
        card["models/" + folder + "/points.kmodel"] = network(64, 10)
    card["models/6-sort/sort.kmodel"] = network(32, 2, 1)
    card["models/7-face/face.kmodel"] = network(64, 8)
    return card


def seen():
    bench.kpu.boxes = BOX
    bench.kpu.scores = SCORES


def walk(stage, learn):
    """Run each model; let those that learn do so."""
    for title in ("raw", "points", "learn", "three", "wide", "sort", "face"):
        while stage.app.slot.loaded is None or stage.app.slot.loaded.title != title:
            stage.app.step()  # a press waits for a second one where a model learns
        stage.frames(2)
        if learn and stage.app.slot.loaded.learns:
            stage.app.machine.post("LEARN")
            stage.frames(2)
            say("notes", stage.app.results.extra.text)
        stage.press()


def switch(stage):
    """Switch through all models; the heap and the system heap stay as they are."""
    app = stage.app
    stage.until("RUNNING")
    used = [0] * SAMPLES
    free = [0] * SAMPLES
    block = SWITCHES // SAMPLES
    for count in range(SWITCHES):
        if count % 100 == 50:
            bench.fail_next("KPU.load", 2006)
        app.machine.post("NEXT")
        loads = bench.calls["KPU.load"]
        while bench.calls["KPU.load"] == loads:
            app.step()
        app.step()
        bench.kpu.ledger.clear()  # the fakes' record of the calls
        if (count + 1) % block == 0:
            stage.until("RUNNING")
            used[count // block] = heap()
            free[count // block] = bench.memory.free()
    half = SAMPLES // 2
    first = sum(used[:half])
    last = sum(used[half:])
    if not ON_CPYTHON:
        print("heap in use: %d bytes in the first half, %d in the last" % (first // half, last // half))
        if abs(last - first) * 100 > first:
            raise AssertionError("the heap grows")
    if min(free) != max(free) or bench.open_files or len(bench.irqs) != 1:
        raise AssertionError("a task, file or handler was lost")


def run():
    stage = Stage().power(files())
    seen()
    stage.boot()
    walk(stage, True)
    backend = bench.card.backend
    stage.end()
    stage.power({})
    bench.card.insert(backend)
    seen()
    stage.boot()
    walk(stage, False)
    stage.end()
    stage = Stage(quiet=True).power(files())
    seen()
    stage.boot()
    switch(stage)
    stage.end()
