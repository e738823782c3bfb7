"""Detectors: the anchors, thresholds and labels that reach init_yolo2 and the drawing."""

from __future__ import annotations

import pytest

from maixswitch.card.importing.script.reading import DetectorCall
from tests.host.card.importing_script.reading import CAMERA, labels, only, uses

ANCHORS = (1.0, 1.5, 2.0, 2.5, 3.0, 3.5)
HEAD = CAMERA + "shapes = (1.0, 1.5, 2.0, 2.5, 3.0, 3.5)\n"
INIT = "task = kpu.load('/sd/x.kmodel')\nkpu.init_yolo2(task, 0.6, 0.25, 3, shapes)\n"
LOOP = "while True:\n    img = sensor.snapshot()\n    for box in kpu.run_yolo2(task, img) or ():\n        "

SETTINGS = {
    "by position": INIT,
    "by keyword": "task = kpu.load('/sd/x.kmodel')\n"
    "kpu.init_yolo2(task, threshold=0.6, nms_value=0.25, anchor_num=3, anchor=shapes)\n",
    "computed": "task = kpu.load('/sd/' + 'x' + '.kmodel')\n"
    "kpu.init_yolo2(task, 60 / 100, 1 / 4, len(shapes) // 2, tuple([float(v) for v in shapes]))\n",
    "parsed": "text = '1.0, 1.5,2.0,2.5 ,3.0,3.5'\nv = []\nfor part in text.split(','):\n    v.append(float(part))\n"
    "task = kpu.load('/sd/%s.kmodel' % 'x')\nkpu.init_yolo2(task, 0.6, 0.25, 3, tuple(v))\n",
    "pairs": "pairs = [(1.0, 1.5), (2.0, 2.5), (3.0, 3.5)]\nflat = [v for pair in pairs for v in pair]\n"
    "task = kpu.load('{}/{}.kmodel'.format('/sd', 'x'))\nkpu.init_yolo2(task, 0.6, 0.25, 3, flat)\n",
    "chained": "a = b = shapes\nt, n = 0.6, .25\ntask = kpu.load(f'/sd/{\"x\"}.kmodel')\n"
    "kpu.init_yolo2(task, t, n, 3, b)\n",
    "dictionary": "cfg = {'model': '/sd/x.kmodel', 'yolo': dict(threshold=0.6, nms_value=0.25)}\n"
    "task = kpu.load(cfg['model'])\nkpu.init_yolo2(task, anchor_num=3, anchor=shapes, **cfg['yolo'])\n",
    "alias": "from KPU import load as bring, init_yolo2\ntask = bring('/sd/x.kmodel')\n"
    "init_yolo2(task, 0.6, 0.25, 3, shapes)\n",
    "function": "def start(path, *rest):\n    global task\n    task = kpu.load(path)\n    kpu.init_yolo2(task, *rest)\n"
    "start('/sd/x.kmodel', 0.6, 0.25, 3, shapes)\n",
    "class": "class Net:\n    limit = 0.6\n    def __init__(self, path, nms=0.25):\n"
    "        self.task = kpu.load(path)\n"
    "        kpu.init_yolo2(self.task, self.limit, nms, 3, shapes)\ntask = Net('/sd/x.kmodel').task\n",
    "subclass": "class Base:\n    def open(self, path):\n        self.task = kpu.load(path)\n        self.start()\n"
    "class Net(Base):\n    def __init__(self):\n        super().__init__()\n        self.open('/sd/x.kmodel')\n"
    "    def start(self):\n        kpu.init_yolo2(self.task, 0.6, 0.25, 3, shapes)\nnet = Net()\ntask = net.task\n",
    "closure": "def maker(path):\n    def make(t=0.6):\n        k = kpu.load(path)\n"
    "        kpu.init_yolo2(k, t, 0.25, 3, shapes)\n        return k\n    return make\n"
    "task = maker('/sd/x.kmodel')()\n",
    "exception": "try:\n    task = kpu.load('/sd/x.kmodel')\n    kpu.init_yolo2(task, 0.6, 0.25, 3, shapes)\n"
    "except Exception as e:\n    print(e)\nfinally:\n    import gc\n    gc.collect()\n",
    "augmented": "shapes = [1.0, 1.5]\nshapes += [2.0, 2.5]\nshapes.extend((3.0, 3.5))\n" + INIT,
}


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=list(SETTINGS))
def test_settings_in_many_styles(settings: str) -> None:
    use = only(HEAD + "names = ['ox', 'yak']\n" + settings + LOOP + "print(names[box.classid()])\n")
    assert use.model == "/sd/x.kmodel"
    assert use.detector is not None
    assert (use.detector.threshold, use.detector.nms, use.detector.count) == (0.6, 0.25, 3)
    assert use.detector.anchors == ANCHORS
    assert labels(use) == ("ox", "yak")
    assert use.runs == {"run_yolo2"}


DRAWN = {
    "list": "names = ['ox', 'yak', 'emu']\n", "tuple": "names = ('ox', 'yak', 'emu')\n",
    "dictionary": "names = {1: 'yak', 0: 'ox', 2: 'emu'}\n",
    "split": "names = 'ox, yak, emu'.replace(' ', '').split(',')\n",
    "list of lists": "table = [['ox', 1], ['yak', 2], ['emu', 3]]\nnames = [row[0] for row in table]\n",
    "strip": "names = [text.strip() for text in ['ox\\n', 'yak\\r\\n', ' emu']]\n",
    "appended": "names = []\nfor text in ('ox', 'yak', 'emu'):\n    names.append(text)\n",
    "enumerate": "names = {}\nfor number, text in enumerate(('ox', 'yak', 'emu')):\n    names[number] = text\n",
    "zip": "names = dict(zip(range(3), ['ox', 'yak', 'emu']))\n",
    "slice": "names = ['none', 'ox', 'yak', 'emu'][1:]\n",
    "joined": "names = ['ox'] + ['yak', 'emu']\n",
}  # fmt: skip


