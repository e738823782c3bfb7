"""Classifiers: the labels that the best score's index chooses, the floor, and what happens to the picture."""

from __future__ import annotations

import pytest

from maixswitch.card.importing.script.reading import Preprocessing
from tests.host.card.importing_script.reading import CAMERA, labels, only

HEAD = CAMERA + "names = ['ox', 'yak', 'emu']\ntask = kpu.load(0x300000)\nwhile True:\n    img = sensor.snapshot()\n"
RUN = HEAD + "    fmap = kpu.forward(task, img)\n"

CHOSEN = {
    "index of the maximum": "p = fmap[:]\n    m = max(p)\n    print(names[p.index(m)].strip())",
    "at once": "print(names[fmap[:].index(max(fmap[:]))])",
    "list": "p = list(fmap)\n    i = p.index(max(p))\n    print('%s: %.2f' % (names[i], p[i]))",
    "loop over the names": "best = 0\n    at = -1\n    p = fmap[:]\n    for i in range(len(names)):\n"
    "        if p[i] > best:\n            best = p[i]\n            at = i\n    print(names[at])",
    "names before scores": "for i in range(3):\n        print(names[i], fmap[i])",
    "best three": "order = [i for i, v in sorted(enumerate(fmap), key=lambda pair: -pair[1])][:3]\n"
    "    for i in order:\n        print(names[i])",
    "by name": "table = {}\n    for i in range(3):\n        table[names[i]] = fmap[i]\n"
    "    print(max(table, key=table.get))",
    "loop over the scores": "best, at = -1, 0\n    for i, v in enumerate(fmap):\n        if v > best:\n"
    "            best, at = v, i\n    print(names[at])",
    "loop over range": "at = 0\n    for i in range(1, len(fmap)):\n        if fmap[i] > fmap[at]:\n            at = i\n"
    "    print(names[at])",
    "while": "i = 0\n    at = 0\n    while i < len(fmap):\n        if fmap[i] >= fmap[at]:\n"
    "            at = i\n        i += 1\n"
    "    print(names[at])",
    "sorted": "p = fmap[:]\n    top = sorted(range(len(p)), key=lambda i: p[i], reverse=True)\n"
    "    print(names[top[0]])",
    "max with key": "print(names[max(range(3), key=lambda i: fmap[i])])",
    "zip": "print(sorted(zip(fmap, names))[-1][1])",
    "dictionary": "print(max(dict(zip(names, fmap)).items(), key=lambda pair: pair[1])[0])",
    "function": "def best(scores):\n        top = max(scores)\n        return scores.index(top), top\n"
    "    i, v = best(fmap[:])\n    print(names[i], v)",
    "softmax": "import math\n    e = [math.exp(v) for v in fmap]\n    s = sum(e)\n    p = [v / s for v in e]\n"
    "    print(names[p.index(max(p))])",
    "copied": "p = []\n    for v in fmap:\n        p.append(v)\n    print(names[p.index(max(p))])",
    "argmax": "import ulab as np\n    print(names[np.argmax(np.array(fmap))])",
}  # fmt: skip


@pytest.mark.parametrize("chosen", CHOSEN.values(), ids=list(CHOSEN))
def test_the_list_that_the_best_score_chooses(chosen: str) -> None:
    use = only(RUN + "    " + chosen + "\n")
    assert labels(use) == ("ox", "yak", "emu")
    assert (use.model, use.detector, use.runs) == (0x300000, None, {"forward"})


FLOORS = {
    "greater": "if m > 0.7:\n        print(names[p.index(m)])", "at least": "if m >= 0.7: print(1)",
    "skipped": "if m < 0.7:\n"
    "        continue", "turned": "if 0.7 < m: print(1)", "per cent": "if m * 100 > 70: print(1)",
    "rounded": "if int(m * 100) >= 70: print(1)", "variable": "limit = 0.7\n    if m > limit: print(1)",
    "both": "if m > 0.7 and p.index(m) != 2: print(1)",
}  # fmt: skip


@pytest.mark.parametrize("floor", FLOORS.values(), ids=list(FLOORS))
def test_the_number_that_the_best_score_is_compared_with(floor: str) -> None:
    use = only(RUN + "    p = fmap[:]\n    m = max(p)\n    " + floor + "\n")
    assert use.floor is not None
    assert use.floor.value == pytest.approx(0.7)


def test_other_numbers_are_no_floor() -> None:
    use = only(RUN + "    m = max(fmap[:])\n    best = 0\n    if m > best: best = m\n    if img.width() > 0.5: pass\n")
    assert use.floor is None


SETTINGS = {
    "grey digits": (
        "sensor.set_windowing((224, 224))\nsensor.set_hmirror(0)\nimg = sensor.snapshot()\nimg = img.to_grayscale()\n"
        "img = img.resize(28, 28)\nimg.invert()\nimg.strech_char(1)\nimg.pix_to_ai()\n",
        Preprocessing("QVGA", (224, 224), (28, 28), grey=True, inverted=True, stretched=True, hmirror=False),
    ),
    "other name": (
        "sensor.set_windowing((240, 240))\nsensor.set_vflip(True)\na = sensor.snapshot()\nimg = a.resize(128, 128)\n",
        Preprocessing("QVGA", (240, 240), (128, 128), vflip=True),
    ),
    "camera in grey": (
        "sensor.set_pixformat(sensor.GRAYSCALE)\nsensor.set_framesize(sensor.QQVGA)\nimg = sensor.snapshot()\n",
        Preprocessing("QQVGA", grey=True),
    ),
    "part of the picture": (
        "full = sensor.snapshot()\nimg = full.copy((48, 8, 224, 224))\nimg.rotation_corr(z_rotation=90)\n",
        Preprocessing("QVGA", cropped=(48, 8, 224, 224), rotated=90),
    ),
    "function": (
        "def take(size=(32, 32)):\n    p = sensor.snapshot()\n    p = p.to_grayscale(1)\n    return p.resize(*size)\n"
        "img = take()\n",
        Preprocessing("QVGA", resized=(32, 32), grey=True),
    ),
}


@pytest.mark.parametrize(("lines", "expected"), SETTINGS.values(), ids=list(SETTINGS))
def test_what_happens_to_the_picture(lines: str, expected: Preprocessing) -> None:
    use = only(CAMERA + "task = kpu.load('/sd/x.kmodel')\n" + lines + "kpu.forward(task, img)\n")
    assert use.picture == expected


def test_outputs_and_layers() -> None:
    use = only(
        CAMERA + "t = kpu.load(0x500000)\nkpu.set_outputs(t, 0, 1, 1, 5)\nkpu.set_layers(t, 29)\nkpu.forward(t, 1)\n"
    )
    assert (use.outputs, use.layers) == (((0, 1, 1, 5),), 29)


def test_classifier_that_learns_on_the_board() -> None:
    use = only(
        CAMERA
        + """
state = 0
names = ['ox', 'yak']
model = kpu.load(0x300000)
learner = kpu.classifier(model, 2, 20)
while 1:
    img = sensor.snapshot()
    if state == 0:
        if key.value() == 0:
            learner.add_class_img(img)
            learner.train()
            state = 1
    else:
        index, distance = learner.predict(img)
        if index >= 0 and distance < 11:
            print(names[index])
"""
    )
    assert labels(use) == ("ox", "yak")
    assert use.runs == {"classifier"}
