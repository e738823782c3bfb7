"""The report as one HTML page that needs no other file: figures, plots as inline SVG, tables; light and dark."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html import escape

from maixswitch.html_page import frame
from maixswitch.kmodel.judge.picture import svg
from maixswitch.kmodel.run.model import KModel
from maixswitch.language import tr

from . import examples
from .answers import Answer
from .document import Document, agreed, decibels, summary
from .verdict import WEAK

TOP, BOTTOM, LEFT, RIGHT, PLOT = 16, 26, 34, 8, 170
COLUMN, NARROWEST, TICKS = 18, 290, 6
"""NARROWEST: a plot of few columns fits a phone of 360 pixels without being made smaller."""
WIDE = 0x2E80
"""From this code on, letters are as wide as they are high."""
GOOD = 25.0
"""dB above which a layer is good."""
HIGHEST = 30.0
"""dB that the plot shows at least, so that both limits are in it."""
STYLE = """
:root { --back: #f6f7f9; --card: #fff; --ink: #1c1f24; --soft: #5a6270; --line: #dfe3e8; --good: #0f6e56;
  --weak: #b3541e; --bar: #2a6f9a; }
@media (prefers-color-scheme: dark) {
  :root { --back: #0f1216; --card: #171b21; --ink: #e8eaed; --soft: #a6b0bf; --line: #2c323b; --good: #4cc9a4;
    --weak: #ffab73; --bar: #56b4e9; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.25rem 1rem 3rem; max-width: 76rem; background: var(--back); color: var(--ink);
  font: 15px/1.5 system-ui, sans-serif; overflow-wrap: break-word; }
h1 { font-size: 1.4rem; line-height: 1.25; margin: 0 0 .25rem; overflow-wrap: anywhere; }
h2 { font-size: 1.05rem; margin: 0 0 .6rem; }
p, ul { margin: .3rem 0; }
ul { padding-left: 1.2rem; }
.sub { color: var(--soft); overflow-wrap: anywhere; }
.alarm { border-left: 4px solid var(--weak); padding: .5rem .8rem; margin: 1rem 0; background: var(--card);
  font-weight: 600; }
.alarm.plain { font-weight: 400; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: .75rem; margin: 1rem 0; }
.tile, section { background: var(--card); border: 1px solid var(--line); border-radius: 10px; }
.tile { padding: .7rem .9rem; min-width: 0; overflow-wrap: anywhere; }
.tile b { display: block; font-size: 1.45rem; line-height: 1.2; font-variant-numeric: tabular-nums; }
.tile span { color: var(--soft); font-size: .85rem; }
section { padding: .9rem 1rem; margin: 1rem 0; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 28rem), 1fr)); column-gap: 1rem; }
.pair section { min-width: 0; }
.pair section + section { margin-top: 1rem; }
@media (max-width: 30rem) { body { padding: .9rem .6rem 2rem; } section { padding: .7rem .75rem; } }
@media (max-width: 60rem) { .pair section + section { margin-top: 0; } }
.scroll { overflow-x: auto; }
.scroll > svg { display: block; }
table { border-collapse: collapse; width: 100%; font-size: .88rem; }
th { text-align: left; color: var(--soft); font-weight: 600; }
td, th { padding: .28rem .7rem .28rem 0; white-space: nowrap; }
td.wide { white-space: normal; min-width: 16rem; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
tbody tr { border-top: 1px solid var(--line); }
.good { color: var(--good); } .weak { color: var(--weak); }
svg.chart { width: 100%; height: auto; }
svg.chart text { font: 11px system-ui, sans-serif; fill: var(--soft); }
svg.chart line { stroke: var(--line); }
svg.chart .threshold { stroke-dasharray: 5 4; }
svg.chart line.weak { stroke: var(--weak); } svg.chart line.good { stroke: var(--good); }
svg.chart text.threshold { font-weight: 600; }
svg.chart rect.threshold { fill: var(--card); fill-opacity: .85; }
svg.chart text.weak { fill: var(--weak); } svg.chart text.good { fill: var(--good); }
svg.chart .column { fill: var(--bar); } svg.chart .low { fill: var(--weak); }
"""


def page(report: Document, model: KModel, name: str, answers: Sequence[Answer] = ()) -> str:
    """Returns the whole page.

    report: as ``document.document`` returns it.
    model: the converted model.
    name: of its file.
    answers: with the pictures that are shown.
    """
    title = tr("{name}: what became of the network", name=name)
    parts = [
        f"<h1>{escape(title)}</h1>",
        f'<p class="sub">{escape(report["network"])} &rarr; {escape(report["output"])}</p>',
        *_alarm(report),
        f'<div class="tiles">{"".join(_tiles(report))}</div>',
        *_examples(report, answers),
        '<div class="pair">',
        _section(
            tr("Error of every layer"), _errors(report), tr("SNR against the float network, in dB; more is better")
        ),
        _section(
            tr("Estimated time of every layer"),
            _times(report),
            tr("milliseconds on the board: an estimate, not a measurement"),
        ),
        "</div>",
        _section(tr("AI RAM over time"), f'<div class="scroll">{svg(model, name)}</div>'),
        _section(tr("Firmwares"), _firmwares(report)),
        _section(tr("Layers"), _layers(report)),
        _section(tr("In words"), "<ul>" + "".join(f"<li>{escape(line)}</li>" for line in summary(report)) + "</ul>"),
    ]
    return frame(title, STYLE + examples.STYLE, "\n".join(parts))


def _alarm(report: Document) -> Iterator[str]:
    if report["images"]["noise"]:
        yield f'<p class="alarm">{escape(summary(report)[0])}</p>'
    if report["verdict"]["poor"]:
        yield _poor(report["verdict"])
    if len(report["pixels"]["lines"]) > 1:
        yield f'<p class="alarm">{"<br/>".join(map(escape, report["pixels"]["lines"][1:]))}</p>'


def _poor(verdict: Document) -> str:
    reasons = "".join(
        f"<p><b>{escape(tr('POOR RESULT: {reason}', reason=reason))}</b></p>" for reason in verdict["reasons"]
    )
    lost = f"<p>{escape(verdict['layer']['text'])}</p>" if verdict["layer"] is not None else ""
    remedies = "".join(f"<li>{escape(remedy)}</li>" for remedy in verdict["remedies"])
    helps = f"<p>{escape(tr('what usually helps:'))}</p><ul>{remedies}</ul>"
    return f'<div class="alarm plain">{reasons}{lost}{helps}</div>'


def _examples(report: Document, answers: Sequence[Answer]) -> Iterator[str]:
    # Noise has no answers worth looking at.
    if report["answers"] and answers:
        yield _section(tr("Example pictures"), examples.examples(report, answers))


def _tiles(report: Document) -> Iterator[str]:
    kmodel, agreement = report["kmodel"], report["agreement"]
    figures = []
    if agreement is not None and agreement["of"]:
        figures.append((f"{100 * agreement['share']:.1f} %", re.split("[:\uff1a]", agreed(agreement)[0])[0]))
    right = report["accuracy"]
    if right is not None:
        figures.append((f"{100 * right['float_share']:.1f} %", tr("right answers of the float network")))
        figures.append((f"{100 * right['kmodel_share']:.1f} %", tr("right answers of the kmodel")))
    figures += [(f"{decibels(item)} dB", tr("SNR of {name}", name=item["name"])) for item in report["outputs"][:2]]
    figures += [
        (f"{kmodel['bytes'] / 1024:,.0f} KiB", tr("model file")),
        (f"{kmodel['memory']['main_memory'] / 1024:,.0f} KiB", tr("main memory")),
        (
            f"{100 * kmodel['memory']['ai_ram']['peak_bytes'] / kmodel['memory']['ai_ram']['bytes']:.0f} %",
            tr("of the AI RAM"),
        ),
        (f"{kmodel['estimate']['run_ms']['typical']:.1f} ms", tr("per picture, estimated")),
        (f"{len(report['fits'])} / {len(kmodel['firmware'])}", tr("firmwares that it fits")),
    ]
    for value, label in figures:
        yield f'<div class="tile"><b>{escape(value)}</b><span>{escape(label)}</span></div>'


def _section(title: str, content: str, below: str = "") -> str:
    note = f'<p class="sub">{escape(below)}</p>' if below else ""
    return f"<section><h2>{escape(title)}</h2>{content}{note}</section>"


def _errors(report: Document) -> str:
    measured = [(index, item) for index, item in enumerate(report["steps"]) if item["snr_db"] is not None]
    if not measured:
        return f"<p>{escape(tr('nothing to compare with'))}</p>"
    values = [(index, item["name"], max(0.0, item["snr_db"]), f"{item['snr_db']:.1f} dB") for index, item in measured]
    limits = ((WEAK, "weak", tr("15 dB: weak below")), (GOOD, "good", tr("25 dB: good above")))
    return _chart(values, "dB", limits)


def _times(report: Document) -> str:
    layers = report["kmodel"]["layers"]
    values = [
        (item["index"], item["title"], item["estimate_ms"]["typical"], f"{item['estimate_ms']['typical']:.2f} ms")
        for item in layers
    ]
    return _chart(values, "ms")


def _chart(
    values: Sequence[tuple[int, str, float, str]], unit: str, limits: Sequence[tuple[float, str, str]] = ()
) -> str:
    """Draws one column for each value, with number and title.

    limits: (value, "weak" or "good", label) of lines; values below a weak one have the colour of a warning.
    """
    most = max(value for _, _, value, _ in values)
    most = max(most, HIGHEST) if limits else most
    step = _step(most)
    # Counting in thousandths keeps a rounding error of the division from adding a line at the top.
    count = max(1, -(-int(most / step * 1000) // 1000))
    top = step * count
    # A few columns fill the page. Many stay wide enough to be hit with a mouse.
    column = max(COLUMN, (NARROWEST - LEFT - RIGHT) / len(values))
    width, height = LEFT + column * len(values) + RIGHT, TOP + PLOT + BOTTOM

    def y(value: float) -> float:
        return TOP + PLOT * (1 - value / top)

    lines = [
        f'<svg class="chart" style="min-width:{width:.0f}px;max-width:{width * 1.5:.0f}px" '
        f'viewBox="0 0 {width:.0f} {height}" role="img" aria-label="{escape(unit)}">'
    ]
    for tick in range(count + 1):
        at = y(tick * step)
        lines.append(f'<line x1="{LEFT}" x2="{width - RIGHT:.0f}" y1="{at:.1f}" y2="{at:.1f}"/>')
        lines.append(f'<text x="{LEFT - 6}" y="{at + 4:.1f}" text-anchor="end">{tick * step:g}</text>')
    for index, (number, title, value, text) in enumerate(values):
        x, low = LEFT + column * index, any(value < limit for limit, name, _ in limits if name == "weak")
        lines.append(
            f'<rect class="column{" low" if low else ""}" x="{x + column * 0.15:.1f}" y="{y(value):.1f}" '
            f'width="{column * 0.7:.1f}" height="{PLOT * value / top:.1f}" rx="2">'
            f"<title>{number} {escape(title)}: {escape(text)}</title></rect>"
        )
        # Below narrow columns, the numbers would overlap, so only some are written.
        if index % max(1, round(36 / column)) == 0:
            lines.append(f'<text x="{x + column / 2:.1f}" y="{height - 8}" text-anchor="middle">{number}</text>')
    # The labels are at the left, where a phone shows them without scrolling.
    for limit, name, label in limits:
        at = y(limit)
        lines.append(
            f'<line class="threshold {name}" x1="{LEFT}" x2="{width - RIGHT:.0f}" y1="{at:.1f}" y2="{at:.1f}"/>'
        )
        # Over a column, the label would be hard to read without a ground.
        wide = sum(12 if ord(letter) > WIDE else 7 for letter in label)
        lines.append(f'<rect class="threshold" x="{LEFT + 2}" y="{at - 15:.1f}" width="{wide}" height="14" rx="2"/>')
        lines.append(f'<text class="threshold {name}" x="{LEFT + 4}" y="{at - 4:.1f}">{escape(label)}</text>')
    lines.append(f'<text x="4" y="{TOP - 5}">{escape(unit)}</text></svg>')
    return f'<div class="scroll">{"".join(lines)}</div>'


def _step(most: float) -> float:
    """Returns a round distance between the lines of a plot."""
    if most <= 0:
        return 1.0
    size = 10.0 ** len(str(int(most)))
    while size / 10 > most / TICKS:
        size /= 10
    for part in (10, 5, 2):
        if size / part >= most / TICKS:
            return size / part
    return size


def _firmwares(report: Document) -> str:
    rows = [
        (
            f'<tr><td>{escape(item["name"])}</td><td class="wide {"good" if item["verdict"] == "fits" else "weak"}">'
            f"{escape(item['text'])}</td></tr>"
        )
        for item in report["kmodel"]["firmware"]
    ]
    return f'<div class="scroll"><table><tbody>{"".join(rows)}</tbody></table></div>'


def _layers(report: Document) -> str:
    heads = ("#", tr("layer"), tr("type"), tr("shape"), tr("range"), tr("range by"), tr("SNR dB"))
    cells = "".join(f"<th{' class=number' if at == 6 else ''}>{escape(head)}</th>" for at, head in enumerate(heads))
    rows = []
    for index, item in enumerate(report["steps"]):
        limits = "{:.3g} .. {:.3g}".format(*item["range"]) if item["range"] else "float32"
        texts = (
            str(index),
            item["name"],
            item["kind"],
            "x".join(map(str, item["shape"])),
            limits,
            item["method"] or "-",
        )
        weak = item["snr_db"] is not None and item["snr_db"] < WEAK
        rows.append(
            "<tr>"
            + "".join(f"<td>{escape(text)}</td>" for text in texts)
            + f'<td class="number{" weak" if weak else ""}">{decibels(item)}</td></tr>'
        )
    return f'<div class="scroll"><table><thead><tr>{cells}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>'
