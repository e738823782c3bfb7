"""Folders with mistakes keep their place in the order of the button and show what is wrong; the good ones work."""

from stage import DIGITS, Stage, card

BROKEN = (
    ("1-a-cut", '{"schema": 1, "title": "Cut'),
    ("1-b-kind", DIGITS.replace('"classifier"', '"segmenter"')),
    ("1-c-file", DIGITS.replace("digits.kmodel", "other.kmodel")),
    ("1-d-input", DIGITS.replace("[28, 28, 1]", '"28x28"')),
    ("1-e-field", DIGITS.replace('"top"', '"tops"')),
    (
        "1-f-labels",
        DIGITS.replace("Digits", "Few").replace('["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]', '["0", "1"]'),
    ),
    ("1-g-schema", DIGITS.replace('"schema": 1', '"schema": true')),
    ("1-h-title", DIGITS.replace("Digits", "")),
)


def run():
    files = card()
    head = files["models/2-digits/digits.kmodel"]
    for folder, text in BROKEN:
        files["models/%s/model.json" % folder] = text
        files["models/%s/digits.kmodel" % folder] = head
    files["models/1-i-nothing/notes.txt"] = "no model.json"
    files["models/1-j-html/model.json"] = DIGITS.replace("Digits", "Page")
    files["models/1-j-html/digits.kmodel"] = "<!DOCTYPE html><html><head><title>Not found</title></head></html>"
    files["models/1-k-twice/model.json"] = DIGITS.replace("Digits", "Face")
    files["models/1-k-twice/digits.kmodel"] = head
    stage = Stage().start(files)
    for _ in range(len(BROKEN) + 3):
        stage.until("RUNNING" if stage.app.catalog[stage.app.selected].title == "Face" else "FAULT")
        stage.press()
    stage.until("FAULT")
    stage.expect("FAULT", None, 103)
    stage.press()
    stage.frames(1)
    stage.expect("RUNNING", "Digits")
    stage.end()
