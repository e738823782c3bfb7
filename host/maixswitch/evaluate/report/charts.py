"""Curves and the confusion matrix, as SVG and HTML without any script."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from maixswitch.language import tr

SIZE, LEFT, BOTTOM, TOP, RIGHT = 260, 34, 30, 12, 10
MOST_LINES = 12
"""Lines of a plot, as many as colours can be told apart with dashes."""
MOST_CELLS = 64
"""Classes of a confusion matrix that is drawn whole."""
STYLE = """
svg.curve { display: block; width: 100%; max-width: 30rem; height: auto; }
svg.curve text { font: 11px system-ui, sans-serif; fill: var(--soft); }
svg.curve line { stroke: var(--line); }
svg.curve polyline { fill: none; stroke-width: 1.8; }
svg.curve circle { stroke: var(--card); stroke-width: 1.5; }
.legend { display: flex; flex-wrap: wrap; gap: .15rem .9rem; font-size: .85rem; margin: .5rem 0 0; padding: 0;
  list-style: none; }
.legend li { overflow-wrap: anywhere; } .legend svg { width: 22px; height: 10px; vertical-align: middle; }
.c0 { stroke: #2a6f9a; color: #2a6f9a; } .c1 { stroke: #c2571a; color: #c2571a; }
.c2 { stroke: #0f7a5f; color: #0f7a5f; } .c3 { stroke: #a8398b; color: #a8398b; }
.c4 { stroke: #8a6d00; color: #8a6d00; } .c5 { stroke: #5b5bd6; color: #5b5bd6; }
.dashed { stroke-dasharray: 5 3; }
@media (prefers-color-scheme: dark) {
  .c0 { stroke: #56b4e9; color: #56b4e9; } .c1 { stroke: #ffab73; color: #ffab73; }
  .c2 { stroke: #4cc9a4; color: #4cc9a4; } .c3 { stroke: #e58fcb; color: #e58fcb; }
  .c4 { stroke: #e6c84a; color: #e6c84a; } .c5 { stroke: #a9a9ff; color: #a9a9ff; }
}
table.confusion { width: auto; }
table.confusion td, table.confusion th { padding: .25rem .4rem; text-align: center; min-width: 2.2rem; }
table.confusion th:first-child { text-align: right; position: sticky; left: 0; background: var(--card); }
table.confusion td { background: color-mix(in srgb, var(--tone) calc(var(--part) * 1%), var(--card)); }
table.confusion td.strong { color: var(--card); }
table.confusion td.right { --tone: var(--good); } table.confusion td.error { --tone: var(--weak); }
table.confusion thead th { max-width: 6rem; overflow: hidden; text-overflow: ellipsis; }
.picture rect.wrong { stroke: #ff5a4d; } .picture circle { fill: #ffe14d; stroke: none; }
.picture circle.float { fill: #fff; }
"""

Line = tuple[str, Sequence[tuple[float, float]]]


def curves(lines: Sequence[Line], across: str, up: str, marks: Sequence[Line] = ()) -> str:
    """Return a plot of lines from 0 to 1 in both directions, with a legend.

    lines: (name, points). across, up: what the axes are. marks: points in the colours of these lines.
    """
    width, height = LEFT + SIZE + RIGHT, TOP + SIZE + BOTTOM

    def at(x: float, y: float) -> str:
        return f"{LEFT + SIZE * x:.1f},{TOP + SIZE * (1 - y):.1f}"

    parts = [f'<svg class="curve" viewBox="0 0 {width} {height}" role="img" aria-label="{escape(up)}">']
    for tick in range(6):
        value = tick / 5
        x, y = LEFT + SIZE * value, TOP + SIZE * (1 - value)
        parts.append(f'<line x1="{LEFT}" x2="{LEFT + SIZE}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{TOP + SIZE}"/>')
        parts.append(f'<text x="{LEFT - 5}" y="{y + 4:.1f}" text-anchor="end">{value:g}</text>')
        parts.append(f'<text x="{x:.1f}" y="{TOP + SIZE + 14}" text-anchor="middle">{value:g}</text>')
    shown = lines[:MOST_LINES]
    colours = {name: _colour(number) for number, (name, _) in enumerate(shown)}
    for name, points in shown:
        parts.append(
            f'<polyline class="{colours[name]}" points="{" ".join(at(x, y) for x, y in _thinned(points))}">'
            f"<title>{escape(name)}</title></polyline>"
        )
    for name, points in marks:
        for x, y in points if name in colours else ():
            cx, cy = at(x, y).split(",")
            colour = colours[name].split()[0]
            parts.append(f'<circle class="{colour}" fill="currentColor" cx="{cx}" cy="{cy}" r="4.5"/>')
    parts.append(f'<text x="{LEFT + SIZE}" y="{height - 3}" text-anchor="end">{escape(across)}</text>')
    parts.append("</svg>")
    legend = "".join(
        f'<li><svg viewBox="0 0 22 10" aria-hidden="true"><line class="{colours[name]}" stroke-width="3" x1="0" '
        f'x2="22" y1="5" y2="5"/></svg> {escape(name)}</li>'
        for name, _ in shown
    )
    more = len(lines) - len(shown)
    note = f'<p class="sub">{escape(tr("and {count} more", count=more))}</p>' if more else ""
    return f'{"".join(parts)}<ul class="legend">{legend}</ul>{note}'


def _colour(number: int) -> str:
    return f"c{number % 6}" + (" dashed" if number >= 6 else "")


def _thinned(points: Sequence[tuple[float, float]], most: int = 200) -> Sequence[tuple[float, float]]:
    if len(points) <= most:
        return points
    return [points[at * (len(points) - 1) // (most - 1)] for at in range(most)]


def confusion(table: Sequence[Sequence[int]], labels: Sequence[str]) -> str:
    """Return the matrix as a table: a line for each true class, a column for each answer, the last for none."""
    rows = [at for at in range(len(labels)) if sum(table[at])]
    if len(labels) > MOST_CELLS:
        return _worst_pairs(table, labels)
    columns = list(range(len(labels))) + ([len(labels)] if any(row[-1] for row in table) else [])
    names = [*labels, tr("no answer")]
    head = "".join(f"<th>{escape(names[at])}</th>" for at in columns)
    lines = []
    for at in rows:
        total = sum(table[at])
        cells = ""
        for column in columns:
            part = 100 * table[at][column] / total
            name = ("right" if column == at else "error") + (" strong" if part > 60 else "")
            shown = str(table[at][column]) if table[at][column] else ""
            title = escape(f"{names[at]} → {names[column]}: {table[at][column]} ({part:.1f} %)")
            cells += f'<td class="{name}" style="--part:{part:.0f}" title="{title}">{shown}</td>'
        lines.append(f"<tr><th>{escape(labels[at])}</th>{cells}</tr>")
    return (
        f'<div class="scroll"><table class="confusion"><thead><tr><th></th>{head}</tr></thead>'
        f"<tbody>{''.join(lines)}</tbody></table></div>"
    )


def _worst_pairs(table: Sequence[Sequence[int]], labels: Sequence[str]) -> str:
    """Return the most frequent mistakes, where there are too many classes for a matrix."""
    pairs = [
        (-count, at, column)
        for at, row in enumerate(table)
        for column, count in enumerate(row[:-1])
        if count and at != column
    ]
    rows = "".join(
        f'<tr><td>{escape(labels[at])}</td><td>{escape(labels[column])}</td><td class="number">{-count}</td></tr>'
        for count, at, column in sorted(pairs)[:30]
    )
    head = f"<th>{escape(tr('truth'))}</th><th>{escape(tr('answer'))}</th><th></th>"
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'
