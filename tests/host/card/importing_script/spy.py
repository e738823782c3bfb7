"""Run a generated script with spying modules of the firmware; print what it passed to them, as JSON.

Usage: spy.py SCRIPT MODELS, where MODELS is the JSON of {path or address: number of classes}. The current folder holds
the script's files. The run ends after 120 pictures.
"""

import contextlib
import json
import runpy
import sys
import types

PICTURES = 120

log = {}
classes = {}
state = {"pictures": 0, "pressed": 0, "task": None, "camera": {}}


class Task:
    def __init__(self, model):
        self.model = str(model)
        self.turn = 0
        self.shown = -1
        self.log = log.setdefault(
            self.model, {"init": [], "runs": [], "labels": {}, "outputs": [], "pictures": [], "loads": 0}
        )
        self.log["loads"] += 1

    def runs(self, name, picture):
        state["task"] = self
        if name not in self.log["runs"]:
            self.log["runs"].append(name)
        if isinstance(picture, Picture) and picture.steps not in self.log["pictures"]:
            self.log["pictures"].append(dict(picture.steps))


class Box:
    def __init__(self, task, number):
        self.task = task
        self.number = number

    def classid(self):
        self.task.shown = self.number
        return self.number

    def value(self):
        return 0.98

    def rect(self):
        return (1, 2, 3, 4)

    def x(self):
        return 1

    y = w = h = x

    def __str__(self):
        self.task.shown = self.number
        return json.dumps({"x": 1, "y": 1, "w": 1, "h": 1, "value": 0.98, "classid": self.number})


class Picture:
    def __init__(self, steps):
        self.steps = dict(steps)

    def resize(self, width, height):
        return Picture({**self.steps, "resized": [width, height]})

    def to_grayscale(self, copy=False):
        target = Picture(self.steps) if copy else self
        target.steps["grey"] = True
        return target

    def invert(self):
        self.steps["inverted"] = True
        return self

    def strech_char(self, *args):
        self.steps["stretched"] = True
        return self

    def pix_to_ai(self):
        return self

    def draw_rectangle(self, *args, **keywords):
        return self

    def draw_string(self, x, y, text, *args, **keywords):
        task = state["task"]
        task.log["labels"].setdefault(str(task.shown), text)
        return self


def init_yolo2(task, threshold, nms_value, anchor_num, anchor):
    task.log["init"].append([threshold, nms_value, anchor_num, list(anchor)])


def run_yolo2(task, picture):
    task.runs("run_yolo2", picture)
    return [Box(task, number) for number in range(classes[task.model])] or None


def forward(task, picture):
    task.runs("forward", picture)
    count = classes[task.model]
    best = task.shown = task.turn % count
    task.turn += 1
    return [0.9 if number == best else 0.05 for number in range(count)]


def snapshot():
    state["pictures"] += 1
    if state["pictures"] > PICTURES:
        raise SystemExit
    return Picture(state["camera"])


def module(name, **names):
    sys.modules[name] = types.ModuleType(name)
    vars(sys.modules[name]).update(names)


def value():
    """The button is pressed at every ninth call."""
    state["pressed"] += 1
    return 0 if state["pressed"] % 9 == 0 else 1


def ignore(*args, **keywords):
    return 0


module(
    "KPU", load=Task, init_yolo2=init_yolo2, run_yolo2=run_yolo2, forward=forward, deinit=ignore, memtest=ignore,
    set_outputs=lambda task, *numbers: task.log["outputs"].append(list(numbers)),
)  # fmt: skip
module(
    "sensor", reset=ignore, run=ignore, skip_frames=ignore, snapshot=snapshot, RGB565=1, GRAYSCALE=2, QVGA="QVGA",
    VGA="VGA", set_pixformat=lambda form: state["camera"].update({"grey": True} if form == 2 else {}),
    set_framesize=lambda size: state["camera"].update(framesize=size),
    set_windowing=lambda size: state["camera"].update(window=list(size)),
    set_hmirror=lambda on: state["camera"].update(hmirror=bool(on)),
    set_vflip=lambda on: state["camera"].update(vflip=bool(on)),
)  # fmt: skip
module("image", Image=lambda *args, **keywords: Picture({}))
module("lcd", init=ignore, display=ignore, rotation=ignore, clear=ignore)
module("board_keys", value=value)
module("ujson", load=json.load, loads=json.loads)
classes.update(json.loads(sys.argv[2]))
sys.path.insert(0, ".")
with contextlib.suppress(SystemExit):
    runpy.run_path(sys.argv[1], run_name="__main__")
print(json.dumps(log))
