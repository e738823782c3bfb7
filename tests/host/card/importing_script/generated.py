"""Random MaixPy scripts, made from the patterns of public ones: names, styles, files and structure vary."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from textwrap import indent
from typing import Any

from hypothesis import strategies as st

_WORDS = "alpha bravo core data edge flow grid hold item join keep lane mode node pick quad ring step tone unit view"
_BEASTS = "ant bee cat dog eel fox gnu hen ibis jay koi lynx mole newt owl pig ram seal toad vole wasp yak"
WORDS = tuple(_WORDS.split())
BEASTS = tuple(_BEASTS.split())


@dataclass
class Model:
    """What a script does with one model."""

    path: str | int
    detector: bool
    labels: list[str]
    anchors: list[float]
    threshold: float
    nms: float
    outputs: bool
    steps: tuple[str, ...]


@dataclass
class Script:
    """A generated script with its files and the number of classes of each model."""

    text: str
    files: dict[str, str] = field(default_factory=dict)
    classes: dict[str, int] = field(default_factory=dict)


@st.composite
def models(draw: Any, number: int) -> Model:
    """One model with random data."""
    pairs = draw(st.integers(1, 5))
    return Model(
        path=draw(
            st.sampled_from([f"/sd/net{number}.kmodel", 0x300000 + number * 0x80000, f"/sd/model/n{number}.kmodel"])
        ),
        detector=draw(st.booleans()),
        labels=draw(st.lists(st.sampled_from(BEASTS), min_size=1, max_size=7, unique=True)),
        anchors=draw(
            st.lists(st.sampled_from([0.05, 0.57, 1.08, 2.5, 3.94, 5.36, 9.01]), min_size=2 * pairs, max_size=2 * pairs)
        ),
        threshold=draw(st.sampled_from([0.3, 0.5, 0.65, 0.7])),
        nms=draw(st.sampled_from([0.1, 0.2, 0.3])),
        outputs=draw(st.booleans()),
        steps=draw(st.sampled_from([(), ("to_grayscale()", "invert()"), ("to_grayscale(1)",), ("strech_char(1)",)])),
    )


class Writer:
    """Writes one script. `pick` chooses from a tuple; `name` gives a new name."""

    def __init__(self, draw: Any, used: list[Model]) -> None:
        self.draw = draw
        self.models = used
        self.names = iter(draw(st.permutations(WORDS)))
        self.files: dict[str, str] = {}
        self.imports: list[str] = []

    def pick(self, *options: Any) -> Any:
        return self.draw(st.sampled_from(options))

    def name(self) -> str:
        return next(self.names)

    def texts(self, target: str, labels: list[str]) -> str:
        """Return lines that make a list of labels."""
        file = f"{target}.txt"
        quoted = repr(labels)
        style = self.pick(
            "list", "tuple", "dict", "split", "append", "comma", "lines", "with", "json", "module", "eval", "rows"
        )
        if style == "tuple":
            return f"{target} = {tuple(labels)!r}"
        if style == "dict":
            return f"{target} = {dict(enumerate(labels))!r}"
        if style == "split":
            return f"{target} = {' '.join(labels)!r}.split()"
        if style == "append":
            return f"{target} = []\nfor one in {quoted}:\n    {target}.append(one)"
        if style == "rows":
            return f"{target} = [row[1] for row in {[(len(text), text) for text in labels]!r}]"
        if style == "comma":
            self.files[file] = ",".join(labels)
            return f"f = open('{file}', 'r')\n{target} = f.read().split(',')\nf.close()"
        if style == "lines":
            self.files[file] = "\n".join(labels) + "\n"
            return f"{target} = [line.strip() for line in open('{file}')]"
        if style == "with":
            self.files[file] = "\n".join(labels) + "\n"
            return f"with open('{file}') as f:\n    {target} = [s.replace('\\n', '') for s in f.readlines()]"
        if style == "json":
            self.files[file] = json.dumps({"labels": labels})
            self.imports.append("import ujson")
            return f"{target} = ujson.load(open('{file}'))['labels']"
        if style == "eval":
            self.files[file] = quoted
            return f"with open('{file}') as f:\n    {target} = eval(f.read())"
        if style == "module":
            self.files[f"conf_{target}.py"] = f"{target.upper()} = {quoted}\n"
            return f"from conf_{target} import {target.upper()} as {target}"
        return f"{target} = {quoted}"

    def numbers(self, target: str, anchors: list[float]) -> str:
        """Return lines that make the anchors."""
        style = self.pick("tuple", "list", "floats", "pairs", "file", "product")
        if style == "list":
            return f"{target} = {anchors!r}"
        if style == "floats":
            return f"{target} = tuple([float(v) for v in {', '.join(map(str, anchors))!r}.split(',')])"
        if style == "pairs":
            pairs = list(zip(anchors[::2], anchors[1::2], strict=True))
            return f"{target} = []\nfor w, h in {pairs!r}:\n    {target} += [w, h]"
        if style == "file":
            self.files[f"{target}.txt"] = ", ".join(map(str, anchors))
            return f"f = open('{target}.txt')\n{target} = [float(v.strip()) for v in f.read().split(',')]\nf.close()"
        if style == "product":
            return f"{target} = list(map(lambda v: v / 100, {[round(v * 100) for v in anchors]!r}))"
        return f"{target} = {tuple(anchors)!r}"

    def init(self, model: Model, task: str, anchors: str) -> str:
        """Return the call of init_yolo2."""
        style = self.pick("plain", "keywords", "computed", "star")
        count = len(model.anchors) // 2
        if style == "keywords":
            limits = f"threshold={model.threshold}, nms_value={model.nms}"
            return f"kpu.init_yolo2({task}, {limits}, anchor_num={count}, anchor={anchors})"
        if style == "computed":
            per_cent = round(model.threshold * 100)
            return f"kpu.init_yolo2({task}, {per_cent} / 100, {model.nms}, len({anchors}) // 2, {anchors})"
        if style == "star":
            return f"kpu.init_yolo2({task}, *({model.threshold}, {model.nms}), *[{count}, {anchors}])"
        return f"_ = kpu.init_yolo2({task}, {model.threshold}, {model.nms}, {count}, {anchors})"

    def path(self, model: Model) -> str:
        """Return the expression of the path or address."""
        if isinstance(model.path, int):
            return self.pick(hex(model.path), str(model.path), f"{model.path >> 16} << 16")
        folder, _, file = model.path.rpartition("/")
        return self.pick(
            repr(model.path),
            f"{folder!r} + '/' + {file!r}",
            f"'%s/%s' % ({folder!r}, {file!r})",
            f"'{{}}/{{}}'.format({folder!r}, {file!r})",
            f'f"{{{folder!r}}}/{file}"',
        )

    def picture(self, model: Model, img: str) -> str:
        """Return lines that take and prepare a picture."""
        lines = [f"{img} = sensor.snapshot()"]
        for step in model.steps:
            lines.append(f"{img} = {img}.{step}" if step.endswith("(1)") and "grey" in step else f"{img}.{step}")
            if step == "to_grayscale(1)":
                lines[-1] = f"{img} = {img}.{step}"
        if self.pick(True, False):
            lines.append(f"{img} = {img}.resize(64, 48)")
        return "\n".join([*lines, f"{img}.pix_to_ai()"])

    def show(self, model: Model, task: str, labels: str, img: str) -> str:
        """Return lines that run the model and draw the labels."""
        return self._boxes(task, labels, img) if model.detector else self._best(model, task, labels, img)

    def _boxes(self, task: str, labels: str, img: str) -> str:
        box, boxes = self.pick(("b", "res"), ("i", "code"), ("thing", "objects"))
        shown = self.pick(
            f"{img}.draw_string({box}.x(), {box}.y(), {labels}[{box}.classid()])",
            f"c = {box}.classid()\nv = {box}.value()\nif v > 0.4:\n    {img}.draw_string(0, 0, {labels}[c])",
            f"import json\n{img}.draw_string(0, 0, {labels}[json.loads(str({box}))['classid']])",
            f"{img}.draw_rectangle({box}.rect())\nname = {labels}[int({box}.classid())]\n{img}.draw_string(0, 0, name)",
            f"for k in range(len({labels})):\n    if k == {box}.classid():\n"
            f"        {img}.draw_string(0, 0, {labels}[k])",
        )
        loop = f"for {box} in {boxes}:\n" + indent(shown, "    ")
        return f"{boxes} = kpu.run_yolo2({task}, {img})\nif {boxes}:\n" + indent(loop, "    ")

    def _best(self, model: Model, task: str, labels: str, img: str) -> str:
        shown = self.pick(
            f"p = fmap[:]\nm = max(p)\nat = p.index(m)\n{img}.draw_string(0, 0, {labels}[at].strip())",
            f"p = list(fmap)\n{img}.draw_string(0, 0, {labels}[p.index(max(p))])",
            f"top = 0\nat = -1\nfor k in range({len(model.labels)}):\n    if fmap[k] > top:\n        top = fmap[k]\n"
            f"        at = k\n{img}.draw_string(0, 0, {labels}[at])",
            f"top, at = -1, 0\nfor k, v in enumerate(fmap):\n    if v > top:\n        top, at = v, k\n"
            f"{img}.draw_string(0, 0, {labels}[at])",
            f"order = sorted(range(len(fmap)), key=lambda n: fmap[n], reverse=True)\n"
            f"{img}.draw_string(0, 0, {labels}[order[0]])",
            f"def best(values):\n    return values.index(max(values))\n"
            f"{img}.draw_string(0, 0, {labels}[best(fmap[:])])",
        )
        return f"fmap = kpu.forward({task}, {img})\n{shown}"

    def camera(self) -> str:
        """Return the settings of the camera."""
        lines = [
            "sensor.reset()",
            "sensor.set_pixformat(sensor.RGB565)",
            f"sensor.set_framesize(sensor.{self.pick('QVGA', 'VGA')})",
        ]
        if self.pick(True, False):
            lines.append("sensor.set_windowing((224, 224))")
        if self.pick(True, False):
            lines.append(f"sensor.set_{self.pick('hmirror', 'vflip')}({self.pick(0, 1, True)})")
        return "\n".join([*lines, "sensor.run(1)"])
