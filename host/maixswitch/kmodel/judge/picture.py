"""The picture of the AI RAM over one inference, as SVG.

The layers go from left to right and the rows from bottom to top. Each feature map is a box from the layer that writes
it to the last layer that reads it. The bars above show how full the 2 MiB are while each layer runs. Every box has a
title for the mouse and for screen readers. The colours (Okabe and Ito) can be told apart without red and green.

``svg`` and ``page`` make files that need nothing else. ``drawing`` is the same picture for the page of the simulator,
which brings its own style, title and legend.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from math import ceil

from maixswitch import console
from maixswitch.html_page import frame
from maixswitch.kmodel.format.airam import ROW, ROWS
from maixswitch.kmodel.format.layer_facts import conv_of, layer_title
from maixswitch.kmodel.format.liveness import INPUT, AiRam, LiveMap
from maixswitch.kmodel.format.model_file import ModelFile
from maixswitch.kmodel.format.program import Layer
from maixswitch.language import tr, word

NAME_ROOM = 16
"""Pixels that the slanted name of a layer needs below its column."""
LETTER = 5.9
"""Width of a letter at 10 px, about."""
KINDS = {
    "input": ("input", "#999999", "#6b6b6b"),
    "conv3": ("3x3 convolution", "#56b4e9", "#2a6f9a"),
    "depthwise": ("depthwise 3x3", "#e69f00", "#8f6300"),
    "conv1": ("1x1 convolution", "#2fb391", "#0f6e56"),
    "other": ("other (upload, padding)", "#cc79a7", "#8f4a72"),
}
"""Class of a box -> name, fill in light mode, fill in dark mode; page/charts.css has the same colours."""
PAGE_STYLE = """
body { margin: 1rem; font-family: system-ui, sans-serif; font-size: 14px; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; margin-top: 1rem; }
td, th { padding: 0.15rem 0.8rem; text-align: right; font-variant-numeric: tabular-nums; }
td:first-child, th:first-child { text-align: left; }
tr + tr td { border-top: 1px solid #8884; }
"""
STYLE = """
text { font-family: "Helvetica Neue", Arial, "DejaVu Sans", sans-serif; font-size: 11px; fill: #1c1f24; }
.back { fill: #ffffff; }
.small { font-size: 10px; }
.title { font-size: 16px; font-weight: 600; }
.soft { fill: #5a6270; }
.grid { stroke: #dfe3e8; stroke-width: 1; }
.axis { stroke: #5a6270; stroke-width: 1; }
.limit { stroke: #b3261e; stroke-width: 1.5; stroke-dasharray: 6 3; }
.limit-text { fill: #b3261e; }
.top { stroke: #3d4a5c; stroke-width: 1; stroke-dasharray: 2 3; }
.top-text { fill: #3d4a5c; }
.box { stroke: #1c1f24; stroke-width: 0.75; }
.bar { fill: #8d99ab; }
.peak { fill: #3d4a5c; }
.label { fill: #111111; }
%LIGHT%
@media (prefers-color-scheme: dark) {
text { fill: #e8eaed; }
.back { fill: #15181d; }
.soft { fill: #a6b0bf; }
.grid { stroke: #2c323b; }
.axis { stroke: #a6b0bf; }
.limit { stroke: #ff8a80; }
.limit-text { fill: #ff8a80; }
.top { stroke: #c3ccd9; }
.top-text { fill: #c3ccd9; }
.box { stroke: #0b0d10; }
.bar { fill: #6d7a8d; }
.peak { fill: #c3ccd9; }
.label { fill: #ffffff; }
%DARK%
}
"""


@dataclass(frozen=True)
class Layout:
    """Sizes in pixels: the margins, the heights of the bars and of the map, and the limits of the widths.

    thinnest, widest: least and greatest width of a column.
    total: width that all columns share, within their limits.
    narrowest: least width of the picture.
    """

    left: int
    right: int
    head: int
    gap: int
    foot: int
    bars: int
    map: int
    thinnest: float
    widest: float
    total: int
    narrowest: int


IN_A_FILE = Layout(92, 24, 104, 40, 112, 110, 420, 13.0, 54.0, 1100, 720)
ON_THE_PAGE = Layout(76, 10, 18, 34, 100, 64, 210, 9.0, 90.0, 550, 640)


@dataclass(frozen=True)
class _Plan:
    """A layout with the columns and the rows of one model, in pixels."""

    layout: Layout
    column: float
    columns: int
    low: int
    high: int

    @property
    def width(self) -> float:
        layout = self.layout
        return max(layout.narrowest, layout.left + self.columns * self.column + layout.right)

    @property
    def top(self) -> int:
        """Upper edge of the map."""
        return self.layout.head + self.layout.bars + self.layout.gap

    @property
    def bottom(self) -> int:
        """Lower edge of the map."""
        return self.top + self.layout.map

    @property
    def left(self) -> int:
        return self.layout.left

    @property
    def right(self) -> float:
        return self.width - self.layout.right

    @property
    def height(self) -> int:
        return self.bottom + self.layout.foot

    @property
    def size(self) -> str:
        """The attributes of the whole picture."""
        return f'viewBox="0 0 {self.width:.0f} {self.height}" width="{self.width:.0f}" height="{self.height}"'

    def x(self, layer: int) -> float:
        """Left edge of a layer's column; the input has the first column."""
        return self.left + (layer + 1) * self.column

    def y(self, row: int) -> float:
        """The AI RAM's first row is at the bottom."""
        return self.top + self.layout.map * (1 - (row - self.low) / (self.high - self.low))


def svg(model: ModelFile, name: str) -> str:
    """The picture as a separate file, with title, legend and style.

    name: the title.
    Returns SVG. If the model never uses the AI RAM, the picture says so.
    """
    ram = model.ai_ram
    plan = _plan(ram, len(model.layers), IN_A_FILE)
    title = escape(tr("AI RAM of {name}", name=name))
    layers, peak = len(model.layers), ram.peak_bytes / 1024
    within = tr(
        "{layers} layers; at most {peak:,.0f} of 2,048 KiB in layer {layer}",
        layers=layers,
        peak=peak,
        layer=ram.peak_layer,
    )
    described = tr(
        "{maps} feature maps over {layers} layers; at most {peak:,.0f} of 2,048 KiB in layer {layer}.",
        maps=len(ram.maps),
        layers=layers,
        peak=peak,
        layer=ram.peak_layer,
    )
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {plan.size} role="img" aria-labelledby="title description">',
        f'<title id="title">{title}</title>',
        f'<desc id="description">{described}</desc>',
        f"<style>{_style()}</style>",
        f'<rect class="back" width="{plan.width:.0f}" height="{plan.height}"/>',
        f'<text class="title" x="{plan.left}" y="28">{title}</text>',
        f'<text class="soft" x="{plan.left}" y="48">{within}</text>',
        *_legend(model, plan.left),
        *_content(plan, model),
    ]
    # Without any maps the frame would be empty, which looks like a mistake.
    if not ram.maps:
        unused = tr("no layer uses the AI RAM")
        lines.append(f'<text x="{plan.left + 8}" y="{(plan.top + plan.bottom) / 2:.0f}">{unused}</text>')
    return "\n".join([*lines, "</svg>", ""])


def drawing(model: ModelFile, labelled_by: str) -> str:
    """The picture for a page that has its own style, title and legend.

    labelled_by: id of the element that names it there.
    Returns SVG whose shapes have the classes of ``STYLE``.
    """
    plan = _plan(model.ai_ram, len(model.layers), ON_THE_PAGE)
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {plan.size} role="img" aria-labelledby="{labelled_by}">'
    return "\n".join([head, *_content(plan, model), "</svg>"])


def kinds(model: ModelFile) -> list[tuple[str, str]]:
    """(class, name) of the kinds of maps that a model has, in the order of KINDS; names in the chosen language."""
    used = {map_kind(item, model.layers) for item in model.ai_ram.maps}
    return [(key, word(name)) for key, (name, _, _) in KINDS.items() if key in used]


def page(model: ModelFile, name: str) -> str:
    """The picture in an HTML page, with the maps as a table below."""
    ram = model.ai_ram
    rows = "\n".join(
        f"<tr><td>{escape(item.title)}</td><td>{item.row:,}</td><td>{item.row + item.rows - 1:,}</td>"
        f"<td>{item.bytes / 1024:,.1f}</td><td>{_when(item)}</td></tr>"
        for item in ram.maps
    )
    names = (tr("feature map"), tr("first row"), tr("last row"), "KiB", tr("needed in"))
    heads = "".join(f"<th>{name}</th>" for name in names)
    table = f"<table>\n<tr>{heads}</tr>\n{rows}\n</table>"
    body = f'<div class="scroll">\n{svg(model, name)}</div>\n{table}'
    return frame(tr("AI RAM of {name}", name=name), PAGE_STYLE, body)


def _content(plan: _Plan, model: ModelFile) -> Iterator[str]:
    """Bars, axes, boxes and limits."""
    yield from _bars(plan, model.ai_ram)
    yield from _axes(plan, model.layers)
    for item in model.ai_ram.maps:
        yield from _box(plan, item, model.layers)
    yield from _limit(plan)


def _plan(ram: AiRam, layers: int, layout: Layout) -> _Plan:
    # With few layers, wide columns would no longer look like a course of time.
    column = max(layout.thinnest, min(layout.widest, layout.total / (layers + 1)))
    # Small networks use a few rows at one end. Only those rows are shown, and the caption says so.
    low = min((item.row for item in ram.maps), default=0)
    high = max((item.row + item.rows for item in ram.maps), default=ROWS)
    if high - low > ROWS // 3:
        low, high = 0, ROWS
    return _Plan(layout, column, layers + 1, low, max(high, low + 1))


def _style() -> str:
    light = "\n".join(f".{key} {{ fill: {fill}; }}" for key, (_, fill, _) in KINDS.items())
    dark = "\n".join(f".{key} {{ fill: {fill}; }}" for key, (_, _, fill) in KINDS.items())
    return STYLE.replace("%LIGHT%", light).replace("%DARK%", dark)


def map_kind(item: LiveMap, layers: tuple[Layer, ...]) -> str:
    """The key in KINDS for a feature map, by the layer that writes it."""
    if item.born == INPUT:
        return "input"
    conv = conv_of(layers[item.born])
    if conv is None:
        return "other"
    return "depthwise" if conv.depthwise else f"conv{conv.kernel}"


def _legend(model: ModelFile, left: float) -> Iterator[str]:
    x = float(left)
    for key, name in kinds(model):
        yield f'<rect class="box {key}" x="{x:.0f}" y="60" width="12" height="12"/>'
        yield f'<text x="{x + 17:.0f}" y="70">{name}</text>'
        x += 34 + LETTER * 1.1 * console.width(name)


def _bars(plan: _Plan, ram: AiRam) -> Iterator[str]:
    """How full the AI RAM is while each layer runs, against the 2 MiB."""
    head, bars = plan.layout.head, plan.layout.bars
    base, beside = head + bars, plan.left - 8
    yield f'<text class="soft small" x="{beside}" y="{head + 4}" text-anchor="end">2,048 KiB</text>'
    yield from _line("limit", head, plan, tr("limit: 2 MiB"))
    yield f'<text class="soft small" x="{beside}" y="{base + 3}" text-anchor="end">0</text>'
    yield f'<text class="soft small" x="{beside}" y="{head + bars // 2}" text-anchor="end">{tr("in use")}</text>'
    for layer, rows in enumerate(ram.live):
        title = tr("layer {layer}: {rows:,} rows, {size:,.1f} KiB", layer=layer, rows=rows, size=rows * ROW / 1024)
        height = bars * rows / ROWS
        # The fullest layer decides whether the model fits, so it has another colour.
        kind = "peak" if rows == ram.peak_rows and rows else "bar"
        yield (
            f'<rect class="{kind}" x="{plan.x(layer) + 1:.1f}" y="{base - height:.1f}" width="{plan.column - 2:.1f}" '
            f'height="{height:.1f}"><title>{title}</title></rect>'
        )
    if ram.peak_rows:
        text = tr("peak: {size:,.0f} KiB", size=ram.peak_bytes / 1024)
        below = ram.peak_rows > ROWS * 0.8  # above the line the text would run into that of the limit
        yield from _line("top", base - bars * ram.peak_rows / ROWS, plan, text, below)
    yield f'<line class="axis" x1="{plan.left}" y1="{base}" x2="{plan.right:.1f}" y2="{base}"/>'


def _axes(plan: _Plan, layers: tuple[Layer, ...]) -> Iterator[str]:
    shown = plan.high - plan.low
    caption = tr("AI RAM: the {shown:,} rows in use, of {all:,}", shown=shown, all=ROWS)
    # Without this caption, a small network would look as if it filled the AI RAM.
    if shown == ROWS:
        caption = tr("AI RAM: all {all:,} rows", all=ROWS)
    yield f'<text class="soft small" x="{plan.left}" y="{plan.top - 6}">{caption}</text>'
    for step in range(9):
        row = plan.low + shown * step // 8
        y = plan.y(row)
        yield f'<line class="grid" x1="{plan.left}" y1="{y:.1f}" x2="{plan.right:.1f}" y2="{y:.1f}"/>'
        text = tr("row {row:,}", row=row)
        yield f'<text class="soft small" x="{plan.left - 8}" y="{y + 3:.1f}" text-anchor="end">{text}</text>'
    yield f'<line class="axis" x1="{plan.left}" y1="{plan.bottom}" x2="{plan.right:.1f}" y2="{plan.bottom}"/>'
    # The input always has its name; of the layers, only as many as there is room for.
    every = ceil(NAME_ROOM / plan.column)
    for index in range(-1, len(layers), every):
        x, y = plan.x(index) + plan.column / 2, plan.bottom + 12
        name = tr("input") if index < 0 else f"{index} {layer_title(layers[index])}"
        yield (
            f'<text class="small" x="{x:.1f}" y="{y}" text-anchor="end" '
            f'transform="rotate(-50 {x:.1f} {y})">{escape(_cut(name))}</text>'
        )


def _cut(name: str) -> str:
    short = name.replace("convolution", "conv").replace("depthwise", "dw").replace("k210_", "").replace("kpu_", "")
    return short if len(short) <= 22 else short[:21] + "…"


def _box(plan: _Plan, item: LiveMap, layers: tuple[Layer, ...]) -> Iterator[str]:
    # A map lives from its own layer to its last reader, and takes the width of them all.
    x, width = plan.x(item.born), (item.last - item.born + 1) * plan.column
    y = plan.y(item.row + item.rows)
    height = plan.y(item.row) - y
    title = tr(
        "{title}; rows {first:,} to {last:,}, {size:,.1f} KiB; {when}",
        title=item.title,
        first=item.row,
        last=item.row + item.rows - 1,
        size=item.bytes / 1024,
        when=_when(item),
    )
    # A map of a few rows would be invisible, so each box has at least one pixel.
    yield (
        f'<rect class="box {map_kind(item, layers)}" x="{x + 0.5:.1f}" y="{y:.1f}" width="{max(1.0, width - 1):.1f}" '
        f'height="{max(1.0, height):.1f}"><title>{escape(title)}</title></rect>'
    )
    # The sizes are written across the box if they fit, else upright, else only in its title.
    text = "x".join(map(str, item.shape[-3:])) if item.shape else item.title
    long = len(text) * LETTER
    middle, centre = y + height / 2, x + width / 2
    attributes = f'class="label small" x="{centre:.1f}" y="{middle + 3.5:.1f}" text-anchor="middle"'
    if height >= 13 and width >= long + 4:
        yield f"<text {attributes}>{escape(text)}</text>"
    elif height >= long + 6 and width >= 13:
        yield f'<text {attributes} transform="rotate(-90 {centre:.1f} {middle:.1f})">{escape(text)}</text>'


def _limit(plan: _Plan) -> Iterator[str]:
    """The line at the end of the 2 MiB, if the picture shows those rows."""
    if plan.high == ROWS:
        yield from _line("limit", plan.y(ROWS), plan, tr("end of the 2 MiB"))


def _line(kind: str, y: float, plan: _Plan, text: str, below: bool = False) -> Iterator[str]:
    """A line over the whole width with its name at the right."""
    beside = y + 12 if below else y - 5
    yield f'<line class="{kind}" x1="{plan.left}" y1="{y:.1f}" x2="{plan.right:.1f}" y2="{y:.1f}"/>'
    yield f'<text class="{kind}-text small" x="{plan.right:.1f}" y="{beside:.1f}" text-anchor="end">{text}</text>'


def _when(item: LiveMap) -> str:
    first = tr("the start") if item.born == INPUT else tr("layer {layer}", layer=item.born)
    return first if item.born == item.last else tr("{first} to layer {last}", first=first, last=item.last)
