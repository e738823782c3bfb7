"""The report as one HTML page that needs no other file."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from maixswitch.convert.report import examples
from maixswitch.convert.report.page import STYLE
from maixswitch.evaluate.figures import numbers, pictures
from maixswitch.evaluate.job import BOARD, BOXES, CLASSES, FLOAT, PAPER
from maixswitch.evaluate.measured import Document, Measured
from maixswitch.evaluate.metrics import voc
from maixswitch.evaluate.remarks import remarks
from maixswitch.html_page import frame
from maixswitch.language import tr

from . import charts
from .terminal import NAMES, difference, settings, share, view_name
from .worst import figure, worst

MOST_NOTES = 20


def page(measured: Measured, document: Document) -> str:
    """Return the whole page. document: as figures.document returns it."""
    names = " / ".join(model["name"] for model in document["models"])
    title = tr("{name}: how good it is", name=names)
    data = document["data"]
    sub = tr("{format}: {judged} of {pictures} pictures measured", format=data["format"], judged=data["judged"],
             pictures=data["pictures"])  # fmt: skip
    parts = [
        f"<h1>{escape(title)}</h1>",
        f'<p class="sub">{escape(sub)}</p>',
        *_remarks(document),
        f'<div class="tiles">{"".join(_tiles(document))}</div>',
        _section(tr("Figures"), _figures(document), [*settings(document), *difference(document)]),
        *_plots(measured, document),
        *_confusion(document),
        *_worst(measured),
        *_by_class(document),
        _section(tr("What was measured"), _sources(document), data["notes"][:MOST_NOTES]),
    ]
    return frame(title, STYLE + examples.STYLE + charts.STYLE, "\n".join(parts))


def _section(title: str, content: str, below: list[str] | None = None) -> str:
    notes = "".join(f'<p class="sub">{escape(line)}</p>' for line in below or [])
    return f"<section><h2>{escape(title)}</h2>{content}{notes}</section>"


def _remarks(document: Document) -> Iterator[str]:
    for item in remarks(document):
        yield f'<div class="alarm plain"><p><b>{escape(item.text())}</b></p><p>{escape(item.remedy)}</p></div>'


def _tiles(document: Document) -> Iterator[str]:
    for result in document["results"][:3]:
        for name, value in numbers(result):
            # What the board shows, and what papers compare.
            wanted = ("f1",) if result["view"] == BOARD else ("VOC12", "AP")
            if name in ("top1", "nme", "accepted_same", *wanted) and value is not None:
                label = f"{NAMES.get(name, name)}, {view_name(result['view'])}"
                yield f'<div class="tile"><b>{share(value)}</b><span>{escape(label)}</span></div>'


def _figures(document: Document) -> str:
    results = document["results"]
    heads = [tr("model"), tr("view"), *(NAMES.get(name, name) for name, _ in numbers(results[0]))]
    cells = "".join(f"<th{' class=number' if at > 1 else ''}>{escape(head)}</th>" for at, head in enumerate(heads))
    rows = ""
    for result in results:
        is_float = result["view"] == FLOAT
        name = document["float"]["name"] if is_float else document["models"][result["model"]]["name"]
        figures = "".join(f'<td class="number">{share(value)}</td>' for _, value in numbers(result))
        rows += f"<tr><td>{escape(name)}</td><td>{escape(view_name(result['view']))}</td>{figures}</tr>"
    return f'<div class="scroll"><table><thead><tr>{cells}</tr></thead><tbody>{rows}</tbody></table></div>'


def _plots(measured: Measured, document: Document) -> Iterator[str]:
    if measured.job.task != BOXES:
        return
    parts = [_curves(measured, document), *_sweeps(document)]
    yield f'<div class="pair">{"".join(parts)}</div>'


def _curves(measured: Measured, document: Document) -> str:
    index = measured.column(PAPER)
    index = 0 if index is None else index
    rows = [boxes for _, boxes in pictures(measured, index)]
    _, found = voc.voc(rows, max(len(measured.labels), 1))
    # The classes with most objects, if there are many.
    order = sorted((name for name in found if found[name].objects), key=lambda name: (-found[name].objects, name))
    lines = []
    for name in order:
        curve = found[name]
        points = list(zip(curve.recall.tolist(), curve.precision.tolist(), strict=True))
        lines.append((measured.label(name) if measured.labels else tr("all"), points))
    board = next((item for item in document["results"] if item["view"] == BOARD), None)
    marks = []
    if board is not None:
        for name in order:
            row = board["by_class"][name]
            if row["precision"] is not None and row["recall"] is not None:
                label = measured.label(name) if measured.labels else tr("all")
                marks.append((label, [(row["recall"], row["precision"])]))
    note = [tr("each point is what the board shows at its threshold")] if marks else []
    chart = charts.curves(lines, tr("recall"), tr("precision"), marks)
    return _section(tr("Precision over recall"), chart, note)


def _sweeps(document: Document) -> Iterator[str]:
    for item in document["sweep"]:
        lines = []
        for nms in sorted({point["nms"] for point in item["points"]}):
            points = [(row["threshold"], row["f1"] or 0.0) for row in item["points"] if row["nms"] == nms]
            lines.append((f"nms {nms:g}", points))
        best = item["best"]
        mark = [(f"nms {best['nms']:g}", [(best["threshold"], best["f1"] or 0.0)])]
        note = tr("best: F1 {f1} with threshold {threshold}, nms {nms}", f1=share(best["f1"]),
                  threshold=best["threshold"], nms=best["nms"])  # fmt: skip
        yield _section(tr("F1 over the threshold"), charts.curves(lines, tr("threshold"), "F1", mark), [note])


def _confusion(document: Document) -> Iterator[str]:
    if document["task"] == CLASSES:
        labels = document["labels"]
        table = [[0] * (len(labels) + 1) for _ in labels]
        for true, answer, count in document["results"][0]["confusion"]:
            table[true][answer] = count
        chart = charts.confusion(table, labels)
        note = tr("a line for each true class, a column for each answer")
        yield _section(tr("Confusion"), chart, [note])


def _worst(measured: Measured) -> Iterator[str]:
    found = worst(measured)
    figures = "".join(figure(measured, item) for item in found)
    if figures:
        notes = []
        if measured.job.task == BOXES:
            notes.append(tr("white, dashed: the truth; yellow: found; red: wrong"))
        if any(item.differs for item in found):
            notes.append(tr("framed: float network and kmodel disagree"))
        yield _section(tr("Worst pictures"), f'<div class="examples">{figures}</div>', notes)


def _by_class(document: Document) -> Iterator[str]:
    rows = document["results"][0].get("by_class")
    labels = document["labels"]
    if not rows or len(labels) < 2:
        return
    names = [
        name for name in ("objects", "pictures", "precision", "recall", "f1", "VOC07", "VOC12", "AP") if name in rows[0]
    ]
    words = {"objects": tr("objects"), "pictures": tr("pictures")}
    heads = "".join(f'<th class="number">{escape(words.get(name, NAMES.get(name, name)))}</th>' for name in names)
    lines = ""
    for label, row in zip(labels, rows, strict=True):
        cells = "".join(f'<td class="number">{row[name] if name in words else share(row[name])}</td>' for name in names)
        lines += f"<tr><td>{escape(label)}</td>{cells}</tr>"
    head = f"<thead><tr><th>{escape(tr('class'))}</th>{heads}</tr></thead>"
    note = view_name(document["results"][0]["view"])
    yield _section(tr("Classes"), f'<div class="scroll"><table>{head}<tbody>{lines}</tbody></table></div>', [note])


def _sources(document: Document) -> str:
    rows = [
        (model["name"], f"{model['title']}, {model['kind']}, SHA-256 {model['sha256']}") for model in document["models"]
    ]
    if document["float"] is not None:
        rows.append((document["float"]["name"], f"SHA-256 {document['float']['sha256']}"))
    data = document["data"]
    rows.append((data["format"], f"{data['pictures']}, SHA-256 {data['digest']}"))
    rows.append(("maixswitch", document["version"]))
    lines = "".join(f'<dt>{escape(head)}</dt><dd class="sub">{escape(text)}</dd>' for head, text in rows)
    return f"<dl>{lines}</dl>"
