"""Several models in one script, branches, and what only other programs call."""

from __future__ import annotations

from tests.host.card.importing_script.reading import CAMERA, labels, read, uses

SHOW = "for box in kpu.run_yolo2(task, sensor.snapshot()):\n    print(names[box.classid()])\n"


def test_two_models_one_after_the_other() -> None:
    both = uses(
        CAMERA
        + """
names = ['ox', 'yak']
small = (1, 2, 3, 4)
large = (5, 6, 7, 8)
task = kpu.load('/sd/model/face.kmodel')
kpu.init_yolo2(task, 0.5, 0.3, 2, small)
kpu.deinit(task)
other = kpu.load('/sd/model/beasts.kmodel')
kpu.init_yolo2(other, 0.4, 0.2, 2, large)
for box in kpu.run_yolo2(other, sensor.snapshot()):
    print(names[box.classid()])
"""
    )
    face, beasts = both["/sd/model/face.kmodel"], both["/sd/model/beasts.kmodel"]
    assert face.detector is not None
    assert beasts.detector is not None
    assert (face.detector.threshold, face.detector.anchors, face.labels) == (0.5, (1, 2, 3, 4), None)
    assert (beasts.detector.threshold, beasts.detector.anchors, labels(beasts)) == (0.4, (5, 6, 7, 8), ("ox", "yak"))


def test_functions_that_nobody_calls_keep_their_lists() -> None:
    reading = read(
        """
        import KPU as kpu
        def blobs():
            classes = ['blob']
            task = kpu.load('/sd/a.kmodel')
            kpu.init_yolo2(task, 0.5, 0.3, 2, (1.0, 1.0, 3.0, 3.0))
        def colours():
            labels = ['red', 'green', 'blue']
            task = kpu.load('/sd/b.kmodel')
            scores = kpu.forward(task, img)[:]
            print(labels[scores.index(max(scores))])
        """
    )
    assert [(use.model, use.function, labels(use)) for use in reading.uses] == [
        ("/sd/a.kmodel", "blobs", None),
        ("/sd/b.kmodel", "colours", ("red", "green", "blue")),
    ]
    assert [(item.name, item.value, item.function) for item in reading.lists] == [
        ("classes", ("blob",), "blobs"),
        ("labels", ("red", "green", "blue"), "colours"),
    ]


def test_one_function_loads_two_models() -> None:
    both = uses(
        CAMERA
        + """
MODELS = {
    'fruit': ('/sd/f.kmodel', [1, 2, 3, 4], ['plum', 'pear']),
    'fish': ('/sd/g.kmodel', (5, 6), ['cod', 'eel', 'ray']),
}
def load(path, anchors, labels):
    global task, names
    task = kpu.load(path)
    kpu.init_yolo2(task, 0.5, 0.3, len(anchors) // 2, anchors)
    names = labels
load(*MODELS['fruit'])
while True:
    if key.value() == 0:
        kpu.deinit(task)
        load(*MODELS['fish'])
    for box in kpu.run_yolo2(task, sensor.snapshot()):
        print(names[box.classid()])
"""
    )
    assert labels(both["/sd/f.kmodel"]) == ("plum", "pear")
    assert labels(both["/sd/g.kmodel"]) == ("cod", "eel", "ray")


def test_an_unknown_number_chooses_from_all_lists_alike() -> None:
    both = uses(
        CAMERA
        + """
paths = ['/sd/a.kmodel', '/sd/b.kmodel', '/sd/c.kmodel']
tables = [['a0', 'a1'], ['b0'], ['c0', 'c1', 'c2']]
mode = switch.read()
task = kpu.load(paths[mode])
scores = kpu.forward(task, sensor.snapshot())[:]
print(tables[mode][scores.index(max(scores))])
"""
    )
    assert {use.model: labels(use) for use in both.values()} == {
        "/sd/a.kmodel": ("a0", "a1"),
        "/sd/b.kmodel": ("b0",),
        "/sd/c.kmodel": ("c0", "c1", "c2"),
    }


