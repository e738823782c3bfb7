"""A card with one model for each kind, for inside.py: the sizes of public networks, and scripted results.

MicroPython v1.11 language.
"""

import json
from array import array

DETECTOR = [1.889, 2.5245, 2.9465, 3.94056, 3.99987, 5.3658, 5.155437, 6.92275, 6.718375, 9.01025]
POINTS = {"kind": "landmark", "kmodel": "p.kmodel", "input": [128, 128, 3]}
FACE = {"kind": "face", "kmodel": "f.kmodel", "input": [64, 64, 3]}
HAIR = {"kind": "attributes", "kmodel": "h.kmodel", "input": [128, 128, 3], "labels": ["a", "b", "c", "d"]}
SORT = {"kind": "classifier", "kmodel": "s.kmodel", "input": [64, 64, 3], "labels": [str(i) for i in range(10)]}

# name -> (model.json without what all share, elements of the outputs, elements of the networks of its stages)
CASES = {
    "raw": ({"kind": "raw", "input": [224, 224, 3]}, (1000,), ()),
    "landmark": ({"kind": "landmark", "input": [128, 128, 3]}, (136,), ()),
    "learner": ({"kind": "learner", "input": [128, 128, 3], "limit": 100}, (256,), ()),
    "yolo3": (
        {"kind": "yolo3", "input": [320, 224, 3], "labels": ["a", "b"], "anchors": [9, 12, 40, 50, 90, 120]},
        (10 * 7 * 21,),
        (),
    ),
    "yolo2, 9 anchors": (
        {"kind": "yolo2", "input": [320, 224, 3], "labels": ["a"], "anchors": [1, 1.5] * 9},
        (10 * 7 * 54,),
        (),
    ),
    "yolo2 and classifier": (
        {"kind": "yolo2", "input": [320, 240, 3], "labels": ["a"], "anchors": DETECTOR, "stages": [SORT]},
        (20 * 15 * 30,),
        (10,),
    ),
    "yolo2 and attributes": (
        {"kind": "yolo2", "input": [320, 240, 3], "labels": ["a"], "anchors": DETECTOR, "stages": [HAIR]},
        (20 * 15 * 30,),
        (4,),
    ),
    "yolo2, landmark and face": (
        {"kind": "yolo2", "input": [320, 240, 3], "labels": ["a"], "anchors": DETECTOR, "stages": [POINTS, FACE]},
        (20 * 15 * 30,),
        (10, 192),
    ),
}
LEARNT = 3  # what a kind that learns knows


def kinds():
    """Return the names of the kinds that the cases measure."""
    names = set()
    for document, _, _ in CASES.values():
        names.add(document["kind"])
        for stage in document.get("stages", []):
            names.add(stage["kind"])
    return names


def files(name):
    """Return the files of a card with the one model of a case, and the scores that its outputs show."""
    from benchlib.models import kmodel_v3

    document, elements, more = CASES[name]
    document = dict(document, schema=1, title="Case", kmodel="a.kmodel")
    grid = (20, 15, 30) if more else (1, 1, 16)
    last = "dequantize" if more else "softmax"
    head = kmodel_v3(tuple(document["input"]), grid, last, classes=elements[0], outputs=len(elements))
    card = {"models/a/model.json": json.dumps(document), "models/a/a.kmodel": head}
    for at, count in enumerate(more):
        stage = document["stages"][at]
        card["models/a/" + stage["kmodel"]] = kmodel_v3(tuple(stage["input"]), (1, 1, 16), "softmax", classes=count)
    # A box of a head needs a score above 0.5, which is a value above 0: so there is none.
    below = 8 if elements[0] > 1400 and not more else 0
    scores = array("f", [0])
    for i in range(1, max(more or elements)):
        scores.append(0.125 + i % 7 / 16 - below)
    return card, scores
