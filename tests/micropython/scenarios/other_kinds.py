"""A card with the other kinds and with stages: each runs, two learn, and after a power cut they know what they learnt.

What goes wrong deepest in the app is here as well: the power is cut while a model writes what it learns, the card is
gone by then, and a stage fails.
"""

import json

import bench
from benchlib.models import kmodel_v3
from stage import Stage, say

ANCHORS = [1.889, 2.5245, 2.9465, 3.94056, 3.99987, 5.3658, 5.155437, 6.92275, 6.718375, 9.01025]
BOX = [(24, 8, 80, 80, 0, 0.75)]
SCORES = [0.5, 0.25, 0.125, 0.75, 0.5, 0.5, 0.25, 0.75, 0.75, 0.75]


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


def reach(stage, title):
    """Switch on until a model runs; a press would wait for a second one where a model learns."""
    stage.until("RUNNING")
    while stage.loaded() != title:
        stage.app.machine.post("NEXT")
        stage.until("RUNNING")
    stage.frames(1)


def known(stage):
    """Return how many names the running model has learnt."""
    spec = stage.app.slot.loaded
    return len((spec.stages[-1] if spec.stages else spec).labels.names)


def cut(backend, title, after):
    """Lose the power `after` so many bytes of what a model writes when it learns; return whether it knows one more."""
    stage = Stage(quiet=True).power()
    bench.card.insert(backend)
    seen()
    stage.boot()
    reach(stage, title)
    before = known(stage)
    bench.card.power_cut_after(after)
    stage.app.machine.post("LEARN")
    try:
        stage.frames(3)
    except bench.PowerCut:
        pass  # no clean end
    else:
        bench.card.power_cut_after(None)
    stage = Stage(quiet=True).power()
    bench.card.insert(backend)
    seen()
    stage.boot()
    reach(stage, title)
    more = known(stage) - before
    stage.end()
    if more not in (0, 1):
        raise AssertionError("%s knew %d, now %d more" % (title, before, more))
    return more


def cuts(backend):
    """The power goes at bytes of the data, of the slot, and after both."""
    for title in ("learn", "face"):
        more = [cut(backend, title, after) for after in (0, 7, 90, 2000, 20000)]
        say("cut", title, *more)
        if sum(more) in (0, len(more)):
            raise AssertionError("the cuts are all before or all after the writing")


def faults(backend):
    """A stage finds the heap full, and the card is gone when a face is learnt."""
    stage = Stage(quiet=True).power()
    bench.card.insert(backend)
    seen()
    stage.boot()
    for call in ("Image.cut", "Image.resize", "KPU.forward", "image.warp_affine_ai"):
        reach(stage, "face")
        bench.fail_next(call, MemoryError("memory allocation failed"))
        stage.until("FAULT")
        say("fault", call, stage.app.fault.code)
        stage.app.machine.post("NEXT")
    reach(stage, "face")
    bench.card.eject()
    stage.app.machine.post("LEARN")
    while stage.app.results.learn:
        stage.app.step()
    say("notes", stage.app.results.extra.text)
    stage.end()


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
    cuts(backend)
    faults(backend)