def test_a_button_goes_through_the_models() -> None:
    both = uses(
        CAMERA
        + """
paths = ['/sd/a.kmodel', '/sd/b.kmodel', '/sd/c.kmodel', '/sd/d.kmodel']
at = 0
task = kpu.load(paths[at])
while True:
    kpu.forward(task, sensor.snapshot())
    if key.value():
        at = (at + 1) % len(paths)
        kpu.deinit(task)
        task = kpu.load(paths[at])
"""
    )
    assert set(both) == {"/sd/a.kmodel", "/sd/b.kmodel", "/sd/c.kmodel", "/sd/d.kmodel"}


def test_branches_on_the_same_value_go_together() -> None:
    both = uses(
        CAMERA
        + """
mode = switch.read()
if mode == 1:
    names, path = ['ox'], '/sd/one.kmodel'
elif mode == 2:
    names, path = ['yak', 'emu'], '/sd/two.kmodel'
else:
    raise SystemExit
task = kpu.load(path)
if mode == 2:
    kpu.init_yolo2(task, 0.7, 0.3, 1, (1, 2))
else:
    kpu.init_yolo2(task, 0.6, 0.3, 1, (3, 4))
"""
        + SHOW
    )
    one, two = both["/sd/one.kmodel"], both["/sd/two.kmodel"]
    assert one.detector is not None
    assert two.detector is not None
    assert (one.detector.threshold, labels(one)) == (0.6, ("ox",))
    assert (two.detector.threshold, labels(two)) == (0.7, ("yak", "emu"))


def test_different_anchors_on_two_branches_are_two_uses() -> None:
    reading = read(
        CAMERA
        + """
task = kpu.load('/sd/x.kmodel')
kpu.init_yolo2(task, 0.5, 0.3, 1, (1, 2) if key.value() else (3, 4))
"""
    )
    assert {use.detector.anchors for use in reading.uses if use.detector} == {(1, 2), (3, 4)}


def test_a_branch_that_the_script_excludes_is_doubtful() -> None:
    both = uses(
        CAMERA
        + """
ON_FLASH = False
if ON_FLASH:
    task = kpu.load(0x300000)
else:
    task = kpu.load('/sd/x.kmodel')
kpu.init_yolo2(task, 0.5, 0.3, 1, (1, 2))
"""
    )
    assert {model: use.doubtful for model, use in both.items()} == {"/sd/x.kmodel": False, 0x300000: True}


def test_labels_of_a_mode_that_is_switched_off() -> None:
    both = uses(
        CAMERA
        + """
MODE = 2
names = ['ox', 'yak']
task = kpu.load('/sd/x.kmodel')
while True:
    scores = kpu.forward(task, sensor.snapshot())[:]
    if MODE == 1:
        scores = kpu.forward(task, sensor.snapshot())[:]
        print(names[scores.index(max(scores))])
    else:
        print(max(scores))
"""
    )
    assert labels(both["/sd/x.kmodel"]) == ("ox", "yak")
    assert not both["/sd/x.kmodel"].doubtful


def test_the_second_model_after_an_exception_is_doubtful() -> None:
    both = uses(CAMERA + "try:\n    task = kpu.load('/sd/x.kmodel')\nexcept:\n    task = kpu.load('/sd/y.kmodel')\n")
    assert {model: use.doubtful for model, use in both.items()} == {"/sd/x.kmodel": False, "/sd/y.kmodel": True}


def test_methods_that_nobody_calls() -> None:
    both = uses(
        """
        import KPU as kpu
        class Beasts:
            names = ('ox', 'yak')
            def __init__(self):
                self.task = None
            def load(self):
                self.task = kpu.load('/sd/x.kmodel')
                kpu.init_yolo2(self.task, 0.5, 0.3, 1, (1, 2))
            def work(self, img):
                for box in kpu.run_yolo2(self.task, img):
                    print(self.names[box.classid()])
        """
    )
    assert labels(both["/sd/x.kmodel"]) == ("ox", "yak")


def test_a_state_that_changes_after_many_rounds() -> None:
    both = uses(
        CAMERA
        + """
state = 0
count = 0
task = kpu.load('/sd/a.kmodel')
while True:
    img = sensor.snapshot()
    count += 1
    if count > 500:
        state = 1
    if state == 1:
        kpu.deinit(task)
        task = kpu.load('/sd/b.kmodel')
    kpu.forward(task, img)
"""
    )
    assert set(both) == {"/sd/a.kmodel", "/sd/b.kmodel"}


