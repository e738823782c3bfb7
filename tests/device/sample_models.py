"""The model.json files that the unit tests and the tests of a whole board share. Runs under both interpreters."""

FACE_ANCHORS = [1.889, 2.5245, 2.9465, 3.94056, 3.99987, 5.3658, 5.155437, 6.92275, 6.718375, 9.01025]
FACE = {
    "schema": 1,
    "title": "Face",
    "kind": "yolo2",
    "kmodel": "face.kmodel",
    "input": [320, 240, 3],
    "labels": ["face"],
    "anchors": FACE_ANCHORS,
}
DIGITS = {
    "schema": 1,
    "title": "Digits",
    "kind": "classifier",
    "kmodel": "digits.kmodel",
    "input": [28, 28, 1],
    "labels": ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"],
}