@pytest.mark.parametrize("lines", DRAWN.values(), ids=list(DRAWN))
def test_labels_of_many_shapes(lines: str) -> None:
    use = only(HEAD + lines + INIT + LOOP + "print(names[box.classid()], '%.2f' % box.value())\n")
    assert labels(use) == ("ox", "yak", "emu")


SHOWN = {
    "variable": "c = box.classid()\n        print(names[c])",
    "int": "print(names[int(box.classid())].strip())",
    "get": "print(dict(enumerate(names)).get(box.classid(), '?'))",
    "text of the box": "import ujson\n        print(names[ujson.loads(str(box))['classid']])",
    "pairs": "rows = [(name, 1) for name in names]\n        print(rows[box.classid()][0])",
    "objects": "rows = [{'name': name} for name in names]\n        print(rows[box.classid()]['name'])",
    "search": "for i, name in enumerate(names):\n            if i == box.classid():\n                print(name)\n"
    "                break",
    "search by number": "for i in range(len(names)):\n            if box.classid() == i:\n"
    "                print(names[i])",
    "reversed": "ids = {name: i for i, name in enumerate(names)}\n"
    "        print([name for name, i in ids.items() if i == box.classid()][0])",
    "position": "ids = {name: i for i, name in enumerate(names)}\n"
    "        print(list(ids.keys())[list(ids.values()).index(box.classid())])",
    "collected": "seen = {}\n        seen[box.classid()] = box.rect()\n        print([names[c] for c in seen])",
    "best box": "print(names[max([box], key=lambda b: b.value()).classid()])",
    "method of a text": "print('{}:{}'.format(names[box.classid()].upper(), box.value()))",
    "function": "show(box, names)",
}
SHOW = "def show(b, table):\n    img.draw_string(b.x(), b.y(), table[b.classid()] + ' ' + str(b.value()))\n"


@pytest.mark.parametrize("shown", SHOWN.values(), ids=list(SHOWN))
def test_labels_shown_in_many_styles(shown: str) -> None:
    use = only(HEAD + SHOW + "names = ['ox', 'yak', 'emu']\n" + INIT + LOOP + shown + "\n")
    assert labels(use) == ("ox", "yak", "emu")


def test_the_names_of_pictures_are_not_the_labels() -> None:
    shown = "print(sounds[box.classid()], names[box.classid()])\n"
    use = only(HEAD + "sounds = ['a.wav', 'b.wav']\nnames = ['ox', 'yak']\n" + INIT + LOOP + shown)
    assert labels(use) == ("ox", "yak")
    assert [item.name for item in use.other_labels] == ["sounds"]


def test_anchors_below_one_stay_as_they_are() -> None:
    use = only(CAMERA + "t = kpu.load('/sd/x.kmodel')\nkpu.init_yolo2(t, 0.5, 0.3, 2, [0.05, 0.1, 0.2, 0.4])\n")
    assert use.detector == DetectorCall(0.5, 0.3, 2, (0.05, 0.1, 0.2, 0.4), line=8)


def test_canmv_object() -> None:
    use = only(
        """
        from maix import KPU
        import sensor, image
        net = KPU()
        net.load_kmodel("/sd/KPU/x.kmodel")
        net.init_yolo2((1, 2, 3, 4), anchor_num=2, img_w=320, img_h=240, net_w=320, net_h=256, layer_w=10, layer_h=8,
                       threshold=0.5, nms_value=0.2, classes=2)
        canvas = image.Image(size=(320, 256))
        while True:
            canvas.draw_image(sensor.snapshot(), 0, 0)
            canvas.pix_to_ai()
            net.run_with_output(canvas)
            for box in net.regionlayer_yolo2():
                x, y, w, h, kind, score = box
                if score > 0.6:
                    print(("ox", "yak")[kind])
        """
    )
    assert use.detector == DetectorCall(0.5, 0.2, 2, (1, 2, 3, 4), line=6, classes=2)
    assert (labels(use), use.floor and use.floor.value) == (("ox", "yak"), 0.6)
    assert use.runs == {"run_with_output", "regionlayer_yolo2"}
    assert use.picture is not None
    assert use.picture.canvas == (320, 256)


def test_canmv_decoder() -> None:
    use = only(
        """
        from maix import KPU
        import sensor
        names = ["ox", "yak"]
        net = KPU()
        net.load("/sd/x.kmodel")
        yolo = net.Yolo2()
        yolo.init((1, 2, 3, 4), 0.5, 0.3)
        while True:
            net.run(sensor.snapshot())
            for box in yolo.run():
                print(names[box[4]], box[5])
        """
    )
    assert use.detector == DetectorCall(0.5, 0.3, None, (1, 2, 3, 4), line=8)
    assert (labels(use), use.runs) == (("ox", "yak"), {"Yolo2", "run"})


def test_two_canmv_objects_keep_their_own_data() -> None:
    both = uses(
        """
        from maix import KPU
        faces, fruit = KPU(), KPU()
        faces.load_kmodel(0x300000, 400000)
        fruit.load_kmodel("/sd/fruit.kmodel")
        faces.init_yolo2([1, 2], threshold=0.5, nms_value=0.1)
        fruit.init_yolo2([3, 4], threshold=0.7, nms_value=0.2)
        """
    )
    assert both[0x300000].detector == DetectorCall(0.5, 0.1, None, (1, 2), line=6)
    assert both["/sd/fruit.kmodel"].detector == DetectorCall(0.7, 0.2, None, (3, 4), line=7)