def test_labels_of_a_mode_are_not_given_to_the_other_model() -> None:
    both = uses(
        CAMERA
        + """
mode = 0
def faces():
    task = kpu.load('/sd/face.kmodel')
    kpu.init_yolo2(task, 0.5, 0.3, 1, (1, 2))
    return task
def digits():
    global names
    names = ['1', '2', '3']
    task = kpu.load('/sd/digits.kmodel')
    kpu.init_yolo2(task, 0.7, 0.2, 1, (3, 4))
    return task
task = faces()
while True:
    img = sensor.snapshot()
    order = uart.read(1)
    if order == b'1' and mode != 1:
        kpu.deinit(task)
        task = digits()
        mode = 1
    elif order == b'0' and mode != 0:
        kpu.deinit(task)
        task = faces()
        mode = 0
    for box in kpu.run_yolo2(task, img) or ():
        if mode == 1:
            print(names[box.classid()])
        else:
            img.draw_rectangle(box.rect())
"""
    )
    assert labels(both["/sd/face.kmodel"]) is None
    assert labels(both["/sd/digits.kmodel"]) == ("1", "2", "3")


def test_functions_that_share_a_task_do_not_share_their_labels() -> None:
    reading = read(
        """
        import KPU as kpu
        def load_fruit():
            global task
            task = kpu.load('/sd/fruit.kmodel')
        def load_fish():
            global task
            task = kpu.load('/sd/fish.kmodel')
        def show_fruit(img):
            scores = kpu.forward(task, img)[:]
            print(['plum', 'pear'][scores.index(max(scores))])
        def show_fish(img):
            scores = kpu.forward(task, img)[:]
            print(['cod', 'eel'][scores.index(max(scores))])
        """
    )
    assert [(use.model, labels(use)) for use in reading.uses] == [("/sd/fruit.kmodel", None), ("/sd/fish.kmodel", None)]
    assert [item.value for item in reading.lists] == [("plum", "pear"), ("cod", "eel")]


def test_an_interrupt_changes_the_model() -> None:
    both = uses(
        CAMERA
        + """
from collections import namedtuple
Net = namedtuple('Net', 'path labels anchors')
nets = [Net('/sd/a.kmodel', ['ox', 'yak'], (1, 2)), Net('/sd/b.kmodel', ['emu'], (3, 4))]
at = 0
changed = True
def pressed(pin):
    global at, changed
    at = (at + 1) % 2
    changed = True
key.irq(pressed, 1)
while True:
    if changed:
        net = nets[at]
        task = kpu.load(net.path)
        kpu.init_yolo2(task, 0.5, 0.3, 1, net.anchors)
        changed = False
    for box in kpu.run_yolo2(task, sensor.snapshot()):
        print(net.labels[box.classid()])
"""
    )
    assert {model: labels(use) for model, use in both.items()} == {
        "/sd/a.kmodel": ("ox", "yak"),
        "/sd/b.kmodel": ("emu",),
    }


def test_one_model_loaded_at_two_lines_is_one_use() -> None:
    both = uses(
        CAMERA
        + """
task = kpu.load('/sd/x.kmodel')
def again():
    global task
    kpu.deinit(task)
    task = kpu.load('/sd/x.kmodel')
    kpu.init_yolo2(task, 0.5, 0.3, 1, (1, 2))
again()
"""
    )
    assert both["/sd/x.kmodel"].detector is not None


def test_only_the_script_itself_is_the_main_program() -> None:
    files = {"lib.py": b"import KPU\nif __name__ == '__main__':\n    KPU.load('/sd/demo.kmodel')\n"}
    text = "import KPU, lib\nif __name__ == '__main__':\n    KPU.load('/sd/x.kmodel')\n"
    assert {use.model for use in read(text, files).uses if not use.doubtful} == {"/sd/x.kmodel"}


def test_a_script_without_models_has_no_uses() -> None:
    reading = read("import lcd\nnames = ['ox', 'yak']\nanchors = [1, 2, 3, 4]\n")
    assert (reading.uses, reading.trouble) == ((), "")
    assert [item.name for item in reading.lists + reading.numbers] == ["names", "anchors"]
