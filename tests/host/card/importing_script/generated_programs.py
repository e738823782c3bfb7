"""The structure of generated scripts: flat, in functions, with a helper, as a class, or switched by a button."""

from __future__ import annotations

from textwrap import indent
from typing import Any

from hypothesis import strategies as st

from tests.host.card.importing_script.generated import Model, Script, Writer, models

MORE = ("aa", "bb", "cc", "dd", "ee", "ff", "gg")
NOISE = ("", "print('start')\n", "import gc\ngc.collect()\n", "spare = [1, 2, 3]\n", "notes = ['one', 'two']\n")


def setup(writer: Writer, model: Model, task: str, anchors: str, labels: str) -> str:
    """Return the lines that make the lists and load a model."""
    lines = [writer.texts(labels, model.labels)]
    if model.detector:
        lines.append(writer.numbers(anchors, model.anchors))
    if writer.pick(True, False):
        lines.reverse()
    lines.append(f"{task} = kpu.load({writer.path(model)})")
    if model.outputs:
        lines.append(f"kpu.set_outputs({task}, 0, 1, 1, {len(model.labels)})")
    if model.detector:
        lines.append(writer.init(model, task, anchors))
    return "\n".join(lines)


def rounds(writer: Writer, body: str) -> str:
    """Return a loop of a few rounds around the lines that take pictures."""
    return writer.pick("for turn in range(9):\n", "turns = 0\nwhile turns < 9:\n    turns += 1\n") + indent(
        body, "    "
    )


def flat(writer: Writer) -> str:
    """One model after the other at the top of the script."""
    parts = []
    for model in writer.models:
        task, anchors, labels, img = writer.name(), writer.name(), writer.name(), writer.pick("img", "frame")
        body = writer.picture(model, img) + "\n" + writer.show(model, task, labels, img)
        parts += [setup(writer, model, task, anchors, labels), rounds(writer, body), f"kpu.deinit({task})"]
    return "\n".join(parts)


def functions(writer: Writer) -> str:
    """One function for each model, called in turn."""
    parts = []
    calls = []
    for model in writer.models:
        name, task, anchors, labels = (writer.name() for _ in range(4))
        body = writer.picture(model, "img") + "\n" + writer.show(model, task, labels, "img")
        inner = setup(writer, model, task, anchors, labels) + "\n" + rounds(writer, body) + f"\nkpu.deinit({task})"
        parts.append(f"def {name}():\n" + indent(inner, "    "))
        calls.append(f"{name}()")
    main = "\n".join(calls)
    return "\n".join(parts) + "\n" + writer.pick(main, "try:\n" + indent(main, "    ") + "\nfinally:\n    print('end')")


def helper(writer: Writer) -> str:
    """One helper function that loads and shows every model."""
    load, task, path, anchors, labels = (writer.name() for _ in range(5))
    one = writer.models[0]
    for model in writer.models:
        model.detector, model.steps, model.outputs = one.detector, one.steps, False
        model.threshold, model.nms = one.threshold, one.nms
        if len(model.labels) != len(one.labels) and not one.detector:
            model.labels = [*model.labels, *MORE][: len(one.labels)]
    body = writer.picture(one, "img") + "\n" + writer.show(one, task, labels, "img")
    inner = f"{task} = kpu.load({path})\n"
    if one.detector:
        inner += f"kpu.init_yolo2({task}, {one.threshold}, {one.nms}, len({anchors}) // 2, {anchors})\n"
    text = f"def {load}({path}, {labels}, {anchors}=None):\n" + indent(inner + rounds(writer, body), "    ") + "\n"
    for model in writer.models:
        first, second = writer.name(), writer.name()
        text += writer.texts(first, model.labels) + "\n"
        extra = ""
        if model.detector:
            text += writer.numbers(second, model.anchors) + "\n"
            extra = writer.pick(f", {second}", f", {anchors}={second}")
        text += f"{load}({writer.path(model)}, {first}{extra})\n"
    return text


def classes(writer: Writer) -> str:
    """One class with a method that loads and one that shows, for each model."""
    text = ""
    for model in writer.models:
        name, anchors, labels, thing = (writer.name() for _ in range(4))
        loaded = setup(writer, model, "task", anchors, labels)
        body = writer.picture(model, "img") + "\n" + writer.show(model, "self.task", "self.labels", "img")
        text += (
            f"class {name.title()}:\n    def __init__(self):\n{indent(loaded, '        ')}\n        self.task = task\n"
            f"        self.labels = {labels}\n    def work(self):\n{indent(body, '        ')}\n    def free(self):\n"
            f"        kpu.deinit(self.task)\n{thing} = {name.title()}()\n"
            f"{rounds(writer, f'{thing}.work()')}\n{thing}.free()\n"
        )
    return text


def switched(writer: Writer) -> str:
    """A table of models that a button goes through."""
    table, at, task, row = (writer.name() for _ in range(4))
    one = writer.models[0]
    for model in writer.models:
        model.detector, model.steps, model.outputs = one.detector, one.steps, False
        if not one.detector:
            model.labels = [*model.labels, *MORE][: len(one.labels)]
    lines = []
    rows = []
    for model in writer.models:
        labels, anchors = writer.name(), writer.name()
        lines += [writer.texts(labels, model.labels), writer.numbers(anchors, model.anchors)]
        rows.append(f"({writer.path(model)}, {labels}, {anchors}, {model.threshold}, {model.nms})")
    load = f"{task} = kpu.load({row}[0])\n"
    if one.detector:
        load += f"kpu.init_yolo2({task}, {row}[3], {row}[4], len({row}[2]) // 2, {row}[2])\n"
    body = writer.picture(one, "img") + "\n" + writer.show(one, task, f"{row}[1]", "img")
    change = f"kpu.deinit({task})\n{at} = ({at} + 1) % len({table})\n{row} = {table}[{at}]\n{load}"
    return (
        "\n".join(lines)
        + f"\n{table} = [{', '.join(rows)}]\n{at} = 0\n{row} = {table}[{at}]\n{load}import board_keys\n"
        f"while True:\n    if board_keys.value() == 0:\n{indent(change, '        ')}{indent(body, '    ')}\n"
    )


PROGRAMS = (flat, functions, helper, classes, switched)


@st.composite
def scripts(draw: Any) -> Script:
    """A random script of one to three models."""
    used = [draw(models(number)) for number in range(draw(st.integers(1, 3)))]
    writer = Writer(draw, used)
    body = writer.camera() + "\n" + draw(st.sampled_from(NOISE)) + draw(st.sampled_from(PROGRAMS))(writer)
    alias = draw(st.sampled_from(["import KPU as kpu", "import sensor, lcd, KPU\nkpu = KPU"]))
    head = "import sensor, image, lcd\n" + alias + "\n" + "\n".join(dict.fromkeys(writer.imports)) + "\n"
    return Script(head + body, writer.files, {str(model.path): len(model.labels) for model in used})
